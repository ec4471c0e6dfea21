// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Observation point "wire in" where a driver runs XDP itself: parse, fold, always pass. */
#include "bpf/trail.bpf.h"

/*
 * 6.2, fd264ca02094: as in tc.bpf.c, by the kfunc's brother, because the linker of libbpf
 * 1.1 cannot merge one kfunc of two objects.
 */
extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym __weak;

static __always_inline __u32 xdp_netns(struct xdp_md *ctx)
{
	if (bpf_cast_to_kern_ctx) {
		struct xdp_buff *xdp = bpf_cast_to_kern_ctx(ctx);

		return xdp->rxq->dev->nd_net.net->ns.inum;
	}
	return BPF_CORE_READ((struct xdp_buff *)ctx, rxq, dev, nd_net.net, ns.inum);
}

#define XDP_DATA(ctx) ((const __u8 *)(long)(ctx)->data)
#define XDP_DATA_END(ctx) ((const __u8 *)(long)(ctx)->data_end)
#define XDP_ETHERNET_BYTES 14
#define XDP_IP_OFFSET_MOST 22 /* Ethernet and two tags */

/* Global functions, as in tc.bpf.c: verified once each. */
__noinline int ct_xdp_ip_off(struct xdp_md *ctx)
{
	return packet_network_offset(XDP_DATA(ctx), XDP_DATA_END(ctx));
}

__noinline int ct_xdp_locate(struct xdp_md *ctx, __u32 ip_offset)
{
	if (ip_offset > XDP_IP_OFFSET_MOST)
		return 0;
	return packet_locate(XDP_DATA(ctx), XDP_DATA_END(ctx), ip_offset);
}

__noinline int ct_xdp_fill(struct xdp_md *ctx, __u32 ip_offset, __u32 located,
			   struct packet_view *view)
{
	if (!view || ip_offset > XDP_IP_OFFSET_MOST)
		return PACKET_IGNORED;
	return packet_view_fill(XDP_DATA(ctx), XDP_DATA_END(ctx), ip_offset, located, view);
}

__noinline int ct_xdp_fold(struct xdp_md *ctx, struct packet_view *view)
{
	struct wire_packet packet = { .view = view };

	if (!view)
		return 0;
	packet.sight.ifindex = ctx->ingress_ifindex;
	packet.sight.hook = WIRE_HOOK_XDP_IN;
	wire_in(ctx, &packet, xdp_netns(ctx));
	return 0;
}

__noinline int ct_xdp_fill_tcp(struct xdp_md *ctx, __u32 ip_offset, __u32 located,
			       struct packet_view *view)
{
	if (!view || ip_offset > XDP_IP_OFFSET_MOST)
		return PACKET_IGNORED;
	return packet_view_fill_tcp(XDP_DATA(ctx), XDP_DATA_END(ctx), ip_offset, located, view);
}

__noinline int ct_xdp_trail(struct xdp_md *ctx)
{
	struct packet_view view = {};
	struct trail_packet *place;
	__u32 ip_offset, located;
	__u64 len;

	if (!tracer_config.trail_packets)
		return 0;
	ip_offset = ct_xdp_ip_off(ctx);
	if (!ip_offset || ip_offset > XDP_IP_OFFSET_MOST)
		return 0;
	located = ct_xdp_locate(ctx, ip_offset);
	if (PACKET_AT_PROTOCOL(located) != PACKET_PROTO_TCP ||
	    ct_xdp_fill_tcp(ctx, ip_offset, located, &view) == PACKET_IGNORED)
		return 0;
	place = trail_next(&view, xdp_netns(ctx), ctx->ingress_ifindex, WIRE_HOOK_XDP_IN);
	if (!place)
		return 0;
	len = XDP_DATA_END(ctx) - XDP_DATA(ctx);
	barrier_var(len); /* pointers may be subtracted in 64 bits only */
	trail_copy(place, XDP_DATA(ctx) + ip_offset, XDP_DATA_END(ctx), len - ip_offset);
	return 0;
}

SEC("xdp")
int ct_xdp_in(struct xdp_md *ctx)
{
	struct packet_view view;
	__u32 ip_offset = XDP_ETHERNET_BYTES, located;

	if (tracer_config.trail_packets)
		ct_xdp_trail(ctx);
	located = packet_glance(XDP_DATA(ctx), XDP_DATA_END(ctx), ip_offset);
	if (located == PACKET_AT_UNKNOWN) {
		ip_offset = ct_xdp_ip_off(ctx);
		located = ip_offset ? ct_xdp_locate(ctx, ip_offset) : 0;
	}
	if (!located)
		return XDP_PASS;
	__builtin_memset(&view, 0, sizeof(view));
	if (ct_xdp_fill(ctx, ip_offset, located, &view) >= PACKET_TCP_CONTROL)
		ct_xdp_fold(ctx, &view);
	return XDP_PASS;
}
