/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who sent an ICMP error, and which number it quotes: rare, so it lies beside the flow. */
#ifndef BPF_ICMP_ERROR_BPF_H
#define BPF_ICMP_ERROR_BPF_H

#include "bpf/maps.bpf.h"

#define LOOPBACK_IFINDEX 1 /* include/net/net_namespace.h: in every namespace */

/* What this host sends to itself passes loopback; under its address from outside it is a forgery. */
static __always_inline void icmp_error_note(const struct flow_key *key,
					    const struct packet_view *view, __u32 ifindex)
{
	struct icmp_error error = { .seq = view->seq, .is_from_here = ifindex == LOOPBACK_IFINDEX };

	__builtin_memcpy(error.source, view->icmp_source, sizeof(error.source));
	bpf_map_update_elem(&ct_icmp, key, &error, BPF_ANY);
}

static __always_inline const struct icmp_error *icmp_error_fill(struct close_record *record)
{
	const struct icmp_error *error;

	if (!(record->evidence.seen & EVIDENCE(ICMP_IN)))
		return NULL;
	error = bpf_map_lookup_elem(&ct_icmp, &record->key);
	if (!error)
		return NULL;
	__builtin_memcpy(record->detail.icmp_source, error->source,
			 sizeof(record->detail.icmp_source));
	if (error->is_from_here)
		record->evidence.seen |= EVIDENCE(ICMP_FROM_HERE);
	return error;
}

/*
 * The stack takes an error only if it quotes what is in flight (tcp_v4_err(), tcp_v6_err()), and it
 * explains an ending only if that still is.
 */
static __always_inline void icmp_error_fill_checked(struct close_record *record, __u32 snd_una,
						    __u32 snd_nxt)
{
	const struct icmp_error *error = icmp_error_fill(record);
	struct close_evidence *e = &record->evidence;

	if (error && error->seq - snd_una <= snd_nxt - snd_una)
		return;
	e->seen &= ~ICMP_SIGNS;
	e->icmp_type = e->icmp_code = 0;
	__builtin_memset(record->detail.icmp_source, 0, sizeof(record->detail.icmp_source));
}

#endif
