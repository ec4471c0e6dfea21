// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/link_layer.h"

#include <pcap/dlt.h>

#include "include/packet_view.h"
#include "user/replay/fragments.h"
#include "user/replay/tunnel.h"

#ifndef DLT_LINUX_SLL2
#define DLT_LINUX_SLL2 276
#endif
#ifndef DLT_DSA_TAG_BRCM
#define DLT_DSA_TAG_BRCM 281
#define DLT_DSA_TAG_BRCM_PREPEND 282
#endif
#ifndef DLT_DSA_TAG_DSA
#define DLT_DSA_TAG_DSA 284
#define DLT_DSA_TAG_EDSA 285
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

/* The family number differs by system; the IP header tells anyway. */
static struct cursor first_null(const struct link_walk *walk, uint32_t at)
{
	return has(walk, at, 5) ? next_step(STEP_IP, at + 4) : stop;
}

static struct cursor first_sll_of(const struct link_walk *walk, uint32_t at, uint32_t bytes,
				  uint32_t type_at)
{
	uint16_t type;

	if (!has(walk, at, bytes))
		return stop;
	type = packet_u16(walk->data + at + type_at);
	/* Below 0x600: 1 is Ethernet without a type, 4 is LLC (linux/if_ether.h). */
	if (type == 1)
		return next_step(STEP_ETHERNET, at + bytes);
	if (type == 4)
		return next_step(STEP_LLC, at + bytes);
	return next_ethertype(type, at + bytes);
}

static struct cursor first_sll(const struct link_walk *walk, uint32_t at)
{
	return first_sll_of(walk, at, 16, 14);
}

static struct cursor first_sll2(const struct link_walk *walk, uint32_t at)
{
	return first_sll_of(walk, at, 20, 0);
}

static uint32_t little16(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t little32(const uint8_t *at)
{
	return little16(at) | little16(at + 2) << 16;
}

static struct cursor first_radiotap(const struct link_walk *walk, uint32_t at)
{
	return has(walk, at, 8) ? next_step(STEP_WIFI, at + little16(walk->data + at + 2)) : stop;
}

static struct cursor first_ethernet(const struct link_walk *walk, uint32_t at)
{
	(void)walk;
	return next_step(STEP_ETHERNET, at);
}

static struct cursor first_ip(const struct link_walk *walk, uint32_t at)
{
	(void)walk;
	return next_step(STEP_IP, at);
}

static struct cursor first_ppp(const struct link_walk *walk, uint32_t at)
{
	(void)walk;
	return next_step(STEP_PPP, at);
}

static struct cursor first_pppoe(const struct link_walk *walk, uint32_t at)
{
	(void)walk;
	return next_step(STEP_PPP, at + 6);
}

static struct cursor first_wifi(const struct link_walk *walk, uint32_t at)
{
	(void)walk;
	return next_step(STEP_WIFI, at);
}

static struct cursor first_mpls(const struct link_walk *walk, uint32_t at)
{
	(void)walk;
	return next_ethertype(ETHERTYPE_MPLS, at);
}

/* RFC 1547 section 4.3.1: address, control, and an Ethernet type. */
static struct cursor first_hdlc(const struct link_walk *walk, uint32_t at)
{
	return has(walk, at, 4) ? next_ethertype(packet_u16(walk->data + at + 2), at + 4) : stop;
}

/*
 * A switch's tag of `bytes` stands behind the addresses, the type behind it: net/dsa/tag_dsa.c,
 * tag_brcm.c. The tag takes the place of the VLAN's.
 */
static struct cursor first_switch_tag(const struct link_walk *walk, uint32_t at, uint32_t bytes)
{
	uint16_t type;

	if (!has(walk, at, 14 + bytes))
		return stop;
	type = packet_u16(walk->data + at + 12 + bytes);
	return type < ETHERTYPE_LEAST ? next_step(STEP_LLC, at + 14 + bytes) :
					next_ethertype(type, at + 14 + bytes);
}

static struct cursor first_dsa(const struct link_walk *walk, uint32_t at)
{
	return first_switch_tag(walk, at, 4);
}

/* A type of its own (0xdada), two bytes of zero, and the tag. */
static struct cursor first_edsa(const struct link_walk *walk, uint32_t at)
{
	return first_switch_tag(walk, at, 8);
}

static struct cursor first_brcm_prepend(const struct link_walk *walk, uint32_t at)
{
	(void)walk;
	return next_step(STEP_ETHERNET, at + 4);
}

/*
 * Netfilter's log: a head of four bytes, then attributes of length, type and value, padded to four.
 * Numbers are in the byte order of the host that wrote them; types are small, so that one byte of
 * theirs is 0.
 */
#define NFLOG_PAYLOAD 9

static struct cursor first_nflog(const struct link_walk *walk, uint32_t at)
{
	at += 4;
	while (has(walk, at, 4)) {
		const uint8_t *attribute = walk->data + at;
		bool is_big = attribute[3] && !attribute[2];
		uint32_t bytes = is_big ? packet_u16(attribute) : little16(attribute);
		uint32_t type = is_big ? packet_u16(attribute + 2) : little16(attribute + 2);

		if (type == NFLOG_PAYLOAD)
			return next_step(STEP_IP, at + 4);
		if (bytes < 4)
			return stop;
		at += (bytes + 3) & ~3u;
	}
	return stop;
}

static struct cursor first_step(const struct link_walk *walk, int link_type, uint32_t at);

/* Its own head says what is behind it; never another of its kind. */
static struct cursor first_wrapped(const struct link_walk *walk, uint32_t at, uint32_t bytes,
				   uint32_t link_type)
{
	if (link_type == DLT_PKTAP || link_type == DLT_PPI || link_type > UINT16_MAX)
		return stop;
	return first_step(walk, (int)link_type, at + bytes);
}

/* Apple's: length of the head, what follows (1 = a packet), its DLT number; of the host's order. */
static struct cursor first_pktap(const struct link_walk *walk, uint32_t at)
{
	const uint8_t *head = walk->data + at;

	if (!has(walk, at, 12) || little32(head + 4) != 1 || !has(walk, at, little32(head)))
		return stop;
	return first_wrapped(walk, at, little32(head), little32(head + 8));
}

/* Per-Packet Information: version, flags, length of the head with its fields, DLT number. */
static struct cursor first_ppi(const struct link_walk *walk, uint32_t at)
{
	const uint8_t *head = walk->data + at;

	if (!has(walk, at, 8) || head[0] != 0)
		return stop;
	return first_wrapped(walk, at, little16(head + 2), little32(head + 4));
}

/* The numbers of files (LINKTYPE_) where they differ from those of systems (DLT_), too. */
static const struct {
	int link_type;
	struct cursor (*first)(const struct link_walk *walk, uint32_t at);
} link_types[] = {
	{ DLT_EN10MB, first_ethernet },
	{ DLT_RAW, first_ip },
	{ 14, first_ip }, /* DLT_RAW of OpenBSD */
	{ 101, first_ip }, /* LINKTYPE_RAW */
	{ DLT_IPV4, first_ip },
	{ DLT_IPV6, first_ip },
	{ DLT_NULL, first_null },
	{ DLT_LOOP, first_null },
	{ DLT_LINUX_SLL, first_sll },
	{ DLT_LINUX_SLL2, first_sll2 },
	{ DLT_PPP, first_ppp },
	{ DLT_PPP_SERIAL, first_ppp },
	{ DLT_PPP_ETHER, first_pppoe },
	{ DLT_C_HDLC, first_hdlc },
	{ DLT_MPLS, first_mpls },
	{ DLT_IEEE802_11, first_wifi },
	{ DLT_IEEE802_11_RADIO, first_radiotap },
	{ DLT_PPI, first_ppi },
	{ DLT_PKTAP, first_pktap },
	{ 149, first_pktap }, /* DLT_USER2: Apple's before it had a number */
	{ DLT_NFLOG, first_nflog },
	{ DLT_DSA_TAG_DSA, first_dsa },
	{ DLT_DSA_TAG_EDSA, first_edsa },
	{ DLT_DSA_TAG_BRCM, first_dsa },
	{ DLT_DSA_TAG_BRCM_PREPEND, first_brcm_prepend },
};

#define LINK_TYPES (sizeof(link_types) / sizeof(link_types[0]))

int link_type_in_files(int link_type)
{
	return link_type == DLT_RAW || link_type == 14 ? 101 : link_type;
}

bool link_type_is_known(int link_type)
{
	for (size_t i = 0; i < LINK_TYPES; i++)
		if (link_types[i].link_type == link_type)
			return true;
	return false;
}

static struct cursor first_step(const struct link_walk *walk, int link_type, uint32_t at)
{
	for (size_t i = 0; i < LINK_TYPES; i++)
		if (link_types[i].link_type == link_type)
			return link_types[i].first(walk, at);
	return stop;
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

/* What is inside the IP packet at `at`: of a tunnel with `decap`, of a mirror always. */
static struct cursor into_tunnel(struct link_walk *walk, uint32_t at)
{
	const uint8_t *end = walk->data + walk->len;
	struct packet_offsets found;
	struct inner inner;

	if (packet_find(walk->data, end, at, &found))
		return stop;
	inner = walk->decap ?
			tunnel_inside(walk->data, walk->len, found.transport, found.protocol) :
			mirror_inside(walk->data, walk->len, found.transport, found.protocol);
	return from_inner(&inner);
}

/* Most packets need no second look. */
static bool may_be_tunnel(const struct link_walk *walk, uint32_t at)
{
	const uint8_t *ip = walk->data + at;

	return walk->decap || ip[ip[0] >> 4 == 4 ? 9 : 6] == TUNNEL_PROTOCOL_GRE;
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
		inside = may_be_tunnel(walk, here.at) ? into_tunnel(walk, here.at) : stop;
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
	    walk->data[23] != TUNNEL_PROTOCOL_GRE &&
	    !fragments_is_one(walk->data + 14, walk->len - 14))
		return 14;
	return walk_on(walk, first_step(walk, link_type, 0));
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
