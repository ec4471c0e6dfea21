/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pure: the idle time at which a server's connections end, learned from those that ended. */
#ifndef CLOSETRACE_IDLE_HABIT_H
#define CLOSETRACE_IDLE_HABIT_H

#include "include/compiler.h"

/* Below this nobody's timer ran out. */
#define IDLE_HABIT_LEAST_US 500000ULL
/* From so many endings on, when so many of a hundred agree within 2 %, it is a habit. */
#define IDLE_HABIT_CLOSES_MIN 5
#define IDLE_HABIT_PERCENT 90
#define IDLE_HABIT_CLOSES_MOST 1000

/* A server as it is called. No padding: a key of BPF maps. */
struct idle_habit_key {
	__u8 addr[16];
	__u32 netns;
	__be16 port;
	__u16 reserved;
};
ABI_SIZE(struct idle_habit_key, 24);

/**
 * @idle_us  The time that most of them agree on so far.
 * @hits     How many do, of `closes`. From IDLE_HABIT_CLOSES_MOST on both are halved: a server that
 *           is configured anew is learned anew.
 */
struct idle_habit {
	__u64 idle_us;
	__u16 hits;
	__u16 closes;
	__u32 reserved;
};
ABI_SIZE(struct idle_habit, 16);

ALWAYS_INLINE int idle_habit_agrees(const struct idle_habit *habit, __u64 idle_us)
{
	__u64 off = idle_us > habit->idle_us ? idle_us - habit->idle_us : habit->idle_us - idle_us;

	return off <= habit->idle_us / 50;
}

/* One more ending. Two processors at once may lose one: no count that anything is held against. */
ALWAYS_INLINE void idle_habit_take(struct idle_habit *habit, __u64 idle_us)
{
	if (habit->closes >= IDLE_HABIT_CLOSES_MOST) {
		habit->closes /= 2;
		habit->hits /= 2;
	}
	habit->closes++;
	if (habit->hits && idle_habit_agrees(habit, idle_us)) {
		habit->hits++;
		return;
	}
	/* A time that fewer than a quarter agree on is given up for the latest one. */
	if ((__u32)habit->hits * 4 >= habit->closes)
		return;
	habit->idle_us = idle_us;
	habit->hits = 1;
}

ALWAYS_INLINE int idle_habit_is_narrow(const struct idle_habit *habit)
{
	return habit->closes >= IDLE_HABIT_CLOSES_MIN &&
	       (__u32)habit->hits * 100 >= (__u32)habit->closes * IDLE_HABIT_PERCENT;
}

#endif
