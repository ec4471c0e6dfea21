/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: from evidence to verdict. No maps, no helpers, no clock: the same code
 * decides in the kernel, in the tracer, in replay and in the tests.
 *
 * Sources: RFC 9293 sections 3.5 and 3.6, RFC 2525 section 2.17, net/ipv4/tcp.c, tcp_input.c,
 * tcp_timer.c, tcp_minisocks.c of Linux 6.1 to 6.18.
 */
#ifndef CLOSETRACE_DECIDE_H
#define CLOSETRACE_DECIDE_H

#include "include/decide_socket.h"
#include "include/decide_wire.h"

ALWAYS_INLINE __u8 stage_of(const struct close_evidence *e, const struct close_decision *d)
{
	switch (e->subject) {
	case SUBJECT_REQUEST:
	case SUBJECT_LISTENER:
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
	else if (evidence->subject == SUBJECT_LISTENER)
		decide_listener(evidence, decision);
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

/*
 * What the tracer shows without --all: everything but the clean closes and the benign. A clean close
 * of a process that crashed is not what anybody meant.
 */
ALWAYS_INLINE int close_is_abnormal(const struct close_decision *decision)
{
	return (decision->verdict != CLOSE_FIN_NORMAL ||
		decision->cause == CLOSE_CAUSE_PROCESS_DIED) &&
	       !decision->benign;
}

#endif
