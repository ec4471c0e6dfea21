// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Captured packets, run one by one through the kernel by `replay --in-kernel`
 * (BPF_PROG_TEST_RUN): the parse and the flow code of the live hooks, with the capture's time.
 * Never attached, and loaded on demand only.
 */
#include "bpf/wire.bpf.h"
#include "include/capture_decide.h"

#define REPLAY_IP_OFFSET 14 /* user space puts an Ethernet header before the IP header */

static const struct capture_flow capture_flow_empty = {};

/* Global functions: verified once each. */
__noinline int ct_replay_fill(struct xdp_md *ctx, struct packet_view *view)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;
	const __u8 *data_end = (const __u8 *)(long)ctx->data_end;
	__u32 located = packet_locate(data, data_end, REPLAY_IP_OFFSET);

	if (!view || PACKET_AT_PROTOCOL(located) != PACKET_PROTO_TCP)
		return PACKET_IGNORED;
	return packet_view_fill_tcp(data, data_end, REPLAY_IP_OFFSET, located, view);
}

__noinline int ct_replay_length_is_open(struct xdp_md *ctx)
{
	const __u8 *ip = (const __u8 *)(long)ctx->data + REPLAY_IP_OFFSET;

	if (ip + 6 > (const __u8 *)(long)ctx->data_end)
		return 0;
	return ip[0] >> 4 == 4 ? !packet_u16(ip + 2) : !packet_u16(ip + 4);
}

__noinline int ct_replay_fold(struct capture_flow *flow, __u32 sender, struct packet_view *view,
			      __u64 now_ns)
{
	if (!flow || !view)
		return 0;
	return capture_fold(flow, sender & 1, view, now_ns);
}

__noinline int ct_replay_gather_wire(struct capture_flow *flow, struct flow_key *key, __u64 now_ns,
				     __u64 seen)
{
	if (flow && key)
		capture_gather_wire(flow, key, now_ns, seen);
	return 0;
}

__noinline int ct_replay_gather_rest(struct capture_flow *flow)
{
	if (flow)
		capture_gather_rest(flow);
	return 0;
}

__noinline int ct_replay_decide(struct capture_flow *flow)
{
	if (flow)
		capture_decide_flow(flow);
	return 0;
}

static __always_inline struct capture_flow *replay_flow(const struct flow_key *key)
{
	struct capture_flow *flow = bpf_map_lookup_elem(&ct_replay_flows, key);

	if (flow)
		return flow;
	bpf_map_update_elem(&ct_replay_flows, key, &capture_flow_empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(&ct_replay_flows, key);
}

SEC("?xdp")
int ct_replay(struct xdp_md *ctx)
{
	struct capture_exchange *exchange;
	struct packet_view view = {};
	struct flow_key key = {};
	struct capture_flow *flow;
	__u32 zero = 0;
	int sender, found;

	exchange = bpf_map_lookup_elem(&ct_replay_io, &zero);
	if (!exchange)
		return XDP_ABORTED;
	exchange->found = 0;
	if (exchange->judge) {
		exchange->found = CAPTURE_TAKEN;
		ct_replay_gather_wire(&exchange->flow, &exchange->key, exchange->now_ns,
				      exchange->seen);
		ct_replay_gather_rest(&exchange->flow);
		ct_replay_decide(&exchange->flow);
		return XDP_PASS;
	}
	if (ct_replay_fill(ctx, &view) == PACKET_IGNORED)
		return XDP_PASS;
	if (ct_replay_length_is_open(ctx))
		view.payload_bytes = exchange->open_payload;
	sender = flow_key_make(&key, view.source_addr, view.source_port, view.dest_addr,
			       view.dest_port, 0);
	flow = replay_flow(&key);
	if (!flow)
		return XDP_ABORTED;
	found = ct_replay_fold(flow, sender, &view, exchange->now_ns);
	exchange->found = found;
	__builtin_memcpy(&exchange->flow, flow, sizeof(*flow));
	return XDP_PASS;
}
