// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `closetrace record`: abnormal endings and the counts of every minute into the database. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/event_loop.h"
#include "user/base/log.h"
#include "user/command/command.h"
#include "user/command/record_options.h"
#include "user/engine/live_counts.h"
#include "user/outlet/database_outlet.h"

/* How often it is asked whether a minute is over. */
#define LOOK_NS CLOCK_NS_PER_SECOND
#define CONVERSATIONS 131072

/* What conversations are told apart by, and what endings are. */
#define PACKETS_BY (FLOW_BY_CONVERSATION | FLOW_KEY(INTERFACE))
#define ENDINGS_BY                                                                                 \
	(FLOW_KEY(COMM) | FLOW_KEY(CONTAINER) | FLOW_KEY(POD) | FLOW_KEY(VERDICT) |                \
	 FLOW_KEY(SERVER_PORT) | FLOW_KEY(ZONE_CLIENT) | FLOW_KEY(ZONE_SERVER))

/**
 * @minute_ns  Wall time at which the minute that is being counted began.
 */
struct record {
	const struct record_options *options;
	struct engine *engine;
	struct live_counts *counts;
	struct flow_groups *endings;
	struct outlet *database; /* of the engine */
	struct flow_row *rows;
	uint64_t minute_ns;
};

static void record_release(struct record *record)
{
	engine_free(&record->engine);
	flow_groups_free(&record->endings);
	live_counts_free(&record->counts);
	free(record->rows);
}

static void on_ending(void *data, const struct closed_connection *c)
{
	struct record *record = data;

	if (record->endings)
		live_counts_add_ending(record->counts, c, record->endings);
}

/* -- a minute -------------------------------------------------------------------------------- */
static int record_offer(struct record *record, size_t count, uint32_t by, uint32_t seconds)
{
	struct store_writer *writer = database_outlet_writer(record->database);
	struct stored_counts *counts;
	int err;

	if (!count || !writer)
		return 0;
	err = stored_counts_of(record->rows, count, by, record->minute_ns, seconds,
			       record->options->max_rows, &counts);
	if (!err)
		store_writer_offer_counts(writer, counts);
	return err;
}

/* What was lost shows in the database, too. */
static void record_put_ledger(struct record *record)
{
	struct ledger ledger;

	if (!engine_fill_ledger(record->engine, &ledger))
		database_outlet_offer_ledger(record->database, &ledger);
}

static int record_minute(struct record *record, uint64_t now_ns)
{
	uint32_t seconds = (uint32_t)((now_ns - record->minute_ns + CLOCK_NS_PER_SECOND / 2) /
				      CLOCK_NS_PER_SECOND);
	size_t count;
	int err = live_counts_poll(record->counts);

	err = err ?: live_counts_rows(record->counts, true, &record->rows, &count);
	err = err ?: record_offer(record, count, PACKETS_BY, seconds);
	err = err ?: flow_groups_rows(record->endings, true, &record->rows, &count);
	err = err ?: record_offer(record, count, ENDINGS_BY, seconds);
	/* A minute without memory is lost, the recorder goes on. */
	if (err == -ENOMEM) {
		log_warn("not enough memory for the counts of a minute, which are lost");
		err = 0;
	}
	record_put_ledger(record);
	record->minute_ns = now_ns - now_ns % STORE_MINUTE_NS;
	return err;
}

static int on_look(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct record *record = data;
	uint64_t now_ns = clock_realtime_ns();

	(void)loop;
	(void)fd;
	(void)events;
	/* A clock that was set back begins a new minute, too. */
	if (now_ns / STORE_MINUTE_NS == record->minute_ns / STORE_MINUTE_NS)
		return 0;
	return record_minute(record, now_ns < record->minute_ns ? record->minute_ns : now_ns);
}

/* -- life ------------------------------------------------------------------------------------ */
static int record_open_database(struct record *record)
{
	struct utsname host = { 0 };
	struct store_writer_options options = {
		.path = record->options->path,
		.keep = { .age_ns = record->options->keep_ns,
			  .size_bytes = record->options->keep_bytes },
	};
	int err;

	uname(&host);
	options.run = (struct stored_run){
		.started_ns = clock_realtime_ns(),
		.host = host.nodename,
		.version = (char *)CLOSETRACE_VERSION,
		.kernel = host.release,
	};
	err = database_outlet_open(&options, &record->database);
	return err ? err : outlets_add(engine_outlets(record->engine), record->database);
}

static int record_open(struct record *record)
{
	const struct record_options *options = record->options;
	struct engine_options engine = {
		.outlets = { .parts = 1 },
		.zones_path = options->filter.zones_path,
		.with_zones = true,
		.with_habit = true,
		.show_all = true,
		.duration_ns = options->output.duration_ns,
	};
	struct live_counts_options counts = {
		.tracer = options->source.tracer,
		.by = PACKETS_BY,
		.max_conversations = CONVERSATIONS,
	};
	int err = engine_new(&engine, &record->engine);

	err = err ?: record_open_database(record);
	err = err ?: live_counts_open(&counts, record->engine, on_ending, record, &record->counts);
	if (!err && live_counts_new_groups(record->counts, ENDINGS_BY, &record->endings))
		err = log_error(-ENOMEM, "not enough memory");
	if (!err)
		store_writer_set_hz(database_outlet_writer(record->database),
				    engine_context(record->engine)->jiffies_hz);
	return err;
}

static void record_say_ready(const struct record *record)
{
	_cleanup_(strbuf_release) struct strbuf watched = STRBUF_INIT;

	live_counts_append_watched(record->counts, &watched);
	log_info("ready: recording to %s, with the packets of %s; Ctrl-C stops",
		 record->options->path, watched.failed ? "some interfaces" : watched.data);
}

static int record_run(struct record *record)
{
	int err, outlets_err;

	live_counts_drop_privilege(record->counts);
	record->minute_ns = clock_realtime_ns();
	record_say_ready(record);
	err = event_loop_add_timer(engine_loop(record->engine), LOOK_NS, on_look, record);
	if (err >= 0)
		err = engine_run(record->engine);
	engine_stop(record->engine);
	if (!err)
		err = record_minute(record, clock_realtime_ns());
	outlets_err = engine_drain(record->engine);
	engine_print_ledger(record->engine, record->options->common.debug);
	if (err)
		log_error(err, "record stopped: %s", strerror(-err));
	return err || outlets_err ? EXIT_RUNTIME : EXIT_OK;
}

int record_command(const void *options)
{
	_cleanup_(record_release) struct record record = { .options = options };
	int err = record_open(&record);

	return err ? exit_code_of(err) : record_run(&record);
}
