// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of a capture's connections, against a plain array that does the same. */
#include "user/replay/conn_table.h"

#include "tests/harness/test.h"

#define KEYS 600
#define MAX 500
#define STEPS 20000

static struct flow_key key_of(uint32_t n)
{
	struct flow_key key = { .port = { (uint16_t)n, 80 } };

	key.addr[0][15] = (uint8_t)(n >> 3);
	return key;
}

static uint32_t dice_state = 1;

static uint32_t dice(uint32_t sides)
{
	dice_state = dice_state * 1664525 + 1013904223;
	return (dice_state >> 8) % sides;
}

static void assert_first_due(const struct conn_table *table, struct replay_conn *const *conns)
{
	const struct replay_conn *first = conn_table_first_due(table);
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < KEYS; i++)
		if (conns[i] && conns[i]->due_ns < least)
			least = conns[i]->due_ns;
	if (first)
		assert_int_equal(first->due_ns, least);
}

TEST(it_finds_counts_and_orders_as_an_array_does)
{
	struct replay_conn *conns[KEYS] = { NULL };
	struct conn_table *table;
	size_t count = 0;

	assert_int_equal(conn_table_new(MAX, &table), 0);
	for (int step = 0; step < STEPS; step++) {
		uint32_t n = dice(KEYS);
		struct flow_key key = key_of(n);

		assert_ptr_equal(conn_table_find(table, &key), conns[n]);
		if (conns[n] && dice(3) == 0) {
			conn_table_remove(table, conns[n]);
			conns[n] = NULL;
			count--;
		} else if (conns[n]) {
			conn_table_set_due(table, conns[n], dice(100000));
		} else if (count < MAX) {
			conns[n] = conn_table_add(table, &key);
			assert_non_null(conns[n]);
			assert_int_equal(conns[n]->due_ns, UINT64_MAX);
			count++;
		} else {
			assert_true(conn_table_is_full(table));
			assert_null(conn_table_add(table, &key));
		}
		assert_int_equal(conn_table_count(table), count);
		if (step % 97 == 0)
			assert_first_due(table, conns);
	}
	conn_table_free(&table);
}

TEST(they_are_walked_in_the_order_in_which_they_came)
{
	struct conn_table *table;
	struct flow_key key;
	uint32_t n = 0;

	assert_int_equal(conn_table_new(10, &table), 0);
	for (uint32_t i = 0; i < 5; i++) {
		key = key_of(i);
		assert_non_null(conn_table_add(table, &key));
	}
	key = key_of(2);
	conn_table_remove(table, conn_table_find(table, &key));
	for (const struct replay_conn *conn = conn_table_oldest(table); conn;
	     conn = conn->younger) {
		key = key_of(n == 2 ? ++n : n);
		assert_memory_equal(&conn->key, &key, sizeof(key));
		n++;
	}
	assert_int_equal(n, 5);
	conn_table_free(&table);
}

TEST_MAIN()
