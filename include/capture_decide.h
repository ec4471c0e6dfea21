/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: what the packets of a capture mean. "local" is the client. No socket speaks, and whoever can
 * write to the wire can write all of this: nothing here is proved.
 */
#ifndef CLOSETRACE_CAPTURE_DECIDE_H
#define CLOSETRACE_CAPTURE_DECIDE_H

#include "include/capture_flow.h"
#include "include/decide.h"
#include "include/flow_evidence.h"

#define CAPTURE_PROBES_LEAST 2
#define CAPTURE_SYN_ACKS_LEAST 2

/* Whose connection is it: of who sent the (first) SYN; without one, the lower port serves. */
ALWAYS_INLINE int capture_client(const struct capture_flow *c, const struct flow_key *key)
{
	const struct flow_side *a = &c->flow.side[0], *b = &c->flow.side[1];

	if (a->marks & b->marks & FLOW_SIDE_CLIENT)
		return a->syn_ns <= b->syn_ns ? 0 : 1;
	if (a->marks & FLOW_SIDE_CLIENT || b->marks & FLOW_SIDE_SYN_ACK)
		return 0;
	if (b->marks & FLOW_SIDE_CLIENT || a->marks & FLOW_SIDE_SYN_ACK)
		return 1;
	return NET_TO_HOST_16(key->port[0]) > NET_TO_HOST_16(key->port[1]) ? 0 : 1;
}

/* Packets of one end alone, who was answered all the same. */
ALWAYS_INLINE int capture_is_one_way(const struct capture_flow *c)
{
	for (int i = 0; i < 2; i++)
		if (c->side[i].marks & CAPTURE_ANSWERED &&
		    !(c->side[!i].marks & CAPTURE_NEXT_KNOWN) && !c->flow.side[!i].rst_count)
			return 1;
	return 0;
}

/* What one end sent again and again, and was not answered. */
enum capture_vain {
	CAPTURE_VAIN_NOTHING, /* or one direction is all there is */
	CAPTURE_VAIN_PROBES,
	CAPTURE_VAIN_DATA,
	CAPTURE_VAIN_FIN,
};

ALWAYS_INLINE enum capture_vain capture_in_vain(const struct capture_flow *c, int side)
{
	const struct capture_side *own = &c->side[side & 1];

	if (own->probes >= CAPTURE_PROBES_LEAST)
		return CAPTURE_VAIN_PROBES;
	if (own->vain < CAPTURE_VAIN_LEAST || !capture_unacked(c, side))
		return CAPTURE_VAIN_NOTHING;
	return capture_unacked_bytes(c, side) ? CAPTURE_VAIN_DATA : CAPTURE_VAIN_FIN;
}

/* The SYN-ACK again and again, behind the client's ACK; and nothing else of the server. */
ALWAYS_INLINE int capture_is_not_accepted(const struct capture_flow *c, int client)
{
	const struct capture_side *server = &c->side[!(client & 1)];

	return server->syn_acks >= CAPTURE_SYN_ACKS_LEAST && !(server->marks & CAPTURE_ANSWERED);
}

#define CAPTURE_EVIDENCE_OF_RST                                                                    \
	(EVIDENCE(RST_IN) | EVIDENCE(RST_IN_EXACT) | EVIDENCE(RST_OUT) | EVIDENCE(RSTS_DISAGREE) | \
	 EVIDENCE(RST_TTL_OFF) | EVIDENCE(RST_IP_ID_OFF) | EVIDENCE(FIREWALL_RST))

ALWAYS_INLINE int capture_ttl_is_off(const struct flow_side *sender, __u8 ttl)
{
	return sender->ttl_min && (ttl + RST_TTL_TOLERANCE < sender->ttl_min ||
				   ttl > sender->ttl_max + RST_TTL_TOLERANCE);
}

/* The RST that ended it, in whoever's name; later ones only as far as they contradict it. */
ALWAYS_INLINE void capture_gather_rst(struct capture_flow *c)
{
	const struct capture_ending *ending = &c->ending;
	struct close_evidence *e = &c->evidence;
	int sender = (c->rst_sender - 1) & 1;
	const struct flow_side *from = &c->flow.side[sender];

	e->seen |= sender == c->client ? EVIDENCE(RST_OUT) : EVIDENCE(RST_IN);
	e->rst_ttl = ending->rst_ttl;
	e->rst_ip_id = ending->rst_ip_id;
	e->rst_flags = ending->rst_flags;
	e->peer_ttl_min = from->ttl_min;
	e->peer_ttl_max = from->ttl_max;
	if (capture_ttl_is_off(from, ending->rst_ttl))
		e->seen |= EVIDENCE(RST_TTL_OFF);
	if (c->marks & CAPTURE_RST_OTHER)
		e->seen |= EVIDENCE(RSTS_DISAGREE);
	if (c->marks & CAPTURE_WENT_ON)
		e->seen |= EVIDENCE(PEER_AFTER_RST);
	/* A keepalive's number is one behind: that says nothing. */
	if (ending->behind > 1 && capture_seq_after(c->side[!sender].acked, ending->rst_seq + 1))
		e->seen |= EVIDENCE(RST_BEHIND);
}

/* Whose packets were not answered. A RST tells of its sender's alone. */
ALWAYS_INLINE void capture_gather_vain(struct capture_flow *c)
{
	enum capture_vain first = c->rst_sender == 2 ? CAPTURE_VAIN_NOTHING : capture_in_vain(c, 0);
	enum capture_vain second =
		c->rst_sender == 1 ? CAPTURE_VAIN_NOTHING : capture_in_vain(c, 1);
	int whose = first && second ? c->side[1].vain > c->side[0].vain : !first;
	const struct capture_side *own = &c->side[whose & 1], *other = &c->side[!(whose & 1)];
	struct close_evidence *e = &c->evidence;

	c->waiting = 0;
	if (!first && !second)
		return;
	c->waiting = (__u8)((whose & 1) + 1);
	e->seen |= EVIDENCE(UNANSWERED);
	if ((whose ? second : first) == CAPTURE_VAIN_PROBES)
		e->probes = own->probes < 255 ? (__u8)own->probes : 255;
	e->unacked_bytes = capture_unacked_bytes(c, whose);
	e->timer_retransmits = own->vain < 255 ? (__u8)own->vain : 255;
	if (other->marks & CAPTURE_WINDOW_SHUT)
		e->seen |= EVIDENCE(ZERO_WINDOW);
}

/* What the control packets say, as live. `seen`: EVIDENCE() bits of what the caller knows. */
ALWAYS_INLINE void capture_gather_wire(struct capture_flow *c, const struct flow_key *key,
				       __u64 now_ns, __u64 seen)
{
	struct close_evidence *e = &c->evidence;
	int client = capture_client(c, key) & 1;

	c->client = (__u8)client;
	__builtin_memset(e, 0, sizeof(*e));
	e->subject = SUBJECT_FORWARDED;
	e->ip_version = flow_addr_is_ipv4(key->addr[0]) ? 4 : 6;
	e->seen = seen;
	e->retransmits = c->side[client].retransmits;
	/* Where one direction alone was captured: no client goes on without an answer. */
	if (c->side[client].marks & CAPTURE_ANSWERED)
		e->seen |= EVIDENCE(SYN_ACK_IN);
	flow_evidence_fill(e, &c->flow, client, now_ns);
	e->seen &= ~CAPTURE_EVIDENCE_OF_RST;
}

/* ... and what the capture adds to it. */
ALWAYS_INLINE void capture_gather_rest(struct capture_flow *c)
{
	struct close_evidence *e = &c->evidence;
	int client = c->client & 1;

	if (c->rst_sender)
		capture_gather_rst(c);
	capture_gather_vain(c);
	if (capture_is_not_accepted(c, client))
		e->seen |= EVIDENCE(SYN_ACK_AGAIN);
	if (c->side[client].marks & CAPTURE_ANSWERED)
		e->seen |= EVIDENCE(ESTABLISHED);
}

/* Everything was said, and the one who gets the RST had closed: nobody lost anything by it. */
ALWAYS_INLINE int capture_is_benign(const struct capture_flow *c)
{
	int sender = (c->rst_sender - 1) & 1;

	return c->rst_sender && c->flow.side[!sender].fin_count && !capture_unacked_bytes(c, 0) &&
	       !capture_unacked_bytes(c, 1) && !c->ending.hole;
}

#define CAPTURE_SIGNS                                                                              \
	(EVIDENCE(RST_TTL_OFF) | EVIDENCE(RSTS_DISAGREE) | EVIDENCE(PEER_AFTER_RST) |              \
	 EVIDENCE(RST_BEHIND))
/* Each of these admits no honest reading by itself. */
#define CAPTURE_SIGNS_ENOUGH (EVIDENCE(PEER_AFTER_RST) | EVIDENCE(RST_BEHIND))

ALWAYS_INLINE int capture_decide_path(const struct close_evidence *e, struct close_decision *d)
{
	__u64 signs = e->seen & CAPTURE_SIGNS;

	if (!(signs & CAPTURE_SIGNS_ENOUGH) && (signs & (signs - 1)) == 0)
		return 0;
	return decide(d, CLOSE_PATH_RESET, CLOSE_CAUSE_INJECTED, CLOSE_BY_PATH, CLOSE_IS_INFERRED,
		      signs | (e->seen & (EVIDENCE(RST_IN) | EVIDENCE(RST_OUT))));
}

/* What was sent in vain until its sender, or the capture, gave up. */
ALWAYS_INLINE int capture_decide_vain(const struct close_evidence *e, struct close_decision *d)
{
	__u64 used = e->seen & (EVIDENCE(UNANSWERED) | EVIDENCE(ZERO_WINDOW) | EVIDENCE(RST_IN) |
				EVIDENCE(RST_OUT));
	int is_shut = (e->seen & EVIDENCE(ZERO_WINDOW)) != 0;

	if (!(e->seen & EVIDENCE(UNANSWERED)))
		return 0;
	if (e->probes && !is_shut)
		return decide(d, CLOSE_TIMEOUT_KEEPALIVE, CLOSE_CAUSE_KEEPALIVE, CLOSE_BY_TIMEOUT,
			      CLOSE_IS_INFERRED, used);
	if (e->probes || e->unacked_bytes)
		return decide(d, CLOSE_TIMEOUT_DATA,
			      is_shut ? CLOSE_CAUSE_ZERO_WINDOW : CLOSE_CAUSE_RTO, CLOSE_BY_TIMEOUT,
			      CLOSE_IS_INFERRED, used);
	return decide(d, CLOSE_FIN_UNACKED_TIMEOUT, CLOSE_CAUSE_FIN_UNACKED, CLOSE_BY_TIMEOUT,
		      CLOSE_IS_INFERRED, used);
}

/* The shape of the RST, as cause_of_peer_reset() has it for that of a peer. */
ALWAYS_INLINE __u8 capture_cause_of_rst(const struct close_evidence *e)
{
	int with_ack = e->rst_flags & TCP_FLAG_ACK;

	if (e->seen & EVIDENCE(SYN_ACK_AGAIN) && e->seen & EVIDENCE(RST_IN))
		return CLOSE_CAUSE_ACCEPT_QUEUE_FULL;
	if (with_ack && (e->ip_version == 6 || e->rst_ip_id))
		return CLOSE_CAUSE_PEER_APP;
	if (!with_ack && !e->rst_ip_id)
		return CLOSE_CAUSE_PEER_KERNEL;
	return CLOSE_CAUSE_NONE;
}

ALWAYS_INLINE void capture_decide_rst(const struct close_evidence *e, struct close_decision *d)
{
	int by_client = (e->seen & EVIDENCE(RST_OUT)) != 0;
	int synchronised = e->seen & EVIDENCE(SYN_ACK_IN) || !e->local_syn_count;
	__u64 used = e->seen & (EVIDENCE(RST_IN) | EVIDENCE(RST_OUT) | EVIDENCE(RST_TTL_OFF) |
				EVIDENCE(RSTS_DISAGREE) | EVIDENCE(SYN_ACK_AGAIN));

	if (e->seen & CAPTURE_SIGNS_ENOUGH && capture_decide_path(e, d))
		return;
	if (capture_decide_vain(e, d) || capture_decide_path(e, d))
		return;
	if (!synchronised && !by_client) {
		decide(d, CLOSE_PEER_REFUSED, CLOSE_CAUSE_NO_LISTENER, CLOSE_BY_SERVER,
		       CLOSE_IS_INFERRED, used);
		return;
	}
	if (by_client && e->local_syn_count && e->peer_syn_count &&
	    !(e->seen & EVIDENCE(ESTABLISHED))) {
		decide(d, CLOSE_PEER_RESET_HANDSHAKE, CLOSE_CAUSE_NONE, CLOSE_BY_CLIENT,
		       CLOSE_IS_INFERRED, used | EVIDENCE(SYN_ACK_IN));
		return;
	}
	decide(d, CLOSE_PEER_RESET, capture_cause_of_rst(e),
	       by_client ? CLOSE_BY_CLIENT : CLOSE_BY_SERVER, CLOSE_IS_INFERRED, used);
}

/* What silence means; the caller has waited long enough. */
ALWAYS_INLINE void capture_decide_silence(const struct close_evidence *e, struct close_decision *d)
{
	int synchronised = e->seen & EVIDENCE(SYN_ACK_IN) || !e->local_syn_count;

	if (capture_decide_vain(e, d))
		return;
	if (!synchronised && e->seen & EVIDENCE(ICMP_IN)) {
		decide(d, CLOSE_PATH_ICMP, cause_from_icmp(e), CLOSE_BY_PATH, CLOSE_IS_INFERRED,
		       EVIDENCE(ICMP_IN));
		return;
	}
	if (e->seen & (EVIDENCE(FIN_IN) | EVIDENCE(FIN_OUT)))
		decide(d, CLOSE_HALF_CLOSE_TIMEOUT, CLOSE_CAUSE_FIN_WAIT2_EXPIRED, CLOSE_BY_TIMEOUT,
		       CLOSE_IS_INFERRED, e->seen & (EVIDENCE(FIN_IN) | EVIDENCE(FIN_OUT)));
	else if (e->seen & EVIDENCE(SYN_ACK_AGAIN))
		decide(d, CLOSE_TIMEOUT_HANDSHAKE, CLOSE_CAUSE_ACCEPT_QUEUE_FULL, CLOSE_BY_TIMEOUT,
		       CLOSE_IS_INFERRED, EVIDENCE(SYN_ACK_AGAIN));
	else
		decide(d, CLOSE_TIMEOUT_HANDSHAKE,
		       synchronised ? CLOSE_CAUSE_SYN_ACK_UNANSWERED : CLOSE_CAUSE_SYN_UNANSWERED,
		       CLOSE_BY_TIMEOUT, CLOSE_IS_INFERRED, e->seen & EVIDENCE(SYN_ACK_RETRIED));
}

/**
 * Decide how a flow of a capture ended.
 *
 * @decision  Overwritten whole; the verdict is never CLOSE_UNDECIDED.
 */
ALWAYS_INLINE void capture_decide(const struct close_evidence *e, struct close_decision *d)
{
	__builtin_memset(d, 0, sizeof(*d));
	if (e->seen & (EVIDENCE(RST_IN) | EVIDENCE(RST_OUT)))
		capture_decide_rst(e, d);
	else if (e->seen & EVIDENCE(NEW_SYN))
		decide(d, CLOSE_PORT_REUSE, CLOSE_CAUSE_NEW_SYN, CLOSE_BY_CLIENT, CLOSE_IS_INFERRED,
		       EVIDENCE(NEW_SYN));
	/* A RST behind both FINs ends nothing. */
	else if (evidence_has(e, EVIDENCE(FIN_IN) | EVIDENCE(FIN_OUT)) &&
		 !(e->seen & EVIDENCE(UNANSWERED)))
		decide(d, CLOSE_FIN_NORMAL, CLOSE_CAUSE_NONE,
		       e->fin_first == 2 ? CLOSE_BY_SERVER : CLOSE_BY_CLIENT, CLOSE_IS_INFERRED,
		       EVIDENCE(FIN_IN) | EVIDENCE(FIN_OUT));
	else
		capture_decide_silence(e, d);
	d->stage = stage_of(e, d);
}

ALWAYS_INLINE void capture_decide_flow(struct capture_flow *c)
{
	capture_decide(&c->evidence, &c->decision);
	c->decision.benign = c->decision.verdict == CLOSE_PEER_RESET && capture_is_benign(c);
}

/**
 * Judge a flow whose end has come: its evidence and its decision are complete behind it. Three
 * parts, so that a verifier can look at each alone.
 *
 * @seen  EVIDENCE() bits of what is known beside the packets: NEW_SYN, SYN_ACK_RETRIED.
 */
ALWAYS_INLINE void capture_judge(struct capture_flow *c, const struct flow_key *key, __u64 now_ns,
				 __u64 seen)
{
	capture_gather_wire(c, key, now_ns, seen);
	capture_gather_rest(c);
	capture_decide_flow(c);
}

/* The capture is over and the connection is not, or it makes room for others. */
ALWAYS_INLINE void capture_cut(struct capture_flow *c, const struct flow_key *key)
{
	capture_end(c, c->last_packet_ns);
	capture_gather_wire(c, key, c->last_packet_ns, 0);
	capture_gather_rest(c);
	__builtin_memset(&c->decision, 0, sizeof(c->decision));
	decide(&c->decision, CLOSE_ORPHAN_MID, CLOSE_CAUSE_CAPTURE_END, CLOSE_BY_UNKNOWN,
	       CLOSE_IS_UNKNOWN, 0);
	c->decision.stage = stage_of(&c->evidence, &c->decision);
}

#endif
