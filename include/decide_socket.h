/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: the rules for a full socket of this host. The order of the functions is the order of
 * precedence.
 */
#ifndef CLOSETRACE_DECIDE_SOCKET_H
#define CLOSETRACE_DECIDE_SOCKET_H

#include "include/close_decision.h"

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

/* An ICMP error for what is in flight says who does not let it through. */
ALWAYS_INLINE __u8 initiator_of_timeout(const struct close_evidence *e)
{
	return e->seen & EVIDENCE(ICMP_IN) ? initiator_of_icmp(e) : CLOSE_BY_TIMEOUT;
}

/* Nobody can answer what never left: not the peer, and not the path. */
ALWAYS_INLINE int decide_timeout_here(const struct close_evidence *e, struct close_decision *d)
{
	__u8 verdict = CLOSE_TIMEOUT_DATA;

	if (!evidence_never_left(e))
		return 0;
	if (state_in_handshake(e->state))
		verdict = CLOSE_TIMEOUT_HANDSHAKE;
	else if (e->seen & EVIDENCE(SEND_RESET))
		verdict = CLOSE_TIMEOUT_KEEPALIVE;
	return decide(d, verdict, CLOSE_CAUSE_NEVER_LEFT, initiator_of_own_drop(e), CLOSE_IS_PROVED,
		      e->seen & NEVER_LEFT_SIGNS);
}

/* Only the keepalive timer sends a RST when it gives up (tcp_keepalive_timer). */
ALWAYS_INLINE int decide_timeout(const struct close_evidence *e, struct close_decision *d)
{
	__u64 soft = e->seen & (ICMP_SIGNS | EVIDENCE(ERROR_REPORT));

	if (e->error != EVIDENCE_ETIMEDOUT && !error_is_from_icmp(e->error))
		return 0;
	if (!(e->seen & EVIDENCE(ICMP_IN)) && decide_timeout_here(e, d))
		return 1;
	if (state_in_handshake(e->state)) {
		if (error_is_from_icmp(e->error))
			return decide(d, CLOSE_PATH_ICMP, cause_from_icmp(e), initiator_of_icmp(e),
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
	/* What passes and what does not is inferred from sizes. */
	if (e->seen & EVIDENCE(SMALL_PASS))
		return decide(d, CLOSE_TIMEOUT_DATA, CLOSE_CAUSE_MTU_BLACK_HOLE, CLOSE_BY_TIMEOUT,
			      CLOSE_IS_INFERRED, soft | EVIDENCE(SMALL_PASS));
	if (state_waits_for_ack_of_fin(e->state) && !(e->seen & EVIDENCE(FIN_UNSENT)))
		return decide(d, CLOSE_FIN_UNACKED_TIMEOUT, CLOSE_CAUSE_FIN_UNACKED,
			      initiator_of_timeout(e), CLOSE_IS_PROVED, soft);
	return decide(d, CLOSE_TIMEOUT_DATA, cause_of_data_timeout(e), initiator_of_timeout(e),
		      CLOSE_IS_PROVED, soft);
}

/*
 * What the stack of a closed socket does with data: it answers by RST. Who had sent it when the peer's
 * FIN was taken could not know; who sent it later could.
 */
ALWAYS_INLINE __u8 cause_of_reset_socket(const struct close_evidence *e)
{
	if (e->seen & EVIDENCE(FIN_CROSSED))
		return CLOSE_CAUSE_KEEPALIVE_RACE;
	if (e->seen & EVIDENCE(SENT_AFTER_FIN))
		return CLOSE_CAUSE_STALE_POOL;
	return cause_of_peer_reset(e);
}

/* An accepted RST: whose was it? */
ALWAYS_INLINE int decide_reset_by_peer(const struct close_evidence *e, struct close_decision *d)
{
	__u64 used =
		e->seen & (EVIDENCE(RECEIVE_RESET) | EVIDENCE(RST_IN) | EVIDENCE(RST_IN_EXACT) |
			   EVIDENCE(FIN_CROSSED) | EVIDENCE(SENT_AFTER_FIN));
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
	return decide(d, CLOSE_PEER_RESET, cause_of_reset_socket(e), CLOSE_BY_PEER, confidence,
		      used);
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
			return decide(d, CLOSE_PATH_ICMP, cause_from_icmp(e), initiator_of_icmp(e),
				      e->seen & EVIDENCE(ICMP_IN) ? CLOSE_IS_PROVED :
								    CLOSE_IS_INFERRED,
				      e->seen & ICMP_SIGNS);
		return 0;
	}
	if (e->seen & EVIDENCE(REPLY_RESET)) {
		return decide(d, CLOSE_LOCAL_LATE_DATA_RST, CLOSE_CAUSE_DATA_AFTER_SHUTDOWN,
			      CLOSE_BY_LOCAL_KERNEL, CLOSE_IS_PROVED, used | EVIDENCE(REPLY_RESET));
	}
	if (had_stopped_reading && !(e->seen & EVIDENCE(RST_IN)) &&
	    (e->seen & EVIDENCE(WIRE_HOOKED)) && (e->seen & EVIDENCE(WIRE_IN))) {
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
		return decide(d, CLOSE_PATH_ICMP, cause_from_icmp(e), initiator_of_icmp(e),
			      CLOSE_IS_INFERRED, used | (e->seen & ICMP_SIGNS));
	if (state_in_handshake(e->state) && e->timer_retransmits)
		return decide(d, CLOSE_TIMEOUT_HANDSHAKE,
			      e->state == TCP_STATE_SYN_SENT ? CLOSE_CAUSE_SYN_UNANSWERED :
							       CLOSE_CAUSE_SYN_ACK_UNANSWERED,
			      CLOSE_BY_TIMEOUT, CLOSE_IS_INFERRED, used);
	if (state_waits_for_ack_of_fin(e->state) && !(e->seen & EVIDENCE(FIN_UNSENT)))
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

	/* The error was read, which clears it, before the socket was closed. */
	if (e->state == TCP_STATE_SYN_SENT && e->seen & EVIDENCE(ICMP_IN))
		return decide(d, CLOSE_PATH_ICMP, cause_from_icmp(e), initiator_of_icmp(e),
			      CLOSE_IS_INFERRED,
			      e->seen & (ICMP_SIGNS | EVIDENCE(PROCESS_CONTEXT)));
	if (e->state == TCP_STATE_SYN_SENT && evidence_never_left(e) &&
	    (both_shut || e->seen & EVIDENCE(OWN_DROP)))
		return decide(d, CLOSE_LOCAL_CANCEL, CLOSE_CAUSE_NEVER_LEFT, CLOSE_BY_LOCAL_APP,
			      CLOSE_IS_PROVED,
			      e->seen & (NEVER_LEFT_SIGNS | EVIDENCE(PROCESS_CONTEXT)));
	if (e->state == TCP_STATE_SYN_SENT && e->seen & EVIDENCE(NO_LOCAL_PORT))
		return decide(d, CLOSE_LOCAL_CANCEL, CLOSE_CAUSE_NO_LOCAL_PORT,
			      CLOSE_BY_LOCAL_KERNEL, CLOSE_IS_INFERRED,
			      e->seen & (EVIDENCE(NO_LOCAL_PORT) | EVIDENCE(PROCESS_CONTEXT)));
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

/* The exchange was clean, but not because anybody meant to end it. */
ALWAYS_INLINE void decide_fin_of_the_dead(const struct close_evidence *e, struct close_decision *d)
{
	if (d->verdict != CLOSE_FIN_NORMAL || !(e->seen & EVIDENCE(CLOSER_DIED)))
		return;
	d->cause = CLOSE_CAUSE_PROCESS_DIED;
	d->used |= EVIDENCE(CLOSER_DIED);
}

ALWAYS_INLINE void decide_socket(const struct close_evidence *e, struct close_decision *d)
{
	if (decide_killed(e, d) || decide_timeout(e, d) || decide_reset_received(e, d) ||
	    decide_not_shown(e, d) || decide_local_abort(e, d))
		return;
	decide_fin(e, d);
	decide_fin_of_the_dead(e, d);
}

#endif
