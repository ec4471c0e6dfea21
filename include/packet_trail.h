/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flight recorder's memory: the headers of the first and the last packets of a flow. Each flow
 * has one slot, found by the hash of its key; a younger flow with the same hash takes it over.
 */
#ifndef CLOSETRACE_PACKET_TRAIL_H
#define CLOSETRACE_PACKET_TRAIL_H

#include "include/flow_key.h"
#include "include/packet_view.h"

#define TRAIL_SLOTS 4096 /* a power of two */
#define TRAIL_PACKETS_LEAST 2
#define TRAIL_PACKETS_MOST 64
#define TRAIL_PACKETS_DEFAULT 16
#define TRAIL_HEADER_BYTES 112 /* IPv6 and TCP with all its options are 100 */

/**
 * One packet, from its IP header on.
 *
 * @time_ns   CLOCK_MONOTONIC.
 * @len       As it was on the wire. @captured so many bytes are in `data`; 0 = being written.
 * @is_out    It left this host.
 */
struct trail_packet {
	__u64 time_ns;
	__u32 len;
	__u16 captured;
	__u8 is_out;
	__u8 reserved;
	__u8 data[TRAIL_HEADER_BYTES];
};
ABI_SIZE(struct trail_packet, 128);

/**
 * @count         Packets of the flow so far. The first half of the slot's places keeps the first ones,
 *                the second half the last ones, in a ring.
 * @isn           Of the bare SYN that began it. @rst_seq of the last RST, by direction.
 * @home_ifindex @home_hook  Where the first packet of a direction was seen: as in struct flow_side.
 */
struct packet_trail {
	struct flow_key key;
	__u64 count;
	__u32 isn;
	__u32 rst_seq[2];
	__u32 home_ifindex[2];
	__u8 home_hook[2];
	__u8 has_rst[2];
};
ABI_SIZE(struct packet_trail, 72);

/* The place of packet number `n` of a flow, of `places` (even) in its slot. */
ALWAYS_INLINE __u32 trail_place(__u64 n, __u32 places)
{
	__u32 half = places / 2;

	return n < half ? (__u32)n : half + (__u32)((n - half) % half);
}

ALWAYS_INLINE void trail_begin(struct packet_trail *trail, const struct flow_key *key,
			       const struct packet_view *packet)
{
	__builtin_memset(trail, 0, sizeof(*trail));
	__builtin_memcpy(&trail->key, key, sizeof(*key));
	if (packet_is_bare_syn(packet))
		trail->isn = packet->seq;
}

ALWAYS_INLINE int trail_key_equal(const struct flow_key *a, const struct flow_key *b)
{
	return flow_addr_equal(a->addr[0], b->addr[0]) && flow_addr_equal(a->addr[1], b->addr[1]) &&
	       a->port[0] == b->port[0] && a->port[1] == b->port[1] && a->netns == b->netns;
}

/* The slot is another flow's, or a new connection takes the tuple. */
ALWAYS_INLINE int trail_is_other(const struct packet_trail *trail, const struct flow_key *key,
				 const struct packet_view *packet)
{
	return !trail_key_equal(&trail->key, key) ||
	       (packet_is_bare_syn(packet) && trail->isn != packet->seq);
}

/* Each packet once: where its direction is at home, and a RST that no home knows. */
ALWAYS_INLINE int trail_counts_here(struct packet_trail *trail, int sender,
				    const struct packet_view *packet, __u32 ifindex, __u8 hook)
{
	__u32 side = sender & 1;
	int is_rst = packet->flags & TCP_FLAG_RST;
	int is_known = trail->has_rst[side] && trail->rst_seq[side] == packet->seq;

	if (!trail->home_hook[side]) {
		trail->home_hook[side] = hook;
		trail->home_ifindex[side] = ifindex;
	} else if ((trail->home_hook[side] != hook || trail->home_ifindex[side] != ifindex) &&
		   (!is_rst || is_known)) {
		return 0;
	}
	if (is_rst) {
		trail->has_rst[side] = 1;
		trail->rst_seq[side] = packet->seq;
	}
	return 1;
}

#endif
