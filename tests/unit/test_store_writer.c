// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The thread that writes, what it loses and says so, and what is thrown away. */
#include <errno.h>
#include <sys/stat.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/store/store_writer.h"

#define MINUTE (60 * CLOCK_NS_PER_SECOND)

static char folder[64];
static char path[128];

static int setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/closetrace-store-XXXXXX");
	snprintf(path, sizeof(path), "%s/closes.db", mkdtemp(folder));
	return 0;
}

static void teardown(void)
{
	char command[192];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static struct store_writer *writer_of(size_t queue_bytes)
{
	struct store_writer_options options = { .path = path, .queue_bytes = queue_bytes };
	struct store_writer *writer = NULL;

	options.run = (struct stored_run){ .started_ns = SAMPLE_WALL_NS, .host = (char *)"web-1" };
	assert_int_equal(store_writer_open(&options, &writer), 0);
	return writer;
}

static void offer(struct store_writer *writer, uint64_t count)
{
	struct closed_connection c = sample_connection();

	for (uint64_t i = 0; i < count; i++) {
		c.wall_ns++;
		store_writer_offer(writer, stored_ending_of(&c));
	}
}

static struct store_writer_account close_within(struct store_writer **writer, uint64_t ns)
{
	struct store_writer_account account;

	store_writer_close(writer, clock_monotonic_ns() + ns, &account);
	return account;
}

static int64_t number(const char *sql)
{
	_cleanup_(store_close) struct store *store = NULL;
	int64_t value = -1;

	assert_int_equal(store_open_reader(path, &store), 0);
	assert_int_equal(store_query_number(store, sql, &value), 0);
	return value;
}

TEST(all_that_was_offered_is_written_at_the_end)
{
	const struct ledger_row before[] = { { .name = "shown", .value = 7 }, { .name = "lost" } };
	const struct ledger_row after[] = { { .name = "shown", .value = 5000 },
					    { .name = "lost", .value = 1 } };
	struct store_writer *writer;
	struct store_writer_account account;

	setup();
	writer = writer_of(0);
	offer(writer, 5000);
	store_writer_offer_ledger(writer, before, 2);
	store_writer_offer_ledger(writer, after, 2);
	account = close_within(&writer, 60 * CLOCK_NS_PER_SECOND);
	assert_int_equal(account.offered, 5000);
	assert_int_equal(account.written, 5000);
	assert_int_equal(account.waiting, 0);
	assert_int_equal(number("SELECT count(*) FROM ending"), 5000);
	assert_int_equal(number("SELECT value FROM ledger WHERE name='shown'"), 5000);
	assert_int_equal(number("SELECT value FROM ledger WHERE name='lost'"), 1);
	assert_int_equal(number("SELECT count(*) FROM ledger"), 2);
	assert_int_equal(number("SELECT ended > 0 FROM run"), 1);
	teardown();
}

/* Indexes included; an ending has its own time, ports and numbers. */
TEST(an_ending_takes_300_bytes_at_most)
{
	struct store_writer *writer;
	struct stat status;

	setup();
	writer = writer_of(0);
	offer(writer, 20000);
	close_within(&writer, 60 * CLOCK_NS_PER_SECOND);
	assert_int_equal(stat(path, &status), 0);
	assert_in_range(status.st_size, 1, 300 * 20000);
	teardown();
}

/* A storm's record counts as many, before and after. */
TEST(what_finds_no_room_while_the_file_is_locked_is_counted_and_becomes_a_gap)
{
	struct closed_connection storm = sample_connection();
	struct store_writer_account account;
	struct store_writer *writer;
	sqlite3 *other;

	setup();
	storm.repeated = 100;
	storm.first_wall_ns = storm.wall_ns;
	writer = writer_of(20000);
	assert_int_equal(sqlite3_open(path, &other), 0);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), 0);
	offer(writer, 100);
	store_writer_offer(writer, stored_ending_of(&storm));
	store_writer_account(writer, &account);
	assert_int_equal(account.offered, 200);
	assert_true(account.lost_full >= 100);
	assert_int_equal(account.offered, account.written + account.waiting + account.lost_full);
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), 0);
	sqlite3_close(other);
	account = close_within(&writer, 60 * CLOCK_NS_PER_SECOND);
	assert_int_equal(account.offered, account.written + account.lost_full);
	assert_int_equal(number("SELECT sum(missing) FROM gap"), account.lost_full);
	assert_int_equal(number("SELECT sum(coalesce(repeated,1)) FROM ending"), account.written);
	teardown();
}

TEST(a_file_that_stays_locked_does_not_keep_the_end_waiting)
{
	struct store_writer_account account;
	struct store_writer *writer;
	uint64_t began_ns;
	sqlite3 *other;

	setup();
	writer = writer_of(0);
	assert_int_equal(sqlite3_open(path, &other), 0);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), 0);
	offer(writer, 10);
	began_ns = clock_monotonic_ns();
	account = close_within(&writer, CLOCK_NS_PER_SECOND / 2);
	assert_true(clock_monotonic_ns() - began_ns < 2 * CLOCK_NS_PER_SECOND);
	assert_int_equal(account.waiting, 10);
	/* The thread still has its memory and the file: both are left to it. */
	sqlite3_exec(other, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(other);
	sleep(3);
	teardown();
}

/* -- counts ----------------------------------------------------------------------------------- */
static struct flow_row count_row(uint32_t client, uint64_t packets)
{
	struct flow_row row;

	memset(&row, 0, sizeof(row));
	row.identity.known = FLOW_BY_CONVERSATION | FLOW_KEY(INTERFACE);
	flow_addr_from_ipv4(row.identity.client, htonl(0x0a000000 + client));
	flow_addr_from_ipv4(row.identity.server, htonl(0x0a010001));
	row.identity.server_port = 443;
	row.identity.interface = "eth0";
	row.counts[TALLY_SYN_CLT] = packets;
	row.counts[TALLY_CT] = 1;
	return row;
}

static struct store *store_with_minutes(int minutes, uint32_t rows)
{
	_cleanup_free_ struct flow_row *all = calloc(rows, sizeof(*all));
	struct store *store = NULL;

	assert_int_equal(store_open_writer(path, &store), 0);
	assert_int_equal(store_exec(store, "BEGIN"), 0);
	for (int minute = 0; minute < minutes; minute++) {
		_cleanup_(stored_counts_free) struct stored_counts *counts = NULL;

		for (uint32_t i = 0; i < rows; i++)
			all[i] = count_row(i, i + 1);
		assert_int_equal(stored_counts_of(all, rows,
						  FLOW_BY_CONVERSATION | FLOW_KEY(INTERFACE),
						  3600 * CLOCK_NS_PER_SECOND + minute * MINUTE, 60,
						  STORE_COUNTS_MOST, &counts),
				 0);
		assert_int_equal(store_counts_put(store, counts), 0);
	}
	assert_int_equal(store_exec(store, "COMMIT"), 0);
	return store;
}

struct sums {
	uint64_t rows, packets, handshakes, rest_packets;
	uint64_t last_time_ns;
};

static int sum_take(void *data, const struct flow_row *row)
{
	struct sums *sums = data;

	sums->rows++;
	sums->packets += row->counts[TALLY_SYN_CLT];
	sums->handshakes += row->counts[TALLY_CT];
	if (row->is_rest)
		sums->rest_packets += row->counts[TALLY_SYN_CLT];
	else
		assert_string_equal(row->identity.interface ?: "eth0", "eth0");
	assert_true(row->time_ns >= sums->last_time_ns);
	sums->last_time_ns = row->time_ns;
	return 0;
}

static struct sums sums_of(struct store *store, uint32_t by, uint64_t over_ns)
{
	struct sums sums = { 0 };

	assert_int_equal(store_read_counts(store, &(struct counts_query){ .until_ns = INT64_MAX,
									  .by = by,
									  .over_ns = over_ns,
									  .take = sum_take,
									  .data = &sums }),
			 0);
	return sums;
}

TEST(the_largest_rows_are_kept_and_sums_are_exact)
{
	_cleanup_(store_close) struct store *store = NULL;
	struct sums sums;

	setup();
	store = store_with_minutes(3, 1500);
	sums = sums_of(store, FLOW_BY_CONVERSATION, 0);
	assert_int_equal(sums.rows, 1001);
	assert_int_equal(sums.packets, 3 * 1500 * 1501 / 2);
	assert_int_equal(sums.handshakes, 3 * 1500);
	assert_int_equal(sums.rest_packets, 3 * 500 * 501 / 2);
	sums = sums_of(store, FLOW_KEY(SERVER_PORT), MINUTE);
	assert_int_equal(sums.rows, 6);
	assert_int_equal(sums.packets, 3 * 1500 * 1501 / 2);
	assert_int_equal(store_read_counts(store, &(struct counts_query){ .until_ns = INT64_MAX,
									  .by = FLOW_KEY(COMM),
									  .take = sum_take }),
			 -ENOENT);
	store_close(&store);
	teardown();
}

static int identity_take(void *data, const struct flow_row *row)
{
	const struct flow_identity *wanted = data;
	struct field_value want, have;

	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++) {
		if (!(row->by & 1u << key))
			continue;
		assert_true(flow_identity_get(wanted, key, &want));
		assert_true(flow_identity_get(&row->identity, key, &have));
		switch (flow_fields[flow_key_field(key)].type) {
		case FIELD_IP:
			assert_memory_equal(have.ip, want.ip, 16);
			break;
		case FIELD_STRING:
		case FIELD_WORD:
			assert_string_equal(have.text, want.text);
			break;
		default:
			assert_int_equal(have.number, want.number);
			break;
		}
	}
	return 0;
}

TEST(every_key_is_read_back_as_it_was)
{
	_cleanup_(stored_counts_free) struct stored_counts *counts = NULL;
	_cleanup_(store_close) struct store *store = NULL;
	uint32_t all = ((1u << FLOW_KEY_COUNT) - 1) & ~FLOW_KEY(CLIENT_PORT);
	struct flow_row row = count_row(1, 1);

	setup();
	row.identity.known = all;
	row.identity.netns = 4026531840;
	row.identity.comm = "nginx";
	row.identity.container = "web";
	row.identity.pod = "web-1";
	row.identity.zone_client = "office";
	row.identity.zone_server = "";
	row.identity.verdict = CLOSE_PEER_RESET;
	assert_int_equal(store_open_writer(path, &store), 0);
	assert_int_equal(stored_counts_of(&row, 1, all, CLOCK_NS_PER_SECOND, 60, STORE_COUNTS_MOST,
					  &counts),
			 0);
	assert_int_equal(store_counts_put(store, counts), 0);
	for (unsigned int key = 0; key <= FLOW_KEY_COUNT; key++) {
		struct counts_query query = {
			.until_ns = INT64_MAX,
			.by = key < FLOW_KEY_COUNT ? all & 1u << key : all,
			.take = identity_take,
			.data = &row.identity,
		};

		assert_int_equal(store_read_counts(store, &query), 0);
	}
	store_close(&store);
	teardown();
}

/* A key and a count were added since it was made. */
TEST(counts_of_an_older_program_are_read_and_gone_on_with)
{
	_cleanup_(store_close) struct store *store = NULL;
	struct sums sums;

	setup();
	store = store_with_minutes(1, 10);
	assert_int_equal(store_exec(store, "ALTER TABLE counts DROP COLUMN ct_count"), 0);
	assert_int_equal(store_exec(store, "ALTER TABLE counts DROP COLUMN netns"), 0);
	store_close(&store);
	assert_int_equal(store_open_reader(path, &store), 0);
	sums = sums_of(store, FLOW_BY_CONVERSATION, 0);
	assert_int_equal(sums.packets, 55);
	assert_int_equal(sums.handshakes, 0);
	store_close(&store);
	store = store_with_minutes(1, 10);
	sums = sums_of(store, FLOW_BY_CONVERSATION, 0);
	assert_int_equal(sums.packets, 110);
	assert_int_equal(sums.handshakes, 10);
	store_close(&store);
	teardown();
}

TEST(minutes_become_hours_and_sums_stay_exact)
{
	_cleanup_(store_close) struct store *store = NULL;
	struct store_limits limits = { 0 };
	bool is_done = false;
	struct sums sums;

	setup();
	store = store_with_minutes(130, 1500);
	for (int i = 0; i < 10 && !is_done; i++)
		assert_int_equal(
			store_keep_step(store, &limits,
					STORE_KEEP_MINUTES_NS + 3 * 3600 * CLOCK_NS_PER_SECOND,
					&is_done),
			0);
	sums = sums_of(store, FLOW_BY_CONVERSATION, 0);
	assert_int_equal(sums.packets, 130 * 1500 * 1501 / 2);
	assert_int_equal(sums.handshakes, 130 * 1500);
	store_close(&store);
	assert_int_equal(number("SELECT count(*) FROM counts WHERE seconds=3600"), 2002);
	assert_int_equal(number("SELECT count(*) FROM counts WHERE seconds=60"), 10 * 1001);
	teardown();
}

TEST(what_is_too_old_goes_and_gives_its_room_back)
{
	struct store_limits limits = { .age_ns = CLOCK_NS_PER_SECOND };
	_cleanup_(store_close) struct store *store = NULL;
	struct store_writer *writer;
	struct stat before, after;
	bool is_done = false;

	setup();
	writer = writer_of(0);
	offer(writer, 20000);
	close_within(&writer, 60 * CLOCK_NS_PER_SECOND);
	stat(path, &before);
	assert_int_equal(store_open_writer(path, &store), 0);
	for (int i = 0; i < 100 && !is_done; i++)
		assert_int_equal(store_keep_step(store, &limits, SAMPLE_WALL_NS + MINUTE, &is_done),
				 0);
	assert_true(is_done);
	store_close(&store);
	stat(path, &after);
	assert_true(after.st_size < before.st_size / 4);
	assert_int_equal(number("SELECT count(*) FROM ending"), 0);
	teardown();
}

TEST(what_is_too_much_goes_oldest_first)
{
	struct store_limits limits = { .size_bytes = 2000000 };
	_cleanup_(store_close) struct store *store = NULL;
	struct store_writer *writer;
	bool is_done = false;

	setup();
	writer = writer_of(0);
	offer(writer, 20000);
	close_within(&writer, 60 * CLOCK_NS_PER_SECOND);
	assert_int_equal(store_open_writer(path, &store), 0);
	for (int i = 0; i < 100 && !is_done; i++)
		assert_int_equal(store_keep_step(store, &limits, SAMPLE_WALL_NS, &is_done), 0);
	store_close(&store);
	assert_in_range(number("SELECT count(*) FROM ending"), 1, 15000);
	assert_int_equal(number("SELECT max(time) FROM ending"), SAMPLE_WALL_NS + 20000);
	teardown();
}

TEST_MAIN()
