// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/model/names.h"
#include "user/model/text_cells.h"
#include "user/render/brief_screen.h"

static const struct brief_style styles[] = {
	{ .width = 20 }, { .width = 40 },  { .width = 60 },  { .width = 80 },
	{ .width = 81 }, { .width = 120 }, { .width = 180 }, { .width = 200, .unicode = true },
};

static struct brief brief_of(const struct closed_connection *c)
{
	struct brief brief;

	setenv("TZ", "UTC", 1);
	assert_int_equal(brief_from_connection(c, &brief), 0);
	return brief;
}

static struct brief sample_brief(void)
{
	struct closed_connection c = sample_connection();

	return brief_of(&c);
}

static size_t lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static size_t widest_line(const char *text)
{
	size_t widest = 0, len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (text_cells(text, len) > widest)
			widest = text_cells(text, len);
	}
	return widest;
}

/* All characters but blanks and newlines. */
static void letters_of(const char *text, size_t len, struct strbuf *ret)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != ' ' && text[i] != '\n')
			strbuf_append_char(ret, text[i]);
	strbuf_append_char(ret, '\0');
}

TEST(a_brief_is_never_cut_and_never_wider_than_the_terminal)
{
	struct closed_connection all[] = { sample_connection(), sample_connection_empty() };

	for (size_t n = 0; n < 2; n++) {
		struct brief brief = brief_of(&all[n]);
		_cleanup_(strbuf_release) struct strbuf wanted = STRBUF_INIT;

		letters_of(brief.sentence, strlen(brief.sentence), &wanted);
		for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
			_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT, got = STRBUF_INIT;
			struct clock_format_cache cache = {};
			size_t lines = brief_append_lines(&b, &brief, &styles[i], &cache);

			assert_int_equal(lines, lines_of(b.data));
			assert_in_range(widest_line(b.data), 10, styles[i].width);
			letters_of(b.data, b.len, &got);
			assert_non_null(strstr(got.data, wanted.data));
			assert_non_null(strstr(got.data, verdict_name(brief.verdict)));
		}
		brief_release(&brief);
	}
}

TEST(at_80_cells_who_and_where_stand_above_the_sentence)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct brief brief = sample_brief();
	struct brief_style style = { .width = 80 };
	struct clock_format_cache cache = {};

	brief_append_lines(&b, &brief, &style, &cache);
	assert_string_equal(
		b.data,
		"05:06:07 local_app_abort nginx[812]@web :443 > 10.0.0.5:45012 psql[4410]@db 1.2s\n"
		"         nginx-worker-16[813] closed with 4,312 bytes unread, so the kernel sent\n"
		"         RST (TCP_ABORT_ON_CLOSE); 22 bytes were not acknowledged; 21 bytes were\n"
		"         never sent\n");
	brief_release(&brief);
}

TEST(colour_and_unicode_only_where_they_are_wanted)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct brief brief = sample_brief();
	struct brief_style style = { .width = 80, .colour = true, .unicode = true };
	struct clock_format_cache cache = {};

	brief_append_lines(&b, &brief, &style, &cache);
	assert_non_null(strstr(b.data, "\033[31mlocal_app_abort\033[0m"));
	assert_non_null(strstr(b.data, "→ 10.0.0.5"));
	brief_release(&brief);
}

TEST(what_comes_from_outside_is_escaped)
{
	struct closed_connection c = sample_connection();
	struct brief brief;

	memcpy(c.record.owner.comm, "\033[2Jx\0", 6);
	memcpy(c.record.closer.comm, "\033[2Jx\0", 6);
	brief = brief_of(&c);
	assert_null(strchr(brief.process, '\033'));
	assert_null(strchr(brief.program, '\033'));
	assert_null(strchr(brief.sentence, '\033'));
	brief_release(&brief);
}

/* -- both ends ------------------------------------------------------------------------------- */
/* The client's end of the sample's connection. */
static struct closed_connection other_end_connection(uint32_t incident)
{
	struct closed_connection c = sample_connection();
	uint32_t local = c.record.local_isn;

	c.record.local_isn = c.record.peer_isn;
	c.record.peer_isn = local + incident;
	c.record.local_side = !c.record.local_side;
	c.client = CONNECTION_CLIENT_LOCAL;
	c.role = CONNECTION_ROLE_CLIENT;
	c.other_end = NULL;
	c.container = NULL;
	sample_set_task(&c.record.owner, 991, 0, "curl");
	c.record.evidence = (struct close_evidence){ .subject = SUBJECT_SOCKET };
	c.record.decision = (struct close_decision){ .verdict = CLOSE_PEER_RESET,
						     .initiator = CLOSE_BY_PEER,
						     .confidence = CLOSE_IS_PROVED };
	return c;
}

static struct brief server_end(uint32_t incident)
{
	struct closed_connection c = sample_connection();

	c.client = CONNECTION_CLIENT_PEER;
	c.record.evidence.unacked_bytes = c.record.evidence.unsent_bytes = 0;
	c.record.local_isn += incident;
	c.other_end = NULL;
	return brief_of(&c);
}

static struct brief client_end(uint32_t incident)
{
	struct closed_connection c = other_end_connection(incident);

	return brief_of(&c);
}

TEST(the_end_that_knows_more_speaks_whichever_comes_first)
{
	for (int swap = 0; swap < 2; swap++) {
		struct brief a = server_end(0), b = client_end(0);

		assert_true(brief_is_other_end(&a, &b));
		brief_join(swap ? &b : &a, swap ? &a : &b);
		if (swap)
			a = b;
		assert_int_equal(a.verdict, CLOSE_LOCAL_APP_ABORT);
		assert_string_equal(a.process, "nginx[812]@web");
		assert_string_equal(a.peer_process, "curl[991]");
		brief_release(&a);
	}
}

/* -- a terminal, as far as it is used --------------------------------------------------------- */
#define TERMINAL_ROWS 200

static char terminal[TERMINAL_ROWS][256];
static size_t cursor_row, cursor_column;

static void terminal_clear(void)
{
	memset(terminal, 0, sizeof(terminal));
	cursor_row = cursor_column = 0;
}

static void terminal_feed(struct strbuf *b)
{
	const char *at = b->data ? b->data : "", *end = at + b->len;

	while (at < end) {
		if (*at == '\n') {
			cursor_row++;
			cursor_column = 0;
			assert_true(cursor_row < TERMINAL_ROWS);
		} else if (*at == '\r') {
			cursor_column = 0;
		} else if (*at == '\033') {
			size_t n = strtoul(at + 2, (char **)&at, 10);

			if (*at == 'A') {
				assert_true(n <= cursor_row);
				cursor_row -= n;
			} else {
				assert_int_equal(*at, 'J');
				memset(terminal[cursor_row], 0,
				       sizeof(terminal) - cursor_row * sizeof(terminal[0]));
			}
		} else {
			terminal[cursor_row][cursor_column++] = *at;
		}
		at++;
	}
	strbuf_reset(b);
}

static size_t terminal_count(const char *needle)
{
	size_t count = 0;

	for (size_t i = 0; i < TERMINAL_ROWS; i++)
		count += strstr(terminal[i], needle) != NULL;
	return count;
}

static struct brief_screen *screen_of(bool rewrites)
{
	struct brief_screen_options options = {
		.style = { .width = 80 },
		.rows = 24,
		.rewrites = rewrites,
	};
	struct brief_screen *screen;

	terminal_clear();
	assert_int_equal(brief_screen_new(&options, &screen), 0);
	return screen;
}

TEST(both_ends_are_one_line_also_when_the_second_comes_later)
{
	for (int rewrites = 0; rewrites < 2; rewrites++) {
		_cleanup_(brief_screen_free) struct brief_screen *screen = screen_of(rewrites);
		_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
		struct brief client = client_end(0), server = server_end(0);

		brief_screen_add(screen, &client, 1);
		brief_screen_draw(screen, 1, &b);
		terminal_feed(&b);
		assert_int_equal(terminal_count("peer_reset"), rewrites);
		brief_screen_add(screen, &server, 50 * CLOCK_NS_PER_MS);
		brief_screen_draw(screen, CLOCK_NS_PER_SECOND, &b);
		terminal_feed(&b);
		assert_int_equal(terminal_count("peer_reset"), 0);
		assert_int_equal(terminal_count("local_app_abort nginx[812]@web :443 > "
						"10.0.0.5:45012 curl[991]"),
				 1);
	}
}

TEST(repeats_fold_into_their_line_and_keep_their_number)
{
	for (int rewrites = 0; rewrites < 2; rewrites++) {
		_cleanup_(brief_screen_free) struct brief_screen *screen = screen_of(rewrites);
		_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
		uint64_t now_ns = 1;

		for (uint32_t i = 0; i < 1070; i++, now_ns += CLOCK_NS_PER_MS / 4) {
			struct brief client = client_end(i), server = server_end(i);

			brief_screen_add(screen, i % 2 ? &client : &server, now_ns);
			brief_screen_add(screen, i % 2 ? &server : &client, now_ns);
			if (brief_screen_due_ns(screen) <= now_ns)
				brief_screen_draw(screen, now_ns, &b);
			terminal_feed(&b);
		}
		brief_screen_finish(screen, &b);
		terminal_feed(&b);
		assert_int_equal(terminal_count("peer_reset"), 0);
		assert_true(terminal_count("x1,070") >= 1);
		assert_int_equal(terminal_count("   1,070 local_app_abort"), 1);
		assert_true(cursor_row < 12);
		assert_int_equal(brief_screen_skipped(screen), 0);
	}
}

TEST(a_flood_of_different_endings_is_counted_where_it_is_not_drawn)
{
	_cleanup_(brief_screen_free) struct brief_screen *screen = screen_of(true);
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;

	for (uint32_t i = 0; i < 5000; i++) {
		struct brief brief = server_end(i);

		brief.alike = i;
		brief_screen_add(screen, &brief, 1);
	}
	brief_screen_draw(screen, 2, &b);
	assert_in_range(lines_of(b.data), 100, 400);
	strbuf_reset(&b);
	brief_screen_finish(screen, &b);
	assert_in_range(brief_screen_skipped(screen), 4800, 4950);
	assert_non_null(strstr(b.data, "of other kinds\n"));
	assert_in_range(lines_of(b.data), 10, BRIEF_SUMMARY_LINES + 4);
}

TEST(the_summary_has_what_hurt_most_first)
{
	_cleanup_(brief_summary_free) struct brief_summary *summary = NULL;
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct brief_style style = { .width = 200 };
	struct brief few = server_end(0), many = client_end(0), benign = client_end(1);

	assert_int_equal(brief_summary_new(&summary), 0);
	many.repeated = 30;
	benign.repeated = 900;
	benign.is_benign = true;
	benign.alike = 5;
	brief_summary_add(summary, &benign);
	brief_summary_add(summary, &few);
	brief_summary_add(summary, &many);
	brief_summary_append(&b, summary, &style);
	assert_true(strstr(b.data, "30 peer_reset") < strstr(b.data, "1 local_app_abort"));
	assert_true(strstr(b.data, "1 local_app_abort") < strstr(b.data, "900 peer_reset"));
	brief_release(&few);
	brief_release(&many);
	brief_release(&benign);
}

TEST_MAIN()
