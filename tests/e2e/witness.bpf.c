// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counts how often the sockets of each namespace came into each TCP state, and left it. */
#include "vmlinux/vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "tests/e2e/witness_state.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct witness_key);
	__type(value, struct witness_count);
} transitions SEC(".maps");

static struct witness_count *count_of(__u32 netns, __u32 state)
{
	static const struct witness_count none = {};
	struct witness_key key = { .netns = netns, .state = state };

	bpf_map_update_elem(&transitions, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&transitions, &key);
}

SEC("raw_tp/inet_sock_set_state")
int witness_transition(struct bpf_raw_tracepoint_args *ctx)
{
	struct sock *sk = (struct sock *)ctx->args[0];
	__u32 netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	struct witness_count *count;

	if (BPF_CORE_READ(sk, sk_protocol) != WITNESS_PROTOCOL_TCP)
		return 0;
	count = count_of(netns, ctx->args[1]);
	if (count)
		__sync_fetch_and_add(&count->left, 1);
	count = count_of(netns, ctx->args[2]);
	if (count)
		__sync_fetch_and_add(&count->entered, 1);
	return 0;
}

/* The kernel lets programs with a GPL-compatible license read its memory. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
