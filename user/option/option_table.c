// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/option/option_table.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "user/base/log.h"
#include "user/option/option_value.h"

/* getopt_long() returns this and a place's index for a long name, the letter for a short one. */
#define LONG_BASE 256
#define PLACES_MAX 128

static const struct option_row help_rows[] = {
	{ .name = "help",
	  .letter = 'h',
	  .section = SECTION_OTHER,
	  OPTION_TARGET(struct option_common, help),
	  .help = "show this help" },
};

static const struct option_row debug_rows[] = {
	{ .name = "debug",
	  .section = SECTION_OTHER,
	  OPTION_TARGET(struct option_common, debug),
	  .help = "say more on stderr" },
};

const struct option_group option_debug_group = { OPTION_ROWS(debug_rows) };

/* -- the rows of a table --------------------------------------------------------------------- */
/* Whether `name` is one of the words of `list`. */
static bool list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

bool option_place_at(const struct option_table *table, size_t index, struct option_place *ret)
{
	for (size_t i = 0; i < table->use_count; i++) {
		const struct option_use *use = &table->uses[i];

		for (size_t j = 0; j < use->group->count; j++) {
			if (use->only && !list_has(use->only, use->group->rows[j].name))
				continue;
			if (index--)
				continue;
			ret->row = &use->group->rows[j];
			ret->offset = use->offset;
			return true;
		}
	}
	if (index)
		return false;
	*ret = (struct option_place){ .row = help_rows };
	return true;
}

bool option_listed_at(const struct option_table *table, size_t index, struct option_place *ret)
{
	for (int section = 0; section < OPTION_SECTION_COUNT; section++)
		for (size_t i = 0; option_place_at(table, i, ret); i++)
			if ((int)ret->row->section == section && !index--)
				return true;
	return false;
}

const char *option_section_title(enum option_section section)
{
#define SECTION_TITLE(id, title) [SECTION_##id] = title,
	static const char *const titles[] = { OPTION_SECTIONS(SECTION_TITLE) };

	return titles[section];
}

const struct option_row *option_find(const struct option_table *table, const char *name)
{
	struct option_place place;

	for (size_t i = 0; option_place_at(table, i, &place); i++)
		if (!strcmp(place.row->name, name))
			return place.row;
	return NULL;
}

static bool find_letter(const struct option_table *table, char letter, struct option_place *ret)
{
	for (size_t i = 0; option_place_at(table, i, ret); i++)
		if (ret->row->letter == letter)
			return true;
	return false;
}

const struct option_row *option_find_letter(const struct option_table *table, char letter)
{
	struct option_place place;

	return find_letter(table, letter, &place) ? place.row : NULL;
}

/* -- parsing --------------------------------------------------------------------------------- */
static void getopt_tables(const struct option_table *table, struct option *longs, char *letters)
{
	struct option_place place;
	size_t i;

	*letters++ = ':';
	for (i = 0; i < PLACES_MAX && option_place_at(table, i, &place); i++) {
		longs[i] = (struct option){
			.name = place.row->name,
			.has_arg = place.row->metavar ? required_argument : no_argument,
			.val = LONG_BASE + (int)i,
		};
		if (!place.row->letter)
			continue;
		*letters++ = place.row->letter;
		if (place.row->metavar)
			*letters++ = ':';
	}
	*letters = '\0';
	longs[i] = (struct option){};
}

/* `found` as getopt_long() says it, in its result or in optopt. */
static bool place_of(const struct option_table *table, int found, struct option_place *ret)
{
	if (found >= LONG_BASE)
		return option_place_at(table, (size_t)(found - LONG_BASE), ret);
	return found && find_letter(table, (char)found, ret);
}

static int option_is_wrong(const struct option_table *table, const char *word, bool lacks_value,
			   struct option_unknown *unknown)
{
	size_t len = strcspn(word, "=");
	struct option_place place;

	if (place_of(table, optopt, &place)) {
		if (lacks_value)
			return log_error(-EINVAL, "--%s needs a value: --%s %s", place.row->name,
					 place.row->name, place.row->metavar);
		return log_error(-EINVAL, "--%s takes no value, but got \"%s\"", place.row->name,
				 word + len + (word[len] == '='));
	}
	if (optopt)
		snprintf(unknown->word, sizeof(unknown->word), "-%c", optopt);
	else
		snprintf(unknown->word, sizeof(unknown->word), "%.*s", (int)len, word);
	return -ENOENT;
}

static int parse_words(const struct option_table *table, int argc, char **argv, void *ret,
		       struct option_unknown *unknown)
{
	struct option_common *common = ret;
	struct option longs[PLACES_MAX + 1];
	char letters[2 * PLACES_MAX + 2];
	struct option_place place;
	int found, err;

	getopt_tables(table, longs, letters);
	opterr = 0;
	/* 0 and not 1: getopt() forgets where it was in the words of a call before. */
	optind = 0;
	while ((found = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (found == '?' || found == ':')
			return option_is_wrong(table, argv[optind - 1], found == ':', unknown);
		place_of(table, found, &place);
		err = option_value_parse(place.row, optarg,
					 (char *)ret + place.offset + place.row->offset);
		if (err)
			return err;
	}
	common->words = argv + optind;
	common->word_count = (size_t)(argc - optind);
	return 0;
}

static int finish_groups(const struct option_table *table, void *options)
{
	for (size_t i = 0; i < table->use_count; i++) {
		const struct option_use *use = &table->uses[i];
		int err = 0;

		if (use->group->finish)
			err = use->group->finish((char *)options + use->offset);
		if (err)
			return err;
	}
	return table->finish ? table->finish(options) : 0;
}

int option_parse(const struct option_table *table, int argc, char **argv, void *ret,
		 struct option_unknown *unknown)
{
	const struct option_common *common = ret;
	int err;

	memset(ret, 0, table->size);
	for (size_t i = 0; i < table->use_count; i++)
		if (table->uses[i].group->init)
			table->uses[i].group->init((char *)ret + table->uses[i].offset);
	err = parse_words(table, argc, argv, ret, unknown);
	if (err || common->help)
		return err;
	if (common->word_count && !table->words) {
		snprintf(unknown->word, sizeof(unknown->word), "%s", common->words[0]);
		return -ENOENT;
	}
	return finish_groups(table, ret);
}

void option_release(const struct option_table *table, void *options)
{
	for (size_t i = 0; i < table->use_count; i++)
		if (table->uses[i].group->release)
			table->uses[i].group->release((char *)options + table->uses[i].offset);
}
