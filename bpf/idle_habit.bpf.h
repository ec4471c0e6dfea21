/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* At which idle time a server closes, or something resets its connections: include/idle_habit.h. */
#ifndef BPF_IDLE_HABIT_BPF_H
#define BPF_IDLE_HABIT_BPF_H

#include "bpf/maps.bpf.h"

/* The end that listens: the peer of a client, and this end of a server. */
static __always_inline void idle_habit_key_make(struct idle_habit_key *key,
						const struct close_record *record)
{
	int client = (record->evidence.seen & EVIDENCE(CLIENT)) != 0;
	int server = (record->local_side ^ client) & 1;

	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->addr, record->key.addr[server], sizeof(key->addr));
	key->port = record->key.port[server];
	key->netns = record->key.netns;
}

/* `idle_us` passed, and then the server closed, or a reset came. */
static __always_inline void idle_habit_learn(const struct close_record *record, __u64 idle_us)
{
	struct idle_habit fresh = {}, *habit;
	struct idle_habit_key key;

	if (idle_us < IDLE_HABIT_LEAST_US)
		return;
	idle_habit_key_make(&key, record);
	habit = bpf_map_lookup_elem(&ct_idle_habits, &key);
	if (habit) {
		idle_habit_take(habit, idle_us);
		return;
	}
	idle_habit_take(&fresh, idle_us);
	if (bpf_map_update_elem(&ct_idle_habits, &key, &fresh, BPF_ANY))
		counter_add(COUNTER_HABIT_FAILED);
}

/* What is known of the server goes with the record, if it is a habit. */
static __always_inline void idle_habit_fill(struct close_record *record)
{
	const struct idle_habit *habit;
	struct idle_habit_key key;

	idle_habit_key_make(&key, record);
	habit = bpf_map_lookup_elem(&ct_idle_habits, &key);
	if (!habit || !idle_habit_is_narrow(habit))
		return;
	record->detail.timer_us = habit->idle_us;
	record->detail.timer_hits = habit->hits;
	record->detail.timer_closes = habit->closes;
}

#endif
