/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What only a capture tells of an ending: where in the file it is, and what was seen around it. */
#ifndef USER_MODEL_CAPTURE_STORY_H
#define USER_MODEL_CAPTURE_STORY_H

#include <stdbool.h>
#include <stdint.h>

/* One of the two ends. */
enum capture_end {
	CAPTURE_END_NONE,
	CAPTURE_END_CLIENT,
	CAPTURE_END_SERVER,
};

/**
 * @frame       Number in `file` of the packet that ended it; of its last one where silence did.
 * @first_frame Number in `first_file` of its first packet. Numbers as Wireshark has them, from 1.
 * @first_packet @last_packet @end_packet  Numbers of packets in all files together, in the order in
 *              which they are read.
 * @since_ns    From the capture's first packet to the end.
 * @waiting     Whose packets were not answered; @asked how often they were sent, in @asked_us.
 * @reset_name  In whose name the RST is that ended it.
 * @hole_bytes  What the capture lacks before it. @behind_bytes how far its number lies behind what
 *              its sender had sent already.
 * @both_ns     Until the other end was reset, too; 0 = it was not, or not at the same moment.
 * @syn_acks    SYN-ACKs behind the ACK of them.
 * @is_one_way  Packets of one end alone were captured.
 * @is_early    Told before its time, to make room for others: what came later is not in it.
 * @rst_ignored Resets that the other end cannot have accepted: of the client, of the server.
 */
struct capture_story {
	uint64_t frame;
	uint64_t first_frame;
	const char *file;
	const char *first_file;
	uint64_t first_packet;
	uint64_t last_packet;
	uint64_t end_packet;
	uint64_t since_ns;
	uint64_t asked_us;
	uint64_t both_ns;
	uint32_t asked;
	uint32_t hole_bytes;
	uint32_t behind_bytes;
	uint32_t syn_acks;
	uint32_t rst_ignored[2];
	uint8_t waiting; /* enum capture_end */
	uint8_t reset_name; /* enum capture_end */
	bool is_one_way;
	bool is_early;
};

#endif
