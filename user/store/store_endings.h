/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Endings in the database: written with all that was known of them, read back as the connections
 * that live output shows, so that filters, columns and sentences are the same.
 */
#ifndef USER_STORE_STORE_ENDINGS_H
#define USER_STORE_STORE_ENDINGS_H

#include "user/model/connection.h"
#include "user/store/store_text.h"

/* What a connection points to. Stacks, and what is packed, may hold NUL bytes. */
enum ending_string {
	ENDING_CGROUP,
	ENDING_INTERFACE,
	ENDING_ZONE_LOCAL,
	ENDING_ZONE_PEER,
	ENDING_CONTAINER_ID,
	ENDING_CONTAINER_NAME,
	ENDING_POD,
	ENDING_POD_NAMESPACE,
	ENDING_KERNEL_STACK,
	ENDING_USER_STACK,
	ENDING_OTHER, /* store_pack_other() */
	ENDING_OOM, /* store_pack_oom() */
	ENDING_FOLLOWS, /* store_pack() of the ending that caused this one */
	ENDING_STRING_COUNT,
};

/**
 * An ending as it waits to be written, in one piece of memory: head, strings, packed record.
 *
 * @size    Of the whole, bytes.
 * @ends    Where each string ends in `data`, counted from its begin; a string that is null is
 *          `absent`.
 * @packed  Where the packed record begins in `data`.
 */
struct stored_ending {
	uint32_t size;
	uint32_t packed;
	uint32_t ends[ENDING_STRING_COUNT];
	uint32_t absent; /* bit n: string n is null */
	uint8_t verdict;
	uint8_t benign;
	uint8_t storm_level;
	uint8_t runtime;
	uint16_t server_port;
	char comm[TASK_COMM_BYTES];
	uint64_t wall_ns;
	uint64_t repeated;
	uint64_t first_wall_ns;
	uint64_t habit_closes;
	uint64_t habit_resets;
	uint64_t follows_gap_us;
	char data[];
};

/* A copy of `c`; free() it. NULL when memory ran out. */
struct stored_ending *stored_ending_of(const struct closed_connection *c);

struct ending_writer;

/* @run  Of store_run_begin(). 0 or -ENOMEM. */
int ending_writer_new(struct store *store, int64_t run, struct ending_writer **ret);
void ending_writer_free(struct ending_writer **writer);

/* Within a transaction. 0 or store_errno(). */
int ending_writer_put(struct ending_writer *writer, const struct stored_ending *ending);

/* After a rollback. */
void ending_writer_forget(struct ending_writer *writer);

/**
 * What is read: those that ended from `since_ns` up to but not with `until_ns`, in order of time.
 *
 * @take  Called for each; a negative errno ends it. The connection is valid within the call.
 * @timeouts  Settings of the reading host, for hints; may be NULL.
 */
struct ending_query {
	uint64_t since_ns;
	uint64_t until_ns;
	const struct host_timeouts *timeouts;
	int (*take)(void *data, const struct closed_connection *c);
	void *data;
};

/**
 * @ret_damaged  How many could not be read, and were left out.
 * @return  0, what `take` returned, store_errno(), or -ENOMEM.
 */
int store_read_endings(struct store *store, const struct ending_query *query,
		       uint64_t *ret_damaged);

#endif
