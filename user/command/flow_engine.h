/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `flows` and `top` share: the tracer with its counts switched on, all endings, and the
 * tables that both go into.
 */
#ifndef USER_COMMAND_FLOW_ENGINE_H
#define USER_COMMAND_FLOW_ENGINE_H

#include "user/base/event_loop.h"
#include "user/kernel/tracer.h"
#include "user/model/flow_row.h"
#include "user/pipeline/ledger.h"

struct flow_engine;

/**
 * @tracer             Where to look; what counting needs is added.
 * @zones_path         NULL = the built-in zones.
 * @by                 What the rows are grouped by at first: flow_engine_group().
 * @max_conversations  Entries of the kernel's map.
 * @keep_endings       What is grouped by may change later.
 */
struct flow_engine_options {
	struct tracer_options tracer;
	const char *zones_path;
	uint32_t by;
	uint32_t max_conversations;
	bool keep_endings;
};

/**
 * Called for every ending, after it was counted.
 *
 * @benign_by_habit  The numbers are in c->habit.
 */
typedef void (*flow_engine_ending)(void *data, const struct closed_connection *c);

/**
 * Load and attach, register with the loop.
 *
 * @options  Copied; its strings are borrowed.
 * @ending   May be NULL.
 * @return   0 or negative errno, logged; exit_code_of() knows them.
 */
int flow_engine_new(const struct flow_engine_options *options, struct event_loop *loop,
		    flow_engine_ending ending, void *data, struct flow_engine **ret);
void flow_engine_free(struct flow_engine **engine);

/**
 * What the rows are grouped by from now on. What was counted since the start stays counted.
 *
 * @by       FLOW_KEY() bits; FLOW_BY_CONNECTION for single connections.
 * @return   0 or -ENOMEM.
 */
int flow_engine_group(struct flow_engine *engine, uint32_t by);

/* While single connections are shown: show one that ended before, too. */
void flow_engine_recall(struct flow_engine *engine, const struct closed_connection *c);

/**
 * Read the counts. Takes a fraction of a millisecond per thousand conversations; events that come
 * in the meantime are taken.
 *
 * @return  0 or negative errno.
 */
int flow_engine_poll(struct flow_engine *engine);

/**
 * The rows as they were at the last poll.
 *
 * @since_last  As for flow_groups_rows(); @ret and @ret_count too. Times are filled in.
 */
int flow_engine_rows(struct flow_engine *engine, bool since_last, struct flow_row **ret,
		     size_t *ret_count);

/* All of it in one row, since the start. */
void flow_engine_totals(const struct flow_engine *engine, struct flow_row *ret);

/* Conversations in the kernel's map, and how many fit. */
void flow_engine_conversations(const struct flow_engine *engine, size_t *ret_count,
			       size_t *ret_most);

/* Stop counting; the last events are taken, and the last poll is to follow. */
void flow_engine_stop(struct flow_engine *engine);

/* After flow_engine_stop(). 0 or negative errno. */
int flow_engine_ledger(const struct flow_engine *engine, struct ledger *ret);

/* As tracer_drop_privilege(). */
void flow_engine_drop_privilege(const struct flow_engine *engine);

/* Interfaces whose packets are counted. */
void flow_engine_append_watched(const struct flow_engine *engine, struct strbuf *b);

#endif
