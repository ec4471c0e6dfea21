// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/model/record_check.h"
#include "user/pipeline/follows.h"
#include "user/pipeline/hold.h"
#include "user/pipeline/oom_kills.h"
#include "user/pipeline/other_ends.h"

struct pipeline {
	struct pipeline_options options;
	struct pipeline_account account;
	struct hold *hold;
	struct other_ends *other_ends;
	struct oom_kills *oom_kills;
	struct follows *follows;
};

int pipeline_new(const struct pipeline_options *options, struct pipeline **ret)
{
	_cleanup_(pipeline_free) struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
	int err;

	if (!pipeline)
		return -ENOMEM;
	pipeline->options = *options;
	err = hold_new(&pipeline->hold);
	if (!err)
		err = other_ends_new(&pipeline->other_ends);
	if (!err)
		err = oom_kills_new(&pipeline->oom_kills);
	if (!err)
		err = follows_new(&pipeline->follows);
	if (err)
		return err;
	*ret = TAKE_PTR(pipeline);
	return 0;
}

void pipeline_free(struct pipeline **pipeline)
{
	if (!*pipeline)
		return;
	hold_free(&(*pipeline)->hold);
	other_ends_free(&(*pipeline)->other_ends);
	oom_kills_free(&(*pipeline)->oom_kills);
	follows_free(&(*pipeline)->follows);
	free(*pipeline);
	*pipeline = NULL;
}

static bool pipeline_is_full(const struct pipeline *pipeline)
{
	uint64_t limit = pipeline->options.count_limit;

	return limit && pipeline->account.shown + pipeline->account.storms >= limit;
}

/* To every outlet, whatever the others make of it. */
static int pipeline_offer(struct pipeline *pipeline, const struct closed_connection *c)
{
	if (c->first_wall_ns) {
		pipeline->account.storms++;
		pipeline->account.grouped += c->repeated;
	} else {
		pipeline->account.shown++;
	}
	for (size_t i = 0; i < pipeline->options.outlet_count; i++)
		outlet_offer(pipeline->options.outlets[i], c);
	return pipeline_is_full(pipeline);
}

/* `storm` is NULL, or what `record` is the sample of. */
static int pipeline_show(struct pipeline *pipeline, const struct close_record *record,
			 const struct storm_record *storm)
{
	const struct pipeline_options *options = &pipeline->options;
	struct pipeline_account *account = &pipeline->account;
	uint64_t endings = storm ? storm->repeated : 1;
	const struct close_record *before = NULL;
	struct closed_connection c;
	uint64_t gap_ns = 0;

	if (!storm)
		before = follows_find(pipeline->follows, record, &gap_ns);
	if (!options->show_all && !close_is_abnormal(&record->decision) &&
	    !(before && (record->head.flags & RECORD_MAY_FOLLOW))) {
		account->normal += endings;
		return 0;
	}
	if (!tracer_config_passes(options->config, record)) {
		account->filtered += endings;
		return 0;
	}
	if (pipeline_is_full(pipeline)) {
		account->beyond += endings;
		return 0;
	}
	if (storm)
		connection_from_storm(storm, options->context, &c);
	else
		connection_from_record(record, options->context, &c);
	c.follows = before;
	c.follows_gap_us = gap_ns / CLOCK_NS_PER_US;
	if (record->detail.death == CLOSE_DEATH_OOM)
		c.oom_kill = oom_kills_find(pipeline->oom_kills, record->closer.pid,
					    record->head.time_ns);
	if (options->enrich)
		options->enrich(options->data, &c);
	c.other_end = other_ends_find(pipeline->other_ends, &c);
	other_ends_note(pipeline->other_ends, &c);
	if (options->wants && !options->wants(options->data, &c)) {
		account->filtered += endings;
		return 0;
	}
	return pipeline_offer(pipeline, &c);
}

/* `sign` 1 counts the ending as it is now, -1 takes it back. */
static void account_decision(struct pipeline_account *account, const struct close_record *record,
			     int sign)
{
	uint32_t raised = snmp_of_ending(&record->evidence, &record->decision);

	account->verdicts[record->decision.verdict] += sign;
	for (int i = 0; i < SNMP_OF_ENDINGS_COUNT; i++)
		if (raised >> i & 1)
			account->snmp[i] += sign;
}

/*
 * What the kernel decided was counted by it: decide again, with what is known now, and keep
 * its counts true.
 */
static int pipeline_show_again(struct pipeline *pipeline, struct close_record *record,
			       const struct amend_record *amend)
{
	account_decision(&pipeline->account, record, -1);
	if (amend) {
		record->evidence.seen |= amend->seen;
		if (amend->reset_reason)
			record->evidence.reset_reason = amend->reset_reason;
		if (amend->local_rst_count > record->evidence.local_rst_count)
			record->evidence.local_rst_count = amend->local_rst_count;
	}
	close_decide(&record->evidence, &record->decision);
	account_decision(&pipeline->account, record, 1);
	return pipeline_show(pipeline, record, NULL);
}

static int pipeline_amend(struct pipeline *pipeline, const struct amend_record *amend)
{
	struct close_record record;

	if (!hold_take(pipeline->hold, &amend->key, amend->local_side, &record)) {
		pipeline->account.amend_late++;
		return 0;
	}
	pipeline->account.amended++;
	return pipeline_show_again(pipeline, &record, amend);
}

int pipeline_feed(struct pipeline *pipeline, const void *data, size_t size)
{
	const struct close_record *close = data;
	const struct storm_record *storm = data;
	enum record_type type;
	struct close_record held;
	int err;

	if (record_check(data, size, &type)) {
		pipeline->account.bad++;
		return 0;
	}
	switch (type) {
	case RECORD_CLOSE:
		follows_note(pipeline->follows, close);
		if (!(close->head.flags & RECORD_MAY_BE_AMENDED))
			return pipeline_show(pipeline, close, NULL);
		err = hold_add(pipeline->hold, close);
		if (!err)
			return 0;
		/* No memory to wait with: better early than never. */
		held = *close;
		return pipeline_show_again(pipeline, &held, NULL);
	case RECORD_AMEND:
		return pipeline_amend(pipeline, data);
	case RECORD_STORM:
		pipeline->account.taken += storm->repeated;
		return pipeline_show(pipeline, &storm->close, storm);
	case RECORD_OOM:
		oom_kills_note(pipeline->oom_kills, data);
		return 0;
	case RECORD_NETNS:
	case RECORD_CGROUP:
		return 0;
	}
	return 0;
}

int pipeline_expire(struct pipeline *pipeline, uint64_t now_ns)
{
	struct close_record record;
	int err = 0;

	while (!err && hold_take_older(pipeline->hold, now_ns - PIPELINE_GRACE_NS, &record))
		err = pipeline_show_again(pipeline, &record, NULL);
	return err;
}

int pipeline_flush(struct pipeline *pipeline)
{
	size_t ended = 0, count = 0;

	for (size_t i = 0; i < pipeline->options.outlet_count; i++) {
		struct outlet *outlet = pipeline->options.outlets[i];
		struct outlet_account account;

		outlet_flush(outlet);
		outlet_account(outlet, &account);
		count += !outlet->is_inner;
		ended += !outlet->is_inner && account.has_ended;
	}
	return count && ended == count;
}

void pipeline_finish(struct pipeline *pipeline)
{
	struct close_record record;

	/* To the end in any case: what is not shown any more is counted. */
	while (hold_take_older(pipeline->hold, UINT64_MAX, &record))
		pipeline_show_again(pipeline, &record, NULL);
	for (size_t i = 0; i < pipeline->options.outlet_count; i++)
		if (pipeline->options.outlets[i]->ops->finish)
			pipeline->options.outlets[i]->ops->finish(pipeline->options.outlets[i]);
}

uint64_t outlet_account_lost(const struct outlet_account *account)
{
	uint64_t lost = 0;

	for (int i = 0; i < OUTLET_LOSS_COUNT; i++)
		lost += account->lost[i];
	return lost;
}

bool pipeline_is_holding(const struct pipeline *pipeline)
{
	return !hold_is_empty(pipeline->hold);
}

const struct pipeline_account *pipeline_account(const struct pipeline *pipeline)
{
	return &pipeline->account;
}
