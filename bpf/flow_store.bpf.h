/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flow map: find, create, and the keys of sockets and packets. */
#ifndef BPF_FLOW_STORE_BPF_H
#define BPF_FLOW_STORE_BPF_H

#include "bpf/maps.bpf.h"

#define AF_INET 2 /* include/linux/socket.h */
#define AF_INET6 10

/*
 * `value` as it is, but unknown to the verifier, which checks all that follows once more for each
 * value that it knows. `unknown` is any number that it does not know. To be masked after.
 */
static __always_inline __u64 value_forget(__u64 value, __u64 unknown)
{
	asm volatile("%[value] ^= %[unknown]\n%[value] ^= %[unknown]"
		     : [value] "+r"(value)
		     : [unknown] "r"(unknown));
	return value;
}

static __always_inline bool netns_is_wanted(__u32 netns)
{
	__u8 *value;

	if (!(tracer_config.flags & TRACER_NETNS_LISTED))
		return true;
	value = bpf_map_lookup_elem(&ct_netns, &netns);
	return value && *value == NETNS_TRACED;
}

static const struct flow_state flow_state_empty = {};

/* `is_new`: the packet is most likely its flow's first, so a look before would be wasted. */
static __always_inline struct flow_state *flow_find_or_create(const struct flow_key *key,
							      bool is_new)
{
	struct flow_state *flow = is_new ? NULL : bpf_map_lookup_elem(&ct_flows, key);
	long err;

	if (flow)
		return flow;
	err = bpf_map_update_elem(&ct_flows, key, &flow_state_empty, BPF_NOEXIST);
	flow = bpf_map_lookup_elem(&ct_flows, key);
	if (!err)
		counter_add(COUNTER_FLOWS_INSERTED);
	else if (!flow)
		counter_add(COUNTER_FLOW_INSERT_FAILED);
	return flow;
}

/* One bounded offset rather than two branches: each branch would double what is verified. */
static __always_inline struct flow_side *flow_side_of(struct flow_state *flow, int side)
{
	return &flow->side[side & 1];
}

/* What the flow says of the connection's beginning; complete once both SYNs were seen. */
static __always_inline void flow_isn_fill(struct close_record *record, const struct flow_side *own,
					  const struct flow_side *peer)
{
	record->local_isn = own->isn;
	record->peer_isn = peer->isn;
	record->local_fin_ns = own->fin_ns;
}

#define NS_PER_SECOND 1000000000ULL
#define US_PER_SECOND 1000000ULL
/* How long a stray packet may come late: two maximum segment lifetimes, in seconds. */
#define ENDED_SECONDS 120

static __always_inline __u64 ended_mark(__u64 hash, __u64 now_ns)
{
	return (hash & 0xffffffff00000000ULL) | (__u32)(now_ns / NS_PER_SECOND);
}

static __always_inline bool ended_is_noted(__u64 hash, __u64 now_ns)
{
	__u32 index = hash & (ENDED_SLOTS - 1);
	__u64 *slot = bpf_map_lookup_elem(&ct_ended, &index);

	return slot && *slot && (*slot ^ hash) >> 32 == 0 &&
	       (__u32)(now_ns / NS_PER_SECOND) - (__u32)*slot <= ENDED_SECONDS;
}

static __always_inline void ended_note(__u64 hash, __u64 now_ns)
{
	__u32 index = hash & (ENDED_SLOTS - 1);
	__u64 *slot = bpf_map_lookup_elem(&ct_ended, &index);

	if (slot)
		*slot = ended_mark(hash, now_ns);
}

/* The connection ended not long ago, and its flow was forgotten since. */
static __always_inline bool flow_has_ended(const struct flow_key *key, __u64 now_ns)
{
	return ended_is_noted(flow_key_hash(key), now_ns);
}

/*
 * Both tuples of a connection whose addresses this host translates have the same initial sequence
 * numbers. 0 when these were not seen.
 */
static __always_inline __u64 flow_isn_hash(const struct flow_state *flow, __u32 netns)
{
	__u32 a = flow->side[0].isn, b = flow->side[1].isn;
	__u64 hash = a < b ? (__u64)a << 32 | b : (__u64)b << 32 | a;

	if (!flow->side[0].syn_count || !flow->side[1].syn_count)
		return 0;
	hash = (hash ^ netns) * 0x9e3779b97f4a7c15ULL;
	hash = (hash ^ hash >> 32) * 0xbf58476d1ce4e5b9ULL;
	return hash ^ hash >> 29;
}

/*
 * One end has told its ending. When the other one is elsewhere, or has told its own, the
 * flow goes: the next connection then finds its memory still in the cache.
 * A local end's packets are first seen on their way out.
 */
static __always_inline void flow_end(const struct flow_key *key, const struct flow_side *own,
				     const struct flow_side *peer, __u64 now_ns)
{
	if ((own->marks | peer->marks) & FLOW_SIDE_WATCHED || own->rst_announced)
		return;
	if (peer->home_hook == WIRE_HOOK_TC_OUT && !(peer->marks & FLOW_SIDE_REPORTED))
		return;
	ended_note(flow_key_hash(key), now_ns);
	if (!bpf_map_delete_elem(&ct_flows, key))
		counter_add(COUNTER_FLOWS_DELETED);
}

/*
 * The same socket by a pointer that the verifier does not trust. For each pointer that is read through
 * a trusted one, such as a tracepoint's argument, it searches the names of the whole kernel, in vain,
 * up to four times: 2 ms for each path that comes there. Request sockets and TIME_WAIT: NULL.
 */
static __always_inline const struct sock *socket_untrusted(struct sock *sk)
{
	return (const struct sock *)bpf_skc_to_tcp_sock(sk);
}

static __always_inline __u32 socket_netns(struct sock *sk)
{
	const struct sock *same = socket_untrusted(sk);

	return same ? same->__sk_common.skc_net.net->ns.inum : 0;
}

/**
 * The key of a socket's connection. `local_port` is passed, because skc_num is 0 at
 * ->CLOSE and a request socket has no inet_sport.
 *
 * @return  The index of the local end.
 */
static __always_inline int socket_flow_key(const struct sock_common *common, __be16 local_port,
					   __u32 netns, struct flow_key *key)
{
	__u8 local[16] __attribute__((aligned(8))), peer[16] __attribute__((aligned(8)));

	if (common->skc_family == AF_INET) {
		flow_addr_from_ipv4(local, common->skc_rcv_saddr);
		flow_addr_from_ipv4(peer, common->skc_daddr);
	} else {
		for (int i = 0; i < 4; i++) {
			((__u32 *)local)[i] = common->skc_v6_rcv_saddr.in6_u.u6_addr32[i];
			((__u32 *)peer)[i] = common->skc_v6_daddr.in6_u.u6_addr32[i];
		}
	}
	return flow_key_make(key, local, local_port, peer, common->skc_dport, netns);
}

#endif
