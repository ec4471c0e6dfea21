/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USER_COMMAND_TRACE_OPTIONS_H
#define USER_COMMAND_TRACE_OPTIONS_H

#include "user/command/filter_options.h"
#include "user/command/output_options.h"
#include "user/command/source_options.h"

/**
 * The flight recorder.
 *
 * @path       Where packets go, NULL = nowhere: the others are 0 then.
 * @max_bytes  When to begin another file.
 * @kept       Of each flow; source.tracer.config has it, too.
 */
struct packet_options {
	const char *path;
	uint64_t max_bytes;
	uint8_t kept;
};

struct trace_options {
	struct option_common common;
	struct source_options source;
	struct filter_options filter;
	struct output_options output;
	struct packet_options packets;
	bool explain_filter;
	bool stacks;
};

extern const struct option_table trace_option_table;

#endif
