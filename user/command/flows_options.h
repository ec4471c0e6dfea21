/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of flows, and of top, which is the same without a table's end. */
#ifndef USER_COMMAND_FLOWS_OPTIONS_H
#define USER_COMMAND_FLOWS_OPTIONS_H

#include "user/command/count_options.h"
#include "user/command/filter_options.h"
#include "user/command/output_options.h"
#include "user/command/source_options.h"

/* @once One table, at the end. */
struct flows_options {
	struct option_common common;
	struct source_options source;
	struct filter_options filter;
	struct count_options counts;
	struct output_options output;
	bool once;
};

struct top_options {
	struct option_common common;
	struct source_options source;
	struct filter_options filter;
	struct count_options counts;
};

extern const struct option_table flows_option_table, top_option_table;

#endif
