// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/wire_queue.h"

#include "tests/harness/test.h"

#define MS UINT64_C(1000000)

static void push(struct wire_queue *queue, enum wire_urgency urgency, uint32_t owner,
		 uint32_t netns, int ifindex)
{
	struct wire_job job = { .owner = owner, .netns = netns, .link = { .ifindex = ifindex } };

	assert_int_equal(wire_queue_push(queue, urgency, &job), 0);
}

/* The index of the next interface; 0 for none. */
static int pop(struct wire_queue *queue, uint64_t now_ns, bool is_paused)
{
	struct wire_job job;

	return wire_queue_pop(queue, now_ns, is_paused, &job) ? job.link.ifindex : 0;
}

TEST(urgent_ones_come_first_then_our_own_then_the_turns)
{
	struct wire_queue *queue;

	assert_int_equal(wire_queue_new(&queue), 0);
	push(queue, WIRE_BACKLOG, 0, 7, 1);
	push(queue, WIRE_OWN, 0, 1, 2);
	push(queue, WIRE_FRESH, 0, 7, 3);
	push(queue, WIRE_URGENT, 0, 1, 4);
	assert_int_equal(wire_queue_len(queue), 4);
	assert_int_equal(wire_queue_urgent_len(queue), 1);
	assert_int_equal(pop(queue, 0, false), 4);
	assert_int_equal(wire_queue_urgent_len(queue), 0);
	assert_int_equal(pop(queue, 0, false), 2);
	assert_int_equal(pop(queue, 0, false), 3);
	assert_int_equal(pop(queue, 0, false), 1);
	assert_int_equal(pop(queue, 0, false), 0);
	assert_int_equal(wire_queue_len(queue), 0);
	wire_queue_free(&queue);
	assert_null(queue);
}

TEST(three_hundred_interfaces_of_one_namespace_delay_another_one_by_one_turn)
{
	struct wire_queue *queue;

	assert_int_equal(wire_queue_new(&queue), 0);
	for (int i = 1; i <= 300; i++)
		push(queue, WIRE_FRESH, 0, 7, i);
	push(queue, WIRE_FRESH, 0, 8, 7777);
	pop(queue, 0, false);
	assert_int_equal(pop(queue, 0, false), 7777);
	wire_queue_free(&queue);
}

TEST(three_hundred_namespaces_of_one_user_delay_another_user_by_one_turn)
{
	struct wire_queue *queue;

	assert_int_equal(wire_queue_new(&queue), 0);
	for (int i = 1; i <= 300; i++)
		push(queue, WIRE_FRESH, 65534, 100 + i, i);
	push(queue, WIRE_FRESH, 0, 8, 7777);
	assert_in_range(pop(queue, 0, false), 1, 300);
	assert_int_equal(pop(queue, 0, false), 7777);
	wire_queue_free(&queue);
}

TEST(what_is_new_comes_before_what_was_there)
{
	struct wire_queue *queue;

	assert_int_equal(wire_queue_new(&queue), 0);
	push(queue, WIRE_BACKLOG, 0, 7, 1);
	push(queue, WIRE_BACKLOG, 0, 7, 2);
	push(queue, WIRE_FRESH, 0, 7, 3);
	assert_int_equal(pop(queue, 0, false), 3);
	assert_int_equal(pop(queue, 0, false), 1);
	assert_int_equal(pop(queue, 0, false), 2);
	wire_queue_free(&queue);
}

TEST(within_a_pause_only_the_new_ones_of_who_has_rested)
{
	struct wire_queue *queue;

	assert_int_equal(wire_queue_new(&queue), 0);
	push(queue, WIRE_FRESH, 65534, 7, 1);
	push(queue, WIRE_FRESH, 65534, 8, 2);
	push(queue, WIRE_BACKLOG, 0, 9, 3);
	assert_int_equal(pop(queue, 10 * MS, true), 1);
	wire_queue_rest(queue, 65534, 110 * MS);
	assert_int_equal(wire_queue_next_ns(queue), 110 * MS);
	assert_int_equal(pop(queue, 20 * MS, true), 0);
	push(queue, WIRE_FRESH, 0, 10, 4);
	assert_int_equal(pop(queue, 20 * MS, true), 4);
	assert_int_equal(pop(queue, 110 * MS, true), 2);
	assert_int_equal(wire_queue_next_ns(queue), UINT64_MAX);
	/* The pause is over. */
	assert_int_equal(pop(queue, 120 * MS, false), 3);
	wire_queue_free(&queue);
}

TEST(who_rests_does_not_come_back_as_somebody_new)
{
	struct wire_queue *queue;

	assert_int_equal(wire_queue_new(&queue), 0);
	push(queue, WIRE_FRESH, 65534, 7, 1);
	assert_int_equal(pop(queue, 0, true), 1);
	wire_queue_rest(queue, 65534, 100 * MS);
	assert_int_equal(pop(queue, 50 * MS, false), 0);
	push(queue, WIRE_FRESH, 65534, 7, 2);
	assert_int_equal(pop(queue, 60 * MS, true), 0);
	assert_int_equal(pop(queue, 60 * MS, false), 2);
	wire_queue_free(&queue);
}

TEST_MAIN()
