/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USER_COMMAND_REPLAY_OPTIONS_H
#define USER_COMMAND_REPLAY_OPTIONS_H

#include "user/command/count_options.h"
#include "user/command/filter_options.h"
#include "user/command/output_options.h"
#include "user/command/source_options.h"

/* How tables show when something ended. */
enum replay_time {
	REPLAY_TIME_DATE,
	REPLAY_TIME_RELATIVE,
};

/**
 * @source     Only tracer.config is of use: --port and --host.
 * @counts     Rows instead of records when counts.by_was_said.
 * @max_flows  Connections to remember.
 */
struct replay_command_options {
	struct option_common common;
	struct source_options source;
	struct filter_options filter;
	struct count_options counts;
	struct output_options output;
	uint32_t max_flows;
	bool decap;
	unsigned int checksums; /* enum checksum_mode */
	unsigned int time_style; /* enum replay_time */
	const char *write_path; /* NULL = nothing is written */
	bool no_checksums;
	bool in_kernel;
};

extern const struct option_table replay_option_table;

#endif
