/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The conversation's counts, for `flows` and `top`. Without TRACER_TALLY the verifier removes
 * all of it.
 */
#ifndef BPF_TALLY_BPF_H
#define BPF_TALLY_BPF_H

#include "bpf/flow_store.bpf.h"

static const struct tally_counts tally_counts_empty = {};

static __always_inline bool tally_is_on(void)
{
	return tracer_config.flags & TRACER_TALLY;
}

/* Where the counts of a conversation are; those of all others together when there is no room. */
static __always_inline struct tally_counts *tally_find(const struct flow_key *key,
						       const struct flow_state *flow)
{
	struct tally_counts *counts;
	struct tally_key tally;
	__u32 zero = 0;

	tally_key_fill(&tally, key, flow);
	counts = bpf_map_lookup_elem(&ct_tally, &tally);
	if (counts)
		return counts;
	bpf_map_update_elem(&ct_tally, &tally, &tally_counts_empty, BPF_NOEXIST);
	counts = bpf_map_lookup_elem(&ct_tally, &tally);
	return counts ? counts : bpf_map_lookup_elem(&ct_tally_rest, &zero);
}

/* Directions of one conversation run on several CPUs. */
static __always_inline void tally_add(const struct flow_key *key, const struct flow_state *flow,
				      __u32 bits)
{
	struct tally_counts *counts;

	if (!bits || !(flow->tally & FLOW_TALLY_HERE))
		return;
	counts = tally_find(key, flow);
	if (!counts)
		return;
#pragma unroll
	for (int i = 0; i < TALLY_COUNT; i++)
		if (bits & 1u << i)
			__sync_fetch_and_add(&counts->counts[i], 1);
}

/*
 * `must_be_known`: a tuple that was never counted stays so. `key` is on the stack, and as it was
 * when this returns: the stack of a chain of programs is short.
 */
static __always_inline __u32 tally_begin(struct flow_key *key, struct flow_state *flow,
					 const struct tally_packet *packet, bool must_be_known)
{
	struct tally_origin *known, origin = {};
	__u32 netns = key->netns, bits;

	tally_origin_key(key);
	known = bpf_map_lookup_elem(&ct_origins, key);
	if (known)
		origin = *known;
	key->netns = netns;
	if (!known && must_be_known)
		return 0;
	bits = flow_tally_begin(flow, key, packet, &origin);
	if (known && known->netns == origin.netns && known->isn == origin.isn)
		return bits;
	tally_origin_key(key);
	bpf_map_update_elem(&ct_origins, key, &origin, BPF_ANY);
	key->netns = netns;
	return bits;
}

/* Global: verified once, not once per path of its callers. */
__weak __noinline int ct_tally_packet(struct flow_key *key, struct flow_state *flow,
				      struct tally_packet *packet)
{
	struct flow_key place;
	__u32 bits = 0;

	if (!tally_is_on() || !key || !flow || !packet)
		return 0;
	place = *key;
	if (!(flow->tally & (FLOW_TALLY_HERE | FLOW_TALLY_ELSEWHERE)))
		bits = tally_begin(&place, flow, packet, false);
	bits |= flow_tally_packet(flow, packet);
	tally_add(&place, flow, bits);
	return 0;
}

/* The flow of a connection that is counted, also when the flow map has forgotten it. */
static __always_inline struct flow_state *tally_flow(struct flow_key *key)
{
	struct tally_packet nothing = {};
	struct flow_state *flow = bpf_map_lookup_elem(&ct_flows, key);
	__u32 netns = key->netns;
	bool is_known;

	if (!flow) {
		tally_origin_key(key);
		is_known = bpf_map_lookup_elem(&ct_origins, key);
		key->netns = netns;
		if (!is_known)
			return NULL;
		flow = flow_find_or_create(key, true);
	}
	if (flow && !(flow->tally & (FLOW_TALLY_HERE | FLOW_TALLY_ELSEWHERE)))
		tally_begin(key, flow, &nothing, true);
	return flow;
}

/* The handshake is complete, as a socket says, or the SYN-ACK of a forwarded connection. */
__weak __noinline int ct_tally_ready(struct flow_key *key)
{
	struct flow_state *flow;
	struct flow_key place;

	if (!tally_is_on() || !key || !netns_is_wanted(key->netns))
		return 0;
	place = *key;
	flow = tally_flow(&place);
	if (flow)
		tally_add(&place, flow, flow_tally_handshake(flow));
	return 0;
}

/* An ending that no packet tells: half closed for too long, or timed out. */
__weak __noinline int ct_tally_ending(struct close_record *record)
{
	struct flow_state *flow;
	struct flow_key place;
	__u32 bits;

	if (!tally_is_on() || !record || !netns_is_wanted(record->key.netns))
		return 0;
	bits = tally_bits_of_verdict(record->decision.verdict);
	if (!bits)
		return 0;
	place = record->key;
	flow = tally_flow(&place);
	if (flow && flow_tally_close_once(flow))
		tally_add(&place, flow, bits);
	return 0;
}

#endif
