// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The parts of the screen that need no terminal. */
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/tui/line_edit.h"
#include "user/render/sparkline.h"
#include "user/tui/top_view.h"

static const char *bars_of(const struct history *history, size_t cells, bool unicode)
{
	static struct strbuf b;

	strbuf_reset(&b);
	sparkline_append(&b, history, cells, unicode);
	assert_false(b.failed);
	return b.data;
}

TEST(bars_are_relative_to_the_highest_that_is_seen)
{
	static struct history history;

	assert_string_equal(bars_of(&history, 3, false), "   ");
	history_add(&history, 100);
	history_add(&history, 0);
	history_add(&history, 1);
	history_add(&history, 7);
	assert_string_equal(bars_of(&history, 6, false), "  #.::");
	assert_string_equal(bars_of(&history, 3, false), ".:#");
	assert_string_equal(bars_of(&history, 3, true), "▁▂█");
	history_add(&history, UINT64_MAX);
	assert_string_equal(bars_of(&history, 3, false), "::#");
}

TEST(history_keeps_the_last_samples)
{
	static struct history history;
	uint64_t sample = 9;

	assert_false(history_get(&history, 0, &sample));
	assert_int_equal(sample, 9);
	for (uint64_t i = 0; i < HISTORY_SAMPLES + 3; i++)
		history_add(&history, i);
	assert_true(history_get(&history, 0, &sample));
	assert_int_equal(sample, HISTORY_SAMPLES + 2);
	assert_true(history_get(&history, HISTORY_SAMPLES - 1, &sample));
	assert_int_equal(sample, 3);
	assert_false(history_get(&history, HISTORY_SAMPLES, &sample));
}

static const char *name(size_t index)
{
	static const char *const names[] = { "rst_count", "rst_count_clt", "rst_rate", "comm",
					     NULL };
	return names[index];
}

static void type(struct line_edit *line, const char *text)
{
	while (*text)
		line_edit_insert(line, *text++);
}

TEST(a_line_is_edited_by_characters)
{
	struct line_edit line = {};

	type(&line, "a\tbö\x01"
		    "c\x7f");
	assert_string_equal(line.text, "aböc");
	line_edit_key(&line, LINE_KEY_LEFT);
	line_edit_key(&line, LINE_KEY_BACKSPACE);
	assert_string_equal(line.text, "abc");
	line_edit_key(&line, LINE_KEY_HOME);
	line_edit_key(&line, LINE_KEY_BACKSPACE);
	line_edit_key(&line, LINE_KEY_LEFT);
	line_edit_key(&line, LINE_KEY_DELETE);
	type(&line, "ü");
	assert_string_equal(line.text, "übc");
	line_edit_key(&line, LINE_KEY_KILL);
	assert_string_equal(line.text, "bc");
	line_edit_key(&line, LINE_KEY_END);
	line_edit_key(&line, LINE_KEY_DELETE);
	line_edit_key(&line, LINE_KEY_RIGHT);
	assert_string_equal(line.text, "bc");
	for (int i = 0; i < LINE_BYTES_MAX + 10; i++)
		line_edit_insert(&line, 'x');
	assert_int_equal(line.len, LINE_BYTES_MAX);
	assert_int_equal(strlen(line.text), LINE_BYTES_MAX);
}

TEST(names_are_completed_as_far_as_they_agree)
{
	_cleanup_(strbuf_release) struct strbuf candidates = STRBUF_INIT;
	struct line_edit line = {};

	line_edit_set(&line, "not (co");
	assert_true(line_edit_complete(&line, name, &candidates));
	assert_string_equal(line.text, "not (comm");
	assert_int_equal(candidates.len, 0);
	line_edit_set(&line, "r > 5");
	line.cursor = 1;
	assert_true(line_edit_complete(&line, name, &candidates));
	assert_string_equal(line.text, "rst_ > 5");
	assert_string_equal(candidates.data, "rst_count rst_count_clt rst_rate");
	line_edit_set(&line, "rst.c");
	assert_true(line_edit_complete(&line, name, &candidates));
	assert_string_equal(line.text, "rst.count");
	line_edit_set(&line, "zz");
	assert_false(line_edit_complete(&line, name, &candidates));
	assert_string_equal(line.text, "zz");
}

static struct flow_row row_of(uint8_t client, uint8_t server, uint16_t port, uint32_t by)
{
	struct flow_row row = { .by = by, .identity = { .known = by, .server_port = port } };

	row.identity.client[15] = client;
	row.identity.server[15] = server;
	return row;
}

#define ENTER '\r'
#define ESCAPE 27

TEST(enter_goes_down_to_the_records_and_escape_back)
{
	struct flow_row client = row_of(1, 0, 0, FLOW_KEY(CLIENT));
	struct flow_row conversation = row_of(1, 2, 80, FLOW_BY_CONVERSATION);
	struct flow_row other = row_of(3, 2, 80, FLOW_BY_CONVERSATION);
	struct flow_row connection = row_of(1, 2, 80, FLOW_BY_CONNECTION);
	const void *rows[1];
	struct top_view view;

	top_view_init(&view, FLOW_KEY(CLIENT), FLOW_FIELD_rst_count, 1000);
	view.rows = rows;
	assert_int_equal(top_view_key(&view, ENTER), TOP_WISH_NOTHING); /* no row */
	view.row_count = 1;
	rows[0] = &client;
	assert_int_equal(top_view_key(&view, ENTER), TOP_WISH_GROUP);
	assert_int_equal(top_view_level(&view)->by, FLOW_BY_CONVERSATION);
	assert_true(top_level_holds(top_view_level(&view), &conversation.identity));
	assert_false(top_level_holds(top_view_level(&view), &other.identity));
	rows[0] = &conversation;
	assert_int_equal(top_view_key(&view, ENTER), TOP_WISH_GROUP);
	assert_int_equal(top_view_level(&view)->kind, TOP_CONNECTIONS);
	assert_true(top_level_holds(top_view_level(&view), &connection.identity));
	rows[0] = &connection;
	assert_int_equal(top_view_key(&view, ENTER), TOP_WISH_GROUP);
	assert_int_equal(top_view_level(&view)->kind, TOP_RECORDS);
	assert_int_equal(top_view_key(&view, ENTER), TOP_WISH_NOTHING);
	for (int i = 0; i < 3; i++)
		assert_int_equal(top_view_key(&view, ESCAPE), TOP_WISH_GROUP);
	assert_int_equal(top_view_key(&view, ESCAPE), TOP_WISH_NOTHING);
	assert_int_equal(top_view_level(&view)->by, FLOW_KEY(CLIENT));
	top_view_release(&view);
}

TEST(the_cursor_stays_on_its_row_when_the_order_changes)
{
	struct flow_row a = row_of(1, 0, 0, FLOW_KEY(CLIENT)),
			b = row_of(2, 0, 0, FLOW_KEY(CLIENT)),
			c = row_of(3, 0, 0, FLOW_KEY(CLIENT));
	const void *rows[3] = { &a, &b, &c };
	struct top_view view;

	top_view_init(&view, FLOW_KEY(CLIENT), FLOW_FIELD_rst_count, 1000);
	view.rows = rows;
	view.row_count = 3;
	top_view_follow(&view);
	top_view_key(&view, 'j');
	assert_int_equal(top_view_level(&view)->cursor, 1);
	rows[1] = &c;
	rows[2] = &b;
	top_view_follow(&view);
	assert_int_equal(top_view_level(&view)->cursor, 2);
	view.row_count = 1; /* b is gone */
	top_view_follow(&view);
	assert_int_equal(top_view_level(&view)->cursor, 0);
	view.row_count = 0;
	top_view_follow(&view);
	assert_int_equal(top_view_level(&view)->cursor, 0);
	top_view_release(&view);
}

TEST_MAIN()
