/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Storms: which endings are alike, and how many of a kind are told one by one. The rest is
 * counted where it happened. Design: docs/architecture.md, "Storms".
 */
#ifndef CLOSETRACE_STORM_H
#define CLOSETRACE_STORM_H

#include "include/ending_counts.h"

#define STORM_RATE_DEFAULT 10
#define STORM_RATE_MOST 1000000
/* New groups at one listener, and all records of one verdict, per second, in times the rate. */
#define STORM_LISTENER_TIMES 4
#define STORM_VERDICT_TIMES 64

#define STORM_NS_PER_SECOND 1000000000ULL

/* What the endings of a group have in common: less with every level. */
enum storm_level {
	STORM_PEER_NETWORK =
		0, /* verdict, namespace, cgroup, program, listener, the peer's network */
	STORM_LISTENER = 1, /* verdict, namespace, cgroup, the listener's address */
	STORM_VERDICT = 2, /* verdict */
	STORM_LEVEL_COUNT
};

/**
 * @listener_addr  The end that was called, or would have been.
 * @peer_network   Of the other end: the first 24 bits of IPv4, 64 of IPv6, the rest is 0; the whole
 *                 address where counts are kept by client (TRACER_TALLY).
 * @comm           Of the owner.
 * @cgroup_id      Of the socket, 0 without one.
 * @listener_port  Network byte order.
 *
 * What a level does not tell apart is 0. No padding: a key of BPF maps.
 */
struct storm_key {
	__u8 listener_addr[16];
	__u8 peer_network[16];
	__u8 comm[TASK_COMM_BYTES];
	__u64 cgroup_id;
	__u32 netns;
	__be16 listener_port;
	__u8 verdict;
	__u8 level; /* enum storm_level */
};
ABI_SIZE(struct storm_key, 64);

/**
 * @full_ns     The bucket: CLOCK_MONOTONIC of when it is full again.
 * @count       Endings that were only counted, since the last record for them.
 * @last_ns     Time of the youngest of them.
 * @is_sampled  `sample` is whole: it is the oldest of them. Written by whoever counts the first,
 *              and left alone until `count` is 0 again.
 * @sums        Over all of them.
 */
struct storm_group {
	__u64 full_ns;
	__u64 count;
	__u64 last_ns;
	__u32 is_sampled;
	__u32 reserved;
	struct ending_sums sums;
	struct close_record sample;
};
ABI_SIZE(struct storm_group, 584);

/**
 * Take one of the `rate` tokens that a bucket gains per second and holds at most.
 *
 * @full_ns  The whole state; 0 is a full bucket.
 * @rate     1 to STORM_RATE_MOST times STORM_VERDICT_TIMES.
 * @return   Non-zero when there was one.
 *
 * Two processors at once may take the same token.
 */
ALWAYS_INLINE int storm_bucket_take(__u64 *full_ns, __u64 now_ns, __u32 rate)
{
	__u64 cost_ns = STORM_NS_PER_SECOND / rate;
	__u64 full = *full_ns > now_ns ? *full_ns : now_ns;

	if (full + cost_ns > now_ns + STORM_NS_PER_SECOND)
		return 0;
	*full_ns = full + cost_ns;
	return 1;
}

/**
 * The group of an ending at the first level.
 *
 * @record      Decided.
 * @whole_peer  Non-zero: tell the addresses of a network apart.
 */
ALWAYS_INLINE void storm_key_make(struct storm_key *key, const struct close_record *record,
				  int whole_peer)
{
	__u32 listener = BOUNDED((record->local_side & 1) ^ ending_client_is_local(record), 1);
	__u32 peer = BOUNDED(listener ^ 1, 1);

	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->listener_addr, record->key.addr[listener], 16);
	__builtin_memcpy(key->peer_network, record->key.addr[peer], 16);
	if (!whole_peer && flow_addr_is_ipv4(key->peer_network))
		key->peer_network[15] = 0;
	else if (!whole_peer)
		__builtin_memset(key->peer_network + 8, 0, 8);
	__builtin_memcpy(key->comm, record->owner.comm, sizeof(key->comm));
	key->cgroup_id = record->cgroup_id;
	key->netns = record->key.netns;
	key->listener_port = record->key.port[listener];
	key->verdict = record->decision.verdict;
	key->level = STORM_PEER_NETWORK;
}

/* From the first level to the next: any program, any port, any peer. */
ALWAYS_INLINE void storm_key_widen(struct storm_key *key)
{
	__builtin_memset(key->peer_network, 0, sizeof(key->peer_network));
	__builtin_memset(key->comm, 0, sizeof(key->comm));
	key->listener_port = 0;
	key->level = STORM_LISTENER;
}

#endif
