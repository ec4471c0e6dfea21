/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rows of counted connections as a table for people, or as JSON. */
#ifndef USER_MODEL_FLOW_TEXT_H
#define USER_MODEL_FLOW_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "user/base/strbuf.h"
#include "user/model/flow_row.h"

#define FLOW_COLUMNS_MAX 48

/* One column: a field, and how its head reads. */
struct flow_column {
	enum flow_field field;
	const char *title;
	bool is_left; /* texts; numbers stand right */
};

/**
 * The columns for rows of these keys, in their order.
 *
 * @by   FLOW_KEY() bits.
 * @ret  Room for FLOW_COLUMNS_MAX.
 * @return  How many.
 */
size_t flow_columns(uint32_t by, bool wide, struct flow_column *ret);

/* One value as the table shows it, escaped. */
void flow_append_cell(struct strbuf *b, const struct flow_row *row, enum flow_field field);

/* For --help: what the columns mean. */
extern const char flow_table_help[];

/**
 * A head and one line per row, with columns as wide as what is in them.
 *
 * @width  Cells of the terminal, where lines are cut; 0 = no limit.
 */
void flow_append_table(struct strbuf *b, const void *const *rows, size_t count, uint32_t by,
		       bool wide, size_t width);

/* One object and a newline: time, elapsed_us, the keys of `by`, then every count and rate. */
void flow_append_json(struct strbuf *b, const struct flow_row *row, uint32_t by);

#endif
