// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/filter/filter_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "user/base/clock.h"
#include "user/base/json_text.h"
#include "user/model/nearest_name.h"

void filter_values_release(struct filter_values *values)
{
	size_t i;

	for (i = 0; i < values->count; i++)
		free(values->items[i].text);
	free(values->items);
	values->items = NULL;
	values->count = 0;
}

/* Takes over value->text, also when it fails. */
static int values_append(struct filter_values *values, struct filter_value *value)
{
	struct filter_value *items;

	items = reallocarray(values->items, values->count + 1, sizeof(*items));
	if (!items) {
		free(value->text);
		return -ENOMEM;
	}
	items[values->count++] = *value;
	values->items = items;
	return 0;
}

static int text_append(struct filter_values *values, const char *text, size_t len)
{
	struct filter_value value = { .text = malloc(len + 1), .len = len };

	if (!value.text)
		return -ENOMEM;
	memcpy(value.text, text, len);
	value.text[len] = '\0';
	return values_append(values, &value);
}

static int fail_type(const struct filter_lexer *lexer, const struct field *field, const char *takes,
		     struct filter_error *error)
{
	char quote[64];

	return filter_lexer_fail(lexer, lexer->start, error, "%s takes %s, not %s", field->name,
				 takes, filter_lexer_quote(lexer, quote));
}

/* -- words of a list --------------------------------------------------------------------------- */
static int word_append(struct filter_values *values, uint8_t number)
{
	const struct word_list *words = values->field->words;
	struct filter_value set = { .number = 0 };
	const char *name = words->name(number);

	if (values->field->type == FIELD_WORD)
		return text_append(values, name, strlen(name));
	if (!values->count && values_append(values, &set))
		return -ENOMEM;
	values->items[0].number |= UINT64_C(1) << number;
	return 0;
}

static bool word_exists(const struct word_list *words, uint8_t number)
{
	return word_list_has_unknown(words) || strcmp(words->name(number), "unknown") != 0;
}

/* All words with commas between them. False when they do not fit. */
static bool words_list(const struct word_list *words, char *ret, size_t size)
{
	size_t len = 0;
	int number;

	for (number = 0; number < words->count; number++) {
		if (!word_exists(words, (uint8_t)number))
			continue;
		len += (size_t)snprintf(ret + len, size - len, "%s%s", len ? ", " : "",
					words->name((uint8_t)number));
		if (len >= size)
			return false;
	}
	return len != 0;
}

static int word_parse(struct filter_values *values, const struct filter_lexer *lexer,
		      struct filter_error *error)
{
	const struct field *field = values->field;
	struct nearest_name nearest = { .wanted = lexer->word };
	int number = word_list_find(field->words, lexer->word);
	char quote[64], all[100];

	if (number >= 0)
		return word_append(values, (uint8_t)number);
	for (number = 0; number < field->words->count; number++) {
		if (word_exists(field->words, (uint8_t)number))
			nearest_name_offer(&nearest, field->words->name((uint8_t)number));
	}
	filter_lexer_quote(lexer, quote);
	if (nearest.name)
		return filter_lexer_fail(lexer, lexer->start, error,
					 "%s has no word %s; did you mean %s?", field->name, quote,
					 nearest.name);
	if (strcmp(lexer->word, "unknown") == 0)
		return filter_lexer_fail(lexer, lexer->start, error,
					 "%s is null when it is unknown: write %s is null",
					 field->name, field->name);
	if (words_list(field->words, all, sizeof(all)))
		return filter_lexer_fail(lexer, lexer->start, error, "%s has no word %s, only %s",
					 field->name, quote, all);
	return filter_lexer_fail(lexer, lexer->start, error,
				 "%s has no word %s; `closetrace explain` lists them", field->name,
				 quote);
}

static int words_like(struct filter_values *values, const struct filter_lexer *lexer,
		      struct filter_error *error)
{
	const struct word_list *words = values->field->words;
	size_t before = values->count;
	char quote[64];
	int number, err;

	for (number = 0; number < words->count; number++) {
		const char *name = words->name((uint8_t)number);

		if (!word_exists(words, (uint8_t)number) ||
		    !filter_pattern_matches(lexer->word, lexer->word_len, name, strlen(name)))
			continue;
		err = word_append(values, (uint8_t)number);
		if (err)
			return err;
	}
	if (values->count > before)
		return 0;
	return filter_lexer_fail(lexer, lexer->start, error, "no word of %s is like %s",
				 values->field->name, filter_lexer_quote(lexer, quote));
}

/* -- other types ------------------------------------------------------------------------------- */
static int pattern_parse(struct filter_values *values, const struct filter_lexer *lexer,
			 struct filter_error *error)
{
	char quote[64];

	if (!strpbrk(lexer->word, "*?"))
		return filter_lexer_fail(lexer, lexer->start, error,
					 "a pattern has * (anything) or ? (one character); for %s "
					 "as a part write \"*%.*s*\", for the whole use %s",
					 filter_lexer_quote(lexer, quote), 40, lexer->word,
					 values->field->type == FIELD_STRING_LIST ? "has" : "=");
	if (values->field->words)
		return words_like(values, lexer, error);
	return text_append(values, lexer->word, lexer->word_len);
}

static int bool_parse(const struct filter_lexer *lexer, const struct field *field, bool *ret,
		      struct filter_error *error)
{
	if (strcasecmp(lexer->word, "true") == 0 || strcasecmp(lexer->word, "yes") == 0)
		*ret = true;
	else if (strcasecmp(lexer->word, "false") == 0 || strcasecmp(lexer->word, "no") == 0)
		*ret = false;
	else
		return fail_type(lexer, field, "true or false", error);
	return 0;
}

static int network_parse(const struct filter_values *values, const struct filter_lexer *lexer,
			 struct cidr *ret, struct filter_error *error)
{
	char quote[64];

	if (parse_cidr(lexer->word, ret))
		return fail_type(lexer, values->field,
				 "an address such as 10.0.0.8, or after \"in\" a network such as "
				 "10.0.0.0/8",
				 error);
	if (values->op == FILTER_EQUAL && strchr(lexer->word, '/'))
		return filter_lexer_fail(lexer, lexer->start, error,
					 "%s is a network: write %s in %s",
					 filter_lexer_quote(lexer, quote), values->field->name,
					 lexer->len < 50 ? lexer->word : "it");
	return 0;
}

static int i64_parse(const struct filter_lexer *lexer, const struct field *field, int64_t *ret,
		     struct filter_error *error)
{
	bool is_negative = lexer->word[0] == '-';
	uint64_t number;

	if (parse_u64(lexer->word + is_negative, INT64_MAX, &number))
		return fail_type(lexer, field, "a whole number such as -7", error);
	*ret = is_negative ? -(int64_t)number : (int64_t)number;
	return 0;
}

/* SQLite's integers have a sign: what is beyond them is refused, not compared in another way. */
static int number_parse(const struct filter_values *values, const struct filter_lexer *lexer,
			uint64_t *ret, struct filter_error *error)
{
	const struct field *field = values->field;
	const char *word = lexer->word;
	uint64_t number;

	switch (field->type) {
	case FIELD_PORT:
		if (!parse_u64(word, UINT16_MAX, ret))
			return 0;
		return fail_type(lexer, field, "a port from 0 to 65535", error);
	case FIELD_DURATION_US:
		if (!parse_duration_ns(word, &number))
			number /= CLOCK_NS_PER_US;
		else if (parse_u64(word, INT64_MAX, &number) || (number && !values->is_unit_said))
			return fail_type(lexer, field, "a time with a unit, such as 5s or 350ms",
					 error);
		*ret = number;
		return 0;
	case FIELD_BYTES:
		if (!parse_size_bytes(word, &number) && number <= INT64_MAX)
			break;
		return fail_type(lexer, field, "a size such as 4096, 4KiB or 1.5M", error);
	case FIELD_RATIO:
		if (!parse_thousandths(word, &number) && number <= INT64_MAX)
			break;
		return fail_type(lexer, field, "a number such as 2 or 0.5", error);
	case FIELD_TIME:
		if (!parse_time_ns(word, ret))
			return 0;
		return fail_type(lexer, field,
				 "a time such as \"2026-03-04T05:06:07Z\" or 2026-03-04", error);
	default:
		if (!parse_u64(word, INT64_MAX, &number))
			break;
		return fail_type(lexer, field, "a whole number", error);
	}
	*ret = number;
	return 0;
}

int filter_values_add(struct filter_values *values, const struct filter_lexer *lexer,
		      struct filter_error *error)
{
	struct filter_value value = { .text = NULL };
	int err;

	if (values->op == FILTER_LIKE)
		return pattern_parse(values, lexer, error);
	switch (values->field->type) {
	case FIELD_STRING:
	case FIELD_STRING_LIST:
		return text_append(values, lexer->word, lexer->word_len);
	case FIELD_WORD:
	case FIELD_WORD_LIST:
		return word_parse(values, lexer, error);
	case FIELD_BOOL:
		err = bool_parse(lexer, values->field, &value.truth, error);
		break;
	case FIELD_IP:
		err = network_parse(values, lexer, &value.network, error);
		break;
	case FIELD_I64:
		err = i64_parse(lexer, values->field, &value.integer, error);
		break;
	default:
		err = number_parse(values, lexer, &value.number, error);
	}
	return err ? err : values_append(values, &value);
}
