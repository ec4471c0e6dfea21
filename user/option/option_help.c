// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/option/option_help.h"

#include <stdio.h>

#include "user/base/cleanup.h"
#include "user/option/option_text.h"

#define INDENT 25

static void append_row(struct strbuf *b, const struct option_row *row)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	size_t begin = b->len;

	strbuf_appendf(b, "  %c%c%s --%s%s%s", row->letter ? '-' : ' ', row->letter ?: ' ',
		       row->letter ? "," : " ", row->name, row->metavar ? " " : "",
		       row->metavar ?: "");
	if (b->len - begin < INDENT)
		strbuf_appendf(b, "%*s", (int)(INDENT - (b->len - begin)), "");
	else
		strbuf_appendf(b, "\n%*s", INDENT, "");
	option_append_sentence(&text, row);
	option_append_wrapped(b, text.data ?: "", INDENT, INDENT, OPTION_HELP_WIDTH);
	if (row->more) {
		strbuf_appendf(b, "\n%*s", INDENT, "");
		option_append_wrapped(b, row->more, INDENT, INDENT, OPTION_HELP_WIDTH);
	}
	strbuf_append_char(b, '\n');
}

void option_append_help(struct strbuf *b, const struct option_table *table)
{
	enum option_section section = OPTION_SECTION_COUNT;
	struct option_place place;

	for (size_t i = 0; option_listed_at(table, i, &place); i++) {
		if (place.row->section != section) {
			section = place.row->section;
			strbuf_appendf(b, "%s%s:\n", i ? "\n" : "", option_section_title(section));
		}
		append_row(b, place.row);
	}
}
