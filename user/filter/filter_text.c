// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The typed tree as text, in the one spelling that parses to the same tree. */
#include "include/flow_key.h"
#include "user/base/clock.h"
#include "user/filter/filter_tree.h"
#include "user/model/field_text.h"

#define IPV4_PREFIX_OFFSET 96

struct unit {
	const char *name;
	uint64_t factor;
};

/* In the largest unit that leaves no rest. */
static void append_with_unit(struct strbuf *b, uint64_t number, const struct unit *units)
{
	while (units->factor > 1 && (!number || number % units->factor))
		units++;
	strbuf_append_u64(b, number / units->factor);
	strbuf_append_str(b, units->name);
}

static void duration_append(struct strbuf *b, uint64_t us)
{
	static const struct unit units[] = {
		{ "d", UINT64_C(86400000000) }, { "h", UINT64_C(3600000000) },
		{ "m", UINT64_C(60000000) },	{ "s", UINT64_C(1000000) },
		{ "ms", UINT64_C(1000) },	{ "us", 1 },
	};

	append_with_unit(b, us, units);
}

static void bytes_append(struct strbuf *b, uint64_t bytes)
{
	static const struct unit units[] = {
		{ "TiB", UINT64_C(1) << 40 },
		{ "GiB", UINT64_C(1) << 30 },
		{ "MiB", UINT64_C(1) << 20 },
		{ "KiB", UINT64_C(1) << 10 },
		{ "", 1 },
	};

	append_with_unit(b, bytes, units);
}

static void network_append(struct strbuf *b, const struct cidr *network)
{
	unsigned int prefix_len = network->prefix_len;

	strbuf_append_ip(b, network->addr);
	if (prefix_len == 128)
		return;
	if (prefix_len >= IPV4_PREFIX_OFFSET && flow_addr_is_ipv4(network->addr))
		prefix_len -= IPV4_PREFIX_OFFSET;
	strbuf_append_char(b, '/');
	strbuf_append_u64(b, prefix_len);
}

/* Quotes always, so that no text is taken for a keyword. UTF-8 stays as it is. */
static void text_append_quoted(struct strbuf *b, const char *text, size_t len)
{
	size_t i;

	strbuf_append_char(b, '"');
	for (i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c == '"' || c == '\\')
			strbuf_append_char(b, '\\');
		if (c < ' ' || c == 0x7f) {
			strbuf_append_str(b, "\\x");
			strbuf_append_hex(b, c, 2);
		} else {
			strbuf_append_char(b, (char)c);
		}
	}
	strbuf_append_char(b, '"');
}

void filter_value_append(struct strbuf *b, const struct field *field,
			 const struct filter_value *value)
{
	switch (field->type) {
	case FIELD_STRING:
	case FIELD_STRING_LIST:
		text_append_quoted(b, value->text, value->len);
		break;
	case FIELD_WORD:
		strbuf_append(b, value->text, value->len);
		break;
	case FIELD_BOOL:
		strbuf_append_str(b, value->truth ? "true" : "false");
		break;
	case FIELD_IP:
		network_append(b, &value->network);
		break;
	case FIELD_I64:
		strbuf_append_s64(b, value->integer);
		break;
	case FIELD_DURATION_US:
		duration_append(b, value->number);
		break;
	case FIELD_BYTES:
		bytes_append(b, value->number);
		break;
	case FIELD_RATIO:
		field_append_json(b, field, &(struct field_value){ .number = value->number }, NULL);
		break;
	case FIELD_TIME:
		strbuf_append_char(b, '"');
		clock_append_rfc3339(b, NULL, value->number);
		strbuf_append_char(b, '"');
		break;
	default:
		strbuf_append_u64(b, value->number);
	}
}

static void words_append(struct strbuf *b, const struct word_list *words, uint64_t bits)
{
	bool is_list = (bits & (bits - 1)) != 0;

	strbuf_append_str(b, is_list ? "(" : "");
	for (; bits; bits &= bits - 1) {
		strbuf_append_str(b, words->name((uint8_t)__builtin_ctzll(bits)));
		strbuf_append_str(b, bits & (bits - 1) ? ", " : "");
	}
	strbuf_append_str(b, is_list ? ")" : "");
}

static void values_append(struct strbuf *b, const struct field *field,
			  const struct filter_node *test)
{
	size_t i;

	if (test->op == FILTER_HAS && field->type == FIELD_WORD_LIST) {
		words_append(b, field->words, test->values[0].number);
		return;
	}
	if (test->op != FILTER_IN && test->value_count == 1) {
		filter_value_append(b, field, &test->values[0]);
		return;
	}
	strbuf_append_char(b, '(');
	for (i = 0; i < test->value_count; i++) {
		strbuf_append_str(b, i ? ", " : "");
		filter_value_append(b, field, &test->values[i]);
	}
	strbuf_append_char(b, ')');
}

static void test_append(struct strbuf *b, const struct field *field, const struct filter_node *test)
{
	static const char *const ops[][2] = {
		[FILTER_EQUAL] = { " = ", " != " },
		[FILTER_LESS] = { " < ", NULL },
		[FILTER_LESS_OR_EQUAL] = { " <= ", NULL },
		[FILTER_GREATER] = { " > ", NULL },
		[FILTER_GREATER_OR_EQUAL] = { " >= ", NULL },
		[FILTER_IN] = { " in ", " not in " },
		[FILTER_LIKE] = { " ~ ", " !~ " },
		[FILTER_HAS] = { " has ", " not has " },
		[FILTER_NULL] = { " is null", " is not null" },
	};
	const char *op = ops[test->op][test->negated];

	/* Not less is not "at least": neither holds for a null. */
	if (!op) {
		strbuf_append_str(b, "not ");
		op = ops[test->op][0];
	}
	if (field->type == FIELD_BOOL && test->op == FILTER_EQUAL && test->values[0].truth) {
		strbuf_append_str(b, test->negated ? "not " : "");
		strbuf_append_str(b, field->name);
		return;
	}
	strbuf_append_str(b, field->name);
	strbuf_append_str(b, op);
	if (test->op != FILTER_NULL)
		values_append(b, field, test);
}

void filter_node_append(struct strbuf *b, const struct row_type *row_type,
			const struct filter_node *node)
{
	const struct filter_node *member;

	if (node->kind == FILTER_TEST) {
		test_append(b, &row_type->fields[node->field], node);
		return;
	}
	for (member = node->first; member; member = member->next) {
		bool is_group = member->kind != FILTER_TEST;

		strbuf_append_str(b, is_group ? "(" : "");
		filter_node_append(b, row_type, member);
		strbuf_append_str(b, is_group ? ")" : "");
		if (member->next)
			strbuf_append_str(b, node->kind == FILTER_AND ? " and " : " or ");
	}
}

void filter_append_text(struct strbuf *b, const struct filter *filter)
{
	filter_node_append(b, filter->row_type, filter->root);
}
