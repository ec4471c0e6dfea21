/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs that cost nothing: what testrun measures everything else against. Includes nothing,
 * so that it builds wherever clang does.
 */
struct xdp_md;
struct __sk_buff;

#define SECTION(name) __attribute__((section(name), used))
#define VERDICT_XDP_PASS 2
#define VERDICT_TC_UNSPEC (-1)

int empty_xdp(struct xdp_md *ctx);
int empty_tc(struct __sk_buff *skb);

SECTION("xdp") int empty_xdp(struct xdp_md *ctx)
{
	(void)ctx;
	return VERDICT_XDP_PASS;
}

SECTION("tc") int empty_tc(struct __sk_buff *skb)
{
	(void)skb;
	return VERDICT_TC_UNSPEC;
}

SECTION("license") char empty_license[] = "Dual BSD/GPL";
