// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/render/brief_screen.h"

#include <errno.h>
#include <stdlib.h>

#include "user/base/cleanup.h"

/* Blocks that may still change, or wait to be drawn. The oldest gives way. */
#define BLOCKS_MAX 256
/* In one drawing; what is beyond would scroll away unseen. */
#define NEW_BLOCKS_DRAWN 100
/* By how many endings one end of a storm may be told before the other. */
#define BRIEF_MIRROR_AHEAD 1000
/* Connections whose second end may still come. */
#define JOINS 4096

/**
 * An ending, or several that are alike, and its lines.
 *
 * @serial      In the order in which they came; never 0.
 * @lines       How many it took when it was drawn; 0 = not drawn yet.
 * @due_ns      When it is to be drawn.
 * @is_changed  Since it was drawn.
 */
struct block {
	struct brief brief;
	uint64_t serial;
	uint64_t due_ns;
	size_t lines;
	bool is_changed;
};

/* The first end of a connection that was seen, and where it went. */
struct join {
	uint64_t incident;
	uint64_t serial;
	uint64_t time_ns;
	bool was_client;
};

struct brief_screen {
	struct brief_screen_options options;
	struct block blocks[BLOCKS_MAX];
	size_t count;
	uint64_t next_serial;
	uint64_t skipped;
	struct join joins[JOINS];
	struct clock_format_cache cache;
	struct brief_summary *summary;
};

int brief_screen_new(const struct brief_screen_options *options, struct brief_screen **ret)
{
	_cleanup_(brief_screen_free) struct brief_screen *screen = calloc(1, sizeof(*screen));

	if (!screen || brief_summary_new(&screen->summary))
		return -ENOMEM;
	screen->options = *options;
	screen->next_serial = 1;
	*ret = TAKE_PTR(screen);
	return 0;
}

void brief_screen_free(struct brief_screen **screen)
{
	if (!*screen)
		return;
	for (size_t i = 0; i < (*screen)->count; i++)
		brief_release(&(*screen)->blocks[i].brief);
	brief_summary_free(&(*screen)->summary);
	free(*screen);
	*screen = NULL;
}

/* A block that does not change any more is counted. */
static void block_retire(struct brief_screen *screen, size_t at)
{
	struct block *block = &screen->blocks[at];

	brief_summary_add(screen->summary, &block->brief);
	if (!block->lines)
		screen->skipped += block->brief.repeated;
	brief_release(&block->brief);
	screen->count--;
	for (size_t i = at; i < screen->count; i++)
		screen->blocks[i] = screen->blocks[i + 1];
}

void brief_screen_forget_place(struct brief_screen *screen)
{
	size_t i = 0;

	while (i < screen->count)
		if (screen->blocks[i].lines && !screen->blocks[i].is_changed)
			block_retire(screen, i);
		else
			screen->blocks[i++].lines = 0;
}

void brief_screen_resize(struct brief_screen *screen, size_t width, size_t rows)
{
	brief_screen_forget_place(screen);
	screen->options.style.width = width;
	screen->options.rows = rows;
}

uint64_t brief_screen_skipped(const struct brief_screen *screen)
{
	return screen->skipped;
}

/* -- what comes in --------------------------------------------------------------------------- */
static size_t block_find_serial(const struct brief_screen *screen, uint64_t serial)
{
	size_t i = 0;

	while (i < screen->count && screen->blocks[i].serial != serial)
		i++;
	return i;
}

static void block_change(struct brief_screen *screen, struct block *block, uint64_t now_ns)
{
	uint64_t pace_ns = screen->options.rewrites ? BRIEF_REDRAW_NS : BRIEF_REPEAT_NS;

	if (block->is_changed)
		return;
	block->is_changed = true;
	if (block->lines)
		block->due_ns = now_ns + pace_ns;
}

/* Joining can make a block what an older one is. */
static void block_fold_into_older(struct brief_screen *screen, size_t at, uint64_t now_ns)
{
	struct block *block = &screen->blocks[at];

	for (size_t i = 0; i < at; i++) {
		struct block *older = &screen->blocks[i];

		if (older->brief.alike != block->brief.alike ||
		    older->brief.wall_ns + BRIEF_FOLD_NS < block->brief.wall_ns)
			continue;
		brief_fold(&older->brief, &block->brief);
		block_change(screen, older, now_ns);
		/* Lines that vanish do so with the next drawing, which must begin at the older one. */
		if (block->lines && screen->options.rewrites)
			older->due_ns = now_ns;
		older->lines += block->lines;
		screen->count--;
		for (size_t j = at; j < screen->count; j++)
			screen->blocks[j] = screen->blocks[j + 1];
		return;
	}
}

/* True when `brief` was the second end of a connection whose first is here. */
static bool screen_join(struct brief_screen *screen, struct brief *brief, uint64_t now_ns)
{
	struct join *join = &screen->joins[brief->incident % JOINS];
	size_t at;

	if (!brief->incident || brief->is_forwarded || join->incident != brief->incident ||
	    join->was_client == brief->local_is_client || join->time_ns + BRIEF_FOLD_NS < now_ns)
		return false;
	join->incident = 0;
	at = block_find_serial(screen, join->serial);
	if (at == screen->count)
		return false;
	if (screen->blocks[at].brief.repeated > 1) {
		brief_release(brief);
		return true;
	}
	brief_join(&screen->blocks[at].brief, brief);
	block_change(screen, &screen->blocks[at], now_ns);
	block_fold_into_older(screen, at, now_ns);
	return true;
}

/* True when `brief` tells of the other end of what a block tells: neither may be a single one. */
static bool screen_mirror(struct brief_screen *screen, struct brief *brief, uint64_t now_ns)
{
	for (size_t i = screen->count; i-- > 0;) {
		struct brief *there = &screen->blocks[i].brief;

		if ((brief->incident && there->repeated == 1) || !brief_is_mirror(there, brief) ||
		    there->wall_ns + BRIEF_FOLD_NS < brief->wall_ns ||
		    there->mirrored + brief->repeated > there->repeated + BRIEF_MIRROR_AHEAD)
			continue;
		brief_join(there, brief);
		block_change(screen, &screen->blocks[i], now_ns);
		block_fold_into_older(screen, i, now_ns);
		return true;
	}
	return false;
}

static void screen_note_join(struct brief_screen *screen, const struct brief *brief,
			     uint64_t serial, uint64_t now_ns)
{
	if (brief->incident)
		screen->joins[brief->incident % JOINS] = (struct join){
			.incident = brief->incident,
			.serial = serial,
			.time_ns = now_ns,
			.was_client = brief->local_is_client,
		};
}

void brief_screen_add(struct brief_screen *screen, struct brief *brief, uint64_t now_ns)
{
	struct block *block;

	if (screen_join(screen, brief, now_ns) || screen_mirror(screen, brief, now_ns))
		return;
	for (size_t i = screen->count; i-- > 0;) {
		block = &screen->blocks[i];
		if (block->brief.alike != brief->alike ||
		    block->brief.wall_ns + BRIEF_FOLD_NS < brief->wall_ns)
			continue;
		screen_note_join(screen, brief, block->serial, now_ns);
		brief_fold(&block->brief, brief);
		block_change(screen, block, now_ns);
		return;
	}
	if (screen->count == BLOCKS_MAX)
		block_retire(screen, 0);
	block = &screen->blocks[screen->count++];
	*block = (struct block){
		.brief = *brief,
		.serial = screen->next_serial++,
		.due_ns = screen->options.rewrites ? now_ns : now_ns + BRIEF_JOIN_NS,
		.is_changed = true,
	};
	brief->sentence = NULL;
	screen_note_join(screen, &block->brief, block->serial, now_ns);
}

/* -- what goes out --------------------------------------------------------------------------- */
uint64_t brief_screen_due_ns(const struct brief_screen *screen)
{
	uint64_t due_ns = UINT64_MAX;

	for (size_t i = 0; i < screen->count; i++)
		if (screen->blocks[i].is_changed && screen->blocks[i].due_ns < due_ns)
			due_ns = screen->blocks[i].due_ns;
	return due_ns;
}

static void block_draw(struct brief_screen *screen, struct block *block, struct strbuf *b)
{
	block->lines = brief_append_lines(b, &block->brief, &screen->options.style, &screen->cache);
	block->is_changed = false;
}

/* The lines from the block `from` to the cursor: what a rewrite must go up. */
static size_t lines_from(const struct brief_screen *screen, size_t from)
{
	size_t lines = 0;

	for (size_t i = from; i < screen->count; i++)
		lines += screen->blocks[i].lines;
	return lines;
}

/* What has scrolled out of reach can only be told anew, below. */
static void screen_lose_scrolled(struct brief_screen *screen)
{
	while (screen->count && screen->blocks[0].lines && !screen->blocks[0].is_changed &&
	       lines_from(screen, 0) >= screen->options.rows)
		block_retire(screen, 0);
}

static size_t first_changed(const struct brief_screen *screen, uint64_t now_ns)
{
	size_t i = 0;

	while (i < screen->count &&
	       !(screen->blocks[i].is_changed && screen->blocks[i].due_ns <= now_ns))
		i++;
	return i;
}

/* Move a block to the end, as one that is not drawn yet. */
static void block_move_last(struct brief_screen *screen, size_t at)
{
	struct block block = screen->blocks[at];

	for (size_t i = at; i + 1 < screen->count; i++)
		screen->blocks[i] = screen->blocks[i + 1];
	block.lines = 0;
	screen->blocks[screen->count - 1] = block;
}

static void screen_rewrite(struct brief_screen *screen, uint64_t now_ns, struct strbuf *b)
{
	size_t from = first_changed(screen, now_ns), up, skip = 0;

	/* Not within reach: they come again as the newest. */
	while (from < screen->count && screen->blocks[from].lines &&
	       lines_from(screen, from) >= screen->options.rows) {
		block_move_last(screen, from);
		from = first_changed(screen, now_ns);
		if (++skip == screen->count)
			break;
	}
	if (from == screen->count)
		return;
	for (up = from; up < screen->count && screen->blocks[up].lines; up++)
		;
	while (screen->count - up > NEW_BLOCKS_DRAWN)
		block_retire(screen, up);
	up = lines_from(screen, from);
	if (up)
		strbuf_appendf(b, "\033[%zuA\r\033[J", up);
	for (size_t i = from; i < screen->count; i++)
		block_draw(screen, &screen->blocks[i], b);
	screen_lose_scrolled(screen);
}

/* One line after the other, each once; a repeat is told by the number that came since. */
static void screen_print(struct brief_screen *screen, uint64_t now_ns, struct strbuf *b)
{
	size_t drawn = 0, i = 0;

	while (i < screen->count) {
		struct block *block = &screen->blocks[i];

		if (!block->is_changed || block->due_ns > now_ns) {
			i++;
			continue;
		}
		if (drawn++ < NEW_BLOCKS_DRAWN)
			block_draw(screen, block, b);
		else if (!block->lines)
			screen->skipped += block->brief.repeated;
		block->is_changed = false;
		i++;
	}
	/* Of what nothing came for a while, nothing will be said again. */
	while (screen->count && !screen->blocks[0].is_changed &&
	       screen->blocks[0].due_ns + BRIEF_FOLD_NS < now_ns)
		block_retire(screen, 0);
}

void brief_screen_draw(struct brief_screen *screen, uint64_t now_ns, struct strbuf *b)
{
	if (screen->options.rewrites)
		screen_rewrite(screen, now_ns, b);
	else
		screen_print(screen, now_ns, b);
}

void brief_screen_finish(struct brief_screen *screen, struct strbuf *b)
{
	brief_screen_draw(screen, UINT64_MAX, b);
	while (screen->count)
		block_retire(screen, 0);
	brief_summary_append(b, screen->summary, &screen->options.style);
}
