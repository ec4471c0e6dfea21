/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of report. */
#ifndef USER_COMMAND_REPORT_OPTIONS_H
#define USER_COMMAND_REPORT_OPTIONS_H

#include "user/command/count_options.h"
#include "user/command/filter_options.h"
#include "user/render/forms.h"

/**
 * @path      The database.
 * @since_ns @until_ns  Wall times.
 * @against   The other time of diff: its begin; it ends where this one begins.
 * @at_ns     The middle of the time, 0 = not said.
 * @over_ns   Length of one time of counts, 0 = one table.
 * @columns   As it was given; NULL = what the form shows unasked.
 */
struct report_options {
	struct option_common common;
	const char *path;
	const char *since, *until, *at, *against;
	uint64_t since_ns, until_ns, against_ns;
	uint64_t over_ns;
	struct filter_options filter;
	struct count_options counts;
	const struct form_ops *form;
	const char *columns;
	bool show_all;
};

extern const struct option_table report_option_table;

#endif
