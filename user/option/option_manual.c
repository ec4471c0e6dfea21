// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/option/option_manual.h"

#include <ctype.h>

#include "user/base/cleanup.h"
#include "user/option/option_text.h"

#define LINE_WIDTH 76

/* Whether the word that ends at `end` ends a sentence. */
static bool sentence_ends(const char *word, const char *end)
{
	return end > word + 1 && strchr(".?!", end[-1]) &&
	       (isalnum((unsigned char)end[-2]) || strchr("\")'", end[-2]));
}

/* At the beginning of a line these two would begin a macro. */
static void append_word(struct strbuf *b, const char *word, size_t len, bool begins_line)
{
	if (begins_line && strchr(".'", *word))
		strbuf_append_str(b, "\\&");
	for (size_t i = 0; i < len; i++)
		if (word[i] == '\\')
			strbuf_append_str(b, "\\e");
		else
			strbuf_append_char(b, word[i]);
}

void manual_append_text(struct strbuf *b, const char *text)
{
	size_t column = 0;

	while (*(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");

		if (column && column + 1 + len > LINE_WIDTH) {
			strbuf_append_char(b, '\n');
			column = 0;
		} else if (column) {
			strbuf_append_char(b, ' ');
		}
		append_word(b, text, len, !column);
		column += len + 1;
		if (sentence_ends(text, text + len) && text[len]) {
			strbuf_append_char(b, '\n');
			column = 0;
		}
		text += len;
	}
	strbuf_append_char(b, '\n');
}

void manual_append_sentence(struct strbuf *b, const char *sentence)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_append_char(&text, (char)toupper((unsigned char)*sentence));
	strbuf_append_str(&text, sentence + 1);
	strbuf_append_char(&text, '.');
	manual_append_text(b, text.data ?: "");
	b->failed |= text.failed;
}

void manual_append_synopsis(struct strbuf *b, const struct option_table *table)
{
	struct option_place place;
	size_t begin = b->len;

	for (size_t i = 0; option_listed_at(table, i, &place); i++)
		if (place.row->letter && !place.row->metavar)
			strbuf_appendf(b, "%s%c", b->len == begin ? ".Op Fl " : "",
				       place.row->letter);
	strbuf_append_char(b, '\n');
	for (size_t i = 0; option_listed_at(table, i, &place); i++) {
		if (place.row->letter && place.row->metavar)
			strbuf_appendf(b, ".Op Fl %c Ar %s\n", place.row->letter,
				       place.row->metavar);
		else if (!place.row->letter)
			strbuf_appendf(b, ".Op Fl -%s%s%s\n", place.row->name,
				       place.row->metavar ? " Ar " : "", place.row->metavar ?: "");
	}
	if (table->words)
		strbuf_appendf(b, ".Ar %s\n", table->words);
}

static void append_row(struct strbuf *b, const struct option_row *row)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_append_str(b, ".It ");
	if (row->letter)
		strbuf_appendf(b, "Fl %c , ", row->letter);
	strbuf_appendf(b, "Fl -%s%s%s\n", row->name, row->metavar ? " Ar " : "",
		       row->metavar ?: "");
	option_append_sentence(&text, row);
	manual_append_sentence(b, text.data ?: "");
	if (row->more)
		manual_append_text(b, row->more);
	b->failed |= text.failed;
}

void manual_append_options(struct strbuf *b, const struct option_table *table)
{
	struct option_place place;

	strbuf_append_str(b, ".Bl -tag -width Ds\n");
	for (size_t i = 0; option_listed_at(table, i, &place); i++)
		append_row(b, place.row);
	strbuf_append_str(b, ".El\n");
}
