// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/tui/line_edit.h"

#include <ctype.h>
#include <string.h>

void line_edit_set(struct line_edit *line, const char *text)
{
	line->len = strnlen(text, LINE_BYTES_MAX);
	memcpy(line->text, text, line->len);
	line->text[line->len] = '\0';
	line->cursor = line->len;
}

void line_edit_insert(struct line_edit *line, char byte)
{
	if ((unsigned char)byte < ' ' || byte == 0x7f || line->len == LINE_BYTES_MAX)
		return;
	memmove(line->text + line->cursor + 1, line->text + line->cursor,
		line->len - line->cursor + 1);
	line->text[line->cursor++] = byte;
	line->len++;
}

static bool continues_character(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t before(const struct line_edit *line)
{
	size_t at = line->cursor;

	while (at && continues_character(line->text[--at]))
		;
	return at;
}

static size_t behind(const struct line_edit *line)
{
	size_t at = line->cursor;

	while (at < line->len && continues_character(line->text[++at]))
		;
	return at;
}

static void cut(struct line_edit *line, size_t from, size_t to)
{
	memmove(line->text + from, line->text + to, line->len - to + 1);
	line->len -= to - from;
	line->cursor = from;
}

void line_edit_key(struct line_edit *line, enum line_key key)
{
	switch (key) {
	case LINE_KEY_LEFT:
		line->cursor = before(line);
		break;
	case LINE_KEY_RIGHT:
		line->cursor = behind(line);
		break;
	case LINE_KEY_HOME:
		line->cursor = 0;
		break;
	case LINE_KEY_END:
		line->cursor = line->len;
		break;
	case LINE_KEY_BACKSPACE:
		cut(line, before(line), line->cursor);
		break;
	case LINE_KEY_DELETE:
		cut(line, line->cursor, behind(line));
		break;
	case LINE_KEY_KILL:
		cut(line, 0, line->cursor);
		break;
	}
}

static bool in_word(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_' || byte == '.';
}

static bool begins_so(const char *name, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] != (word[i] == '.' ? '_' : word[i]))
			return false;
	return true;
}

bool line_edit_complete(struct line_edit *line, const char *(*name)(size_t index),
			struct strbuf *candidates)
{
	size_t start = line->cursor, len, common = 0, count = 0;
	const char *first = NULL;

	strbuf_reset(candidates);
	while (start && in_word(line->text[start - 1]))
		start--;
	len = line->cursor - start;
	for (size_t i = 0; name(i); i++) {
		if (!begins_so(name(i), line->text + start, len))
			continue;
		if (count++)
			strbuf_append_char(candidates, ' ');
		strbuf_append_str(candidates, name(i));
		if (!first) {
			first = name(i);
			common = strlen(first);
			continue;
		}
		for (size_t at = 0; at < common; at++)
			if (first[at] != name(i)[at])
				common = at;
	}
	for (size_t at = len; at < common; at++)
		line_edit_insert(line, first[at]);
	if (count < 2)
		strbuf_reset(candidates);
	return count != 0;
}
