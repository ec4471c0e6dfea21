// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/store/store_endings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/store/store_pack.h"
#include "user/store/store_runs.h"

/*
 * Who adds a member to the struct is asked to keep what it says, below and in the tables, or to know
 * that it is a capture's (zeek, capture) or only for counts (sums).
 */
_Static_assert(sizeof(struct closed_connection) - sizeof(struct close_record) == 208,
	       "the database does not know all members");

/* -- a copy ---------------------------------------------------------------------------------- */
static void ending_take_string(struct stored_ending *ending, struct strbuf *data,
			       enum ending_string which, const char *text, size_t len)
{
	if (!text)
		ending->absent |= 1u << which;
	else
		strbuf_append(data, text, len);
	ending->ends[which] = (uint32_t)data->len;
}

static void ending_take_text(struct stored_ending *ending, struct strbuf *data,
			     enum ending_string which, const char *text)
{
	ending_take_string(ending, data, which, text, text ? strlen(text) : 0);
}

static void ending_take_strings(struct stored_ending *ending, struct strbuf *data,
				const struct closed_connection *c)
{
	const struct container *container = c->container;

	ending_take_text(ending, data, ENDING_CGROUP, c->cgroup);
	ending_take_text(ending, data, ENDING_INTERFACE, c->interface);
	ending_take_text(ending, data, ENDING_ZONE_LOCAL, c->zone_local);
	ending_take_text(ending, data, ENDING_ZONE_PEER, c->zone_peer);
	ending_take_text(ending, data, ENDING_CONTAINER_ID, container ? container->id : NULL);
	ending_take_text(ending, data, ENDING_CONTAINER_NAME, container ? container->name : NULL);
	ending_take_text(ending, data, ENDING_POD, container ? container->pod : NULL);
	ending_take_text(ending, data, ENDING_POD_NAMESPACE,
			 container ? container->pod_namespace : NULL);
	ending_take_string(ending, data, ENDING_KERNEL_STACK,
			   c->kernel_stack.len ? c->kernel_stack.text : NULL, c->kernel_stack.len);
	ending_take_string(ending, data, ENDING_USER_STACK,
			   c->user_stack.len ? c->user_stack.text : NULL, c->user_stack.len);
	if (c->other_end)
		store_pack_other(data, c->other_end);
	else
		ending->absent |= 1u << ENDING_OTHER;
	ending->ends[ENDING_OTHER] = (uint32_t)data->len;
	if (c->oom_kill)
		store_pack_oom(data, c->oom_kill);
	else
		ending->absent |= 1u << ENDING_OOM;
	ending->ends[ENDING_OOM] = (uint32_t)data->len;
	if (c->follows)
		store_pack(data, c->follows);
	else
		ending->absent |= 1u << ENDING_FOLLOWS;
	ending->ends[ENDING_FOLLOWS] = (uint32_t)data->len;
}

static uint16_t server_port_of(const struct closed_connection *c)
{
	switch (c->client) {
	case CONNECTION_CLIENT_LOCAL:
		return connection_peer_port(c);
	case CONNECTION_CLIENT_PEER:
		return connection_local_port(c);
	default:
		return 0;
	}
}

struct stored_ending *stored_ending_of(const struct closed_connection *c)
{
	_cleanup_(strbuf_release) struct strbuf data = STRBUF_INIT;
	struct stored_ending ending = {
		.verdict = c->record.decision.verdict,
		.benign = c->record.decision.benign,
		.storm_level = c->storm_level,
		.runtime = c->container ? c->container->runtime : 0,
		.server_port = server_port_of(c),
		.wall_ns = c->wall_ns,
		.repeated = c->repeated,
		.first_wall_ns = c->first_wall_ns,
		.habit_closes = c->habit_closes,
		.habit_resets = c->habit_resets,
		.follows_gap_us = c->follows_gap_us,
	};
	struct stored_ending *copy;

	if (c->record.owner.pid)
		memcpy(ending.comm, c->record.owner.comm, sizeof(ending.comm));
	ending_take_strings(&ending, &data, c);
	ending.packed = (uint32_t)data.len;
	store_pack(&data, &c->record);
	if (data.failed)
		return NULL;
	ending.size = (uint32_t)(sizeof(ending) + data.len);
	copy = malloc(ending.size);
	if (!copy)
		return NULL;
	*copy = ending;
	memcpy(copy->data, data.data, data.len);
	return copy;
}

/* NULL when it is null. */
static const char *ending_string(const struct stored_ending *ending, enum ending_string which,
				 size_t *ret_len)
{
	uint32_t start = which ? ending->ends[which - 1] : 0;

	*ret_len = ending->ends[which] - start;
	return ending->absent >> which & 1 ? NULL : ending->data + start;
}

/* -- writing --------------------------------------------------------------------------------- */
/* The places of the INSERT, which are those of the SELECT, too. */
enum ending_column {
	COLUMN_TIME = 1,
	COLUMN_RUN,
	COLUMN_VERDICT,
	COLUMN_BENIGN,
	COLUMN_REPEATED,
	COLUMN_FIRST_TIME,
	COLUMN_STORM_LEVEL,
	COLUMN_COMM,
	COLUMN_SERVER_PORT,
	COLUMN_CONTAINER,
	COLUMN_CGROUP,
	COLUMN_INTERFACE,
	COLUMN_ZONE_LOCAL,
	COLUMN_ZONE_PEER,
	COLUMN_HABIT_CLOSES,
	COLUMN_HABIT_RESETS,
	COLUMN_OTHER,
	COLUMN_OOM,
	COLUMN_FOLLOWS,
	COLUMN_FOLLOWS_GAP,
	COLUMN_KERNEL_STACK,
	COLUMN_USER_STACK,
	COLUMN_RECORD,
};

#define ENDING_COLUMNS                                                                                                \
	"time,run,verdict,benign,repeated,first_time,storm_level,comm,server_port,container,"                         \
	"cgroup,interface,zone_local,zone_peer,habit_closes,habit_resets,other,oom,follows,follows_gap,kernel_stack," \
	"user_stack,record"

struct ending_writer {
	struct store *store;
	struct store_texts *texts;
	int64_t run;
	sqlite3_stmt *insert;
	sqlite3_stmt *find_container;
	sqlite3_stmt *insert_container;
};

int ending_writer_new(struct store *store, int64_t run, struct ending_writer **ret)
{
	_cleanup_(ending_writer_free) struct ending_writer *writer = calloc(1, sizeof(*writer));

	if (!writer || store_texts_new(store, &writer->texts))
		return -ENOMEM;
	writer->store = store;
	writer->run = run;
	writer->insert =
		store_prepare(store, "INSERT INTO ending(" ENDING_COLUMNS
				     ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	/* IS, because NULL is a value here. */
	writer->find_container = store_prepare(
		store, "SELECT id FROM container WHERE container_id IS ? AND runtime IS ? AND "
		       "name IS ? AND pod IS ? AND pod_namespace IS ?");
	writer->insert_container =
		store_prepare(store,
			      "INSERT INTO container(container_id,runtime,name,pod,pod_namespace) "
			      "VALUES(?,?,?,?,?)");
	if (!writer->insert || !writer->find_container || !writer->insert_container)
		return -EIO;
	*ret = TAKE_PTR(writer);
	return 0;
}

void ending_writer_free(struct ending_writer **writer)
{
	if (!*writer)
		return;
	store_texts_free(&(*writer)->texts);
	free(*writer);
	*writer = NULL;
}

void ending_writer_forget(struct ending_writer *writer)
{
	store_texts_forget(writer->texts);
}

static void bind_number(sqlite3_stmt *statement, int column, int64_t value)
{
	if (value)
		sqlite3_bind_int64(statement, column, value);
	else
		sqlite3_bind_null(statement, column);
}

static int bind_string(struct ending_writer *writer, sqlite3_stmt *statement, int column,
		       const struct stored_ending *ending, enum ending_string which)
{
	size_t len;
	const char *text = ending_string(ending, which, &len);
	int64_t id;
	int err = store_texts_put(writer->texts, text, len, &id);

	if (!err)
		bind_number(statement, column, id);
	return err;
}

static void bind_packed(sqlite3_stmt *statement, int column, const struct stored_ending *ending,
			enum ending_string which)
{
	size_t len;
	const char *packed = ending_string(ending, which, &len);

	if (packed)
		sqlite3_bind_blob64(statement, column, packed, len, SQLITE_STATIC);
	else
		sqlite3_bind_null(statement, column);
}

static int container_bind(struct ending_writer *writer, sqlite3_stmt *statement,
			  const struct stored_ending *ending)
{
	int err = bind_string(writer, statement, 1, ending, ENDING_CONTAINER_ID);

	bind_number(statement, 2, ending->runtime);
	err = err ?: bind_string(writer, statement, 3, ending, ENDING_CONTAINER_NAME);
	err = err ?: bind_string(writer, statement, 4, ending, ENDING_POD);
	return err ?: bind_string(writer, statement, 5, ending, ENDING_POD_NAMESPACE);
}

static int container_put(struct ending_writer *writer, const struct stored_ending *ending,
			 int64_t *ret)
{
	sqlite3_stmt *find = writer->find_container, *insert = writer->insert_container;
	int err, result;

	*ret = 0;
	if (ending->absent >> ENDING_CONTAINER_ID & 1)
		return 0;
	sqlite3_reset(find);
	err = container_bind(writer, find, ending);
	if (err)
		return err;
	result = sqlite3_step(find);
	if (result == SQLITE_ROW)
		*ret = sqlite3_column_int64(find, 0);
	sqlite3_reset(find);
	if (result != SQLITE_DONE)
		return store_errno(writer->store, result);
	sqlite3_reset(insert);
	err = container_bind(writer, insert, ending);
	if (err)
		return err;
	result = sqlite3_step(insert);
	*ret = sqlite3_last_insert_rowid(writer->store->db);
	sqlite3_reset(insert);
	return store_errno(writer->store, result);
}

static int ending_bind_texts(struct ending_writer *writer, const struct stored_ending *ending)
{
	static const struct {
		enum ending_column column;
		enum ending_string which;
	} texts[] = {
		{ COLUMN_CGROUP, ENDING_CGROUP },
		{ COLUMN_INTERFACE, ENDING_INTERFACE },
		{ COLUMN_ZONE_LOCAL, ENDING_ZONE_LOCAL },
		{ COLUMN_ZONE_PEER, ENDING_ZONE_PEER },
		{ COLUMN_KERNEL_STACK, ENDING_KERNEL_STACK },
		{ COLUMN_USER_STACK, ENDING_USER_STACK },
	};
	size_t comm_len = strnlen(ending->comm, sizeof(ending->comm));
	int64_t comm = 0, container = 0;
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(texts) / sizeof(texts[0]); i++)
		err = bind_string(writer, writer->insert, texts[i].column, ending, texts[i].which);
	if (!err && comm_len)
		err = store_texts_put(writer->texts, ending->comm, comm_len, &comm);
	err = err ?: container_put(writer, ending, &container);
	bind_number(writer->insert, COLUMN_COMM, comm);
	bind_number(writer->insert, COLUMN_CONTAINER, container);
	return err;
}

int ending_writer_put(struct ending_writer *writer, const struct stored_ending *ending)
{
	size_t packed_len = ending->size - sizeof(*ending) - ending->packed;
	sqlite3_stmt *insert = writer->insert;
	int err, result;

	sqlite3_reset(insert);
	err = ending_bind_texts(writer, ending);
	if (err)
		return err;
	sqlite3_bind_int64(insert, COLUMN_TIME, (int64_t)ending->wall_ns);
	sqlite3_bind_int64(insert, COLUMN_RUN, writer->run);
	sqlite3_bind_int64(insert, COLUMN_VERDICT, ending->verdict);
	bind_number(insert, COLUMN_BENIGN, ending->benign);
	bind_number(insert, COLUMN_REPEATED, ending->repeated > 1 ? (int64_t)ending->repeated : 0);
	bind_number(insert, COLUMN_FIRST_TIME, (int64_t)ending->first_wall_ns);
	bind_number(insert, COLUMN_STORM_LEVEL, ending->storm_level);
	bind_number(insert, COLUMN_SERVER_PORT, ending->server_port);
	bind_number(insert, COLUMN_HABIT_CLOSES, (int64_t)ending->habit_closes);
	bind_number(insert, COLUMN_HABIT_RESETS, (int64_t)ending->habit_resets);
	bind_packed(insert, COLUMN_OTHER, ending, ENDING_OTHER);
	bind_packed(insert, COLUMN_OOM, ending, ENDING_OOM);
	bind_packed(insert, COLUMN_FOLLOWS, ending, ENDING_FOLLOWS);
	bind_number(insert, COLUMN_FOLLOWS_GAP, (int64_t)ending->follows_gap_us);
	sqlite3_bind_blob64(insert, COLUMN_RECORD, ending->data + ending->packed, packed_len,
			    SQLITE_STATIC);
	result = sqlite3_step(insert);
	sqlite3_reset(insert);
	return store_errno(writer->store, result);
}

/* -- reading --------------------------------------------------------------------------------- */
struct ending_reader {
	struct store *store;
	struct store_texts *texts;
	struct store_runs *runs;
	const struct ending_query *query;
	sqlite3_stmt *select;
	sqlite3_stmt *find_container;
	/* Of the ending that is read. */
	struct container container;
	struct other_end other;
	struct oom_kill oom;
	struct close_record follows;
};

static const char *reader_text(struct ending_reader *reader, enum ending_column column)
{
	return store_texts_get(reader->texts, sqlite3_column_int64(reader->select, column - 1),
			       NULL);
}

static struct string_list reader_list(struct ending_reader *reader, enum ending_column column)
{
	struct string_list list = { 0 };

	list.text = store_texts_get(reader->texts, sqlite3_column_int64(reader->select, column - 1),
				    &list.len);
	if (!list.text)
		list.len = 0;
	return list;
}

static const struct container *reader_container(struct ending_reader *reader)
{
	int64_t id = sqlite3_column_int64(reader->select, COLUMN_CONTAINER - 1);
	sqlite3_stmt *find = reader->find_container;
	struct container *container = &reader->container;

	if (!id)
		return NULL;
	sqlite3_reset(find);
	sqlite3_bind_int64(find, 1, id);
	if (sqlite3_step(find) != SQLITE_ROW)
		return NULL;
	container->id = store_texts_get(reader->texts, sqlite3_column_int64(find, 0), NULL);
	container->runtime = (uint8_t)sqlite3_column_int(find, 1);
	container->name = store_texts_get(reader->texts, sqlite3_column_int64(find, 2), NULL);
	container->pod = store_texts_get(reader->texts, sqlite3_column_int64(find, 3), NULL);
	container->pod_namespace =
		store_texts_get(reader->texts, sqlite3_column_int64(find, 4), NULL);
	sqlite3_reset(find);
	return container->id ? container : NULL;
}

static const struct other_end *reader_other(struct ending_reader *reader)
{
	const void *data = sqlite3_column_blob(reader->select, COLUMN_OTHER - 1);
	int len = sqlite3_column_bytes(reader->select, COLUMN_OTHER - 1);

	return data && !store_unpack_other(data, (size_t)len, &reader->other) ? &reader->other :
										NULL;
}

static const struct oom_kill *reader_oom(struct ending_reader *reader)
{
	const void *data = sqlite3_column_blob(reader->select, COLUMN_OOM - 1);
	int len = sqlite3_column_bytes(reader->select, COLUMN_OOM - 1);

	return data && !store_unpack_oom(data, (size_t)len, &reader->oom) ? &reader->oom : NULL;
}

static const struct close_record *reader_follows(struct ending_reader *reader)
{
	const void *data = sqlite3_column_blob(reader->select, COLUMN_FOLLOWS - 1);
	int len = sqlite3_column_bytes(reader->select, COLUMN_FOLLOWS - 1);

	return data && !store_unpack(data, (size_t)len, &reader->follows) ? &reader->follows : NULL;
}

static uint64_t reader_number(struct ending_reader *reader, enum ending_column column)
{
	return (uint64_t)sqlite3_column_int64(reader->select, column - 1);
}

/* 1 when the row is damaged. */
static int reader_take(struct ending_reader *reader)
{
	const struct stored_run *run =
		store_runs_find(reader->runs, sqlite3_column_int64(reader->select, COLUMN_RUN - 1));
	struct record_context context = { .timeouts = reader->query->timeouts };
	struct close_record record;
	struct closed_connection c;

	if (store_unpack(sqlite3_column_blob(reader->select, COLUMN_RECORD - 1),
			 (size_t)sqlite3_column_bytes(reader->select, COLUMN_RECORD - 1), &record))
		return 1;
	if (run) {
		context.host = run->host;
		context.jiffies_hz = run->jiffies_hz;
	}
	context.clock.offset_ns =
		(int64_t)(reader_number(reader, COLUMN_TIME) - record.head.time_ns);
	connection_from_record(&record, &context, &c);
	c.wall_ns = reader_number(reader, COLUMN_TIME);
	c.repeated = reader_number(reader, COLUMN_REPEATED) ?: 1;
	c.first_wall_ns = reader_number(reader, COLUMN_FIRST_TIME);
	c.storm_level = (uint8_t)reader_number(reader, COLUMN_STORM_LEVEL);
	c.habit_closes = reader_number(reader, COLUMN_HABIT_CLOSES);
	c.habit_resets = reader_number(reader, COLUMN_HABIT_RESETS);
	c.cgroup = reader_text(reader, COLUMN_CGROUP);
	c.interface = reader_text(reader, COLUMN_INTERFACE);
	c.zone_local = reader_text(reader, COLUMN_ZONE_LOCAL);
	c.zone_peer = reader_text(reader, COLUMN_ZONE_PEER);
	c.kernel_stack = reader_list(reader, COLUMN_KERNEL_STACK);
	c.user_stack = reader_list(reader, COLUMN_USER_STACK);
	c.container = reader_container(reader);
	c.other_end = reader_other(reader);
	c.oom_kill = reader_oom(reader);
	c.follows = reader_follows(reader);
	c.follows_gap_us = reader_number(reader, COLUMN_FOLLOWS_GAP);
	return reader->query->take(reader->query->data, &c);
}

static int reader_run(struct ending_reader *reader, uint64_t *ret_damaged)
{
	int err = 0, result;

	sqlite3_bind_int64(reader->select, 1, (int64_t)reader->query->since_ns);
	sqlite3_bind_int64(reader->select, 2, (int64_t)reader->query->until_ns);
	while ((result = sqlite3_step(reader->select)) == SQLITE_ROW) {
		err = reader_take(reader);
		if (err < 0)
			return err;
		*ret_damaged += err;
	}
	return store_errno(reader->store, result);
}

int store_read_endings(struct store *store, const struct ending_query *query, uint64_t *ret_damaged)
{
	struct ending_reader reader = { .store = store, .query = query };
	int err = store_texts_new(store, &reader.texts) ?: store_runs_read(store, &reader.runs);

	*ret_damaged = 0;
	reader.select = store_prepare(store, "SELECT " ENDING_COLUMNS
					     " FROM ending WHERE time >= ? AND time < ? "
					     "ORDER BY time, id");
	reader.find_container =
		store_prepare(store,
			      "SELECT container_id,runtime,name,pod,pod_namespace FROM container "
			      "WHERE id=?");
	if (!err && (!reader.select || !reader.find_container))
		err = -EIO;
	err = err ?: reader_run(&reader, ret_damaged);
	sqlite3_finalize(reader.select);
	sqlite3_finalize(reader.find_container);
	store_texts_free(&reader.texts);
	store_runs_free(&reader.runs);
	return err;
}
