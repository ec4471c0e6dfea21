/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flight recorder: every TCP packet's headers go into the trail of its flow. Without
 * --packets the verifier removes all of it.
 */
#ifndef BPF_TRAIL_BPF_H
#define BPF_TRAIL_BPF_H

#include "bpf/wire.bpf.h"

/* Where the packet's headers are to be written, and the rest of it filled; NULL = not here. */
static __always_inline struct trail_packet *trail_next(struct packet_view *view, __u32 netns,
						       __u32 ifindex, __u8 hook)
{
	__u32 places = tracer_config.trail_packets & 126, slot, index;
	struct wire_packet packet = { .view = view };
	struct trail_packet *place;
	struct packet_trail *trail;
	__u64 n;

	if (!places)
		return NULL;
	wire_key_fill(&packet, netns);
	slot = flow_key_hash(&packet.key) & (TRAIL_SLOTS - 1);
	trail = bpf_map_lookup_elem(&ct_trails, &slot);
	if (!trail)
		return NULL;
	if (trail_is_other(trail, &packet.key, view))
		trail_begin(trail, &packet.key, view);
	if (!trail_counts_here(trail, packet.sender, view, ifindex, hook))
		return NULL;
	n = __sync_fetch_and_add(&trail->count, 1);
	index = slot * places + trail_place(n, places);
	place = bpf_map_lookup_elem(&ct_trail_pkts, &index);
	if (!place)
		return NULL;
	place->captured = 0;
	place->time_ns = bpf_ktime_get_ns();
	place->is_out = hook == WIRE_HOOK_TC_OUT;
	return place;
}

/* As many header bytes as there are, in steps: the verifier wants constant lengths. */
static __always_inline void trail_copy(struct trail_packet *place, const __u8 *ip,
				       const __u8 *data_end, __u32 len)
{
	place->len = len;
	if (ip + TRAIL_HEADER_BYTES <= data_end) {
		__builtin_memcpy(place->data, ip, TRAIL_HEADER_BYTES);
		place->captured = len < TRAIL_HEADER_BYTES ? len : TRAIL_HEADER_BYTES;
	} else if (ip + 80 <= data_end) {
		__builtin_memcpy(place->data, ip, 80);
		place->captured = 80;
	} else if (ip + 60 <= data_end) {
		__builtin_memcpy(place->data, ip, 60);
		place->captured = 60;
	} else if (ip + 52 <= data_end) {
		__builtin_memcpy(place->data, ip, 52);
		place->captured = 52;
	} else if (ip + 40 <= data_end) {
		__builtin_memcpy(place->data, ip, 40);
		place->captured = 40;
	}
	if (place->captured > len)
		place->captured = len;
}

#endif
