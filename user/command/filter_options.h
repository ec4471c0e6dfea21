/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* --filter, and the names of networks that filters and rows speak of. */
#ifndef USER_COMMAND_FILTER_OPTIONS_H
#define USER_COMMAND_FILTER_OPTIONS_H

#include "user/filter/filter.h"
#include "user/option/option_table.h"

#define FILTER_OPTIONS_MAX 32

/**
 * @texts       Each --filter as it was given; filter_options_parse() reads them.
 * @words       Of the call, in tcpdump's manner: user/filter/filter_words.h.
 * @zones_path  NULL = the built-in zones.
 */
struct filter_options {
	const char *texts[FILTER_OPTIONS_MAX];
	size_t count;
	char **words;
	size_t word_count;
	const char *zones_path;
};

/* --filter --zones */
extern const struct option_group filter_option_group;

/**
 * All --filter, and the words, as one, of rows of a kind.
 *
 * @ret     NULL when there is none; else the caller's.
 * @return  0; -EINVAL after one sentence with the column of the mistake; -ENOMEM after one.
 */
int filter_options_parse(const struct filter_options *options, const struct row_type *row_type,
			 struct filter **ret);

#endif
