/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why this host dropped a packet that it had made itself: enum skb_drop_reason
 * (include/net/dropreason-core.h, Linux 5.17) by name, as far as outgoing packets meet them.
 * X(ID, number, "name"): the numbers are ours, permanent.
 */
#ifndef CLOSETRACE_DROP_REASON_H
#define CLOSETRACE_DROP_REASON_H

#include "include/compiler.h"

#define KERNEL_DROP_REASONS(X)                                                                     \
	X(NOT_SPECIFIED, 1, "NOT_SPECIFIED")                                                       \
	X(NETFILTER_DROP, 2, "NETFILTER_DROP")                                                     \
	X(IP_OUTNOROUTES, 3, "IP_OUTNOROUTES")                                                     \
	X(NEIGH_CREATEFAIL, 4, "NEIGH_CREATEFAIL")                                                 \
	X(NEIGH_FAILED, 5, "NEIGH_FAILED")                                                         \
	X(NEIGH_QUEUEFULL, 6, "NEIGH_QUEUEFULL")                                                   \
	X(NEIGH_DEAD, 7, "NEIGH_DEAD")                                                             \
	X(TC_EGRESS, 8, "TC_EGRESS")                                                               \
	X(QDISC_DROP, 9, "QDISC_DROP")                                                             \
	X(BPF_CGROUP_EGRESS, 10, "BPF_CGROUP_EGRESS")                                              \
	X(IPV6DISABLED, 11, "IPV6DISABLED")                                                        \
	X(DEV_HDR, 12, "DEV_HDR")                                                                  \
	X(DEV_READY, 13, "DEV_READY")                                                              \
	X(FULL_RING, 14, "FULL_RING")                                                              \
	X(NOMEM, 15, "NOMEM")                                                                      \
	X(QDISC_OVERLIMIT, 16, "QDISC_OVERLIMIT")                                                  \
	X(QDISC_CONGESTED, 17, "QDISC_CONGESTED")                                                  \
	X(SKB_GSO_SEG, 18, "SKB_GSO_SEG")

/* OTHER: the kernel's name is none of these. */
#define DROP_REASONS(X)                                                                            \
	X(NONE, 0, "none")                                                                         \
	KERNEL_DROP_REASONS(X)                                                                     \
	X(OTHER, 19, "OTHER")

#define DROP_REASON_ENUM(id, number, ...) DROP_REASON_##id = number,
enum drop_reason { DROP_REASONS(DROP_REASON_ENUM) DROP_REASON_COUNT };

/* A rule of this host, not its routes, neighbours or queues. */
ALWAYS_INLINE int drop_reason_is_rule(__u8 reason)
{
	return reason == DROP_REASON_NETFILTER_DROP || reason == DROP_REASON_TC_EGRESS ||
	       reason == DROP_REASON_BPF_CGROUP_EGRESS;
}

/* No way to the peer: the route, this host's address or the peer's neighbour entry is missing. */
ALWAYS_INLINE int drop_reason_is_no_route(__u8 reason)
{
	return reason == DROP_REASON_IP_OUTNOROUTES || reason == DROP_REASON_IPV6DISABLED;
}

ALWAYS_INLINE int drop_reason_is_neighbour(__u8 reason)
{
	return reason >= DROP_REASON_NEIGH_CREATEFAIL && reason <= DROP_REASON_NEIGH_DEAD;
}

#endif
