// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/engine/live_counts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/count/flow_ending.h"
#include "user/kernel/tally_read.h"
#include "user/kernel/tracer.h"
#include "user/count/flow_connections.h"
#include "user/count/flow_groups.h"
#include "user/base/string_pool.h"
#include "user/enrich/zones.h"
#include "user/engine/live_source.h"
#include "user/outlet/call_outlet.h"

/* What endings are kept by, so that they can be grouped anew; zones follow from addresses. */
#define ENDINGS_BY                                                                                 \
	((FLOW_KEY(COUNT) - 1) &                                                                   \
	 ~(FLOW_KEY(CLIENT_PORT) | FLOW_KEY(ZONE_CLIENT) | FLOW_KEY(ZONE_SERVER)))

/**
 * @groups   What is shown, unless `connections` is.
 * @endings  All endings; groups that are made later begin with them, or with
 * @uncounted  what the packets do not tell of them.
 */
struct live_counts {
	struct live_counts_options options;
	const struct engine *engine;
	struct tracer *tracer;
	struct string_pool *pool;
	struct flow_naming naming;
	struct flow_groups *groups;
	struct flow_groups *endings;
	struct flow_groups *uncounted;
	struct flow_connections *connections;
	live_counts_ending ending;
	void *data;
	struct flow_row totals; /* of the kernel's counts */
	uint64_t uncounted_totals[FLOW_COUNT_COUNT];
	uint64_t start_ns, poll_ns, told_ns;
	size_t conversations;
	bool rest_was_told;
};

/* -- endings --------------------------------------------------------------------------------- */
static int counts_take(void *data, const struct closed_connection *c)
{
	struct live_counts *counts = data;
	uint64_t all[FLOW_COUNT_COUNT] = {}, uncounted[FLOW_COUNT_COUNT];
	struct flow_identity identity;

	/* A full accept queue is no conversation's. */
	if (c->record.evidence.subject == SUBJECT_LISTENER)
		return 0;
	flow_identity_of_ending(&identity, c);
	flow_identity_add_owner(&identity, c, counts->pool);
	flow_counts_add_ending(all, c);
	memcpy(uncounted, all, sizeof(uncounted));
	/* These are the kernel's. */
	memset(uncounted, 0, TALLY_COUNT * sizeof(uncounted[0]));
	if (counts->options.keep_endings) {
		flow_groups_take_ending(counts->endings, &identity, all);
		flow_groups_take_ending(counts->uncounted, &identity, uncounted);
	}
	flow_counts_add(counts->uncounted_totals, uncounted);
	if (counts->connections)
		flow_connections_take_ending(counts->connections, &identity, all);
	if (counts->groups)
		flow_groups_take_ending(counts->groups, &identity,
					flow_groups_need_records(counts->groups) ? all : uncounted);
	if (counts->ending)
		counts->ending(counts->data, c);
	return 0;
}

static const char *counts_interface_name(void *data, uint32_t netns, uint32_t ifindex)
{
	const struct record_context *context = engine_context(data);

	return context->interface_name ?
		       context->interface_name(context->interface_data, netns, ifindex) :
		       NULL;
}

/* -- life ------------------------------------------------------------------------------------ */
static int counts_open_tables(struct live_counts *counts, struct engine *engine)
{
	if (string_pool_new(&counts->pool))
		return -ENOMEM;
	counts->naming = (struct flow_naming){
		.zones = engine_zones(engine),
		.zone_name = zones_lookup,
		.pool = counts->pool,
		.interface_name = counts_interface_name,
		.data = engine,
	};
	if (flow_groups_new(ENDINGS_BY, &counts->naming, &counts->endings) ||
	    flow_groups_new(ENDINGS_BY, &counts->naming, &counts->uncounted))
		return -ENOMEM;
	return live_counts_group(counts, counts->options.by);
}

static int counts_open_outlet(struct live_counts *counts, struct engine *engine)
{
	struct outlet *outlet;
	int err = call_outlet_new("counts", counts_take, counts, &outlet);

	return err ? log_error(err, "not enough memory") :
		     outlets_add(engine_outlets(engine), outlet);
}

int live_counts_open(const struct live_counts_options *options, struct engine *engine,
		     live_counts_ending ending, void *data, struct live_counts **ret)
{
	_cleanup_(live_counts_free) struct live_counts *counts = calloc(1, sizeof(*counts));
	struct live_source_options live = { .tracer = options->tracer };
	struct source *source;
	int err;

	if (!counts)
		return log_error(-ENOMEM, "not enough memory");
	if (options->tracer.hook == HOOK_NONE)
		return log_error(-EINVAL, "without packet hooks there is nothing to count; leave "
					  "out --hook none and --interface none");
	counts->options = *options;
	counts->engine = engine;
	counts->ending = ending;
	counts->data = data;
	live.tracer.config.flags |= TRACER_TALLY | TRACER_SHOW_ALL;
	live.tracer.max_conversations = options->max_conversations;
	if (counts_open_tables(counts, engine))
		return log_error(-ENOMEM, "not enough memory");
	err = counts_open_outlet(counts, engine);
	if (!err)
		err = live_source_open(&live, &source);
	if (err)
		return err;
	counts->tracer = live_source_tracer(source);
	err = engine_start(engine, source);
	if (err)
		return err;
	counts->start_ns = counts->poll_ns = counts->told_ns = clock_monotonic_ns();
	*ret = TAKE_PTR(counts);
	return 0;
}

void live_counts_free(struct live_counts **counts)
{
	struct live_counts *gone = *counts;

	if (!gone)
		return;
	flow_groups_free(&gone->groups);
	flow_groups_free(&gone->endings);
	flow_groups_free(&gone->uncounted);
	flow_connections_free(&gone->connections);
	string_pool_free(&gone->pool);
	free(gone);
	*counts = NULL;
}

/* -- grouping and polling -------------------------------------------------------------------- */
/* A grouping that is asked for later also has what has ended before. */
static int counts_take_past_endings(struct live_counts *counts, struct flow_groups *groups)
{
	_cleanup_free_ struct flow_row *rows = NULL;
	size_t count;

	if (flow_groups_rows(flow_groups_need_records(groups) ? counts->endings : counts->uncounted,
			     false, &rows, &count))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		flow_groups_take_ending(groups, &rows[i].identity, rows[i].counts);
	return 0;
}

int live_counts_group(struct live_counts *counts, uint32_t by)
{
	_cleanup_(flow_groups_free) struct flow_groups *groups = NULL;

	if (by == FLOW_BY_CONNECTION) {
		if (!counts->connections && flow_connections_new(&counts->connections))
			return -ENOMEM;
		flow_groups_free(&counts->groups);
		return 0;
	}
	if (flow_groups_new(by, &counts->naming, &groups) ||
	    counts_take_past_endings(counts, groups))
		return -ENOMEM;
	flow_groups_free(&counts->groups);
	flow_connections_free(&counts->connections);
	counts->groups = TAKE_PTR(groups);
	counts->told_ns = counts->start_ns;
	return 0;
}

void live_counts_recall(struct live_counts *counts, const struct closed_connection *c)
{
	uint64_t all[FLOW_COUNT_COUNT] = {};
	struct flow_identity identity;

	if (!counts->connections)
		return;
	flow_identity_of_ending(&identity, c);
	flow_identity_add_owner(&identity, c, counts->pool);
	flow_counts_add_ending(all, c);
	flow_connections_take_ending(counts->connections, &identity, all);
}

int live_counts_new_groups(struct live_counts *counts, uint32_t by, struct flow_groups **ret)
{
	return flow_groups_new(by, &counts->naming, ret);
}

void live_counts_add_ending(struct live_counts *counts, const struct closed_connection *c,
			    struct flow_groups *groups)
{
	uint64_t all[FLOW_COUNT_COUNT] = {};
	struct flow_identity identity;

	flow_identity_of_ending(&identity, c);
	flow_identity_add_owner(&identity, c, counts->pool);
	flow_counts_add_ending(all, c);
	flow_groups_take_ending(groups, &identity, all);
}

static void on_tally(void *data, const struct tally_key *key, const struct tally_counts *tally)
{
	struct live_counts *counts = data;
	uint64_t all[TALLY_COUNT];

	memcpy(all, tally->counts, sizeof(all));
	counts->conversations++;
	for (int i = 0; i < TALLY_COUNT; i++)
		counts->totals.counts[i] += all[i];
	if (counts->groups && !flow_groups_need_records(counts->groups))
		flow_groups_take_conversation(counts->groups, key, all);
}

static void on_flow(void *data, const struct flow_key *key, const struct flow_state *flow)
{
	const struct live_counts *counts = data;

	flow_connections_take_flow(counts->connections, key, flow);
}

static void counts_take_rest(struct live_counts *counts, const struct tally_counts *rest)
{
	uint64_t all[TALLY_COUNT], sum = 0;

	memcpy(all, rest->counts, sizeof(all));
	for (int i = 0; i < TALLY_COUNT; i++) {
		counts->totals.counts[i] += all[i];
		sum += all[i];
	}
	if (counts->groups && !flow_groups_need_records(counts->groups))
		flow_groups_take_rest(counts->groups, all);
	if (!sum || counts->rest_was_told)
		return;
	counts->rest_was_told = true;
	log_warn("the map of conversations is full: what is beyond the first %u is counted in one "
		 "row; --max-conversations makes room for more",
		 counts->options.max_conversations);
}

static int counts_poll_conversations(struct live_counts *counts)
{
	struct tally_counts rest = {};
	int err;

	counts->conversations = 0;
	memset(counts->totals.counts, 0, sizeof(counts->totals.counts));
	if (counts->groups)
		flow_groups_begin(counts->groups);
	err = tally_read(counts->tracer, on_tally, counts, &rest);
	if (err)
		return log_error(err, "cannot read the counts of the conversations: %s",
				 strerror(-err));
	counts_take_rest(counts, &rest);
	return 0;
}

static int counts_poll_connections(struct live_counts *counts)
{
	int err;

	flow_connections_begin(counts->connections);
	err = tally_read_flows(counts->tracer, on_flow, counts);
	return err ? log_error(err, "cannot read the flows: %s", strerror(-err)) : 0;
}

int live_counts_poll(struct live_counts *counts)
{
	int err = 0;

	counts->poll_ns = clock_monotonic_ns();
	/* Who shows single connections and no totals needs no conversations. */
	if (counts->groups || counts->options.keep_endings)
		err = counts_poll_conversations(counts);
	if (!err && counts->connections)
		err = counts_poll_connections(counts);
	log_debug("read %zu conversations in %" PRIu64 " us", counts->conversations,
		  (clock_monotonic_ns() - counts->poll_ns) / CLOCK_NS_PER_US);
	return err;
}

int live_counts_rows(struct live_counts *counts, bool since_last, struct flow_row **ret,
		     size_t *ret_count)
{
	uint64_t from_ns = since_last ? counts->told_ns : counts->start_ns;
	uint64_t wall_ns =
		clock_map_to_wall_ns(&engine_context(counts->engine)->clock, counts->poll_ns);
	int err;

	err = counts->connections ?
		      flow_connections_rows(counts->connections, since_last, ret, ret_count) :
		      flow_groups_rows(counts->groups, since_last, ret, ret_count);
	if (err)
		return log_error(err, "not enough memory for the rows");
	for (size_t i = 0; i < *ret_count; i++) {
		(*ret)[i].time_ns = wall_ns;
		(*ret)[i].elapsed_ns = counts->poll_ns - from_ns;
	}
	if (since_last)
		counts->told_ns = counts->poll_ns;
	return 0;
}

void live_counts_totals(const struct live_counts *counts, struct flow_row *ret)
{
	*ret = counts->totals;
	flow_counts_add(ret->counts, counts->uncounted_totals);
	ret->time_ns =
		clock_map_to_wall_ns(&engine_context(counts->engine)->clock, counts->poll_ns);
	ret->elapsed_ns = counts->poll_ns - counts->start_ns;
}

void live_counts_conversations(const struct live_counts *counts, size_t *ret_count,
			       size_t *ret_most)
{
	*ret_count = counts->conversations;
	*ret_most = counts->options.max_conversations;
}

void live_counts_drop_privilege(const struct live_counts *counts)
{
	tracer_drop_privilege(counts->tracer, 0);
}

void live_counts_append_watched(const struct live_counts *counts, struct strbuf *b)
{
	struct wire_status status = {};

	if (tracer_wire(counts->tracer))
		wire_status(tracer_wire(counts->tracer), &status);
	wire_status_append(b, &status);
}

void live_counts_tell_losses(const struct live_counts *counts, const struct engine *engine)
{
	const struct flow_groups *groups =
		counts->options.keep_endings ? counts->endings : counts->groups;
	uint64_t beyond = groups ? flow_groups_beyond(groups) : 0;
	struct ledger ledger;

	if (counts->connections)
		beyond += flow_connections_beyond(counts->connections);
	if (beyond)
		log_warn("%" PRIu64
			 " endings found no room for a row of their own: they are counted "
			 "in the row (others)",
			 beyond);
	if (engine_fill_ledger(engine, &ledger))
		return;
	if (ledger.counters.counts[COUNTER_CLOSE_LOST])
		log_warn("%" PRIu64
			 " endings found the ring buffer full: they are missing by comm, "
			 "container, pod and verdict, and in no count of packets",
			 (uint64_t)ledger.counters.counts[COUNTER_CLOSE_LOST]);
	if (ledger.counters.counts[COUNTER_CLOSE_GROUPED] > ledger.account.taken)
		log_warn("%" PRIu64
			 " endings of storms whose groups made room for others: they are "
			 "missing by comm, container, pod and verdict",
			 (uint64_t)(ledger.counters.counts[COUNTER_CLOSE_GROUPED] -
				    ledger.account.taken));
	if (ledger.counters.counts[COUNTER_FLOW_INSERT_FAILED])
		log_warn("%" PRIu64 " packets found no room in the flow map and are not counted",
			 (uint64_t)ledger.counters.counts[COUNTER_FLOW_INSERT_FAILED]);
}
