/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What was counted, minute by minute: rows of `flows` in the database. Of each minute the largest
 * rows are kept and the rest is one row, so that sums stay exact; old minutes become hours.
 */
#ifndef USER_STORE_STORE_COUNTS_H
#define USER_STORE_STORE_COUNTS_H

#include "user/base/strbuf.h"
#include "user/model/flow_row.h"
#include "user/store/store.h"

#define STORE_MINUTE_NS (60 * UINT64_C(1000000000))
/* Rows of one minute and grouping, unless more are wanted; the rest is one row. */
#define STORE_COUNTS_MOST 1000

/* Append the statements that make the table. Columns are the fields of rows of counts. */
void store_counts_append_schema(struct strbuf *b);

/* Keys and counts that the program that made the table did not have. 0 or store_errno(). */
int store_counts_add_columns(struct store *store);

/**
 * The rows of one minute and grouping, copied, their strings included.
 *
 * @time_ns  When the minute began, wall time.
 * @seconds  How long was counted.
 * @by       FLOW_KEY() bits.
 */
struct stored_counts {
	uint64_t time_ns;
	uint32_t seconds;
	uint32_t by;
	size_t count;
	struct flow_row *rows;
	struct strbuf strings; /* what their strings point into */
};

/**
 * Copy the `most` rows with the most packets; the others are added up in one row with is_rest set.
 *
 * @rows  Of one grouping; their strings are copied.
 * @ret   stored_counts_free() frees it; set on success only.
 * @return  0 or -ENOMEM.
 */
int stored_counts_of(const struct flow_row *rows, size_t count, uint32_t by, uint64_t time_ns,
		     uint32_t seconds, size_t most, struct stored_counts **ret);
void stored_counts_free(struct stored_counts **counts);

/* Within a transaction. 0 or store_errno(). */
int store_counts_put(struct store *store, const struct stored_counts *counts);

/**
 * Make hours of the minutes of one hour before `before_ns`, if there are any; as few rows as of a
 * minute, sums exact.
 */
int store_counts_roll_up(struct store *store, uint64_t before_ns, bool *ret_has_rolled);

/**
 * What is read: sums of the rows of a grouping, from `since_ns` up to but not with `until_ns`.
 *
 * @by       FLOW_KEY() bits to group by.
 * @over_ns  Length of one time; 0 = all of it as one.
 * @where    A condition of the columns, or NULL; `bind` binds its parameters from place 4 on.
 * @take     Called for each row, in order of time; it is valid within the call.
 */
struct counts_query {
	uint64_t since_ns;
	uint64_t until_ns;
	uint64_t over_ns;
	uint32_t by;
	const char *where;
	void (*bind)(void *data, sqlite3_stmt *statement);
	int (*take)(void *data, const struct flow_row *row);
	void *data;
};

/* 0; -ENOENT when nothing was stored by these keys; what `take` returned; -ENOMEM; store_errno(). */
int store_read_counts(struct store *store, const struct counts_query *query);

#endif
