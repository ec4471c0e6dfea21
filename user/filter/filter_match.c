// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The hot path: one row against the compiled tests. */
#include <string.h>

#include "user/filter/filter_tree.h"

/* Behind the character at `text`: a lead byte takes the continuation bytes that follow it. */
static const char *character_end(const char *text, const char *end)
{
	if ((uint8_t)*text++ < 0xc0)
		return text;
	while (text < end && ((uint8_t)*text & 0xc0) == 0x80)
		text++;
	return text;
}

bool filter_pattern_matches(const char *pattern, size_t pattern_len, const char *text, size_t len)
{
	const char *pattern_end = pattern + pattern_len, *end = text + len;
	const char *behind_star = NULL, *retry = NULL;

	/* Only the last star is ever gone back to: a later one makes all before it settled. */
	for (;;) {
		if (pattern < pattern_end && *pattern == '*') {
			behind_star = ++pattern;
			retry = text;
		} else if (text == end) {
			return pattern == pattern_end;
		} else if (pattern < pattern_end && *pattern == '?') {
			text = character_end(text, end);
			pattern++;
		} else if (pattern < pattern_end && *pattern == *text) {
			text++;
			pattern++;
		} else if (behind_star) {
			retry = text = character_end(retry, end);
			pattern = behind_star;
		} else {
			return false;
		}
	}
}

static bool text_is(const struct filter_value *wanted, const char *text, size_t len)
{
	return wanted->len == len && memcmp(wanted->text, text, len) == 0;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static bool value_equals(uint8_t type, const struct filter_value *wanted,
			 const struct field_value *value)
{
	switch (type) {
	case FIELD_STRING:
	case FIELD_WORD:
		return text_is(wanted, value->text, value->len);
	case FIELD_BOOL:
		return wanted->truth == value->truth;
	case FIELD_IP:
		return cidr_contains(&wanted->network, value->ip);
	case FIELD_I64:
		return wanted->integer == value->integer;
	default:
		return wanted->number == value->number;
	}
}

static bool value_is_listed(uint8_t type, const struct filter_node *test,
			    const struct field_value *value)
{
	size_t i;

	for (i = 0; i < test->value_count; i++) {
		if (value_equals(type, &test->values[i], value))
			return true;
	}
	return false;
}

/* Whether any string of a STRING_LIST is one of the wanted, or like the pattern. */
static bool strings_match(const struct filter_node *test, const struct field_value *value)
{
	const char *at = value->text, *end = at + value->len;
	size_t i, len;

	for (; at < end; at += len + 1) {
		len = strnlen(at, (size_t)(end - at));
		for (i = 0; i < test->value_count; i++) {
			const struct filter_value *wanted = &test->values[i];

			if (test->op == FILTER_LIKE ?
				    filter_pattern_matches(wanted->text, wanted->len, at, len) :
				    text_is(wanted, at, len))
				return true;
		}
	}
	return false;
}

static bool test_holds(uint8_t type, const struct filter_node *test,
		       const struct field_value *value)
{
	const struct filter_value *wanted = test->values;
	int order;

	switch (test->op) {
	case FILTER_EQUAL:
		return value_equals(type, wanted, value);
	case FILTER_IN:
		return value_is_listed(type, test, value);
	case FILTER_HAS:
		return type == FIELD_WORD_LIST ? (wanted->number & value->bits) != 0 :
						 strings_match(test, value);
	case FILTER_LIKE:
		return type == FIELD_STRING_LIST ? strings_match(test, value) :
						   filter_pattern_matches(wanted->text, wanted->len,
									  value->text, value->len);
	default:
		break;
	}
	order = type == FIELD_I64 ? compare_i64(value->integer, wanted->integer) :
				    compare_u64(value->number, wanted->number);
	switch (test->op) {
	case FILTER_LESS:
		return order < 0;
	case FILTER_LESS_OR_EQUAL:
		return order <= 0;
	case FILTER_GREATER:
		return order > 0;
	default:
		return order >= 0;
	}
}

bool filter_matches(const struct filter *filter, const void *row, struct strbuf *scratch)
{
	const struct row_type *row_type = filter->row_type;
	uint16_t at = 0;

	while (at < filter->step_count) {
		const struct filter_step *step = &filter->steps[at];
		const struct filter_node *test = step->test;
		struct field_value value;
		bool is_known = row_type->get(row, test->field, scratch, &value), holds;

		if (test->op == FILTER_NULL)
			holds = !is_known;
		else
			holds = is_known &&
				test_holds(row_type->fields[test->field].type, test, &value);
		at = holds != test->negated ? step->on_true : step->on_false;
	}
	return at == FILTER_STEP_YES;
}
