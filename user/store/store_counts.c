// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/store/store_counts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"

#define HOUR_SECONDS 3600

/*
 * The columns of keys are called as the fields of a row of counts. Words are TEXT, addresses BLOB,
 * so that a filter of those rows is a condition of this table. Single connections are not kept.
 */
#define TYPE_ADDR "BLOB"
#define TYPE_PORT "INTEGER"
#define TYPE_NUMBER "INTEGER"
#define TYPE_TEXT "TEXT"
#define TYPE_VERDICT "TEXT"
#define OF_PACKETS(text) text
#define OF_ENDING(text) text
#define OF_CONNECTION(text)

#define KEY_COLUMN(id, member, kind, name, from, ...) OF_##from("," #name " " TYPE_##kind)
#define KEY_NAME(id, member, kind, name, from, ...) OF_##from("," #name)
#define KEY_PLACE(id, member, kind, name, from, ...) OF_##from(",?")
#define COUNT_COLUMN(id, name, meaning) "," #name " INTEGER NOT NULL DEFAULT 0"
#define COUNT_NAME(id, name, meaning) "," #name
#define COUNT_PLACE(id, name, meaning) ",?"
#define COUNT_SUM(id, name, meaning) ",sum(" #name ")"
#define COUNT_WORD(id, name, meaning) #name,

#define ALL_KEYS FLOW_KEYS(KEY_NAME)
#define ALL_COUNTS TALLY_COUNTS(COUNT_NAME) ",rst_habit"
#define ALL_SUMS TALLY_COUNTS(COUNT_SUM) ",sum(rst_habit)"
/* What counts as the size of a row: its packets. */
#define PACKETS                                                                                    \
	"syn_count_clt+syn_count_srv+fin_count_clt+fin_count_srv+rst_count_clt+rst_count_srv"

void store_counts_append_schema(struct strbuf *b)
{
	strbuf_append_str(
		b,
		"CREATE TABLE counts(time INTEGER NOT NULL, seconds INTEGER NOT NULL,"
		" grouping INTEGER NOT NULL, rest INTEGER NOT NULL" FLOW_KEYS(KEY_COLUMN)
			TALLY_COUNTS(COUNT_COLUMN) ",rst_habit INTEGER NOT NULL DEFAULT 0) STRICT;"
						   "CREATE INDEX counts_time ON counts(time);");
}

static const char *const added_columns[] = {
#define COUNT_ADDED(id, name, meaning) #name " INTEGER NOT NULL DEFAULT 0",
#define KEY_ADDED(id, member, kind, name, from, ...) OF_##from(#name " " TYPE_##kind) "",
	FLOW_KEYS(KEY_ADDED) TALLY_COUNTS(COUNT_ADDED)
};

static int has_column(struct store *store, const char *name, size_t len, int64_t *ret)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM pragma_table_info('counts') WHERE name='%.*s'", (int)len,
		 name);
	return store_query_number(store, sql, ret);
}

int store_counts_add_columns(struct store *store)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(added_columns) / sizeof(added_columns[0]) && !err; i++) {
		const char *column = added_columns[i];
		int64_t is_there = 0;
		char sql[128];

		if (!*column)
			continue;
		err = has_column(store, column, strcspn(column, " "), &is_there);
		snprintf(sql, sizeof(sql), "ALTER TABLE counts ADD COLUMN %s", column);
		if (!err && !is_there)
			err = store_exec(store, sql);
	}
	return err;
}

/* -- a copy ---------------------------------------------------------------------------------- */
static uint64_t row_packets(const struct flow_row *row)
{
	return row->counts[TALLY_SYN_CLT] + row->counts[TALLY_SYN_SRV] +
	       row->counts[TALLY_FIN_CLT] + row->counts[TALLY_FIN_SRV] +
	       row->counts[TALLY_RST_CLT] + row->counts[TALLY_RST_SRV];
}

static int compare_packets(const void *a, const void *b)
{
	uint64_t x = row_packets(*(const struct flow_row *const *)a);
	uint64_t y = row_packets(*(const struct flow_row *const *)b);

	return x < y ? 1 : x > y ? -1 : 0;
}

void stored_counts_free(struct stored_counts **counts)
{
	if (!*counts)
		return;
	free((*counts)->rows);
	strbuf_release(&(*counts)->strings);
	free(*counts);
	*counts = NULL;
}

/* Strings are put into one buffer first, which moves as it grows: as offsets, plus one. */
static void strings_take(struct stored_counts *counts, struct flow_row *row)
{
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++) {
		const char **text = flow_identity_text(&row->identity, key);
		size_t at = counts->strings.len;

		if (!text || !*text)
			continue;
		strbuf_append(&counts->strings, *text, strlen(*text) + 1);
		*text = (const char *)(uintptr_t)(at + 1);
	}
}

static void strings_settle(struct stored_counts *counts, struct flow_row *row)
{
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++) {
		const char **text = flow_identity_text(&row->identity, key);

		if (text && *text)
			*text = counts->strings.data + ((uintptr_t)*text - 1);
	}
}

int stored_counts_of(const struct flow_row *rows, size_t count, uint32_t by, uint64_t time_ns,
		     uint32_t seconds, size_t most, struct stored_counts **ret)
{
	_cleanup_(stored_counts_free) struct stored_counts *counts = calloc(1, sizeof(*counts));
	_cleanup_free_ const struct flow_row **order = calloc(count + 1, sizeof(*order));
	size_t kept = count < most ? count : most;

	if (!counts || !order)
		return -ENOMEM;
	counts->rows = calloc(kept + 1, sizeof(*counts->rows));
	if (!counts->rows)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		order[i] = &rows[i];
	if (kept < count)
		qsort(order, count, sizeof(*order), compare_packets);
	for (size_t i = 0; i < count; i++) {
		if (i < kept && !order[i]->is_rest) {
			counts->rows[counts->count] = *order[i];
			strings_take(counts, &counts->rows[counts->count++]);
			continue;
		}
		/* The last place, which no row of its own takes. */
		counts->rows[kept].is_rest = true;
		flow_counts_add(counts->rows[kept].counts, order[i]->counts);
	}
	if (counts->rows[kept].is_rest)
		counts->rows[counts->count++] = counts->rows[kept];
	if (counts->strings.failed)
		return -ENOMEM;
	for (size_t i = 0; i < counts->count; i++)
		strings_settle(counts, &counts->rows[i]);
	counts->by = by;
	counts->time_ns = time_ns;
	counts->seconds = seconds;
	*ret = TAKE_PTR(counts);
	return 0;
}

/* -- writing --------------------------------------------------------------------------------- */
/* What is not known is NULL. */
static void bind_key(sqlite3_stmt *statement, int place, const struct flow_identity *identity,
		     unsigned int key)
{
	struct field_value value;

	if (!flow_identity_get(identity, key, &value))
		return;
	switch (flow_fields[flow_key_field(key)].type) {
	case FIELD_IP:
		sqlite3_bind_blob(statement, place, value.ip, 16, SQLITE_STATIC);
		break;
	case FIELD_STRING:
	case FIELD_WORD:
		sqlite3_bind_text(statement, place, value.text, (int)value.len, SQLITE_STATIC);
		break;
	default:
		sqlite3_bind_int64(statement, place, (int64_t)value.number);
		break;
	}
}

int store_counts_put(struct store *store, const struct stored_counts *counts)
{
	sqlite3_stmt *insert = store_prepare(
		store, "INSERT INTO counts(time,seconds,grouping,rest" ALL_KEYS ALL_COUNTS
		       ") VALUES(?,?,?,?" FLOW_KEYS(KEY_PLACE) TALLY_COUNTS(COUNT_PLACE) ",?)");
	int result = SQLITE_DONE;

	if (!insert)
		return -EIO;
	for (size_t i = 0; i < counts->count && result == SQLITE_DONE; i++) {
		const struct flow_row *row = &counts->rows[i];
		int place = 1;

		sqlite3_reset(insert);
		sqlite3_clear_bindings(insert);
		sqlite3_bind_int64(insert, place++, (int64_t)counts->time_ns);
		sqlite3_bind_int64(insert, place++, counts->seconds);
		sqlite3_bind_int64(insert, place++, counts->by);
		sqlite3_bind_int64(insert, place++, row->is_rest);
		for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
			if (flow_key_makes_groups(key))
				bind_key(insert, place++, &row->identity, key);
		for (size_t n = 0; n < FLOW_COUNT_COUNT; n++)
			sqlite3_bind_int64(insert, place++, (int64_t)row->counts[n]);
		result = sqlite3_step(insert);
	}
	sqlite3_finalize(insert);
	return store_errno(store, result);
}

/* -- hours ----------------------------------------------------------------------------------- */
#define IS_BEYOND "(rest OR place > ?3)"
#define KEY_OR_NULL(id, member, kind, name, from, ...)                                             \
	OF_##from(",CASE WHEN " IS_BEYOND " THEN NULL ELSE " #name " END")
#define COUNT_SUM_NAMED(id, name, meaning) ",sum(" #name ") AS " #name

/* The largest of an hour and grouping keep a row, and the others become its rest. */
static int counts_make_hour(struct store *store, int64_t from_ns, int64_t to_ns)
{
	static const char *const steps[] = {
		"WITH hour AS (SELECT grouping,rest" ALL_KEYS TALLY_COUNTS(
			COUNT_SUM_NAMED) ",sum(rst_habit) AS rst_habit,row_number() OVER (PARTITION BY grouping ORDER BY"
					 " rest,sum(" PACKETS
					 ") DESC) AS place FROM counts WHERE time >= ?1 AND time < ?2"
					 " AND seconds < 3600 GROUP BY grouping,rest" ALL_KEYS ") "
					 "INSERT INTO counts(time,seconds,grouping,rest" ALL_KEYS
						 ALL_COUNTS ") "
					 "SELECT ?1,3600,grouping," IS_BEYOND FLOW_KEYS(KEY_OR_NULL)
						 ALL_SUMS
		" FROM hour GROUP BY grouping,CASE WHEN " IS_BEYOND " THEN 0 ELSE place END",
		"DELETE FROM counts WHERE time >= ?1 AND time < ?2 AND seconds < 3600 + 0 * ?3",
	};
	int err = store_exec(store, "SAVEPOINT hour"), result;

	for (size_t i = 0; !err && i < 2; i++) {
		sqlite3_stmt *statement = store_prepare(store, steps[i]);

		if (!statement)
			return -EIO;
		sqlite3_bind_int64(statement, 1, from_ns);
		sqlite3_bind_int64(statement, 2, to_ns);
		sqlite3_bind_int64(statement, 3, STORE_COUNTS_MOST);
		result = sqlite3_step(statement);
		sqlite3_finalize(statement);
		err = store_errno(store, result);
	}
	if (err)
		store_exec(store, "ROLLBACK TO hour");
	return store_exec(store, "RELEASE hour") ?: err;
}

int store_counts_roll_up(struct store *store, uint64_t before_ns, bool *ret_has_rolled)
{
	const int64_t hour_ns = (int64_t)(HOUR_SECONDS * CLOCK_NS_PER_SECOND);
	int64_t oldest = 0, hour;
	char sql[128];
	int err;

	*ret_has_rolled = false;
	snprintf(sql, sizeof(sql),
		 "SELECT min(time) FROM counts WHERE seconds < %d AND time < %" PRIu64,
		 HOUR_SECONDS, before_ns);
	err = store_query_number(store, sql, &oldest);
	hour = oldest - oldest % hour_ns;
	if (err || !oldest || (uint64_t)(hour + hour_ns) > before_ns)
		return err;
	err = counts_make_hour(store, hour, hour + hour_ns);
	*ret_has_rolled = !err;
	return err;
}

/* -- reading --------------------------------------------------------------------------------- */
/* The smallest stored grouping that knows all of `by`. -ENOENT when there is none. */
static int counts_find_grouping(struct store *store, const struct counts_query *query,
				uint32_t *ret)
{
	sqlite3_stmt *select = store_prepare(
		store, "SELECT DISTINCT grouping FROM counts WHERE time >= ? AND time < ?");
	int best = 64, result = SQLITE_ERROR;

	if (!select)
		return -EIO;
	sqlite3_bind_int64(select, 1, (int64_t)query->since_ns);
	sqlite3_bind_int64(select, 2, (int64_t)query->until_ns);
	while ((result = sqlite3_step(select)) == SQLITE_ROW) {
		uint32_t grouping = (uint32_t)sqlite3_column_int64(select, 0);

		if ((grouping & query->by) == query->by && __builtin_popcount(grouping) < best) {
			best = __builtin_popcount(grouping);
			*ret = grouping;
		}
	}
	sqlite3_finalize(select);
	return result != SQLITE_DONE ? store_errno(store, result) : best == 64 ? -ENOENT : 0;
}

/* What an older program did not count is 0. */
static int append_sums(struct strbuf *b, struct store *store)
{
	static const char *const names[] = { TALLY_COUNTS(COUNT_WORD) "rst_habit" };
	int64_t is_there = 0;
	int err = 0;

	for (size_t i = 0; i < FLOW_COUNT_COUNT && !err; i++) {
		err = has_column(store, names[i], strlen(names[i]), &is_there);
		strbuf_appendf(b, is_there ? ",sum(%s)" : ",0", names[i]);
	}
	return err;
}

static int append_select(struct strbuf *b, struct store *store, const struct counts_query *query)
{
	int err;

	_cleanup_(strbuf_release) struct strbuf keys = STRBUF_INIT;

	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
		if (query->by & 1u << key && flow_key_makes_groups(key))
			strbuf_appendf(&keys, ",%s", flow_fields[flow_key_field(key)].name);
	strbuf_append_str(b, "SELECT ");
	if (query->over_ns)
		strbuf_appendf(b, "time - time %% %" PRIu64, query->over_ns);
	else
		strbuf_append_str(b, "min(time)");
	strbuf_append_str(b, " AS at,max(time + seconds * 1000000000) - min(time),rest");
	strbuf_append_str(b, keys.data ? keys.data : "");
	err = append_sums(b, store);
	strbuf_append_str(b, " FROM counts WHERE time >= ? AND time < ? AND grouping = ?");
	if (query->where)
		strbuf_appendf(b, " AND (%s)", query->where);
	strbuf_append_str(b, " GROUP BY rest");
	if (query->over_ns)
		strbuf_append_str(b, ",at");
	strbuf_append_str(b, keys.data ? keys.data : "");
	strbuf_append_str(b, " ORDER BY at");
	return err ?: b->failed || keys.failed ? -ENOMEM : 0;
}

/* A key that is null is not known. */
static void read_key(sqlite3_stmt *select, int column, unsigned int key,
		     struct flow_identity *identity)
{
	static const uint8_t no_addr[16];
	struct field_value value = {};

	if (sqlite3_column_type(select, column) == SQLITE_NULL)
		return;
	switch (flow_fields[flow_key_field(key)].type) {
	case FIELD_IP:
		value.ip = sqlite3_column_blob(select, column);
		if (sqlite3_column_bytes(select, column) != 16)
			value.ip = no_addr;
		break;
	case FIELD_STRING:
	case FIELD_WORD:
		value.text = (const char *)sqlite3_column_text(select, column) ?: "";
		break;
	default:
		value.number = (uint64_t)sqlite3_column_int64(select, column);
		break;
	}
	flow_identity_set(identity, key, &value);
}

static int counts_take(sqlite3_stmt *select, const struct counts_query *query)
{
	struct flow_row row;
	int column = 3;

	memset(&row, 0, sizeof(row));
	row.by = query->by;
	row.time_ns = (uint64_t)sqlite3_column_int64(select, 0);
	row.elapsed_ns = (uint64_t)sqlite3_column_int64(select, 1);
	row.is_rest = sqlite3_column_int(select, 2) != 0;
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
		if (query->by & 1u << key && flow_key_makes_groups(key))
			read_key(select, column++, key, &row.identity);
	for (size_t n = 0; n < FLOW_COUNT_COUNT; n++)
		row.counts[n] = (uint64_t)sqlite3_column_int64(select, column++);
	return query->take(query->data, &row);
}

int store_read_counts(struct store *store, const struct counts_query *query)
{
	_cleanup_(strbuf_release) struct strbuf sql = STRBUF_INIT;
	sqlite3_stmt *select;
	uint32_t grouping = 0;
	int err = counts_find_grouping(store, query, &grouping), result;

	if (err)
		return err;
	err = append_select(&sql, store, query);
	if (err)
		return err;
	select = store_prepare(store, sql.data);
	if (!select)
		return -EIO;
	sqlite3_bind_int64(select, 1, (int64_t)query->since_ns);
	sqlite3_bind_int64(select, 2, (int64_t)query->until_ns);
	sqlite3_bind_int64(select, 3, grouping);
	if (query->bind)
		query->bind(query->data, select);
	while ((result = sqlite3_step(select)) == SQLITE_ROW && !err)
		err = counts_take(select, query);
	sqlite3_finalize(select);
	return err ?: store_errno(store, result);
}
