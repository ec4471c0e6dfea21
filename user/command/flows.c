// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `closetrace flows`: counts per conversation or group, once per interval or once at the end. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/event_loop.h"
#include "user/base/log.h"
#include "user/command/command.h"
#include "user/command/flows_options.h"
#include "user/engine/live_counts.h"
#include "user/filter/filter.h"
#include "user/outlet/rows_outlet.h"
#include "user/render/flow_columns.h"

/**
 * @keys  FLOW_KEY() bits of the columns that are shown.
 */
struct flows {
	const struct flows_options *options;
	struct engine *engine;
	struct live_counts *counts;
	struct filter *filter; /* NULL = every row */
	struct outlet *tables[OUTPUT_REQUESTS_MAX]; /* of the engine: one for each --output */
	struct flow_row *rows;
	const void **shown; /* struct flow_row */
	uint32_t keys;
	struct columns columns; /* with --columns */
	bool has_columns;
};

static void flows_release(struct flows *flows)
{
	engine_free(&flows->engine);
	live_counts_free(&flows->counts);
	filter_free(&flows->filter);
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
static void flows_append_title(const struct flows *flows, struct strbuf *b)
{
	const struct flow_row *first = flows->shown[0];

	clock_append_local_hms(b, NULL, first->time_ns, false);
	strbuf_appendf(b, " %.1f s\n", (double)first->elapsed_ns / CLOCK_NS_PER_SECOND);
}

static void flows_write(const struct flows *flows, size_t count)
{
	_cleanup_(strbuf_release) struct strbuf title = STRBUF_INIT;

	if (count && !flows->options->once)
		flows_append_title(flows, &title);
	for (size_t i = 0; i < flows->options->output.request_count; i++)
		rows_outlet_write(flows->tables[i], title.failed ? NULL : title.data, flows->shown,
				  count);
}

static int flows_show(struct flows *flows)
{
	uint64_t begin_ns = clock_monotonic_ns();
	size_t count;
	int err;

	err = live_counts_poll(flows->counts);
	if (!err)
		err = live_counts_rows(flows->counts, !flows->options->once, &flows->rows, &count);
	if (!err)
		err = flows_choose(flows, count, &count);
	if (err)
		return err;
	log_debug("%zu rows, %" PRIu64 " us after the reading began", count,
		  (clock_monotonic_ns() - begin_ns) / CLOCK_NS_PER_US);
	flows_write(flows, count);
	return 0;
}

static int on_interval(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	(void)loop;
	(void)fd;
	(void)events;
	return flows_show(data);
}

static int flows_open_tables(struct flows *flows)
{
	const struct output_options *output = &flows->options->output;
	int err = 0;

	for (size_t i = 0; !err && i < output->request_count; i++) {
		struct columns columns = flows->columns;

		if (!flows->has_columns)
			flow_columns(output->requests[i].form, flows->keys, &columns);
		err = outlets_open_rows(engine_outlets(flows->engine), &output->requests[i],
					&flow_row_type, &columns, &flows->tables[i]);
	}
	return err;
}

/* A key that is not grouped by is null in every row: who asks for it means something else. */
static int flows_check_keys(const struct flows *flows)
{
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++) {
		enum flow_field field = flow_key_field(key);
		bool is_column = flows->has_columns && columns_have(&flows->columns, field);

		if (flows->keys & 1u << key ||
		    !(is_column || (flows->filter && filter_uses(flows->filter, field))))
			continue;
		return log_error(-EINVAL,
				 "%s asks for %s, which these rows do not have; add %s to --by",
				 is_column ? "--columns" : "--filter", flow_fields[field].name,
				 flow_key_makes_groups(key) ? flow_key_word(key) : "connection");
	}
	return 0;
}

static int flows_prepare(struct flows *flows)
{
	int err;

	flows->keys = flows->options->counts.by;
	if (flows->keys == FLOW_BY_CONNECTION)
		flows->keys |= FLOW_KEY(COMM) | FLOW_KEY(VERDICT);
	err = output_options_columns(&flows->options->output, &flow_row_type, &flows->columns);
	if (err < 0)
		return err;
	flows->has_columns = err;
	err = filter_options_parse(&flows->options->filter, &flow_row_type, &flows->filter);
	if (!err)
		err = flows_check_keys(flows);
	return err;
}

static void flows_say_ready(const struct flows *flows)
{
	_cleanup_(strbuf_release) struct strbuf watched = STRBUF_INIT;

	live_counts_append_watched(flows->counts, &watched);
	log_info("ready: counting the packets of %s; Ctrl-C stops",
		 watched.failed ? "some interfaces" : watched.data);
}

static int flows_run(struct flows *flows)
{
	int err = 0, outlets_err;

	live_counts_drop_privilege(flows->counts);
	flows_say_ready(flows);
	if (!flows->options->once)
		err = event_loop_add_timer(engine_loop(flows->engine),
					   flows->options->counts.interval_ns, on_interval, flows);
	if (err >= 0)
		err = engine_run(flows->engine);
	engine_stop(flows->engine);
	if (!err)
		err = flows_show(flows);
	outlets_err = engine_drain(flows->engine);
	live_counts_tell_losses(flows->counts, flows->engine);
	if (err)
		log_error(err, "flows stopped: %s", strerror(-err));
	return err || outlets_err ? EXIT_RUNTIME : EXIT_OK;
}

static int flows_open(struct flows *flows)
{
	const struct flows_options *options = flows->options;
	struct engine_options engine = {
		.outlets = { .queue_bytes = options->output.queue_bytes,
			     .color = options->output.color,
			     .parts = options->output.request_count },
		.zones_path = options->filter.zones_path,
		.with_zones = true,
		.with_habit = true,
		.show_all = true,
		.duration_ns = options->output.duration_ns,
	};
	struct live_counts_options counts = {
		.tracer = options->source.tracer,
		.by = options->counts.by,
		.max_conversations = options->counts.max_conversations,
	};
	int err;

	if (options->once && !engine.duration_ns)
		engine.duration_ns = options->counts.interval_ns;
	err = engine_new(&engine, &flows->engine);
	if (!err)
		err = flows_open_tables(flows);
	return err ? err : live_counts_open(&counts, flows->engine, NULL, NULL, &flows->counts);
}

int flows_command(const void *options)
{
	_cleanup_(flows_release) struct flows flows = { .options = options };
	int err;

	err = flows_prepare(&flows);
	if (!err)
		err = flows_open(&flows);
	return err ? exit_code_of(err) : flows_run(&flows);
}
