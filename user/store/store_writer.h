/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The thread that writes: takes endings and counts from a bounded queue, and makes one transaction
 * a second of them. Who offers never waits. What cannot be written stays in the queue and is tried
 * again; what finds no room there is counted, and becomes a row of `gap` once it can.
 */
#ifndef USER_STORE_STORE_WRITER_H
#define USER_STORE_STORE_WRITER_H

#include "user/store/store_counts.h"
#include "user/store/store_endings.h"
#include "user/store/store_keep.h"
#include "user/store/store_runs.h"

#define STORE_QUEUE_BYTES (32u * 1024 * 1024)

/**
 * @path         Opened, or made, before the thread begins.
 * @run          Its start and settings; copied.
 * @keep         What is thrown away when.
 * @queue_bytes  Memory that what waits may take.
 * @in_thread    Called first in the thread, which needs no right but its open file; may be NULL.
 */
struct store_writer_options {
	const char *path;
	struct stored_run run;
	struct store_limits keep;
	size_t queue_bytes;
	void (*in_thread)(void);
};

/* In endings, those that a record stands for included. */
struct store_writer_account {
	uint64_t offered;
	uint64_t written;
	uint64_t lost_full; /* the queue was full, because nothing could be written */
	uint64_t lost_memory;
	uint64_t waiting;
	int error; /* of the last try, negative errno; 0 = it went well */
};

struct store_writer;

/* As store_open_writer(); -ENOMEM after one sentence. *ret is set on success only. */
int store_writer_open(const struct store_writer_options *options, struct store_writer **ret);

/* Take over `ending`; NULL counts one that there was no memory for. */
void store_writer_offer(struct store_writer *writer, struct stored_ending *ending);

/* Take over the rows of one time; free()d when written. */
void store_writer_offer_counts(struct store_writer *writer, struct stored_counts *counts);

/* The ledger in the place of the one before, written with the next transaction: all that waits. */
void store_writer_offer_ledger(struct store_writer *writer, const struct ledger_row *rows,
			       size_t count);

/* Ticks per second of the running kernel, once they are known: idle times are told in them. */
void store_writer_set_hz(struct store_writer *writer, uint32_t jiffies_hz);

void store_writer_account(const struct store_writer *writer, struct store_writer_account *ret);

/**
 * Write what waits, end the run and the thread.
 *
 * @deadline_ns  Of CLOCK_MONOTONIC: what is not written by then is given up and counted; a thread
 *               that hangs in the file system is left alone, with its memory.
 * @ret_account  May be NULL.
 */
void store_writer_close(struct store_writer **writer, uint64_t deadline_ns,
			struct store_writer_account *ret_account);

#endif
