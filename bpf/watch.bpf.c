// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Run twice a second by user space: closes that wait for the wire, and whose time has run out. */
#include "bpf/record_emit.bpf.h"

/*
 * Told in one run at most: some hundred microseconds, for which the kernel leaves the processor to
 * a program that is run by user space.
 */
#define WATCH_RUN_MOST 256

struct bpf_map;

struct watch_expiry {
	__u64 now_ns;
	__u32 count;
	__u32 is_stuck; /* the rest stays for the next run */
};

/* An ending that finds no room in the ring is lost; one that waits is not. */
static __always_inline bool ring_is_half_full(void)
{
	return bpf_ringbuf_query(&ct_events, BPF_RB_AVAIL_DATA) >
	       bpf_ringbuf_query(&ct_events, BPF_RB_RING_SIZE) / 2;
}

/*
 * The entry may be another's by now, since the map reuses them: what is here is only a hint, and
 * asked again under its key.
 */
static long watch_expire_one(struct bpf_map *map, struct flow_key *hint,
			     struct watched_close *watched, struct watch_expiry *expiry)
{
	struct scratch *scratch;
	struct flow_key key;
	__u64 seen = 0;

	if (watched->deadline_ns > expiry->now_ns)
		return 0;
	if (expiry->count == WATCH_RUN_MOST || ring_is_half_full()) {
		expiry->is_stuck = 1;
		return 1;
	}
	scratch = scratch_take();
	if (!scratch)
		return 1;
	key = *hint;
	if (watch_take(&key, expiry->now_ns, &scratch->close)) {
		if (scratch->close.record.evidence.subject == SUBJECT_SOCKET)
			seen = EVIDENCE(FIN_WAIT2_EXPIRED);
		watch_tell(&key, bpf_map_lookup_elem(&ct_flows, &key), seen, 0, &scratch->close);
		expiry->count++;
	}
	scratch_give_back(scratch);
	return 0;
}

/* Returns 1 when not all was told: the ring wants to be read, then call again. */
SEC("raw_tp/sched_process_exit")
int ct_watch_expire(void *ctx)
{
	struct watch_expiry expiry = { .now_ns = bpf_ktime_get_ns() };

	bpf_for_each_map_elem(&ct_watch, watch_expire_one, &expiry, 0);
	return expiry.is_stuck;
}
