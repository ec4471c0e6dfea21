// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/link_layer.h"

#include <pcap/dlt.h>

#include "include/packet_view.h"
#include "user/replay/fragments.h"
#include "user/replay/tunnel.h"

#ifndef DLT_LINUX_SLL2
#define DLT_LINUX_SLL2 276
#endif

#define ETHERTYPE_MPLS 0x8847
#define ETHERTYPE_MPLS_MULTICAST 0x8848
#define ETHERTYPE_PPPOE 0x8864
#define ETHERTYPE_VLAN_OLD 0x9100 /* QinQ before 802.1ad */
#define ETHERTYPE_VLAN_OLD_2 0x9200
#define ETHERTYPE_VNTAG 0x8926 /* Cisco VN-tag, 802.1Qbh */
#define ETHERTYPE_FABRIC_PATH 0x8903
#define ETHERTYPE_PPP 0x880b
#define ETHERTYPE_ARUBA_FIRST 0x8200 /* 802.11 frames of Aruba's access points, in GRE */
#define ETHERTYPE_ARUBA_LAST 0x8370
#define ETHERTYPE_LEAST 0x0600 /* below it is a length (IEEE 802.3) */

#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057

/* What comes next in the frame. */
enum link_step {
	STEP_STOP,
	STEP_ETHERNET,
	STEP_ETHERTYPE,
	STEP_PPP,
	STEP_LLC,
	STEP_WIFI,
	STEP_IP,
};

/* Where the walk is: the header of `step` begins at `at`. */
struct cursor {
	enum link_step step;
	uint16_t ethertype;
	uint32_t at;
};

static const struct cursor stop = { STEP_STOP, 0, 0 };

static struct cursor next_step(enum link_step step, uint32_t at)
{
	return (struct cursor){ step, 0, at };
}

static struct cursor next_ethertype(uint16_t ethertype, uint32_t at)
{
	return (struct cursor){ STEP_ETHERTYPE, ethertype, at };
}

static bool has(const struct link_walk *walk, uint32_t at, uint32_t bytes)
{
	return at <= walk->len && bytes <= walk->len - at;
}

bool link_type_is_known(int link_type)
{
	switch (link_type) {
	case DLT_EN10MB:
	case DLT_RAW:
	case 14: /* DLT_RAW of OpenBSD */
	case 101: /* the number in files */
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_NULL:
	case DLT_LOOP:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_PPP:
	case DLT_PPP_SERIAL:
	case DLT_PPP_ETHER:
	case DLT_IEEE802_11:
	case DLT_IEEE802_11_RADIO:
		return true;
	default:
		return false;
	}
}

/* The family number differs by system; the IP header tells anyway. */
static struct cursor step_null(const struct link_walk *walk)
{
	return has(walk, 0, 5) ? next_step(STEP_IP, 4) : stop;
}

static struct cursor step_sll(const struct link_walk *walk, uint32_t bytes, uint32_t type_at)
{
	uint16_t type;

	if (!has(walk, 0, bytes))
		return stop;
	type = packet_u16(walk->data + type_at);
	/* Below 0x600: 1 is Ethernet without a type, 4 is LLC (linux/if_ether.h). */
	if (type == 1)
		return next_step(STEP_ETHERNET, bytes);
	if (type == 4)
		return next_step(STEP_LLC, bytes);
	return next_ethertype(type, bytes);
}

static struct cursor step_radiotap(const struct link_walk *walk)
{
	uint32_t bytes;

	if (!has(walk, 0, 8))
		return stop;
	bytes = walk->data[2] | (uint32_t)walk->data[3] << 8;
	return next_step(STEP_WIFI, bytes);
}

static struct cursor first_step(const struct link_walk *walk, int link_type)
{
	switch (link_type) {
	case DLT_EN10MB:
		return next_step(STEP_ETHERNET, 0);
	case DLT_NULL:
	case DLT_LOOP:
		return step_null(walk);
	case DLT_LINUX_SLL:
		return step_sll(walk, 16, 14);
	case DLT_LINUX_SLL2:
		return step_sll(walk, 20, 0);
	case DLT_PPP:
	case DLT_PPP_SERIAL:
		return next_step(STEP_PPP, 0);
	case DLT_PPP_ETHER:
		return next_step(STEP_PPP, 6);
	case DLT_IEEE802_11:
		return next_step(STEP_WIFI, 0);
	case DLT_IEEE802_11_RADIO:
		return step_radiotap(walk);
	default:
		return next_step(STEP_IP, 0);
	}
}

static struct cursor after_ethernet(const struct link_walk *walk, uint32_t at)
{
	uint16_t type;

	if (!has(walk, at, 14))
		return stop;
	type = packet_u16(walk->data + at + 12);
	if (type < ETHERTYPE_LEAST)
		return next_step(STEP_LLC, at + 14);
	return next_ethertype(type, at + 14);
}

/* RFC 1661 section 2, RFC 1662: address and control may be left out, the protocol may be short. */
static struct cursor after_ppp(const struct link_walk *walk, uint32_t at)
{
	uint16_t protocol;

	if (has(walk, at, 2) && walk->data[at] == 0xff && walk->data[at + 1] == 0x03)
		at += 2;
	if (!has(walk, at, 2))
		return stop;
	protocol = walk->data[at] & 1 ? walk->data[at] : packet_u16(walk->data + at);
	at += walk->data[at] & 1 ? 1 : 2;
	return protocol == PPP_IPV4 || protocol == PPP_IPV6 ? next_step(STEP_IP, at) : stop;
}

/* IEEE 802.2 with SNAP; or IP straight behind a service access point of its own. */
static struct cursor after_llc(const struct link_walk *walk, uint32_t at)
{
	const uint8_t *llc = walk->data + at;

	if (!has(walk, at, 8))
		return stop;
	if (llc[0] == 0xaa && llc[1] == 0xaa && llc[2] == 0x03)
		return next_ethertype(packet_u16(llc + 6), at + 8);
	return llc[0] == 0x06 && llc[2] == 0x03 ? next_step(STEP_IP, at + 3) : stop;
}

/* RFC 3032. Behind the last label there is no type: the first nibble tells. */
static struct cursor after_mpls(const struct link_walk *walk, uint32_t at)
{
	bool is_last;

	do {
		if (!has(walk, at, 5))
			return stop;
		is_last = walk->data[at + 2] & 1;
		at += 4;
	} while (!is_last);
	switch (walk->data[at] >> 4) {
	case 4:
	case 6:
		return next_step(STEP_IP, at);
	case 0: /* the control word of a pseudowire (RFC 4385) */
		return next_step(STEP_ETHERNET, at + 4);
	default:
		return next_step(STEP_ETHERNET, at);
	}
}

/* A tag of `bytes` that ends with the next type. */
static struct cursor after_tag(const struct link_walk *walk, uint32_t at, uint32_t bytes)
{
	uint16_t type;

	if (!has(walk, at, bytes))
		return stop;
	type = packet_u16(walk->data + at + bytes - 2);
	if (type < ETHERTYPE_LEAST)
		return next_step(STEP_LLC, at + bytes);
	return next_ethertype(type, at + bytes);
}

static struct cursor after_ethertype(const struct link_walk *walk, const struct cursor *here)
{
	switch (here->ethertype) {
	case PACKET_ETHERTYPE_IPV4:
	case PACKET_ETHERTYPE_IPV6:
		return next_step(STEP_IP, here->at);
	case PACKET_ETHERTYPE_VLAN:
	case PACKET_ETHERTYPE_QINQ:
	case ETHERTYPE_VLAN_OLD:
	case ETHERTYPE_VLAN_OLD_2:
		return after_tag(walk, here->at, 4);
	case ETHERTYPE_VNTAG:
		return after_tag(walk, here->at, 6);
	case ETHERTYPE_FABRIC_PATH:
		return next_step(STEP_ETHERNET, here->at + 2);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_MULTICAST:
		return after_mpls(walk, here->at);
	case ETHERTYPE_PPPOE:
		return next_step(STEP_PPP, here->at + 6);
	case ETHERTYPE_PPP:
		return next_step(STEP_PPP, here->at);
	default:
		if (here->ethertype >= ETHERTYPE_ARUBA_FIRST &&
		    here->ethertype <= ETHERTYPE_ARUBA_LAST)
			return next_step(STEP_WIFI, here->at);
		return stop;
	}
}

/* One frame of an aggregate: addresses, length, LLC; padded to four bytes. */
static struct cursor next_of_aggregate(struct link_walk *walk)
{
	uint32_t at = walk->more_at, bytes;

	if (at >= walk->more_end || !has(walk, at, 14)) {
		walk->more_at = walk->more_end = 0;
		return stop;
	}
	bytes = packet_u16(walk->data + at + 12);
	walk->more_at = at + ((14 + bytes + 3) & ~3u);
	return next_step(STEP_LLC, at + 14);
}

/* IEEE 802.11 data frames that are not encrypted. */
static struct cursor after_wifi(struct link_walk *walk, uint32_t at)
{
	const uint8_t *frame = walk->data + at;
	uint32_t bytes = 24;
	bool is_qos;

	if (!has(walk, at, 26) || (frame[0] & 0x0c) != 0x08 || frame[1] & 0x40)
		return stop;
	if (frame[0] & 0x40) /* without data */
		return stop;
	if ((frame[1] & 3) == 3)
		bytes += 6;
	is_qos = frame[0] & 0x80;
	if (is_qos && has(walk, at, bytes + 2) && frame[bytes] & 0x80) {
		walk->more_at = at + bytes + 2;
		walk->more_end = walk->len;
		return next_of_aggregate(walk);
	}
	return next_step(STEP_LLC, at + bytes + (is_qos ? 2 : 0) + (frame[1] & 0x80 ? 4 : 0));
}

static struct cursor from_inner(const struct inner *inner)
{
	switch (inner->kind) {
	case INNER_ETHERNET:
		return next_step(STEP_ETHERNET, inner->at);
	case INNER_ETHERTYPE:
		return next_ethertype(inner->ethertype, inner->at);
	case INNER_IP:
		return next_step(STEP_IP, inner->at);
	default:
		return stop;
	}
}

/* What is inside the IP packet at `at`, when it is a tunnel. */
static struct cursor into_tunnel(struct link_walk *walk, uint32_t at)
{
	const uint8_t *end = walk->data + walk->len;
	struct packet_offsets found;
	struct inner inner;

	if (packet_find(walk->data, end, at, &found))
		return stop;
	inner = tunnel_inside(walk->data, walk->len, found.transport, found.protocol);
	return from_inner(&inner);
}

/* A fragment is no packet; the last one makes it one, which lies elsewhere. */
static bool assemble(struct link_walk *walk, uint32_t *at)
{
	const uint8_t *whole;
	uint32_t len;

	if (!fragments_is_one(walk->data + *at, walk->len - *at))
		return true;
	walk->is_fragment = !fragments_take(walk->fragments, walk->data + *at, walk->len - *at,
					    walk->now_ns, &whole, &len);
	if (walk->is_fragment)
		return false;
	walk->data = whole;
	walk->len = len;
	walk->more_at = walk->more_end = 0;
	*at = 0;
	return true;
}

static struct cursor take_step(struct link_walk *walk, const struct cursor *here)
{
	switch (here->step) {
	case STEP_ETHERNET:
		return after_ethernet(walk, here->at);
	case STEP_ETHERTYPE:
		return after_ethertype(walk, here);
	case STEP_PPP:
		return after_ppp(walk, here->at);
	case STEP_LLC:
		return after_llc(walk, here->at);
	case STEP_WIFI:
		return after_wifi(walk, here->at);
	default:
		return stop;
	}
}

static int walk_on(struct link_walk *walk, struct cursor here)
{
	struct cursor inside;

	for (int depth = 0; depth < LINK_DEPTH_MAX; depth++) {
		if (here.step == STEP_STOP)
			return -1;
		if (here.step != STEP_IP) {
			here = take_step(walk, &here);
			continue;
		}
		if (!has(walk, here.at, 20) || !assemble(walk, &here.at))
			return -1;
		inside = walk->decap ? into_tunnel(walk, here.at) : stop;
		if (inside.step == STEP_STOP)
			return (int)here.at;
		here = inside;
	}
	return -1;
}

int link_first(struct link_walk *walk, int link_type)
{
	walk->is_fragment = false;
	walk->more_at = walk->more_end = 0;
	/* Most frames are this one, and need no walk. */
	if (!walk->decap && link_type == DLT_EN10MB && has(walk, 0, 34) &&
	    packet_u16(walk->data + 12) == PACKET_ETHERTYPE_IPV4 &&
	    !fragments_is_one(walk->data + 14, walk->len - 14))
		return 14;
	return walk_on(walk, first_step(walk, link_type));
}

int link_next(struct link_walk *walk)
{
	while (walk->more_at < walk->more_end) {
		int at = walk_on(walk, next_of_aggregate(walk));

		if (at >= 0)
			return at;
	}
	return -1;
}
