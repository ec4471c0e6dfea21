// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/tui/top_view.h"

#include <curses.h>
#include <string.h>

#include "user/render/flow_columns.h"

#define KEY_ESCAPE 27
#define KEY_CONTROL(letter) ((letter) - 'a' + 1)

/* What `b` goes through. */
static const uint32_t groupings[] = {
	FLOW_KEY(CLIENT),     FLOW_KEY(SERVER),	 FLOW_KEY(SERVER) | FLOW_KEY(SERVER_PORT),
	FLOW_BY_CONVERSATION, FLOW_KEY(COMM),	 FLOW_KEY(CONTAINER),
	FLOW_KEY(POD),	      FLOW_KEY(VERDICT), FLOW_KEY(ZONE_CLIENT) | FLOW_KEY(ZONE_SERVER),
	FLOW_KEY(INTERFACE),
};
#define GROUPINGS (sizeof(groupings) / sizeof(groupings[0]))

void top_view_init(struct top_view *view, uint32_t by, enum flow_field sort, uint64_t interval_ns)
{
	memset(view, 0, sizeof(*view));
	view->interval_ns = interval_ns;
	view->levels[0].kind = by == FLOW_BY_CONNECTION ? TOP_CONNECTIONS : TOP_GROUPS;
	view->levels[0].by = by;
	view->levels[0].sort = sort;
}

void top_view_release(struct top_view *view)
{
	strbuf_release(&view->candidates);
}

bool top_level_holds(const struct top_level *level, const struct flow_identity *identity)
{
	uint32_t keys = level->within_keys & ~FLOW_KEY(NETNS);

	/* A null that was opened holds the nulls. */
	return !((identity->known ^ level->within.known) & keys) &&
	       flow_identities_agree(identity, &level->within, keys & identity->known);
}

static size_t item_count(struct top_view *view)
{
	return top_view_level(view)->kind == TOP_RECORDS ? view->record_count : view->row_count;
}

static const struct flow_row *row_at(const struct top_view *view, size_t index)
{
	return view->rows[index];
}

static void cursor_set(struct top_view *view, size_t cursor)
{
	struct top_level *level = top_view_level(view);
	size_t count = item_count(view);

	level->cursor = cursor < count ? cursor : count ? count - 1 : 0;
	level->has_selected = level->kind != TOP_RECORDS && count;
	if (level->has_selected)
		level->selected = row_at(view, level->cursor)->identity;
}

void top_view_follow(struct top_view *view)
{
	struct top_level *level = top_view_level(view);
	size_t at = level->cursor;

	/* At the top it stays at the top: there the news is. */
	if (level->has_selected && level->cursor && level->kind != TOP_RECORDS)
		for (size_t i = 0; i < view->row_count; i++)
			if (!memcmp(&row_at(view, i)->identity, &level->selected,
				    sizeof(level->selected))) {
				at = i;
				break;
			}
	cursor_set(view, at);
}

static enum top_wish level_open(struct top_view *view)
{
	struct top_level *level = top_view_level(view), *next = level + 1;
	const struct flow_row *row;

	if (view->depth + 1 == TOP_LEVELS_MAX || level->kind == TOP_RECORDS ||
	    level->cursor >= view->row_count)
		return TOP_WISH_NOTHING;
	row = view->rows[level->cursor];
	if (row->is_rest)
		return TOP_WISH_NOTHING;
	memset(next, 0, sizeof(*next));
	next->within = row->identity;
	next->within_keys = level->within_keys | level->by;
	next->sort = level->sort;
	if (level->kind == TOP_CONNECTIONS) {
		next->kind = TOP_RECORDS;
		next->within_keys = FLOW_BY_CONNECTION;
	} else if ((level->by & FLOW_BY_CONVERSATION) == FLOW_BY_CONVERSATION) {
		next->kind = TOP_CONNECTIONS;
		next->by = FLOW_BY_CONNECTION;
		next->within_keys = FLOW_BY_CONVERSATION;
	} else {
		next->kind = TOP_GROUPS;
		next->by = next->within_keys | FLOW_BY_CONVERSATION;
	}
	view->depth++;
	return TOP_WISH_GROUP;
}

static enum top_wish level_close(struct top_view *view)
{
	if (!view->depth)
		return TOP_WISH_NOTHING;
	view->depth--;
	return TOP_WISH_GROUP;
}

static enum top_wish grouping_next(struct top_view *view, size_t step)
{
	struct top_level *level = top_view_level(view);
	size_t at = 0;

	if (view->depth || level->kind != TOP_GROUPS)
		return TOP_WISH_NOTHING;
	while (at < GROUPINGS && groupings[at] != level->by)
		at++;
	level->by = groupings[at < GROUPINGS ? (at + step) % GROUPINGS : 0];
	level->cursor = level->first = 0;
	level->has_selected = false;
	return TOP_WISH_GROUP;
}

static enum top_wish sort_next(struct top_view *view, int step)
{
	struct top_level *level = top_view_level(view);
	struct columns columns;
	int count, at = 0;

	if (level->kind == TOP_RECORDS)
		return TOP_WISH_NOTHING;
	flow_columns(&table_form_ops, level->by, &columns);
	count = (int)columns.count;
	while (at < count && columns.items[at].fields[0] != level->sort)
		at++;
	level->sort = columns.items[at < count ? (at + count + step) % count : 0].fields[0];
	level->cursor = 0;
	return TOP_WISH_ORDER;
}

static const char *field_name(size_t index)
{
	return index < FLOW_FIELD_COUNT ? flow_fields[index].name : NULL;
}

static enum top_wish edit_key(struct top_view *view, int key)
{
	switch (key) {
	case KEY_ESCAPE:
		view->is_editing = false;
		strbuf_reset(&view->candidates);
		return TOP_WISH_DRAW;
	case '\r':
	case '\n':
	case KEY_ENTER:
		return TOP_WISH_FILTER;
	case '\t':
		line_edit_complete(&view->line, field_name, &view->candidates);
		return TOP_WISH_DRAW;
	case KEY_LEFT:
		line_edit_key(&view->line, LINE_KEY_LEFT);
		return TOP_WISH_DRAW;
	case KEY_RIGHT:
		line_edit_key(&view->line, LINE_KEY_RIGHT);
		return TOP_WISH_DRAW;
	case KEY_HOME:
	case KEY_CONTROL('a'):
		line_edit_key(&view->line, LINE_KEY_HOME);
		return TOP_WISH_DRAW;
	case KEY_END:
	case KEY_CONTROL('e'):
		line_edit_key(&view->line, LINE_KEY_END);
		return TOP_WISH_DRAW;
	case KEY_BACKSPACE:
	case 0x7f:
	case KEY_CONTROL('h'):
		line_edit_key(&view->line, LINE_KEY_BACKSPACE);
		return TOP_WISH_DRAW;
	case KEY_DC:
		line_edit_key(&view->line, LINE_KEY_DELETE);
		return TOP_WISH_DRAW;
	case KEY_CONTROL('u'):
		line_edit_key(&view->line, LINE_KEY_KILL);
		return TOP_WISH_DRAW;
	}
	if (key < 0x100)
		line_edit_insert(&view->line, (char)key);
	return TOP_WISH_DRAW;
}

static enum top_wish move_key(struct top_view *view, int key)
{
	size_t cursor = top_view_level(view)->cursor, count = item_count(view);
	size_t page = LINES > 12 ? LINES - 10 : 2;

	switch (key) {
	case KEY_UP:
	case 'k':
		cursor -= cursor > 0;
		break;
	case KEY_DOWN:
	case 'j':
		cursor++;
		break;
	case KEY_PPAGE:
		cursor = cursor > page ? cursor - page : 0;
		break;
	case KEY_NPAGE:
		cursor += page;
		break;
	case KEY_HOME:
	case 'g':
		cursor = 0;
		break;
	case KEY_END:
	case 'G':
		cursor = count;
		break;
	default:
		return TOP_WISH_NOTHING;
	}
	cursor_set(view, cursor);
	return TOP_WISH_DRAW;
}

enum top_wish top_view_key(struct top_view *view, int key)
{
	if (view->shows_help) {
		view->shows_help = false;
		return key == 'q' ? TOP_WISH_QUIT : TOP_WISH_DRAW;
	}
	if (view->is_editing)
		return edit_key(view, key);
	view->sentence[0] = '\0';
	switch (key) {
	case 'q':
		return TOP_WISH_QUIT;
	case '?':
	case 'h':
	case KEY_F(1):
		view->shows_help = true;
		return TOP_WISH_DRAW;
	case '\r':
	case '\n':
	case KEY_ENTER:
	case KEY_RIGHT:
		return level_open(view);
	case KEY_ESCAPE:
	case KEY_BACKSPACE:
	case 0x7f:
	case KEY_CONTROL('h'):
	case KEY_LEFT:
		return level_close(view);
	case '/':
	case 'f':
		line_edit_set(&view->line, view->filter);
		view->is_editing = true;
		return TOP_WISH_DRAW;
	case ' ':
	case 'p':
		view->is_frozen = !view->is_frozen;
		return view->is_frozen ? TOP_WISH_DRAW : TOP_WISH_ORDER;
	case 'u':
		view->unit = (view->unit + 1) % TOP_UNIT_COUNT;
		return TOP_WISH_ORDER;
	case 'b':
		return grouping_next(view, 1);
	case 'B':
		return grouping_next(view, GROUPINGS - 1);
	case 's':
	case '>':
		return sort_next(view, 1);
	case 'S':
	case '<':
		return sort_next(view, -1);
	case KEY_CONTROL('l'):
		clearok(stdscr, TRUE);
		return TOP_WISH_DRAW;
	}
	return move_key(view, key);
}

int top_read_key(void)
{
	return getch();
}
