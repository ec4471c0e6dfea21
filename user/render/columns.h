/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is shown of rows: a list of columns, each a field of their type, several of them, or
 * something made of the row. Every form of output takes such a list.
 */
#ifndef USER_RENDER_COLUMNS_H
#define USER_RENDER_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/clock.h"
#include "user/base/strbuf.h"
#include "user/model/row.h"

#define COLUMNS_MAX 192
#define COLUMN_FIELDS_MAX 4

/* column.in */
#define COLUMN_IN_TABLE 0x1
#define COLUMN_IN_WIDE 0x2

/* What making cells needs. Zero is a good start; cell_maker_release() frees it. */
struct cell_maker {
	struct strbuf scratch;
	struct clock_format_cache cache;
	bool with_ms; /* times of day have milliseconds */
};

struct column;
typedef void (*column_maker)(const struct column *column, struct cell_maker *maker,
			     struct strbuf *b, const void *row);

/**
 * One column.
 *
 * @name        For --columns, where it is not one field; else NULL.
 * @title       Head of a table; NULL: the name of its field in capitals.
 * @fields      `field_count` of them. Several are numbers, shown as 12/0/4.
 * @append      Makes the cell, escaped; NULL: the fields do.
 * @colour      What colours the cell, as SGR; NULL: nothing.
 * @cells       Its room in a table whose rows come one by one; 0: the rest of the line.
 * @cells_max   Longer texts are cut in tables; 0: never.
 * @dropped_at  Order in which columns go when a terminal is narrow; 0: never.
 * @in          COLUMN_IN_*: where it is shown unasked.
 * @is_right    Stands at the right end of its room.
 */
struct column {
	const char *name;
	const char *title;
	column_maker append;
	const char *(*colour)(const void *row);
	uint8_t fields[COLUMN_FIELDS_MAX];
	uint8_t field_count;
	uint8_t cells;
	uint8_t cells_max;
	uint8_t dropped_at;
	uint8_t in;
	bool is_right;
};

struct columns {
	const struct row_type *type;
	size_t count;
	struct column items[COLUMNS_MAX];
};

/* A list of strings that stands below a row in tables, one a line, each behind the label. */
struct column_below {
	uint8_t field;
	const char *label;
};

/* How tables show a type: every column that has a title of its own, in their order. */
struct table_layout {
	const struct row_type *type;
	const struct column *columns;
	size_t column_count;
	const struct column_below *below;
	size_t below_count;
};

extern const struct table_layout connection_layout, flow_layout;

/* NULL when there is none: then each field is a column. */
const struct table_layout *table_layout_of(const struct row_type *type);

/* Every field, in its order. */
void columns_of_fields(const struct row_type *type, struct columns *ret);

/* Those of the type's layout that are shown in `in`; every field where it has none. */
void columns_of_layout(const struct row_type *type, uint8_t in, struct columns *ret);

/**
 * Columns by their names, with commas between: fields as row_type_find() knows them, and the
 * columns of the type's layout by their own names.
 *
 * @error   Gets one sentence when -EINVAL is returned.
 * @return  0, -EINVAL.
 */
int columns_parse(const struct row_type *type, const char *list, struct columns *ret,
		  struct strbuf *error);

/* Whether any of them shows this field. */
bool columns_have(const struct columns *columns, unsigned int field);

/* Its name in JSON and CSV. */
const char *column_name(const struct columns *columns, const struct column *column);

/* Its head in a table. */
void column_append_title(struct strbuf *b, const struct columns *columns,
			 const struct column *column);

/* One cell of a table, escaped; "-" for null. */
void column_append_cell(struct strbuf *b, const struct row_type *type, const struct column *column,
			struct cell_maker *maker, const void *row);

void cell_maker_release(struct cell_maker *maker);

#endif
