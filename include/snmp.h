/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: which of the kernel's own counters (/proc/net/snmp and netstat) an ending must have
 * raised. The ledger holds the sum against what the kernel says.
 *
 * Where Linux 6.1 to 6.18 raises them (net/ipv4/):
 *
 * OutRsts           tcp_send_active_reset(), before it has a packet: once for every active reset;
 *                   tcp_v4_send_reset() and tcp_v6_send_response(): once for every reply, be it
 *                   for a listener, a request, TIME_WAIT or no socket. Not for those of
 *                   netfilter (nf_send_reset) and not for forwarded ones.
 * EstabResets       tcp_set_state(): ->CLOSE from ESTABLISHED or CLOSE_WAIT, whoever did it.
 * AttemptFails      tcp_done() of a socket in SYN_SENT or SYN_RECV: a RST, an ICMP error, a
 *                   timeout, SOCK_DESTROY, but neither close() nor a SYN that could not be sent;
 *                   tcp_check_req(): a RST or a SYN in the window of a half-open handshake;
 *                   tcp_v4_syn_recv_sock() and subflow_syn_recv_sock(), when the new socket
 *                   cannot be or must not be: tcp_done() without an error.
 * TCPAbortOnClose   __tcp_close() with unread data.
 * TCPAbortOnData    __tcp_close() with SO_LINGER 0, from SYN_SENT too; tcp_rcv_state_process():
 *                   data after the socket had stopped reading, and the ACK of an orphan's FIN
 *                   when TCP_LINGER2 is negative.
 * TCPAbortOnLinger  __tcp_close() in FIN_WAIT2 when TCP_LINGER2 is negative.
 * TCPAbortOnMemory  __tcp_close() and tcp_out_of_resources(), when tcp_check_oom() says so.
 * TCPAbortOnTimeout tcp_write_err(): data, FIN, SYN, window or keepalive probes in vain. An
 *                   ICMP message that ends a connecting socket does not raise it, except when
 *                   none but the first SYN was answered by one: not told apart here.
 * TCPAbortFailed    tcp_send_active_reset(): no memory, or tcp_transmit_skb() refused (a firewall
 *                   rule, no route, a full queue). OutRsts has it, the wire has not.
 * ListenOverflows   tcp_conn_request() and tcp_v4_syn_recv_sock() with a full accept queue.
 *                   Only with tcp_abort_on_overflow is that an ending at once.
 * TCPTimeouts       tcp_retransmit_timer() and tcp_syn_ack_timeout(): each time that a timer ran
 *                   out, most of them of connections that go on. No equality: shown as it is.
 */
#ifndef CLOSETRACE_SNMP_H
#define CLOSETRACE_SNMP_H

#include "include/decide.h"

/* X(ID, "name" as in /proc/net): those that endings raise. */
#define SNMP_OF_ENDINGS(X)                                                                         \
	X(ESTAB_RESETS, "EstabResets")                                                             \
	X(ATTEMPT_FAILS, "AttemptFails")                                                           \
	X(ABORT_ON_DATA, "TCPAbortOnData")                                                         \
	X(ABORT_ON_CLOSE, "TCPAbortOnClose")                                                       \
	X(ABORT_ON_MEMORY, "TCPAbortOnMemory")                                                     \
	X(ABORT_ON_TIMEOUT, "TCPAbortOnTimeout")                                                   \
	X(ABORT_ON_LINGER, "TCPAbortOnLinger")

/* The rest: of packets and timers. */
#define SNMP_OTHERS(X)                                                                             \
	X(OUT_RSTS, "OutRsts")                                                                     \
	X(ABORT_FAILED, "TCPAbortFailed")                                                          \
	X(LISTEN_OVERFLOWS, "ListenOverflows")                                                     \
	X(TIMEOUTS, "TCPTimeouts")

#define SNMP_ENUM(id, ...) SNMP_##id,
enum snmp_counter {
	SNMP_OF_ENDINGS(SNMP_ENUM) SNMP_OF_ENDINGS_COUNT,
	SNMP_BEFORE_OTHERS = SNMP_OF_ENDINGS_COUNT - 1,
	SNMP_OTHERS(SNMP_ENUM) SNMP_COUNT
};
#define SNMP_BIT(id) (1U << SNMP_##id)

ALWAYS_INLINE __u32 snmp_of_transition(__u8 state, __u16 error)
{
	if (state == TCP_STATE_ESTABLISHED || state == TCP_STATE_CLOSE_WAIT)
		return SNMP_BIT(ESTAB_RESETS);
	if ((state == TCP_STATE_SYN_SENT || state == TCP_STATE_SYN_RECV) && error)
		return SNMP_BIT(ATTEMPT_FAILS);
	return 0;
}

/* A half-open handshake that a packet ended: tcp_check_req(), subflow_syn_recv_sock(). */
ALWAYS_INLINE __u32 snmp_of_request(const struct close_evidence *e, const struct close_decision *d)
{
	if (d->cause == CLOSE_CAUSE_MPTCP_SUBFLOW)
		return SNMP_BIT(ATTEMPT_FAILS);
	if (e->subject == SUBJECT_REQUEST)
		return e->seen & EVIDENCE(RST_IN) ? SNMP_BIT(ATTEMPT_FAILS) : 0;
	if (e->subject == SUBJECT_REPLY && !e->state &&
	    e->reset_reason == RESET_REASON_INVALID_SYN && (e->trigger_flags & TCP_FLAG_SYN))
		return SNMP_BIT(ATTEMPT_FAILS);
	return 0;
}

ALWAYS_INLINE __u32 snmp_of_app_abort(const struct close_evidence *e,
				      const struct close_decision *d)
{
	switch (d->cause) {
	case CLOSE_CAUSE_UNREAD_DATA:
		return SNMP_BIT(ABORT_ON_CLOSE);
	case CLOSE_CAUSE_LINGER0:
		return SNMP_BIT(ABORT_ON_DATA);
	case CLOSE_CAUSE_LINGER2:
		return e->seen & EVIDENCE(SEND_RESET) ? SNMP_BIT(ABORT_ON_LINGER) :
							SNMP_BIT(ABORT_ON_DATA);
	default:
		return 0;
	}
}

/**
 * SNMP_BIT(...) of every counter that the kernel has raised by one for this ending.
 *
 * @d  close_decide() of `e`. Evidence that comes later may change the answer.
 */
ALWAYS_INLINE __u32 snmp_of_ending(const struct close_evidence *e, const struct close_decision *d)
{
	__u32 raised;

	if (e->subject != SUBJECT_SOCKET)
		return snmp_of_request(e, d);
	raised = snmp_of_transition(e->state, e->error);
	/* A listener that closes sends RST to its children instead. */
	if (e->state == TCP_STATE_SYN_RECV && !(e->seen & EVIDENCE(SEND_RESET)) &&
	    (e->seen & EVIDENCE(NO_STRUCT_SOCKET)))
		raised |= SNMP_BIT(ATTEMPT_FAILS);
	switch (d->verdict) {
	case CLOSE_LOCAL_APP_ABORT:
		return raised | snmp_of_app_abort(e, d);
	case CLOSE_PATH_ICMP: /* whose error was read before the close */
	case CLOSE_LOCAL_CANCEL:
		/* close(), not connect(AF_UNSPEC), which does not shut down. */
		if (!e->error && evidence_has(e, EVIDENCE(LINGER_ZERO) | EVIDENCE(RCV_SHUTDOWN)))
			raised |= SNMP_BIT(ABORT_ON_DATA);
		return raised;
	case CLOSE_LOCAL_LATE_DATA_RST:
		if (d->cause == CLOSE_CAUSE_DATA_AFTER_SHUTDOWN)
			raised |= SNMP_BIT(ABORT_ON_DATA);
		return raised;
	case CLOSE_LOCAL_RESOURCE:
		return raised | SNMP_BIT(ABORT_ON_MEMORY);
	case CLOSE_TIMEOUT_HANDSHAKE:
	case CLOSE_TIMEOUT_DATA:
	case CLOSE_TIMEOUT_KEEPALIVE:
	case CLOSE_FIN_UNACKED_TIMEOUT:
		return raised | SNMP_BIT(ABORT_ON_TIMEOUT);
	default:
		return raised;
	}
}

#endif
