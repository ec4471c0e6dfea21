/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an IP packet carries inside: pure helpers of link_layer.c. */
#ifndef USER_REPLAY_TUNNEL_H
#define USER_REPLAY_TUNNEL_H

#include <stdint.h>

/* What is inside a header, and how to read it on. */
enum inner_kind {
	INNER_NONE, /* nothing that is followed */
	INNER_ETHERNET,
	INNER_ETHERTYPE, /* of `ethertype`, the header is behind */
	INNER_IP, /* version by its first nibble */
};

struct inner {
	enum inner_kind kind;
	uint16_t ethertype;
	uint32_t at;
};

/**
 * @data @len  The frame.
 * @at         Where the payload of the IP packet begins.
 * @protocol   Its IP protocol number.
 * @return     INNER_NONE when it is no tunnel, or cut.
 */
struct inner tunnel_inside(const uint8_t *data, uint32_t len, uint32_t at, uint8_t protocol);

/* The same for ERSPAN alone, types I to III: a mirrored frame, sent to whoever captures. */
struct inner mirror_inside(const uint8_t *data, uint32_t len, uint32_t at, uint8_t protocol);

/* The protocol of an IP packet that may be a mirror's. */
#define TUNNEL_PROTOCOL_GRE 47

#endif
