/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: which end of a decided record is which, and what the ending adds to counts. Where endings
 * are only counted (storms) the kernel adds up; else user space does, by the same text.
 */
#ifndef CLOSETRACE_ENDING_COUNTS_H
#define CLOSETRACE_ENDING_COUNTS_H

#include "include/record.h"

/* What of the local end is known; a forwarded connection has none. */
enum connection_role {
	CONNECTION_ROLE_UNKNOWN,
	CONNECTION_ROLE_CLIENT,
	CONNECTION_ROLE_SERVER,
};

/* Which end is the client. "local" for a forwarded connection, too. */
enum connection_client {
	CONNECTION_CLIENT_UNKNOWN,
	CONNECTION_CLIENT_LOCAL,
	CONNECTION_CLIENT_PEER,
};

/* enum connection_role. A request socket, a listener's reply and the answer to a SYN are a server's. */
ALWAYS_INLINE __u8 ending_role(const struct close_evidence *e)
{
	__u64 roles = e->seen & (EVIDENCE(CLIENT) | EVIDENCE(SERVER));

	if (e->subject == SUBJECT_FORWARDED)
		return CONNECTION_ROLE_UNKNOWN;
	if (roles == EVIDENCE(CLIENT))
		return CONNECTION_ROLE_CLIENT;
	if (roles == EVIDENCE(SERVER))
		return CONNECTION_ROLE_SERVER;
	if (roles)
		return CONNECTION_ROLE_UNKNOWN;
	if (e->subject == SUBJECT_REQUEST)
		return CONNECTION_ROLE_SERVER;
	if (e->subject == SUBJECT_REPLY && !e->state &&
	    (e->reply_state == TCP_STATE_LISTEN || e->reply_state == TCP_STATE_NEW_SYN_RECV ||
	     (e->trigger_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN))
		return CONNECTION_ROLE_SERVER;
	return CONNECTION_ROLE_UNKNOWN;
}

/* enum connection_client. */
ALWAYS_INLINE __u8 ending_client(const struct close_evidence *e)
{
	__u8 role = ending_role(e);

	if (e->subject == SUBJECT_FORWARDED || role == CONNECTION_ROLE_CLIENT)
		return CONNECTION_CLIENT_LOCAL;
	return role == CONNECTION_ROLE_SERVER ? CONNECTION_CLIENT_PEER : CONNECTION_CLIENT_UNKNOWN;
}

/* Whether the local end is the client; where nothing tells, the lower port serves. */
ALWAYS_INLINE int ending_client_is_local(const struct close_record *record)
{
	__u8 client = ending_client(&record->evidence);
	int local = record->local_side & 1;

	if (client != CONNECTION_CLIENT_UNKNOWN)
		return client == CONNECTION_CLIENT_LOCAL;
	return NET_TO_HOST_16(record->key.port[local]) >
	       NET_TO_HOST_16(record->key.port[(local ^ 1) & 1]);
}

ALWAYS_INLINE int ending_had_handshake(const struct close_evidence *e)
{
	return (e->seen & EVIDENCE(ESTABLISHED)) ||
	       (e->subject == SUBJECT_FORWARDED && (e->seen & EVIDENCE(SYN_ACK_IN)));
}

/* TALLY_BIT() of how it closed: one. */
ALWAYS_INLINE __u32 ending_mode(const struct close_record *record)
{
	const struct close_evidence *e = &record->evidence;
	__u32 timed = tally_bits_of_verdict(record->decision.verdict);
	int peer_fin = e->peer_fin_count || (e->seen & EVIDENCE(PEER_FIN));

	if (timed)
		return timed;
	if (record->decision.verdict == CLOSE_FIN_NORMAL || (e->local_fin_count && peer_fin))
		return TALLY_BIT(CLOSED_FIN);
	if (!ending_had_handshake(e))
		return TALLY_BIT(RST_NO_CT);
	return e->local_fin_count || peer_fin ? TALLY_BIT(CLOSED_FIN_RST) : TALLY_BIT(CLOSED_RST);
}

#define ENDING_ADD(sum, number)                                                                    \
	do {                                                                                       \
		if (number)                                                                        \
			__sync_fetch_and_add(&(sum), (number));                                    \
	} while (0)
#define ENDING_ADD_MODE(sums, mode, id)                                                            \
	ENDING_ADD((sums)->counts[TALLY_##id], (__u64)(((mode) >> TALLY_##id) & 1))

/**
 * Add one ending: its packets until then, one connection, and how it closed.
 *
 * @sums  Others may add to it at the same time.
 */
ALWAYS_INLINE void ending_sums_add(struct ending_sums *sums, const struct close_record *record)
{
	const struct close_evidence *e = &record->evidence;
	int by_client = ending_client_is_local(record);
	__u64 client_fin = by_client ? e->local_fin_count : e->peer_fin_count;
	__u64 server_fin = by_client ? e->peer_fin_count : e->local_fin_count;
	__u64 client_rst = by_client ? e->local_rst_count : e->peer_rst_count;
	__u64 server_rst = by_client ? e->peer_rst_count : e->local_rst_count;
	__u64 client_syn = by_client ? e->local_syn_count : e->peer_syn_count;
	__u64 server_syn = by_client ? e->peer_syn_count : e->local_syn_count;
	__u32 mode = ending_mode(record);

	ENDING_ADD(sums->counts[TALLY_SYN_CLT], client_syn);
	ENDING_ADD(sums->counts[TALLY_SYN_SRV], server_syn);
	ENDING_ADD(sums->counts[TALLY_FIN_CLT], client_fin);
	ENDING_ADD(sums->counts[TALLY_FIN_SRV], server_fin);
	ENDING_ADD(sums->counts[TALLY_RST_CLT], client_rst);
	ENDING_ADD(sums->counts[TALLY_RST_SRV], server_rst);
	ENDING_ADD(sums->counts[TALLY_CT], (__u64) !!ending_had_handshake(e));
	__sync_fetch_and_add(&sums->counts[TALLY_OPENED], 1);
	ENDING_ADD_MODE(sums, mode, CLOSED_FIN);
	ENDING_ADD_MODE(sums, mode, CLOSED_FIN_RST);
	ENDING_ADD_MODE(sums, mode, CLOSED_RST);
	ENDING_ADD_MODE(sums, mode, RST_NO_CT);
	ENDING_ADD_MODE(sums, mode, HALF_CLOSED);
	ENDING_ADD_MODE(sums, mode, TIMED_OUT);
	ENDING_ADD(sums->counts[TALLY_RST_OWN_FIN],
		   (__u64)(client_rst && client_fin && !server_fin));
	ENDING_ADD(sums->counts[TALLY_GUESSED],
		   (__u64)(ending_client(e) == CONNECTION_CLIENT_UNKNOWN));
	ENDING_ADD(sums->bytes_sent, record->bytes_sent);
	ENDING_ADD(sums->bytes_received, record->bytes_received);
}

#endif
