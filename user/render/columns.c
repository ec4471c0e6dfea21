// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/render/columns.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "user/base/json_text.h"
#include "user/model/duration_text.h"
#include "user/model/field_text.h"
#include "user/model/nearest_name.h"
#include "user/model/text_cells.h"

#define NAME_MAX_BYTES 64
#define REST_TEXT "(others)" /* for what tells rows apart, in the row of the rest */

static const struct table_layout *const layouts[] = { &connection_layout, &flow_layout };

const struct table_layout *table_layout_of(const struct row_type *type)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i]->type == type)
			return layouts[i];
	return NULL;
}

/* -- lists ------------------------------------------------------------------------------------- */
static bool is_number(uint8_t type)
{
	return type == FIELD_U64 || type == FIELD_I64 || type == FIELD_PORT ||
	       type == FIELD_DURATION_US || type == FIELD_BYTES || type == FIELD_RATIO;
}

/* Room for most values, where the layout does not say better. */
static uint8_t cells_of(const struct field *field)
{
	static const uint8_t by_type[FIELD_TYPE_COUNT] = {
		[FIELD_STRING] = 20,	 [FIELD_WORD] = 16, [FIELD_U64] = 8,
		[FIELD_I64] = 8,	 [FIELD_BOOL] = 3,  [FIELD_IP] = 15,
		[FIELD_PORT] = 5,	 [FIELD_TIME] = 12, [FIELD_DURATION_US] = 6,
		[FIELD_BYTES] = 12,	 [FIELD_RATIO] = 8, [FIELD_WORD_LIST] = 40,
		[FIELD_STRING_LIST] = 40
	};
	size_t title = strlen(field->name);

	return by_type[field->type] > title ? by_type[field->type] : (uint8_t)title;
}

/* The layout's column that is this field and nothing else; else one of its own. */
static struct column column_of_field(const struct table_layout *layout, const struct field *field)
{
	for (size_t i = 0; layout && i < layout->column_count; i++) {
		const struct column *column = &layout->columns[i];

		if (column->field_count == 1 && !column->name && column->fields[0] == field->id)
			return *column;
	}
	return (struct column){
		.fields = { field->id },
		.field_count = 1,
		.cells = cells_of(field),
		.is_right = is_number(field->type),
	};
}

void columns_of_fields(const struct row_type *type, struct columns *ret)
{
	const struct table_layout *layout = table_layout_of(type);

	ret->type = type;
	ret->count = type->field_count < COLUMNS_MAX ? type->field_count : COLUMNS_MAX;
	for (size_t i = 0; i < ret->count; i++)
		ret->items[i] = column_of_field(layout, &type->fields[i]);
}

void columns_of_layout(const struct row_type *type, uint8_t in, struct columns *ret)
{
	const struct table_layout *layout = table_layout_of(type);

	if (!layout) {
		columns_of_fields(type, ret);
		return;
	}
	ret->type = type;
	ret->count = 0;
	for (size_t i = 0; i < layout->column_count && ret->count < COLUMNS_MAX; i++)
		if (layout->columns[i].in & in)
			ret->items[ret->count++] = layout->columns[i];
}

static int fail_name(const struct row_type *type, const char *name, struct strbuf *error)
{
	const struct table_layout *layout = table_layout_of(type);
	struct nearest_name nearest = { .wanted = name };

	for (size_t i = 0; i < type->field_count; i++)
		nearest_name_offer(&nearest, type->fields[i].name);
	for (size_t i = 0; layout && i < layout->column_count; i++)
		nearest_name_offer(&nearest, layout->columns[i].name ?: layout->columns[i].title);
	strbuf_appendf(error, "%s has no field \"", type->what);
	text_append_escaped(error, name, strlen(name));
	strbuf_append_char(error, '"');
	if (nearest.name)
		strbuf_appendf(error, "; did you mean %s?", nearest.name);
	else if (type->hint)
		strbuf_appendf(error, "; %s", type->hint);
	return -EINVAL;
}

static int column_find(const struct row_type *type, const char *name, struct column *ret,
		       struct strbuf *error)
{
	const struct table_layout *layout = table_layout_of(type);
	const struct field *field = row_type_find(type, name, NULL);

	if (field) {
		*ret = column_of_field(layout, field);
		return 0;
	}
	for (size_t i = 0; layout && i < layout->column_count; i++) {
		const struct column *column = &layout->columns[i];

		if (strcasecmp(column->name ?: column->title, name) == 0) {
			*ret = *column;
			return 0;
		}
	}
	return fail_name(type, name, error);
}

int columns_parse(const struct row_type *type, const char *list, struct columns *ret,
		  struct strbuf *error)
{
	char name[NAME_MAX_BYTES];
	size_t len;
	int err;

	ret->type = type;
	ret->count = 0;
	for (;; list += len + 1) {
		len = strcspn(list, ",");
		if (ret->count == COLUMNS_MAX) {
			strbuf_appendf(error, "more than %d columns", COLUMNS_MAX);
			return -EINVAL;
		}
		memcpy(name, list, len < sizeof(name) ? len : sizeof(name) - 1);
		name[len < sizeof(name) ? len : sizeof(name) - 1] = '\0';
		err = column_find(type, name, &ret->items[ret->count], error);
		if (err)
			return err;
		ret->items[ret->count++].dropped_at = 0; /* who asks for it wants it */
		if (!list[len])
			return 0;
	}
}

bool columns_have(const struct columns *columns, unsigned int field)
{
	for (size_t i = 0; i < columns->count; i++)
		for (unsigned int n = 0; n < columns->items[i].field_count; n++)
			if (columns->items[i].fields[n] == field)
				return true;
	return false;
}

const char *column_name(const struct columns *columns, const struct column *column)
{
	return column->name ? column->name : columns->type->fields[column->fields[0]].name;
}

void column_append_title(struct strbuf *b, const struct columns *columns,
			 const struct column *column)
{
	if (column->title) {
		strbuf_append_str(b, column->title);
		return;
	}
	for (const char *at = column_name(columns, column); *at; at++)
		strbuf_append_char(b, (char)toupper((unsigned char)*at));
}

/* -- cells ------------------------------------------------------------------------------------- */
static void append_ratio(struct strbuf *b, uint64_t thousandths)
{
	uint64_t hundredths = (thousandths + 5) / 10;

	strbuf_append_u64(b, hundredths / 100);
	strbuf_append_char(b, '.');
	strbuf_append_char(b, (char)('0' + hundredths / 10 % 10));
	strbuf_append_char(b, (char)('0' + hundredths % 10));
}

static void append_string(struct strbuf *b, const char *text, size_t len, size_t cells_max)
{
	size_t start = b->len;

	text_append_escaped(b, text, len);
	if (!cells_max || b->failed || text_cells(b->data + start, b->len - start) <= cells_max)
		return;
	b->len = start + text_cells_fit(b->data + start, b->len - start, cells_max);
	b->data[b->len] = '\0';
}

static void append_strings(struct strbuf *b, const struct field_value *value)
{
	const char *at = value->text, *end = at + value->len;

	for (; at < end; at += strlen(at) + 1) {
		if (at != value->text)
			strbuf_append_char(b, ',');
		text_append_escaped(b, at, strlen(at));
	}
}

static void append_value(struct strbuf *b, const struct field *field, const struct column *column,
			 struct cell_maker *maker, const struct field_value *value)
{
	switch ((enum field_type)field->type) {
	case FIELD_STRING:
		append_string(b, value->text, value->len, column->cells_max);
		break;
	case FIELD_STRING_LIST:
		append_strings(b, value);
		break;
	case FIELD_TIME:
		clock_append_local_hms(b, &maker->cache, value->number, maker->with_ms);
		break;
	case FIELD_DURATION_US:
		duration_append(b, value->number, "");
		break;
	case FIELD_RATIO:
		append_ratio(b, value->number);
		break;
	default:
		field_append_text(b, field, value, &maker->cache);
	}
}

static bool is_of_key(const struct row_type *type, unsigned int field)
{
	return field >= type->key_first && field < (unsigned int)type->key_first + type->key_count;
}

static void append_null(struct strbuf *b, const struct row_type *type, unsigned int field,
			const void *row)
{
	strbuf_append_str(b, is_of_key(type, field) && row_is_rest(type, row) ? REST_TEXT : "-");
}

void column_append_cell(struct strbuf *b, const struct row_type *type, const struct column *column,
			struct cell_maker *maker, const void *row)
{
	struct field_value value;

	if (column->append) {
		column->append(column, maker, b, row);
		return;
	}
	for (unsigned int i = 0; i < column->field_count; i++) {
		uint8_t field = column->fields[i];
		bool is_known = row_get(type, row, field, &maker->scratch, &value);

		if (i)
			strbuf_append_char(b, '/');
		if (!is_known)
			append_null(b, type, field, row);
		else if (column->field_count > 1)
			strbuf_append_u64(b, value.number);
		else
			append_value(b, &type->fields[field], column, maker, &value);
	}
}

void cell_maker_release(struct cell_maker *maker)
{
	strbuf_release(&maker->scratch);
}
