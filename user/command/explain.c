// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/command.h"
#include "user/command/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/base/strbuf.h"
#include "user/command/explain_fill.h"
#include "user/command/explain_texts.h"
#include "user/kernel/privilege.h"
#include "user/model/fields.h"
#include "user/model/flow_row.h"
#include "user/model/nearest_name.h"

#define LIST_WIDTH 78

/* Each line of `text` with `indent` before it. */
static void lines_append(struct strbuf *b, const char *indent, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		strbuf_append_str(b, indent);
		strbuf_append(b, text, len);
		strbuf_append_char(b, '\n');
		text += len + (text[len] == '\n');
	}
}

static void part_append(struct strbuf *b, const char *title, const char *text)
{
	if (!text || !*text)
		return;
	strbuf_appendf(b, "\n  %s\n", title);
	lines_append(b, "    ", text);
}

static void check_append(struct strbuf *b, const struct explain_fill *fill, const char *text)
{
	_cleanup_(strbuf_release) struct strbuf filled = STRBUF_INIT;

	if (!text)
		return;
	explain_fill_append(fill, &filled, text);
	part_append(b, "Check next", filled.data);
}

static void word_explain(struct strbuf *b, const struct explain_group *group, uint8_t number,
			 const struct explain_fill *fill)
{
	const struct explain_text *text = &group->texts[number];

	if (b->len)
		strbuf_append_char(b, '\n');
	strbuf_appendf(b, "%s (%s", group->words->name(number), group->noun);
	if (group->words == &verdict_words)
		strbuf_appendf(b, ", class %s", class_name(class_of_verdict(number)));
	strbuf_append_str(b, ")\n");
	if (group->words == &verdict_words)
		strbuf_appendf(b, "  In short: %s.\n", verdict_meaning(number));
	else if (group->words == &cause_words)
		strbuf_appendf(b, "  In short: %s.\n", cause_meaning(number));
	else if (group->words == &evidence_words)
		strbuf_appendf(b, "  In short: %s.\n", evidence_meaning(number));
	lines_append(b, "  ", text->means);
	part_append(b, "Usual causes, the likeliest first", text->causes);
	check_append(b, fill, text->check);
	part_append(b, "Change", text->setting);
}

/* A value that may stand behind a test of the field. */
static const char *test_of_type(const struct field *field)
{
	switch (field->type) {
	case FIELD_IP:
		return " in 10.0.0.0/8";
	case FIELD_PORT:
		return " = 443";
	case FIELD_TIME:
		return " >= 2026-03-04";
	case FIELD_BYTES:
		return " > 64KiB";
	case FIELD_DURATION_US:
		return " > 5s";
	default:
		return " is not null";
	}
}

static bool has_group(const struct word_list *words)
{
	const struct explain_group *group;

	for (size_t i = 0; (group = explain_group_at(i)); i++)
		if (group->words == words)
			return true;
	return false;
}

/* The words of a field whose list is no group of its own. */
static void words_append(struct strbuf *b, const struct field *field)
{
	if (!field->words || has_group(field->words))
		return;
	strbuf_append_str(b, "  Words:");
	for (size_t number = 0; number < field->words->count; number++) {
		const char *word = field->words->name((uint8_t)number);

		if (strcmp(word, "unknown") != 0 && strcmp(word, "none") != 0)
			strbuf_appendf(b, " %s", word);
	}
	strbuf_append_char(b, '\n');
}

static void field_explain(struct strbuf *b, const struct field *field)
{
	const struct explain_field *text = &explain_fields[field->id];

	if (b->len)
		strbuf_append_char(b, '\n');
	strbuf_appendf(b, "%s (field, %s)\n  %s%s%s\n", field->name, field_type_name(field->type),
		       field->meaning, *field->unit ? "; in " : "", field->unit);
	words_append(b, field);
	part_append(b, "Comes from", text->source);
	part_append(b, "Null", text->null_if);
	strbuf_append_str(b, "\n  Filter\n    closetrace -f '");
	if (text->test)
		strbuf_append_str(b, text->test);
	else
		strbuf_appendf(b, "%s%s", field->name, test_of_type(field));
	strbuf_append_str(b, "'\n");
}

static bool fields_explain(struct strbuf *b, const char *name, struct nearest_name *nearest)
{
	bool is_found = false;

	for (size_t i = 0; i < FIELD_COUNT; i++) {
		nearest_name_offer(nearest, connection_fields[i].name);
		if (name_distance(name, connection_fields[i].name) != 0)
			continue;
		field_explain(b, &connection_fields[i]);
		is_found = true;
	}
	for (size_t i = 0; i < flow_row_type.field_count; i++) {
		const struct field *field = &flow_row_type.fields[i];

		nearest_name_offer(nearest, field->name);
		if (name_distance(name, field->name) != 0)
			continue;
		strbuf_appendf(b, "%s%s (field of flows, %s)\n  %s%s%s\n", b->len ? "\n" : "",
			       field->name, field_type_name(field->type), field->meaning,
			       *field->unit ? "; in " : "", field->unit);
		is_found = true;
	}
	for (size_t i = 0; i < explain_column_count; i++) {
		nearest_name_offer(nearest, explain_columns[i].title);
		if (name_distance(name, explain_columns[i].title) != 0)
			continue;
		strbuf_appendf(b, "%s%s (column)\n  Shows %s\n", b->len ? "\n" : "",
			       explain_columns[i].title, explain_columns[i].shows);
		is_found = true;
	}
	return is_found;
}

/* Explain `name` wherever it is a word; otherwise set *ret_nearest, NULL when nothing is near. */
static int name_explain(struct strbuf *b, const char *name, const struct explain_fill *fill,
			const char **ret_nearest)
{
	struct nearest_name nearest = { .wanted = name };
	const struct explain_group *group;
	bool is_found = false;
	size_t i, number;

	for (i = 0; (group = explain_group_at(i)); i++) {
		for (number = group->first; number < group->words->count; number++) {
			const char *word = group->words->name((uint8_t)number);

			nearest_name_offer(&nearest, word);
			if (!group->texts[number].means || name_distance(name, word) != 0)
				continue;
			word_explain(b, group, (uint8_t)number, fill);
			is_found = true;
		}
	}
	if (fields_explain(b, name, &nearest) || is_found)
		return 0;
	*ret_nearest = nearest.name;
	return -ENOENT;
}

static void list_append(struct strbuf *b, size_t *column, const char *word)
{
	size_t len = strlen(word);

	if (*column && *column + 1 + len > LIST_WIDTH) {
		strbuf_append_char(b, '\n');
		*column = 0;
	}
	strbuf_append_str(b, *column ? " " : "  ");
	strbuf_append_str(b, word);
	*column += len + (*column ? 1 : 2);
}

static void names_list(struct strbuf *b)
{
	const struct explain_group *group;
	size_t i, number, column;

	for (i = 0; (group = explain_group_at(i)); i++) {
		strbuf_appendf(b, "%s%s\n", i ? "\n\n" : "", group->plural);
		for (column = 0, number = group->first; number < group->words->count; number++) {
			if (group->texts[number].means)
				list_append(b, &column, group->words->name((uint8_t)number));
		}
	}
	strbuf_append_str(b, "\n\nfields\n");
	for (column = 0, i = 0; i < FIELD_COUNT; i++)
		list_append(b, &column, connection_fields[i].name);
	strbuf_append_str(b, "\n\nfields of flows\n");
	for (column = 0, i = 0; i < flow_row_type.field_count; i++)
		list_append(b, &column, flow_row_type.fields[i].name);
	strbuf_append_str(b, "\n\ncolumns\n");
	for (column = 0, i = 0; i < explain_column_count; i++)
		list_append(b, &column, explain_columns[i].title);
	strbuf_append_str(b, "\n");
}

const char *explain_name_at(size_t index)
{
	const struct explain_group *group;

	for (size_t i = 0; (group = explain_group_at(i)); i++)
		for (size_t number = group->first; number < group->words->count; number++)
			if (group->texts[number].means && !index--)
				return group->words->name((uint8_t)number);
	return index < FIELD_COUNT ? connection_fields[index].name : NULL;
}

const struct option_table explain_option_table = {
	.size = sizeof(struct option_common),
	.words = "[NAME...] [PEER=ADDRESS...]",
	.words_type = OPTION_LIST,
	.word_names = explain_name_at,
};

/* Explain each name, or list all of them when there is none. 0, or -EINVAL when that was said. */
static int words_explain(struct strbuf *b, const struct option_common *options,
			 const struct explain_fill *fill)
{
	const char *nearest = NULL;
	size_t names = 0;

	for (size_t i = 0; i < options->word_count; i++) {
		const char *name = options->words[i];

		if (strchr(name, '='))
			continue;
		names++;
		if (name_explain(b, name, fill, &nearest) == 0)
			continue;
		if (nearest)
			log_error(-ENOENT, "%s is not a word of closetrace; did you mean %s?", name,
				  nearest);
		else
			log_error(-ENOENT,
				  "%s is not a word of closetrace; `closetrace explain` "
				  "lists them",
				  name);
		return -EINVAL;
	}
	if (names)
		return 0;
	if (options->word_count) {
		log_error(-EINVAL, "name the word whose commands are to be filled in, such as "
				   "peer_reset");
		return -EINVAL;
	}
	names_list(b);
	return 0;
}

int explain_command(const void *data)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT, error = STRBUF_INIT;
	const struct option_common *options = data;
	struct explain_fill fill = { .values = { NULL } };

	privilege_drop_everything(0);
	for (size_t i = 0; i < options->word_count; i++) {
		if (explain_fill_take(&fill, options->words[i], &error) >= 0)
			continue;
		log_error(-EINVAL, "%s", error.data);
		return EXIT_USAGE;
	}
	if (words_explain(&b, options, &fill) < 0)
		return EXIT_USAGE;
	return command_print(&b);
}
