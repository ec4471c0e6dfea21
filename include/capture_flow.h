/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: one flow of a capture. A capture shows data packets too, and has neither sockets nor a
 * kernel to ask, so what the receiver would have expected is followed here. Everything else is
 * flow_fold() and close_decide(), as live. The same code runs in the program that `replay
 * --in-kernel` loads, in replay itself and in the tests.
 */
#ifndef CLOSETRACE_CAPTURE_FLOW_H
#define CLOSETRACE_CAPTURE_FLOW_H

#include "include/decide.h"
#include "include/flow_evidence.h"
#include "include/flow_fold.h"

/* capture_side.marks */
#define CAPTURE_NEXT_KNOWN 0x1 /* `next` is set */
#define CAPTURE_ACKED_KNOWN 0x2 /* `acked` is set */
#define CAPTURE_ANSWERED 0x4 /* sent something that is neither SYN nor RST */

/* What capture_take() found; bits. */
#define CAPTURE_TAKEN 0x1
#define CAPTURE_ENDED 0x2 /* this packet ended the connection */
#define CAPTURE_REUSED 0x4 /* not taken: it begins another one; report, forget, take it again */
#define CAPTURE_DECIDED 0x8 /* the connection has ended, now or before */
#define CAPTURE_GATHER 0x10 /* capture_fold(): its evidence is to be gathered */
#define CAPTURE_DECIDE 0x20 /* capture_fold(): close_decide() is to be run on it */

/* A RST that is further from the expected number is no answer to what the capture shows. */
#define CAPTURE_RST_BEHIND_MOST (1 << 20)

/**
 * What one endpoint sent, data included. Host order.
 *
 * @next      Sequence number behind the highest one it sent.
 * @acked     The highest number it acknowledged: what it expects next, at least.
 * @data      Payload bytes it sent for the first time.
 */
struct capture_side {
	__u64 data;
	__u32 next;
	__u32 acked;
	__u32 retransmits; /* packets with payload that brought nothing new */
	__u32 rst_ignored; /* resets of it that the other end cannot have accepted */
	__u8 marks;
	__u8 reserved[7];
};
ABI_SIZE(struct capture_side, 32);

/**
 * @evidence @decision  Complete once `ended_ns` is set; counts of resets go on.
 * @ended_ns     Time of the packet that ended it; 0 = it lives.
 * @last_data_ns @last_packet_ns  0 = none yet.
 * @client       Index of the end that is taken for the client, once it has ended.
 */
struct capture_flow {
	struct flow_state flow;
	struct capture_side side[2];
	struct close_evidence evidence;
	struct close_decision decision;
	__u64 ended_ns;
	__u64 last_data_ns;
	__u64 last_packet_ns;
	__u8 client;
	__u8 rst_sender; /* index of whose RST ended it, plus 1; 0 = none did */
	__u8 reserved[6];
};
ABI_SIZE(struct capture_flow, sizeof(struct flow_state) + 192);

/**
 * What `replay --in-kernel` and its program tell each other with every packet.
 *
 * @now_ns        Time of the packet. @open_payload its payload where its IP length field is empty.
 * @found         CAPTURE_* bits; 0 when the program did not take the packet for one of TCP.
 * @flow          As it is after the packet.
 */
struct capture_exchange {
	__u64 now_ns;
	__u32 open_payload;
	__u32 found;
	struct capture_flow flow;
};
ABI_SIZE(struct capture_exchange, sizeof(struct capture_flow) + 16);

/* One bounded offset, as in the kernel's own code: the verifier follows it once. */
ALWAYS_INLINE struct capture_side *capture_side_of(struct capture_flow *c, int side)
{
	return &c->side[side & 1];
}

ALWAYS_INLINE int capture_seq_after(__u32 a, __u32 b)
{
	return (__s32)(a - b) > 0;
}

/* Sequence numbers that a packet takes (RFC 9293 section 3.4). */
ALWAYS_INLINE __u32 capture_seq_len(const struct packet_view *packet)
{
	return packet->payload_bytes + !!(packet->flags & TCP_FLAG_SYN) +
	       !!(packet->flags & TCP_FLAG_FIN);
}

/* Whose connection is it: of who sent the SYN; without one, the lower port serves. */
ALWAYS_INLINE int capture_client(const struct capture_flow *c, const struct flow_key *key)
{
	if (c->flow.side[0].marks & FLOW_SIDE_CLIENT || c->flow.side[1].marks & FLOW_SIDE_SYN_ACK)
		return 0;
	if (c->flow.side[1].marks & FLOW_SIDE_CLIENT || c->flow.side[0].marks & FLOW_SIDE_SYN_ACK)
		return 1;
	return NET_TO_HOST_16(key->port[0]) > NET_TO_HOST_16(key->port[1]) ? 0 : 1;
}

/**
 * Whether the other end of `sender` accepts this RST, as far as the capture can tell (RFC 9293
 * section 3.5.3, RFC 5961 section 3; tcp_reset_check(), tcp_rcv_synsent_state_process()).
 *
 * The kernel wants exactly the next number. A capture may have been taken far from the
 * receiver: any number from what it has acknowledged to what was sent can have been the next.
 */
ALWAYS_INLINE int capture_rst_is_accepted(const struct capture_flow *c, int sender,
					  const struct packet_view *packet)
{
	const struct flow_side *receiver = &c->flow.side[!(sender & 1)];
	const struct capture_side *from = &c->side[sender & 1], *to = &c->side[!(sender & 1)];
	__u32 low, high;

	if (receiver->marks & FLOW_SIDE_CLIENT && !(from->marks & CAPTURE_NEXT_KNOWN)) {
		/* It waits for a SYN-ACK: the RST must acknowledge its SYN, or TFO data. */
		__u32 acked = packet->ack_seq - receiver->isn;

		return packet->flags & TCP_FLAG_ACK && acked && acked <= to->next - receiver->isn;
	}
	if (to->marks & CAPTURE_ACKED_KNOWN) {
		low = to->acked;
		high = from->marks & CAPTURE_NEXT_KNOWN && capture_seq_after(from->next, low) ?
			       from->next :
			       low;
	} else if (from->marks & CAPTURE_NEXT_KNOWN) {
		high = from->next;
		low = high - CAPTURE_RST_BEHIND_MOST;
	} else {
		return 1; /* the capture begins with it */
	}
	/* Behind a FIN that is its own, the number of the FIN will do. */
	if (c->flow.side[sender & 1].fin_count)
		low--;
	return !capture_seq_after(low, packet->seq) && !capture_seq_after(packet->seq, high);
}

/* Follow the numbers of a packet that is no RST. */
ALWAYS_INLINE void capture_follow(struct capture_flow *c, int sender,
				  const struct packet_view *packet, __u64 now_ns)
{
	struct capture_side *side = capture_side_of(c, sender);
	__u32 behind = packet->seq + capture_seq_len(packet);

	if (!(packet->flags & TCP_FLAG_SYN))
		side->marks |= CAPTURE_ANSWERED;
	if (!(side->marks & CAPTURE_NEXT_KNOWN)) {
		side->next = packet->seq;
		side->marks |= CAPTURE_NEXT_KNOWN;
	}
	if (packet->payload_bytes) {
		c->last_data_ns = now_ns;
		if (capture_seq_after(behind, side->next)) {
			__u32 gained = behind - side->next;

			side->data +=
				gained < packet->payload_bytes ? gained : packet->payload_bytes;
		} else {
			side->retransmits++;
		}
	}
	if (capture_seq_after(behind, side->next))
		side->next = behind;
	if (!(packet->flags & TCP_FLAG_ACK))
		return;
	if (!(side->marks & CAPTURE_ACKED_KNOWN) || capture_seq_after(packet->ack_seq, side->acked))
		side->acked = packet->ack_seq;
	side->marks |= CAPTURE_ACKED_KNOWN;
}

/* What an ending that no RST made must not rest on: resets that the receiver did not accept. */
#define CAPTURE_EVIDENCE_OF_RST_IN                                                                 \
	(EVIDENCE(RST_IN) | EVIDENCE(RST_IN_EXACT) | EVIDENCE(RSTS_DISAGREE) |                     \
	 EVIDENCE(RST_TTL_OFF) | EVIDENCE(FIREWALL_RST))

/* Gather the evidence of the flow as it is; e->seen holds what the caller knows of. */
ALWAYS_INLINE void capture_gather(struct capture_flow *c, const struct flow_key *key, __u64 now_ns)
{
	struct close_evidence *e = &c->evidence;
	__u64 seen = e->seen;

	c->client = capture_client(c, key);
	__builtin_memset(e, 0, sizeof(*e));
	e->subject = SUBJECT_FORWARDED;
	e->ip_version = flow_addr_is_ipv4(key->addr[0]) ? 4 : 6;
	e->seen = seen;
	e->retransmits = capture_side_of(c, c->client)->retransmits;
	/* Where one direction alone was captured: no client goes on without an answer. */
	if (capture_side_of(c, c->client)->marks & CAPTURE_ANSWERED)
		e->seen |= EVIDENCE(SYN_ACK_IN);
	flow_evidence_fill(e, &c->flow, c->client, now_ns);
	if (c->rst_sender != c->client + 1)
		e->seen &= ~EVIDENCE(RST_OUT);
	if (c->rst_sender != (c->client ^ 1) + 1)
		e->seen &= ~CAPTURE_EVIDENCE_OF_RST_IN;
}

/* The flow has ended by what user space knows: `seen` are EVIDENCE(...) bits of that. */
ALWAYS_INLINE void capture_decide(struct capture_flow *c, const struct flow_key *key, __u64 now_ns,
				  __u64 seen)
{
	c->evidence.seen = seen;
	capture_gather(c, key, now_ns);
	close_decide(&c->evidence, &c->decision);
}

/* Packets that come behind the end are counted with it. */
ALWAYS_INLINE void capture_count(struct capture_flow *c)
{
	const struct flow_side *own = &c->flow.side[c->client & 1];
	const struct flow_side *peer = &c->flow.side[(c->client & 1) ^ 1];

	c->evidence.local_syn_count = own->syn_count;
	c->evidence.local_fin_count = own->fin_count;
	c->evidence.local_rst_count = own->rst_count;
	c->evidence.peer_syn_count = peer->syn_count;
	c->evidence.peer_fin_count = peer->fin_count;
	c->evidence.peer_rst_count = peer->rst_count;
}

/* Behind the end: packets are counted, and who reset and goes on sending contradicts himself. */
ALWAYS_INLINE int capture_take_late(struct capture_flow *c, int sender,
				    const struct packet_view *packet, struct flow_sight *sight)
{
	struct flow_side *side = &c->flow.side[sender & 1];
	struct capture_side *from = capture_side_of(c, sender);
	__u64 seen = c->evidence.seen;

	c->last_packet_ns = sight->now_ns;
	side->syn_count += !!(packet->flags & TCP_FLAG_SYN);
	side->fin_count += !!(packet->flags & TCP_FLAG_FIN);
	if (packet->flags & TCP_FLAG_RST) {
		sight->rst_origin = RST_ORIGIN_RECEIVED;
		flow_side_fold_rst(side, packet, sight);
		if (side->marks & FLOW_SIDE_RSTS_DISAGREE)
			seen |= EVIDENCE(RSTS_DISAGREE);
	} else if (packet->payload_bytes && !(packet->flags & TCP_FLAG_SYN) &&
		   capture_seq_after(packet->seq + packet->payload_bytes, from->next)) {
		from->next = packet->seq + packet->payload_bytes;
		seen |= EVIDENCE(PEER_AFTER_RST);
	}
	capture_count(c);
	if (c->rst_sender != (sender & 1) + 1 || !(seen & EVIDENCE(RST_IN)) ||
	    seen == c->evidence.seen)
		return CAPTURE_TAKEN | CAPTURE_DECIDED;
	c->evidence.seen = seen;
	return CAPTURE_TAKEN | CAPTURE_DECIDED | CAPTURE_DECIDE;
}

/* A SYN with another number, on a tuple that has been in use. */
ALWAYS_INLINE int capture_is_reuse(const struct capture_flow *c, int sender,
				   const struct packet_view *packet)
{
	const struct flow_side *side = &c->flow.side[sender & 1];
	const struct capture_side *other = &c->side[!(sender & 1)];

	if (!packet_is_bare_syn(packet) || !c->last_packet_ns)
		return 0;
	if (side->syn_count)
		return side->isn != packet->seq;
	/* The answer may lie before the SYN, where two interfaces were merged. */
	return !(other->marks & CAPTURE_ACKED_KNOWN) || other->acked != packet->seq + 1;
}

/* The packet ended the flow: the caller gathers and decides. */
ALWAYS_INLINE int capture_end(struct capture_flow *c, __u64 now_ns, __u64 seen)
{
	c->ended_ns = now_ns;
	c->evidence.seen = seen;
	return CAPTURE_TAKEN | CAPTURE_ENDED | CAPTURE_DECIDED | CAPTURE_GATHER | CAPTURE_DECIDE;
}

/**
 * First part of capture_take(): the packet enters the flow. The caller does what CAPTURE_GATHER and
 * CAPTURE_DECIDE ask for, in that order: three parts, so that a verifier can look at each alone.
 */
ALWAYS_INLINE int capture_fold(struct capture_flow *c, int sender, const struct packet_view *packet,
			       __u64 now_ns)
{
	struct flow_sight sight = { .now_ns = now_ns, .hook = WIRE_HOOK_XDP_IN };

	if (capture_is_reuse(c, sender, packet)) {
		int found = c->ended_ns ? 0 : capture_end(c, now_ns, EVIDENCE(NEW_SYN));

		return (found & ~(CAPTURE_TAKEN | CAPTURE_ENDED)) | CAPTURE_REUSED |
		       CAPTURE_DECIDED;
	}
	if (c->ended_ns)
		return capture_take_late(c, sender, packet, &sight);
	c->last_packet_ns = now_ns;
	if (packet->flags & TCP_FLAG_RST) {
		int accepted = capture_rst_is_accepted(c, sender, packet);

		sight.rst_origin = RST_ORIGIN_RECEIVED;
		flow_fold(&c->flow, sender & 1, packet, &sight);
		if (!accepted) {
			capture_side_of(c, sender)->rst_ignored++;
			return CAPTURE_TAKEN;
		}
		c->rst_sender = (sender & 1) + 1;
		return capture_end(c, now_ns, 0);
	}
	/* It is the same connection, said above: nothing begins anew behind an ignored RST. */
	if (packet_is_bare_syn(packet))
		c->flow.side[sender & 1].isn = packet->seq;
	if (packet->kind == PACKET_TCP_CONTROL)
		flow_fold(&c->flow, sender & 1, packet, &sight);
	else if (!c->flow.first_ns)
		c->flow.first_ns = now_ns;
	capture_follow(c, sender, packet, now_ns);
	if (!(packet->flags & TCP_FLAG_FIN) || !c->flow.side[0].fin_count ||
	    !c->flow.side[1].fin_count)
		return CAPTURE_TAKEN;
	return capture_end(c, now_ns, 0);
}

/**
 * Take one TCP packet, data or control, into a flow of zeros or what earlier ones left.
 *
 * @sender  Index of its source in `key`.
 * @return  CAPTURE_* bits.
 */
ALWAYS_INLINE int capture_take(struct capture_flow *c, const struct flow_key *key, int sender,
			       const struct packet_view *packet, __u64 now_ns)
{
	int found = capture_fold(c, sender, packet, now_ns);

	if (found & CAPTURE_GATHER)
		capture_gather(c, key, now_ns);
	if (found & CAPTURE_DECIDE)
		close_decide(&c->evidence, &c->decision);
	return found;
}

/**
 * When the silence of a flow becomes its ending, by the kernel's timers: a SYN or SYN-ACK that
 * is not sent again when its turn comes (tcp_syn_retries doubles the wait), and the orphan that
 * waits for a FIN (tcp_fin_timeout, 60 s). UINT64_MAX: silence is no ending. `seen` is what to
 * hand to capture_decide().
 */
#define CAPTURE_NEVER (~0ULL)
#define CAPTURE_NS_PER_SECOND 1000000000ULL
#define CAPTURE_FIN_TIMEOUT_NS (60 * CAPTURE_NS_PER_SECOND)

ALWAYS_INLINE __u64 capture_deadline(const struct capture_flow *c, __u64 *seen)
{
	const struct flow_side *a = &c->flow.side[0], *b = &c->flow.side[1];
	int a_quiet = !(c->side[0].marks & CAPTURE_ANSWERED);
	int b_quiet = !(c->side[1].marks & CAPTURE_ANSWERED);
	__u32 tries = b->syn_count > a->syn_count ? b->syn_count : a->syn_count;

	*seen = 0;
	if (c->ended_ns || !c->last_packet_ns)
		return CAPTURE_NEVER;
	if (a->fin_count || b->fin_count)
		return c->last_packet_ns + CAPTURE_FIN_TIMEOUT_NS;
	if (!tries || !a_quiet || !b_quiet)
		return CAPTURE_NEVER;
	if ((a->marks | b->marks) & FLOW_SIDE_SYN_ACK)
		*seen = EVIDENCE(SYN_ACK_RETRIED);
	/* The first wait is one second, or three with older stacks. */
	if (tries < 2)
		tries = 2;
	return c->last_packet_ns + ((1ULL << (tries < 7 ? tries : 7)) + 1) * CAPTURE_NS_PER_SECOND;
}

/* The capture is over and the connection is not, or it makes room for others. */
ALWAYS_INLINE void capture_cut(struct capture_flow *c, const struct flow_key *key)
{
	if (c->ended_ns)
		return;
	c->ended_ns = c->last_packet_ns;
	capture_decide(c, key, c->last_packet_ns, 0);
	c->decision.used = 0;
	c->decision.verdict = CLOSE_ORPHAN_MID;
	c->decision.cause = CLOSE_CAUSE_CAPTURE_END;
	c->decision.initiator = CLOSE_BY_UNKNOWN;
	c->decision.confidence = CLOSE_IS_UNKNOWN;
}

#endif
