/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The values of tests: from words of the text, by the field's type. */
#ifndef USER_FILTER_FILTER_VALUE_H
#define USER_FILTER_FILTER_VALUE_H

#include "user/filter/filter_lexer.h"
#include "user/filter/filter_tree.h"

/**
 * The values of one test while it is read.
 *
 * @field         What they are compared with.
 * @op            Whether an address may be a network, and a text a pattern.
 * @is_unit_said  A time may be a bare number: the name of the field said its unit.
 */
struct filter_values {
	const struct field *field;
	enum filter_op op;
	bool is_unit_said;
	struct filter_value *items;
	size_t count;
};

/**
 * Add the value that `lexer` stands at. A pattern of words adds all words that are like it; words
 * of a WORD_LIST are added to one set.
 *
 * @return  0; -EINVAL and *error; -ENOMEM.
 */
int filter_values_add(struct filter_values *values, const struct filter_lexer *lexer,
		      struct filter_error *error);

void filter_values_release(struct filter_values *values);

#endif
