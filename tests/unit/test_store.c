// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The database: what comes out is what went in, and every way not to get one has its sentence. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/model/field_text.h"
#include "user/model/fields.h"
#include "user/store/store_endings.h"
#include "user/store/store_pack.h"
#include "user/store/store_runs.h"

static char folder[64];
static char path[128];

static void path_new(void)
{
	snprintf(folder, sizeof(folder), "/tmp/closetrace-store-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/closes.db", folder);
}

static void path_remove(void)
{
	char command[192];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static uint64_t random_state = 88172645463325252u;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Fails for every member of the record that nobody packs. */
TEST(a_packed_record_is_the_record)
{
	for (int round = 0; round < 2000; round++) {
		_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
		struct close_record record, again;
		unsigned char *bytes = (unsigned char *)&record;

		for (size_t i = 0; i < sizeof(record); i++)
			bytes[i] = random_u64() % 4 ? (unsigned char)random_u64() : 0;
		record.head = (struct record_head){ .abi_version = RECORD_ABI_VERSION,
						    .type = RECORD_CLOSE,
						    .flags = record.head.flags,
						    .size = sizeof(record),
						    .time_ns = random_u64() };
		record.reserved = 0;
		memset(record.detail.reserved, 0, sizeof(record.detail.reserved));
		if (round % 3 == 1)
			flow_addr_from_ipv4(record.key.addr[0], (uint32_t)random_u64());
		if (round % 3 == 2)
			memset(record.key.addr[1] + 4, 0, 12);
		store_pack(&b, &record);
		assert_int_equal(store_unpack(b.data, b.len, &again), 0);
		assert_memory_equal(&record, &again, sizeof(record));
	}
}

TEST(any_bytes_are_refused_or_read_within_their_bounds)
{
	struct close_record record;

	for (int round = 0; round < 20000; round++) {
		size_t len = random_u64() % 64;
		_cleanup_free_ unsigned char *bytes = malloc(len + 1);

		for (size_t i = 0; i < len; i++)
			bytes[i] = (unsigned char)random_u64();
		store_unpack(bytes, len, &record);
	}
}

TEST(what_a_newer_version_packed_is_read_without_it)
{
	/* Tag 500, a number; tag 501, three bytes; then tag 22, the owner's pid. */
	static const unsigned char bytes[] = {
		0xe8, 0x07, 0x05, 0xeb, 0x07, 3, 'a', 'b', 'c', 44, 7
	};
	struct close_record record;

	assert_int_equal(store_unpack(bytes, sizeof(bytes), &record), 0);
	assert_int_equal(record.owner.pid, 7);
}

/* -- through the file ------------------------------------------------------------------------ */
static void append_all_fields(struct strbuf *b, const struct closed_connection *c)
{
	_cleanup_(strbuf_release) struct strbuf scratch = STRBUF_INIT;
	const struct row_type *type = &connection_row_type;

	for (unsigned int i = 0; i < type->field_count; i++) {
		struct field_value value;
		bool known = row_get(type, c, i, &scratch, &value);

		strbuf_append_str(b, type->fields[i].name);
		strbuf_append_char(b, '=');
		field_append_json(b, &type->fields[i], known ? &value : NULL, NULL);
		strbuf_append_char(b, '\n');
	}
}

struct read_back {
	struct strbuf text;
	size_t count;
};

static int take(void *data, const struct closed_connection *c)
{
	struct read_back *back = data;

	append_all_fields(&back->text, c);
	back->count++;
	return 0;
}

static void put(struct store *store, int64_t run, const struct closed_connection *c, size_t count)
{
	_cleanup_(ending_writer_free) struct ending_writer *writer = NULL;

	assert_int_equal(ending_writer_new(store, run, &writer), 0);
	assert_int_equal(store_exec(store, "BEGIN"), 0);
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ struct stored_ending *ending = stored_ending_of(&c[i]);

		assert_non_null(ending);
		assert_int_equal(ending_writer_put(writer, ending), 0);
	}
	assert_int_equal(store_exec(store, "COMMIT"), 0);
}

static int64_t begin_run(struct store *store)
{
	struct stored_run run = { .started_ns = SAMPLE_WALL_NS,
				  .jiffies_hz = 250,
				  .host = (char *)"web-1" };
	int64_t id;

	assert_int_equal(store_run_begin(store, &run, &id), 0);
	return id;
}

TEST(what_is_read_back_is_what_live_shows_in_every_field)
{
	struct closed_connection c[4] = { sample_connection(), sample_connection_with_stacks(),
					  sample_connection(), sample_connection() };
	_cleanup_(store_close) struct store *store = NULL;
	struct read_back back = { .text = STRBUF_INIT }, live = { .text = STRBUF_INIT };
	uint64_t damaged;

	path_new();
	c[2].first_wall_ns = c[2].wall_ns - 7;
	c[2].repeated = 1070;
	c[1].follows = &c[0].record;
	c[1].follows_gap_us = 210;
	c[3].container = NULL;
	c[2].record.detail.death = CLOSE_DEATH_OOM;
	c[2].oom_kill = &(struct oom_kill){ .pid = 813, .limit_bytes = 60 << 20, .cgroup = "/web" };
	c[3].other_end = NULL;
	c[3].zone_local = c[3].zone_peer = c[3].cgroup = c[3].interface = NULL;
	assert_int_equal(store_open_writer(path, &store), 0);
	put(store, begin_run(store), c, 4);
	store_close(&store);
	assert_int_equal(store_open_reader(path, &store), 0);
	assert_int_equal(store_read_endings(store,
					    &(struct ending_query){ .until_ns = INT64_MAX,
								    .take = take,
								    .data = &back },
					    &damaged),
			 0);
	assert_int_equal(back.count, 4);
	assert_int_equal(damaged, 0);
	for (int i = 0; i < 4; i++)
		take(&live, &c[i]);
	assert_string_equal(live.text.data, back.text.data);
	strbuf_release(&back.text);
	strbuf_release(&live.text);
	store_close(&store);
	path_remove();
}

/* -- refusals --------------------------------------------------------------------------------- */
static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

TEST(what_is_no_database_of_ours_is_left_as_it_is)
{
	struct store *store = NULL;
	struct stat before, after;

	path_new();
	write_file("this is a letter to my aunt, long enough to be taken for a page of a file, or "
		   "at least for the head of one, which is a hundred bytes long, and some more");
	stat(path, &before);
	assert_int_equal(store_open_writer(path, &store), -EEXIST);
	assert_int_equal(store_open_reader(path, &store), -EEXIST);
	stat(path, &after);
	assert_int_equal(before.st_size, after.st_size);
	assert_null(store);
	path_remove();
}

TEST(the_database_of_another_program_is_refused)
{
	struct store *store = NULL;
	sqlite3 *db;

	path_new();
	assert_int_equal(sqlite3_open(path, &db), 0);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE a(b)", NULL, NULL, NULL), 0);
	sqlite3_close(db);
	assert_int_equal(store_open_writer(path, &store), -EEXIST);
	assert_int_equal(store_open_reader(path, &store), -EEXIST);
	path_remove();
}

TEST(a_newer_version_a_second_writer_a_link_and_nothing_are_refused)
{
	_cleanup_(store_close) struct store *store = NULL;
	struct store *second = NULL;
	char link[160];

	path_new();
	assert_int_equal(store_open_reader(path, &second), -ENOENT);
	assert_int_equal(store_open_writer(path, &store), 0);
	assert_int_equal(store_open_writer(path, &second), -EBUSY);
	assert_int_equal(store_exec(store, "PRAGMA user_version=99"), 0);
	store_close(&store);
	assert_int_equal(store_open_writer(path, &store), -EPROTO);
	assert_int_equal(store_open_reader(path, &store), -EPROTO);
	snprintf(link, sizeof(link), "%s/link.db", folder);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(store_open_writer(link, &store), -ELOOP);
	assert_null(store);
	path_remove();
}

TEST(the_file_is_for_its_owner_and_the_group_alone)
{
	_cleanup_(store_close) struct store *store = NULL;
	struct stat status;

	path_new();
	assert_int_equal(store_open_writer(path, &store), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	store_close(&store);
	path_remove();
}

TEST(a_report_knows_when_nobody_was_looking)
{
	_cleanup_(store_close) struct store *store = NULL;
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	int64_t run;

	path_new();
	assert_int_equal(store_open_writer(path, &store), 0);
	run = begin_run(store);
	assert_int_equal(store_run_seen(store, run, SAMPLE_WALL_NS + 60 * CLOCK_NS_PER_SECOND), 0);
	assert_int_equal(store_gap_put(store, run, SAMPLE_WALL_NS + CLOCK_NS_PER_SECOND,
				       SAMPLE_WALL_NS + 5 * CLOCK_NS_PER_SECOND, 312, "disk full"),
			 0);
	assert_int_equal(store_append_unseen(&b, store, SAMPLE_WALL_NS,
					     SAMPLE_WALL_NS + 3600 * CLOCK_NS_PER_SECOND),
			 0);
	assert_string_equal(b.data,
			    "nobody was looking from 2026-03-04T05:07:07.000000089Z to "
			    "2026-03-04T06:06:07.000000089Z\n"
			    "from 2026-03-04T05:06:08.000000089Z to 2026-03-04T05:06:12.000000089Z "
			    "312 endings are missing: disk full\n");
	store_close(&store);
	path_remove();
}

TEST_MAIN()
