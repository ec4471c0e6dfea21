// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Observation point "wire in" where a driver runs XDP itself: parse, fold, always pass. */
#include "bpf/wire.bpf.h"

/*
 * 6.2, a35b9af4ec2c: as in tc.bpf.c, by the kfunc's brother, because the linker of libbpf
 * 1.1 cannot merge one kfunc of two objects.
 */
extern void *bpf_rdonly_cast(void *object, __u32 btf_id) __ksym __weak;

static __always_inline __u32 xdp_netns(struct xdp_md *ctx)
{
	if (bpf_rdonly_cast) {
		struct xdp_buff *xdp =
			bpf_rdonly_cast(ctx, bpf_core_type_id_kernel(struct xdp_buff));

		return xdp->rxq->dev->nd_net.net->ns.inum;
	}
	return BPF_CORE_READ((struct xdp_buff *)ctx, rxq, dev, nd_net.net, ns.inum);
}

/* Global functions: the verifier checks each once, not once per path of its caller. */
__noinline int ct_xdp_parse(struct xdp_md *ctx, struct packet_view *view)
{
	if (!view)
		return PACKET_IGNORED;
	return packet_view_parse((const __u8 *)(long)ctx->data, (const __u8 *)(long)ctx->data_end,
				 view);
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

SEC("xdp")
int ct_xdp_in(struct xdp_md *ctx)
{
	struct packet_view view;

	if (packet_is_plain((const __u8 *)(long)ctx->data, (const __u8 *)(long)ctx->data_end, 14))
		return XDP_PASS;
	__builtin_memset(&view, 0, sizeof(view));
	if (ct_xdp_parse(ctx, &view) >= PACKET_TCP_CONTROL)
		ct_xdp_fold(ctx, &view);
	return XDP_PASS;
}
