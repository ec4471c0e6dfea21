/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flow map: find, create, and the keys of sockets and packets. */
#ifndef BPF_FLOW_STORE_BPF_H
#define BPF_FLOW_STORE_BPF_H

#include "bpf/maps.bpf.h"

#define AF_INET 2 /* include/linux/socket.h */
#define AF_INET6 10

static const struct flow_state flow_state_empty = {};

static __always_inline struct flow_state *flow_find_or_create(const struct flow_key *key)
{
	struct flow_state *flow = bpf_map_lookup_elem(&ct_flows, key);
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

/* Indexing a map value by a variable costs the verifier its bounds; two constants do not. */
static __always_inline struct flow_side *flow_side_of(struct flow_state *flow, int side)
{
	return side & 1 ? &flow->side[1] : &flow->side[0];
}

static __always_inline __u32 socket_netns(const struct sock_common *common)
{
	return common->skc_net.net->ns.inum;
}

/**
 * The key of a socket's connection. `local_port` is passed, because skc_num is 0 at
 * ->CLOSE and a request socket has no inet_sport.
 *
 * @return  The index of the local end.
 */
static __always_inline int socket_flow_key(const struct sock_common *common, __be16 local_port,
					   struct flow_key *key)
{
	__u8 local[16], peer[16];

	if (common->skc_family == AF_INET) {
		flow_addr_from_ipv4(local, common->skc_rcv_saddr);
		flow_addr_from_ipv4(peer, common->skc_daddr);
	} else {
		BPF_CORE_READ_INTO(&local, common, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&peer, common, skc_v6_daddr);
	}
	return flow_key_make(key, local, local_port, peer, common->skc_dport, socket_netns(common));
}

#endif
