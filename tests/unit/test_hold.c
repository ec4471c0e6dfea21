// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/hold.h"

#include <errno.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"

static struct hold *hold;

static void start(void)
{
	hold_free(&hold);
	assert_int_equal(hold_new(&hold), 0);
}

/* Its local port tells one connection from another. */
static struct close_record record_of(uint16_t port, uint64_t time_ns)
{
	struct close_record record = sample_record();

	sample_set_key(&record, "10.0.0.9", port, "10.0.0.5", 45012);
	record.head.time_ns = time_ns;
	return record;
}

TEST(what_was_added_is_taken_once)
{
	struct close_record record = record_of(443, 1000), taken;

	start();
	assert_true(hold_is_empty(hold));
	assert_int_equal(hold_add(hold, &record), 0);
	assert_false(hold_is_empty(hold));
	assert_true(hold_take(hold, &record.key, record.local_side, &taken));
	assert_memory_equal(&taken, &record, sizeof(taken));
	assert_true(hold_is_empty(hold));
	assert_false(hold_take(hold, &record.key, record.local_side, &taken));
}

TEST(both_ends_of_a_connection_are_held_apart)
{
	struct close_record local = record_of(443, 1000), peer = local, taken;

	start();
	peer.local_side = !local.local_side;
	peer.bytes_sent = 17;
	assert_int_equal(hold_add(hold, &local), 0);
	assert_int_equal(hold_add(hold, &peer), 0);
	assert_int_equal(hold_add(hold, &local), -EEXIST);
	assert_true(hold_take(hold, &peer.key, peer.local_side, &taken));
	assert_int_equal(taken.bytes_sent, 17);
	assert_true(hold_take(hold, &local.key, local.local_side, &taken));
	assert_int_equal(taken.bytes_sent, local.bytes_sent);
}

TEST(nothing_is_taken_for_a_key_that_is_not_held)
{
	struct close_record record = record_of(443, 1000), other = record_of(444, 1000);
	struct close_record taken = { .bytes_sent = 99 };

	start();
	assert_int_equal(hold_add(hold, &record), 0);
	assert_false(hold_take(hold, &other.key, other.local_side, &taken));
	assert_int_equal(taken.bytes_sent, 99);
	assert_false(hold_is_empty(hold));
}

TEST(the_oldest_goes_first_and_only_when_it_is_old_enough)
{
	struct close_record taken = { .bytes_sent = 99 };

	start();
	for (uint16_t i = 0; i < 100; i++) {
		struct close_record record = record_of((uint16_t)(1000 + i), 5000 + i);

		assert_int_equal(hold_add(hold, &record), 0);
	}
	assert_false(hold_take_older(hold, 5000, &taken));
	assert_int_equal(taken.bytes_sent, 99);
	for (uint16_t i = 0; i < 60; i++) {
		assert_true(hold_take_older(hold, 5060, &taken));
		assert_int_equal(taken.head.time_ns, 5000 + i);
	}
	assert_false(hold_take_older(hold, 5060, &taken));
	for (uint16_t i = 60; i < 100; i++) {
		assert_true(hold_take_older(hold, UINT64_MAX, &taken));
		assert_int_equal(taken.head.time_ns, 5000 + i);
	}
	assert_false(hold_take_older(hold, UINT64_MAX, &taken));
	assert_true(hold_is_empty(hold));
}

TEST(what_is_still_held_goes_with_the_hold)
{
	struct close_record record = record_of(443, 1000);

	start();
	assert_int_equal(hold_add(hold, &record), 0);
	hold_free(&hold);
	assert_null(hold);
	hold_free(&hold);
}

TEST_MAIN()
