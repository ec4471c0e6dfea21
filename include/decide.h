/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: from evidence to verdict. No maps, no helpers, no clock: the same code
 * decides in the kernel, in the tracer, in replay and in the tests.
 *
 * The order of the functions below is the order of precedence. Sources: RFC 9293
 * sections 3.5 and 3.6, RFC 2525 section 2.17, net/ipv4/tcp.c, tcp_input.c,
 * tcp_timer.c, tcp_minisocks.c of Linux 6.1 to 6.18.
 */
#ifndef CLOSETRACE_DECIDE_H
#define CLOSETRACE_DECIDE_H

#include "include/evidence.h"
#include "include/packet_view.h"
#include "include/verdict.h"

/**
 * @used  EVIDENCE(...) bits that the verdict rests on.
 * @reset_reason  The kernel's, or the derived one when `reason_derived` is 1.
 * @benign  1 for the resets that are nobody's trouble: the client that
 *          resets after its own FIN because data was still coming, seen from
 *          either end, and a socket that was moved away in repair mode; and a RST
 *          that a connecting socket survives.
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

/* sk_err ECONNABORTED comes from tcp_abort() and, silently, from TCP_REPAIR alone. */
ALWAYS_INLINE int decide_killed(const struct close_evidence *e, struct close_decision *d)
{
	if (e->error != EVIDENCE_ECONNABORTED && !(e->seen & EVIDENCE(REPAIR)))
		return 0;
	if (e->seen & EVIDENCE(REPAIR)) {
		d->benign = 1;
		return decide(d, CLOSE_LOCAL_ADMIN_KILL, CLOSE_CAUSE_REPAIR, CLOSE_BY_LOCAL_APP,
			      CLOSE_IS_PROVED, EVIDENCE(REPAIR));
	}
	return decide(d, CLOSE_LOCAL_ADMIN_KILL, CLOSE_CAUSE_SOCKET_DESTROY, CLOSE_BY_LOCAL_APP,
		      CLOSE_IS_PROVED, e->seen & EVIDENCE(RESET_BEFORE_CLOSE));
}

ALWAYS_INLINE __u8 cause_of_data_timeout(const struct close_evidence *e)
{
	/* Probes without anything in flight: the window, not the path, was closed. */
	if (e->probes && !e->unacked_bytes && e->unsent_bytes && e->seen & EVIDENCE(ZERO_WINDOW))
		return CLOSE_CAUSE_ZERO_WINDOW;
	return e->user_timeout_ms ? CLOSE_CAUSE_USER_TIMEOUT : CLOSE_CAUSE_RTO;
}

/* Only the keepalive timer sends a RST when it gives up (tcp_keepalive_timer). */
ALWAYS_INLINE int decide_timeout(const struct close_evidence *e, struct close_decision *d)
{
	__u64 soft = e->seen & (EVIDENCE(ICMP_IN) | EVIDENCE(ERROR_REPORT));

	if (e->error != EVIDENCE_ETIMEDOUT && !error_is_from_icmp(e->error))
		return 0;
	if (state_in_handshake(e->state)) {
		if (error_is_from_icmp(e->error))
			return decide(d, CLOSE_PATH_ICMP, cause_from_icmp(e), CLOSE_BY_PATH,
				      e->seen & EVIDENCE(ICMP_IN) ? CLOSE_IS_PROVED :
								    CLOSE_IS_INFERRED,
				      soft);
		return decide(d, CLOSE_TIMEOUT_HANDSHAKE,
			      e->state == TCP_STATE_SYN_SENT ? CLOSE_CAUSE_SYN_UNANSWERED :
							       CLOSE_CAUSE_SYN_ACK_UNANSWERED,
			      CLOSE_BY_TIMEOUT, CLOSE_IS_PROVED, soft);
	}
	if (e->seen & EVIDENCE(SEND_RESET))
		return decide(d, CLOSE_TIMEOUT_KEEPALIVE, CLOSE_CAUSE_KEEPALIVE, CLOSE_BY_TIMEOUT,
			      CLOSE_IS_PROVED,
			      e->seen & (EVIDENCE(SEND_RESET) | EVIDENCE(KEEPALIVE_ON) |
					 EVIDENCE(KERNEL_REASON)));
	if (state_waits_for_ack_of_fin(e->state))
		return decide(d, CLOSE_FIN_UNACKED_TIMEOUT, CLOSE_CAUSE_FIN_UNACKED,
			      CLOSE_BY_TIMEOUT, CLOSE_IS_PROVED, soft);
	return decide(d, CLOSE_TIMEOUT_DATA, cause_of_data_timeout(e), CLOSE_BY_TIMEOUT,
		      CLOSE_IS_PROVED, soft);
}

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

/* An accepted RST: whose was it? */
ALWAYS_INLINE int decide_reset_by_peer(const struct close_evidence *e, struct close_decision *d)
{
	__u64 used =
		e->seen & (EVIDENCE(RECEIVE_RESET) | EVIDENCE(RST_IN) | EVIDENCE(RST_IN_EXACT));
	__u8 confidence = e->seen & EVIDENCE(RST_IN) && !(e->seen & PATH_RESET_SIGNS) ?
				  CLOSE_IS_PROVED :
				  CLOSE_IS_INFERRED;

	if (e->seen & EVIDENCE(FIREWALL_RST))
		return decide(d, CLOSE_LOCAL_FIREWALL, CLOSE_CAUSE_REJECT, CLOSE_BY_LOCAL_FIREWALL,
			      CLOSE_IS_PROVED, used | EVIDENCE(FIREWALL_RST));
	if (decide_path_reset(e, d))
		return 1;
	if (e->state == TCP_STATE_SYN_SENT)
		return decide(d, CLOSE_PEER_REFUSED, CLOSE_CAUSE_NO_LISTENER, CLOSE_BY_PEER,
			      confidence, used);
	if (e->state == TCP_STATE_SYN_RECV)
		return decide(d, CLOSE_PEER_RESET_HANDSHAKE, CLOSE_CAUSE_NONE, CLOSE_BY_PEER,
			      confidence, used);
	if ((e->seen & EVIDENCE(SERVER)) && e->fin_first == 2)
		d->benign = 1;
	return decide(d, CLOSE_PEER_RESET, cause_of_peer_reset(e), CLOSE_BY_PEER, confidence, used);
}

/*
 * tcp_reset() also runs, and tcp_receive_reset fires, when data arrives after the
 * local application stopped reading (tcp_rcv_state_process). What tells them apart is
 * the reply reset that follows, or, on a watched interface, that no RST came.
 */
ALWAYS_INLINE int decide_reset_received(const struct close_evidence *e, struct close_decision *d)
{
	int had_stopped_reading = (e->seen & EVIDENCE(RCV_SHUTDOWN)) &&
				  e->state != TCP_STATE_ESTABLISHED &&
				  e->state != TCP_STATE_CLOSE_WAIT;
	__u64 used = e->seen & (EVIDENCE(RECEIVE_RESET) | EVIDENCE(RCV_SHUTDOWN));

	if (!(e->seen & EVIDENCE(RECEIVE_RESET))) {
		/* The tracepoint was not shown, but nothing else sets these before ->CLOSE. */
		if ((e->error == EVIDENCE_ECONNRESET || e->error == EVIDENCE_EPIPE) &&
		    (e->seen & EVIDENCE(RST_IN)))
			return decide_reset_by_peer(e, d);
		if (e->error == EVIDENCE_ECONNREFUSED && e->state == TCP_STATE_SYN_SENT)
			return decide(d, CLOSE_PATH_ICMP, cause_from_icmp(e), CLOSE_BY_PATH,
				      e->seen & EVIDENCE(ICMP_IN) ? CLOSE_IS_PROVED :
								    CLOSE_IS_INFERRED,
				      e->seen & EVIDENCE(ICMP_IN));
		return 0;
	}
	if (e->seen & EVIDENCE(REPLY_RESET)) {
		d->benign = (e->seen & EVIDENCE(CLIENT)) != 0;
		return decide(d, CLOSE_LOCAL_LATE_DATA_RST, CLOSE_CAUSE_DATA_AFTER_SHUTDOWN,
			      CLOSE_BY_LOCAL_KERNEL, CLOSE_IS_PROVED, used | EVIDENCE(REPLY_RESET));
	}
	if (had_stopped_reading && !(e->seen & EVIDENCE(RST_IN)) &&
	    (e->seen & EVIDENCE(WIRE_HOOKED)) && (e->seen & EVIDENCE(WIRE_IN))) {
		d->benign = (e->seen & EVIDENCE(CLIENT)) != 0;
		return decide(d, CLOSE_LOCAL_LATE_DATA_RST, CLOSE_CAUSE_DATA_AFTER_SHUTDOWN,
			      CLOSE_BY_LOCAL_KERNEL, CLOSE_IS_INFERRED, used | EVIDENCE(WIRE_IN));
	}
	return decide_reset_by_peer(e, d);
}

/*
 * Nobody saw the socket come to CLOSE, and its error has been read since. Only a softirq can be
 * hidden, so it was a timer or a packet: what ran out stands in the socket's counters, what came
 * in was seen on the wire. Inferred at best; never what the application's own close() looks like.
 */
ALWAYS_INLINE int decide_not_shown(const struct close_evidence *e, struct close_decision *d)
{
	__u64 used = EVIDENCE(CLOSE_NOT_SHOWN);

	if (!(e->seen & EVIDENCE(CLOSE_NOT_SHOWN)) || e->seen & EVIDENCE(SEND_RESET) ||
	    e->state == TCP_STATE_FIN_WAIT2 || e->state == TCP_STATE_TIME_WAIT)
		return 0;
	if (e->seen & EVIDENCE(RST_IN_EXACT)) {
		decide_reset_by_peer(e, d);
		d->used |= used;
		if (!(e->seen & EVIDENCE(PEER_AFTER_RST)))
			d->confidence = CLOSE_IS_INFERRED;
		return 1;
	}
	if (e->state == TCP_STATE_SYN_SENT && e->seen & EVIDENCE(ICMP_IN))
		return decide(d, CLOSE_PATH_ICMP, cause_from_icmp(e), CLOSE_BY_PATH,
			      CLOSE_IS_INFERRED, used | EVIDENCE(ICMP_IN));
	if (state_in_handshake(e->state) && e->timer_retransmits)
		return decide(d, CLOSE_TIMEOUT_HANDSHAKE,
			      e->state == TCP_STATE_SYN_SENT ? CLOSE_CAUSE_SYN_UNANSWERED :
							       CLOSE_CAUSE_SYN_ACK_UNANSWERED,
			      CLOSE_BY_TIMEOUT, CLOSE_IS_INFERRED, used);
	if (state_waits_for_ack_of_fin(e->state))
		return e->timer_retransmits &&
		       decide(d, CLOSE_FIN_UNACKED_TIMEOUT, CLOSE_CAUSE_FIN_UNACKED,
			      CLOSE_BY_TIMEOUT, CLOSE_IS_INFERRED, used);
	if (!state_in_handshake(e->state) && e->probes && e->seen & EVIDENCE(KEEPALIVE_ON) &&
	    !e->unacked_bytes && !e->unsent_bytes)
		return decide(d, CLOSE_TIMEOUT_KEEPALIVE, CLOSE_CAUSE_KEEPALIVE, CLOSE_BY_TIMEOUT,
			      CLOSE_IS_INFERRED, used | EVIDENCE(KEEPALIVE_ON));
	if (!state_in_handshake(e->state) && (e->timer_retransmits || e->probes))
		return decide(d, CLOSE_TIMEOUT_DATA, cause_of_data_timeout(e), CLOSE_BY_TIMEOUT,
			      CLOSE_IS_INFERRED, used);
	return decide(d, CLOSE_ORPHAN_MID, CLOSE_CAUSE_SILENT, CLOSE_BY_UNKNOWN, CLOSE_IS_UNKNOWN,
		      used);
}

/* Where the kernel names a reason that admits one reading only, it decides. */
ALWAYS_INLINE int decide_by_reason(const struct close_evidence *e, struct close_decision *d)
{
	__u64 used = e->seen & (EVIDENCE(SEND_RESET) | EVIDENCE(KERNEL_REASON));
	__u8 cause;

	switch (e->reset_reason) {
	case RESET_REASON_TCP_ABORT_ON_MEMORY:
		return decide(d, CLOSE_LOCAL_RESOURCE, CLOSE_CAUSE_MEMORY, CLOSE_BY_LOCAL_KERNEL,
			      CLOSE_IS_PROVED, used);
	case RESET_REASON_TCP_ABORT_ON_CLOSE:
		cause = CLOSE_CAUSE_UNREAD_DATA;
		used |= e->seen & EVIDENCE(UNREAD);
		break;
	case RESET_REASON_TCP_ABORT_ON_LINGER:
		cause = CLOSE_CAUSE_LINGER2;
		used |= e->seen & EVIDENCE(LINGER2_NEGATIVE);
		break;
	case RESET_REASON_TCP_DISCONNECT_WITH_DATA:
		cause = CLOSE_CAUSE_UNSENT_DATA;
		break;
	default:
		return 0;
	}
	return decide(d, CLOSE_LOCAL_APP_ABORT, cause, CLOSE_BY_LOCAL_APP, CLOSE_IS_PROVED, used);
}

/* sk_err 0 and the socket's own fields: what the local side did. */
ALWAYS_INLINE int decide_local_abort(const struct close_evidence *e, struct close_decision *d)
{
	int both_shut = evidence_has(e, EVIDENCE(RCV_SHUTDOWN) | EVIDENCE(SEND_SHUTDOWN));
	int sent = (e->seen & EVIDENCE(SEND_RESET)) != 0;
	__u64 reset = e->seen & (EVIDENCE(SEND_RESET) | EVIDENCE(KERNEL_REASON));
	__u8 confidence = sent ? CLOSE_IS_PROVED : CLOSE_IS_INFERRED;

	if (e->state == TCP_STATE_SYN_SENT)
		return decide(d, CLOSE_LOCAL_CANCEL,
			      both_shut || e->seen & EVIDENCE(WIRE_OUT) ?
				      CLOSE_CAUSE_CLOSED_EARLY :
				      CLOSE_CAUSE_CONNECT_FAILED,
			      CLOSE_BY_LOCAL_APP, CLOSE_IS_PROVED,
			      e->seen & EVIDENCE(PROCESS_CONTEXT));
	if ((e->seen & EVIDENCE(LINGER2_NEGATIVE)) && (e->seen & EVIDENCE(ORPHAN)) &&
	    !e->unread_bytes &&
	    (e->state == TCP_STATE_FIN_WAIT1 || e->state == TCP_STATE_FIN_WAIT2))
		return decide(d, CLOSE_LOCAL_APP_ABORT, CLOSE_CAUSE_LINGER2, CLOSE_BY_LOCAL_APP,
			      CLOSE_IS_PROVED,
			      EVIDENCE(LINGER2_NEGATIVE) | EVIDENCE(ORPHAN) |
				      (e->seen & EVIDENCE(REPLY_RESET)));
	if (decide_by_reason(e, d))
		return 1;
	/* tcp_check_oom() resets what close() had already turned into a closing socket. */
	if (sent && (e->state == TCP_STATE_LAST_ACK || e->state == TCP_STATE_CLOSING))
		return decide(d, CLOSE_LOCAL_RESOURCE, CLOSE_CAUSE_MEMORY, CLOSE_BY_LOCAL_KERNEL,
			      CLOSE_IS_INFERRED, reset);
	/* A FIN_WAIT2 socket that has the peer's FIN is on its way to TIME_WAIT. */
	if (!state_can_abort(e->state) ||
	    (e->state == TCP_STATE_FIN_WAIT2 && !sent &&
	     ((e->seen & EVIDENCE(PEER_FIN)) || !(e->seen & EVIDENCE(UNREAD)))))
		return 0;
	if (both_shut && (e->seen & EVIDENCE(UNREAD)))
		return decide(d, CLOSE_LOCAL_APP_ABORT, CLOSE_CAUSE_UNREAD_DATA, CLOSE_BY_LOCAL_APP,
			      confidence, reset | EVIDENCE(UNREAD));
	if (both_shut && (e->seen & EVIDENCE(LINGER_ZERO)))
		return decide(d, CLOSE_LOCAL_APP_ABORT, CLOSE_CAUSE_LINGER0, CLOSE_BY_LOCAL_APP,
			      confidence, reset | EVIDENCE(LINGER_ZERO));
	if (both_shut && (e->seen & EVIDENCE(LINGER2_NEGATIVE)) && e->state == TCP_STATE_FIN_WAIT2)
		return decide(d, CLOSE_LOCAL_APP_ABORT, CLOSE_CAUSE_LINGER2, CLOSE_BY_LOCAL_APP,
			      confidence, reset | EVIDENCE(LINGER2_NEGATIVE));
	if (e->seen & EVIDENCE(NO_STRUCT_SOCKET) && !(e->seen & EVIDENCE(ORPHAN)) && !both_shut)
		return decide(d, CLOSE_LOCAL_UNACCEPTED, CLOSE_CAUSE_LISTENER_CLOSED,
			      CLOSE_BY_LOCAL_APP, confidence, reset | EVIDENCE(NO_STRUCT_SOCKET));
	if (sent && !both_shut)
		return decide(d, CLOSE_LOCAL_APP_ABORT, CLOSE_CAUSE_DISCONNECT, CLOSE_BY_LOCAL_APP,
			      CLOSE_IS_PROVED, reset);
	if (sent)
		return decide(d, CLOSE_LOCAL_RESOURCE, CLOSE_CAUSE_MEMORY, CLOSE_BY_LOCAL_KERNEL,
			      CLOSE_IS_INFERRED, reset);
	return 0;
}

ALWAYS_INLINE __u8 cause_of_fin(const struct close_evidence *e)
{
	if (e->state == TCP_STATE_CLOSING)
		return CLOSE_CAUSE_SIMULTANEOUS;
	if (e->state == TCP_STATE_LAST_ACK)
		return CLOSE_CAUSE_PEER_FIRST;
	return CLOSE_CAUSE_LOCAL_FIRST;
}

ALWAYS_INLINE __u8 initiator_of_fin(__u8 cause)
{
	return cause == CLOSE_CAUSE_PEER_FIRST ? CLOSE_BY_PEER : CLOSE_BY_LOCAL_APP;
}

/* No error, no abort: the FIN exchange, or something that was not seen whole. */
ALWAYS_INLINE int decide_fin(const struct close_evidence *e, struct close_decision *d)
{
	__u64 fin_seen = e->seen & (EVIDENCE(PEER_FIN) | EVIDENCE(FIN_IN) | EVIDENCE(FIN_OUT));
	__u8 cause = cause_of_fin(e);

	if (e->state == TCP_STATE_LAST_ACK || e->state == TCP_STATE_CLOSING)
		return decide(d, CLOSE_FIN_NORMAL, cause, initiator_of_fin(cause), CLOSE_IS_PROVED,
			      fin_seen);
	if (e->state != TCP_STATE_FIN_WAIT2 && e->state != TCP_STATE_TIME_WAIT)
		return decide(d, CLOSE_ORPHAN_MID, CLOSE_CAUSE_SILENT, CLOSE_BY_UNKNOWN,
			      CLOSE_IS_UNKNOWN, 0);
	if (e->seen & (EVIDENCE(PEER_FIN) | EVIDENCE(FIN_IN)))
		return decide(d, CLOSE_FIN_NORMAL, cause, initiator_of_fin(cause), CLOSE_IS_PROVED,
			      fin_seen);
	if (e->seen & (EVIDENCE(TIME_WAIT_RESET) | EVIDENCE(REPLY_RESET))) {
		d->benign = (e->seen & EVIDENCE(CLIENT)) != 0;
		return decide(d, CLOSE_LOCAL_LATE_DATA_RST,
			      e->seen & EVIDENCE(TIME_WAIT_RESET) ? CLOSE_CAUSE_DATA_AFTER_CLOSE :
								    CLOSE_CAUSE_DATA_AFTER_SHUTDOWN,
			      CLOSE_BY_LOCAL_KERNEL, CLOSE_IS_PROVED,
			      e->seen & (EVIDENCE(KERNEL_REASON) | EVIDENCE(TIME_WAIT_RESET) |
					 EVIDENCE(REPLY_RESET)));
	}
	if (e->seen & EVIDENCE(RST_IN))
		return decide(d, CLOSE_PEER_RESET, cause_of_peer_reset(e), CLOSE_BY_PEER,
			      CLOSE_IS_INFERRED, EVIDENCE(RST_IN));
	if (e->seen & EVIDENCE(FIN_WAIT2_EXPIRED))
		return decide(d, CLOSE_HALF_CLOSE_TIMEOUT, CLOSE_CAUSE_FIN_WAIT2_EXPIRED,
			      CLOSE_BY_PEER, CLOSE_IS_PROVED,
			      fin_seen | EVIDENCE(FIN_WAIT2_EXPIRED));
	/* TIME_WAIT hides the rest from the socket's tracepoints, and no interface is watched. */
	return decide(d, CLOSE_FIN_NORMAL, cause, initiator_of_fin(cause), CLOSE_IS_INFERRED,
		      fin_seen);
}

ALWAYS_INLINE void decide_socket(const struct close_evidence *e, struct close_decision *d)
{
	if (decide_killed(e, d) || decide_timeout(e, d) || decide_reset_received(e, d) ||
	    decide_not_shown(e, d) || decide_local_abort(e, d))
		return;
	decide_fin(e, d);
}

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
		d->benign = e->fin_first == 1 && synchronised; /* data was still coming */
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

ALWAYS_INLINE __u8 stage_of(const struct close_evidence *e, const struct close_decision *d)
{
	switch (e->subject) {
	case SUBJECT_REQUEST:
		return CLOSE_STAGE_HANDSHAKE;
	case SUBJECT_FORWARDED:
		if (!(e->seen & EVIDENCE(SYN_ACK_IN)) && e->local_syn_count)
			return CLOSE_STAGE_HANDSHAKE;
		return e->seen & (EVIDENCE(FIN_IN) | EVIDENCE(FIN_OUT)) ? CLOSE_STAGE_CLOSING :
									  CLOSE_STAGE_ESTABLISHED;
	case SUBJECT_REPLY:
		if (d->verdict == CLOSE_LOCAL_LATE_DATA_RST)
			return CLOSE_STAGE_AFTER_CLOSE;
		if (e->state)
			break;
		if (e->trigger_flags & TCP_FLAG_SYN || e->reply_state == TCP_STATE_LISTEN ||
		    e->reply_state == TCP_STATE_NEW_SYN_RECV)
			return CLOSE_STAGE_HANDSHAKE;
		return CLOSE_STAGE_ESTABLISHED;
	default:
		break;
	}
	if (d->cause == CLOSE_CAUSE_DATA_AFTER_CLOSE)
		return CLOSE_STAGE_AFTER_CLOSE;
	if (state_in_handshake(e->state))
		return CLOSE_STAGE_HANDSHAKE;
	return e->state == TCP_STATE_ESTABLISHED ? CLOSE_STAGE_ESTABLISHED : CLOSE_STAGE_CLOSING;
}

/* The name that a kernel with sk_rst_reason gives to this ending; NONE where no RST was sent. */
ALWAYS_INLINE __u8 reset_reason_derive(const struct close_decision *d,
				       const struct close_evidence *e)
{
	switch (d->verdict) {
	case CLOSE_LOCAL_APP_ABORT:
		switch (d->cause) {
		case CLOSE_CAUSE_UNREAD_DATA:
			return RESET_REASON_TCP_ABORT_ON_CLOSE;
		case CLOSE_CAUSE_LINGER2:
			return e->seen & EVIDENCE(SEND_RESET) ? RESET_REASON_TCP_ABORT_ON_LINGER :
								RESET_REASON_TCP_ABORT_ON_DATA;
		case CLOSE_CAUSE_UNSENT_DATA:
			return RESET_REASON_TCP_DISCONNECT_WITH_DATA;
		default:
			return RESET_REASON_TCP_STATE;
		}
	case CLOSE_LOCAL_UNACCEPTED:
		return RESET_REASON_TCP_STATE;
	case CLOSE_LOCAL_ADMIN_KILL:
		return d->cause == CLOSE_CAUSE_REPAIR ? RESET_REASON_NONE : RESET_REASON_TCP_STATE;
	case CLOSE_LOCAL_LATE_DATA_RST:
		return d->cause == CLOSE_CAUSE_DATA_AFTER_SHUTDOWN ?
			       RESET_REASON_TCP_ABORT_ON_DATA :
			       RESET_REASON_TCP_TIMEWAIT_SOCKET;
	case CLOSE_LOCAL_REFUSED:
	case CLOSE_LOCAL_NO_SOCKET:
		return RESET_REASON_NO_SOCKET;
	case CLOSE_LOCAL_LISTEN_OVERFLOW:
		/* Without tcp_abort_on_overflow the ACK is dropped in silence. */
		return e->subject == SUBJECT_REPLY ? RESET_REASON_INVALID_SYN : RESET_REASON_NONE;
	case CLOSE_LOCAL_BAD_SEGMENT_RST:
		return d->cause == CLOSE_CAUSE_STRAY_ACK ? RESET_REASON_TCP_FLAGS :
		       e->state == TCP_STATE_SYN_SENT	 ? RESET_REASON_TCP_INVALID_ACK_SEQUENCE :
							   RESET_REASON_NOT_SPECIFIED;
	case CLOSE_LOCAL_RESOURCE:
		return RESET_REASON_TCP_ABORT_ON_MEMORY;
	case CLOSE_TIMEOUT_KEEPALIVE:
		return RESET_REASON_TCP_KEEPALIVE_TIMEOUT;
	default:
		return RESET_REASON_NONE;
	}
}

/**
 * Decide who ended a connection, how and why.
 *
 * @evidence  One complete record; unknown facts are 0.
 * @decision  Overwritten whole. The verdict is never CLOSE_UNDECIDED: where the
 *            evidence does not reach it is CLOSE_ORPHAN_MID with confidence unknown.
 *
 * `proved` needs two observations that do not depend on each other, or one that
 * admits no other reading; everything else is `inferred`.
 */
ALWAYS_INLINE void close_decide(const struct close_evidence *evidence,
				struct close_decision *decision)
{
	__builtin_memset(decision, 0, sizeof(*decision));
	if (evidence->subject == SUBJECT_SOCKET)
		decide_socket(evidence, decision);
	else if (evidence->subject == SUBJECT_REPLY)
		decide_reply(evidence, decision);
	else if (evidence->subject == SUBJECT_REQUEST)
		decide_request(evidence, decision);
	else
		decide_forwarded(evidence, decision);
	decision->stage = stage_of(evidence, decision);
	decision->reset_reason = reset_reason_derive(decision, evidence);
	if (evidence->reset_reason > RESET_REASON_NOT_SPECIFIED) {
		decision->reset_reason = evidence->reset_reason;
		return;
	}
	decision->reason_derived = decision->reset_reason != RESET_REASON_NONE;
}

/* What the tracer shows without --all: everything but the clean closes and the benign. */
ALWAYS_INLINE int close_is_abnormal(const struct close_decision *decision)
{
	return decision->verdict != CLOSE_FIN_NORMAL && !decision->benign;
}

#endif
