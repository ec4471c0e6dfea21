/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sentences about options, for all who print them. */
#ifndef USER_OPTION_OPTION_TEXT_H
#define USER_OPTION_OPTION_TEXT_H

#include "user/base/strbuf.h"
#include "user/option/option_table.h"

/* The row's help, with what it takes in the place of "{}". */
void option_append_sentence(struct strbuf *b, const struct option_row *row);

/**
 * Words in lines of at most `width` cells.
 *
 * @indent  Cells before each line but the first, which begins at @column and may be full by then.
 */
void option_append_wrapped(struct strbuf *b, const char *text, size_t column, size_t indent,
			   size_t width);

#endif
