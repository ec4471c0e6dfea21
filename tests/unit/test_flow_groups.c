// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/count/flow_groups.h"

#include <stdlib.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/clock.h"
#include "user/count/flow_connections.h"
#include "user/count/flow_ending.h"
#include "user/count/reset_habit.h"
#include "user/enrich/zones.h"

static struct zones *zones;
static struct string_pool *pool;

static struct flow_naming naming;

static const char *name_of_interface(void *data, uint32_t netns, uint32_t ifindex)
{
	(void)data;
	return netns == 7 && ifindex == 3 ? "eth0" : NULL;
}

static __attribute__((constructor)) void open_tables(void)
{
	if (zones_new(&zones) || string_pool_new(&pool))
		abort();
	naming = (struct flow_naming){
		.zones = zones,
		.zone_name = zones_lookup,
		.pool = pool,
		.interface_name = name_of_interface,
	};
}

static __attribute__((destructor)) void close_tables(void)
{
	zones_free(&zones);
	string_pool_free(&pool);
}

static struct tally_key conversation(const char *client, const char *server, uint16_t port)
{
	struct tally_key key = { .netns = 7, .ifindex = 3, .server_port = HOST_TO_NET_16(port) };
	struct in_addr ipv4;

	assert_int_equal(inet_pton(AF_INET, client, &ipv4), 1);
	flow_addr_from_ipv4(key.client, ipv4.s_addr);
	assert_int_equal(inet_pton(AF_INET, server, &ipv4), 1);
	flow_addr_from_ipv4(key.server, ipv4.s_addr);
	return key;
}

/* One reading: three conversations with `n` connections and 2n, 4n, 6n RSTs of the server. */
static void read_three(struct flow_groups *groups, uint64_t n)
{
	static const char *const clients[] = { "10.0.0.1", "10.0.0.2", "8.8.8.8" };

	flow_groups_begin(groups);
	for (unsigned int i = 0; i < 3; i++) {
		struct tally_key key = conversation(clients[i], "10.0.0.9", i == 1 ? 443 : 80);
		uint64_t counts[TALLY_COUNT] = {
			[TALLY_OPENED] = n,
			[TALLY_SYN_CLT] = n,
			[TALLY_RST_SRV] = 2 * n * (i + 1),
		};

		flow_groups_take_conversation(groups, &key, counts);
	}
}

static uint64_t number_of(const struct flow_row *row, enum flow_field field)
{
	struct field_value value;

	assert_true(flow_row_get(row, field, NULL, &value));
	return value.number;
}

static enum flow_field sort_field;

static int compare(const void *a, const void *b)
{
	return row_compare(&flow_row_type, a, b, sort_field);
}

static size_t rows_of(struct flow_groups *groups, bool since_last, enum flow_field sort,
		      struct flow_row **rows)
{
	size_t count;

	assert_int_equal(flow_groups_rows(groups, since_last, rows, &count), 0);
	sort_field = sort;
	qsort(*rows, count, sizeof(**rows), compare);
	return count;
}

/* Two values for each kind of key. Strings are constants, and so of one pool. */
static struct field_value key_value(unsigned int key, unsigned int which)
{
	static const uint8_t addrs[2][16] = { { [15] = 1 }, { [15] = 2 } };
	static const char *const texts[2] = { "nginx", "curl" };
	struct field_value value = {};

	switch (flow_fields[flow_key_field(key)].type) {
	case FIELD_IP:
		value.ip = addrs[which];
		break;
	case FIELD_STRING:
		value.text = texts[which];
		value.len = strlen(value.text);
		break;
	case FIELD_WORD:
		value.text = verdict_name((uint8_t)(which + 1));
		value.len = strlen(value.text);
		break;
	default:
		value.number = which + 443;
		break;
	}
	return value;
}

TEST(a_key_is_copied_compared_and_shown_as_its_row_of_the_table_says)
{
	struct flow_identity full = {}, reduced, other;
	struct field_value value;

	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++) {
		value = key_value(key, 0);
		flow_identity_set(&full, key, &value);
	}
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++) {
		struct flow_row row = {};

		flow_identity_reduce(&full, 1u << key, &reduced);
		assert_int_equal(reduced.known, 1u << key);
		row.identity = other = reduced;
		for (unsigned int field = 0; field < FLOW_KEY_COUNT; field++)
			assert_int_equal(flow_row_get(&row, flow_key_field(field), NULL, &value),
					 field == key);
		assert_true(flow_row_get(&row, flow_key_field(key), NULL, &value));
		flow_identity_set(&other, key, &value);
		assert_memory_equal(&other, &reduced, sizeof(other));
		assert_true(flow_identities_agree(&full, &reduced, 1u << key));
		value = key_value(key, 1);
		flow_identity_set(&other, key, &value);
		assert_false(flow_identities_agree(&full, &other, 1u << key));
		assert_true(flow_identities_agree(&reduced, &other, ~(1u << key)));
		assert_int_equal(flow_identity_text(&full, key) != NULL,
				 flow_fields[flow_key_field(key)].type == FIELD_STRING);
	}
}

TEST(conversations_are_rows_and_keys_join_them)
{
	static const struct {
		uint32_t by;
		size_t rows;
		uint64_t first_rst;
	} cases[] = {
		{ FLOW_BY_CONVERSATION, 3, 6 },
		{ FLOW_KEY(CLIENT), 3, 6 },
		{ FLOW_KEY(SERVER), 1, 12 },
		{ FLOW_KEY(SERVER_PORT), 2, 8 },
		{ FLOW_KEY(ZONE_CLIENT), 2, 6 },
		{ FLOW_KEY(ZONE_CLIENT) | FLOW_KEY(SERVER_PORT), 3, 6 },
		{ FLOW_KEY(INTERFACE) | FLOW_KEY(NETNS), 1, 12 },
	};
	struct flow_row *rows = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow_groups *groups;

		assert_int_equal(flow_groups_new(cases[i].by, &naming, &groups), 0);
		assert_false(flow_groups_need_records(groups));
		read_three(groups, 1);
		read_three(groups, 1);
		assert_int_equal(rows_of(groups, false, FLOW_FIELD_rst_count, &rows),
				 cases[i].rows);
		assert_int_equal(number_of(&rows[0], FLOW_FIELD_rst_count_srv), cases[i].first_rst);
		assert_int_equal(rows[0].identity.known, cases[i].by);
		flow_groups_free(&groups);
	}
	free(rows);
}

TEST(an_interval_has_what_came_since_the_last_and_a_missed_one_is_in_the_next)
{
	struct flow_groups *groups;
	struct flow_row *rows = NULL;

	assert_int_equal(flow_groups_new(FLOW_KEY(SERVER), &naming, &groups), 0);
	read_three(groups, 1);
	assert_int_equal(rows_of(groups, true, FLOW_FIELD_rst_count, &rows), 1);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_rst_count), 12);
	read_three(groups, 1);
	assert_int_equal(rows_of(groups, true, FLOW_FIELD_rst_count, &rows), 0);
	read_three(groups, 5); /* not told */
	read_three(groups, 7);
	assert_int_equal(rows_of(groups, true, FLOW_FIELD_rst_count, &rows), 1);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_rst_count), 72);
	assert_int_equal(rows_of(groups, false, FLOW_FIELD_rst_count, &rows), 1);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_rst_count), 84);
	flow_groups_free(&groups);
	free(rows);
}

TEST(a_counter_that_wraps_loses_nothing)
{
	struct tally_key key = conversation("10.0.0.1", "10.0.0.9", 80);
	uint64_t counts[TALLY_COUNT] = { [TALLY_RST_SRV] = UINT64_MAX - 1 };
	struct flow_groups *groups;
	struct flow_row *rows = NULL;

	assert_int_equal(flow_groups_new(FLOW_KEY(SERVER), &naming, &groups), 0);
	flow_groups_begin(groups);
	flow_groups_take_conversation(groups, &key, counts);
	rows_of(groups, true, FLOW_FIELD_rst_count, &rows);
	counts[TALLY_RST_SRV] += 5; /* 3 */
	flow_groups_begin(groups);
	flow_groups_take_conversation(groups, &key, counts);
	assert_int_equal(rows_of(groups, true, FLOW_FIELD_rst_count, &rows), 1);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_rst_count), 5);
	flow_groups_free(&groups);
	free(rows);
}

TEST(what_found_no_room_is_one_row_and_the_last)
{
	uint64_t rest[TALLY_COUNT] = { [TALLY_RST_SRV] = 1000 };
	struct flow_groups *groups;
	struct flow_row *rows = NULL;
	size_t count;

	assert_int_equal(flow_groups_new(FLOW_BY_CONVERSATION, &naming, &groups), 0);
	read_three(groups, 1);
	flow_groups_take_rest(groups, rest);
	count = rows_of(groups, false, FLOW_FIELD_rst_count, &rows);
	assert_int_equal(count, 4);
	assert_true(rows[3].is_rest);
	assert_int_equal(number_of(&rows[3], FLOW_FIELD_rst_count), 1000);
	flow_groups_free(&groups);
	free(rows);
}

TEST(endings_are_grouped_by_what_packets_do_not_tell)
{
	struct closed_connection c = sample_connection();
	uint64_t counts[FLOW_COUNT_COUNT] = {};
	struct flow_identity identity;
	struct flow_groups *groups;
	struct flow_row *rows = NULL;
	struct field_value value;

	c.container = NULL;
	flow_identity_of_ending(&identity, &c);
	flow_identity_add_owner(&identity, &c, pool);
	flow_counts_add_ending(counts, &c);
	assert_int_equal(flow_groups_new(FLOW_KEY(COMM) | FLOW_KEY(POD), &naming, &groups), 0);
	assert_true(flow_groups_need_records(groups));
	flow_groups_take_ending(groups, &identity, counts);
	flow_groups_take_ending(groups, &identity, counts);
	assert_int_equal(rows_of(groups, false, FLOW_FIELD_comm, &rows), 1);
	assert_true(flow_row_get(&rows[0], FLOW_FIELD_comm, NULL, &value));
	assert_memory_equal(value.text, "nginx", 6);
	assert_false(flow_row_get(&rows[0], FLOW_FIELD_pod, NULL, &value));
	assert_false(flow_row_get(&rows[0], FLOW_FIELD_client_addr, NULL, &value));
	/* The peer, 10.0.0.5, is the client: its SYNs 2, FINs 4, RSTs 6; ours 1, 3, 5. */
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_connections), 2);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_syn_count_clt), 4);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_syn_count_srv), 2);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_fin_count_clt), 8);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_fin_count_srv), 6);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_rst_count_clt), 12);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_rst_count_srv), 10);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_ct_count), 2);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_guessed), 0);
	flow_groups_free(&groups);
	free(rows);
}

TEST(rates_and_ratios)
{
	struct flow_row row = { .elapsed_ns = 2 * CLOCK_NS_PER_SECOND };
	struct field_value value;

	row.counts[TALLY_SYN_CLT] = 3;
	row.counts[TALLY_SYN_SRV] = 2;
	row.counts[TALLY_RST_SRV] = 1;
	assert_int_equal(number_of(&row, FLOW_FIELD_syn_rate), 2500);
	assert_int_equal(number_of(&row, FLOW_FIELD_rst_rate), 500);
	assert_false(flow_row_get(&row, FLOW_FIELD_rst_per_connection, NULL, &value));
	row.counts[TALLY_OPENED] = 3;
	assert_int_equal(number_of(&row, FLOW_FIELD_rst_per_connection), 333);
	assert_int_equal(number_of(&row, FLOW_FIELD_syn_per_connection), 1000);
	row.counts[TALLY_RST_SRV] = UINT64_MAX / 2;
	row.counts[TALLY_OPENED] = UINT64_MAX / 2;
	assert_int_equal(number_of(&row, FLOW_FIELD_rst_per_connection), 1000);
	row.elapsed_ns = 0;
	assert_false(flow_row_get(&row, FLOW_FIELD_rst_rate, NULL, &value));
}

TEST(order_is_by_the_field_and_then_always_the_same)
{
	struct flow_groups *groups;
	struct flow_row *rows = NULL;

	assert_int_equal(flow_groups_new(FLOW_BY_CONVERSATION, &naming, &groups), 0);
	read_three(groups, 1);
	rows_of(groups, false, FLOW_FIELD_server_port, &rows);
	assert_int_equal(rows[0].identity.server_port, 80);
	assert_int_equal(rows[1].identity.server_port, 80);
	assert_true(memcmp(rows[0].identity.client, rows[1].identity.client, 16) < 0);
	assert_int_equal(rows[2].identity.server_port, 443);
	rows_of(groups, false, FLOW_FIELD_fin_count, &rows); /* all equal: by the keys */
	assert_true(memcmp(rows[0].identity.client, rows[1].identity.client, 16) < 0);
	assert_true(memcmp(rows[1].identity.client, rows[2].identity.client, 16) < 0);
	flow_groups_free(&groups);
	free(rows);
}

/* A storm of 1,000 endings like the sample, each with twice its RSTs. */
static struct closed_connection storm_of(uint8_t level, struct ending_sums *sums)
{
	struct closed_connection c = sample_connection();

	memset(sums, 0, sizeof(*sums));
	for (int i = 0; i < 1000; i++)
		ending_sums_add(sums, &c.record);
	sums->counts[TALLY_RST_CLT] *= 2;
	c.repeated = 1000;
	c.first_wall_ns = c.wall_ns - 1;
	c.storm_level = level;
	c.sums = sums;
	return c;
}

TEST(a_storm_counts_as_all_that_it_stands_for_where_they_are_alike)
{
	static const struct {
		uint8_t level;
		uint32_t known;
	} cases[] = {
		{ STORM_PEER_NETWORK, FLOW_BY_CONVERSATION | FLOW_KEY(NETNS) | FLOW_KEY(VERDICT) |
					      FLOW_KEY(COMM) | FLOW_KEY(CONTAINER) |
					      FLOW_KEY(POD) },
		{ STORM_LISTENER, FLOW_KEY(SERVER) | FLOW_KEY(NETNS) | FLOW_KEY(VERDICT) |
					  FLOW_KEY(CONTAINER) | FLOW_KEY(POD) },
		{ STORM_VERDICT, FLOW_KEY(VERDICT) },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ending_sums sums;
		struct closed_connection c = storm_of(cases[i].level, &sums);
		uint64_t counts[FLOW_COUNT_COUNT] = {};
		struct flow_identity identity;

		c.habit_closes = c.habit_resets = 1000 + 7; /* seven came before the storm */
		flow_identity_of_ending(&identity, &c);
		flow_identity_add_owner(&identity, &c, pool);
		flow_counts_add_ending(counts, &c);
		assert_int_equal(identity.known, cases[i].known);
		assert_int_equal(counts[TALLY_OPENED], 1000);
		assert_int_equal(counts[TALLY_SYN_CLT], 2000);
		assert_int_equal(counts[TALLY_RST_CLT], 12000);
		assert_int_equal(counts[FLOW_COUNT_RST_HABIT], 1000 + 7 - 19);
	}
}

TEST(what_has_no_row_of_its_own_is_in_the_rest_once)
{
	struct flow_connections *connections;
	struct flow_row *rows = NULL;
	struct ending_sums sums;
	struct closed_connection storm = storm_of(STORM_PEER_NETWORK, &sums);
	struct closed_connection one = sample_connection();
	uint64_t counts[FLOW_COUNT_COUNT] = {}, of_storm[FLOW_COUNT_COUNT] = {};
	struct flow_identity identity;
	size_t count;

	assert_int_equal(flow_connections_new(&connections), 0);
	flow_identity_of_ending(&identity, &one);
	flow_counts_add_ending(counts, &one);
	flow_connections_take_ending(connections, &identity, counts);
	flow_identity_of_ending(&identity, &storm);
	flow_counts_add_ending(of_storm, &storm);
	flow_connections_take_ending(connections, &identity, of_storm);
	assert_int_equal(flow_connections_rows(connections, true, &rows, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_connections), 1);
	assert_true(rows[1].is_rest);
	assert_int_equal(number_of(&rows[1], FLOW_FIELD_connections), 1000);
	assert_int_equal(flow_connections_beyond(connections), 0);
	assert_int_equal(flow_connections_rows(connections, true, &rows, &count), 0);
	assert_int_equal(count, 0);
	flow_connections_free(&connections);
	free(rows);
}

TEST(single_connections_live_and_ended)
{
	struct closed_connection c = sample_connection();
	struct flow_state flow = { .tally = FLOW_TALLY_HERE | FLOW_TALLY_BY_SYN };
	struct flow_identity identity = { .known = FLOW_BY_CONNECTION };
	uint64_t counts[FLOW_COUNT_COUNT] = {};
	struct flow_connections *connections;
	struct flow_row *rows = NULL;
	struct flow_key other;
	size_t count;

	assert_int_equal(flow_connections_new(&connections), 0);
	flow.tally |= c.record.local_side ? 0 : FLOW_TALLY_CLIENT; /* the peer is the client */
	flow.side[flow.tally & FLOW_TALLY_CLIENT].syn_count = 1;
	other = c.record.key;
	other.port[0] ^= 1;
	flow_connections_begin(connections);
	flow_connections_take_flow(connections, &c.record.key, &flow);
	flow_connections_take_flow(connections, &other, &flow);
	assert_int_equal(flow_connections_rows(connections, true, &rows, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(flow_connections_rows(connections, true, &rows, &count), 0);
	assert_int_equal(count, 0);

	/* One ends; both ends of it tell, and it is one connection. */
	flow_identity_of_ending(&identity, &c);
	flow_counts_add_ending(counts, &c);
	flow_connections_take_ending(connections, &identity, counts);
	flow_connections_take_ending(connections, &identity, counts);
	flow_connections_begin(connections);
	flow_connections_take_flow(connections, &other, &flow);
	assert_int_equal(flow_connections_rows(connections, true, &rows, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].identity.client_port, 45012);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_connections), 1);
	assert_int_equal(number_of(&rows[0], FLOW_FIELD_rst_count_clt), 6);

	flow.tally |= FLOW_TALLY_ELSEWHERE;
	flow.tally &= ~FLOW_TALLY_HERE;
	flow_connections_begin(connections);
	flow_connections_take_flow(connections, &c.record.key, &flow);
	assert_int_equal(flow_connections_rows(connections, true, &rows, &count), 0);
	assert_int_equal(count, 0);
	flow_connections_free(&connections);
	free(rows);
}

/* An ending of nginx on its port: by RST of its own, or clean. */
static struct closed_connection own_close(bool is_reset, uint16_t port)
{
	struct close_record record = sample_record();
	struct closed_connection c;

	sample_set_key(&record, "10.0.0.9", port, "10.0.0.5", 45012);
	c = sample_connection_of(&record);
	c.record.decision.verdict = is_reset ? CLOSE_LOCAL_APP_ABORT : CLOSE_FIN_NORMAL;
	return c;
}

TEST(a_habit_is_learned_per_listener_from_its_numbers)
{
	struct closed_connection reset = own_close(true, 443), clean = own_close(false, 443);
	struct closed_connection other = own_close(true, 8443);
	struct reset_habit_numbers numbers = {};
	struct reset_habit *habit;

	assert_int_equal(reset_habit_new(&habit), 0);
	for (int i = 1; i < RESET_HABIT_CLOSES_MIN; i++)
		assert_false(reset_habit_learn(habit, &reset, &numbers));
	assert_true(reset_habit_learn(habit, &reset, &numbers));
	assert_int_equal(numbers.closes, RESET_HABIT_CLOSES_MIN);
	assert_int_equal(numbers.resets, RESET_HABIT_CLOSES_MIN);
	assert_false(reset_habit_learn(habit, &other, &numbers));
	assert_false(reset_habit_learn(habit, &clean, &numbers));
	assert_true(reset_habit_learn(habit, &reset, &numbers)); /* 21 of 22 */
	assert_int_equal(numbers.resets, 21);
	assert_false(reset_habit_learn(habit, &clean, &numbers));
	assert_false(reset_habit_learn(habit, &reset, &numbers)); /* 22 of 24 */
	reset_habit_mark(habit, &reset);
	assert_int_equal(reset.habit_closes, 0);
	assert_int_equal(reset.record.decision.benign, 0);
	reset_habit_free(&habit);
}

TEST(a_habit_is_marked_with_its_numbers)
{
	struct reset_habit *habit;
	struct closed_connection c;

	assert_int_equal(reset_habit_new(&habit), 0);
	for (int i = 0; i < RESET_HABIT_CLOSES_MIN; i++) {
		c = own_close(true, 443);
		reset_habit_mark(habit, &c);
	}
	/* Bytes were not acknowledged, and others never sent: shown, whatever the habit. */
	assert_int_equal(c.record.decision.benign, 0);
	c = own_close(true, 443);
	c.record.evidence.unread_bytes = c.record.evidence.unsent_bytes = 0;
	c.record.evidence.unacked_bytes = 0;
	reset_habit_mark(habit, &c);
	assert_int_equal(c.record.decision.benign, 1);
	assert_int_equal(c.habit_resets, RESET_HABIT_CLOSES_MIN + 1);
	/* What nobody owns teaches nothing. */
	c = own_close(true, 443);
	c.record.owner.pid = 0;
	reset_habit_mark(habit, &c);
	assert_int_equal(c.habit_closes, 0);
	/* More listeners than are remembered: bounded, and the quiet one is forgotten. */
	for (unsigned int port = 1; port <= RESET_HABIT_APPLICATIONS_MAX + 1; port++) {
		c = own_close(true, port == 443 ? 9 : port);
		reset_habit_mark(habit, &c);
	}
	c = own_close(true, 443);
	reset_habit_mark(habit, &c);
	assert_int_equal(c.habit_closes, 0);
	reset_habit_free(&habit);
}

TEST_MAIN()
