/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel does not run a tracing program on top of itself: where a task is within one, what a
 * softirq does, or on kernels with preemptible tracepoints every other task of that processor, is
 * shown to the others but not to this one. So a program whose run must not be missed has standbys on
 * the same tracepoint. Each asks whether the event was told, and if not, tells it by a tail call into
 * the same code: that is verified once, and only what is attached counts as running.
 *
 * An event is known by what it leaves: a state, a flag, a phase. A RST in reply leaves no socket
 * behind; its packet is noted.
 */
#ifndef BPF_STANDBY_BPF_H
#define BPF_STANDBY_BPF_H

#include "bpf/socket.bpf.h"

/*
 * In every program that is reached by a tail call, because it then does run on top of itself. Since
 * 6.13 the kernel may give a tracing program one stack per processor, which that would destroy, but
 * never to one with a tail call of its own (kernel/bpf/verifier.c, check_max_stack_depth()). So here is
 * one; it is not taken.
 */
static __always_inline void program_is_reentered(void *ctx, struct standby_map *itself)
{
	if (tracer_hz == ~0U)
		bpf_tail_call(ctx, itself, 0);
}

/* What names a packet: a number, not a pointer that the verifier minds. */
static __always_inline __u64 answered_name(const struct sk_buff *skb)
{
	return (__u64)BPF_CORE_READ(skb, head);
}

static __always_inline __u64 *answered_slot(__u64 name)
{
	__u32 index = (name >> 8) % ANSWERED_SLOTS;

	return bpf_map_lookup_elem(&ct_answered, &index);
}

/* In the slot: the last standby is about to tell it. Addresses of packets are even. */
#define ANSWERED_BY_THE_LAST 1

static __always_inline void answered_note(const struct sk_buff *skb)
{
	__u64 name = answered_name(skb), *slot = answered_slot(name);

	if (slot)
		*slot = *slot == (name | ANSWERED_BY_THE_LAST) ? 0 : name;
}

/*
 * @is_last  Nobody asks again, so nothing may stay: the address will be that of another packet.
 */
static __always_inline bool answered_is_noted(const struct sk_buff *skb, bool is_last)
{
	__u64 name = answered_name(skb), *slot = answered_slot(name);
	bool is_noted = slot && *slot == name;

	if (slot && is_last)
		*slot = is_noted ? 0 : name | ANSWERED_BY_THE_LAST;
	return is_noted;
}

static __always_inline bool transition_is_told(struct sock *sk, int oldstate, int newstate)
{
	struct socket_state *state;

	if (sk->sk_protocol != IPPROTO_TCP ||
	    (newstate == TCP_CLOSE && (oldstate == TCP_LISTEN || oldstate == TCP_CLOSE)))
		return true;
	state = socket_find(sk);
	return state && state->state == newstate;
}

static __always_inline bool flag_is_told(struct sock *sk, __u64 flag)
{
	struct socket_state *state = socket_find(sk);

	return state && (state->watched.record.evidence.seen & flag);
}

static __always_inline bool ending_is_told(struct sock *sk)
{
	struct socket_state *state = socket_find(sk);

	return !state || state->phase == SOCKET_REPORTED;
}

static __always_inline bool owner_is_told(struct sock *sk)
{
	struct socket_state *state = socket_find(sk);

	return !state || state->watched.record.owner_source >= OWNER_FROM_OWNED_CALL;
}

static __always_inline bool reset_is_told(struct sock *sk, struct sk_buff *skb, bool is_last)
{
	if (skb)
		return answered_is_noted(skb, is_last);
	return !sk || flag_is_told(sk, EVIDENCE(SEND_RESET));
}

static __always_inline int standby_destroy(void *ctx, struct sock *sk)
{
	struct socket_state *state = socket_find(sk);

	if (!state || state->phase == SOCKET_REPORTED)
		return 0;
	if (state->phase == SOCKET_CLOSED)
		counter_add(COUNTER_DESTROY_CAUGHT);
	bpf_tail_call(ctx, &ct_to_destroy, 0);
	return 0;
}

/* The programs of one tracepoint differ in nothing but their number, and who is the last. */
#define STANDBY(n, is_last)                                                                        \
	SEC("tp_btf/inet_sock_set_state")                                                          \
	int BPF_PROG(ct_set_state_##n, struct sock *sk, int oldstate, int newstate)                \
	{                                                                                          \
		if (!transition_is_told(sk, oldstate, newstate))                                   \
			bpf_tail_call(ctx, &ct_to_set_state, 0);                                   \
		return 0;                                                                          \
	}                                                                                          \
	SEC("tp_btf/tcp_receive_reset")                                                            \
	int BPF_PROG(ct_recv_rst_##n, struct sock *sk)                                             \
	{                                                                                          \
		if (!flag_is_told(sk, EVIDENCE(RECEIVE_RESET)))                                    \
			bpf_tail_call(ctx, &ct_to_recv_rst, 0);                                    \
		return 0;                                                                          \
	}                                                                                          \
	SEC("tp_btf/tcp_send_reset")                                                               \
	int BPF_PROG(ct_send_rst_##n, struct sock *sk, struct sk_buff *skb)                        \
	{                                                                                          \
		if (!reset_is_told(sk, skb, is_last))                                              \
			bpf_tail_call(ctx, &ct_to_send_rst, 0);                                    \
		return 0;                                                                          \
	}                                                                                          \
	SEC("tp_btf/inet_sk_error_report")                                                         \
	int BPF_PROG(ct_error_##n, struct sock *sk)                                                \
	{                                                                                          \
		if (sk->sk_protocol == IPPROTO_TCP && !ending_is_told(sk))                         \
			bpf_tail_call(ctx, &ct_to_error, 0);                                       \
		return 0;                                                                          \
	}                                                                                          \
	SEC("tp_btf/tcp_destroy_sock")                                                             \
	int BPF_PROG(ct_destroy_##n, struct sock *sk)                                              \
	{                                                                                          \
		return standby_destroy(ctx, sk);                                                   \
	}                                                                                          \
	SEC("tp_btf/tcp_rcv_space_adjust")                                                         \
	int BPF_PROG(ct_recv_##n, struct sock *sk)                                                 \
	{                                                                                          \
		if (!owner_is_told(sk))                                                            \
			bpf_tail_call(ctx, &ct_to_recv, 0);                                        \
		return 0;                                                                          \
	}

#endif
