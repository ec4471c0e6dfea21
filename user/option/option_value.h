/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The value of an option, by the type of its row. */
#ifndef USER_OPTION_OPTION_VALUE_H
#define USER_OPTION_OPTION_VALUE_H

#include "user/base/strbuf.h"
#include "user/option/option_table.h"

/* As option_parser, by row->parse or else row->type. */
int option_value_parse(const struct option_row *row, const char *value, void *target);

/* The sentence about a wrong value: what the row takes, and the nearest word. Returns -EINVAL. */
int option_value_wrong(const struct option_row *row, const char *value);

/* The same of a name in a list, with the column that it begins at. */
int option_item_wrong(const struct option_row *row, const char *item, size_t column);

/* "a number from 1 to 65535": what the row takes. */
void option_append_takes(struct strbuf *b, const struct option_row *row);

/* Cut a list up. 0, or -EINVAL or -ENOMEM after a sentence. */
int option_list_parse(const struct option_row *row, const char *value, struct option_list *ret);
void option_list_release(struct option_list *list);

#endif
