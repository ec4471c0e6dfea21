// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/option/option_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/base/parse_number.h"
#include "user/model/nearest_name.h"

static uint64_t most_of(const struct option_row *row)
{
	return row->most ? row->most : UINT64_MAX;
}

static void append_words(struct strbuf *b, option_words words)
{
	for (size_t i = 0; words(i); i++)
		strbuf_appendf(b, "%s%s", i == 0 ? "" : words(i + 1) ? ", " : " or ", words(i));
}

void option_append_takes(struct strbuf *b, const struct option_row *row)
{
	if (row->takes) {
		strbuf_append_str(b, row->takes);
	} else if (row->type == OPTION_WORD) {
		append_words(b, row->words);
	} else if (row->type == OPTION_NUMBER) {
		strbuf_appendf(b, "a number from %" PRIu64, row->least);
		if (row->most)
			strbuf_appendf(b, " to %" PRIu64, row->most);
		else
			strbuf_append_str(b, " up");
	} else {
		strbuf_append_str(b, row->type == OPTION_TIME ? "a time such as 10s, 5m or 500ms" :
				     row->type == OPTION_SIZE ? "a size such as 64M" :
				     row->type == OPTION_FILE ? "the name of a file" :
				     row->type == OPTION_LIST ? "a list such as a,b,c" :
								"a text");
	}
}

/* @column 0 = of the whole value. */
static int say_wrong(const struct option_row *row, const char *value, size_t column)
{
	char place[32] = "";
	_cleanup_(strbuf_release) struct strbuf takes = STRBUF_INIT;
	struct nearest_name nearest = { .wanted = value };

	option_append_takes(&takes, row);
	for (size_t i = 0; row->words && row->words(i); i++)
		nearest_name_offer(&nearest, row->words(i));
	if (takes.failed)
		return log_error(-ENOMEM, "not enough memory");
	if (column)
		snprintf(place, sizeof(place), ", column %zu:", column);
	return log_error(-EINVAL, "--%s%s takes %s, not \"%s\"%s%s%s", row->name, place, takes.data,
			 value, nearest.name ? "; did you mean " : "",
			 nearest.name ? nearest.name : "", nearest.name ? "?" : "");
}

int option_value_wrong(const struct option_row *row, const char *value)
{
	return say_wrong(row, value, 0);
}

int option_item_wrong(const struct option_row *row, const char *item, size_t column)
{
	return say_wrong(row, item, column);
}

/* An unsigned integer of any size; the row's bounds are those of its target. */
static void store_number(const struct option_row *row, uint64_t number, void *target)
{
	switch (row->size) {
	case sizeof(uint8_t):
		*(uint8_t *)target = (uint8_t)number;
		break;
	case sizeof(uint16_t):
		*(uint16_t *)target = (uint16_t)number;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)target = (uint32_t)number;
		break;
	default:
		*(uint64_t *)target = number;
	}
}

static int parse_number(const struct option_row *row, const char *value, void *target)
{
	uint64_t number;
	int err;

	if (row->type == OPTION_NUMBER)
		err = parse_u64(value, most_of(row), &number);
	else if (row->type == OPTION_TIME)
		err = parse_duration_ns(value, &number);
	else
		err = parse_size_bytes(value, &number);
	if (err || number < row->least || number > most_of(row))
		return option_value_wrong(row, value);
	store_number(row, number, target);
	return 0;
}

static int parse_word(const struct option_row *row, const char *value, void *target)
{
	for (unsigned int i = 0; row->words(i); i++)
		if (!strcmp(row->words(i), value)) {
			*(unsigned int *)target = i;
			return 0;
		}
	return option_value_wrong(row, value);
}

static int parse_text(const struct option_row *row, const char *value, void *target)
{
	if (!*value)
		return option_value_wrong(row, value);
	*(const char **)target = value;
	return 0;
}

static int list_add(const struct option_row *row, struct option_list *list, const char *item)
{
	const char **items;

	if (!*item)
		return log_error(-EINVAL, "--%s, column %zu: an empty name in the list", row->name,
				 (size_t)(item - list->text) + 1);
	if (list->count == OPTION_LIST_MAX)
		return log_error(-EINVAL, "--%s takes at most %d names", row->name,
				 OPTION_LIST_MAX);
	items = realloc(list->items, (list->count + 1) * sizeof(*items));
	if (!items)
		return log_error(-ENOMEM, "not enough memory for the list of --%s", row->name);
	list->items = items;
	list->items[list->count++] = item;
	return 0;
}

int option_list_parse(const struct option_row *row, const char *value, struct option_list *ret)
{
	char *rest, *item;
	int err = 0;

	option_list_release(ret);
	rest = ret->text = strdup(value);
	if (!rest)
		return log_error(-ENOMEM, "not enough memory for the list of --%s", row->name);
	while (!err && (item = strsep(&rest, ",")))
		err = list_add(row, ret, item);
	return err;
}

void option_list_release(struct option_list *list)
{
	free(list->text);
	free(list->items);
	*list = (struct option_list){};
}

int option_value_parse(const struct option_row *row, const char *value, void *target)
{
	if (row->parse)
		return row->parse(row, value, target);
	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)target = true;
		return 0;
	case OPTION_NUMBER:
	case OPTION_TIME:
	case OPTION_SIZE:
		return parse_number(row, value, target);
	case OPTION_WORD:
		return parse_word(row, value, target);
	case OPTION_LIST:
		return option_list_parse(row, value, target);
	case OPTION_TEXT:
	case OPTION_FILE:
		break;
	}
	return parse_text(row, value, target);
}
