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
 * X(KEY, column, type): what groups are told apart by, as the fields of a row of counts are called.
 * Words are TEXT, addresses BLOB, so that a filter of those rows is a condition of this table.
 */
#define COUNT_KEYS(X)                                                                              \
	X(CLIENT, client_addr, BLOB)                                                               \
	X(SERVER, server_addr, BLOB)                                                               \
	X(SERVER_PORT, server_port, INTEGER)                                                       \
	X(COMM, comm, TEXT)                                                                        \
	X(CONTAINER, container, TEXT)                                                              \
	X(POD, pod, TEXT)                                                                          \
	X(VERDICT, verdict, TEXT)                                                                  \
	X(ZONE_CLIENT, zone_client, TEXT)                                                          \
	X(ZONE_SERVER, zone_server, TEXT)                                                          \
	X(INTERFACE, interface, TEXT)                                                              \
	X(NETNS, netns, INTEGER)

#define KEY_COLUMN(key, name, type) "," #name " " #type
#define KEY_NAME(key, name, type) "," #name
#define KEY_PLACE(key, name, type) ",?"
#define COUNT_COLUMN(id, name, meaning) "," #name " INTEGER NOT NULL DEFAULT 0"
#define COUNT_NAME(id, name, meaning) "," #name
#define COUNT_PLACE(id, name, meaning) ",?"
#define COUNT_SUM(id, name, meaning) ",sum(" #name ")"

#define ALL_KEYS COUNT_KEYS(KEY_NAME)
#define ALL_COUNTS TALLY_COUNTS(COUNT_NAME) ",rst_habit"
#define ALL_SUMS TALLY_COUNTS(COUNT_SUM) ",sum(rst_habit)"
/* What counts as the size of a row: its packets. */
#define PACKETS                                                                                    \
	"syn_count_clt+syn_count_srv+fin_count_clt+fin_count_srv+rst_count_clt+rst_count_srv"

struct count_key {
	uint32_t key; /* FLOW_KEY() bit */
	const char *column;
};

#define KEY_ROW(key, name, type) { FLOW_KEY(key), #name },
static const struct count_key count_keys[] = { COUNT_KEYS(KEY_ROW) };
#define KEY_COUNT (sizeof(count_keys) / sizeof(count_keys[0]))

void store_counts_append_schema(struct strbuf *b)
{
	strbuf_append_str(
		b,
		"CREATE TABLE counts(time INTEGER NOT NULL, seconds INTEGER NOT NULL,"
		" grouping INTEGER NOT NULL, rest INTEGER NOT NULL" COUNT_KEYS(KEY_COLUMN)
			TALLY_COUNTS(COUNT_COLUMN) ",rst_habit INTEGER NOT NULL DEFAULT 0) STRICT;"
						   "CREATE INDEX counts_time ON counts(time);");
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

#define IDENTITY_STRINGS(X) X(interface) X(zone_client) X(zone_server) X(comm) X(container) X(pod)

/* Strings are put into one buffer first, which moves as it grows: as offsets, plus one. */
static void strings_take(struct stored_counts *counts, struct flow_row *row)
{
	struct flow_identity *identity = &row->identity;

#define STRING_TAKE(member)                                                                        \
	if (identity->member) {                                                                    \
		size_t at = counts->strings.len;                                                   \
                                                                                                   \
		strbuf_append(&counts->strings, identity->member, strlen(identity->member) + 1);   \
		identity->member = (const char *)(uintptr_t)(at + 1);                              \
	}
	IDENTITY_STRINGS(STRING_TAKE)
#undef STRING_TAKE
}

static void strings_settle(struct stored_counts *counts, struct flow_row *row)
{
	struct flow_identity *identity = &row->identity;

#define STRING_SETTLE(member)                                                                      \
	if (identity->member)                                                                      \
		identity->member = counts->strings.data + ((uintptr_t)identity->member - 1);
	IDENTITY_STRINGS(STRING_SETTLE)
#undef STRING_SETTLE
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
static void bind_string(sqlite3_stmt *statement, int place, const char *text)
{
	if (text)
		sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

static void bind_key(sqlite3_stmt *statement, int place, const struct flow_identity *identity,
		     uint32_t key)
{
	if (!(identity->known & key))
		return;
	switch (key) {
	case FLOW_KEY(CLIENT):
		sqlite3_bind_blob(statement, place, identity->client, 16, SQLITE_STATIC);
		break;
	case FLOW_KEY(SERVER):
		sqlite3_bind_blob(statement, place, identity->server, 16, SQLITE_STATIC);
		break;
	case FLOW_KEY(SERVER_PORT):
		sqlite3_bind_int(statement, place, identity->server_port);
		break;
	case FLOW_KEY(COMM):
		bind_string(statement, place, identity->comm);
		break;
	case FLOW_KEY(CONTAINER):
		bind_string(statement, place, identity->container);
		break;
	case FLOW_KEY(POD):
		bind_string(statement, place, identity->pod);
		break;
	case FLOW_KEY(VERDICT):
		bind_string(statement, place, verdict_name(identity->verdict));
		break;
	case FLOW_KEY(ZONE_CLIENT):
		bind_string(statement, place, identity->zone_client);
		break;
	case FLOW_KEY(ZONE_SERVER):
		bind_string(statement, place, identity->zone_server);
		break;
	case FLOW_KEY(INTERFACE):
		bind_string(statement, place, identity->interface);
		break;
	case FLOW_KEY(NETNS):
		sqlite3_bind_int64(statement, place, identity->netns);
		break;
	default:
		break;
	}
}

int store_counts_put(struct store *store, const struct stored_counts *counts)
{
	sqlite3_stmt *insert = store_prepare(
		store, "INSERT INTO counts(time,seconds,grouping,rest" ALL_KEYS ALL_COUNTS
		       ") VALUES(?,?,?,?" COUNT_KEYS(KEY_PLACE) TALLY_COUNTS(COUNT_PLACE) ",?)");
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
		for (size_t key = 0; key < KEY_COUNT; key++)
			bind_key(insert, place++, &row->identity, count_keys[key].key);
		for (size_t n = 0; n < FLOW_COUNT_COUNT; n++)
			sqlite3_bind_int64(insert, place++, (int64_t)row->counts[n]);
		result = sqlite3_step(insert);
	}
	sqlite3_finalize(insert);
	return store_errno(store, result);
}

/* -- hours ----------------------------------------------------------------------------------- */
#define IS_BEYOND "(rest OR place > ?3)"
#define KEY_OR_NULL(key, name, type) ",CASE WHEN " IS_BEYOND " THEN NULL ELSE " #name " END"
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
					 "SELECT ?1,3600,grouping," IS_BEYOND COUNT_KEYS(
						 KEY_OR_NULL) ALL_SUMS
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

static void append_select(struct strbuf *b, const struct counts_query *query)
{
	_cleanup_(strbuf_release) struct strbuf keys = STRBUF_INIT;

	for (size_t key = 0; key < KEY_COUNT; key++)
		if (query->by & count_keys[key].key)
			strbuf_appendf(&keys, ",%s", count_keys[key].column);
	strbuf_append_str(b, "SELECT ");
	if (query->over_ns)
		strbuf_appendf(b, "time - time %% %" PRIu64, query->over_ns);
	else
		strbuf_append_str(b, "min(time)");
	strbuf_append_str(b, " AS at,max(time + seconds * 1000000000) - min(time),rest");
	strbuf_append_str(b, keys.data ? keys.data : "");
	strbuf_append_str(b, ALL_SUMS " FROM counts WHERE time >= ? AND time < ? AND grouping = ?");
	if (query->where)
		strbuf_appendf(b, " AND (%s)", query->where);
	strbuf_append_str(b, " GROUP BY rest");
	if (query->over_ns)
		strbuf_append_str(b, ",at");
	strbuf_append_str(b, keys.data ? keys.data : "");
	strbuf_append_str(b, " ORDER BY at");
	b->failed |= keys.failed;
}

static void read_addr(sqlite3_stmt *select, int column, uint8_t ret[16])
{
	if (sqlite3_column_bytes(select, column) == 16)
		memcpy(ret, sqlite3_column_blob(select, column), 16);
}

/* A key that is null is not known. */
static void read_key(sqlite3_stmt *select, int column, uint32_t key, struct flow_identity *identity)
{
	const char *text = (const char *)sqlite3_column_text(select, column);
	int verdict;

	if (sqlite3_column_type(select, column) == SQLITE_NULL)
		return;
	identity->known |= key;
	switch (key) {
	case FLOW_KEY(CLIENT):
		read_addr(select, column, identity->client);
		break;
	case FLOW_KEY(SERVER):
		read_addr(select, column, identity->server);
		break;
	case FLOW_KEY(SERVER_PORT):
		identity->server_port = (uint16_t)sqlite3_column_int(select, column);
		break;
	case FLOW_KEY(COMM):
		identity->comm = text;
		break;
	case FLOW_KEY(CONTAINER):
		identity->container = text;
		break;
	case FLOW_KEY(POD):
		identity->pod = text;
		break;
	case FLOW_KEY(VERDICT):
		verdict = verdict_from_name(text ? text : "");
		identity->verdict = verdict > 0 ? (uint8_t)verdict : 0;
		break;
	case FLOW_KEY(ZONE_CLIENT):
		identity->zone_client = text;
		break;
	case FLOW_KEY(ZONE_SERVER):
		identity->zone_server = text;
		break;
	case FLOW_KEY(INTERFACE):
		identity->interface = text;
		break;
	case FLOW_KEY(NETNS):
		identity->netns = (uint32_t)sqlite3_column_int64(select, column);
		break;
	default:
		break;
	}
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
	for (size_t key = 0; key < KEY_COUNT; key++)
		if (query->by & count_keys[key].key)
			read_key(select, column++, count_keys[key].key, &row.identity);
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
	append_select(&sql, query);
	if (sql.failed)
		return -ENOMEM;
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
