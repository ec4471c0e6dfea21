/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What names a flow: both endpoints and the network namespace. The endpoints
 * are stored in one fixed order, so both directions find the same entry.
 */
#ifndef CLOSETRACE_FLOW_KEY_H
#define CLOSETRACE_FLOW_KEY_H

#include "include/compiler.h"

/**
 * @addr   IPv6, or IPv4 mapped into ::ffff:0:0/96; network byte order.
 * @port   Network byte order.
 * @netns  Inode number of the network namespace (nsfs). Two containers may both
 *         own 127.0.0.1, so the tuple alone names nothing.
 *
 * Endpoint 0 is the smaller one of the two by flow_endpoint_after(). No padding:
 * the struct is the key of BPF hash maps.
 */
struct flow_key {
	__u8 addr[2][16] __attribute__((aligned(8)));
	__be16 port[2];
	__u32 netns;
};
ABI_SIZE(struct flow_key, 40);

/* Both halves of an address as integers, for comparing. */
ALWAYS_INLINE __u64 flow_addr_half(const __u8 *addr, int half)
{
	__u64 value;

	__builtin_memcpy(&value, KNOWN_ALIGNED(addr, 8) + 8 * half, sizeof(value));
	return value;
}

ALWAYS_INLINE void flow_addr_set(__u8 *addr, __u64 first_half, __u64 second_half)
{
	__builtin_memcpy(KNOWN_ALIGNED(addr, 8), &first_half, sizeof(first_half));
	__builtin_memcpy(KNOWN_ALIGNED(addr, 8) + 8, &second_half, sizeof(second_half));
}

/* The bytes 0, 0, 0xff, 0xff in front of an IPv4 address, as they lie. */
#define FLOW_ADDR_IPV4_MARK HOST_TO_NET_32(0xffff)

ALWAYS_INLINE void flow_addr_from_ipv4(__u8 *addr, __be32 ipv4)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	flow_addr_set(addr, 0, (__u64)ipv4 << 32 | FLOW_ADDR_IPV4_MARK);
#else
	flow_addr_set(addr, 0, (__u64)FLOW_ADDR_IPV4_MARK << 32 | ipv4);
#endif
}

/* Out of a packet, where it lies anyhow. */
ALWAYS_INLINE void flow_addr_from_ipv6(__u8 *addr, const __u8 *bytes)
{
	flow_addr_set(addr, unaligned_u64(bytes), unaligned_u64(bytes + 8));
}

/* Non-zero when the address is IPv4 mapped into IPv6 (RFC 4291 section 2.5.5.2). */
ALWAYS_INLINE int flow_addr_is_ipv4(const __u8 *addr)
{
	__u32 mark;

	__builtin_memcpy(&mark, KNOWN_ALIGNED(addr, 8) + 8, sizeof(mark));
	return !flow_addr_half(addr, 0) && mark == FLOW_ADDR_IPV4_MARK;
}

ALWAYS_INLINE int flow_addr_equal(const __u8 *a, const __u8 *b)
{
	return flow_addr_half(a, 0) == flow_addr_half(b, 0) &&
	       flow_addr_half(a, 1) == flow_addr_half(b, 1);
}

/* Any total order does; this one is cheap and the same on both sides of the ring. */
ALWAYS_INLINE int flow_endpoint_after(const __u8 *addr_a, __be16 port_a, const __u8 *addr_b,
				      __be16 port_b)
{
	__u64 a = flow_addr_half(addr_a, 1), b = flow_addr_half(addr_b, 1);

	if (a != b)
		return a > b;
	a = flow_addr_half(addr_a, 0);
	b = flow_addr_half(addr_b, 0);
	if (a != b)
		return a > b;
	return port_a > port_b;
}

/**
 * Build the key of the flow between `local` and `peer`.
 *
 * @return  The index (0 or 1) under which `local` is stored.
 */
ALWAYS_INLINE int flow_key_make(struct flow_key *key, const __u8 *local_addr, __be16 local_port,
				const __u8 *peer_addr, __be16 peer_port, __u32 netns)
{
	key->netns = netns;
	/* Two branches with constant indexes: the verifier knows no variable ones on the stack. */
	if (flow_endpoint_after(local_addr, local_port, peer_addr, peer_port)) {
		__builtin_memcpy(key->addr[0], peer_addr, 16);
		__builtin_memcpy(key->addr[1], local_addr, 16);
		key->port[0] = peer_port;
		key->port[1] = local_port;
		return 1;
	}
	__builtin_memcpy(key->addr[0], local_addr, 16);
	__builtin_memcpy(key->addr[1], peer_addr, 16);
	key->port[0] = local_port;
	key->port[1] = peer_port;
	return 0;
}

/* Multiply and fold, 64 bits at a time: for slots, not against attackers. */
ALWAYS_INLINE __u64 flow_key_hash(const struct flow_key *key)
{
	__u64 hash = ((__u64)key->netns << 32 | (__u64)key->port[0] << 16 | key->port[1]);

	hash = (hash ^ flow_addr_half(key->addr[0], 0)) * 0x9e3779b97f4a7c15ULL;
	hash ^= hash >> 32;
	hash = (hash ^ flow_addr_half(key->addr[0], 1)) * 0xbf58476d1ce4e5b9ULL;
	hash ^= hash >> 29;
	hash = (hash ^ flow_addr_half(key->addr[1], 0)) * 0x94d049bb133111ebULL;
	hash ^= hash >> 32;
	hash = (hash ^ flow_addr_half(key->addr[1], 1)) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

#endif
