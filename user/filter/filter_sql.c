// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tree as a condition of SQLite. There a comparison with NULL is NULL, here it is false. Under
 * AND and OR the two give the same rows, so only a negated test has to be made two-valued: a
 * column that has an index can use it everywhere else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/filter/filter_tree.h"

struct writer {
	const struct row_type *row_type;
	struct strbuf *b;
	struct filter_sql_values *values;
	bool failed;
};

void filter_sql_values_release(struct filter_sql_values *values)
{
	size_t i;

	for (i = 0; i < values->count; i++)
		free(values->items[i].owned);
	free(values->items);
	*values = (struct filter_sql_values){ 0 };
}

/* One ? and what stands for it. Takes over value.owned. */
static void value_bind(struct writer *w, struct filter_sql_value value)
{
	struct filter_sql_values *values = w->values;
	size_t capacity = values->capacity ? values->capacity * 2 : 16;
	struct filter_sql_value *items = values->items;

	strbuf_append_char(w->b, '?');
	if (values->count == values->capacity) {
		items = reallocarray(items, capacity, sizeof(*items));
		if (!items) {
			free(value.owned);
			w->failed = true;
			return;
		}
		values->items = items;
		values->capacity = capacity;
	}
	items[values->count++] = value;
}

static void integer_bind(struct writer *w, int64_t integer)
{
	value_bind(w, (struct filter_sql_value){ .type = FILTER_SQL_INTEGER, .integer = integer });
}

static void address_bind(struct writer *w, const uint8_t addr[16])
{
	struct filter_sql_value value = { .type = FILTER_SQL_BLOB, .data = addr, .len = 16 };

	value_bind(w, value);
}

/* The last address of a network. */
static void last_address_bind(struct writer *w, const struct cidr *network)
{
	struct filter_sql_value value = { .type = FILTER_SQL_BLOB, .len = 16 };
	unsigned int bit;
	uint8_t *last;

	last = value.owned = malloc(16);
	if (!last) {
		w->failed = true;
		return;
	}
	memcpy(last, network->addr, 16);
	for (bit = network->prefix_len; bit < 128; bit++)
		last[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	value.data = last;
	value_bind(w, value);
}

static void text_bind(struct writer *w, const struct filter_value *text)
{
	value_bind(w, (struct filter_sql_value){
			      .type = FILTER_SQL_TEXT, .data = text->text, .len = text->len });
}

/* GLOB knows sets in brackets, patterns here do not: a bracket stands in a set of its own. */
static void pattern_bind(struct writer *w, const struct filter_value *pattern)
{
	struct filter_sql_value value = { .type = FILTER_SQL_TEXT };
	struct strbuf glob = STRBUF_INIT;
	size_t i;

	for (i = 0; i < pattern->len; i++) {
		if (pattern->text[i] == '[')
			strbuf_append_str(&glob, "[[]");
		else
			strbuf_append_char(&glob, pattern->text[i]);
	}
	if (glob.failed) {
		strbuf_release(&glob);
		w->failed = true;
		return;
	}
	value.owned = glob.data;
	value.data = glob.data;
	value.len = glob.len;
	value_bind(w, value);
}

static void plain_bind(struct writer *w, uint8_t type, const struct filter_value *value)
{
	if (value->text)
		text_bind(w, value);
	else if (type == FIELD_BOOL)
		integer_bind(w, value->truth);
	else if (type == FIELD_I64)
		integer_bind(w, value->integer);
	else
		integer_bind(w, (int64_t)value->number);
}

static void column_append(struct writer *w, const struct field *field)
{
	strbuf_append_char(w->b, '"');
	strbuf_append_str(w->b, field->name);
	strbuf_append_char(w->b, '"');
}

static void networks_append(struct writer *w, const struct field *field,
			    const struct filter_node *test)
{
	size_t i;

	strbuf_append_str(w->b, "(");
	for (i = 0; i < test->value_count; i++) {
		const struct cidr *network = &test->values[i].network;

		strbuf_append_str(w->b, i ? " OR " : "");
		column_append(w, field);
		strbuf_append_str(w->b, network->prefix_len == 128 ? " = " : " BETWEEN ");
		address_bind(w, network->addr);
		if (network->prefix_len == 128)
			continue;
		strbuf_append_str(w->b, " AND ");
		last_address_bind(w, network);
	}
	strbuf_append_str(w->b, ")");
}

static void list_append(struct writer *w, const struct field *field, const struct filter_node *test)
{
	size_t i;

	strbuf_append_str(w->b, "(");
	for (i = 0; i < test->value_count; i++) {
		strbuf_append_str(w->b, i ? ", " : "");
		plain_bind(w, field->type, &test->values[i]);
	}
	strbuf_append_str(w->b, ")");
}

/* A string of a JSON array. */
static void element_append(struct writer *w, const struct field *field,
			   const struct filter_node *test)
{
	strbuf_append_str(w->b, "EXISTS (SELECT 1 FROM json_each(");
	column_append(w, field);
	strbuf_append_str(w->b, ") WHERE json_each.value ");
	if (test->op == FILTER_LIKE) {
		strbuf_append_str(w->b, "GLOB ");
		pattern_bind(w, &test->values[0]);
	} else {
		strbuf_append_str(w->b, "IN ");
		list_append(w, field, test);
	}
	strbuf_append_str(w->b, ")");
}

/* Without regard to test->negated. */
static void condition_append(struct writer *w, const struct field *field,
			     const struct filter_node *test)
{
	static const char *const ops[] = {
		[FILTER_EQUAL] = " = ",	   [FILTER_LESS] = " < ",
		[FILTER_GREATER] = " > ",  [FILTER_LESS_OR_EQUAL] = " <= ",
		[FILTER_IN] = " IN ",	   [FILTER_GREATER_OR_EQUAL] = " >= ",
		[FILTER_LIKE] = " GLOB ",  [FILTER_HAS] = " & ",
		[FILTER_NULL] = " IS NULL"
	};

	if (field->type == FIELD_STRING_LIST && test->op != FILTER_NULL) {
		element_append(w, field, test);
		return;
	}
	if (field->type == FIELD_IP && test->op != FILTER_NULL) {
		networks_append(w, field, test);
		return;
	}
	strbuf_append_str(w->b, test->op == FILTER_HAS ? "(" : "");
	column_append(w, field);
	strbuf_append_str(w->b, ops[test->op]);
	if (test->op == FILTER_IN)
		list_append(w, field, test);
	else if (test->op == FILTER_LIKE)
		pattern_bind(w, &test->values[0]);
	else if (test->op != FILTER_NULL)
		plain_bind(w, field->type, &test->values[0]);
	strbuf_append_str(w->b, test->op == FILTER_HAS ? ") <> 0" : "");
}

static void test_append(struct writer *w, const struct filter_node *test)
{
	const struct field *field = &w->row_type->fields[test->field];

	if (!test->negated) {
		condition_append(w, field, test);
	} else if (test->op == FILTER_NULL) {
		column_append(w, field);
		strbuf_append_str(w->b, " IS NOT NULL");
	} else {
		strbuf_append_str(w->b, "NOT ifnull(");
		condition_append(w, field, test);
		strbuf_append_str(w->b, ", 0)");
	}
}

static void node_append(struct writer *w, const struct filter_node *node)
{
	const struct filter_node *member;

	if (node->kind == FILTER_TEST) {
		test_append(w, node);
		return;
	}
	strbuf_append_char(w->b, '(');
	for (member = node->first; member; member = member->next) {
		node_append(w, member);
		if (member->next)
			strbuf_append_str(w->b, node->kind == FILTER_AND ? " AND " : " OR ");
	}
	strbuf_append_char(w->b, ')');
}

int filter_append_sql(struct strbuf *where, struct filter_sql_values *values,
		      const struct filter *filter)
{
	struct writer w = { .row_type = filter->row_type, .b = where, .values = values };

	node_append(&w, filter->root);
	return w.failed || where->failed ? -ENOMEM : 0;
}
