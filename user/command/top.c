// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `closetrace top`: the counts as a live screen. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/event_loop.h"
#include "user/base/json_text.h"
#include "user/base/log.h"
#include "user/command/command.h"
#include "user/command/flows_options.h"
#include "user/command/top_records.h"
#include "user/engine/live_counts.h"
#include "user/filter/filter.h"
#include "user/render/flow_columns.h"
#include "user/tui/terminal.h"
#include "user/tui/top_view.h"

/**
 * @rows   As the engine gave them, less those that are not shown; @ordered points into them.
 * @last   The totals of the last interval: the bars show what came since.
 */
struct top {
	const struct top_options *options;
	struct engine *engine;
	struct live_counts *counts;
	struct filter *filter; /* NULL = every row */
	struct top_records *records;
	struct top_view view;
	struct flow_row *rows;
	const void **ordered;
	struct flow_row last;
};

static void top_release(struct top *top)
{
	terminal_close();
	engine_free(&top->engine);
	live_counts_free(&top->counts);
	filter_free(&top->filter);
	top_records_free(&top->records);
	top_view_release(&top->view);
	free(top->rows);
	free(top->ordered);
}

static void top_take_ending(void *data, const struct closed_connection *c)
{
	const struct top *top = data;

	top_records_add(top->records, c);
}

/* -- what is shown --------------------------------------------------------------------------- */
static int top_choose(struct top *top, size_t count)
{
	const struct top_level *level = top_view_level(&top->view);
	size_t kept = 0;
	int err;

	for (size_t i = 0; i < count; i++) {
		const struct flow_row *row = &top->rows[i];

		if (level->within_keys && (row->is_rest || !top_level_holds(level, &row->identity)))
			continue;
		if (!top->filter || filter_matches(top->filter, row, NULL))
			top->rows[kept++] = *row;
	}
	err = rows_order(&flow_row_type, level->sort, top->rows, sizeof(*top->rows), kept,
			 &top->ordered);
	if (err)
		return log_error(err, "not enough memory for the rows");
	top->view.rows = top->ordered;
	top->view.row_count = kept;
	return 0;
}

/* Rows of the last poll. Records are at hand without one. */
static int top_fill(struct top *top)
{
	struct top_level *level = top_view_level(&top->view);
	size_t count;
	int err;

	if (level->kind == TOP_RECORDS) {
		top->view.records =
			top_records_of(top->records, &level->within, &top->view.record_count);
	} else {
		err = live_counts_rows(
			top->counts, level->kind == TOP_GROUPS && top->view.unit != TOP_SINCE_START,
			&top->rows, &count);
		if (!err)
			err = top_choose(top, count);
		if (err)
			return err;
	}
	top_view_follow(&top->view);
	return 0;
}

static void top_draw(struct top *top)
{
	if (!top->view.sentence[0])
		terminal_last_message(top->view.sentence, sizeof(top->view.sentence));
	live_counts_conversations(top->counts, &top->view.conversations,
				  &top->view.conversations_most);
	top_view_draw(&top->view);
}

/* Thousandths per second of what has come since `before`. */
static uint64_t rate_of(const struct flow_row *now, const struct flow_row *before,
			enum tally_count count)
{
	uint64_t elapsed_ns = now->elapsed_ns - before->elapsed_ns;
	uint64_t gained = now->counts[count] - before->counts[count];

	return elapsed_ns ? (uint64_t)((unsigned __int128)gained * 1000 * CLOCK_NS_PER_SECOND /
				       elapsed_ns) :
			    0;
}

static void top_add_history(struct top *top)
{
	struct flow_row now;
	struct history *series = top->view.series;
	uint64_t rst, opened;

	live_counts_totals(top->counts, &now);
	rst = now.counts[TALLY_RST_CLT] + now.counts[TALLY_RST_SRV] -
	      top->last.counts[TALLY_RST_CLT] - top->last.counts[TALLY_RST_SRV];
	opened = now.counts[TALLY_OPENED] - top->last.counts[TALLY_OPENED];
	history_add(&series[TOP_SERIES_RST_CLT], rate_of(&now, &top->last, TALLY_RST_CLT));
	history_add(&series[TOP_SERIES_RST_SRV], rate_of(&now, &top->last, TALLY_RST_SRV));
	history_add(&series[TOP_SERIES_FIN_CLT], rate_of(&now, &top->last, TALLY_FIN_CLT));
	history_add(&series[TOP_SERIES_FIN_SRV], rate_of(&now, &top->last, TALLY_FIN_SRV));
	history_add(&series[TOP_SERIES_RST_PER_CONNECTION], opened ? rst * 1000 / opened : 0);
	top->last = now;
}

static int top_refresh(struct top *top)
{
	int err = live_counts_poll(top->counts);

	if (!err)
		err = top_fill(top);
	if (err)
		return err;
	live_counts_totals(top->counts, &top->view.totals);
	return 0;
}

static void top_recall(void *data, const struct closed_connection *c)
{
	const struct top *top = data;

	live_counts_recall(top->counts, c);
}

/* Other groups begin with all that was counted; an interval begins now. */
static int top_regroup(struct top *top)
{
	struct top_level *level = top_view_level(&top->view);
	size_t count;
	int err;

	if (level->kind == TOP_RECORDS)
		return top_fill(top);
	err = live_counts_group(top->counts, level->by);
	if (err)
		return log_error(err, "not enough memory for the groups");
	if (level->kind == TOP_CONNECTIONS)
		top_records_each(top->records, top_recall, top);
	if (level->kind == TOP_GROUPS && top->view.unit != TOP_SINCE_START) {
		err = live_counts_poll(top->counts);
		if (!err)
			err = live_counts_rows(top->counts, true, &top->rows, &count);
		if (err)
			return err;
	}
	return top_refresh(top);
}

/* -- keys ------------------------------------------------------------------------------------ */
static void top_set_filter(struct top *top)
{
	_cleanup_(filter_free) struct filter *filter = NULL;
	struct top_view *view = &top->view;
	struct filter_error error = {};
	int err = 0;

	if (view->line.len)
		err = filter_parse(view->line.text, &flow_row_type, &filter, &error);
	if (err) {
		_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

		strbuf_appendf(&text, "column %zu: ", error.column);
		text_append_escaped(&text, error.sentence, strlen(error.sentence));
		snprintf(view->sentence, sizeof(view->sentence), "%s",
			 err == -EINVAL && !text.failed ? text.data : "not enough memory");
		strbuf_reset(&view->candidates);
		return;
	}
	filter_free(&top->filter);
	top->filter = TAKE_PTR(filter);
	snprintf(view->filter, sizeof(view->filter), "%s", view->line.text);
	view->is_editing = false;
	view->sentence[0] = '\0';
	strbuf_reset(&view->candidates);
}

static int top_do(struct top *top, enum top_wish wish)
{
	switch (wish) {
	case TOP_WISH_QUIT:
		event_loop_stop(engine_loop(top->engine), 0);
		return 0;
	case TOP_WISH_FILTER:
		top_set_filter(top);
		return top->view.is_editing ? 0 : top_refresh(top);
	case TOP_WISH_GROUP:
		return top_regroup(top);
	case TOP_WISH_ORDER:
		return top_refresh(top);
	default:
		return 0;
	}
}

static int on_keys(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct top *top = data;
	int key, err = 0;

	(void)fd;
	/* The terminal has gone: so does what it showed. */
	if (events & (EPOLLHUP | EPOLLERR)) {
		event_loop_stop(loop, 0);
		return 0;
	}
	while (!err && (key = top_read_key()) >= 0)
		err = top_do(top, top_view_key(&top->view, key));
	if (!err)
		top_draw(top);
	return err;
}

static int on_interval(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct top *top = data;
	int err;

	(void)loop;
	(void)fd;
	(void)events;
	if (top->view.is_frozen)
		return 0;
	err = top_refresh(top);
	if (err)
		return err;
	top_add_history(top);
	top_draw(top);
	return 0;
}

static int on_resize(struct event_loop *loop, int fd, uint32_t signal, void *data)
{
	struct top *top = data;

	(void)loop;
	(void)fd;
	(void)signal;
	terminal_resize();
	top_draw(top);
	return 0;
}

/* -- life ------------------------------------------------------------------------------------ */
static int top_open_engine(struct top *top)
{
	const struct top_options *options = top->options;
	struct engine_options engine = {
		.zones_path = options->filter.zones_path,
		.with_zones = true,
		.with_habit = true,
		.show_all = true,
	};
	struct live_counts_options counts = {
		.tracer = options->source.tracer,
		.by = options->counts.by,
		.max_conversations = options->counts.max_conversations,
		.keep_endings = true,
	};
	int err = engine_new(&engine, &top->engine);

	return err ? err :
		     live_counts_open(&counts, top->engine, top_take_ending, top, &top->counts);
}

static int top_open(struct top *top)
{
	static const int resize = SIGWINCH;
	const struct top_options *options = top->options;
	struct event_loop *loop;
	int err;

	err = filter_options_parse(&options->filter, &flow_row_type, &top->filter);
	if (err)
		return err;
	if (options->filter.count)
		snprintf(top->view.filter, sizeof(top->view.filter), "%s",
			 options->filter.texts[options->filter.count - 1]);
	if (top_records_new(&top->records))
		return log_error(-ENOMEM, "not enough memory");
	err = top_open_engine(top);
	if (err)
		return err;
	loop = engine_loop(top->engine);
	err = event_loop_add_signals(loop, &resize, 1, on_resize, top);
	if (err >= 0)
		err = event_loop_add_timer(loop, options->counts.interval_ns, on_interval, top);
	if (err >= 0)
		err = event_loop_add_fd(loop, STDIN_FILENO, EPOLLIN, on_keys, top);
	return err < 0 ? log_error(err, "cannot watch the keyboard: %s", strerror(-err)) : 0;
}

static int top_run(struct top *top)
{
	int err;

	live_counts_drop_privilege(top->counts);
	err = terminal_open();
	if (err)
		return EXIT_RUNTIME;
	err = top_refresh(top);
	if (!err) {
		top_draw(top);
		err = engine_run(top->engine);
	}
	terminal_close();
	engine_stop(top->engine);
	live_counts_tell_losses(top->counts, top->engine);
	if (top_records_lost(top->records))
		log_warn("%" PRIu64 " records found no memory and were not shown",
			 top_records_lost(top->records));
	if (!err)
		return EXIT_OK;
	log_error(err, "top stopped: %s", strerror(-err));
	return EXIT_RUNTIME;
}

int top_command(const void *options)
{
	_cleanup_(top_release) struct top top = { .options = options };
	const struct count_options *counts = &top.options->counts;
	int err;

	top_view_init(&top.view, counts->by, (enum flow_field)counts->sort, counts->interval_ns);
	err = terminal_check();
	if (!err)
		err = top_open(&top);
	return err ? exit_code_of(err) : top_run(&top);
}
