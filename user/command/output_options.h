/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where records or rows go, in which form, and when it is enough. */
#ifndef USER_COMMAND_OUTPUT_OPTIONS_H
#define USER_COMMAND_OUTPUT_OPTIONS_H

#include "user/option/option_table.h"
#include "user/outlet/outlets.h"

#define OUTPUT_REQUESTS_MAX 8

/**
 * @requests     In the order of the call, one at least; at most one of them is for stdout.
 * @columns      What is shown, by name, with commas between; NULL = what each form shows unasked.
 * @queue_bytes  Memory for what waits to be written, of all of them; 0 = the default.
 * @show_all     Clean and benign endings, too.
 * @count        Stop after so many records; 0 = never.
 * @color        enum outlets_color.
 * @full_time    On a terminal with date and milliseconds.
 * @ledger       The whole of it, also on a terminal.
 * @duration_ns  Stop after so long; 0 = never.
 */
struct output_options {
	struct outlet_request requests[OUTPUT_REQUESTS_MAX];
	size_t request_count;
	const char *columns;
	uint64_t queue_bytes;
	bool show_all;
	uint64_t count;
	uint64_t duration_ns;
	unsigned int color;
	bool full_time;
	bool ledger;
};

/* --output --columns --all --count --duration: of connections, and of rows of counts. */
extern const struct option_group output_option_group;
extern const struct option_group output_rows_option_group;

/**
 * The columns that were asked for, of rows of this type.
 *
 * @return  1 and *ret is set; 0 when none were asked for; -EINVAL after one sentence.
 */
int output_options_columns(const struct output_options *output, const struct row_type *type,
			   struct columns *ret);

/* Whether any of the requests is for this form. */
bool output_options_use(const struct output_options *output, const struct form_ops *form);

#endif
