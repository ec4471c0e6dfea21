// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/flow_engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/command/trace_containers.h"
#include "user/count/flow_ending.h"
#include "user/kernel/host_timeouts.h"
#include "user/kernel/tally_read.h"
#include "user/kernel/tracer.h"
#include "user/count/flow_connections.h"
#include "user/count/flow_groups.h"
#include "user/count/reset_habit.h"
#include "user/base/string_pool.h"
#include "user/enrich/zones.h"
#include "user/outlet/call_outlet.h"
#include "user/outlet/outlets.h"
#include "user/pipeline/pipeline.h"

/* The wall clock may be stepped: ask it again. */
#define CLOCK_INTERVAL_NS (10 * CLOCK_NS_PER_SECOND)
/* What endings are kept by, so that they can be grouped anew. */
#define ENDINGS_BY                                                                                 \
	(FLOW_BY_CONVERSATION | FLOW_KEY(COMM) | FLOW_KEY(CONTAINER) | FLOW_KEY(POD) |             \
	 FLOW_KEY(VERDICT) | FLOW_KEY(NETNS) | FLOW_KEY(INTERFACE))

/**
 * @groups   What is shown, unless `connections` is.
 * @endings  All endings; groups that are made later begin with them, or with
 * @uncounted  what the packets do not tell of them.
 */
struct flow_engine {
	struct outlets *outlets;
	struct flow_engine_options options;
	struct record_context context;
	char host[256];
	struct host_timeouts timeouts;
	struct tracer *tracer;
	struct pipeline *pipeline;
	struct trace_containers *containers;
	struct zones *zones;
	struct string_pool *pool;
	struct flow_naming naming;
	struct reset_habit *habit;
	struct flow_groups *groups;
	struct flow_groups *endings;
	struct flow_groups *uncounted;
	struct flow_connections *connections;
	flow_engine_ending ending;
	void *data;
	struct flow_row totals; /* of the kernel's counts */
	uint64_t uncounted_totals[FLOW_COUNT_COUNT];
	uint64_t start_ns, poll_ns, told_ns;
	size_t conversations;
	bool rest_was_told;
};

/* -- endings --------------------------------------------------------------------------------- */
static void identity_of_ending(struct flow_engine *engine, const struct closed_connection *c,
			       struct flow_identity *identity)
{
	memset(identity, 0, sizeof(*identity));
	identity->known = FLOW_BY_CONNECTION | FLOW_KEY(VERDICT);
	flow_identity_of_ending(identity, c);
	if (c->interface) {
		identity->interface =
			string_pool_get(engine->pool, c->interface, strlen(c->interface));
		identity->known |= FLOW_KEY(INTERFACE);
	}
	if (c->record.owner.pid) {
		identity->comm = string_pool_get(engine->pool, c->record.owner.comm,
						 task_comm_len(&c->record.owner));
		identity->known |= FLOW_KEY(COMM);
	}
	if (c->container) {
		const char *name = c->container->name ? c->container->name : c->container->id;

		identity->container = string_pool_get(engine->pool, name, strlen(name));
		identity->known |= FLOW_KEY(CONTAINER);
	}
	if (c->container && c->container->pod) {
		identity->pod =
			string_pool_get(engine->pool, c->container->pod, strlen(c->container->pod));
		identity->known |= FLOW_KEY(POD);
	}
}

static int engine_take(void *data, const struct closed_connection *c)
{
	struct flow_engine *engine = data;
	uint64_t counts[FLOW_COUNT_COUNT] = {}, uncounted[FLOW_COUNT_COUNT];
	struct flow_identity identity;

	/* A full accept queue is no conversation's. */
	if (c->record.evidence.subject == SUBJECT_LISTENER)
		return 0;
	identity_of_ending(engine, c, &identity);
	flow_counts_add_ending(counts, c);
	counts[FLOW_COUNT_RST_HABIT] = c->habit_resets != 0;
	memcpy(uncounted, counts, sizeof(uncounted));
	/* These are the kernel's. */
	memset(uncounted, 0, TALLY_COUNT * sizeof(uncounted[0]));
	if (engine->options.keep_endings) {
		flow_groups_take_ending(engine->endings, &identity, counts);
		flow_groups_take_ending(engine->uncounted, &identity, uncounted);
	}
	flow_counts_add(engine->uncounted_totals, uncounted);
	if (engine->connections)
		flow_connections_take_ending(engine->connections, &identity, counts);
	if (engine->groups)
		flow_groups_take_ending(engine->groups, &identity,
					flow_groups_need_records(engine->groups) ? counts :
										   uncounted);
	if (engine->ending)
		engine->ending(engine->data, c);
	return 0;
}

static void engine_enrich(void *data, struct closed_connection *c)
{
	const struct flow_engine *engine = data;

	trace_containers_enrich(engine->containers, c);
	c->zone_local = zones_lookup(engine->zones, connection_local_addr(c));
	c->zone_peer = zones_lookup(engine->zones, connection_peer_addr(c));
	reset_habit_mark(engine->habit, c);
}

static void engine_cgroup_event(void *data, const struct cgroup_record *record)
{
	const struct flow_engine *engine = data;

	trace_containers_take_event(engine->containers, record);
}

static const char *engine_interface_name(void *data, uint32_t netns, uint32_t ifindex)
{
	const struct flow_engine *engine = data;
	struct wire *wire = tracer_wire(engine->tracer);

	return wire && ifindex ? wire_interface_name(wire, netns, ifindex) : NULL;
}

static int on_clock(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct flow_engine *engine = data;

	(void)loop;
	(void)fd;
	(void)events;
	clock_map_refresh(&engine->context.clock);
	return 0;
}

/* -- life ------------------------------------------------------------------------------------ */
static int engine_open_tables(struct flow_engine *engine)
{
	const char *path = engine->options.zones_path;
	int err;

	err = path ? zones_load(path, &engine->zones) : zones_new(&engine->zones);
	if (err)
		return path ? -EINVAL : log_error(err, "not enough memory");
	if (string_pool_new(&engine->pool) || reset_habit_new(&engine->habit))
		return log_error(-ENOMEM, "not enough memory");
	engine->naming = (struct flow_naming){
		.zones = engine->zones,
		.zone_name = zones_lookup,
		.pool = engine->pool,
		.interface_name = engine_interface_name,
		.data = engine,
	};
	if (flow_groups_new(ENDINGS_BY, &engine->naming, &engine->endings) ||
	    flow_groups_new(ENDINGS_BY, &engine->naming, &engine->uncounted) ||
	    trace_containers_new(NULL, &engine->containers))
		return log_error(-ENOMEM, "not enough memory");
	return 0;
}

static void engine_fill_context(struct flow_engine *engine)
{
	gethostname(engine->host, sizeof(engine->host) - 1);
	host_timeouts_read("/proc/sys", &engine->timeouts);
	engine->context.host = engine->host;
	engine->context.timeouts = &engine->timeouts;
	engine->context.interface_name = engine_interface_name;
	engine->context.interface_data = engine;
	clock_map_refresh(&engine->context.clock);
}

static int engine_start(struct flow_engine *engine, struct event_loop *loop)
{
	struct pipeline_options options = {
		.context = &engine->context,
		.show_all = true,
		.enrich = engine_enrich,
		.data = engine,
	};
	struct outlet *counts;
	int err;

	err = tracer_new(&engine->options.tracer, &engine->tracer);
	if (err)
		return err;
	options.config = tracer_config_in_use(engine->tracer);
	if (outlets_new(&(struct outlets_options){}, &engine->outlets) ||
	    call_outlet_new("counts", engine_take, engine, &counts) ||
	    outlets_add(engine->outlets, counts))
		return log_error(-ENOMEM, "not enough memory");
	options.outlets = outlets_list(engine->outlets, &options.outlet_count);
	tracer_on_cgroup(engine->tracer, engine_cgroup_event, engine);
	if (pipeline_new(&options, &engine->pipeline))
		return log_error(-ENOMEM, "not enough memory");
	err = tracer_start(engine->tracer, loop, engine->pipeline);
	if (err)
		return err;
	trace_containers_start(engine->containers, loop, engine->tracer);
	engine->context.jiffies_hz = tracer_jiffies_hz(engine->tracer);
	err = event_loop_add_timer(loop, CLOCK_INTERVAL_NS, on_clock, engine);
	if (err < 0)
		return log_error(err, "cannot make a timer: %s", strerror(-err));
	engine->start_ns = engine->poll_ns = engine->told_ns = clock_monotonic_ns();
	return 0;
}

int flow_engine_new(const struct flow_engine_options *options, struct event_loop *loop,
		    flow_engine_ending ending, void *data, struct flow_engine **ret)
{
	_cleanup_(flow_engine_free) struct flow_engine *engine = calloc(1, sizeof(*engine));
	struct tracer_options *tracer;
	int err;

	if (!engine)
		return log_error(-ENOMEM, "not enough memory");
	if (options->tracer.hook == HOOK_NONE)
		return log_error(-EINVAL, "without packet hooks there is nothing to count; leave "
					  "out --hook none and --interface none");
	engine->options = *options;
	tracer = &engine->options.tracer;
	engine->ending = ending;
	engine->data = data;
	tracer->config.flags |= TRACER_TALLY | TRACER_SHOW_ALL;
	tracer->config.storm_rate = 0; /* every ending counts by itself */
	tracer->max_conversations = options->max_conversations;
	engine_fill_context(engine);
	err = engine_open_tables(engine);
	if (!err)
		err = flow_engine_group(engine, options->by);
	if (!err)
		err = engine_start(engine, loop);
	if (err)
		return err;
	*ret = TAKE_PTR(engine);
	return 0;
}

void flow_engine_free(struct flow_engine **engine)
{
	struct flow_engine *gone = *engine;

	if (!gone)
		return;
	tracer_free(&gone->tracer);
	pipeline_free(&gone->pipeline);
	outlets_free(&gone->outlets);
	trace_containers_free(&gone->containers);
	flow_groups_free(&gone->groups);
	flow_groups_free(&gone->endings);
	flow_groups_free(&gone->uncounted);
	flow_connections_free(&gone->connections);
	reset_habit_free(&gone->habit);
	string_pool_free(&gone->pool);
	zones_free(&gone->zones);
	free(gone);
	*engine = NULL;
}

/* -- grouping and polling -------------------------------------------------------------------- */
/* A grouping that is asked for later also has what has ended before. */
static int engine_take_past_endings(struct flow_engine *engine, struct flow_groups *groups)
{
	_cleanup_free_ struct flow_row *rows = NULL;
	size_t count;

	if (flow_groups_rows(flow_groups_need_records(groups) ? engine->endings : engine->uncounted,
			     false, &rows, &count))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		flow_groups_take_ending(groups, &rows[i].identity, rows[i].counts);
	return 0;
}

int flow_engine_group(struct flow_engine *engine, uint32_t by)
{
	_cleanup_(flow_groups_free) struct flow_groups *groups = NULL;

	if (by == FLOW_BY_CONNECTION) {
		if (!engine->connections && flow_connections_new(&engine->connections))
			return -ENOMEM;
		flow_groups_free(&engine->groups);
		return 0;
	}
	if (flow_groups_new(by, &engine->naming, &groups) ||
	    engine_take_past_endings(engine, groups))
		return -ENOMEM;
	flow_groups_free(&engine->groups);
	flow_connections_free(&engine->connections);
	engine->groups = TAKE_PTR(groups);
	engine->told_ns = engine->start_ns;
	return 0;
}

void flow_engine_recall(struct flow_engine *engine, const struct closed_connection *c)
{
	uint64_t counts[FLOW_COUNT_COUNT] = {};
	struct flow_identity identity;

	if (!engine->connections)
		return;
	identity_of_ending(engine, c, &identity);
	flow_counts_add_ending(counts, c);
	flow_connections_take_ending(engine->connections, &identity, counts);
}

static void on_tally(void *data, const struct tally_key *key, const struct tally_counts *counts)
{
	struct flow_engine *engine = data;
	uint64_t all[TALLY_COUNT];

	memcpy(all, counts->counts, sizeof(all));
	engine->conversations++;
	for (int i = 0; i < TALLY_COUNT; i++)
		engine->totals.counts[i] += all[i];
	if (engine->groups && !flow_groups_need_records(engine->groups))
		flow_groups_take_conversation(engine->groups, key, all);
}

static void on_flow(void *data, const struct flow_key *key, const struct flow_state *flow)
{
	const struct flow_engine *engine = data;

	flow_connections_take_flow(engine->connections, key, flow);
}

static void engine_take_rest(struct flow_engine *engine, const struct tally_counts *rest)
{
	uint64_t all[TALLY_COUNT], sum = 0;

	memcpy(all, rest->counts, sizeof(all));
	for (int i = 0; i < TALLY_COUNT; i++) {
		engine->totals.counts[i] += all[i];
		sum += all[i];
	}
	if (engine->groups && !flow_groups_need_records(engine->groups))
		flow_groups_take_rest(engine->groups, all);
	if (!sum || engine->rest_was_told)
		return;
	engine->rest_was_told = true;
	log_warn("the map of conversations is full: what is beyond the first %u is counted in one "
		 "row; --max-conversations makes room for more",
		 engine->options.max_conversations);
}

static int engine_poll_conversations(struct flow_engine *engine)
{
	struct tally_counts rest = {};
	int err;

	engine->conversations = 0;
	memset(engine->totals.counts, 0, sizeof(engine->totals.counts));
	if (engine->groups)
		flow_groups_begin(engine->groups);
	err = tally_read(engine->tracer, on_tally, engine, &rest);
	if (err)
		return log_error(err, "cannot read the counts of the conversations: %s",
				 strerror(-err));
	engine_take_rest(engine, &rest);
	return 0;
}

static int engine_poll_connections(struct flow_engine *engine)
{
	int err;

	flow_connections_begin(engine->connections);
	err = tally_read_flows(engine->tracer, on_flow, engine);
	return err ? log_error(err, "cannot read the flows: %s", strerror(-err)) : 0;
}

int flow_engine_poll(struct flow_engine *engine)
{
	int err = 0;

	engine->poll_ns = clock_monotonic_ns();
	/* Who shows single connections and no totals needs no conversations. */
	if (engine->groups || engine->options.keep_endings)
		err = engine_poll_conversations(engine);
	if (!err && engine->connections)
		err = engine_poll_connections(engine);
	log_debug("read %zu conversations in %" PRIu64 " us", engine->conversations,
		  (clock_monotonic_ns() - engine->poll_ns) / CLOCK_NS_PER_US);
	return err;
}

int flow_engine_rows(struct flow_engine *engine, bool since_last, struct flow_row **ret,
		     size_t *ret_count)
{
	uint64_t from_ns = since_last ? engine->told_ns : engine->start_ns;
	uint64_t wall_ns = clock_map_to_wall_ns(&engine->context.clock, engine->poll_ns);
	int err;

	err = engine->connections ?
		      flow_connections_rows(engine->connections, since_last, ret, ret_count) :
		      flow_groups_rows(engine->groups, since_last, ret, ret_count);
	if (err)
		return log_error(err, "not enough memory for the rows");
	for (size_t i = 0; i < *ret_count; i++) {
		(*ret)[i].time_ns = wall_ns;
		(*ret)[i].elapsed_ns = engine->poll_ns - from_ns;
	}
	if (since_last)
		engine->told_ns = engine->poll_ns;
	return 0;
}

void flow_engine_totals(const struct flow_engine *engine, struct flow_row *ret)
{
	*ret = engine->totals;
	flow_counts_add(ret->counts, engine->uncounted_totals);
	ret->time_ns = clock_map_to_wall_ns(&engine->context.clock, engine->poll_ns);
	ret->elapsed_ns = engine->poll_ns - engine->start_ns;
}

void flow_engine_conversations(const struct flow_engine *engine, size_t *ret_count,
			       size_t *ret_most)
{
	*ret_count = engine->conversations;
	*ret_most = engine->options.max_conversations;
}

void flow_engine_stop(struct flow_engine *engine)
{
	tracer_stop(engine->tracer);
	pipeline_finish(engine->pipeline);
}

int flow_engine_ledger(const struct flow_engine *engine, struct ledger *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->account = *pipeline_account(engine->pipeline);
	return tracer_fill_ledger(engine->tracer, ret);
}

void flow_engine_drop_privilege(const struct flow_engine *engine)
{
	tracer_drop_privilege(engine->tracer, 0);
}

void flow_engine_append_watched(const struct flow_engine *engine, struct strbuf *b)
{
	struct wire_status status = {};

	if (tracer_wire(engine->tracer))
		wire_status(tracer_wire(engine->tracer), &status);
	wire_status_append(b, &status);
}
