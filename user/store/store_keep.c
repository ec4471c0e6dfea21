// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/store/store_keep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "user/store/store_counts.h"

#define KEEP_ROWS "5000"
#define KEEP_PAGES 500
/* A size that is held exactly would be exceeded by every transaction. */
#define KEEP_SIZE_SLACK 16

static int delete_rows(struct store *store, const char *sql, uint64_t *ret_rows)
{
	int err = store_exec(store, sql);

	*ret_rows = err ? 0 : (uint64_t)sqlite3_changes64(store->db);
	return err;
}

/* Of all tables that grow: those before `before_ns`. */
static int keep_age(struct store *store, uint64_t before_ns, uint64_t *ret_rows)
{
	static const char *const tables[] = {
		"DELETE FROM ending WHERE id IN (SELECT id FROM ending WHERE time < %" PRIu64
		" ORDER BY time LIMIT " KEEP_ROWS ")",
		"DELETE FROM counts WHERE rowid IN (SELECT rowid FROM counts WHERE time < %" PRIu64
		" ORDER BY time LIMIT " KEEP_ROWS ")",
		"DELETE FROM gap WHERE time < %" PRIu64,
	};
	char sql[256];
	int err = 0;

	*ret_rows = 0;
	for (size_t i = 0; !err && !*ret_rows && i < sizeof(tables) / sizeof(tables[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(sql, sizeof(sql), tables[i], before_ns);
#pragma GCC diagnostic pop
		err = delete_rows(store, sql, ret_rows);
	}
	return err;
}

static int keep_size(struct store *store, uint64_t size_bytes, uint64_t *ret_rows)
{
	int64_t pages = 0, page_bytes = 0, free_pages = 0;
	uint64_t used;
	int err = store_query_number(store, "PRAGMA page_count", &pages);

	*ret_rows = 0;
	err = err ?: store_query_number(store, "PRAGMA page_size", &page_bytes);
	err = err ?: store_query_number(store, "PRAGMA freelist_count", &free_pages);
	used = (uint64_t)(pages - free_pages) * (uint64_t)page_bytes;
	if (err || used + used / KEEP_SIZE_SLACK <= size_bytes)
		return err;
	err = delete_rows(store,
			  "DELETE FROM counts WHERE rowid IN (SELECT rowid FROM counts WHERE time <"
			  " (SELECT min(time) FROM ending) ORDER BY time LIMIT " KEEP_ROWS ")",
			  ret_rows);
	if (err || *ret_rows)
		return err;
	return delete_rows(store,
			   "DELETE FROM ending WHERE id IN (SELECT id FROM ending ORDER BY time "
			   "LIMIT " KEEP_ROWS ")",
			   ret_rows);
}

/* Pages that are free go back to the file system. */
static int keep_pages(struct store *store, bool *ret_is_done)
{
	char sql[48];
	int64_t before, after;
	int err = store_query_number(store, "PRAGMA freelist_count", &before);

	*ret_is_done = true;
	if (err || !before)
		return err;
	snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%d)", KEEP_PAGES);
	err = store_exec(store, sql);
	err = err ?: store_query_number(store, "PRAGMA freelist_count", &after);
	*ret_is_done = err || !after || after >= before;
	return err;
}

int store_keep_step(struct store *store, const struct store_limits *limits, uint64_t now_ns,
		    bool *ret_is_done)
{
	bool has_rolled = false;
	uint64_t rows = 0;
	int err = 0;

	*ret_is_done = false;
	if (limits->age_ns && now_ns > limits->age_ns)
		err = keep_age(store, now_ns - limits->age_ns, &rows);
	if (!err && !rows && limits->size_bytes)
		err = keep_size(store, limits->size_bytes, &rows);
	if (!err && !rows && now_ns > STORE_KEEP_MINUTES_NS)
		err = store_counts_roll_up(store, now_ns - STORE_KEEP_MINUTES_NS, &has_rolled);
	if (err || rows || has_rolled)
		return err;
	return keep_pages(store, ret_is_done);
}
