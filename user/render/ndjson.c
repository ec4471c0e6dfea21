// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One JSON object per line: every column, always, in its order; only `rest` is there when true. */
#include <errno.h>
#include <stdlib.h>

#include "user/base/json_text.h"
#include "user/model/field_text.h"
#include "user/render/forms.h"

/* `,"name":` of each column, one after the other: keys cost a copy. The first comma is skipped. */
struct ndjson_form {
	struct form form;
	struct columns columns;
	struct cell_maker maker;
	struct strbuf cell;
	struct strbuf keys;
	size_t key_ends[COLUMNS_MAX];
};

static void ndjson_close(struct form **form)
{
	struct ndjson_form *self = (struct ndjson_form *)*form;

	if (!self)
		return;
	cell_maker_release(&self->maker);
	strbuf_release(&self->cell);
	strbuf_release(&self->keys);
	free(self);
	*form = NULL;
}

static int ndjson_open(const struct form_options *options, const struct form_ops *ops,
		       struct form **ret)
{
	struct ndjson_form *self = calloc(1, sizeof(*self));
	struct form *form = &self->form;

	if (!self)
		return -ENOMEM;
	form->ops = ops;
	form_columns(ops, options, &self->columns);
	for (size_t i = 0; i < self->columns.count; i++) {
		strbuf_appendf(&self->keys,
			       ",\"%s\":", column_name(&self->columns, &self->columns.items[i]));
		self->key_ends[i] = self->keys.len;
	}
	if (self->keys.failed) {
		ndjson_close(&form);
		return -ENOMEM;
	}
	*ret = form;
	return 0;
}

/* What is no field is text, as a table has it. */
static void append_made(struct ndjson_form *self, struct strbuf *b, const struct column *column,
			const void *row)
{
	strbuf_reset(&self->cell);
	column_append_cell(&self->cell, self->columns.type, column, &self->maker, row);
	if (self->cell.failed)
		strbuf_append_str(b, "null");
	else
		json_append_string(b, self->cell.data, self->cell.len);
}

static void ndjson_append(struct form *form, struct strbuf *b, const void *row)
{
	struct ndjson_form *self = (struct ndjson_form *)form;
	const struct row_type *type = self->columns.type;
	size_t key = 0, skip = 1;

	strbuf_append_char(b, '{');
	for (size_t i = 0; i < self->columns.count; key = self->key_ends[i++]) {
		const struct column *column = &self->columns.items[i];
		const struct field *field = &type->fields[column->fields[0]];
		struct field_value value;
		bool is_known = false;

		if (!column->name)
			is_known = row_get(type, row, field->id, &self->maker.scratch, &value);
		if (is_known && field->id == type->rest && !value.truth)
			continue;
		strbuf_append(b, self->keys.data + key + skip, self->key_ends[i] - key - skip);
		skip = 0;
		if (column->name)
			append_made(self, b, column, row);
		else
			field_append_json(b, field, is_known ? &value : NULL, &self->maker.cache);
	}
	strbuf_append(b, "}\n", 2);
}

const struct form_ops ndjson_form_ops = {
	.name = "ndjson",
	.meaning = "one JSON object per line, with every field",
	.open = ndjson_open,
	.append = ndjson_append,
	.close = ndjson_close,
};
