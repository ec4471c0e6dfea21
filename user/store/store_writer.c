// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/store/store_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"

#define TRANSACTION_NS CLOCK_NS_PER_SECOND
/* More than this does not wait for the second to end. */
#define EARLY_ENDINGS 20000
/* Throwing away is looked at so often, and then goes on step by step. */
#define KEEP_NS (60 * CLOCK_NS_PER_SECOND)

/* What waits, in the order in which it came. Exactly one of both is set. */
struct waiting {
	struct waiting *next;
	struct stored_ending *ending;
	struct stored_counts *counts;
};

/**
 * @lock       Guards everything up to `thread`; the rest is the thread's.
 * @lost_*_ns  Wall time of the first and last that found no room, since the last gap was written.
 */
struct store_writer {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct waiting *first, **last;
	size_t bytes, endings_waiting;
	struct store_writer_account account;
	uint64_t gap_missing, gap_first_ns, gap_last_ns;
	int gap_errno;
	struct ledger_row ledger[LEDGER_ROWS_MOST];
	size_t ledger_rows; /* 0 = written already */
	uint32_t jiffies_hz; /* 0 = written already, or not known */
	bool is_ending, has_ended, is_abandoned;
	pthread_t thread;
	size_t queue_bytes;
	void (*in_thread)(void);
	struct store *store;
	struct ending_writer *endings;
	struct store_limits keep;
	int64_t run;
	uint64_t keep_ns; /* when to look next */
	bool was_told;
};

static size_t waiting_bytes(const struct waiting *waiting)
{
	if (waiting->ending)
		return sizeof(*waiting) + waiting->ending->size;
	return sizeof(*waiting) + waiting->counts->count * sizeof(struct flow_row) +
	       waiting->counts->strings.len;
}

static void waiting_free(struct waiting *waiting)
{
	free(waiting->ending);
	stored_counts_free(&waiting->counts);
	free(waiting);
}

/* -- the thread ------------------------------------------------------------------------------ */
static int writer_write_list(struct store_writer *writer, const struct waiting *first,
			     uint64_t *ret_endings)
{
	int err = 0;

	for (*ret_endings = 0; first && !err; first = first->next) {
		if (first->counts) {
			err = store_counts_put(writer->store, first->counts);
			continue;
		}
		err = ending_writer_put(writer->endings, first->ending);
		*ret_endings += first->ending->repeated;
	}
	return err;
}

static const char *gap_reason(int err)
{
	switch (err) {
	case -ENOSPC:
	case -EFBIG:
	case -EDQUOT:
		return "disk full";
	case -EBUSY:
		return "another program had locked the file";
	case -EROFS:
		return "read-only";
	case -ENOMEM:
		return "not enough memory";
	case 0:
		return "the disk was too slow";
	default:
		return strerror(-err);
	}
}

/**
 * Everything that waits, as one transaction.
 *
 * @gap  What was lost before it, and what else the run has to tell; a copy, 0 = nothing.
 */
static int writer_transaction(struct store_writer *writer, const struct waiting *first,
			      const struct store_writer *gap, uint64_t *ret_endings)
{
	uint64_t now_ns = clock_realtime_ns();
	int err = store_exec(writer->store, "BEGIN IMMEDIATE");

	if (err)
		return err;
	err = writer_write_list(writer, first, ret_endings);
	if (!err && gap->gap_missing)
		err = store_gap_put(writer->store, writer->run, gap->gap_first_ns, gap->gap_last_ns,
				    gap->gap_missing, gap_reason(gap->gap_errno));
	if (!err && gap->ledger_rows)
		err = store_ledger_put(writer->store, writer->run, gap->ledger, gap->ledger_rows);
	if (!err && gap->jiffies_hz)
		err = store_run_set_hz(writer->store, writer->run, gap->jiffies_hz);
	err = err ?: store_run_seen(writer->store, writer->run, now_ns);
	err = err ?: store_exec(writer->store, "COMMIT");
	if (err) {
		store_exec(writer->store, "ROLLBACK");
		ending_writer_forget(writer->endings);
	}
	return err;
}

static void writer_tell(struct store_writer *writer, int err)
{
	if (err && !writer->was_told)
		log_warn("%s: cannot be written (%s); tracing goes on, what waits is tried again "
			 "every second",
			 writer->store->path, gap_reason(err));
	else if (!err && writer->was_told)
		log_warn("%s: is written again", writer->store->path);
	writer->was_told = err != 0;
}

/* Called and left with the lock held. */
static void writer_turn(struct store_writer *writer)
{
	struct waiting *first = writer->first, *next;
	struct store_writer gap = { .gap_missing = writer->gap_missing,
				    .gap_first_ns = writer->gap_first_ns,
				    .gap_last_ns = writer->gap_last_ns,
				    .gap_errno = writer->gap_errno,
				    .jiffies_hz = writer->jiffies_hz,
				    .ledger_rows = writer->ledger_rows };
	size_t bytes = writer->bytes, waiting = writer->endings_waiting;
	uint64_t endings = 0;
	int err;

	memcpy(gap.ledger, writer->ledger, sizeof(gap.ledger));
	writer->ledger_rows = 0;
	writer->first = NULL;
	writer->last = &writer->first;
	writer->endings_waiting = 0;
	pthread_mutex_unlock(&writer->lock);
	err = writer_transaction(writer, first, &gap, &endings);
	writer_tell(writer, err);
	pthread_mutex_lock(&writer->lock);
	writer->account.error = err;
	if (err) {
		/* Back to where it was, before what has come meanwhile. */
		struct waiting **end = &first;

		while (*end)
			end = &(*end)->next;
		*end = writer->first;
		if (!writer->first)
			writer->last = end == &first ? &writer->first : end;
		writer->first = first;
		writer->endings_waiting += waiting;
		if (!writer->ledger_rows)
			writer->ledger_rows = gap.ledger_rows;
		return;
	}
	writer->account.written += endings;
	writer->account.waiting -= endings;
	writer->bytes -= bytes;
	writer->gap_missing -= gap.gap_missing;
	writer->jiffies_hz = 0;
	for (; first; first = next) {
		next = first->next;
		waiting_free(first);
	}
}

static void writer_keep(struct store_writer *writer)
{
	bool is_done = true;
	int err;

	if (clock_monotonic_ns() < writer->keep_ns)
		return;
	err = store_keep_step(writer->store, &writer->keep, clock_realtime_ns(), &is_done);
	/* The next step comes with the next transaction: in between others may write. */
	if (err || is_done)
		writer->keep_ns = clock_monotonic_ns() + KEEP_NS;
}

static void wait_until(struct store_writer *writer, uint64_t wake_ns)
{
	struct timespec at = { (time_t)(wake_ns / CLOCK_NS_PER_SECOND),
			       (long)(wake_ns % CLOCK_NS_PER_SECOND) };

	while (!writer->is_ending &&
	       (writer->endings_waiting < EARLY_ENDINGS || writer->account.error) &&
	       pthread_cond_timedwait(&writer->wake, &writer->lock, &at) == 0)
		;
}

static void writer_free(struct store_writer *writer)
{
	struct waiting *next;

	for (; writer->first; writer->first = next) {
		next = writer->first->next;
		waiting_free(writer->first);
	}
	ending_writer_free(&writer->endings);
	store_close(&writer->store);
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

static void *writer_thread(void *data)
{
	struct store_writer *writer = data;
	bool was_ending, was_abandoned;

	if (writer->in_thread)
		writer->in_thread();
	pthread_mutex_lock(&writer->lock);
	do {
		wait_until(writer, clock_monotonic_ns() + TRANSACTION_NS);
		was_ending = writer->is_ending;
		writer_turn(writer);
		if (was_ending)
			break;
		pthread_mutex_unlock(&writer->lock);
		writer_keep(writer);
		pthread_mutex_lock(&writer->lock);
	} while (true);
	if (!writer->account.error)
		store_run_end(writer->store, writer->run, clock_realtime_ns());
	writer->has_ended = true;
	was_abandoned = writer->is_abandoned;
	pthread_cond_broadcast(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
	if (was_abandoned)
		writer_free(writer);
	return NULL;
}

/* -- the others' side ------------------------------------------------------------------------ */
static int writer_start(struct store_writer *writer, const struct store_writer_options *options)
{
	int err = store_run_begin(writer->store, &options->run, &writer->run);

	if (err)
		return log_error(err, "%s: %s", options->path, gap_reason(err));
	if (ending_writer_new(writer->store, writer->run, &writer->endings))
		return log_error(-ENOMEM, "not enough memory");
	err = -pthread_create(&writer->thread, NULL, writer_thread, writer);
	return err ? log_error(err, "cannot start a thread: %s", strerror(-err)) : 0;
}

int store_writer_open(const struct store_writer_options *options, struct store_writer **ret)
{
	struct store_writer *writer = calloc(1, sizeof(*writer));
	pthread_condattr_t monotonic;
	int err;

	if (!writer)
		return log_error(-ENOMEM, "not enough memory");
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&writer->lock, NULL);
	writer->last = &writer->first;
	writer->queue_bytes = options->queue_bytes ?: STORE_QUEUE_BYTES;
	writer->keep = options->keep;
	writer->in_thread = options->in_thread;
	err = store_open_writer(options->path, &writer->store);
	err = err ?: writer_start(writer, options);
	if (err) {
		writer_free(writer);
		return err;
	}
	*ret = writer;
	return 0;
}

static void writer_lose(struct store_writer *writer, const struct stored_ending *ending)
{
	if (!writer->gap_missing) {
		writer->gap_first_ns = ending->wall_ns;
		writer->gap_errno = writer->account.error;
	}
	writer->gap_missing += ending->repeated;
	writer->gap_last_ns = ending->wall_ns;
	writer->account.lost_full += ending->repeated;
}

/* True when it was taken. */
static bool writer_queue(struct store_writer *writer, struct waiting *waiting)
{
	size_t bytes = waiting_bytes(waiting);

	if (writer->bytes + bytes > writer->queue_bytes)
		return false;
	writer->bytes += bytes;
	*writer->last = waiting;
	writer->last = &waiting->next;
	return true;
}

void store_writer_offer(struct store_writer *writer, struct stored_ending *ending)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	uint64_t endings = ending ? ending->repeated : 1;

	pthread_mutex_lock(&writer->lock);
	writer->account.offered += endings;
	if (!waiting || !ending) {
		writer->account.lost_memory += endings;
		free(ending);
		free(waiting);
		pthread_mutex_unlock(&writer->lock);
		return;
	}
	waiting->ending = ending;
	if (writer_queue(writer, waiting)) {
		writer->account.waiting += endings;
		if (++writer->endings_waiting == EARLY_ENDINGS)
			pthread_cond_signal(&writer->wake);
	} else {
		writer_lose(writer, ending);
		waiting_free(waiting);
	}
	pthread_mutex_unlock(&writer->lock);
}

void store_writer_offer_counts(struct store_writer *writer, struct stored_counts *counts)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (!waiting) {
		stored_counts_free(&counts);
		return;
	}
	waiting->counts = counts;
	pthread_mutex_lock(&writer->lock);
	if (!writer_queue(writer, waiting))
		waiting_free(waiting);
	pthread_mutex_unlock(&writer->lock);
}

void store_writer_offer_ledger(struct store_writer *writer, const struct ledger_row *rows,
			       size_t count)
{
	pthread_mutex_lock(&writer->lock);
	writer->ledger_rows = count < LEDGER_ROWS_MOST ? count : LEDGER_ROWS_MOST;
	memcpy(writer->ledger, rows, writer->ledger_rows * sizeof(*rows));
	pthread_mutex_unlock(&writer->lock);
}

void store_writer_set_hz(struct store_writer *writer, uint32_t jiffies_hz)
{
	pthread_mutex_lock(&writer->lock);
	writer->jiffies_hz = jiffies_hz;
	pthread_mutex_unlock(&writer->lock);
}

void store_writer_account(const struct store_writer *writer, struct store_writer_account *ret)
{
	struct store_writer *self = (struct store_writer *)writer;

	pthread_mutex_lock(&self->lock);
	*ret = self->account;
	pthread_mutex_unlock(&self->lock);
}

void store_writer_close(struct store_writer **writer, uint64_t deadline_ns,
			struct store_writer_account *ret_account)
{
	struct timespec at = { (time_t)(deadline_ns / CLOCK_NS_PER_SECOND),
			       (long)(deadline_ns % CLOCK_NS_PER_SECOND) };
	struct store_writer *gone = *writer;
	bool has_ended;

	if (!gone)
		return;
	pthread_mutex_lock(&gone->lock);
	gone->is_ending = true;
	pthread_cond_broadcast(&gone->wake);
	while (!gone->has_ended && pthread_cond_timedwait(&gone->wake, &gone->lock, &at) == 0)
		;
	has_ended = gone->has_ended;
	if (ret_account)
		*ret_account = gone->account;
	gone->is_abandoned = !has_ended;
	if (!has_ended)
		pthread_detach(gone->thread);
	pthread_mutex_unlock(&gone->lock);
	*writer = NULL;
	if (!has_ended)
		return;
	pthread_join(gone->thread, NULL);
	writer_free(gone);
}
