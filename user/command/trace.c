// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `closetrace trace`: from the live source to stdout, until told to stop; then the ledger. */
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
#include "user/base/text_print.h"
#include "user/command/command.h"
#include "user/command/trace_containers.h"
#include "user/command/trace_options.h"
#include "user/enrich/stack_names.h"
#include "user/filter/push_down.h"
#include "user/kernel/host_timeouts.h"
#include "user/kernel/tracer.h"
#include "user/model/fields.h"
#include "user/count/reset_habit.h"
#include "user/enrich/zones.h"
#include "user/pipeline/ledger.h"
#include "user/pipeline/pipeline.h"
#include "user/outlet/outlets.h"
#include "user/outlet/packets_outlet.h"

/* The wall clock is slewed, and jumps after a sleep: ask it again. A step is told at once. */
#define CLOCK_INTERVAL_NS (10 * CLOCK_NS_PER_SECOND)

struct trace {
	const struct trace_options *options;
	struct tracer_options source; /* what the kernel can decide of the filter is added */
	struct filter *filter; /* NULL without --filter */
	struct strbuf scratch; /* for it */
	bool filters_here; /* the kernel does not decide all of it */
	uint64_t judged_by_sample; /* endings that a storm only counted, and that it did not see */
	struct record_context context;
	char host[256];
	struct host_timeouts timeouts;
	struct outlets *outlets;
	struct event_loop *loop;
	int clock_fd;
	struct tracer *tracer;
	struct pipeline *pipeline;
	struct trace_containers *containers;
	struct stack_names *stack_names; /* NULL without --stacks */
	struct zones *zones; /* NULL without --zones */
	struct reset_habit *habit; /* NULL without --all: it learns from all endings only */
};

static void trace_release(struct trace *trace)
{
	outlets_free(&trace->outlets);
	tracer_free(&trace->tracer);
	pipeline_free(&trace->pipeline);
	event_loop_free(&trace->loop);
	if (trace->clock_fd >= 0)
		close(trace->clock_fd);
	trace_containers_free(&trace->containers);
	stack_names_free(&trace->stack_names);
	filter_free(&trace->filter);
	strbuf_release(&trace->scratch);
	zones_free(&trace->zones);
	reset_habit_free(&trace->habit);
}

static const char *trace_interface_name(void *data, uint32_t netns, uint32_t ifindex)
{
	const struct trace *trace = data;
	struct wire *wire = tracer_wire(trace->tracer);

	return wire && ifindex ? wire_interface_name(wire, netns, ifindex) : NULL;
}

static void trace_enrich(void *data, struct closed_connection *c)
{
	const struct trace *trace = data;
	struct close_stacks stacks;

	trace_containers_enrich(trace->containers, c);
	if (trace->zones) {
		c->zone_local = zones_lookup(trace->zones, connection_local_addr(c));
		c->zone_peer = zones_lookup(trace->zones, connection_peer_addr(c));
	}
	if (trace->habit)
		reset_habit_mark(trace->habit, c);
	if (trace->stack_names && tracer_take_stacks(trace->tracer, &c->record, &stacks))
		stack_names_add(trace->stack_names, &stacks, c);
}

static bool trace_wants(void *data, const struct closed_connection *c)
{
	struct trace *trace = data;

	if (!trace_containers_wants(trace->containers, c))
		return false;
	if (!trace->filter)
		return true;
	if (trace->filters_here && c->first_wall_ns)
		trace->judged_by_sample += c->repeated;
	return filter_matches(trace->filter, c, &trace->scratch);
}

static void trace_cgroup_event(void *data, const struct cgroup_record *record)
{
	const struct trace *trace = data;

	trace_containers_take_event(trace->containers, record);
}

static int on_outlets(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	const struct trace *trace = data;

	(void)fd;
	(void)events;
	if (outlets_check(trace->outlets))
		event_loop_stop(loop, 0);
	return 0;
}

static int on_tick(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	const struct trace *trace = data;

	(void)loop;
	(void)fd;
	(void)events;
	outlets_tick(trace->outlets);
	return 0;
}

static int on_signal(struct event_loop *loop, int fd, uint32_t signal, void *data)
{
	(void)fd;
	(void)signal;
	(void)data;
	event_loop_stop(loop, 0);
	return 0;
}

static int on_clock(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct trace *trace = data;

	(void)loop;
	(void)fd;
	(void)events;
	clock_map_refresh(&trace->context.clock);
	return 0;
}

static int on_clock_step(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct trace *trace = data;

	(void)loop;
	(void)events;
	clock_take_step(fd);
	clock_map_refresh(&trace->context.clock);
	return 0;
}

static int on_duration(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	(void)fd;
	(void)events;
	(void)data;
	event_loop_stop(loop, 0);
	return 0;
}

static int trace_open_loop(struct trace *trace)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	int err;

	err = event_loop_new(&trace->loop);
	if (err >= 0)
		err = event_loop_add_signals(trace->loop, signals, 3, on_signal, trace);
	if (err >= 0)
		err = event_loop_add_timer(trace->loop, CLOCK_INTERVAL_NS, on_clock, trace);
	trace->clock_fd = clock_follow_steps();
	if (err >= 0 && trace->clock_fd >= 0)
		err = event_loop_add_fd(trace->loop, trace->clock_fd, EPOLLIN, on_clock_step,
					trace);
	if (err >= 0 && trace->options->output.duration_ns)
		err = event_loop_add_timer(trace->loop, trace->options->output.duration_ns,
					   on_duration, trace);
	return err < 0 ? log_error(err, "cannot prepare the event loop: %s", strerror(-err)) : 0;
}

/* Looking up zones costs: only where they are named, or asked for. */
static int trace_open_zones(struct trace *trace)
{
	int err = 0;

	if (trace->options->filter.zones_path)
		err = zones_load(trace->options->filter.zones_path, &trace->zones);
	else if (trace->filter && (filter_uses(trace->filter, FIELD_ID_zone_client) ||
				   filter_uses(trace->filter, FIELD_ID_zone_server)))
		err = zones_new(&trace->zones);
	return err == -ENOMEM || !err ? err : -EINVAL;
}

static int trace_open_outlets(struct trace *trace)
{
	const struct trace_options *options = trace->options;
	struct outlets_options outlets = {
		.queue_bytes = options->output.queue_bytes,
		.parts = options->output.request_count + (options->packets.path != NULL),
	};
	struct writer_options writer;
	struct columns columns;
	struct outlet *packets;
	int err, chosen = output_options_columns(&options->output, &connection_row_type, &columns);

	if (chosen < 0)
		return chosen;
	err = outlets_new(&outlets, &trace->outlets);
	if (err)
		return log_error(err, "cannot prepare the output: %s", strerror(-err));
	for (size_t i = 0; !err && i < options->output.request_count; i++)
		err = outlets_open(trace->outlets, &options->output.requests[i],
				   chosen ? &columns : NULL);
	if (err || !options->packets.path)
		return err;
	writer = outlets_writer_options(trace->outlets);
	writer.path = options->packets.path;
	writer.max_bytes = options->packets.max_bytes;
	err = packets_outlet_open(&writer, trace->tracer, &packets);
	return err ? err : outlets_add(trace->outlets, packets);
}

static void trace_fill_context(struct trace *trace)
{
	gethostname(trace->host, sizeof(trace->host) - 1);
	trace->context.host = trace->host;
	host_timeouts_read("/proc/sys", &trace->timeouts);
	trace->context.timeouts = &trace->timeouts;
	trace->context.interface_name = trace_interface_name;
	trace->context.interface_data = trace;
	clock_map_refresh(&trace->context.clock);
}

static int trace_open_pipeline(struct trace *trace)
{
	struct pipeline_options options = {
		.context = &trace->context,
		.config = tracer_config_in_use(trace->tracer),
		.show_all = trace->options->output.show_all,
		.count_limit = trace->options->output.count,
		.enrich = trace_enrich,
		.wants = trace_wants,
		.data = trace,
	};
	int err;

	options.outlets = outlets_list(trace->outlets, &options.outlet_count);
	err = event_loop_add_fd(trace->loop, outlets_event_fd(trace->outlets), EPOLLIN, on_outlets,
				trace);
	if (err >= 0 && outlets_want_ticks(trace->outlets))
		err = event_loop_add_timer(trace->loop, OUTLET_TICK_NS, on_tick, trace);
	if (err < 0)
		return log_error(err, "cannot watch the output: %s", strerror(-err));
	err = pipeline_new(&options, &trace->pipeline);
	return err ? log_error(err, "not enough memory") : 0;
}

static int trace_open(struct trace *trace)
{
	int err;

	/* A reader that goes away is an error of write(2), not a death. */
	signal(SIGPIPE, SIG_IGN);
	trace_fill_context(trace);
	if (trace->options->stacks && stack_names_new(&trace->stack_names))
		return log_error(-ENOMEM, "not enough memory");
	if (trace_containers_new(trace->options->source.container, &trace->containers) ||
	    (trace->options->output.show_all && reset_habit_new(&trace->habit)))
		return log_error(-ENOMEM, "not enough memory");
	err = trace_open_zones(trace);
	if (!err)
		err = trace_open_loop(trace);
	if (!err)
		err = tracer_new(&trace->source, &trace->tracer);
	if (!err)
		err = trace_open_outlets(trace);
	if (!err)
		err = trace_open_pipeline(trace);
	if (err)
		return err;
	tracer_on_cgroup(trace->tracer, trace_cgroup_event, trace);
	err = tracer_start(trace->tracer, trace->loop, trace->pipeline);
	if (!err)
		trace_containers_start(trace->containers, trace->loop, trace->tracer);
	trace->context.jiffies_hz = tracer_jiffies_hz(trace->tracer);
	return err;
}

static void trace_say_ready(const struct trace *trace)
{
	_cleanup_(strbuf_release) struct strbuf watched = STRBUF_INIT;
	struct wire_status status = {};

	if (tracer_wire(trace->tracer))
		wire_status(tracer_wire(trace->tracer), &status);
	wire_status_append(&watched, &status);
	log_info("ready: watching every TCP socket%s and the packets of %s%s; Ctrl-C stops",
		 trace->source.netns_count ? " of the named namespaces" : "",
		 watched.failed ? "some interfaces" : watched.data,
		 trace->options->output.show_all ? "; showing all endings" : "");
}

static void trace_print_ledger(const struct trace *trace)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct ledger ledger = {
		.account = *pipeline_account(trace->pipeline),
	};

	outlets_fill_ledger(trace->outlets, &ledger);
	if (tracer_fill_ledger(trace->tracer, &ledger))
		return;
	if (trace->stack_names)
		ledger.counters.counts[COUNTER_STACK_UNNAMED] =
			stack_names_unnamed(trace->stack_names);
	ledger_append(&text, &ledger);
	if (trace->options->common.debug)
		ledger_append_counters(&text, &ledger.counters);
	text_print(stderr, &text);
	if (trace->judged_by_sample)
		log_info("filter: %" PRIu64 " endings that were only counted in a storm were taken "
			 "or not as the one that stands for them; --storm-rate 0 asks each",
			 trace->judged_by_sample);
}

/* -EPIPE means that the reader has seen enough: no error. */
static int trace_run(struct trace *trace)
{
	int err, outlets_err;

	tracer_drop_privilege(trace->tracer, 0);
	trace_say_ready(trace);
	pipeline_flush(trace->pipeline);
	err = event_loop_run(trace->loop);
	tracer_stop(trace->tracer);
	pipeline_finish(trace->pipeline);
	outlets_err = outlets_drain(trace->outlets, clock_monotonic_ns() + OUTLETS_DRAIN_NS);
	trace_print_ledger(trace);
	if (err)
		log_error(err, "trace stopped: %s", strerror(-err));
	return err || (outlets_err && outlets_err != -EPIPE) ? EXIT_RUNTIME : EXIT_OK;
}

/* What the kernel can decide goes to its configuration, before it is loaded. */
static int trace_read_filter(struct trace *trace)
{
	const struct trace_options *options = trace->options;
	int err;

	err = filter_options_parse(&options->filter, &connection_row_type, &trace->filter);
	if (err || !trace->filter)
		return err;
	filter_push_down(trace->filter, &trace->source.config);
	trace->filters_here = !filter_is_pushed_whole(trace->filter, &trace->source.config);
	if (!options->output.show_all && filter_wants_normal(trace->filter))
		log_warn("the filter asks for normal or benign endings, which are shown with "
			 "--all only");
	return 0;
}

static int trace_explain_filter(const struct trace *trace)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	filter_explain(&text, trace->filter, &trace->source.config);
	return command_print(&text);
}

int trace_command(const void *options)
{
	_cleanup_(trace_release) struct trace trace = { .clock_fd = -1, .options = options };
	int err;

	trace.source = trace.options->source.tracer;
	err = trace_read_filter(&trace);
	if (err)
		return exit_code_of(err);
	if (trace.options->explain_filter)
		return trace_explain_filter(&trace);
	err = trace_open(&trace);
	if (err)
		return exit_code_of(err);
	return trace_run(&trace);
}
