// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/replay_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/count/flow_ending.h"
#include "user/count/flow_groups.h"
#include "user/outlet/rows_outlet.h"
#include "user/render/flow_columns.h"

struct replay_groups {
	const struct replay_command_options *options;
	struct string_pool *pool;
	struct flow_naming naming;
	struct flow_groups *groups;
	struct outlet *outlets[OUTPUT_REQUESTS_MAX];
};

static int open_outlets(struct replay_groups *self, struct outlets *outlets)
{
	const struct output_options *output = &self->options->output;
	uint32_t keys = self->options->counts.by;
	int err = 0;

	if (keys == FLOW_BY_CONNECTION)
		keys = (keys & ~FLOW_KEY(NETNS)) | FLOW_KEY(VERDICT);
	for (size_t i = 0; !err && i < output->request_count; i++) {
		struct columns columns;

		err = output_options_columns(output, &flow_row_type, &columns);
		if (err < 0)
			return err;
		if (!err)
			flow_columns(output->requests[i].form, keys, &columns);
		err = outlets_open_rows(outlets, &output->requests[i], &flow_row_type, &columns,
					&self->outlets[i]);
	}
	return err;
}

int replay_groups_new(const struct replay_command_options *options, struct outlets *outlets,
		      struct replay_groups **ret)
{
	_cleanup_(replay_groups_free) struct replay_groups *self = calloc(1, sizeof(*self));
	int err;

	if (!self || string_pool_new(&self->pool))
		return log_error(-ENOMEM, "not enough memory");
	self->options = options;
	self->naming = (struct flow_naming){
		.zone_name = zones_lookup,
		.pool = self->pool,
	};
	if (flow_groups_new(options->counts.by, &self->naming, &self->groups))
		return log_error(-ENOMEM, "not enough memory");
	err = open_outlets(self, outlets);
	if (err)
		return err;
	*ret = TAKE_PTR(self);
	return 0;
}

void replay_groups_set_zones(struct replay_groups *groups, const struct zones *zones)
{
	groups->naming.zones = zones;
}

void replay_groups_free(struct replay_groups **groups)
{
	if (!*groups)
		return;
	flow_groups_free(&(*groups)->groups);
	string_pool_free(&(*groups)->pool);
	free(*groups);
	*groups = NULL;
}

/* Begun before the capture, or not over with it: what an ending of a live socket cannot be. */
static void mend_counts(uint64_t *counts, const struct closed_connection *c)
{
	static const enum tally_count closed[] = { TALLY_CLOSED_FIN, TALLY_CLOSED_FIN_RST,
						   TALLY_CLOSED_RST, TALLY_RST_NO_CT };

	if (!counts[TALLY_SYN_CLT] && !counts[TALLY_SYN_SRV]) {
		counts[TALLY_FOUND] = counts[TALLY_OPENED];
		counts[TALLY_OPENED] = 0;
	}
	if (c->record.decision.verdict == CLOSE_ORPHAN_MID ||
	    c->record.decision.verdict == CLOSE_PORT_REUSE)
		for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
			counts[closed[i]] = 0;
}

void replay_groups_add(struct replay_groups *groups, const struct closed_connection *c)
{
	uint64_t counts[FLOW_COUNT_COUNT] = { 0 };
	struct flow_identity identity;

	flow_identity_of_ending(&identity, c);
	flow_counts_add_ending(counts, c);
	mend_counts(counts, c);
	flow_groups_take_ending(groups->groups, &identity, counts);
}

/* The rows that the filter takes, to the front. Returns how many. */
static size_t choose(struct flow_row *rows, size_t count, const struct filter *filter)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!filter || filter_matches(filter, &rows[i], NULL))
			rows[kept++] = rows[i];
	return kept;
}

int replay_groups_print(struct replay_groups *groups, const struct filter *filter, uint64_t time_ns,
			uint64_t elapsed_ns)
{
	_cleanup_free_ struct flow_row *rows = NULL;
	_cleanup_free_ const void **order = NULL;
	uint64_t top = groups->options->counts.top;
	size_t count;
	int err;

	err = flow_groups_rows(groups->groups, false, &rows, &count);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		rows[i].time_ns = time_ns;
		rows[i].elapsed_ns = elapsed_ns;
	}
	count = choose(rows, count, filter);
	err = rows_order(&flow_row_type, groups->options->counts.sort, rows, sizeof(*rows), count,
			 &order);
	if (err)
		return err;
	if (top && count > top)
		count = top;
	for (size_t i = 0; i < groups->options->output.request_count; i++)
		rows_outlet_write(groups->outlets[i], NULL, order, count);
	return 0;
}
