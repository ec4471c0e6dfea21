/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The counts of `flows` and `top`: a client of the engine that has the kernel side count, takes all
 * endings, and keeps the tables that both go into.
 */
#ifndef USER_ENGINE_LIVE_COUNTS_H
#define USER_ENGINE_LIVE_COUNTS_H

#include "user/count/flow_groups.h"
#include "user/engine/engine.h"
#include "user/kernel/tracer.h"
#include "user/model/flow_row.h"

struct live_counts;

/**
 * @tracer             Where to look; what counting needs is added.
 * @by                 What the rows are grouped by at first: live_counts_group().
 * @max_conversations  Entries of the kernel's map.
 * @keep_endings       What is grouped by may change later.
 */
struct live_counts_options {
	struct tracer_options tracer;
	uint32_t by;
	uint32_t max_conversations;
	bool keep_endings;
};

/**
 * Called for every ending, after it was counted.
 *
 * @benign_by_habit  The numbers are in c->habit.
 */
typedef void (*live_counts_ending)(void *data, const struct closed_connection *c);

/**
 * Open the live source with its counts switched on, an outlet for the endings, and start the engine.
 *
 * @options  Copied; its strings are borrowed.
 * @engine   Borrowed; new, with zones and habit, and showing all. It is to be freed before *ret.
 * @ending   May be NULL.
 * @return   0 or negative errno, logged; exit_code_of() knows them.
 */
int live_counts_open(const struct live_counts_options *options, struct engine *engine,
		     live_counts_ending ending, void *data, struct live_counts **ret);
void live_counts_free(struct live_counts **counts);

/**
 * What the rows are grouped by from now on. What was counted since the start stays counted.
 *
 * @by       FLOW_KEY() bits; FLOW_BY_CONNECTION for single connections.
 * @return   0 or -ENOMEM.
 */
int live_counts_group(struct live_counts *counts, uint32_t by);

/**
 * The groups of `by` that endings are counted in by who else counts them: made as those of
 * live_counts, and fed with live_counts_add_ending().
 *
 * @ret     Set on success only; flow_groups_free().
 * @return  0 or -ENOMEM.
 */
int live_counts_new_groups(struct live_counts *counts, uint32_t by, struct flow_groups **ret);

/* Within a live_counts_ending: the ending into groups of somebody's own, all that it tells. */
void live_counts_add_ending(struct live_counts *counts, const struct closed_connection *c,
			    struct flow_groups *groups);

/* While single connections are shown: show one that ended before, too. */
void live_counts_recall(struct live_counts *counts, const struct closed_connection *c);

/**
 * Read the counts. Takes a fraction of a millisecond per thousand conversations; events that come
 * in the meantime are taken.
 *
 * @return  0 or negative errno.
 */
int live_counts_poll(struct live_counts *counts);

/**
 * The rows as they were at the last poll.
 *
 * @since_last  As for flow_groups_rows(); @ret and @ret_count too. Times are filled in.
 */
int live_counts_rows(struct live_counts *counts, bool since_last, struct flow_row **ret,
		     size_t *ret_count);

/* All of it in one row, since the start. */
void live_counts_totals(const struct live_counts *counts, struct flow_row *ret);

/* Conversations in the kernel's map, and how many fit. */
void live_counts_conversations(const struct live_counts *counts, size_t *ret_count,
			       size_t *ret_most);

/* Log what is missing in the rows, and what has none of its own, if anything: after engine_stop(). */
void live_counts_tell_losses(const struct live_counts *counts, const struct engine *engine);

/* As tracer_drop_privilege(). */
void live_counts_drop_privilege(const struct live_counts *counts);

/* Interfaces whose packets are counted. */
void live_counts_append_watched(const struct live_counts *counts, struct strbuf *b);

#endif
