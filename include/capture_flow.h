/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: one flow of a capture. A capture shows data packets too, and has neither sockets nor a
 * kernel to ask, so what the receiver would have expected, and what nobody answered, is followed
 * here. What it means is said by include/capture_decide.h. The same code runs in the program that
 * `replay --in-kernel` loads, in replay itself and in the tests.
 *
 * An ending by a packet stands until the packets behind it contradict it: a port that refuses may
 * open, and a RST far ahead of its sender's numbers may have been nobody's. So the flow is followed
 * behind its end, too, and is decided when nothing more can come.
 */
#ifndef CLOSETRACE_CAPTURE_FLOW_H
#define CLOSETRACE_CAPTURE_FLOW_H

#include "include/close_decision.h"
#include "include/flow_fold.h"

/* capture_side.marks */
#define CAPTURE_NEXT_KNOWN 0x1 /* `next` is set */
#define CAPTURE_ACKED_KNOWN 0x2 /* `acked` is set */
#define CAPTURE_ANSWERED 0x4 /* sent something that is neither SYN nor RST */
#define CAPTURE_WINDOW_SHUT 0x8 /* the last window that it offered was 0 */

/* capture_flow.marks: what came behind the RST that ended it. */
#define CAPTURE_WENT_ON 0x1 /* its sender went on */
#define CAPTURE_RST_OTHER 0x2 /* another RST of the same sender, that answers nothing, differs */
#define CAPTURE_RST_BOTH 0x4 /* the other end's RST came at the same moment */
#define CAPTURE_REFUSED 0x8 /* it answers a SYN */

/* What capture_fold() found; bits. */
#define CAPTURE_TAKEN 0x1
#define CAPTURE_ENDED 0x2 /* this packet ended the connection */
#define CAPTURE_REUSED 0x4 /* not taken: it begins another one; report, forget, take it again */
#define CAPTURE_REOPENED 0x8 /* what had ended it did not: it lives */

/* A RST that is further from the expected number is no answer to what the capture shows. */
#define CAPTURE_RST_BEHIND_MOST (1 << 20)
/* ... or, with a hole that the capture has before it, further than any window of that size. */
#define CAPTURE_HOLE_MOST (1 << 20)
/* A lost segment may be captured late, behind the RST: for that long it contradicts nothing. */
#define CAPTURE_REORDERED_NS 10000000ULL
/* So often must something be sent again, unanswered, before it counts as given up. */
#define CAPTURE_VAIN_LEAST 3
/* Resets of both ends within that: of honest ones, too, 2 to 60 us were seen. */
#define CAPTURE_BOTH_NS 1000000ULL

/**
 * What one endpoint sent, data included. Host order. Times are the capture's, 0 = never.
 *
 * @data        Payload bytes it sent for the first time.
 * @asked_ns    Its last packet that wants an answer: SYN, data, FIN, a keepalive probe.
 * @waiting_ns  The first of these since the other end last acknowledged something new.
 * @gap_ns      From the last but one of these to the last one, which repeated it: what comes next
 *              comes within twice that. 0 = nothing was repeated.
 * @next        Sequence number behind the highest one it sent.
 * @acked       The highest number it acknowledged: what it expects next, at least.
 * @retransmits Packets with payload that brought nothing new.
 * @rst_ignored Resets of it that the other end cannot have accepted.
 * @vain        Packets sent again since the other end last acknowledged something new.
 * @probes      Keepalive probes since anything was last seen of the other end.
 * @syn_acks    SYN-ACKs that it sent behind the ACK of them.
 */
struct capture_side {
	__u64 data;
	__u64 asked_ns;
	__u64 waiting_ns;
	__u64 gap_ns;
	__u32 next;
	__u32 acked;
	__u32 retransmits;
	__u32 rst_ignored;
	__u16 vain;
	__u16 probes;
	__u16 syn_acks;
	__u8 marks; /* CAPTURE_* of sides */
	__u8 reserved;
};
ABI_SIZE(struct capture_side, 56);

/**
 * How things stood when the connection ended.
 *
 * @data          As capture_side.data of both. @last_data_ns as of the flow.
 * @next          Number behind what the sender of the RST had sent, by itself and by its RST.
 * @other_next    Number behind what the other end had sent.
 * @rst_seq @rst_ttl @rst_ip_id @rst_flags  Of the RST that ended it: later ones are others.
 * @behind        How far its number lies behind what its sender had sent already.
 * @hole          How far ahead of it: bytes that the capture lacks.
 * @both_ns       With CAPTURE_RST_BOTH: until the other end's RST.
 */
struct capture_ending {
	__u64 data[2];
	__u64 last_data_ns;
	__u64 both_ns;
	__u32 next;
	__u32 other_next;
	__u32 rst_seq;
	__u32 behind;
	__u32 hole;
	__u32 syn_count; /* of the receiver of the RST, by then */
	__u16 rst_ip_id;
	__u8 rst_ttl;
	__u8 rst_flags;
	__u8 reserved[4];
};
ABI_SIZE(struct capture_ending, 64);

/**
 * @evidence @decision  Complete once capture_judge() was run.
 * @ended_ns     Time of what ended it, as it looks now; 0 = it lives.
 * @last_data_ns @last_packet_ns  0 = none yet.
 * @client       Index of the end that is taken for the client, once it was judged.
 * @rst_sender   Index of whose RST ended it, plus 1; 0 = none did.
 * @waiting      Index of whose packets were not answered, plus 1, once it was judged; 0 = nobody's.
 */
struct capture_flow {
	struct flow_state flow;
	struct capture_side side[2];
	struct capture_ending ending;
	struct close_evidence evidence;
	struct close_decision decision;
	__u64 ended_ns;
	__u64 last_data_ns;
	__u64 last_packet_ns;
	__u8 client;
	__u8 rst_sender;
	__u8 waiting;
	__u8 marks; /* CAPTURE_* of flows */
	__u8 reserved[4];
};
ABI_SIZE(struct capture_flow, sizeof(struct flow_state) + 304);

/**
 * What `replay --in-kernel` and its program tell each other.
 *
 * @now_ns        Time of the packet. @open_payload its payload where its IP length field is empty.
 * @judge         1: no packet, `flow` is to be judged, with `key`, `now_ns` and `seen`.
 * @found         CAPTURE_* bits; 0 when the program did not take the packet for one of TCP.
 * @flow          As it is after the packet, or judged.
 */
struct capture_exchange {
	__u64 now_ns;
	__u64 seen;
	__u32 open_payload;
	__u32 found;
	__u32 judge;
	__u32 reserved;
	struct flow_key key;
	struct capture_flow flow;
};
ABI_SIZE(struct capture_exchange, sizeof(struct capture_flow) + sizeof(struct flow_key) + 32);

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

/* How much of what `side` sent has not been acknowledged, FIN included; 0 when that is not known. */
ALWAYS_INLINE __u32 capture_unacked(const struct capture_flow *c, int side)
{
	const struct capture_side *own = &c->side[side & 1], *other = &c->side[!(side & 1)];

	if (!(own->marks & CAPTURE_NEXT_KNOWN) || !(other->marks & CAPTURE_ACKED_KNOWN) ||
	    !capture_seq_after(own->next, other->acked))
		return 0;
	return own->next - other->acked;
}

/* Of these, bytes: the FIN is not one. */
ALWAYS_INLINE __u32 capture_unacked_bytes(const struct capture_flow *c, int side)
{
	__u32 unacked = capture_unacked(c, side);
	const struct flow_side *own = &c->flow.side[side & 1];

	return unacked && own->fin_count && own->fin_seq == c->side[side & 1].next ? unacked - 1 :
										     unacked;
}

#define CAPTURE_RST_REFUSED_BY_RECEIVER 0
#define CAPTURE_RST_ACCEPTED 1
#define CAPTURE_RST_BEHIND_A_HOLE 2 /* accepted, if the capture lacks what lies between */

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
		return CAPTURE_RST_ACCEPTED; /* the capture begins with it */
	}
	/* Behind a FIN that is its own, the number of the FIN will do. */
	if (c->flow.side[sender & 1].fin_count)
		low--;
	if (capture_seq_after(low, packet->seq))
		return CAPTURE_RST_REFUSED_BY_RECEIVER;
	if (!capture_seq_after(packet->seq, high))
		return CAPTURE_RST_ACCEPTED;
	return packet->seq - high <= CAPTURE_HOLE_MOST ? CAPTURE_RST_BEHIND_A_HOLE :
							 CAPTURE_RST_REFUSED_BY_RECEIVER;
}

/*
 * A keepalive probe: the number before the next one, with no or one byte, where nothing is left to
 * be acknowledged (RFC 9293 section 3.8.4).
 */
ALWAYS_INLINE int capture_is_probe(const struct capture_flow *c, int sender,
				   const struct packet_view *packet)
{
	const struct capture_side *own = &c->side[sender & 1], *other = &c->side[!(sender & 1)];

	return !(packet->flags & TCP_FLAGS_CONTROL) && packet->payload_bytes <= 1 &&
	       own->marks & CAPTURE_NEXT_KNOWN && packet->seq + 1 == own->next &&
	       other->marks & CAPTURE_ACKED_KNOWN && other->acked == own->next;
}

/* A packet that wants an answer. `is_new`: it was not sent before. */
ALWAYS_INLINE void capture_ask(struct capture_side *own, int is_new, __u64 now_ns)
{
	if (!is_new && own->asked_ns)
		own->gap_ns = now_ns - own->asked_ns;
	if (!own->waiting_ns)
		own->waiting_ns = now_ns;
	own->asked_ns = now_ns;
}

/* What it acknowledges was not sent in vain. */
ALWAYS_INLINE void capture_follow_ack(struct capture_side *own, struct capture_side *other,
				      __u32 acked)
{
	if (!(own->marks & CAPTURE_ACKED_KNOWN) || capture_seq_after(acked, own->acked)) {
		own->acked = acked;
		other->vain = 0;
		other->gap_ns = 0;
		/* What is still to be acknowledged was sent lately: that is near enough. */
		other->waiting_ns = acked == other->next ? 0 : other->asked_ns;
	}
	own->marks |= CAPTURE_ACKED_KNOWN;
}

ALWAYS_INLINE void capture_follow_data(struct capture_flow *c, struct capture_side *own,
				       const struct packet_view *packet, __u64 now_ns)
{
	__u32 behind = packet->seq + capture_seq_len(packet), gained = behind - own->next;
	int is_new = capture_seq_after(behind, own->next);

	capture_ask(own, is_new, now_ns);
	if (is_new)
		own->next = behind;
	else if (own->vain != 0xffff)
		own->vain++;
	if (!packet->payload_bytes)
		return;
	c->last_data_ns = now_ns;
	if (is_new)
		own->data += gained < packet->payload_bytes ? gained : packet->payload_bytes;
	else
		own->retransmits++;
}

/* Follow the numbers of a packet that is no RST. */
ALWAYS_INLINE void capture_follow(struct capture_flow *c, int sender,
				  const struct packet_view *packet, __u64 now_ns)
{
	struct capture_side *own = capture_side_of(c, sender), *other = capture_side_of(c, !sender);
	int is_probe = capture_is_probe(c, sender, packet);

	other->probes = 0;
	if (!(packet->flags & TCP_FLAG_SYN))
		own->marks |= CAPTURE_ANSWERED;
	else if (packet->flags & TCP_FLAG_ACK && other->marks & CAPTURE_ANSWERED &&
		 own->syn_acks != 0xffff)
		own->syn_acks++;
	if (packet->window)
		own->marks &= (__u8)~CAPTURE_WINDOW_SHUT;
	else
		own->marks |= CAPTURE_WINDOW_SHUT;
	if (!(own->marks & CAPTURE_NEXT_KNOWN)) {
		own->next = packet->seq;
		own->marks |= CAPTURE_NEXT_KNOWN;
	}
	if (is_probe) {
		capture_ask(own, !own->probes, now_ns);
		if (!own->probes)
			own->waiting_ns = now_ns;
		own->probes += own->probes != 0xffff;
	} else if (capture_seq_len(packet)) {
		capture_follow_data(c, own, packet, now_ns);
	}
	if (packet->flags & TCP_FLAG_ACK)
		capture_follow_ack(own, other, packet->ack_seq);
}

/* A SYN with another number, on a tuple that has been in use. */
ALWAYS_INLINE int capture_is_reuse(const struct capture_flow *c, int sender,
				   const struct packet_view *packet)
{
	const struct flow_side *side = &c->flow.side[sender & 1];
	const struct flow_side *other_side = &c->flow.side[!(sender & 1)];
	const struct capture_side *own = &c->side[sender & 1], *other = &c->side[!(sender & 1)];

	if (!packet_is_bare_syn(packet) || !c->last_packet_ns)
		return 0;
	if (side->syn_count)
		return side->isn != packet->seq;
	/* Both at once (RFC 9293 section 3.5, figure 8): it is one connection. */
	if (!c->ended_ns && !(own->marks & CAPTURE_NEXT_KNOWN) &&
	    other_side->marks & FLOW_SIDE_CLIENT && !(other->marks & CAPTURE_ANSWERED))
		return 0;
	/* The answer may lie before the SYN, where two interfaces were merged. */
	return !(other->marks & CAPTURE_ACKED_KNOWN) || other->acked != packet->seq + 1;
}

/* It looks as if this packet ended the flow. */
ALWAYS_INLINE int capture_end(struct capture_flow *c, __u64 now_ns)
{
	struct capture_ending *ending = &c->ending;

	c->ended_ns = now_ns;
	ending->data[0] = c->side[0].data;
	ending->data[1] = c->side[1].data;
	ending->last_data_ns = c->last_data_ns;
	return CAPTURE_TAKEN | CAPTURE_ENDED;
}

/* ... and it did not: whatever was reset so far was reset in vain. */
ALWAYS_INLINE int capture_reopen(struct capture_flow *c)
{
	c->side[0].rst_ignored = c->flow.side[0].rst_count;
	c->side[1].rst_ignored = c->flow.side[1].rst_count;
	c->ended_ns = 0;
	c->rst_sender = 0;
	c->marks = 0;
	__builtin_memset(&c->ending, 0, sizeof(c->ending));
	return CAPTURE_TAKEN | CAPTURE_REOPENED;
}

ALWAYS_INLINE int capture_end_by_rst(struct capture_flow *c, int sender,
				     const struct packet_view *packet, __u64 now_ns)
{
	const struct capture_side *from = &c->side[sender & 1], *to = &c->side[!(sender & 1)];
	struct capture_ending *ending = &c->ending;
	int is_known = from->marks & CAPTURE_NEXT_KNOWN;

	__builtin_memset(ending, 0, sizeof(*ending));
	c->rst_sender = (sender & 1) + 1;
	c->marks = !is_known && c->flow.side[!(sender & 1)].marks & FLOW_SIDE_CLIENT ?
			   CAPTURE_REFUSED :
			   0;
	/* Where nothing of its own is known, it is measured by what the other end expects. */
	ending->next = is_known			       ? from->next :
		       to->marks & CAPTURE_ACKED_KNOWN ? to->acked :
							 packet->seq;
	ending->other_next = to->next;
	ending->rst_seq = packet->seq;
	ending->rst_ttl = packet->ttl;
	ending->rst_ip_id = packet->ip_id;
	ending->rst_flags = packet->flags;
	ending->syn_count = c->flow.side[!(sender & 1)].syn_count;
	if (is_known && capture_seq_after(from->next, packet->seq))
		ending->behind = from->next - packet->seq;
	if (!(c->marks & CAPTURE_REFUSED) && capture_seq_after(packet->seq, ending->next))
		ending->hole = packet->seq - ending->next;
	return capture_end(c, now_ns);
}

/*
 * Another RST behind the end. One without ACK has the number of the ACK that it answers (RFC 9293
 * section 3.5.2): several of these differ honestly.
 */
ALWAYS_INLINE int capture_take_late_rst(struct capture_flow *c, int sender,
					const struct packet_view *packet, __u64 now_ns)
{
	const struct capture_side *to = &c->side[!(sender & 1)];
	int answers = !(packet->flags & TCP_FLAG_ACK) && to->marks & CAPTURE_ACKED_KNOWN &&
		      !capture_seq_after(packet->seq, to->acked);

	if (!c->rst_sender) {
		/* Both have closed: it ends nothing, but the patience of who was not answered. */
		if (c->side[sender & 1].vain >= CAPTURE_VAIN_LEAST && capture_unacked(c, sender) &&
		    capture_rst_is_accepted(c, sender, packet))
			return capture_end_by_rst(c, sender, packet, now_ns);
		return CAPTURE_TAKEN;
	}
	if (c->rst_sender == (sender & 1) + 1) {
		if (packet->seq != c->ending.rst_seq && !answers)
			c->marks |= CAPTURE_RST_OTHER;
	} else if (!(c->marks & CAPTURE_RST_BOTH) && now_ns - c->ended_ns <= CAPTURE_BOTH_NS) {
		c->marks |= CAPTURE_RST_BOTH;
		c->ending.both_ns = now_ns - c->ended_ns;
	}
	return CAPTURE_TAKEN;
}

/* Whether a packet that is no RST shows that its sender, who has reset, is still there. */
ALWAYS_INLINE int capture_goes_on(const struct capture_flow *c, int sender,
				  const struct packet_view *packet, __u64 now_ns)
{
	const struct capture_ending *ending = &c->ending;
	__u32 behind = packet->seq + capture_seq_len(packet);

	if (c->marks & CAPTURE_REFUSED) /* it accepts the SYN that it has refused */
		return packet->flags & TCP_FLAG_SYN && packet->flags & TCP_FLAG_ACK &&
		       c->flow.side[!(sender & 1)].syn_count <= ending->syn_count;
	/* It acknowledges what was sent to it behind its RST. */
	if (packet->flags & TCP_FLAG_ACK && capture_seq_after(packet->ack_seq, ending->other_next))
		return 1;
	/* What comes late may fill the hole. */
	return capture_seq_len(packet) && capture_seq_after(behind, ending->next) &&
	       (!ending->hole || now_ns - c->ended_ns > CAPTURE_REORDERED_NS);
}

/* Behind a RST: does what comes contradict it? */
ALWAYS_INLINE int capture_take_behind_rst(struct capture_flow *c, int sender,
					  const struct packet_view *packet, __u64 now_ns)
{
	const struct flow_side *refuser = &c->flow.side[!(sender & 1)];

	if (c->rst_sender == (sender & 1) + 1) {
		if (!capture_goes_on(c, sender, packet, now_ns))
			return CAPTURE_TAKEN;
		/* No receiver takes a RST from there: there was no hole. */
		if (c->ending.hole)
			return capture_reopen(c);
		c->marks |= CAPTURE_WENT_ON;
		return CAPTURE_TAKEN;
	}
	/* The port was refused, has opened, and its client makes use of it. */
	if (c->marks & CAPTURE_REFUSED && refuser->marks & FLOW_SIDE_SYN_ACK &&
	    !(packet->flags & TCP_FLAG_SYN))
		return capture_reopen(c);
	return CAPTURE_TAKEN;
}

/* Count a control packet; TTLs of data tell how far their sender is away, too. */
ALWAYS_INLINE void capture_fold_wire(struct capture_flow *c, int sender,
				     const struct packet_view *packet, __u64 now_ns)
{
	struct flow_sight sight = { .now_ns = now_ns, .hook = WIRE_HOOK_XDP_IN };

	if (packet->flags & TCP_FLAG_RST)
		sight.rst_origin = RST_ORIGIN_RECEIVED;
	/* It is the same connection, as capture_is_reuse() says: nothing begins anew. */
	if (packet_is_bare_syn(packet))
		c->flow.side[sender & 1].isn = packet->seq;
	if (packet->kind == PACKET_TCP_CONTROL) {
		flow_fold(&c->flow, sender & 1, packet, &sight);
		return;
	}
	if (!c->flow.first_ns)
		c->flow.first_ns = now_ns;
	flow_side_fold_ttl(&c->flow.side[sender & 1], packet);
}

/**
 * Take one TCP packet, data or control, into a flow of zeros or what earlier ones left.
 *
 * @sender  Index of its source in the flow's key.
 * @return  CAPTURE_* bits.
 */
ALWAYS_INLINE int capture_fold(struct capture_flow *c, int sender, const struct packet_view *packet,
			       __u64 now_ns)
{
	int accepted = 0;

	if (capture_is_reuse(c, sender, packet))
		return CAPTURE_REUSED;
	if (packet->flags & TCP_FLAG_RST)
		accepted = capture_rst_is_accepted(c, sender, packet);
	capture_fold_wire(c, sender, packet, now_ns);
	c->last_packet_ns = now_ns;
	if (packet->flags & TCP_FLAG_RST) {
		if (c->ended_ns)
			return capture_take_late_rst(c, sender, packet, now_ns);
		if (accepted)
			return capture_end_by_rst(c, sender, packet, now_ns);
		capture_side_of(c, sender)->rst_ignored++;
		return CAPTURE_TAKEN;
	}
	capture_follow(c, sender, packet, now_ns);
	if (c->rst_sender)
		return capture_take_behind_rst(c, sender, packet, now_ns);
	if (c->ended_ns || !c->flow.side[0].fin_count || !c->flow.side[1].fin_count)
		return CAPTURE_TAKEN;
	return capture_end(c, now_ns);
}

#endif
