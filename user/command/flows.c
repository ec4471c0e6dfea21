// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `closetrace flows`: counts per conversation or group, once per interval or once at the end. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/event_loop.h"
#include "user/base/log.h"
#include "user/command/command.h"
#include "user/command/flow_engine.h"
#include "user/command/flows_options.h"
#include "user/filter/filter.h"
#include "user/render/flow_columns.h"
#include "user/sink/output.h"
#include "user/sink/sinks.h"

/**
 * @keys  FLOW_KEY() bits of the columns that are shown.
 */
struct flows {
	const struct flows_options *options;
	struct event_loop *loop;
	struct flow_engine *engine;
	struct filter *filter; /* NULL = every row */
	struct output output;
	struct flow_row *rows;
	const void **shown; /* struct flow_row */
	struct columns columns;
	struct form *form;
	uint32_t keys;
	bool has_table;
};

static void flows_release(struct flows *flows)
{
	flow_engine_free(&flows->engine);
	event_loop_free(&flows->loop);
	filter_free(&flows->filter);
	form_close(&flows->form);
	output_release(&flows->output);
	free(flows->rows);
	free(flows->shown);
}

/* What the filter takes, in order, the first ones: *ret_count of them in flows->shown. */
static int flows_choose(struct flows *flows, size_t count, size_t *ret_count)
{
	struct flow_row *rows = flows->rows;
	size_t kept = 0;
	int err;

	for (size_t i = 0; i < count; i++)
		if (!flows->filter || filter_matches(flows->filter, &rows[i], NULL))
			rows[kept++] = rows[i];
	err = rows_order(&flow_row_type, flows->options->counts.sort, rows, sizeof(*rows), kept,
			 &flows->shown);
	if (err)
		return log_error(err, "not enough memory for the rows");
	if (flows->options->counts.top && kept > flows->options->counts.top)
		kept = flows->options->counts.top;
	*ret_count = kept;
	return 0;
}

/* Tables are told apart by a line with their time; one table needs none. */
static void flows_append_title(struct flows *flows)
{
	const struct flow_row *first = flows->shown[0];
	struct strbuf *b = &flows->output.text;

	if (flows->options->once)
		return;
	if (flows->has_table)
		strbuf_append_char(b, '\n');
	clock_append_local_hms(b, NULL, first->time_ns, false);
	strbuf_appendf(b, " %.1f s\n", (double)first->elapsed_ns / CLOCK_NS_PER_SECOND);
}

/* For people each reading is a table of its own; for programs all of them are one. */
static void flows_append_rows(struct flows *flows, size_t count)
{
	const struct form_ops *ops = flows->form->ops;
	struct strbuf *b = &flows->output.text;

	if (ops->fit) {
		flows_append_title(flows);
		ops->fit(flows->form, flows->shown, count);
	}
	if (ops->head && (ops->fit || !flows->has_table))
		ops->head(flows->form, b);
	for (size_t i = 0; i < count; i++)
		form_append(flows->form, b, flows->shown[i]);
	flows->has_table = true;
}

static int flows_show(struct flows *flows)
{
	uint64_t begin_ns = clock_monotonic_ns();
	size_t count;
	int err;

	err = flow_engine_poll(flows->engine);
	if (!err)
		err = flow_engine_rows(flows->engine, !flows->options->once, &flows->rows, &count);
	if (!err)
		err = flows_choose(flows, count, &count);
	if (err)
		return err;
	log_debug("%zu rows, %" PRIu64 " us after the reading began", count,
		  (clock_monotonic_ns() - begin_ns) / CLOCK_NS_PER_US);
	output_begin(&flows->output);
	if (count)
		flows_append_rows(flows, count);
	err = output_end(&flows->output);
	return err ? err : output_flush(&flows->output);
}

static int on_interval(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	(void)loop;
	(void)fd;
	(void)events;
	return flows_show(data);
}

static int on_end(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	(void)fd;
	(void)events;
	(void)data;
	event_loop_stop(loop, 0);
	return 0;
}

static int flows_open_loop(struct flows *flows)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	int err;

	err = event_loop_new(&flows->loop);
	if (err >= 0)
		err = event_loop_add_signals(flows->loop, signals, 3, on_end, flows);
	return err < 0 ? log_error(err, "cannot prepare the event loop: %s", strerror(-err)) : 0;
}

/* The clock of --duration and --interval starts when everything is attached. */
static int flows_start_timers(struct flows *flows)
{
	const struct flows_options *options = flows->options;
	uint64_t end_ns = options->output.duration_ns;
	int err = 0;

	if (options->once && !end_ns)
		end_ns = options->counts.interval_ns;
	if (end_ns)
		err = event_loop_add_timer(flows->loop, end_ns, on_end, flows);
	if (err >= 0 && !options->once)
		err = event_loop_add_timer(flows->loop, options->counts.interval_ns, on_interval,
					   flows);
	return err < 0 ? log_error(err, "cannot make a timer: %s", strerror(-err)) : 0;
}

/* A key that is not grouped by is null in every row: who asks for it means something else. */
static int flows_check_keys(const struct flows *flows)
{
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++) {
		enum flow_field field = flow_key_field(key);
		bool is_column = columns_have(&flows->columns, field);

		if (flows->keys & 1u << key ||
		    !(is_column || (flows->filter && filter_uses(flows->filter, field))))
			continue;
		return log_error(-EINVAL,
				 "%s asks for %s, which these rows do not have; add %s to --by",
				 is_column ? "--columns" : "--filter", flow_fields[field].name,
				 key == FLOW_KEY_CLIENT_PORT ? "connection" : flow_key_word(key));
	}
	return 0;
}

static int flows_prepare(struct flows *flows)
{
	struct sink_options output = {
		.fd = STDOUT_FILENO,
		.file_name_for_messages = "stdout",
	};
	const struct form_ops *ops = output_options_stdout(&flows->options->output)->form;
	struct form_options form = form_options_of(STDOUT_FILENO);
	int err;

	output_init(&flows->output, &output);
	flows->keys = flows->options->counts.by;
	if (flows->keys == FLOW_BY_CONNECTION)
		flows->keys |= FLOW_KEY(COMM) | FLOW_KEY(VERDICT);
	err = output_options_columns(&flows->options->output, &flow_row_type, &flows->columns);
	if (err < 0)
		return err;
	if (!err)
		flow_columns(ops, flows->keys, &flows->columns);
	form.type = &flow_row_type;
	form.columns = &flows->columns;
	err = form_open(ops, &form, &flows->form);
	if (err)
		return log_error(err, "cannot prepare the output: %s", strerror(-err));
	err = filter_options_parse(&flows->options->filter, &flow_row_type, &flows->filter);
	return err ? err : flows_check_keys(flows);
}

static void flows_tell_losses(struct flows *flows)
{
	struct ledger ledger;

	if (flow_engine_ledger(flows->engine, &ledger))
		return;
	if (ledger.counters.counts[COUNTER_CLOSE_LOST])
		log_warn("%" PRIu64
			 " endings found the ring buffer full: they are missing by comm, "
			 "container, pod and verdict, and in no count of packets",
			 (uint64_t)ledger.counters.counts[COUNTER_CLOSE_LOST]);
	if (ledger.counters.counts[COUNTER_FLOW_INSERT_FAILED])
		log_warn("%" PRIu64 " packets found no room in the flow map and are not counted",
			 (uint64_t)ledger.counters.counts[COUNTER_FLOW_INSERT_FAILED]);
}

/* -EPIPE means that the reader has seen enough: no error. */
static int flows_run(struct flows *flows)
{
	_cleanup_(strbuf_release) struct strbuf watched = STRBUF_INIT;
	int err, last_err;

	flow_engine_drop_privilege(flows->engine);
	flow_engine_append_watched(flows->engine, &watched);
	log_info("ready: counting the packets of %s; Ctrl-C stops",
		 watched.failed ? "some interfaces" : watched.data);
	err = flows_start_timers(flows);
	if (!err)
		err = event_loop_run(flows->loop);
	if (!err)
		err = flow_engine_stop(flows->engine);
	last_err = err ? 0 : flows_show(flows);
	flows_tell_losses(flows);
	if (!err)
		err = last_err;
	if (!err || err == -EPIPE)
		return EXIT_OK;
	log_error(err, "cannot write to stdout: %s", strerror(-err));
	return EXIT_RUNTIME;
}

static int flows_open_engine(struct flows *flows)
{
	const struct flows_options *options = flows->options;
	struct flow_engine_options engine = {
		.tracer = options->source.tracer,
		.zones_path = options->filter.zones_path,
		.by = options->counts.by,
		.max_conversations = options->counts.max_conversations,
	};

	return flow_engine_new(&engine, flows->loop, NULL, NULL, &flows->engine);
}

int flows_command(const void *options)
{
	_cleanup_(flows_release) struct flows flows = { .options = options };
	int err;

	signal(SIGPIPE, SIG_IGN);
	err = flows_prepare(&flows);
	if (!err)
		err = flows_open_loop(&flows);
	if (!err)
		err = flows_open_engine(&flows);
	return err ? exit_code_of(err) : flows_run(&flows);
}
