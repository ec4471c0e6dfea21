/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One TCP segment of a captured frame, measured: lengths, and what its checksum says. Pure. */
#ifndef USER_REPLAY_SEGMENT_H
#define USER_REPLAY_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "include/packet_view.h"
#include "user/replay/checksum.h"
#include "user/replay/zeek_conn.h"

enum segment_kind {
	SEGMENT_TCP,
	SEGMENT_ICMP, /* an ICMP error: the view is of the packet that it quotes */
	SEGMENT_CUT, /* TCP whose header was not captured whole */
	SEGMENT_OTHER,
};

/**
 * @ip    The IP header; `len` bytes were captured from there.
 * @zeek  But for the time and the sender; `bad_checksum` is the caller's to say.
 * @has_open_length  Its IP length field is empty (TSO: the interface fills it in).
 */
struct tcp_segment {
	struct packet_view view;
	struct zeek_packet zeek;
	const uint8_t *ip;
	uint32_t len;
	uint32_t located; /* packet_locate() */
	bool has_open_length;
};

/**
 * @ip @end   The captured bytes of the packet.
 * @wire_len  What was sent of it, from `ip` on.
 */
enum segment_kind segment_read(const uint8_t *ip, const uint8_t *end, uint32_t wire_len,
			       struct tcp_segment *ret);

/* Of the IPv4 header and of the segment; CHECKSUM_RIGHT where it cannot be told. */
enum checksum_verdict segment_checksum(const struct tcp_segment *segment);

#endif
