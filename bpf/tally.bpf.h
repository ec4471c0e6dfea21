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

/* `must_be_known`: a tuple that was never counted stays so. */
static __always_inline __u32 tally_begin(const struct flow_key *key, struct flow_state *flow,
					 const struct tally_packet *packet, bool must_be_known)
{
	struct tally_origin *known, origin = {};
	struct flow_key place = *key;
	__u32 bits;

	tally_origin_key(&place);
	known = bpf_map_lookup_elem(&ct_origins, &place);
	if (known)
		origin = *known;
	else if (must_be_known)
		return 0;
	bits = flow_tally_begin(flow, key, packet, &origin);
	if (!known || known->netns != origin.netns || known->isn != origin.isn)
		bpf_map_update_elem(&ct_origins, &place, &origin, BPF_ANY);
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
static __always_inline struct flow_state *tally_flow(const struct flow_key *key)
{
	struct tally_packet nothing = {};
	struct flow_state *flow = bpf_map_lookup_elem(&ct_flows, key);

	if (!flow) {
		struct flow_key place = *key;

		tally_origin_key(&place);
		if (!bpf_map_lookup_elem(&ct_origins, &place))
			return NULL;
		flow = flow_find_or_create(key, true);
	}
	if (flow && !(flow->tally & (FLOW_TALLY_HERE | FLOW_TALLY_ELSEWHERE)))
		tally_begin(key, flow, &nothing, true);
	return flow;
}

/* A socket's handshake is complete. */
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
static __always_inline void tally_ending(const struct close_record *record)
{
	struct flow_state *flow;
	struct flow_key place;
	__u32 bits;

	if (!tally_is_on() || !netns_is_wanted(record->key.netns))
		return;
	bits = tally_bits_of_verdict(record->decision.verdict);
	if (!bits)
		return;
	place = record->key;
	flow = tally_flow(&place);
	if (flow && flow_tally_close_once(flow))
		tally_add(&place, flow, bits);
}

#endif
