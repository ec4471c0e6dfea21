/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that this host made and did not let go: its rules, routes, neighbours, queues. Told by
 * kfree_skb, while the packet still belongs to its socket.
 */
#ifndef BPF_OWN_DROP_BPF_H
#define BPF_OWN_DROP_BPF_H

#include "bpf/kernel_compat.bpf.h"

#define SOCK_STREAM 1 /* include/linux/net.h */
#define TCP_FLAGS_OFFSET 13 /* RFC 9293 section 3.1 */

/* Numbers move with every release: each is looked up by its name. */
static __always_inline __u8 drop_reason_canonical(int reason)
{
#define DROP_REASON_MATCH(id, number, ...)                                                         \
	if (DROP_REASON_IS(reason, SKB_DROP_REASON_##id))                                          \
		return DROP_REASON_##id;
	KERNEL_DROP_REASONS(DROP_REASON_MATCH)
#undef DROP_REASON_MATCH
	return DROP_REASON_OTHER;
}

/*
 * A device driver may free what it has sent by kfree_skb, without a reason: only a packet that has
 * not got as far as a device was then dropped. What came in, over loopback too, has its interface.
 */
static __always_inline bool drop_is_of_outgoing(const struct sk_buff *skb, __u8 reason)
{
	return !skb->skb_iif && (reason != DROP_REASON_NOT_SPECIFIED || !skb->dev);
}

static __always_inline __u8 drop_tcp_flags(const struct sk_buff *skb)
{
	const unsigned char *tcp = skb->head + skb->transport_header;
	__u8 flags = 0;

	bpf_probe_read_kernel(&flags, sizeof(flags), tcp + TCP_FLAGS_OFFSET);
	return flags;
}

/* A full socket; the stack's own one for replies is raw, a request or TIME_WAIT is none. */
static __always_inline bool drop_is_of_connection(const struct sock *sk)
{
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	return state != TCP_NEW_SYN_RECV && state != TCP_TIME_WAIT &&
	       BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP &&
	       BPF_CORE_READ(sk, sk_type) == SOCK_STREAM;
}

/*
 * `skb` belongs to a socket, but what leads from it to its storage is no pointer that the kernel
 * takes: what was dropped is noted under its address. Counted as long as the peer acknowledges
 * nothing: what it has answered did arrive.
 */
static __always_inline void own_drop(const struct sk_buff *skb, int kernel_reason)
{
	__u8 reason = drop_reason_canonical(kernel_reason);
	const struct sock *sk = BPF_CORE_READ(skb, sk);
	struct own_drop note = {}, *known;
	__u64 key = (__u64)sk;

	if (!drop_is_of_outgoing(skb, reason) || !drop_is_of_connection(sk))
		return;
	known = bpf_map_lookup_elem(&ct_own_drops, &key);
	if (known)
		note = *known;
	note.last_ns = bpf_ktime_get_ns();
	note.reason = reason;
	if (drop_tcp_flags(skb) & TCP_FLAG_RST) {
		note.rst_count++;
	} else {
		__u32 snd_una = BPF_CORE_READ((const struct tcp_sock *)sk, snd_una);

		note.count = note.snd_una == snd_una ? note.count + 1 : 1;
		note.snd_una = snd_una;
	}
	if (bpf_map_update_elem(&ct_own_drops, &key, &note, BPF_ANY))
		counter_add(COUNTER_OWN_DROP_LOST);
}

#endif
