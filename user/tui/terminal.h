/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The terminal as a screen, and as it was before, whatever ends the program but SIGKILL. */
#ifndef USER_TUI_TERMINAL_H
#define USER_TUI_TERMINAL_H

#include <stdbool.h>

#define TERMINAL_COLUMNS_MIN 40
#define TERMINAL_LINES_MIN 10

enum terminal_style {
	TERMINAL_PLAIN,
	TERMINAL_TITLE,
	TERMINAL_HEAD,
	TERMINAL_SELECTED,
	TERMINAL_ALARM, /* a number that should be 0 */
	TERMINAL_FAINT,
};

/**
 * Whether stdin and stdout are a terminal that can do it, and large enough. Changes nothing.
 *
 * @return  0; -EINVAL after one sentence.
 */
int terminal_check(void);

/**
 * Take the terminal over. What is written to stderr from now on is kept, and written when it is
 * given back.
 *
 * @return  0; negative errno after one sentence.
 */
int terminal_open(void);

/* Give it back; does nothing when it was not taken. */
void terminal_close(void);

/* It has changed its size. */
void terminal_resize(void);

bool terminal_is_unicode(void);

/* The last line that was written to stderr, NUL-terminated; "" without one. */
void terminal_last_message(char *ret, int size);

/* Text at a place, cut at the right edge, in a style. `len` bytes of UTF-8, escaped before. */
void terminal_put(int line, int column, enum terminal_style style, const char *text, int len);

/* Fill the rest of a line with blanks of a style. */
void terminal_fill(int line, int column, enum terminal_style style);

#endif
