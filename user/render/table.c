// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lines for people: `table` and `wide`, of any type of row. Columns have fixed places; a value that
 * is too long takes the room of the columns behind it, and only as far as they have any.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "user/base/json_text.h"
#include "user/model/text_cells.h"
#include "user/render/forms.h"

#define LAST_CELLS_MIN 40 /* of a last column that takes the rest of the line */
#define COLUMN_GAP 2
#define TIME_MS_CELLS 12
#define CELLS_UNLIMITED ((size_t)-1)
#define COLOUR_OFF "\033[0m"

/**
 * @cells  Of each column.
 * @width  Cells of a line, CELLS_UNLIMITED when nothing is cut.
 */
struct table_form {
	struct form form;
	struct columns columns;
	struct cell_maker maker;
	const struct table_layout *layout;
	size_t cells[COLUMNS_MAX];
	size_t width;
	bool colour;
};

/**
 * Where a line stands.
 *
 * @used    Cells that are filled.
 * @place   Cells before the next column, had every value its size.
 */
struct line {
	size_t used;
	size_t place;
};

static void spaces_append(struct strbuf *b, size_t count)
{
	static const char spaces[] = "                                ";

	while (count) {
		size_t now = count < sizeof(spaces) - 1 ? count : sizeof(spaces) - 1;

		strbuf_append(b, spaces, now);
		count -= now;
	}
}

/* From the last value to the place of the next: at least the gap, at most to the line's end. */
static void line_append_gap(const struct table_form *self, struct strbuf *b, struct line *line)
{
	size_t wanted = line->place;

	if (line->place == 0)
		return;
	if (wanted < line->used + COLUMN_GAP)
		wanted = line->used + COLUMN_GAP;
	if (wanted > self->width)
		wanted = self->width;
	if (wanted > line->used)
		spaces_append(b, wanted - line->used);
	line->used = wanted;
}

/* The text behind `start` is one value: cut it to what the line has left. */
static void line_take(const struct table_form *self, struct strbuf *b, struct line *line,
		      size_t start, size_t cells)
{
	size_t len;

	if (b->failed)
		return;
	len = b->len - start;
	if (self->width != CELLS_UNLIMITED) {
		len = text_cells_fit(b->data + start, len, self->width - line->used);
		b->len = start + len;
		b->data[b->len] = '\0';
	}
	line->used += text_cells(b->data + start, len);
	line->place += cells + COLUMN_GAP;
}

/* Move the text behind `start` to the right end of its room; of less than none when others took it. */
static void push_right(struct strbuf *b, size_t start, size_t cells)
{
	size_t used, len = b->len - start, spaces;

	if (b->failed)
		return;
	used = text_cells(b->data + start, len);
	spaces = (ssize_t)cells > (ssize_t)used ? cells - used : 0;
	if (!spaces || strbuf_reserve(b, spaces))
		return;
	memmove(b->data + start + spaces, b->data + start, len);
	memset(b->data + start, ' ', spaces);
	b->len += spaces;
	b->data[b->len] = '\0';
}

static void line_append_column(struct table_form *self, struct strbuf *b, struct line *line,
			       size_t index, const void *row)
{
	const struct column *column = &self->columns.items[index];
	bool is_coloured = row && self->colour && column->colour;
	size_t start;

	line_append_gap(self, b, line);
	if (is_coloured)
		strbuf_append_str(b, column->colour(row));
	start = b->len;
	if (row)
		column_append_cell(b, self->columns.type, column, &self->maker, row);
	else
		column_append_title(b, &self->columns, column);
	if (column->is_right)
		push_right(b, start, line->place + self->cells[index] - line->used);
	line_take(self, b, line, start, self->cells[index]);
	if (is_coloured)
		strbuf_append_str(b, COLOUR_OFF);
}

/* Below the line of its row, one string a line. */
static void below_append(struct table_form *self, struct strbuf *b,
			 const struct column_below *below, const void *row)
{
	struct field_value value;
	const char *at, *end;

	if (!row_get(self->columns.type, row, below->field, &self->maker.scratch, &value))
		return;
	for (at = value.text, end = at + value.len; at < end; at += strlen(at) + 1) {
		struct line line = { 0, 0 };
		size_t start = b->len;

		strbuf_append_str(b, below->label);
		text_append_escaped(b, at, strlen(at));
		line_take(self, b, &line, start, 0);
		strbuf_append_char(b, '\n');
	}
}

/* `row` is NULL for the head. */
static void line_append(struct table_form *self, struct strbuf *b, const void *row)
{
	struct line line = { 0, 0 };

	for (size_t i = 0; i < self->columns.count; i++)
		line_append_column(self, b, &line, i, row);
	strbuf_append_char(b, '\n');
	for (size_t i = 0; row && self->layout && i < self->layout->below_count; i++)
		below_append(self, b, &self->layout->below[i], row);
}

/* -- the forms --------------------------------------------------------------------------------- */
static size_t cells_needed(const struct columns *columns)
{
	size_t cells = 0;

	for (size_t i = 0; i < columns->count; i++)
		cells += columns->items[i].cells + (i ? COLUMN_GAP : 0);
	if (columns->count && !columns->items[columns->count - 1].cells)
		cells += LAST_CELLS_MIN;
	return cells;
}

/* Columns go in their order until the others have room, or none is left that may go. */
static void columns_drop(struct columns *columns, size_t width)
{
	for (unsigned int drop = 1; cells_needed(columns) > width; drop++) {
		size_t kept = 0;
		bool is_last = true;

		for (size_t i = 0; i < columns->count; i++) {
			is_last &= columns->items[i].dropped_at <= drop;
			if (columns->items[i].dropped_at != drop)
				columns->items[kept++] = columns->items[i];
		}
		columns->count = kept;
		if (is_last)
			return;
	}
}

/* Times of day are longer with milliseconds. */
static size_t cells_of(const struct table_form *self, const struct column *column)
{
	bool is_time = column->field_count == 1 &&
		       self->columns.type->fields[column->fields[0]].type == FIELD_TIME;

	return column->cells + (is_time && self->maker.with_ms && column->cells < TIME_MS_CELLS ?
					TIME_MS_CELLS - column->cells :
					0);
}

static int table_open(const struct form_options *options, const struct form_ops *ops,
		      struct form **ret)
{
	struct table_form *self = calloc(1, sizeof(*self));

	if (!self)
		return -ENOMEM;
	self->form.ops = ops;
	form_columns(ops, options, &self->columns);
	self->layout = table_layout_of(self->columns.type);
	self->width = CELLS_UNLIMITED;
	/* No terminal has room for all of `wide`: there a line wraps rather than lose its end. */
	if (options->is_terminal && options->width && ops == &table_form_ops)
		self->width = options->width;
	self->colour = options->colour;
	self->maker.with_ms = ops == &wide_form_ops;
	columns_drop(&self->columns, self->width);
	for (size_t i = 0; i < self->columns.count; i++)
		self->cells[i] = cells_of(self, &self->columns.items[i]);
	*ret = &self->form;
	return 0;
}

static void table_fit(struct form *form, const void *const *rows, size_t count)
{
	struct table_form *self = (struct table_form *)form;
	struct strbuf cell = STRBUF_INIT;

	for (size_t i = 0; i < self->columns.count; i++) {
		const struct column *column = &self->columns.items[i];

		column_append_title(&cell, &self->columns, column);
		self->cells[i] = cell.failed ? 0 : text_cells(cell.data, cell.len);
		for (size_t n = 0; n < count; n++) {
			size_t cells;

			strbuf_reset(&cell);
			column_append_cell(&cell, self->columns.type, column, &self->maker,
					   rows[n]);
			cells = cell.failed ? 0 : text_cells(cell.data, cell.len);
			if (cells > self->cells[i])
				self->cells[i] = cells;
		}
		strbuf_reset(&cell);
	}
	strbuf_release(&cell);
}

static void table_head(struct form *form, struct strbuf *b)
{
	line_append((struct table_form *)form, b, NULL);
}

static void table_append(struct form *form, struct strbuf *b, const void *row)
{
	line_append((struct table_form *)form, b, row);
}

static void table_close(struct form **form)
{
	struct table_form *self = (struct table_form *)*form;

	if (!self)
		return;
	cell_maker_release(&self->maker);
	free(self);
	*form = NULL;
}

const struct form_ops table_form_ops = {
	.name = "table",
	.meaning = "one line per ending, for people",
	.columns = COLUMN_IN_TABLE,
	.open = table_open,
	.head = table_head,
	.fit = table_fit,
	.append = table_append,
	.close = table_close,
};

const struct form_ops wide_form_ops = {
	.name = "wide",
	.meaning = "table with more columns",
	.columns = COLUMN_IN_WIDE,
	.open = table_open,
	.head = table_head,
	.fit = table_fit,
	.append = table_append,
	.close = table_close,
};
