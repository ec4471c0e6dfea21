/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is the checksum of a captured packet right? Pure. */
#ifndef USER_REPLAY_CHECKSUM_H
#define USER_REPLAY_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

#include "include/packet_view.h"

enum checksum_verdict {
	CHECKSUM_RIGHT,
	CHECKSUM_WRONG,
	CHECKSUM_LEFT_OPEN, /* to be filled in by the interface: taken on its way out */
};

/* RFC 1071, of an IPv4 header whose bytes are all there. */
enum checksum_verdict checksum_of_ipv4(const uint8_t *ip);

/**
 * RFC 9293 section 3.1. A host that leaves the sum to its interface stores that of the pseudo header
 * alone (tcp_v4_send_check()): such a packet is not damaged.
 *
 * @tcp  `len` bytes of header and payload, all there.
 */
enum checksum_verdict checksum_of_tcp(const uint8_t *ip, uint8_t ip_version, const uint8_t *tcp,
				      uint32_t len);

#endif
