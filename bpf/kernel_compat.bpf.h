/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One block per kernel change: what changed, since when, and one accessor. */
#ifndef BPF_KERNEL_COMPAT_BPF_H
#define BPF_KERNEL_COMPAT_BPF_H

#include "bpf/maps.bpf.h"

/*
 * 6.10, 19822a980e19 and following: tcp_send_reset also fires for resets without a full
 * socket, and has the reason as a third argument. The enum came with it.
 */
static __always_inline bool reply_resets_are_traced(void)
{
	return bpf_core_type_exists(enum sk_rst_reason);
}

/* The numbers moved in 6.12 (MPTCP's were pushed up), so every one is looked up by name. */
static __always_inline __u8 reset_reason_canonical(int reason)
{
#define RESET_REASON_MATCH(id, number, ...)                                                        \
	if (bpf_core_enum_value_exists(enum sk_rst_reason, SK_RST_REASON_##id) &&                  \
	    reason == (int)bpf_core_enum_value(enum sk_rst_reason, SK_RST_REASON_##id))            \
		return RESET_REASON_##id;
	KERNEL_RESET_REASONS(RESET_REASON_MATCH)
#undef RESET_REASON_MATCH
	return RESET_REASON_NOT_SPECIFIED;
}

/* 5.17, c504e5c2f964: kfree_skb has a reason. Renumbered in nearly every release since. */
static __always_inline bool drop_reasons_exist(void)
{
	return bpf_core_type_exists(enum skb_drop_reason);
}

#define DROP_REASON_IS(reason, name)                                                               \
	(bpf_core_enum_value_exists(enum skb_drop_reason, name) &&                                 \
	 (reason) == (int)bpf_core_enum_value(enum skb_drop_reason, name))

#endif
