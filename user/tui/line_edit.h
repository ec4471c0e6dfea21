/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One line of input with a cursor, and the completion of the word before it. */
#ifndef USER_TUI_LINE_EDIT_H
#define USER_TUI_LINE_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "user/base/strbuf.h"

#define LINE_BYTES_MAX 1023

struct line_edit {
	char text[LINE_BYTES_MAX + 1];
	size_t len;
	size_t cursor; /* in bytes, at the beginning of a character */
};

/* What moves the cursor or removes something. */
enum line_key {
	LINE_KEY_LEFT,
	LINE_KEY_RIGHT,
	LINE_KEY_HOME,
	LINE_KEY_END,
	LINE_KEY_BACKSPACE,
	LINE_KEY_DELETE,
	LINE_KEY_KILL, /* all before the cursor */
};

/* Longer texts are cut. */
void line_edit_set(struct line_edit *line, const char *text);

/* One byte, of UTF-8 too; control characters are dropped, as is what has no room. */
void line_edit_insert(struct line_edit *line, char byte);

void line_edit_key(struct line_edit *line, enum line_key key);

/**
 * Complete the word before the cursor: by the rest of the only name that begins so, else as far as
 * all such names agree.
 *
 * @name        The names, NULL behind the last; dots in the word count as underscores.
 * @candidates  The names that begin so, blanks between, when there are several; else emptied.
 * @return      Whether anything begins so.
 */
bool line_edit_complete(struct line_edit *line, const char *(*name)(size_t index),
			struct strbuf *candidates);

#endif
