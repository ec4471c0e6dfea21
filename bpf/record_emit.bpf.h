/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way of a close into the ring buffer, with every loss counted. */
#ifndef BPF_RECORD_EMIT_BPF_H
#define BPF_RECORD_EMIT_BPF_H

#include "bpf/flow_store.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/storm.bpf.h"
#include "bpf/tally.bpf.h"

static __always_inline void record_head_fill(struct record_head *head, enum record_type type,
					     __u32 size)
{
	head->abi_version = RECORD_ABI_VERSION;
	head->type = type;
	head->size = size;
	head->time_ns = bpf_ktime_get_ns();
}

/*
 * Global functions: verified once per program, not once per path that leads to them. Weak,
 * because several objects have them; the linker keeps one.
 */
__weak __noinline int ct_evidence(struct close_evidence *evidence, struct flow_state *flow,
				  __u32 local, __u64 now_ns)
{
	if (evidence && flow)
		flow_evidence_fill(evidence, flow, local & 1, now_ns);
	return 0;
}

__weak __noinline int record_decide(struct close_record *record)
{
	if (!record)
		return 0;
	close_decide(&record->evidence, &record->decision);
	return 0;
}

/* User space has found out that this cgroup is none that was asked for. */
static __always_inline bool cgroup_is_unwanted(__u64 cgroup_id)
{
	if (!(tracer_config.flags & TRACER_FILTER_CGROUP))
		return false;
	return !cgroup_id || bpf_map_lookup_elem(&ct_unwanted, &cgroup_id);
}

#define FOLLOWS_NS 1000000000ULL

/* What ends next in the same process may end because of this. */
static __always_inline void troubled_note(const struct close_record *record)
{
	__u64 now_ns = record->head.time_ns, *known;
	__u32 pid = record->owner.pid;

	if (!pid || record->decision.initiator == CLOSE_BY_LOCAL_APP)
		return;
	known = bpf_map_lookup_elem(&ct_troubled, &pid);
	if (known)
		*known = now_ns;
	else if (bpf_map_update_elem(&ct_troubled, &pid, &now_ns, BPF_ANY))
		counter_add(COUNTER_HABIT_FAILED);
}

static __always_inline bool record_may_follow(const struct close_record *record)
{
	__u64 closed_ns = record->local_fin_ns ? record->local_fin_ns : record->head.time_ns;
	__u32 pid = record->closer.pid;
	const __u64 *trouble;

	if (!pid || record->decision.initiator != CLOSE_BY_LOCAL_APP)
		return false;
	trouble = bpf_map_lookup_elem(&ct_troubled, &pid);
	/* A later one may have come since: user space knows them all. */
	return trouble && *trouble + FOLLOWS_NS >= closed_ns;
}

/* Counts the ending and says whether user space wants it. */
static __always_inline bool record_is_wanted(struct close_record *record)
{
	if (!netns_is_wanted(record->key.netns)) {
		counter_add(COUNTER_CLOSE_ELSEWHERE);
		return false;
	}
	counter_add_verdict(record->decision.verdict);
	counter_add_snmp(snmp_of_ending(&record->evidence, &record->decision));
	if (close_is_abnormal(&record->decision)) {
		troubled_note(record);
	} else if (!(tracer_config.flags & TRACER_SHOW_ALL) &&
		   !(record->head.flags & RECORD_MAY_BE_AMENDED)) {
		if (!record_may_follow(record)) {
			counter_add(COUNTER_CLOSE_NORMAL);
			return false;
		}
		record->head.flags |= RECORD_MAY_FOLLOW;
	}
	if (!tracer_config_passes((const struct tracer_config *)&tracer_config, record) ||
	    cgroup_is_unwanted(record->cgroup_id)) {
		counter_add(COUNTER_CLOSE_FILTERED);
		return false;
	}
	return true;
}

static __always_inline void stacks_forget(const struct close_record *record)
{
	__u64 cookie = record->socket_cookie;

	if ((tracer_config.flags & TRACER_STACKS) && (record->head.flags & RECORD_HAS_STACKS))
		bpf_map_delete_elem(&ct_stacks, &cookie);
}

/**
 * Send a record that is kept elsewhere (sk_storage, watch map). `record` must be decided.
 *
 * @return  1 when it was only counted, in its group: nobody will ask for its flow again.
 */
__weak __noinline int record_emit(struct close_record *record)
{
	struct close_record *slot;

	if (!record)
		return 0;
	if (tally_is_on())
		ct_tally_ending(record);
	if (!record_is_wanted(record)) {
		stacks_forget(record);
		return 0;
	}
	if (tracer_config.storm_rate && close_is_abnormal(&record->decision) &&
	    !storm_admits(record)) {
		stacks_forget(record);
		return 1;
	}
	slot = bpf_ringbuf_reserve(&ct_events, sizeof(*slot), 0);
	if (!slot) {
		counter_add(COUNTER_CLOSE_LOST);
		return 0;
	}
	__builtin_memcpy(slot, record, sizeof(*slot));
	bpf_ringbuf_submit(slot, 0);
	counter_add(COUNTER_CLOSE_REPORTED);
	return 0;
}

static __always_inline void amend_emit(const struct flow_key *key, int local_side, __u64 seen,
				       __u8 reset_reason, __u32 local_rst_count)
{
	struct amend_record *amend;

	amend = bpf_ringbuf_reserve(&ct_events, sizeof(*amend), 0);
	if (!amend) {
		counter_add(COUNTER_AMEND_LOST);
		return;
	}
	__builtin_memset(amend, 0, sizeof(*amend));
	record_head_fill(&amend->head, RECORD_AMEND, sizeof(*amend));
	amend->key = *key;
	amend->seen = seen;
	amend->local_rst_count = local_rst_count;
	amend->local_side = local_side;
	amend->reset_reason = reset_reason;
	bpf_ringbuf_submit(amend, 0);
}

/* Tell user space once of a namespace in which nobody has put hooks yet. */
static __always_inline void netns_announce(__u32 netns)
{
	struct netns_record *record;
	__u8 known = NETNS_KNOWN;

	if (bpf_map_lookup_elem(&ct_netns, &netns) || (tracer_config.flags & TRACER_NETNS_LISTED))
		return;
	if (bpf_map_update_elem(&ct_netns, &netns, &known, BPF_NOEXIST))
		return;
	record = bpf_ringbuf_reserve(&ct_events, sizeof(*record), 0);
	if (!record) {
		counter_add(COUNTER_NETNS_LOST);
		bpf_map_delete_elem(&ct_netns, &netns);
		return;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record_head_fill(&record->head, RECORD_NETNS, sizeof(*record));
	record->netns = netns;
	record->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_ringbuf_submit(record, 0);
	counter_add(COUNTER_NETNS_ANNOUNCED);
}

/**
 * Take the entry of a watched close out of the map, if its deadline is not after `due_ns`. Whoever
 * deletes it tells it, so it is told once.
 *
 * @return  True when it is the caller's: `ret` has it.
 */
static __always_inline bool watch_take(const struct flow_key *key, __u64 due_ns,
				       struct watched_close *ret)
{
	struct watched_close *kept = bpf_map_lookup_elem(&ct_watch, key);

	if (!kept || !ret)
		return false;
	__builtin_memcpy(ret, kept, sizeof(*ret));
	return ret->deadline_ns <= due_ns && !bpf_map_delete_elem(&ct_watch, key);
}

/* Nothing went either way while it waited, but nobody else counts that. */
static __always_inline void record_age_idle(struct close_record *record, __u64 now_ns)
{
	__u64 waited_ns = now_ns - record->head.time_ns;

	if (record->idle_jiffies != IDLE_UNKNOWN)
		record->idle_jiffies += waited_ns * (tracer_hz ? tracer_hz : 1000) / NS_PER_SECOND;
}

/* The wait of what watch_take() took is over: `seen` is what came. */
static __always_inline void watch_tell(const struct flow_key *key, struct flow_state *flow,
				       __u64 seen, __u8 reset_reason, struct watched_close *taken)
{
	struct close_record *record = &taken->record;
	struct flow_side *own;

	record->evidence.seen |= seen;
	if (reset_reason) {
		record->evidence.reset_reason = reset_reason;
		record->evidence.seen |= EVIDENCE(KERNEL_REASON);
	}
	record_age_idle(record, bpf_ktime_get_ns());
	record->head.time_ns = bpf_ktime_get_ns();
	if (flow) {
		own = flow_side_of(flow, record->local_side);
		own->marks = (own->marks & ~FLOW_SIDE_WATCHED) | FLOW_SIDE_REPORTED;
		own->awaits_socket = 0;
		record->local_fin_ns = own->fin_ns;
		ct_evidence(&record->evidence, flow, record->local_side, record->head.time_ns);
	}
	record_decide(record);
	record_emit(record);
	if (flow)
		flow_end(key, own, flow_side_of(flow, record->local_side ^ 1),
			 record->head.time_ns);
}

/**
 * End the wait of a watched close, if there is one: `seen` is what came.
 *
 * @scratch  To build the record in.
 */
static __always_inline void watch_resolve_in(const struct flow_key *key, struct flow_state *flow,
					     __u64 seen, __u8 reset_reason,
					     struct watched_close *scratch)
{
	if (watch_take(key, ~0ULL, scratch))
		watch_tell(key, flow, seen, reset_reason, scratch);
}

/* The same, for tracepoint programs. Without a place the entry waits for its deadline. */
static __always_inline void watch_resolve(const struct flow_key *key, struct flow_state *flow,
					  __u64 seen, __u8 reset_reason)
{
	struct scratch *scratch = scratch_take();

	if (!scratch)
		return;
	watch_resolve_in(key, flow, seen, reset_reason, &scratch->close);
	scratch_give_back(scratch);
}

/*
 * A connection that had the tuple before still waits: what would have ended its wait was not
 * noticed. It is told as it is known before another takes its place. Global: rare, verified once.
 */
__weak __noinline int watch_tell_older(struct close_record *younger)
{
	struct flow_key key;

	if (!younger)
		return 0;
	key = younger->key;
	watch_resolve(&key, NULL, 0, 0);
	return 0;
}

#endif
