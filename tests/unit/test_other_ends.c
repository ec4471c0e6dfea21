// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/other_ends.h"

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"

static struct other_ends *ends;

static void start(void)
{
	other_ends_free(&ends);
	assert_int_equal(other_ends_new(&ends), 0);
}

/* The end whose sequence number is `local`, of the process with that pid. */
static struct closed_connection end_of(uint32_t local, uint32_t peer, uint32_t pid)
{
	struct closed_connection c = { .repeated = 1 };

	c.record = sample_record();
	c.record.local_isn = local;
	c.record.peer_isn = peer;
	c.record.owner.pid = pid;
	return c;
}

TEST(each_end_finds_the_other_and_not_itself)
{
	struct closed_connection a = end_of(7, 9, 812), b = end_of(9, 7, 4410);
	const struct other_end *found;

	start();
	a.container = &sample_container;
	other_ends_note(ends, &a);
	assert_null(other_ends_find(ends, &a));
	found = other_ends_find(ends, &b);
	assert_non_null(found);
	assert_int_equal(found->owner.pid, 812);
	assert_string_equal(found->container_name, "web");
	assert_int_equal(found->verdict, CLOSE_LOCAL_APP_ABORT);
	other_ends_note(ends, &b);
	found = other_ends_find(ends, &a);
	assert_non_null(found);
	assert_int_equal(found->owner.pid, 4410);
	assert_string_equal(found->container_name, "");
}

TEST(what_does_not_name_a_process_is_not_remembered)
{
	struct closed_connection nobody = end_of(7, 9, 0), unseen = end_of(0, 9, 812);
	struct closed_connection many = end_of(7, 9, 812), b = end_of(9, 7, 1);

	start();
	many.repeated = 5;
	other_ends_note(ends, &nobody);
	other_ends_note(ends, &unseen);
	other_ends_note(ends, &many);
	assert_null(other_ends_find(ends, &b));
	b = end_of(9, 0, 1);
	assert_null(other_ends_find(ends, &b));
}

TEST(an_old_ending_is_another_incident)
{
	struct closed_connection a = end_of(7, 9, 812), b = end_of(9, 7, 1);

	start();
	other_ends_note(ends, &a);
	b.record.head.time_ns = a.record.head.time_ns + OTHER_ENDS_NS;
	assert_non_null(other_ends_find(ends, &b));
	b.record.head.time_ns++;
	assert_null(other_ends_find(ends, &b));
}

/* More than there is room for: the young ones are there, nothing grows. */
TEST(young_endings_take_the_place_of_old_ones)
{
	unsigned int found = 0;

	start();
	for (uint32_t i = 1; i <= 10 * OTHER_ENDS_MAX; i++) {
		struct closed_connection a = end_of(i, i + 1, i);

		other_ends_note(ends, &a);
	}
	for (uint32_t i = 1; i <= 10 * OTHER_ENDS_MAX; i++) {
		struct closed_connection b = end_of(i + 1, i, 1);
		const struct other_end *end = other_ends_find(ends, &b);

		assert_true(!end || end->owner.pid == i);
		found += end != NULL;
	}
	assert_in_range(found, OTHER_ENDS_MAX / 2, OTHER_ENDS_MAX);
	other_ends_free(&ends);
}

TEST_MAIN()
