// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/engine/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/count/reset_habit.h"
#include "user/kernel/host_timeouts.h"

/* The wall clock is slewed, and jumps after a sleep: ask it again. A step is told at once. */
#define CLOCK_INTERVAL_NS (10 * CLOCK_NS_PER_SECOND)

/* @judged_by_sample  Endings that a storm only counted, and that the filter did not see. */
struct engine {
	struct engine_options options;
	struct record_context context;
	char host[256];
	struct host_timeouts timeouts;
	struct event_loop *loop;
	int clock_fd;
	struct zones *zones;
	struct reset_habit *habit;
	struct strbuf scratch; /* the filter's */
	uint64_t judged_by_sample;
	struct outlets *outlets;
	struct pipeline *pipeline;
	struct source *source;
};

/* -- what the pipeline asks ------------------------------------------------------------------ */
static void engine_enrich(void *data, struct closed_connection *c)
{
	const struct engine *engine = data;

	if (engine->source->ops->enrich)
		engine->source->ops->enrich(engine->source, c);
	if (engine->zones) {
		c->zone_local = zones_lookup(engine->zones, connection_local_addr(c));
		c->zone_peer = zones_lookup(engine->zones, connection_peer_addr(c));
	}
	if (engine->habit)
		reset_habit_mark(engine->habit, c);
}

static bool engine_wants(void *data, const struct closed_connection *c)
{
	struct engine *engine = data;

	if (engine->source->ops->wants && !engine->source->ops->wants(engine->source, c))
		return false;
	if (!engine->options.filter)
		return true;
	if (engine->options.filters_here && c->first_wall_ns)
		engine->judged_by_sample += c->repeated;
	return filter_matches(engine->options.filter, c, &engine->scratch);
}

/* -- events ---------------------------------------------------------------------------------- */
/* Signals, and the end of the time. */
static int on_end(struct event_loop *loop, int fd, uint32_t what, void *data)
{
	(void)fd;
	(void)what;
	(void)data;
	event_loop_stop(loop, 0);
	return 0;
}

static int on_clock(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct engine *engine = data;

	(void)loop;
	(void)fd;
	(void)events;
	clock_map_refresh(&engine->context.clock);
	return 0;
}

static int on_clock_step(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	clock_take_step(fd);
	return on_clock(loop, fd, events, data);
}

static int on_outlets(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	const struct engine *engine = data;

	(void)fd;
	(void)events;
	if (outlets_check(engine->outlets))
		event_loop_stop(loop, 0);
	return 0;
}

static int on_tick(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	const struct engine *engine = data;

	(void)loop;
	(void)fd;
	(void)events;
	outlets_tick(engine->outlets);
	return 0;
}

/* -- life ------------------------------------------------------------------------------------ */
volatile sig_atomic_t engine_interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	engine_interrupted = 1;
	writer_interrupt();
}

static void engine_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	/* Without SA_RESTART: a read of a pipe ends, too. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int engine_open_loop(struct engine *engine)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	int err;

	/* A reader that goes away is an error of write(2), not a death. */
	signal(SIGPIPE, SIG_IGN);
	err = event_loop_new(&engine->loop);
	if (err >= 0)
		err = event_loop_add_signals(engine->loop, signals, 3, on_end, engine);
	if (err >= 0)
		err = event_loop_add_timer(engine->loop, CLOCK_INTERVAL_NS, on_clock, engine);
	engine->clock_fd = clock_follow_steps();
	if (err >= 0 && engine->clock_fd >= 0)
		err = event_loop_add_fd(engine->loop, engine->clock_fd, EPOLLIN, on_clock_step,
					engine);
	if (err >= 0)
		err = event_loop_add_fd(engine->loop, outlets_event_fd(engine->outlets), EPOLLIN,
					on_outlets, engine);
	return err < 0 ? log_error(err, "cannot prepare the event loop: %s", strerror(-err)) : 0;
}

static void engine_fill_context(struct engine *engine)
{
	gethostname(engine->host, sizeof(engine->host) - 1);
	engine->context.host = engine->host;
	host_timeouts_read("/proc/sys", &engine->timeouts);
	engine->context.timeouts = &engine->timeouts;
	clock_map_refresh(&engine->context.clock);
}

int engine_open_zones(struct engine *engine)
{
	const char *path = engine->options.zones_path;

	if (path && zones_load(path, &engine->zones))
		return -EINVAL;
	if (!path && engine->options.with_zones && zones_new(&engine->zones))
		return log_error(-ENOMEM, "not enough memory");
	return 0;
}

int engine_new(const struct engine_options *options, struct engine **ret)
{
	_cleanup_(engine_free) struct engine *engine = calloc(1, sizeof(*engine));
	int err;

	if (!engine)
		return log_error(-ENOMEM, "not enough memory");
	engine->clock_fd = -1;
	engine->options = *options;
	if (!options->outlets.source_waits) {
		engine_fill_context(engine);
		err = engine_open_zones(engine);
		if (err)
			return err;
	}
	if (options->with_habit && reset_habit_new(&engine->habit))
		return log_error(-ENOMEM, "not enough memory");
	err = outlets_new(&options->outlets, &engine->outlets);
	if (err)
		return log_error(err, "cannot prepare the output: %s", strerror(-err));
	if (options->outlets.source_waits)
		engine_catch_signals();
	else
		err = engine_open_loop(engine);
	if (err)
		return err;
	*ret = TAKE_PTR(engine);
	return 0;
}

void engine_free(struct engine **engine)
{
	struct engine *gone = *engine;

	if (!gone)
		return;
	outlets_free(&gone->outlets);
	source_close(&gone->source);
	pipeline_free(&gone->pipeline);
	event_loop_free(&gone->loop);
	if (gone->clock_fd >= 0)
		close(gone->clock_fd);
	zones_free(&gone->zones);
	reset_habit_free(&gone->habit);
	strbuf_release(&gone->scratch);
	free(gone);
	*engine = NULL;
}

struct event_loop *engine_loop(const struct engine *engine)
{
	return engine->loop;
}

struct outlets *engine_outlets(const struct engine *engine)
{
	return engine->outlets;
}

const struct zones *engine_zones(const struct engine *engine)
{
	return engine->zones;
}

const struct record_context *engine_context(const struct engine *engine)
{
	return &engine->context;
}

/* -- the run --------------------------------------------------------------------------------- */
static int engine_start_timers(struct engine *engine)
{
	uint64_t duration_ns = engine->options.duration_ns;
	int err = 0;

	if (outlets_want_ticks(engine->outlets))
		err = event_loop_add_timer(engine->loop, OUTLET_TICK_NS, on_tick, engine);
	if (err >= 0 && duration_ns)
		err = event_loop_add_timer(engine->loop, duration_ns, on_end, engine);
	return err < 0 ? log_error(err, "cannot make a timer: %s", strerror(-err)) : 0;
}

int engine_start(struct engine *engine, struct source *source)
{
	struct pipeline_options options = {
		.context = &engine->context,
		.config = source->ops->config(source),
		.show_all = engine->options.show_all,
		.count_limit = engine->options.count_limit,
		.enrich = engine_enrich,
		.wants = engine_wants,
		.data = engine,
	};
	int err;

	engine->source = source;
	options.outlets = outlets_list(engine->outlets, &options.outlet_count);
	if (pipeline_new(&options, &engine->pipeline))
		return log_error(-ENOMEM, "not enough memory");
	err = source->ops->start(source, engine->loop, engine->pipeline, &engine->context);
	return err || !engine->loop ? err : engine_start_timers(engine);
}

int engine_run(struct engine *engine)
{
	/* What the outlets begin with is there at once. */
	pipeline_flush(engine->pipeline);
	return engine->source->ops->run ? engine->source->ops->run(engine->source) :
					  event_loop_run(engine->loop);
}

void engine_stop(struct engine *engine)
{
	if (engine->source->ops->stop)
		engine->source->ops->stop(engine->source);
	pipeline_finish(engine->pipeline);
}

int engine_drain(struct engine *engine)
{
	uint64_t deadline_ns = engine->options.outlets.source_waits ?
				       UINT64_MAX :
				       clock_monotonic_ns() + OUTLETS_DRAIN_NS;
	int err = outlets_drain(engine->outlets, deadline_ns);

	return err == -EPIPE ? 0 : err;
}

int engine_fill_ledger(const struct engine *engine, struct ledger *ret)
{
	const struct source_ops *ops = engine->source->ops;

	memset(ret, 0, sizeof(*ret));
	ret->account = *pipeline_account(engine->pipeline);
	outlets_fill_ledger(engine->outlets, ret);
	return ops->fill_ledger ? ops->fill_ledger(engine->source, ret) : 0;
}

void engine_print_ledger(const struct engine *engine, bool with_counters)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct ledger ledger;

	if (engine_fill_ledger(engine, &ledger))
		return;
	ledger_append(&text, &ledger);
	if (with_counters)
		ledger_append_counters(&text, &ledger.counters);
	if (!text.failed)
		log_text(text.data, text.len);
	if (engine->judged_by_sample)
		log_info("filter: %" PRIu64 " endings that were only counted in a storm were taken "
			 "or not as the one that stands for them; --storm-rate 0 asks each",
			 engine->judged_by_sample);
}
