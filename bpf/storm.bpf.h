/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Too many endings of a kind: the first of a second are told one by one, the others counted in
 * their group. Bounded whatever comes: what finds no group is counted by its verdict.
 */
#ifndef BPF_STORM_BPF_H
#define BPF_STORM_BPF_H

#include "bpf/maps.bpf.h"

static const struct storm_group storm_group_empty = {};

static __always_inline void storm_count(struct storm_group *group,
					const struct close_record *record)
{
	counter_add(COUNTER_CLOSE_GROUPED);
	group->last_ns = record->head.time_ns;
	ending_sums_add(&group->sums, record);
	if (__sync_fetch_and_add(&group->count, 1))
		return;
	__builtin_memcpy(&group->sample, record, sizeof(group->sample));
	__sync_lock_test_and_set(&group->is_sampled, 1);
}

static __always_inline struct storm_group *storm_insert(const struct storm_key *key)
{
	bpf_map_update_elem(&ct_storms, key, &storm_group_empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(&ct_storms, key);
}

/*
 * A group that is new needs leave of its listener, and a new listener that of its verdict. One key for
 * both, made again in between: 6.1 rounds the stack of each call up, and packet programs come here deep.
 */
static __always_inline struct storm_group *
storm_found(struct storm_key *key, struct storm_group *verdict, const struct close_record *record)
{
	__u32 rate = tracer_config.storm_rate;
	struct storm_group *wide;

	storm_key_widen(key);
	wide = bpf_map_lookup_elem(&ct_storms, key);
	if (!wide) {
		if (!storm_bucket_take(&verdict->full_ns, record->head.time_ns,
				       rate * STORM_VERDICT_TIMES)) {
			storm_count(verdict, record);
			return NULL;
		}
		wide = storm_insert(key);
	}
	if (wide &&
	    !storm_bucket_take(&wide->full_ns, record->head.time_ns, rate * STORM_LISTENER_TIMES)) {
		storm_count(wide, record);
		return NULL;
	}
	storm_key_make(key, record, tracer_config.flags & TRACER_TALLY);
	return storm_insert(key) ?: verdict;
}

/**
 * Whether an abnormal ending goes to user space by itself. Otherwise it has been counted.
 * One lookup when its group is known. Global: verified once.
 */
__weak __noinline int storm_admits(struct close_record *record)
{
	struct storm_group *verdict, *group;
	struct storm_key key;
	__u32 rate, index;

	if (!record)
		return 1;
	rate = tracer_config.storm_rate;
	index = record->decision.verdict;
	verdict = bpf_map_lookup_elem(&ct_storm_rest, &index);
	if (!rate || !verdict)
		return 1;
	storm_key_make(&key, record, tracer_config.flags & TRACER_TALLY);
	group = bpf_map_lookup_elem(&ct_storms, &key) ?: storm_found(&key, verdict, record);
	if (!group)
		return 0;
	if (storm_bucket_take(&group->full_ns, record->head.time_ns, rate) &&
	    (group == verdict || storm_bucket_take(&verdict->full_ns, record->head.time_ns,
						   rate * STORM_VERDICT_TIMES)))
		return 1;
	storm_count(group, record);
	return 0;
}

#endif
