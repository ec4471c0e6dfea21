// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/option/option_help.h"

#include <stdio.h>
#include <string.h>

static void append_row(struct strbuf *b, const struct option_row *row)
{
	char left[48];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", row->letter ? '-' : ' ', row->letter ?: ' ',
		 row->letter ? "," : " ", row->name, row->metavar ? " " : "", row->metavar ?: "");
	strbuf_appendf(b, "  %-24s %s\n", left, row->help);
}

/* Whether a row before number `index` has the same section. */
static bool section_was_before(const struct option_table *table, size_t index, const char *section)
{
	struct option_place place;

	for (size_t i = 0; i < index; i++)
		if (option_place_at(table, i, &place) && !strcmp(place.row->section, section))
			return true;
	return false;
}

void option_append_help(struct strbuf *b, const struct option_table *table)
{
	struct option_place first, place;

	for (size_t i = 0; option_place_at(table, i, &first); i++) {
		if (section_was_before(table, i, first.row->section))
			continue;
		strbuf_appendf(b, "%s%s:\n", i ? "\n" : "", first.row->section);
		for (size_t j = i; option_place_at(table, j, &place); j++)
			if (!strcmp(place.row->section, first.row->section))
				append_row(b, place.row);
	}
}
