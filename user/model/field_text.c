// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/field_text.h"

#include <string.h>

#include "user/base/json_text.h"
#include "user/model/duration_text.h"

/* Words of the set, between `quote`s, with `separator` between them. */
static void word_list_append(struct strbuf *b, const struct word_list *words, uint64_t bits,
			     const char *quote, const char *separator)
{
	bool is_first = true;

	for (; bits; bits &= bits - 1) {
		if (!is_first)
			strbuf_append_str(b, separator);
		is_first = false;
		strbuf_append_str(b, quote);
		strbuf_append_str(b, words->name((uint8_t)__builtin_ctzll(bits)));
		strbuf_append_str(b, quote);
	}
}

static void string_list_append(struct strbuf *b, const struct field_value *value, bool as_json)
{
	const char *at = value->text, *end = at + value->len;

	for (; at < end; at += strlen(at) + 1) {
		if (at != value->text)
			strbuf_append_char(b, ',');
		if (as_json)
			json_append_string(b, at, strlen(at));
		else
			strbuf_append_str(b, at);
	}
}

/* 1.25 for 1250 thousandths: without the zeros at the end. */
static void ratio_append(struct strbuf *b, uint64_t thousandths)
{
	unsigned int part = thousandths % 1000;

	strbuf_append_u64(b, thousandths / 1000);
	if (!part)
		return;
	strbuf_append_char(b, '.');
	for (unsigned int digit = 100; part; digit /= 10) {
		strbuf_append_char(b, (char)('0' + part / digit));
		part %= digit;
	}
}

void field_append_text(struct strbuf *b, const struct field *field, const struct field_value *value,
		       struct clock_format_cache *cache)
{
	if (!value) {
		strbuf_append_char(b, '-');
		return;
	}
	switch ((enum field_type)field->type) {
	case FIELD_STRING:
	case FIELD_WORD:
		strbuf_append(b, value->text, value->len);
		break;
	case FIELD_U64:
	case FIELD_PORT:
		strbuf_append_u64(b, value->number);
		break;
	case FIELD_I64:
		strbuf_append_s64(b, value->integer);
		break;
	case FIELD_BOOL:
		strbuf_append_str(b, value->truth ? "yes" : "no");
		break;
	case FIELD_IP:
		strbuf_append_ip(b, value->ip);
		break;
	case FIELD_TIME:
		clock_append_rfc3339(b, cache, value->number);
		break;
	case FIELD_DURATION_US:
		duration_append(b, value->number, " ");
		break;
	case FIELD_BYTES:
		strbuf_append_u64_grouped(b, value->number);
		break;
	case FIELD_WORD_LIST:
		if (!value->bits)
			strbuf_append_char(b, '-');
		word_list_append(b, field->words, value->bits, "", ",");
		break;
	case FIELD_STRING_LIST:
		string_list_append(b, value, false);
		break;
	case FIELD_RATIO:
		ratio_append(b, value->number);
		break;
	case FIELD_TYPE_COUNT:
		break;
	}
}

void field_append_json(struct strbuf *b, const struct field *field, const struct field_value *value,
		       struct clock_format_cache *cache)
{
	if (!value) {
		strbuf_append_str(b, "null");
		return;
	}
	switch ((enum field_type)field->type) {
	case FIELD_STRING:
		json_append_string(b, value->text, value->len);
		break;
	case FIELD_WORD:
		strbuf_append_char(b, '"');
		strbuf_append(b, value->text, value->len);
		strbuf_append_char(b, '"');
		break;
	case FIELD_U64:
	case FIELD_PORT:
	case FIELD_DURATION_US:
	case FIELD_BYTES:
		strbuf_append_u64(b, value->number);
		break;
	case FIELD_I64:
		strbuf_append_s64(b, value->integer);
		break;
	case FIELD_BOOL:
		strbuf_append_str(b, value->truth ? "true" : "false");
		break;
	case FIELD_IP:
		strbuf_append_char(b, '"');
		strbuf_append_ip(b, value->ip);
		strbuf_append_char(b, '"');
		break;
	case FIELD_TIME:
		strbuf_append_char(b, '"');
		clock_append_rfc3339(b, cache, value->number);
		strbuf_append_char(b, '"');
		break;
	case FIELD_WORD_LIST:
		strbuf_append_char(b, '[');
		word_list_append(b, field->words, value->bits, "\"", ",");
		strbuf_append_char(b, ']');
		break;
	case FIELD_STRING_LIST:
		strbuf_append_char(b, '[');
		string_list_append(b, value, true);
		strbuf_append_char(b, ']');
		break;
	case FIELD_RATIO:
		ratio_append(b, value->number);
		break;
	case FIELD_TYPE_COUNT:
		break;
	}
}
