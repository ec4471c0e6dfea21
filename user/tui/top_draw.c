// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How top_view.h looks: totals and bars above, the table, one line of help or input below. */
#include <curses.h>
#include <inttypes.h>
#include <string.h>

#include "user/base/clock.h"
#include "user/base/json_text.h"
#include "user/render/flow_columns.h"
#include "user/model/text_cells.h"
#include "user/tui/terminal.h"
#include "user/tui/top_view.h"

#define TABLE_LINE 6
#define CELL_GAP 1
#define WITHIN_CELLS_MAX 40
#define LABEL_CELLS 15 /* "RST>   1,234.5/s" */

static const char *const unit_words[TOP_UNIT_COUNT] = { "total", "interval", "per second" };

static void put(int line, int column, enum terminal_style style, const struct strbuf *text)
{
	if (!text->failed)
		terminal_put(line, column, style, text->data, (int)text->len);
}

static void put_text(int line, int column, enum terminal_style style, const char *text)
{
	terminal_put(line, column, style, text, (int)strlen(text));
}

static void append_by(struct strbuf *b, const struct top_level *level)
{
	bool is_first = true;

	if (level->kind == TOP_RECORDS) {
		strbuf_append_str(b, "last records");
		return;
	}
	if (level->kind == TOP_CONNECTIONS) {
		strbuf_append_str(b, "by connection");
		return;
	}
	strbuf_append_str(b, "by ");
	if ((level->by & ~level->within_keys) == (FLOW_BY_CONVERSATION & ~level->within_keys)) {
		strbuf_append_str(b, "conversation");
		return;
	}
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++) {
		if (!(level->by & 1u << key))
			continue;
		if (!is_first)
			strbuf_append_char(b, ',');
		strbuf_append_str(b, flow_key_word(key));
		is_first = false;
	}
}

/* `client 10.0.0.1 server 10.0.0.2`: what was opened on the way. */
static void append_within(struct strbuf *b, const struct top_level *level)
{
	struct flow_row row = { .identity = level->within };
	struct column column = { .field_count = 1, .cells_max = WITHIN_CELLS_MAX };
	struct cell_maker maker = {};

	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++) {
		if (!(level->within_keys & 1u << key) || key == FLOW_KEY_NETNS)
			continue;
		strbuf_append_char(b, ' ');
		strbuf_append_str(b, flow_key_word(key));
		strbuf_append_char(b, ' ');
		column.fields[0] = flow_key_field(key);
		column_append_cell(b, &flow_row_type, &column, &maker, &row);
	}
}

static void draw_title(struct top_view *view, struct strbuf *b)
{
	struct top_level *level = top_view_level(view);

	strbuf_reset(b);
	strbuf_append_str(b, "closetrace top  ");
	clock_append_local_hms(b, NULL, view->totals.time_ns, false);
	strbuf_append_str(b, "  ");
	if (view->is_frozen)
		strbuf_append_str(b, "FROZEN  ");
	if (level->kind == TOP_GROUPS)
		strbuf_appendf(b, "%s ", unit_words[view->unit]);
	append_by(b, level);
	append_within(b, level);
	put(0, 0, TERMINAL_TITLE, b);
}

static void draw_totals(struct top_view *view, struct strbuf *b)
{
	const uint64_t *counts = view->totals.counts;

	strbuf_reset(b);
	strbuf_append_str(b, "connections ");
	strbuf_append_u64_grouped(b, counts[TALLY_OPENED]);
	strbuf_append_str(b, "  handshakes ");
	strbuf_append_u64_grouped(b, counts[TALLY_CT]);
	strbuf_append_str(b, "  FIN ");
	strbuf_append_u64_grouped(b, counts[TALLY_FIN_CLT] + counts[TALLY_FIN_SRV]);
	strbuf_append_str(b, "  RST ");
	strbuf_append_u64_grouped(b, counts[TALLY_RST_CLT] + counts[TALLY_RST_SRV]);
	strbuf_append_str(b, "  conversations ");
	strbuf_append_u64_grouped(b, view->conversations);
	put(1, 0, TERMINAL_PLAIN, b);
}

static void draw_series(struct top_view *view, struct strbuf *b, int line, int column, int cells,
			const char *label, enum top_series series, bool is_rate)
{
	uint64_t last = 0;
	int left;

	history_get(&view->series[series], 0, &last);
	strbuf_reset(b);
	strbuf_append_str(b, label);
	strbuf_append_char(b, ' ');
	if (is_rate) {
		strbuf_append_u64_grouped(b, last / 1000);
		strbuf_appendf(b, ".%u/s", (unsigned int)(last / 100 % 10));
	} else {
		strbuf_appendf(b, "%" PRIu64 ".%02u", last / 1000, (unsigned int)(last / 10 % 100));
	}
	put(line, column, TERMINAL_PLAIN, b);
	left = cells - LABEL_CELLS - 1;
	if (left < 1)
		return;
	strbuf_reset(b);
	sparkline_append(b, &view->series[series], left, terminal_is_unicode());
	put(line, column + LABEL_CELLS, TERMINAL_FAINT, b);
}

static void draw_bars(struct top_view *view, struct strbuf *b)
{
	int half = COLS / 2;

	draw_series(view, b, 2, 0, half, "RST>", TOP_SERIES_RST_CLT, true);
	draw_series(view, b, 2, half, COLS - half, "<RST", TOP_SERIES_RST_SRV, true);
	draw_series(view, b, 3, 0, half, "FIN>", TOP_SERIES_FIN_CLT, true);
	draw_series(view, b, 3, half, COLS - half, "<FIN", TOP_SERIES_FIN_SRV, true);
	draw_series(view, b, 4, 0, COLS, "RST/conn", TOP_SERIES_RST_PER_CONNECTION, false);
}

/* A row as its units say it. */
static void append_value(struct strbuf *b, const struct top_view *view, const struct flow_row *row,
			 const struct column *column)
{
	struct cell_maker maker = {};
	struct field_value value;

	uint8_t field = column->fields[0];

	if (view->unit != TOP_PER_SECOND || flow_fields[field].type != FIELD_U64 ||
	    flow_field_is_key(field) || row->by == FLOW_BY_CONNECTION || !row->elapsed_ns ||
	    !flow_row_get(row, field, NULL, &value)) {
		column_append_cell(b, &flow_row_type, column, &maker, row);
		return;
	}
	strbuf_appendf(b, "%.1f",
		       (double)value.number * CLOCK_NS_PER_SECOND / (double)row->elapsed_ns);
}

static bool is_alarm(const struct flow_row *row, enum flow_field field)
{
	struct field_value value;

	return (field == FLOW_FIELD_rst_count_clt || field == FLOW_FIELD_rst_count_srv) &&
	       flow_row_get(row, field, NULL, &value) && value.number;
}

struct table {
	struct columns columns;
	int widths[COLUMNS_MAX];
};

/* Columns that every row has the same are above already. */
static void table_choose(struct table *table, const struct top_level *level)
{
	uint32_t by = level->by & ~(level->within_keys | FLOW_KEY(NETNS));

	if (level->kind == TOP_CONNECTIONS)
		by |= FLOW_KEY(COMM) | FLOW_KEY(VERDICT);
	flow_columns(&table_form_ops, by, &table->columns);
}

static void table_measure(struct table *table, struct top_view *view, size_t first, size_t lines,
			  struct strbuf *b)
{
	for (size_t i = 0; i < table->columns.count; i++) {
		table->widths[i] = (int)strlen(table->columns.items[i].title);
		for (size_t n = first; n < view->row_count && n < first + lines; n++) {
			int cells;

			strbuf_reset(b);
			append_value(b, view, view->rows[n], &table->columns.items[i]);
			cells = (int)text_cells(b->data, b->len);
			if (cells > table->widths[i])
				table->widths[i] = cells;
		}
	}
}

static void draw_row(const struct table *table, struct top_view *view, int line,
		     const struct flow_row *row, bool is_selected, struct strbuf *b)
{
	enum terminal_style style = is_selected ? TERMINAL_SELECTED : TERMINAL_PLAIN;
	int column = 0;

	if (is_selected)
		terminal_fill(line, 0, style);
	for (size_t i = 0; i < table->columns.count; i++) {
		const struct column *c = &table->columns.items[i];
		int left;

		strbuf_reset(b);
		if (row)
			append_value(b, view, row, c);
		else
			strbuf_append_str(b, c->title);
		left = c->is_right ? table->widths[i] - (int)text_cells(b->data, b->len) : 0;
		if (!row)
			style = c->fields[0] == top_view_level(view)->sort ? TERMINAL_SELECTED :
									     TERMINAL_HEAD;
		else if (!is_selected)
			style = is_alarm(row, c->fields[0]) ? TERMINAL_ALARM : TERMINAL_PLAIN;
		put(line, column + left, style, b);
		column += table->widths[i] + CELL_GAP;
	}
}

/* The part of the list that is on the screen moves as little as it can. */
static void scroll_to(struct top_level *level, size_t lines)
{
	if (level->cursor < level->first)
		level->first = level->cursor;
	if (lines && level->cursor >= level->first + lines)
		level->first = level->cursor - lines + 1;
}

static void draw_table(struct top_view *view, struct strbuf *b)
{
	struct top_level *level = top_view_level(view);
	size_t lines = LINES - TABLE_LINE - 2;
	struct table table;

	scroll_to(level, lines);
	table_choose(&table, level);
	table_measure(&table, view, level->first, lines, b);
	draw_row(&table, view, TABLE_LINE, NULL, false, b);
	for (size_t i = 0; i < lines && level->first + i < view->row_count; i++)
		draw_row(&table, view, TABLE_LINE + 1 + (int)i, view->rows[level->first + i],
			 level->first + i == level->cursor, b);
	if (!view->row_count)
		put_text(TABLE_LINE + 1, 0, TERMINAL_FAINT,
			 view->filter[0] ? "no row that the filter takes" : "nothing yet");
}

/* Each record has a line, and the one that is selected its explanation below. */
static void draw_records(struct top_view *view)
{
	struct top_level *level = top_view_level(view);
	int line = TABLE_LINE, last = LINES - 2;
	size_t lines = last - line > 4 ? last - line - 4 : 1;

	scroll_to(level, lines);
	if (!view->record_count)
		put_text(line, 0, TERMINAL_FAINT, "no ending of it yet");
	for (size_t i = level->first; i < view->record_count && line < last; i++) {
		const struct top_record *record = &view->records[i];
		const char *text = record->explanation;
		size_t len = strlen(text);

		put_text(line++, 0, i == level->cursor ? TERMINAL_SELECTED : TERMINAL_PLAIN,
			 record->line);
		while (i == level->cursor && len && line < last) {
			size_t fits = text_cells_fit(text, len, COLS > 4 ? COLS - 4 : 1);

			if (!fits)
				break;
			if (fits < len)
				for (size_t cut = fits; cut > fits / 2; cut--)
					if (text[cut] == ' ') {
						fits = cut;
						break;
					}
			terminal_put(line++, 4, TERMINAL_PLAIN, text, (int)fits);
			fits += text[fits] == ' ';
			text += fits;
			len -= fits;
		}
	}
}

static void draw_bottom(struct top_view *view, struct strbuf *b)
{
	int line = LINES - 1;

	strbuf_reset(b);
	if (view->is_editing) {
		strbuf_append_str(b, "filter: ");
		text_append_escaped(b, view->line.text, view->line.len);
		put(line, 0, TERMINAL_PLAIN, b);
		if (view->candidates.len)
			terminal_put(line - 1, 0, TERMINAL_FAINT, view->candidates.data,
				     (int)view->candidates.len);
		else if (view->sentence[0])
			put_text(line - 1, 0, TERMINAL_ALARM, view->sentence);
		move(line, (int)text_cells(view->line.text, view->line.cursor) + 8);
		curs_set(1);
		return;
	}
	curs_set(0);
	if (view->sentence[0]) {
		put_text(line, 0, TERMINAL_ALARM, view->sentence);
		return;
	}
	if (view->filter[0]) {
		strbuf_append_str(b, "filter: ");
		text_append_escaped(b, view->filter, strlen(view->filter));
		put(line - 1, 0, TERMINAL_FAINT, b);
	}
	put_text(
		line, 0, TERMINAL_FAINT,
		"Enter open  Esc back  b group  s sort  / filter  u units  Space freeze  ? help  q "
		"quit");
}

static void draw_help(void)
{
	static const char *const lines[] = {
		"Up Down PgUp PgDn   move; Home End: first and last row",
		"Enter Right         open the row: conversations, connections, last records",
		"Esc Backspace Left  back",
		"b B                 group by: client, server, conversation, comm, container, ...",
		"s S  > <            sort by the next or the previous column",
		"/ f                 filter; Tab completes names of fields; empty = all rows",
		"u                   numbers since the start, per interval, per second",
		"Space p             freeze and go on",
		"Ctrl-L              draw anew",
		"q Ctrl-C            quit",
		"",
		"SYN> is sent by clients, <SYN by servers; CT: handshakes completed.",
		"Bars: the last minutes, one cell per interval, the newest at the right.",
		"Groups by comm, container, pod and verdict have the connections that ended.",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		put_text(2 + (int)i, 2, TERMINAL_PLAIN, lines[i]);
	put_text(0, 0, TERMINAL_TITLE, "closetrace top: help (any key goes back)");
}

void top_view_draw(struct top_view *view)
{
	struct strbuf b = STRBUF_INIT;

	erase();
	if (COLS < TERMINAL_COLUMNS_MIN || LINES < TERMINAL_LINES_MIN) {
		put_text(0, 0, TERMINAL_PLAIN, "This is too small.");
	} else if (view->shows_help) {
		draw_help();
	} else {
		draw_title(view, &b);
		draw_totals(view, &b);
		draw_bars(view, &b);
		if (top_view_level(view)->kind == TOP_RECORDS)
			draw_records(view);
		else
			draw_table(view, &b);
		draw_bottom(view, &b);
	}
	refresh();
	strbuf_release(&b);
}
