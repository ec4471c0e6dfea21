/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: what one packet, or one event of a socket, adds to the counts of its conversation
 * (client address, server address, server port). Only `flows` and `top` ask for it. The counts
 * live in a map of their own, so that a flow that is evicted takes nothing with it.
 */
#ifndef CLOSETRACE_FLOW_TALLY_H
#define CLOSETRACE_FLOW_TALLY_H

#include "include/flow_key.h"
#include "include/flow_state.h"
#include "include/packet_view.h"
#include "include/verdict.h"

/* X(ID, name, meaning). Numbers are places in struct tally_counts. */
#define TALLY_COUNTS(X)                                                                            \
	X(SYN_CLT, syn_count_clt, "SYN sent by the client")                                        \
	X(SYN_SRV, syn_count_srv, "SYN-ACK sent by the server")                                    \
	X(FIN_CLT, fin_count_clt, "FIN sent by the client")                                        \
	X(FIN_SRV, fin_count_srv, "FIN sent by the server")                                        \
	X(RST_CLT, rst_count_clt, "RST sent by the client")                                        \
	X(RST_SRV, rst_count_srv, "RST sent by the server")                                        \
	X(CT, ct_count, "handshakes completed")                                                    \
	X(OPENED, connections, "connections begun: a SYN with a new tuple or sequence number")     \
	X(FOUND, found, "flows met without their SYN: older than the count, or strays")            \
	X(CLOSED_FIN, closed_fin, "closed by FIN of both sides")                                   \
	X(CLOSED_FIN_RST, closed_fin_rst, "closed by FIN of one side, then RST")                   \
	X(CLOSED_RST, closed_rst, "closed by RST alone")                                           \
	X(RST_NO_CT, rst_no_ct, "RST where there was no connection: refused, scanned, stray")      \
	X(HALF_CLOSED, half_closed, "closed by one side only, given up after a time")              \
	X(TIMED_OUT, timed_out, "ended by a timer: nobody answered")                               \
	X(RST_OWN_FIN, rst_own_fin, "client RST after its own FIN while the server still sent")    \
	X(GUESSED, guessed, "packets whose client and server are a guess by the lower port")

#define TALLY_ENUM(id, ...) TALLY_##id,
enum tally_count { TALLY_COUNTS(TALLY_ENUM) TALLY_COUNT };
#define TALLY_BIT(id) (1u << TALLY_##id)

/**
 * @client @server  As in struct flow_key.
 * @ifindex         Home of the client's packets, or of the server's when none was seen; 0 = unknown.
 * @server_port     Network byte order.
 *
 * No padding that is not zero: the struct is the key of a BPF hash map.
 */
struct tally_key {
	__u8 client[16];
	__u8 server[16];
	__u32 netns;
	__u32 ifindex;
	__be16 server_port;
	__u8 reserved[6];
};
ABI_SIZE(struct tally_key, 48);

struct tally_counts {
	__u64 counts[TALLY_COUNT];
};
ABI_SIZE(struct tally_counts, 136);

/* flow_state.tally: raised once, atomically; cleared when a new connection takes the tuple. */
#define FLOW_TALLY_CLIENT 0x1 /* index of the client in the flow key */
#define FLOW_TALLY_HERE 0x2 /* counted in this namespace */
#define FLOW_TALLY_ELSEWHERE 0x4 /* another namespace of this host counts it */
#define FLOW_TALLY_HANDSHAKE 0x8 /* the handshake was completed */
#define FLOW_TALLY_CLOSED 0x10 /* how it closed was counted */
/* How the client is known, two bits. */
#define FLOW_TALLY_BY_PORT 0x00 /* a guess: the lower port serves */
#define FLOW_TALLY_BY_LISTENER 0x20
#define FLOW_TALLY_BY_SYN 0x40
#define FLOW_TALLY_HOW 0x60
/* All that is remembered of a flow that was forgotten. */
#define FLOW_TALLY_ORIENTATION (FLOW_TALLY_CLIENT | FLOW_TALLY_HOW)

/* tally_packet.met: what the first packet of a flow met, when it was not a SYN. */
#define TALLY_MET_CONNECTION 0x1 /* a socket of this connection is, or was, here */
#define TALLY_MET_LISTENER 0x2 /* somebody listens on the local port */
#define TALLY_MET_ENDED 0x4 /* the connection has ended and was counted lately */

/**
 * One packet that was counted at its home.
 *
 * @sender  Index of its source in the flow key.
 * @local   Index of the end that is here, for TALLY_MET_LISTENER.
 */
struct tally_packet {
	__u32 seq;
	__u8 flags; /* TCP_FLAG_* */
	__u8 sender;
	__u8 local;
	__u8 met; /* TALLY_MET_* */
};

/**
 * Which namespace counts a connection that crosses several of this host: the first that saw it.
 * The key is the flow's without the namespace, except for loopback, which crosses none.
 *
 * @isn          Sequence number of the client's SYN; 0 = not seen.
 * @orientation  FLOW_TALLY_ORIENTATION bits.
 */
struct tally_origin {
	__u32 netns;
	__u32 isn;
	__u32 orientation;
};
ABI_SIZE(struct tally_origin, 12);

ALWAYS_INLINE int tally_addr_is_loopback(const __u8 *addr)
{
	if (flow_addr_is_ipv4(addr))
		return addr[12] == 127;
	return !flow_addr_half(addr, 0) &&
	       NET_TO_HOST_32((__u32)(flow_addr_half(addr, 1) >> 32)) == 1 &&
	       !(__u32)flow_addr_half(addr, 1);
}

/* The key of the origin map, in place of the flow's. */
ALWAYS_INLINE void tally_origin_key(struct flow_key *key)
{
	if (!tally_addr_is_loopback(key->addr[0]) && !tally_addr_is_loopback(key->addr[1]))
		key->netns = 0;
}

ALWAYS_INLINE int tally_is_bare_syn(const struct tally_packet *packet)
{
	return (packet->flags & (TCP_FLAG_SYN | TCP_FLAG_ACK | TCP_FLAG_RST)) == TCP_FLAG_SYN;
}

/**
 * Who is the client: who sent the SYN, else who does not listen, else who has the higher port.
 *
 * @return  FLOW_TALLY_ORIENTATION bits.
 */
ALWAYS_INLINE __u32 tally_orientation(const struct flow_key *key, const struct tally_packet *packet)
{
	__u32 sender = packet->sender & 1, local = packet->local & 1;

	if (packet->flags & TCP_FLAG_SYN)
		return (packet->flags & TCP_FLAG_ACK ? sender ^ 1 : sender) | FLOW_TALLY_BY_SYN;
	if (packet->met & TALLY_MET_LISTENER)
		return (local ^ 1) | FLOW_TALLY_BY_LISTENER;
	return (NET_TO_HOST_16(key->port[0]) > NET_TO_HOST_16(key->port[1]) ? 0 : 1) |
	       FLOW_TALLY_BY_PORT;
}

/**
 * Decide once per flow who is who and whether this namespace counts it.
 *
 * @origin  What is remembered of the tuple, changed to what is to be remembered; `netns` 0 when
 *          nothing is.
 * @return  TALLY_BIT() to count; `flow->tally` is not 0 any more.
 */
ALWAYS_INLINE __u32 flow_tally_begin(struct flow_state *flow, const struct flow_key *key,
				     const struct tally_packet *packet, struct tally_origin *origin)
{
	int is_known = origin->netns != 0, is_here = 1;
	__u32 bits, before;

	if (tally_is_bare_syn(packet)) {
		is_here = !is_known || origin->netns == key->netns || origin->isn != packet->seq;
		if (is_here) {
			origin->netns = key->netns;
			origin->isn = packet->seq;
			origin->orientation = tally_orientation(key, packet);
		}
	} else if (is_known) {
		is_here = origin->netns == key->netns;
	} else {
		origin->netns = key->netns;
		origin->isn = 0;
		origin->orientation = tally_orientation(key, packet);
	}
	bits = origin->orientation | (is_here ? FLOW_TALLY_HERE : FLOW_TALLY_ELSEWHERE);
	if (packet->met & TALLY_MET_CONNECTION)
		bits |= FLOW_TALLY_HANDSHAKE;
	if (packet->met & TALLY_MET_ENDED)
		bits |= FLOW_TALLY_CLOSED;
	before = __sync_fetch_and_or(&flow->tally, bits);
	if (before & (FLOW_TALLY_HERE | FLOW_TALLY_ELSEWHERE))
		return 0;
	if (tally_is_bare_syn(packet))
		return TALLY_BIT(OPENED);
	return is_known || (packet->met & TALLY_MET_ENDED) ? 0 : TALLY_BIT(FOUND);
}

ALWAYS_INLINE int flow_tally_close_once(struct flow_state *flow)
{
	return !(__sync_fetch_and_or(&flow->tally, FLOW_TALLY_CLOSED) & FLOW_TALLY_CLOSED);
}

/* Both sides' FIN counts are those after the packet. */
ALWAYS_INLINE __u32 flow_tally_fin(struct flow_state *flow)
{
	if (!flow->side[0].fin_count || !flow->side[1].fin_count || !flow_tally_close_once(flow))
		return 0;
	return TALLY_BIT(CLOSED_FIN);
}

ALWAYS_INLINE __u32 flow_tally_rst(struct flow_state *flow, __u32 sender, __u32 client)
{
	int own_fin = sender ? flow->side[1].fin_count != 0 : flow->side[0].fin_count != 0;
	int any_fin = flow->side[0].fin_count || flow->side[1].fin_count;
	__u32 bits;

	if (!flow_tally_close_once(flow))
		return 0;
	if (any_fin)
		bits = TALLY_BIT(CLOSED_FIN_RST);
	else
		bits = flow->tally & FLOW_TALLY_HANDSHAKE ? TALLY_BIT(CLOSED_RST) :
							    TALLY_BIT(RST_NO_CT);
	if (own_fin && sender == client)
		bits |= TALLY_BIT(RST_OWN_FIN);
	return bits;
}

/* The handshake is complete: a socket says so, or the SYN-ACK of a forwarded one. */
ALWAYS_INLINE __u32 flow_tally_handshake(struct flow_state *flow)
{
	__u32 before = __sync_fetch_and_or(&flow->tally, FLOW_TALLY_HANDSHAKE);

	return before & FLOW_TALLY_HANDSHAKE ? 0 : TALLY_BIT(CT);
}

/**
 * What one counted packet adds, after flow_fold() and flow_tally_begin(). Every flag that is set
 * counts, also in packets that nobody should send: `tcp.flags.fin == 1` counts them too.
 *
 * @return  TALLY_BIT() of each count that gains one.
 */
ALWAYS_INLINE __u32 flow_tally_packet(struct flow_state *flow, const struct tally_packet *packet)
{
	__u32 client, sender = packet->sender & 1, bits = 0;

	/* A guess is over when the SYN says who is who. */
	if (tally_is_bare_syn(packet) && !(flow->tally & FLOW_TALLY_HOW))
		flow->tally = (flow->tally & ~FLOW_TALLY_CLIENT) | sender | FLOW_TALLY_BY_SYN;
	client = flow->tally & FLOW_TALLY_CLIENT;
	if (packet->flags & TCP_FLAG_SYN)
		bits |= sender == client ? TALLY_BIT(SYN_CLT) : TALLY_BIT(SYN_SRV);
	if (packet->flags & TCP_FLAG_FIN)
		bits |= sender == client ? TALLY_BIT(FIN_CLT) : TALLY_BIT(FIN_SRV);
	if (packet->flags & TCP_FLAG_RST) {
		bits |= sender == client ? TALLY_BIT(RST_CLT) : TALLY_BIT(RST_SRV);
		bits |= flow_tally_rst(flow, sender, client);
	} else if (packet->flags & TCP_FLAG_FIN) {
		/* Nobody closes what was not open: the event that said so was not shown. */
		if (flow->side[0].syn_count && flow->side[1].syn_count)
			bits |= flow_tally_handshake(flow);
		bits |= flow_tally_fin(flow);
	}
	if (!(flow->tally & FLOW_TALLY_HOW))
		bits |= TALLY_BIT(GUESSED);
	return bits;
}

/* The endings that no packet tells. */
ALWAYS_INLINE __u32 tally_bits_of_verdict(__u8 verdict)
{
	switch (verdict) {
	case CLOSE_HALF_CLOSE_TIMEOUT:
		return TALLY_BIT(HALF_CLOSED);
	case CLOSE_FIN_UNACKED_TIMEOUT:
	case CLOSE_TIMEOUT_HANDSHAKE:
	case CLOSE_TIMEOUT_DATA:
	case CLOSE_TIMEOUT_KEEPALIVE:
		return TALLY_BIT(TIMED_OUT);
	default:
		return 0;
	}
}

ALWAYS_INLINE void tally_key_fill(struct tally_key *tally, const struct flow_key *key,
				  const struct flow_state *flow)
{
	__u32 ifindex[2] = { flow->side[0].home_ifindex, flow->side[1].home_ifindex };

	/* Constant indexes in both branches: the verifier knows no variable ones on the stack. */
	if (flow->tally & FLOW_TALLY_CLIENT) {
		__builtin_memcpy(tally->client, key->addr[1], 16);
		__builtin_memcpy(tally->server, key->addr[0], 16);
		tally->server_port = key->port[0];
		tally->ifindex = ifindex[1] ? ifindex[1] : ifindex[0];
	} else {
		__builtin_memcpy(tally->client, key->addr[0], 16);
		__builtin_memcpy(tally->server, key->addr[1], 16);
		tally->server_port = key->port[1];
		tally->ifindex = ifindex[0] ? ifindex[0] : ifindex[1];
	}
	tally->netns = key->netns;
	__builtin_memset(tally->reserved, 0, sizeof(tally->reserved));
}

#endif
