/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the wire showed of one flow: the value of the flow map. Only SYN, FIN,
 * RST and ICMP errors write here; data packets never reach it.
 */
#ifndef CLOSETRACE_FLOW_STATE_H
#define CLOSETRACE_FLOW_STATE_H

#include "include/compiler.h"

/* Where a packet was seen. Numbers are part of the ABI. */
enum wire_hook {
	WIRE_HOOK_NONE = 0,
	WIRE_HOOK_XDP_IN = 1,
	WIRE_HOOK_TC_IN = 2,
	WIRE_HOOK_TC_OUT = 3,
};

/* Who made a RST, as far as the first hook that saw it can tell. */
enum rst_origin {
	RST_ORIGIN_UNKNOWN = 0,
	RST_ORIGIN_RECEIVED = 1, /* came in through an interface */
	RST_ORIGIN_SOCKET = 2, /* left here, owned by a full socket */
	RST_ORIGIN_STACK = 3, /* left here, a reply of the TCP stack without a full socket */
	RST_ORIGIN_FIREWALL = 4, /* left here, neither a socket's nor the stack's nor forwarded */
};

/* flow_side.marks */
#define FLOW_SIDE_CLIENT 0x01 /* sent a SYN without ACK */
#define FLOW_SIDE_SYN_ACK 0x02 /* sent a SYN with ACK */
#define FLOW_SIDE_SOCKET 0x04 /* its socket lives, or lived, in this namespace */
#define FLOW_SIDE_REPORTED 0x08 /* its ending was reported: later resets are consequences */
#define FLOW_SIDE_RSTS_DISAGREE 0x10 /* sent resets with different sequence or ack numbers */
#define FLOW_SIDE_WATCHED 0x20 /* the watch map has an entry that waits for the peer */
#define FLOW_SIDE_RST_ACCEPTED 0x40 /* a RST that it sent ended the peer's socket */
#define FLOW_SIDE_OVERFLOWED 0x80 /* its listener dropped the final ACK: accept queue full */

/**
 * The packets that one endpoint sent.
 *
 * Times are CLOCK_MONOTONIC nanoseconds, 0 = never. Sequence numbers are in host
 * order. Counts are of packets at the direction's home: the interface and hook
 * that saw its first packet; a packet that crosses several interfaces counts once.
 *
 * @syn_ns         First SYN of this connection.
 * @fin_seq        Sequence number behind the FIN.
 * @ip_id          IPv4 identification of the SYN or SYN-ACK.
 * @rst_announced  RSTs that tcp_send_reset told of and no egress hook has seen yet:
 *                 already counted, not to be counted again.
 * @is_grouped     Its ending was only counted (include/storm.h): the flow goes with its last RST.
 * @awaits_socket  The stack has sent RST as if it had no socket, but none was told to have ended: the
 *                 watch map has that RST's record, until its socket's takes its place.
 * @ttl_min @ttl_max  Of SYN and FIN packets. 0 = none seen.
 */
struct flow_side {
	__u64 syn_ns;
	__u64 fin_ns;
	__u64 rst_ns;
	__u32 syn_count;
	__u32 fin_count;
	__u32 rst_count;
	__u32 home_ifindex;
	__u32 isn;
	__u32 fin_seq;
	__u32 rst_seq;
	__u32 rst_ack;
	__u16 ip_id;
	__u16 rst_ip_id;
	__u16 rst_window;
	__u8 home_hook; /* enum wire_hook */
	__u8 ttl_min;
	__u8 ttl_max;
	__u8 rst_ttl;
	__u8 rst_flags; /* TCP_FLAG_* of the last RST */
	__u8 rst_origin; /* enum rst_origin of the last RST */
	__u8 marks; /* FLOW_SIDE_* */
	__u8 rst_announced : 6;
	__u8 is_grouped : 1;
	__u8 awaits_socket : 1;
};
ABI_SIZE(struct flow_side, 72);

/**
 * @side         Indexed as the endpoints of struct flow_key.
 * @icmp_type    Last ICMP error that quoted this flow; the endpoint it concerns is
 *               `icmp_side` (the one whose packet is quoted). Type 0 = none.
 * @icmp_from_peer  1 when the other endpoint itself sent the error, 0 for a router.
 * @tally        FLOW_TALLY_* of include/flow_tally.h, 0 where nobody counts conversations; in the
 *               upper half the generation: raised when a new connection reuses the tuple.
 */
struct flow_state {
	__u64 first_ns;
	__u64 last_ns;
	struct flow_side side[2];
	__u32 tally;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 icmp_side;
	__u8 icmp_from_peer;
};
/* With its key and the head of a hash entry it fills four cache lines. */
ABI_SIZE(struct flow_state, 168);

#define FLOW_GENERATION_ONE 0x10000u

ALWAYS_INLINE __u32 flow_generation(const struct flow_state *flow)
{
	return flow->tally / FLOW_GENERATION_ONE;
}

#endif
