// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/tunnel.h"

#include <stdbool.h>
#include <string.h>

#include "include/packet_view.h"

#define PROTO_IPIP 4
#define PROTO_IPV6 41
#define PROTO_GRE 47

#define UDP_VXLAN 4789 /* RFC 7348 */
#define UDP_VXLAN_LINUX 8472 /* the driver's default before the number was assigned */
#define UDP_GENEVE 6081 /* RFC 8926 */
#define UDP_GTP_U 2152 /* 3GPP TS 29.281 */
#define UDP_TEREDO 3544 /* RFC 4380 */
#define UDP_GRE 4754 /* RFC 8086 */

#define ETHERTYPE_BRIDGING 0x6558
#define ETHERTYPE_ERSPAN2 0x88be
#define ETHERTYPE_ERSPAN3 0x22eb

static const struct inner nothing = { INNER_NONE, 0, 0 };

static struct inner inside_ethertype(uint16_t ethertype, uint32_t at)
{
	if (ethertype == ETHERTYPE_BRIDGING)
		return (struct inner){ INNER_ETHERNET, 0, at };
	return (struct inner){ INNER_ETHERTYPE, ethertype, at };
}

/* draft-foschiano-erspan-03 section 4.3: frame type 2 is IP without Ethernet; O adds 8 bytes. */
static struct inner inside_erspan3(const uint8_t *data, uint32_t at)
{
	bool is_ip = (data[at + 10] >> 2 & 0x1f) == 2;

	return (struct inner){ is_ip ? INNER_IP : INNER_ETHERNET, 0,
			       at + (data[at + 11] & 1 ? 20 : 12) };
}

/* RFC 2784, RFC 2890; RFC 2637 is version 1. */
static struct inner inside_gre(const uint8_t *data, uint32_t len, uint32_t at)
{
	uint16_t flags, type;

	if (at + 4 > len)
		return nothing;
	flags = packet_u16(data + at);
	type = packet_u16(data + at + 2);
	at += 4 + (flags & 0x8000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) + (flags & 0x1000 ? 4 : 0);
	if ((flags & 7) == 1 && flags & 0x0080)
		at += 4;
	if (flags & 0x4000) /* source routes: RFC 1701 only */
		return nothing;
	if (type == ETHERTYPE_ERSPAN2)
		return (struct inner){ INNER_ETHERNET, 0, at + (flags & 0x1000 ? 8 : 0) };
	if (type == ETHERTYPE_ERSPAN3) {
		if (at + 12 > len)
			return nothing;
		return inside_erspan3(data, at);
	}
	return inside_ethertype(type, at);
}

static struct inner inside_geneve(const uint8_t *data, uint32_t len, uint32_t at)
{
	if (at + 8 > len || data[at] >> 6)
		return nothing;
	return inside_ethertype(packet_u16(data + at + 2), at + 8 + (data[at] & 0x3f) * 4u);
}

/* Version 1, user data alone. */
static struct inner inside_gtp(const uint8_t *data, uint32_t len, uint32_t at)
{
	uint8_t flags, extension;

	if (at + 8 > len)
		return nothing;
	flags = data[at];
	if (flags >> 5 != 1 || !(flags & 0x10) || data[at + 1] != 0xff)
		return nothing;
	at += 8;
	if (!(flags & 7))
		return (struct inner){ INNER_IP, 0, at };
	if (at + 4 > len)
		return nothing;
	extension = flags & 4 ? data[at + 3] : 0;
	at += 4;
	while (extension) {
		uint32_t bytes = at < len ? data[at] * 4u : 0;

		if (!bytes || at + bytes > len)
			return nothing;
		extension = data[at + bytes - 1];
		at += bytes;
	}
	return (struct inner){ INNER_IP, 0, at };
}

/* Authentication and origin may come first. */
static struct inner inside_teredo(const uint8_t *data, uint32_t len, uint32_t at)
{
	if (at + 4 <= len && packet_u16(data + at) == 1)
		at += 13u + data[at + 2] + data[at + 3];
	if (at + 8 <= len && packet_u16(data + at) == 0)
		at += 8;
	if (at + 40 > len || data[at] >> 4 != 6)
		return nothing;
	return (struct inner){ INNER_IP, 0, at };
}

/*
 * Two Teredo clients talk on ports of their own. An address in 2001:0::/32 and a length that fits
 * to the byte give them away.
 */
static struct inner inside_any_udp(const uint8_t *data, uint32_t len, uint32_t at,
				   uint32_t udp_payload)
{
	static const uint8_t teredo[4] = { 0x20, 0x01, 0, 0 };

	if (at + 40 > len || data[at] >> 4 != 6 || packet_u16(data + at + 4) + 40u != udp_payload ||
	    (memcmp(data + at + 8, teredo, 4) && memcmp(data + at + 24, teredo, 4)))
		return nothing;
	return (struct inner){ INNER_IP, 0, at };
}

static struct inner inside_udp(const uint8_t *data, uint32_t len, uint32_t at)
{
	uint16_t source, dest;

	if (at + 8 > len)
		return nothing;
	source = packet_u16(data + at);
	dest = packet_u16(data + at + 2);
	at += 8;
	if (dest == UDP_VXLAN || dest == UDP_VXLAN_LINUX)
		return at + 8 <= len && data[at] & 0x08 ?
			       (struct inner){ INNER_ETHERNET, 0, at + 8 } :
			       nothing;
	if (dest == UDP_GENEVE)
		return inside_geneve(data, len, at);
	if (dest == UDP_GRE)
		return inside_gre(data, len, at);
	if (dest == UDP_GTP_U || source == UDP_GTP_U)
		return inside_gtp(data, len, at);
	if (dest == UDP_TEREDO || source == UDP_TEREDO)
		return inside_teredo(data, len, at);
	return inside_any_udp(data, len, at, packet_u16(data + at - 4) - 8u);
}

struct inner tunnel_inside(const uint8_t *data, uint32_t len, uint32_t at, uint8_t protocol)
{
	switch (protocol) {
	case PROTO_IPIP:
	case PROTO_IPV6:
		return (struct inner){ INNER_IP, 0, at };
	case PROTO_GRE:
		return inside_gre(data, len, at);
	case PACKET_PROTO_UDP:
		return inside_udp(data, len, at);
	default:
		return nothing;
	}
}

struct inner mirror_inside(const uint8_t *data, uint32_t len, uint32_t at, uint8_t protocol)
{
	uint16_t type;

	if (protocol != PROTO_GRE || at + 4 > len)
		return nothing;
	type = packet_u16(data + at + 2);
	return type == ETHERTYPE_ERSPAN2 || type == ETHERTYPE_ERSPAN3 ? inside_gre(data, len, at) :
									nothing;
}
