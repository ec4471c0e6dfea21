/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A kind of row for tests of filters: one field of every type. Few values, and the same ones in
 * rows and in filters, so that tests hold about as often as not.
 */
#ifndef TESTS_HARNESS_FILTER_ROWS_H
#define TESTS_HARNESS_FILTER_ROWS_H

#include "tests/bpf/random.h"
#include "user/base/parse_number.h"
#include "user/filter/filter.h"

#define ROW_FIELDS(X)                                                                              \
	X(text, STRING, NULL)                                                                      \
	X(word, WORD, &class_words)                                                                \
	X(count_a, U64, NULL)                                                                      \
	X(offset, I64, NULL)                                                                       \
	X(flag, BOOL, NULL)                                                                        \
	X(ip_a, IP, NULL)                                                                          \
	X(ip_b, IP, NULL)                                                                          \
	X(port_a, PORT, NULL)                                                                      \
	X(port_b, PORT, NULL)                                                                      \
	X(at, TIME, NULL)                                                                          \
	X(age_us, DURATION_US, NULL)                                                               \
	X(size, BYTES, NULL)                                                                       \
	X(words, WORD_LIST, &evidence_words)                                                       \
	X(texts, STRING_LIST, NULL)

#define ROW_ENUM(field, ...) ROW_##field,
enum row_field { ROW_FIELDS(ROW_ENUM) ROW_FIELD_COUNT };

#define ROW_FIELD(field, kind, list)                                                               \
	{ .name = #field,                                                                          \
	  .unit = "",                                                                              \
	  .meaning = "",                                                                           \
	  .words = list,                                                                           \
	  .type = FIELD_##kind,                                                                    \
	  .id = ROW_##field },
static const struct field row_fields[] = { ROW_FIELDS(ROW_FIELD) };

struct filter_row {
	bool is_known[ROW_FIELD_COUNT];
	struct field_value values[ROW_FIELD_COUNT];
	struct cidr networks[ROW_FIELD_COUNT]; /* addresses that values point to */
};

static inline bool filter_row_get(const void *row, unsigned int field, struct strbuf *scratch,
				  struct field_value *ret)
{
	const struct filter_row *r = row;

	(void)scratch;
	*ret = r->values[field];
	return r->is_known[field];
}

static const struct field_alias row_aliases[] = {
	{ "port", ROW_port_a, ROW_port_b },
	{ "ip", ROW_ip_a, ROW_ip_b },
	{ "count", ROW_count_a, ROW_count_a },
};

static const struct row_type filter_row_type = {
	.name = "row",
	.what = "a row",
	.fields = row_fields,
	.field_count = ROW_FIELD_COUNT,
	.aliases = row_aliases,
	.alias_count = sizeof(row_aliases) / sizeof(row_aliases[0]),
	.rest = ROW_NO_FIELD,
	.get = filter_row_get,
};

static const char *const row_texts[] = { "nginx", "nginx-worker", "a b",   "gr\xc3\xbcn",
					 "",	  "x[a]*",	  "a\"b'", "\xe2\x82\xac",
					 "Nginx", "a\\b" };
static const char *const row_addresses[] = { "10.0.0.1",
					     "10.0.0.200",
					     "10.1.2.3",
					     "192.168.0.1",
					     "::1",
					     "2001:db8::1",
					     "2001:db8::",
					     "::",
					     "255.255.255.255",
					     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
static const uint64_t row_numbers[] = { 0, 1, 2, 80, 443, 4096, 65535 };
static const int64_t row_offsets[] = { -7, -1, 0, 1, 4096 };
static const char row_lists[][8] = { "a\0b b\0", "a\0", "\xe2\x82\xac\0c\0", "c[d]\0" };
static const uint8_t row_list_lens[] = { 6, 2, 6, 5 };

/* Every field is null once in four times. */
static inline void random_row(struct random_stream *random, struct filter_row *ret)
{
	for (unsigned int i = 0; i < ROW_FIELD_COUNT; i++) {
		struct field_value *value = &ret->values[i];
		uint32_t list;

		ret->is_known[i] = !random_one_in(random, 4);
		memset(value, 0, sizeof(*value));
		switch (row_fields[i].type) {
		case FIELD_STRING:
			value->text = RANDOM_PICK(random, row_texts);
			value->len = strlen(value->text);
			break;
		case FIELD_WORD:
			value->text = class_name((uint8_t)random_below(random, CLOSE_CLASS_COUNT));
			value->len = strlen(value->text);
			break;
		case FIELD_BOOL:
			value->truth = random_one_in(random, 2);
			break;
		case FIELD_I64:
			value->integer = RANDOM_PICK(random, row_offsets);
			break;
		case FIELD_IP:
			parse_cidr(RANDOM_PICK(random, row_addresses), &ret->networks[i]);
			value->ip = ret->networks[i].addr;
			break;
		case FIELD_WORD_LIST:
			value->bits = random_u64(random) & random_u64(random) & 0xff;
			break;
		case FIELD_STRING_LIST:
			list = random_below(random, sizeof(row_list_lens));
			value->text = row_lists[list];
			value->len = row_list_lens[list];
			break;
		case FIELD_TIME:
			value->number = UINT64_C(1772600767000000000) +
					RANDOM_PICK(random, row_numbers) * 1000000000;
			break;
		default:
			value->number = RANDOM_PICK(random, row_numbers);
		}
	}
}

/* In quotes, or without where that is the same. */
static inline void random_text_append(struct random_stream *random, struct strbuf *b,
				      const char *text)
{
	if (*text && !strpbrk(text, " \"'\\") && random_one_in(random, 2)) {
		strbuf_append_str(b, text);
		return;
	}
	strbuf_append_char(b, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_append_char(b, '\\');
		strbuf_append_char(b, *text);
	}
	strbuf_append_char(b, '"');
}

static inline void random_number_append(struct random_stream *random, struct strbuf *b,
					const struct field *field)
{
	uint64_t number = RANDOM_PICK(random, row_numbers);

	if (field->type == FIELD_TIME) {
		strbuf_appendf(b, "\"2026-03-04T05:%02u:%02uZ\"", random_below(random, 20),
			       random_below(random, 60));
		return;
	}
	strbuf_append_u64(b, number);
	if (field->type == FIELD_DURATION_US)
		strbuf_append_str(b, number % 2 ? "us" : "ns");
	else if (field->type == FIELD_BYTES && random_one_in(random, 3))
		strbuf_append_str(b, "KiB");
}

static inline void random_value_append(struct random_stream *random, struct strbuf *b,
				       const struct field *field)
{
	static const char *const elements[] = { "a", "b b", "c", "c[d]", "z" };

	switch (field->type) {
	case FIELD_STRING:
		random_text_append(random, b, RANDOM_PICK(random, row_texts));
		break;
	case FIELD_STRING_LIST:
		random_text_append(random, b, RANDOM_PICK(random, elements));
		break;
	case FIELD_WORD:
		strbuf_append_str(b, class_name((uint8_t)random_below(random, CLOSE_CLASS_COUNT)));
		break;
	case FIELD_WORD_LIST:
		strbuf_append_str(b, evidence_name((uint8_t)random_below(random, 8)));
		break;
	case FIELD_IP:
		strbuf_append_str(b, RANDOM_PICK(random, row_addresses));
		break;
	case FIELD_I64:
		strbuf_append_s64(b, RANDOM_PICK(random, row_offsets));
		break;
	default:
		random_number_append(random, b, field);
	}
}

static inline void random_pattern_append(struct random_stream *random, struct strbuf *b)
{
	static const char *const patterns[] = { "*",  "?",    "*n*",  "n?inx*", "??",  "*[*",
						"?*", "*?b*", "gr?n", "*e*",	"*_*", "r*" };

	random_text_append(random, b, RANDOM_PICK(random, patterns));
}

static inline void random_list_append(struct random_stream *random, struct strbuf *b,
				      const struct field *field)
{
	uint32_t count = 1 + random_below(random, 3);

	strbuf_append_char(b, '(');
	for (uint32_t i = 0; i < count; i++) {
		strbuf_append_str(b, i ? "," : "");
		random_value_append(random, b, field);
		if (field->type == FIELD_IP && random_one_in(random, 2))
			strbuf_appendf(b, "/%u", random_below(random, 33));
	}
	strbuf_append_char(b, ')');
}

/* One test of any kind that the field's type allows. */
static inline void random_test_append(struct random_stream *random, struct strbuf *b)
{
	static const char *const orders[] = { " < ", " <= ", ">", ">=", "=", " != " };
	const struct field *field = &row_fields[random_below(random, ROW_FIELD_COUNT)];
	bool is_list = field->type == FIELD_WORD_LIST || field->type == FIELD_STRING_LIST;
	bool has_order = !field->words && field->type != FIELD_STRING && field->type != FIELD_IP;
	bool is_negated = random_one_in(random, 2);

	strbuf_append_str(b, field->type == FIELD_PORT && random_one_in(random, 2) ? "port" :
										     field->name);
	if (random_one_in(random, 6)) {
		strbuf_append_str(b, is_negated ? " is not null" : " is null");
	} else if (field->type == FIELD_BOOL) {
		if (is_negated)
			strbuf_append_str(b, random_one_in(random, 2) ? "=false" : " != true");
	} else if (is_list && random_one_in(random, 2)) {
		strbuf_append_str(b, is_negated ? " not has " : " has ");
		random_list_append(random, b, field);
	} else if (is_list ||
		   ((field->type == FIELD_STRING || field->words) && random_one_in(random, 3))) {
		strbuf_append_str(b, is_negated ? "!~" : " ~ ");
		if (field->words)
			strbuf_append_str(b, "*s*");
		else
			random_pattern_append(random, b);
	} else if (random_one_in(random, 3)) {
		strbuf_append_str(b, is_negated ? " not in " : " in ");
		random_list_append(random, b, field);
	} else {
		strbuf_append_str(b, has_order	? RANDOM_PICK(random, orders) :
				     is_negated ? "!=" :
						  " == ");
		random_value_append(random, b, field);
	}
}

/* A filter of up to 2^depth tests. */
static inline void random_filter_append(struct random_stream *random, struct strbuf *b, int depth)
{
	bool in_parentheses;

	if (!depth || random_one_in(random, 4)) {
		random_test_append(random, b);
		return;
	}
	if (random_one_in(random, 4))
		strbuf_append_str(b, random_one_in(random, 2) ? "!" : "not ");
	in_parentheses = random_one_in(random, 2);
	strbuf_append_str(b, in_parentheses ? "(" : "");
	random_filter_append(random, b, depth - 1);
	strbuf_append_str(b, random_one_in(random, 2) ? " and " : " || ");
	random_filter_append(random, b, depth - 1);
	strbuf_append_str(b, in_parentheses ? ")" : "");
}

#endif
