/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of record. */
#ifndef USER_COMMAND_RECORD_OPTIONS_H
#define USER_COMMAND_RECORD_OPTIONS_H

#include "user/command/filter_options.h"
#include "user/command/output_options.h"
#include "user/command/source_options.h"

/**
 * @path       The database.
 * @keep_ns @keep_bytes  What is older, or more, is thrown away; 0 = never.
 * @max_rows   Rows of one minute and grouping.
 */
struct record_options {
	struct option_common common;
	struct source_options source;
	struct filter_options filter;
	struct output_options output;
	const char *path;
	uint64_t keep_ns;
	uint64_t keep_bytes;
	uint32_t max_rows;
};

extern const struct option_table record_option_table;

#endif
