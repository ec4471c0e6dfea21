// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/idle_habit.h"

#include "tests/harness/test.h"

static struct idle_habit habit_of(const unsigned int *ms, size_t count)
{
	struct idle_habit habit = {};

	for (size_t i = 0; i < count; i++)
		idle_habit_take(&habit, ms[i] * 1000ULL);
	return habit;
}

#define HABIT_OF(...)                                                                              \
	habit_of((const unsigned int[]){ __VA_ARGS__ },                                            \
		 sizeof((const unsigned int[]){ __VA_ARGS__ }) / sizeof(unsigned int))

TEST(a_timer_shows_from_five_endings_on)
{
	struct idle_habit habit = HABIT_OF(5000, 5001, 5003, 4999);

	assert_false(idle_habit_is_narrow(&habit));
	habit = HABIT_OF(5000, 5001, 5003, 4999, 5002);
	assert_true(idle_habit_is_narrow(&habit));
	assert_int_equal(habit.idle_us, 5000000);
	assert_int_equal(habit.hits, 5);
}

TEST(one_of_ten_may_differ_and_no_more)
{
	struct idle_habit habit =
		HABIT_OF(5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 900);

	assert_true(idle_habit_is_narrow(&habit));
	assert_int_equal(habit.hits, 9);
	habit = HABIT_OF(5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 900, 700);
	assert_false(idle_habit_is_narrow(&habit));
}

TEST(clients_that_come_and_go_have_no_timer)
{
	struct idle_habit habit = HABIT_OF(600, 5000, 900, 3000, 1700, 12000, 800, 4000);

	assert_false(idle_habit_is_narrow(&habit));
}

TEST(within_two_percent_is_the_same_time)
{
	struct idle_habit habit = HABIT_OF(5000);

	assert_true(idle_habit_agrees(&habit, 5100000));
	assert_true(idle_habit_agrees(&habit, 4900000));
	assert_false(idle_habit_agrees(&habit, 5100001));
	assert_false(idle_habit_agrees(&habit, 4899999));
}

TEST(a_server_that_is_configured_anew_is_learned_anew)
{
	struct idle_habit habit = {};

	for (int i = 0; i < 2000; i++)
		idle_habit_take(&habit, 5000000);
	assert_true(habit.closes <= IDLE_HABIT_CLOSES_MOST);
	for (int i = 0; i < 12000; i++)
		idle_habit_take(&habit, 60000000);
	assert_true(idle_habit_is_narrow(&habit));
	assert_int_equal(habit.idle_us, 60000000);
}

TEST_MAIN()
