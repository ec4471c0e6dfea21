/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets into a pcapng file, with comments: for Wireshark. Times in nanoseconds.
 * Source: draft-ietf-opsawg-pcapng, sections 4.1 to 4.3.
 */
#ifndef USER_RENDER_PCAPNG_H
#define USER_RENDER_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/strbuf.h"

/* @interface  Its number in the section, from 0. @has_no_direction  `is_out` says nothing. */
struct pcapng_packet {
	uint64_t wall_ns;
	const uint8_t *data;
	uint32_t captured;
	uint32_t len; /* on the wire */
	uint32_t interface;
	bool is_out;
	bool has_no_direction;
};

/* Append a section's head; interfaces follow, before their first packets. */
void pcapng_append_section(struct strbuf *b);

/* Append an interface, with times in nanoseconds. `link_type` LINKTYPE_, `snap_len` 0 = none. */
void pcapng_append_interface(struct strbuf *b, int link_type, uint32_t snap_len);

/* Append the head of a file with one interface of raw IP. */
void pcapng_append_head(struct strbuf *b, uint32_t snap_len);

/* Append one packet. `comment` is UTF-8, `comment_len` 0 = none; what is beyond 65535 is cut off. */
void pcapng_append_packet(struct strbuf *b, const struct pcapng_packet *packet, const char *comment,
			  size_t comment_len);

#endif
