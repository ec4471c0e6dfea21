// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"

#define DURATION_SUFFIX "_us"

/* `known`, as `wanted` has it with dots for underscores, then `suffix`. */
static bool name_is(const char *known, const char *wanted, const char *suffix)
{
	while (*known && *wanted && (*wanted == *known || (*wanted == '.' && *known == '_'))) {
		known++;
		wanted++;
	}
	return !*wanted && strcmp(known, suffix) == 0;
}

static const struct field *field_named(const struct row_type *type, const char *name,
				       const char *suffix)
{
	for (size_t i = 0; i < type->field_count; i++)
		if (name_is(type->fields[i].name, name, suffix))
			return &type->fields[i];
	return NULL;
}

const struct field *row_type_field(const struct row_type *type, const char *name)
{
	return field_named(type, name, "");
}

const struct field *row_type_find(const struct row_type *type, const char *name,
				  const struct field **ret_other)
{
	const struct field *field = field_named(type, name, "");

	if (ret_other)
		*ret_other = NULL;
	if (field)
		return field;
	field = field_named(type, name, DURATION_SUFFIX);
	if (field && field->type == FIELD_DURATION_US)
		return field;
	for (size_t i = 0; i < type->alias_count; i++) {
		const struct field_alias *alias = &type->aliases[i];

		if (!name_is(alias->name, name, "") || (!ret_other && alias->other != alias->field))
			continue;
		if (alias->other != alias->field)
			*ret_other = &type->fields[alias->other];
		return &type->fields[alias->field];
	}
	return NULL;
}

const char *field_type_name(uint8_t type)
{
	static const char *const names[FIELD_TYPE_COUNT] = {
		[FIELD_STRING] = "string",
		[FIELD_WORD] = "word",
		[FIELD_U64] = "u64",
		[FIELD_I64] = "i64",
		[FIELD_BOOL] = "bool",
		[FIELD_IP] = "ip",
		[FIELD_PORT] = "port",
		[FIELD_TIME] = "time",
		[FIELD_DURATION_US] = "duration_us",
		[FIELD_BYTES] = "bytes",
		[FIELD_WORD_LIST] = "word list",
		[FIELD_STRING_LIST] = "string list",
		[FIELD_RATIO] = "ratio",
	};

	return type < FIELD_TYPE_COUNT ? names[type] : "unknown";
}

/* -- order ------------------------------------------------------------------------------------- */
static int compare_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* Both are known. The largest number is first. */
static int compare_values(uint8_t type, const struct field_value *a, const struct field_value *b)
{
	switch ((enum field_type)type) {
	case FIELD_IP:
		return memcmp(a->ip, b->ip, 16);
	case FIELD_STRING:
	case FIELD_WORD:
	case FIELD_STRING_LIST:
		return compare_bytes(a->text, a->len, b->text, b->len);
	case FIELD_PORT:
		return (a->number > b->number) - (a->number < b->number);
	case FIELD_I64:
		return (a->integer < b->integer) - (a->integer > b->integer);
	case FIELD_BOOL:
		return b->truth - a->truth;
	default:
		return (a->number < b->number) - (a->number > b->number);
	}
}

static int compare_field(const struct row_type *type, const void *a, const void *b,
			 unsigned int field)
{
	_cleanup_(strbuf_release) struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;
	struct field_value of_a, of_b;
	bool has_a = row_get(type, a, field, &left, &of_a);
	bool has_b = row_get(type, b, field, &right, &of_b);

	if (!has_a || !has_b)
		return has_b - has_a;
	return compare_values(type->fields[field].type, &of_a, &of_b);
}

bool row_is_rest(const struct row_type *type, const void *row)
{
	struct field_value value;

	return type->rest != ROW_NO_FIELD && row_get(type, row, type->rest, NULL, &value) &&
	       value.truth;
}

int row_compare(const struct row_type *type, const void *a, const void *b, unsigned int field)
{
	int order = row_is_rest(type, a) - row_is_rest(type, b);

	if (!order)
		order = compare_field(type, a, b, field);
	for (unsigned int i = 0; !order && i < type->key_count; i++)
		order = compare_field(type, a, b, type->key_first + i);
	return order;
}

/**
 * @rank     The number that decides most comparisons, found once per row: small is first.
 * @is_rest  These are last, whatever their numbers.
 */
struct ordered_row {
	uint64_t rank;
	const void *row;
	bool is_rest;
};

struct order {
	const struct row_type *type;
	unsigned int field;
};

static uint64_t rank_of(const struct order *order, const void *row)
{
	struct field_value value;

	switch ((enum field_type)order->type->fields[order->field].type) {
	case FIELD_U64:
	case FIELD_TIME:
	case FIELD_DURATION_US:
	case FIELD_BYTES:
	case FIELD_RATIO:
		return row_get(order->type, row, order->field, NULL, &value) ? ~value.number :
									       UINT64_MAX;
	default:
		return 0;
	}
}

static int compare_ordered(const void *a, const void *b, void *data)
{
	const struct ordered_row *left = a, *right = b;
	const struct order *order = data;
	int result;

	if (left->is_rest == right->is_rest && left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	result = row_compare(order->type, left->row, right->row, order->field);
	return result ? result : (left->row > right->row) - (left->row < right->row);
}

int rows_order(const struct row_type *type, unsigned int field, const void *rows, size_t size,
	       size_t count, const void ***ret)
{
	_cleanup_free_ struct ordered_row *ordered = calloc(count + 1, sizeof(*ordered));
	const void **pointers = realloc(*ret, (count + 1) * sizeof(*pointers));
	struct order order = { .type = type, .field = field };

	if (pointers)
		*ret = pointers;
	if (!ordered || !pointers)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		ordered[i].row = (const char *)rows + i * size;
		ordered[i].rank = rank_of(&order, ordered[i].row);
		ordered[i].is_rest = row_is_rest(type, ordered[i].row);
	}
	qsort_r(ordered, count, sizeof(*ordered), compare_ordered, &order);
	for (size_t i = 0; i < count; i++)
		pointers[i] = ordered[i].row;
	return 0;
}
