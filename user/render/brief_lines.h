/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A brief as lines of a terminal. Nothing is cut: what has no room in a line goes on in the next.
 * From BRIEF_WIDE_CELLS on the sentence stands beside who and where, below that under it.
 */
#ifndef USER_RENDER_BRIEF_LINES_H
#define USER_RENDER_BRIEF_LINES_H

#include <stddef.h>

#include "user/base/clock.h"
#include "user/render/brief.h"

#define BRIEF_WIDE_CELLS 180
#define BRIEF_CELLS_MIN 20 /* a narrower terminal is taken for one of that width */

/**
 * @width      Cells of a line.
 * @full_time  With date and milliseconds.
 * @unicode    Arrows and signs beyond ASCII.
 */
struct brief_style {
	size_t width;
	bool colour;
	bool unicode;
	bool full_time;
};

/**
 * Append a brief as lines, each with its newline.
 *
 * @return  How many lines.
 */
size_t brief_append_lines(struct strbuf *b, const struct brief *brief,
			  const struct brief_style *style, struct clock_format_cache *cache);

/**
 * Append text in lines of at most `width` cells, broken between words; a word that is longer is
 * broken where the line ends.
 *
 * @indent  Cells before every line but the first, which begins where the caller stands.
 * @used    Cells of the first line that are used already.
 * @return  How many newlines were appended; none at the end.
 */
size_t text_append_wrapped(struct strbuf *b, const char *text, size_t len, size_t width,
			   size_t indent, size_t used);

/**
 * Append one line, or more where it has no room, of a summary: how many, how, who, where, and what
 * was said of it.
 *
 * @return  How many lines.
 */
size_t brief_append_total(struct strbuf *b, const struct brief *brief, const char *sentence,
			  const struct brief_style *style);

/* "x1,070 in 436 ms"; nothing for one. */
void brief_append_times(struct strbuf *b, const struct brief *brief);

/* What colours a class, as SGR: the meaning of each colour is in docs/terminal.md. */
const char *class_colour(uint8_t class_number);

#endif
