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
#include "user/render/flow_columns.h"
#include "user/sink/output.h"
#include "user/sink/sinks.h"

struct replay_groups {
	const struct replay_command_options *options;
	struct string_pool *pool;
	struct flow_naming naming;
	struct flow_groups *groups;
};

int replay_groups_new(const struct replay_command_options *options, const struct zones *zones,
		      struct replay_groups **ret)
{
	_cleanup_(replay_groups_free) struct replay_groups *self = calloc(1, sizeof(*self));

	if (!self || string_pool_new(&self->pool))
		return log_error(-ENOMEM, "not enough memory");
	self->options = options;
	self->naming = (struct flow_naming){
		.zones = zones,
		.zone_name = zones_lookup,
		.pool = self->pool,
	};
	if (flow_groups_new(options->counts.by, &self->naming, &self->groups))
		return log_error(-ENOMEM, "not enough memory");
	*ret = TAKE_PTR(self);
	return 0;
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

	memset(&identity, 0, sizeof(identity));
	identity.known = FLOW_BY_CONNECTION | FLOW_KEY(VERDICT);
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

static int append_rows(const struct replay_groups *groups, struct strbuf *b, const void **rows,
		       size_t count)
{
	const struct replay_command_options *options = groups->options;
	const struct form_ops *ops = output_options_stdout(&options->output)->form;
	struct form_options form_options = form_options_of(STDOUT_FILENO);
	_cleanup_(form_close) struct form *form = NULL;
	uint32_t keys = options->counts.by;
	struct columns columns;
	int err;

	if (keys == FLOW_BY_CONNECTION)
		keys = (keys & ~FLOW_KEY(NETNS)) | FLOW_KEY(VERDICT);
	err = output_options_columns(&options->output, &flow_row_type, &columns);
	if (err < 0)
		return err;
	if (!err)
		flow_columns(ops, keys, &columns);
	form_options.type = &flow_row_type;
	form_options.columns = &columns;
	err = form_open(ops, &form_options, &form);
	if (err || !count)
		return err;
	if (ops->fit)
		ops->fit(form, rows, count);
	if (ops->head)
		ops->head(form, b);
	for (size_t i = 0; i < count; i++)
		form_append(form, b, rows[i]);
	return 0;
}

int replay_groups_print(struct replay_groups *groups, const struct filter *filter, uint64_t time_ns,
			uint64_t elapsed_ns)
{
	const struct sink_options to_stdout = { .fd = STDOUT_FILENO,
						.file_name_for_messages = "stdout" };
	_cleanup_free_ struct flow_row *rows = NULL;
	_cleanup_free_ const void **order = NULL;
	uint64_t top = groups->options->counts.top;
	struct output output;
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
	output_init(&output, &to_stdout);
	output_begin(&output);
	err = append_rows(groups, &output.text, order, top && count > top ? top : count);
	if (!err)
		err = output_end(&output);
	if (!err)
		err = output_flush(&output);
	output_release(&output);
	return err;
}
