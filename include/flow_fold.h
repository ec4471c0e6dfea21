/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: fold one control packet into the state of its flow. The same code runs in
 * the XDP and TC programs, in replay and in the tests.
 */
#ifndef CLOSETRACE_FLOW_FOLD_H
#define CLOSETRACE_FLOW_FOLD_H

#include "include/flow_state.h"
#include "include/packet_view.h"

/* What flow_fold() found, for the caller's counters and records. */
#define FLOW_FOLD_COUNTED 0x1 /* the packet was at its home and counted */
#define FLOW_FOLD_RST 0x2 /* ... and is a RST */
#define FLOW_FOLD_FIN 0x4 /* ... and is the direction's first FIN */
#define FLOW_FOLD_SYN 0x8 /* ... and is a SYN without ACK */
#define FLOW_FOLD_ALL 0xf

/**
 * The point where a packet is seen.
 *
 * @rst_origin  What the hook can tell if the packet is a RST, else 0.
 */
struct flow_sight {
	__u64 now_ns;
	__u32 ifindex;
	__u8 hook; /* enum wire_hook */
	__u8 rst_origin; /* enum rst_origin */
};

/* The tuple is free for a new connection: somebody reset, or both have sent FIN. */
ALWAYS_INLINE int flow_is_over(const struct flow_state *flow)
{
	const struct flow_side *a = &flow->side[0], *b = &flow->side[1];

	return a->rst_count || b->rst_count || (a->fin_count && b->fin_count) ||
	       ((a->marks | b->marks) & FLOW_SIDE_REPORTED);
}

ALWAYS_INLINE void flow_restart(struct flow_state *flow)
{
	__u32 generation = flow_generation(flow) + 1;

	__builtin_memset(flow, 0, sizeof(*flow));
	flow->tally = generation * FLOW_GENERATION_ONE;
}

/* Home is where the direction's first packet was seen. A RST that no home knows also counts. */
ALWAYS_INLINE int flow_side_counts_here(struct flow_side *side, const struct packet_view *packet,
					const struct flow_sight *sight)
{
	if (!side->home_hook) {
		side->home_hook = sight->hook;
		side->home_ifindex = sight->ifindex;
		return 1;
	}
	if (side->home_hook == sight->hook && side->home_ifindex == sight->ifindex)
		return 1;
	return (packet->flags & TCP_FLAG_RST) && (!side->rst_count || side->rst_seq != packet->seq);
}

ALWAYS_INLINE void flow_side_fold_rst(struct flow_side *side, const struct packet_view *packet,
				      const struct flow_sight *sight)
{
	if (side->rst_count && side->rst_origin != RST_ORIGIN_UNKNOWN &&
	    (side->rst_seq != packet->seq || side->rst_ack != packet->ack_seq))
		side->marks |= FLOW_SIDE_RSTS_DISAGREE;
	if (side->rst_announced)
		side->rst_announced--;
	else
		__sync_fetch_and_add(&side->rst_count, 1);
	side->rst_ns = sight->now_ns;
	side->rst_seq = packet->seq;
	side->rst_ack = packet->ack_seq;
	side->rst_ip_id = packet->ip_id;
	side->rst_window = packet->window;
	side->rst_ttl = packet->ttl;
	side->rst_flags = packet->flags;
	side->rst_origin = sight->rst_origin;
}

ALWAYS_INLINE void flow_side_fold_ttl(struct flow_side *side, const struct packet_view *packet)
{
	if (!side->ttl_min || packet->ttl < side->ttl_min)
		side->ttl_min = packet->ttl;
	if (packet->ttl > side->ttl_max)
		side->ttl_max = packet->ttl;
}

/**
 * Fold one packet of kind PACKET_TCP_CONTROL into `flow`.
 *
 * Counts are raised atomically, because the two directions of a flow may run on
 * two CPUs; other fields are written by one direction only.
 *
 * @sender  Index of the packet's source in the flow key.
 * @return  FLOW_FOLD_* bits; 0 when the packet was counted elsewhere before.
 * Source:  RFC 9293 section 3.10.7.1 and 3.6 for what ends a tuple's use.
 */
ALWAYS_INLINE int flow_fold(struct flow_state *flow, int sender, const struct packet_view *packet,
			    const struct flow_sight *sight)
{
	int bare_syn = packet_is_bare_syn(packet);
	struct flow_side *side = &flow->side[sender & 1];
	int found = FLOW_FOLD_COUNTED;

	if (bare_syn && side->isn != packet->seq && flow_is_over(flow))
		flow_restart(flow);
	if (!flow_side_counts_here(side, packet, sight))
		return 0;
	if (!flow->first_ns)
		flow->first_ns = sight->now_ns;
	flow->last_ns = sight->now_ns;
	if (packet->flags & TCP_FLAG_RST) {
		flow_side_fold_rst(side, packet, sight);
		return found | FLOW_FOLD_RST;
	}
	flow_side_fold_ttl(side, packet);
	if (packet->flags & TCP_FLAG_SYN) {
		__sync_fetch_and_add(&side->syn_count, 1);
		side->isn = packet->seq;
		side->ip_id = packet->ip_id;
		if (!side->syn_ns)
			side->syn_ns = sight->now_ns;
		side->marks |= bare_syn ? FLOW_SIDE_CLIENT : FLOW_SIDE_SYN_ACK;
		if (bare_syn)
			found |= FLOW_FOLD_SYN;
	}
	if (packet->flags & TCP_FLAG_FIN) {
		__sync_fetch_and_add(&side->fin_count, 1);
		side->fin_seq = packet->seq + packet->payload_bytes + 1;
		if (!side->fin_ns) {
			side->fin_ns = sight->now_ns;
			found |= FLOW_FOLD_FIN;
		}
	}
	return found;
}

/* Note an ICMP error about a packet that endpoint `sender` had sent. */
ALWAYS_INLINE void flow_fold_icmp(struct flow_state *flow, int sender,
				  const struct packet_view *packet, __u64 now_ns)
{
	flow->last_ns = now_ns;
	flow->icmp_type = packet->icmp_type;
	flow->icmp_code = packet->icmp_code;
	flow->icmp_side = sender & 1;
	flow->icmp_from_peer = flow_addr_equal(packet->icmp_source, packet->dest_addr);
}

#endif
