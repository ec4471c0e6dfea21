/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pure: the outcome of a decision, and what the rules for sockets and for packets share. */
#ifndef CLOSETRACE_CLOSE_DECISION_H
#define CLOSETRACE_CLOSE_DECISION_H

#include "include/evidence.h"
#include "include/packet_view.h"
#include "include/verdict.h"

/**
 * @used  EVIDENCE(...) bits that the verdict rests on.
 * @reset_reason  The kernel's, or the derived one when `reason_derived` is 1.
 * @benign  1 for what costs nobody anything, no byte of the application and no call of it: a
 *          socket that was moved away in repair mode, and a RST that a connecting socket survives.
 *          Habits may add others (user/count/reset_habit.h).
 */
struct close_decision {
	__u64 used;
	__u8 verdict;
	__u8 cause;
	__u8 initiator;
	__u8 stage;
	__u8 confidence;
	__u8 benign;
	__u8 reset_reason;
	__u8 reason_derived;
};
ABI_SIZE(struct close_decision, 16);

ALWAYS_INLINE int evidence_has(const struct close_evidence *e, __u64 bits)
{
	return (e->seen & bits) == bits;
}

/* No byte of the application here was lost, or stayed unsent. */
ALWAYS_INLINE int ending_lost_nothing(const struct close_evidence *e)
{
	return !e->unread_bytes && !e->unsent_bytes && !e->unacked_bytes;
}

/* Always 1, so that a rule can end with `return decide(...)`. */
ALWAYS_INLINE int decide(struct close_decision *d, __u8 verdict, __u8 cause, __u8 initiator,
			 __u8 confidence, __u64 used)
{
	d->verdict = verdict;
	d->cause = cause;
	d->initiator = initiator;
	d->confidence = confidence;
	d->used |= used;
	return 1;
}

ALWAYS_INLINE int state_in_handshake(__u8 state)
{
	return state == TCP_STATE_SYN_SENT || state == TCP_STATE_SYN_RECV ||
	       state == TCP_STATE_NEW_SYN_RECV;
}

/* The states in which close() of an unread or lingering socket sends RST (tcp_need_reset). */
ALWAYS_INLINE int state_can_abort(__u8 state)
{
	return state == TCP_STATE_ESTABLISHED || state == TCP_STATE_CLOSE_WAIT ||
	       state == TCP_STATE_FIN_WAIT1 || state == TCP_STATE_FIN_WAIT2 ||
	       state == TCP_STATE_SYN_RECV;
}

ALWAYS_INLINE int state_waits_for_ack_of_fin(__u8 state)
{
	return state == TCP_STATE_FIN_WAIT1 || state == TCP_STATE_LAST_ACK ||
	       state == TCP_STATE_CLOSING;
}

/*
 * What an ICMP error, or a missing route, leaves in sk_err: EHOSTUNREACH, ENETUNREACH,
 * EACCES, EPROTO and more (icmp_err_convert, icmpv6_err_convert). Told by what else
 * sets it: resets, timers and tcp_abort().
 */
ALWAYS_INLINE int error_is_from_icmp(__u16 error)
{
	return error && error != EVIDENCE_ETIMEDOUT && error != EVIDENCE_ECONNREFUSED &&
	       error != EVIDENCE_ECONNRESET && error != EVIDENCE_EPIPE &&
	       error != EVIDENCE_ECONNABORTED;
}

/* RFC 792 and RFC 4443 codes of "destination unreachable"; the rest is ICMP_OTHER. */
ALWAYS_INLINE __u8 cause_from_icmp(const struct close_evidence *e)
{
	__u8 type = e->icmp_type, code = e->icmp_code;

	if (!(e->seen & EVIDENCE(ICMP_IN))) {
		if (e->error == EVIDENCE_ECONNREFUSED)
			return CLOSE_CAUSE_ICMP_PORT;
		return e->error == EVIDENCE_ENETUNREACH	 ? CLOSE_CAUSE_ICMP_NET :
		       e->error == EVIDENCE_EHOSTUNREACH ? CLOSE_CAUSE_ICMP_HOST :
		       e->error == EVIDENCE_EACCES	 ? CLOSE_CAUSE_ICMP_PROHIBITED :
							   CLOSE_CAUSE_ICMP_OTHER;
	}
	if (e->ip_version == 6) {
		if (type != 1)
			return CLOSE_CAUSE_ICMP_OTHER;
		return code == 4	      ? CLOSE_CAUSE_ICMP_PORT :
		       code == 3	      ? CLOSE_CAUSE_ICMP_HOST :
		       code == 0	      ? CLOSE_CAUSE_ICMP_NET :
		       code == 1 || code >= 5 ? CLOSE_CAUSE_ICMP_PROHIBITED :
						CLOSE_CAUSE_ICMP_OTHER;
	}
	if (type != 3)
		return CLOSE_CAUSE_ICMP_OTHER;
	return code == 3			     ? CLOSE_CAUSE_ICMP_PORT :
	       code == 1 || code == 7		     ? CLOSE_CAUSE_ICMP_HOST :
	       code == 0 || code == 6		     ? CLOSE_CAUSE_ICMP_NET :
	       code == 9 || code == 10 || code == 13 ? CLOSE_CAUSE_ICMP_PROHIBITED :
						       CLOSE_CAUSE_ICMP_OTHER;
}

/* Nobody answered, or an ICMP error or a missing route said why. */
ALWAYS_INLINE int error_is_of_timeout(__u16 error)
{
	return error == EVIDENCE_ETIMEDOUT || error_is_from_icmp(error);
}

/*
 * Whether `dropped` packets are all that were tried since the peer last acknowledged something: of a
 * SYN each try is one packet, and a probe is; of data nothing is in flight.
 */
ALWAYS_INLINE int drops_are_all(const struct close_evidence *e, __u32 dropped)
{
	if (e->state == TCP_STATE_SYN_SENT)
		return dropped > e->timer_retransmits;
	if (e->unacked_bytes)
		return 0;
	return e->unsent_bytes || e->seen & EVIDENCE(FIN_UNSENT) ||
	       (e->probes && dropped >= e->probes);
}

/*
 * What the local end had to send last left on no interface: its SYN or FIN was not seen where it
 * would have been, or this host itself dropped all of it.
 */
ALWAYS_INLINE int evidence_never_left(const struct close_evidence *e)
{
	if (e->seen & EVIDENCE(NEVER_LEFT))
		return 1;
	if (!(e->seen & EVIDENCE(WIRE_WHOLE)))
		return 0;
	if (e->state == TCP_STATE_SYN_SENT)
		return !e->local_syn_count;
	return state_waits_for_ack_of_fin(e->state) && !e->unacked_bytes && !e->unsent_bytes &&
	       !e->local_fin_count && e->seen & EVIDENCE(WIRE_OUT);
}

/* The part of this host that kept a packet from leaving. */
ALWAYS_INLINE __u8 initiator_of_own_drop(const struct close_evidence *e)
{
	return e->seen & EVIDENCE(OWN_DROP) && drop_reason_is_rule(e->drop_reason) ?
		       CLOSE_BY_LOCAL_FIREWALL :
		       CLOSE_BY_LOCAL_KERNEL;
}

/*
 * Who keeps a packet from its way by ICMP. This host does for want of a neighbour or a route, by any
 * other code of a rule.
 */
ALWAYS_INLINE __u8 initiator_of_icmp(const struct close_evidence *e)
{
	if (!(e->seen & EVIDENCE(ICMP_IN)))
		return evidence_never_left(e) ? initiator_of_own_drop(e) : CLOSE_BY_PATH;
	if (!(e->seen & EVIDENCE(ICMP_FROM_HERE)))
		return e->seen & EVIDENCE(ICMP_FROM_PEER) ? CLOSE_BY_PEER : CLOSE_BY_PATH;
	if (e->seen & EVIDENCE(OWN_DROP))
		return initiator_of_own_drop(e);
	switch (cause_from_icmp(e)) {
	case CLOSE_CAUSE_ICMP_HOST:
	case CLOSE_CAUSE_ICMP_NET:
		return CLOSE_BY_LOCAL_KERNEL;
	default:
		return CLOSE_BY_LOCAL_FIREWALL;
	}
}

#define ICMP_SIGNS (EVIDENCE(ICMP_IN) | EVIDENCE(ICMP_FROM_PEER) | EVIDENCE(ICMP_FROM_HERE))
#define NEVER_LEFT_SIGNS (EVIDENCE(NEVER_LEFT) | EVIDENCE(OWN_DROP) | EVIDENCE(WIRE_WHOLE))

#define PATH_RESET_SIGNS                                                                           \
	(EVIDENCE(RST_TTL_OFF) | EVIDENCE(RSTS_DISAGREE) | EVIDENCE(PEER_AFTER_RST) |              \
	 EVIDENCE(RST_TOO_EARLY) | EVIDENCE(RST_IP_ID_OFF))

/*
 * A middlebox may forge everything but its distance and its timing, and it does not know the
 * habits of the peer's stack. The peer's own new data after "its" RST admits no other reading;
 * two signs that do not depend on each other infer it; one of them only takes the certainty from
 * "the peer sent it".
 */
ALWAYS_INLINE int decide_path_reset(const struct close_evidence *e, struct close_decision *d)
{
	__u64 signs = e->seen & PATH_RESET_SIGNS;

	if (!(signs & EVIDENCE(PEER_AFTER_RST)) && (signs & (signs - 1)) == 0)
		return 0;
	return decide(d, CLOSE_PATH_RESET, CLOSE_CAUSE_INJECTED, CLOSE_BY_PATH,
		      signs & EVIDENCE(PEER_AFTER_RST) ? CLOSE_IS_PROVED : CLOSE_IS_INFERRED,
		      signs | (e->seen & EVIDENCE(RECEIVE_RESET)));
}

/*
 * Linux sends an active reset as RST|ACK with a non-zero IP ID and a reply to an
 * ACK as a bare RST with IP ID 0 (tcp_send_active_reset, tcp_v4_send_reset).
 */
ALWAYS_INLINE __u8 cause_of_peer_reset(const struct close_evidence *e)
{
	int with_ack = e->rst_flags & TCP_FLAG_ACK;

	if (!(e->seen & EVIDENCE(RST_IN)))
		return CLOSE_CAUSE_NONE;
	if (with_ack && (e->ip_version == 6 || e->rst_ip_id))
		return CLOSE_CAUSE_PEER_APP;
	if (!with_ack && !e->rst_ip_id)
		return CLOSE_CAUSE_PEER_KERNEL;
	return CLOSE_CAUSE_NONE;
}

#endif
