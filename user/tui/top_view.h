/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The screen of `top`: what is looked at, what keys do, and how it is drawn. It counts nothing:
 * rows and records are given to it, and it says what it wants next.
 */
#ifndef USER_TUI_TOP_VIEW_H
#define USER_TUI_TOP_VIEW_H

#include "user/base/strbuf.h"
#include "user/model/flow_row.h"
#include "user/tui/line_edit.h"
#include "user/render/sparkline.h"

#define TOP_LEVELS_MAX 6

enum top_kind {
	TOP_GROUPS,
	TOP_CONNECTIONS,
	TOP_RECORDS,
};

/* What the numbers of the table are. */
enum top_unit {
	TOP_SINCE_START,
	TOP_PER_INTERVAL,
	TOP_PER_SECOND,
	TOP_UNIT_COUNT,
};

/* The lines above the table. */
enum top_series {
	TOP_SERIES_RST_CLT,
	TOP_SERIES_RST_SRV,
	TOP_SERIES_FIN_CLT,
	TOP_SERIES_FIN_SRV,
	TOP_SERIES_RST_PER_CONNECTION, /* thousandths, as the rates before */
	TOP_SERIES_COUNT,
};

/**
 * One step of the way down.
 *
 * @within   What is fixed by the rows that were opened on the way: FLOW_KEY() bits in
 *           `within_keys`, values in the identity.
 * @cursor   The row that is selected, and who it is.
 * @first    The row at the top of the screen.
 */
struct top_level {
	enum top_kind kind;
	uint32_t by;
	uint32_t within_keys;
	struct flow_identity within;
	enum flow_field sort;
	size_t cursor;
	size_t first;
	struct flow_identity selected;
	bool has_selected;
};

/* One ending as text, for the last level. */
struct top_record {
	const char *line; /* time, verdict, process */
	const char *explanation;
};

/**
 * @rows @records  What the level shows, borrowed until the next call; in order.
 * @totals         Since the start.
 * @filter         As it was set last; "" = none.
 * @sentence       What went wrong last, or the last message; "" = nothing.
 */
struct top_view {
	struct top_level levels[TOP_LEVELS_MAX];
	size_t depth; /* levels in use, less one */
	enum top_unit unit;
	bool is_frozen;
	bool shows_help;
	bool is_editing;
	struct line_edit line;
	struct strbuf candidates;
	char filter[LINE_BYTES_MAX + 1];
	char sentence[512];
	struct history series[TOP_SERIES_COUNT];
	uint64_t interval_ns;
	const void *const *rows; /* struct flow_row */
	size_t row_count;
	const struct top_record *records;
	size_t record_count;
	struct flow_row totals;
	size_t conversations, conversations_most;
};

/* What a key asks for. */
enum top_wish {
	TOP_WISH_NOTHING,
	TOP_WISH_DRAW,
	TOP_WISH_ORDER, /* the same rows in another order, or other units */
	TOP_WISH_GROUP, /* other rows: the level has changed */
	TOP_WISH_FILTER, /* `line.text` is to become the filter */
	TOP_WISH_QUIT,
};

void top_view_init(struct top_view *view, uint32_t by, enum flow_field sort, uint64_t interval_ns);
void top_view_release(struct top_view *view);

static inline struct top_level *top_view_level(struct top_view *view)
{
	return &view->levels[view->depth];
}

/* Whether a row is within what was opened on the way to this level. */
bool top_level_holds(const struct top_level *level, const struct flow_identity *identity);

/* Keep the cursor on who was selected, now that `rows` or `records` have changed. */
void top_view_follow(struct top_view *view);

/* @key  As curses gives it: a byte, or KEY_*. */
enum top_wish top_view_key(struct top_view *view, int key);

void top_view_draw(struct top_view *view);

/* The next character of the keyboard, or a negative number when there is none. */
int top_read_key(void);

#endif
