// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Comma-separated values with a head, as RFC 4180 has them. Values are those of JSON: times and
 * numbers bare, null is nothing, an empty text is "". Text from outside is escaped as in a table, and
 * none begins with a sign that makes spreadsheets run it (=, +, -, @).
 */
#include <errno.h>
#include <stdlib.h>

#include "user/base/json_text.h"
#include "user/model/field_text.h"
#include "user/render/forms.h"

#define LINE_END "\r\n"

struct csv_form {
	struct form form;
	struct columns columns;
	struct cell_maker maker;
	struct strbuf cell;
};

static int csv_open(const struct form_options *options, const struct form_ops *ops,
		    struct form **ret)
{
	struct csv_form *self = calloc(1, sizeof(*self));

	if (!self)
		return -ENOMEM;
	self->form.ops = ops;
	form_columns(ops, options, &self->columns);
	*ret = &self->form;
	return 0;
}

static void csv_head(struct form *form, struct strbuf *b)
{
	struct csv_form *self = (struct csv_form *)form;

	for (size_t i = 0; i < self->columns.count; i++) {
		strbuf_append_str(b, i ? "," : "");
		strbuf_append_str(b, column_name(&self->columns, &self->columns.items[i]));
	}
	strbuf_append_str(b, LINE_END);
}

static void append_quoted(struct strbuf *b, const char *text, size_t len)
{
	bool is_formula = len && strchr("=+-@", text[0]);
	bool is_plain = len && !is_formula && !memchr(text, ',', len) && !memchr(text, '"', len);

	if (is_plain) {
		strbuf_append(b, text, len);
		return;
	}
	strbuf_append_str(b, is_formula ? "\"'" : "\"");
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			strbuf_append_char(b, '"');
		strbuf_append_char(b, text[i]);
	}
	strbuf_append_char(b, '"');
}

/* What is text is collected in `cell`, where it can be looked at before it is quoted. */
static void csv_append_text(struct csv_form *self, struct strbuf *b, const struct column *column,
			    const void *row, const struct field_value *value)
{
	const struct row_type *type = self->columns.type;
	const struct field *field = &type->fields[column->fields[0]];

	strbuf_reset(&self->cell);
	if (column->name)
		column_append_cell(&self->cell, type, column, &self->maker, row);
	else if (field->type == FIELD_STRING)
		text_append_escaped(&self->cell, value->text, value->len);
	else if (field->type == FIELD_STRING_LIST)
		field_append_json(&self->cell, field, value, NULL);
	else
		field_append_text(&self->cell, field, value, NULL);
	if (self->cell.failed)
		b->failed = true;
	else
		append_quoted(b, self->cell.data ?: "", self->cell.len);
}

static void csv_append_column(struct csv_form *self, struct strbuf *b, const struct column *column,
			      const void *row)
{
	const struct row_type *type = self->columns.type;
	const struct field *field = &type->fields[column->fields[0]];
	struct field_value value = {};

	if (!column->name && !row_get(type, row, column->fields[0], &self->maker.scratch, &value))
		return;
	switch (column->name ? FIELD_STRING : (enum field_type)field->type) {
	case FIELD_STRING:
	case FIELD_STRING_LIST:
	case FIELD_WORD:
	case FIELD_WORD_LIST:
		csv_append_text(self, b, column, row, &value);
		break;
	case FIELD_TIME:
		clock_append_rfc3339(b, &self->maker.cache, value.number);
		break;
	case FIELD_IP:
		strbuf_append_ip(b, value.ip);
		break;
	default:
		field_append_json(b, field, &value, NULL);
	}
}

static void csv_append(struct form *form, struct strbuf *b, const void *row)
{
	struct csv_form *self = (struct csv_form *)form;

	for (size_t i = 0; i < self->columns.count; i++) {
		strbuf_append_str(b, i ? "," : "");
		csv_append_column(self, b, &self->columns.items[i], row);
	}
	strbuf_append_str(b, LINE_END);
}

static void csv_close(struct form **form)
{
	struct csv_form *self = (struct csv_form *)*form;

	if (!self)
		return;
	cell_maker_release(&self->maker);
	strbuf_release(&self->cell);
	free(self);
	*form = NULL;
}

const struct form_ops csv_form_ops = {
	.name = "csv",
	.meaning = "comma-separated values with a head, every field (RFC 4180)",
	.open = csv_open,
	.head = csv_head,
	.append = csv_append,
	.close = csv_close,
};
