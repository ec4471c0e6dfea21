/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One TCP connection as Zeek sees it: conn_state, history and packet counts by Zeek's rules, which
 * are not the kernel's. Pure: packets and the time go in, nothing is read or printed.
 *
 * The rules were read in zeek/zeek@a13de64: TCPSessionAdapter.cc and TCP.cc (packet_analysis),
 * TCP_Endpoint.cc and TCP_Reassembler.cc (analyzer), Reassem.cc, Session.cc, conn/main.zeek. What
 * is simpler here is listed in docs/zeek-differences.md.
 */
#ifndef USER_REPLAY_ZEEK_CONN_H
#define USER_REPLAY_ZEEK_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "include/packet_view.h"

enum zeek_endpoint_state {
	ZEEK_INACTIVE,
	ZEEK_SYN_SENT,
	ZEEK_SYN_ACK_SENT,
	ZEEK_PARTIAL, /* data without a handshake */
	ZEEK_ESTABLISHED,
	ZEEK_CLOSED, /* sent FIN */
	ZEEK_RESET, /* sent RST */
};

/* A letter whose repetitions are shown at the 1st, 10th, 100th... time. */
struct zeek_scaled {
	uint32_t count;
	uint32_t next;
};

struct zeek_holes;

/**
 * What one end sent. Sequence numbers named rel_ count from the SYN, 64 bits wide.
 *
 * @reassembled  rel_: all data before it was seen or given up. @trimmed what was acknowledged.
 * @holes        Data that came behind a hole; NULL mostly. Owned.
 */
struct zeek_endpoint {
	uint32_t start_seq;
	uint32_t last_seq; /* behind the last one sent */
	uint32_t ack_seq; /* of it, acknowledged by the other end */
	uint32_t seq_wraps;
	uint32_t ack_wraps;
	uint32_t fin_count;
	uint64_t rel_fin;
	uint64_t rel_last_syn;
	uint64_t rel_last_fin;
	uint64_t rel_last_rst;
	uint64_t reassembled;
	uint64_t trimmed;
	struct zeek_holes *holes;
	struct zeek_scaled gaps;
	struct zeek_scaled bad_checksums;
	struct zeek_scaled retransmits;
	struct zeek_scaled zero_windows;
	uint64_t packets;
	uint64_t ip_bytes;
	uint8_t state; /* enum zeek_endpoint_state */
	uint8_t previous;
	bool did_close;
	bool did_eof;
	bool skips_data; /* too much at once: its data are no longer followed */
	bool is_first_seen;
};

/* Longer histories are cut: a hostile capture can make them as long as itself. */
#define ZEEK_HISTORY_MAX 55

/**
 * @end        By the caller's numbering: zeek_packet.sender.
 * @originator Which of the two is Zeek's originator now: roles flip.
 */
struct zeek_conn {
	struct zeek_endpoint end[2];
	uint64_t start_ns;
	uint64_t last_ns;
	/* Timers of capture time, 0 = off. */
	uint64_t expire_at[2];
	uint64_t attempt_at;
	uint64_t delete_at;
	uint64_t inactive_at;
	uint64_t inactive_after_ns;
	uint32_t seen_letters;
	uint16_t ports[2]; /* of `end`, host order */
	uint8_t originator;
	bool is_partial;
	bool is_active;
	bool close_is_deferred;
	uint8_t history_len;
	char history[ZEEK_HISTORY_MAX + 1];
};

/**
 * One TCP packet.
 *
 * @sender         Index of its sender in zeek_conn.end.
 * @payload        Bytes by the IP length. @captured as many of them as the capture has.
 * @ip_bytes       By the IP length.
 * @bad_checksum   The packet is counted as damaged and does nothing else.
 * @header_is_cut  Its TCP header is not whole: the packet makes a connection, and no more.
 */
struct zeek_packet {
	uint64_t time_ns;
	uint32_t seq;
	uint32_t ack;
	uint32_t payload;
	uint32_t captured;
	uint32_t ip_bytes;
	uint16_t window;
	uint8_t flags; /* TCP_FLAG_* */
	uint8_t sender;
	bool bad_checksum;
	bool header_is_cut;
};

/* Begin with the packet that will be taken next. Ports in host order. */
void zeek_conn_init(struct zeek_conn *conn, const struct zeek_packet *packet, uint16_t source_port,
		    uint16_t dest_port);
void zeek_conn_release(struct zeek_conn *conn);

/* Whether this packet begins another connection: end this one and init a new one. */
bool zeek_conn_is_reuse(const struct zeek_conn *conn, const struct zeek_packet *packet);

void zeek_conn_take(struct zeek_conn *conn, const struct zeek_packet *packet);

/* When zeek_conn_expire() wants to be called next; UINT64_MAX = never. */
uint64_t zeek_conn_due(const struct zeek_conn *conn);

/* Run the timers that are due. True when the connection is over: log it and forget it. */
bool zeek_conn_expire(struct zeek_conn *conn, uint64_t now_ns);

/* S0, SF, REJ...: reference in docs/zeek-differences.md. Never NULL. */
const char *zeek_conn_state(const struct zeek_conn *conn);

static inline const struct zeek_endpoint *zeek_conn_originator(const struct zeek_conn *conn)
{
	return &conn->end[conn->originator];
}

static inline const struct zeek_endpoint *zeek_conn_responder(const struct zeek_conn *conn)
{
	return &conn->end[!conn->originator];
}

/* Payload bytes that it sent, by its sequence numbers. */
uint64_t zeek_endpoint_size(const struct zeek_endpoint *end, const struct zeek_endpoint *peer);

#endif
