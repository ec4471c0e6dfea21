// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Run once a second by user space: one record for each group that has counted something. */
#include "bpf/record_emit.bpf.h"

struct bpf_map;

struct storm_flush {
	__u8 is_stuck; /* the ring is full: the rest stays for the next time */
};

/* What is added meanwhile is in this record or in the next. */
static __always_inline void storm_flush_sums(struct ending_sums *to, struct ending_sums *from)
{
	for (int i = 0; i < TALLY_COUNT; i++)
		to->counts[i] = __sync_lock_test_and_set(&from->counts[i], 0);
	to->bytes_sent = __sync_lock_test_and_set(&from->bytes_sent, 0);
	to->bytes_received = __sync_lock_test_and_set(&from->bytes_received, 0);
}

/* The count is taken after the sample: whoever counts the next first ending writes a new one. */
static long storm_flush_group(struct storm_group *group, __u8 level, struct storm_flush *flush)
{
	struct storm_record *record;

	if (!*(volatile __u64 *)&group->count || !*(volatile __u32 *)&group->is_sampled)
		return 0;
	record = bpf_ringbuf_reserve(&ct_events, sizeof(*record), 0);
	if (!record) {
		flush->is_stuck = 1;
		return 1;
	}
	__builtin_memcpy(&record->close, &group->sample, sizeof(record->close));
	record->close.head.type = RECORD_STORM;
	record->close.head.flags &= ~(RECORD_MAY_BE_AMENDED | RECORD_HAS_STACKS);
	record->close.head.size = sizeof(*record);
	record->last_ns = group->last_ns;
	record->level = level;
	__builtin_memset(record->reserved, 0, sizeof(record->reserved));
	storm_flush_sums(&record->sums, &group->sums);
	__sync_lock_test_and_set(&group->is_sampled, 0);
	record->repeated = __sync_lock_test_and_set(&group->count, 0);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static long storm_flush_keyed(struct bpf_map *map, struct storm_key *key, struct storm_group *group,
			      struct storm_flush *flush)
{
	return storm_flush_group(group, key->level, flush);
}

static long storm_flush_verdict(struct bpf_map *map, __u32 *key, struct storm_group *group,
				struct storm_flush *flush)
{
	return storm_flush_group(group, STORM_VERDICT, flush);
}

/* Returns 1 when the ring had no room for all. */
SEC("raw_tp/sched_process_exit")
int ct_storm_flush(void *ctx)
{
	struct storm_flush flush = {};

	bpf_for_each_map_elem(&ct_storms, storm_flush_keyed, &flush, 0);
	bpf_for_each_map_elem(&ct_storm_rest, storm_flush_verdict, &flush, 0);
	return flush.is_stuck;
}
