/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: the rules for what has no full socket here: answers of this host, half-open handshakes,
 * connections between two other hosts. Packets tell, and what the stack says of its answers.
 */
#ifndef CLOSETRACE_DECIDE_WIRE_H
#define CLOSETRACE_DECIDE_WIRE_H

#include "include/close_decision.h"

/* INVALID_SYN is embryonic_reset(): with an ACK it means tcp_abort_on_overflow. */
ALWAYS_INLINE int decide_reply_of_listener(const struct close_evidence *e, struct close_decision *d)
{
	__u8 cause = CLOSE_CAUSE_BAD_ACK;
	__u64 used = e->seen & (EVIDENCE(KERNEL_REASON) | EVIDENCE(REPLY_RESET));

	if (e->reply_state != TCP_STATE_LISTEN && e->reply_state != TCP_STATE_NEW_SYN_RECV &&
	    !state_in_handshake(e->state))
		return 0;
	/* RFC 9293 section 3.10.7.3: the connecting socket sends RST and goes on trying. */
	d->benign = e->state == TCP_STATE_SYN_SENT;
	if (e->reset_reason == RESET_REASON_INVALID_SYN && (e->trigger_flags & TCP_FLAG_ACK) &&
	    !(e->trigger_flags & TCP_FLAG_SYN))
		return decide(d, CLOSE_LOCAL_LISTEN_OVERFLOW, CLOSE_CAUSE_ACCEPT_QUEUE_FULL,
			      CLOSE_BY_LOCAL_KERNEL, CLOSE_IS_PROVED, used);
	if (e->reset_reason >= RESET_REASON_MPTCP_RST_EUNSPEC &&
	    e->reset_reason <= RESET_REASON_MPTCP_RST_EMIDDLEBOX)
		return decide(d, CLOSE_LOCAL_REFUSED, CLOSE_CAUSE_MPTCP_SUBFLOW,
			      CLOSE_BY_LOCAL_KERNEL, CLOSE_IS_PROVED, used);
	if (e->reset_reason == RESET_REASON_TCP_FLAGS)
		cause = CLOSE_CAUSE_STRAY_ACK;
	else if (e->reset_reason == RESET_REASON_TCP_RFC7323_PAWS ||
		 e->reset_reason == RESET_REASON_TCP_OLD_ACK ||
		 e->reset_reason == RESET_REASON_TCP_TOO_OLD_ACK)
		cause = CLOSE_CAUSE_OLD_SEGMENT;
	return decide(d, CLOSE_LOCAL_BAD_SEGMENT_RST, cause, CLOSE_BY_LOCAL_KERNEL,
		      e->seen & EVIDENCE(KERNEL_REASON) ? CLOSE_IS_PROVED : CLOSE_IS_INFERRED,
		      used);
}

/* A RST of this host that no full socket owns: the stack's, or the packet filter's. */
ALWAYS_INLINE void decide_reply(const struct close_evidence *e, struct close_decision *d)
{
	int by_stack = e->reset_reason == RESET_REASON_NO_SOCKET ||
		       (e->seen & (EVIDENCE(DROP_NO_SOCKET) | EVIDENCE(REPLY_RESET)));
	__u64 used = e->seen & (EVIDENCE(KERNEL_REASON) | EVIDENCE(REPLY_RESET) |
				EVIDENCE(DROP_NO_SOCKET) | EVIDENCE(RST_OUT));
	__u8 confidence = by_stack ? CLOSE_IS_PROVED : CLOSE_IS_INFERRED;

	if (!by_stack && (e->seen & EVIDENCE(FIREWALL_RST))) {
		decide(d, CLOSE_LOCAL_FIREWALL, CLOSE_CAUSE_REJECT, CLOSE_BY_LOCAL_FIREWALL,
		       e->seen & (EVIDENCE(DROP_NETFILTER) | EVIDENCE(SOCKET_ALIVE)) ?
			       CLOSE_IS_PROVED :
			       CLOSE_IS_INFERRED,
		       e->seen & (EVIDENCE(FIREWALL_RST) | EVIDENCE(DROP_NETFILTER) |
				  EVIDENCE(SOCKET_ALIVE)));
		return;
	}
	if (decide_reply_of_listener(e, d))
		return;
	if (e->reply_state == TCP_STATE_TIME_WAIT ||
	    e->reset_reason == RESET_REASON_TCP_TIMEWAIT_SOCKET) {
		decide(d, CLOSE_LOCAL_LATE_DATA_RST, CLOSE_CAUSE_DATA_AFTER_CLOSE,
		       CLOSE_BY_LOCAL_KERNEL, CLOSE_IS_PROVED, used);
		return;
	}
	if ((e->trigger_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN) {
		decide(d, CLOSE_LOCAL_REFUSED, CLOSE_CAUSE_NO_LISTENER, CLOSE_BY_LOCAL_KERNEL,
		       confidence, used);
		return;
	}
	decide(d, CLOSE_LOCAL_NO_SOCKET, CLOSE_CAUSE_NO_SOCKET, CLOSE_BY_LOCAL_KERNEL, confidence,
	       used);
}

/* A request socket is invisible to the socket tracepoints: packets decide. */
ALWAYS_INLINE void decide_request(const struct close_evidence *e, struct close_decision *d)
{
	if (e->seen & EVIDENCE(RST_IN)) {
		decide(d, CLOSE_PEER_RESET_HANDSHAKE, CLOSE_CAUSE_NONE, CLOSE_BY_PEER,
		       CLOSE_IS_PROVED, EVIDENCE(RST_IN));
		return;
	}
	if (e->seen & EVIDENCE(LISTEN_OVERFLOW)) {
		decide(d, CLOSE_LOCAL_LISTEN_OVERFLOW, CLOSE_CAUSE_ACCEPT_QUEUE_FULL,
		       CLOSE_BY_LOCAL_KERNEL, CLOSE_IS_PROVED, EVIDENCE(LISTEN_OVERFLOW));
		return;
	}
	/* Inferred: kernels before 6.14 do not tell of an ACK that a full accept queue dropped. */
	decide(d, CLOSE_TIMEOUT_HANDSHAKE, CLOSE_CAUSE_SYN_ACK_UNANSWERED, CLOSE_BY_TIMEOUT,
	       CLOSE_IS_INFERRED, e->seen & EVIDENCE(SYN_ACK_RETRIED));
}

/* Its counter of drops has risen, and that of its namespace's full queues. */
ALWAYS_INLINE void decide_listener(const struct close_evidence *e, struct close_decision *d)
{
	__u64 used = e->seen & EVIDENCE(LISTEN_OVERFLOW);

	decide(d, CLOSE_LOCAL_LISTEN_OVERFLOW, CLOSE_CAUSE_ACCEPT_QUEUE_FULL, CLOSE_BY_LOCAL_KERNEL,
	       used ? CLOSE_IS_PROVED : CLOSE_IS_INFERRED, used);
}

/* Neither end is here: the packets alone, with "local" for the client. */
ALWAYS_INLINE void decide_forwarded(const struct close_evidence *e, struct close_decision *d)
{
	int synchronised = e->seen & EVIDENCE(SYN_ACK_IN) || !e->local_syn_count;

	if (e->seen & EVIDENCE(FIREWALL_RST)) {
		decide(d, CLOSE_LOCAL_FIREWALL, CLOSE_CAUSE_REJECT, CLOSE_BY_LOCAL_FIREWALL,
		       e->seen & EVIDENCE(DROP_NETFILTER) ? CLOSE_IS_PROVED : CLOSE_IS_INFERRED,
		       e->seen & (EVIDENCE(FIREWALL_RST) | EVIDENCE(DROP_NETFILTER)));
		return;
	}
	if (e->seen & EVIDENCE(NEW_SYN)) {
		decide(d, CLOSE_PORT_REUSE, CLOSE_CAUSE_NEW_SYN, CLOSE_BY_CLIENT, CLOSE_IS_INFERRED,
		       EVIDENCE(NEW_SYN));
		return;
	}
	/* A RST after both FINs ends nothing. */
	if (evidence_has(e, EVIDENCE(FIN_IN) | EVIDENCE(FIN_OUT))) {
		decide(d, CLOSE_FIN_NORMAL, CLOSE_CAUSE_NONE,
		       e->fin_first == 2 ? CLOSE_BY_SERVER : CLOSE_BY_CLIENT, CLOSE_IS_INFERRED,
		       EVIDENCE(FIN_IN) | EVIDENCE(FIN_OUT));
		return;
	}
	if (e->seen & EVIDENCE(RST_IN)) {
		if (!synchronised)
			decide(d, CLOSE_PEER_REFUSED, CLOSE_CAUSE_NO_LISTENER, CLOSE_BY_SERVER,
			       CLOSE_IS_INFERRED, EVIDENCE(RST_IN));
		else if (!decide_path_reset(e, d))
			decide(d, CLOSE_PEER_RESET, cause_of_peer_reset(e), CLOSE_BY_SERVER,
			       CLOSE_IS_INFERRED, EVIDENCE(RST_IN));
		return;
	}
	if (e->seen & EVIDENCE(RST_OUT)) {
		decide(d, CLOSE_PEER_RESET, CLOSE_CAUSE_NONE, CLOSE_BY_CLIENT, CLOSE_IS_INFERRED,
		       EVIDENCE(RST_OUT));
		return;
	}
	if (!synchronised && (e->seen & EVIDENCE(ICMP_IN))) {
		decide(d, CLOSE_PATH_ICMP, cause_from_icmp(e), CLOSE_BY_PATH, CLOSE_IS_INFERRED,
		       EVIDENCE(ICMP_IN));
		return;
	}
	if (e->seen & (EVIDENCE(FIN_IN) | EVIDENCE(FIN_OUT)))
		decide(d, CLOSE_HALF_CLOSE_TIMEOUT, CLOSE_CAUSE_NONE, CLOSE_BY_TIMEOUT,
		       CLOSE_IS_INFERRED, e->seen & (EVIDENCE(FIN_IN) | EVIDENCE(FIN_OUT)));
	else if (!synchronised || e->seen & EVIDENCE(SYN_ACK_RETRIED))
		decide(d, CLOSE_TIMEOUT_HANDSHAKE,
		       synchronised ? CLOSE_CAUSE_SYN_ACK_UNANSWERED : CLOSE_CAUSE_SYN_UNANSWERED,
		       CLOSE_BY_TIMEOUT, CLOSE_IS_INFERRED, e->seen & EVIDENCE(SYN_ACK_RETRIED));
	else
		decide(d, CLOSE_ORPHAN_MID, CLOSE_CAUSE_NONE, CLOSE_BY_UNKNOWN, CLOSE_IS_UNKNOWN,
		       0);
}

#endif
