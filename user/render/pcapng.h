/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets into a pcapng file, with comments: for Wireshark. One interface, raw IP, nanoseconds.
 * Source: draft-ietf-opsawg-pcapng, sections 4.1 to 4.3.
 */
#ifndef USER_RENDER_PCAPNG_H
#define USER_RENDER_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/strbuf.h"

struct pcapng_packet {
	uint64_t wall_ns;
	const uint8_t *data;
	uint32_t captured;
	uint32_t len; /* on the wire */
	bool is_out;
};

/* Append the head of a file: section and interface. */
void pcapng_append_head(struct strbuf *b, uint32_t snap_len);

/* Append one packet. `comment` is UTF-8, `comment_len` 0 = none; what is beyond 65535 is cut off. */
void pcapng_append_packet(struct strbuf *b, const struct pcapng_packet *packet, const char *comment,
			  size_t comment_len);

#endif
