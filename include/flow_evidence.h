/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pure: what a flow's packets say about an ending, put into its evidence. */
#ifndef CLOSETRACE_FLOW_EVIDENCE_H
#define CLOSETRACE_FLOW_EVIDENCE_H

#include "include/evidence.h"
#include "include/flow_state.h"
#include "include/packet_view.h"

/* How far a TTL may lie outside the range that the peer's other packets have shown. */
#define RST_TTL_TOLERANCE 1
/* An inexact RST counts as the one just received only when it is that young. */
#define RST_RECENT_NS 1000000000ULL

ALWAYS_INLINE int rst_ttl_is_off(const struct flow_side *peer)
{
	return peer->ttl_min && (peer->rst_ttl + RST_TTL_TOLERANCE < peer->ttl_min ||
				 peer->rst_ttl > peer->ttl_max + RST_TTL_TOLERANCE);
}

/*
 * A stack that gives a SYN-ACK the IP ID 0, because it may not be fragmented (RFC 6864 section 4.1),
 * gives it to a RST without ACK, too: both are sent without a socket's counter. Linux:
 * ip_build_and_send_pkt(), ip_send_unicast_reply(). IPv6 has no ID: 0 on both sides.
 */
ALWAYS_INLINE int rst_ip_id_is_off(const struct flow_side *peer)
{
	return (peer->marks & FLOW_SIDE_SYN_ACK) && !peer->ip_id && peer->rst_ip_id &&
	       !(peer->rst_flags & TCP_FLAG_ACK);
}

ALWAYS_INLINE void flow_evidence_fill_rst(struct close_evidence *e, const struct flow_side *peer,
					  __u64 now_ns)
{
	int exact = e->rst_seq_offset == 0 || e->rst_seq_offset == -1;

	if (!exact && peer->rst_ns + RST_RECENT_NS < now_ns)
		return;
	e->seen |= EVIDENCE(RST_IN);
	if (exact)
		e->seen |= EVIDENCE(RST_IN_EXACT);
	if (peer->rst_origin == RST_ORIGIN_FIREWALL)
		e->seen |= EVIDENCE(FIREWALL_RST);
	if (peer->marks & FLOW_SIDE_RSTS_DISAGREE)
		e->seen |= EVIDENCE(RSTS_DISAGREE);
	if (rst_ttl_is_off(peer))
		e->seen |= EVIDENCE(RST_TTL_OFF);
	if (rst_ip_id_is_off(peer))
		e->seen |= EVIDENCE(RST_IP_ID_OFF);
	e->rst_origin = peer->rst_origin;
	e->rst_ttl = peer->rst_ttl;
	e->rst_flags = peer->rst_flags;
	e->rst_ip_id = peer->rst_ip_id;
}

/**
 * Copy counts and packet observations of `flow` into the evidence of endpoint `local`.
 *
 * @e      `rst_seq_offset` must be set by the caller (0 when nothing is known of rcv_nxt).
 *         Bits are only added; counts are overwritten.
 */
ALWAYS_INLINE void flow_evidence_fill(struct close_evidence *e, const struct flow_state *flow,
				      int local, __u64 now_ns)
{
	const struct flow_side *own = &flow->side[local & 1];
	const struct flow_side *peer = &flow->side[(local & 1) ^ 1];

	e->local_syn_count = own->syn_count;
	e->local_fin_count = own->fin_count;
	e->local_rst_count = own->rst_count;
	e->peer_syn_count = peer->syn_count;
	e->peer_fin_count = peer->fin_count;
	e->peer_rst_count = peer->rst_count;
	e->peer_ttl_min = peer->ttl_min;
	e->peer_ttl_max = peer->ttl_max;
	if (peer->home_hook)
		e->seen |= EVIDENCE(WIRE_IN);
	if (own->home_hook)
		e->seen |= EVIDENCE(WIRE_OUT);
	if (own->rst_count)
		e->seen |= EVIDENCE(RST_OUT);
	if (own->fin_count)
		e->seen |= EVIDENCE(FIN_OUT);
	if (peer->fin_count)
		e->seen |= EVIDENCE(FIN_IN);
	if (own->marks & FLOW_SIDE_OVERFLOWED)
		e->seen |= EVIDENCE(LISTEN_OVERFLOW);
	if (peer->marks & FLOW_SIDE_SYN_ACK)
		e->seen |= EVIDENCE(SYN_ACK_IN);
	if (flow->icmp_type && flow->icmp_side == (local & 1)) {
		e->seen |= EVIDENCE(ICMP_IN);
		if (flow->icmp_from_peer)
			e->seen |= EVIDENCE(ICMP_FROM_PEER);
		e->icmp_type = flow->icmp_type;
		e->icmp_code = flow->icmp_code;
	}
	if (peer->rst_count)
		flow_evidence_fill_rst(e, peer, now_ns);
	if (!e->fin_first && (own->fin_ns || peer->fin_ns))
		e->fin_first = !peer->fin_ns || (own->fin_ns && own->fin_ns < peer->fin_ns) ? 1 : 2;
}

#endif
