/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where connections go, as the pipeline sees it: it offers each connection to every outlet and
 * never waits for one. What stands behind them is in user/outlet/.
 */
#ifndef USER_PIPELINE_OUTLET_H
#define USER_PIPELINE_OUTLET_H

#include <stdbool.h>
#include <stdint.h>

#include "user/model/connection.h"

/* How many a run can have at most. */
#define OUTLETS_MOST 16
#define OUTLET_TICK_NS (100 * CLOCK_NS_PER_MS)

/* Why an outlet does not have what it was offered; X(ID, "words"). */
#define OUTLET_LOSSES(X)                                                                           \
	X(FULL, "its queue was full")                                                              \
	X(MEMORY, "not enough memory")                                                             \
	X(FAILED, "could not be written")                                                          \
	X(LATE, "still in its queue at the end")

#define OUTLET_LOSS_ENUM(id, ...) OUTLET_LOSS_##id,
enum outlet_loss { OUTLET_LOSSES(OUTLET_LOSS_ENUM) OUTLET_LOSS_COUNT };

/**
 * What became of what an outlet was offered, in endings: a record that stands for many counts as
 * many. offered = written + all of lost, and while it runs + what is in its queue.
 *
 * @grouped  Of `written`, in records that stand for many.
 * @skipped  Offered, and nothing of it belongs there (a clean close, in a file of packets).
 * @error    Of the failure that ended it or is the last one, a negative errno; 0 = none.
 * @has_ended  It takes nothing any more.
 */
struct outlet_account {
	uint64_t offered;
	uint64_t written;
	uint64_t grouped;
	uint64_t skipped;
	uint64_t lost[OUTLET_LOSS_COUNT];
	int error;
	bool has_ended;
};

struct outlet;

/**
 * @kind     Word of the command line.
 * @offer    Take one connection, or count it as lost; what it points to must be copied. Must not
 *           wait. Never fails: what goes wrong is in the account.
 * @flush    The gulp is over: pass on what was taken. Must not wait. NULL when there is nothing
 *           to pass on.
 * @tick     Some time has passed (OUTLET_TICK_NS), with or without connections. NULL for who does not
 *           care.
 * @finish   Nothing more comes: pass on what is left, with what closes a file. NULL as above.
 * @drain    Wait until it is written, at most until `deadline_ns` of CLOCK_MONOTONIC, and give up
 *           what is not. NULL as above.
 * @account  Callable at any time from the thread of the pipeline.
 * @close    Free it and set *outlet to NULL.
 */
struct outlet_ops {
	const char *kind;
	void (*offer)(struct outlet *outlet, const struct closed_connection *c);
	void (*flush)(struct outlet *outlet);
	void (*tick)(struct outlet *outlet);
	void (*finish)(struct outlet *outlet);
	void (*drain)(struct outlet *outlet, uint64_t deadline_ns);
	void (*account)(const struct outlet *outlet, struct outlet_account *ret);
	void (*close)(struct outlet **outlet);
};

/**
 * First member of every outlet's own struct.
 *
 * @name     For messages and the ledger: "stdout", "ndjson:FILE". Borrowed or its own.
 * @is_inner It is of the program itself, as counts are: a run of which only such are left is over.
 * @is_told  Its failure was told already; of user/outlet/outlets.c.
 */
struct outlet {
	const struct outlet_ops *ops;
	const char *name;
	bool is_inner;
	bool is_told;
};

static inline void outlet_offer(struct outlet *outlet, const struct closed_connection *c)
{
	outlet->ops->offer(outlet, c);
}

static inline void outlet_flush(struct outlet *outlet)
{
	if (outlet->ops->flush)
		outlet->ops->flush(outlet);
}

static inline void outlet_account(const struct outlet *outlet, struct outlet_account *ret)
{
	outlet->ops->account(outlet, ret);
}

/* Fit for _cleanup_(outlet_close). */
static inline void outlet_close(struct outlet **outlet)
{
	if (*outlet)
		(*outlet)->ops->close(outlet);
}

/* All of `lost`. */
uint64_t outlet_account_lost(const struct outlet_account *account);

#endif
