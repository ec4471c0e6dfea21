/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The lines of a terminal as endings come in: both ends of a connection are one, repeats fold into
 * the one before. A terminal that can is rewritten in place; on another one a line waits for its
 * other end, and repeats are told once a second. It writes nothing itself and asks no clock.
 */
#ifndef USER_RENDER_BRIEF_SCREEN_H
#define USER_RENDER_BRIEF_SCREEN_H

#include "user/render/brief_lines.h"
#include "user/render/brief_summary.h"

#define BRIEF_JOIN_NS (100 * CLOCK_NS_PER_MS) /* how long the second end is waited for */
#define BRIEF_FOLD_NS (10 * CLOCK_NS_PER_SECOND) /* what comes later has a line of its own */
#define BRIEF_REPEAT_NS CLOCK_NS_PER_SECOND /* between two lines that tell of the same */
#define BRIEF_REDRAW_NS (100 * CLOCK_NS_PER_MS)

/**
 * @style      May be changed by brief_screen_resize().
 * @rows       Lines of the terminal.
 * @rewrites   Whether it understands cursor up and clear to the end (ECMA-48 CUU, ED).
 */
struct brief_screen_options {
	struct brief_style style;
	size_t rows;
	bool rewrites;
};

struct brief_screen;

/* 0 or -ENOMEM. */
int brief_screen_new(const struct brief_screen_options *options, struct brief_screen **ret);
void brief_screen_free(struct brief_screen **screen);

/* What was drawn before stays as it is. */
void brief_screen_resize(struct brief_screen *screen, size_t width, size_t rows);

/* Somebody else wrote to the terminal: nothing above is rewritten any more. */
void brief_screen_forget_place(struct brief_screen *screen);

/* Takes over `brief`. Draws nothing yet. */
void brief_screen_add(struct brief_screen *screen, struct brief *brief, uint64_t now_ns);

/**
 * Append what is to be drawn by now. When more has come than a reader could follow, what scrolled
 * away unseen is not drawn but counted, in the summary and by brief_screen_skipped().
 */
void brief_screen_draw(struct brief_screen *screen, uint64_t now_ns, struct strbuf *b);

/* When to draw next; UINT64_MAX when nothing waits. */
uint64_t brief_screen_due_ns(const struct brief_screen *screen);

/* Endings that were counted but not drawn. */
uint64_t brief_screen_skipped(const struct brief_screen *screen);

/* Draw what still waits; then append the summary of all that was added. */
void brief_screen_finish(struct brief_screen *screen, struct strbuf *b);

#endif
