// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/store/store_runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/json_text.h"

/* A run is seen once a second; what is shorter than this between two is no hole. */
#define UNSEEN_NS (5 * CLOCK_NS_PER_SECOND)

static int step_once(struct store *store, sqlite3_stmt *statement)
{
	int result = statement ? sqlite3_step(statement) : SQLITE_ERROR;

	sqlite3_finalize(statement);
	return store_errno(store, result);
}

static void bind_text(sqlite3_stmt *statement, int column, const char *text)
{
	sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
}

int store_run_begin(struct store *store, const struct stored_run *run, int64_t *ret_id)
{
	sqlite3_stmt *insert = store_prepare(
		store, "INSERT INTO run(started,seen,host,version,kernel,settings,jiffies_hz) "
		       "VALUES(?1,?1,?2,?3,?4,?5,?6)");
	int err;

	if (!insert)
		return -EIO;
	sqlite3_bind_int64(insert, 1, (int64_t)run->started_ns);
	bind_text(insert, 2, run->host);
	bind_text(insert, 3, run->version);
	bind_text(insert, 4, run->kernel);
	bind_text(insert, 5, run->settings);
	sqlite3_bind_int64(insert, 6, run->jiffies_hz);
	err = step_once(store, insert);
	if (!err)
		*ret_id = sqlite3_last_insert_rowid(store->db);
	return err;
}

static int run_update(struct store *store, const char *sql, int64_t id, uint64_t value)
{
	sqlite3_stmt *update = store_prepare(store, sql);

	if (update) {
		sqlite3_bind_int64(update, 1, (int64_t)value);
		sqlite3_bind_int64(update, 2, id);
	}
	return step_once(store, update);
}

int store_run_seen(struct store *store, int64_t id, uint64_t now_ns)
{
	return run_update(store, "UPDATE run SET seen=? WHERE id=?", id, now_ns);
}

int store_run_set_hz(struct store *store, int64_t id, uint32_t jiffies_hz)
{
	return run_update(store, "UPDATE run SET jiffies_hz=? WHERE id=?", id, jiffies_hz);
}

int store_run_end(struct store *store, int64_t id, uint64_t now_ns)
{
	return run_update(store, "UPDATE run SET seen=?1, ended=?1 WHERE id=?2", id, now_ns);
}

int store_ledger_put(struct store *store, int64_t run, const struct ledger_row *rows, size_t count)
{
	sqlite3_stmt *insert =
		store_prepare(store, "INSERT OR REPLACE INTO ledger(run,name,value) VALUES(?,?,?)");
	int result = SQLITE_DONE;

	if (!insert)
		return -EIO;
	for (size_t i = 0; i < count && result == SQLITE_DONE; i++) {
		sqlite3_reset(insert);
		sqlite3_bind_int64(insert, 1, run);
		bind_text(insert, 2, rows[i].name);
		sqlite3_bind_int64(insert, 3, (int64_t)rows[i].value);
		result = sqlite3_step(insert);
	}
	sqlite3_finalize(insert);
	return store_errno(store, result);
}

int store_gap_put(struct store *store, int64_t run, uint64_t first_ns, uint64_t last_ns,
		  uint64_t missing, const char *reason)
{
	sqlite3_stmt *insert = store_prepare(
		store, "INSERT INTO gap(run,first_time,time,missing,reason) VALUES(?,?,?,?,?)");

	if (insert) {
		sqlite3_bind_int64(insert, 1, run);
		sqlite3_bind_int64(insert, 2, (int64_t)first_ns);
		sqlite3_bind_int64(insert, 3, (int64_t)last_ns);
		sqlite3_bind_int64(insert, 4, (int64_t)missing);
		bind_text(insert, 5, reason);
	}
	return step_once(store, insert);
}

/* -- reading --------------------------------------------------------------------------------- */
void store_runs_free(struct store_runs **runs)
{
	if (!*runs)
		return;
	for (size_t i = 0; i < (*runs)->count; i++) {
		free((*runs)->items[i].host);
		free((*runs)->items[i].version);
		free((*runs)->items[i].kernel);
		free((*runs)->items[i].settings);
	}
	free((*runs)->items);
	free(*runs);
	*runs = NULL;
}

static char *column_copy(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? strdup(text) : NULL;
}

static int runs_add(struct store_runs *runs, sqlite3_stmt *select)
{
	struct stored_run *items = realloc(runs->items, (runs->count + 1) * sizeof(*runs->items));

	if (!items)
		return -ENOMEM;
	runs->items = items;
	items[runs->count++] = (struct stored_run){
		.id = sqlite3_column_int64(select, 0),
		.started_ns = (uint64_t)sqlite3_column_int64(select, 1),
		.seen_ns = (uint64_t)sqlite3_column_int64(select, 2),
		.ended_ns = (uint64_t)sqlite3_column_int64(select, 3),
		.jiffies_hz = (uint32_t)sqlite3_column_int64(select, 4),
		.host = column_copy(select, 5),
		.version = column_copy(select, 6),
		.kernel = column_copy(select, 7),
		.settings = column_copy(select, 8),
	};
	return 0;
}

int store_runs_read(struct store *store, struct store_runs **ret)
{
	_cleanup_(store_runs_free) struct store_runs *runs = calloc(1, sizeof(*runs));
	sqlite3_stmt *select = store_prepare(
		store, "SELECT id,started,seen,ended,jiffies_hz,host,version,kernel,settings "
		       "FROM run ORDER BY id");
	int err = 0, result = SQLITE_ERROR;

	if (!runs)
		err = -ENOMEM;
	while (!err && select && (result = sqlite3_step(select)) == SQLITE_ROW)
		err = runs_add(runs, select);
	sqlite3_finalize(select);
	err = err ?: store_errno(store, result);
	if (!err)
		*ret = TAKE_PTR(runs);
	return err;
}

const struct stored_run *store_runs_find(const struct store_runs *runs, int64_t id)
{
	for (size_t i = 0; i < runs->count; i++)
		if (runs->items[i].id == id)
			return &runs->items[i];
	return NULL;
}

/* -- what was not seen ----------------------------------------------------------------------- */
static void append_span(struct strbuf *b, uint64_t from_ns, uint64_t to_ns)
{
	clock_append_rfc3339(b, NULL, from_ns);
	strbuf_append_str(b, " to ");
	clock_append_rfc3339(b, NULL, to_ns);
}

static void append_hole(struct strbuf *b, uint64_t from_ns, uint64_t to_ns)
{
	if (to_ns <= from_ns || to_ns - from_ns < UNSEEN_NS)
		return;
	strbuf_append_str(b, "nobody was looking from ");
	append_span(b, from_ns, to_ns);
	strbuf_append_char(b, '\n');
}

static int append_gaps(struct strbuf *b, struct store *store, uint64_t since_ns, uint64_t until_ns)
{
	sqlite3_stmt *select =
		store_prepare(store,
			      "SELECT first_time,time,missing,reason FROM gap WHERE time >= ? AND "
			      "first_time < ? ORDER BY first_time");
	int result = SQLITE_ERROR;

	if (select) {
		sqlite3_bind_int64(select, 1, (int64_t)since_ns);
		sqlite3_bind_int64(select, 2, (int64_t)until_ns);
	}
	while (select && (result = sqlite3_step(select)) == SQLITE_ROW) {
		const char *reason = (const char *)sqlite3_column_text(select, 3);

		strbuf_append_str(b, "from ");
		append_span(b, (uint64_t)sqlite3_column_int64(select, 0),
			    (uint64_t)sqlite3_column_int64(select, 1));
		strbuf_append_str(b, " ");
		strbuf_append_u64_grouped(b, (uint64_t)sqlite3_column_int64(select, 2));
		strbuf_append_str(b, " endings are missing: ");
		text_append_escaped(b, reason ? reason : "", reason ? strlen(reason) : 0);
		strbuf_append_char(b, '\n');
	}
	sqlite3_finalize(select);
	return store_errno(store, result);
}

int store_append_unseen(struct strbuf *b, struct store *store, uint64_t since_ns, uint64_t until_ns)
{
	_cleanup_(store_runs_free) struct store_runs *runs = NULL;
	uint64_t seen_ns = since_ns;
	int err = store_runs_read(store, &runs);

	if (err)
		return err;
	for (size_t i = 0; i < runs->count; i++) {
		const struct stored_run *run = &runs->items[i];

		if (run->seen_ns < since_ns || run->started_ns >= until_ns)
			continue;
		append_hole(b, seen_ns, run->started_ns);
		if (run->seen_ns > seen_ns)
			seen_ns = run->seen_ns;
	}
	append_hole(b, seen_ns, until_ns);
	return append_gaps(b, store, since_ns, until_ns);
}
