/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the bytes of a frame to the few TCP header fields that an ending needs.
 * Works on a pair of pointers, so XDP, TC, captures and tests share it. Knows no
 * kernel header: fields are read by their documented offsets.
 */
#ifndef CLOSETRACE_PACKET_VIEW_H
#define CLOSETRACE_PACKET_VIEW_H

#include "include/compiler.h"
#include "include/flow_key.h"

/* RFC 9293 section 3.1, low byte of the flags. */
#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_PSH 0x08
#define TCP_FLAG_ACK 0x10
#define TCP_FLAG_URG 0x20
#define TCP_FLAGS_CONTROL (TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_RST)

#define PACKET_ETHERTYPE_IPV4 0x0800
#define PACKET_ETHERTYPE_IPV6 0x86dd
#define PACKET_ETHERTYPE_VLAN 0x8100 /* IEEE 802.1Q */
#define PACKET_ETHERTYPE_QINQ 0x88a8 /* IEEE 802.1ad */
#define PACKET_VLAN_TAGS_MAX 2
#define PACKET_IPV6_EXTENSIONS_MAX 4

#define PACKET_PROTO_HOPOPTS 0
#define PACKET_PROTO_ICMP 1
#define PACKET_PROTO_TCP 6
#define PACKET_PROTO_UDP 17
#define PACKET_PROTO_ROUTING 43
#define PACKET_PROTO_FRAGMENT 44
#define PACKET_PROTO_AH 51
#define PACKET_PROTO_ICMPV6 58
#define PACKET_PROTO_DSTOPTS 60

/* Extension headers of the common shape: next header, length in units of 8 bytes less 1. */
#define PACKET_IPV6_OPTION_HEADERS                                                                 \
	(1ULL << PACKET_PROTO_HOPOPTS | 1ULL << PACKET_PROTO_ROUTING | 1ULL << PACKET_PROTO_DSTOPTS)

/* What a frame is to us; see packet_view_parse(). */
enum packet_kind {
	PACKET_IGNORED = 0, /* not TCP, a later fragment, cut short, or damaged */
	PACKET_TCP_DATA = 1, /* TCP without SYN, FIN and RST: leave at once */
	PACKET_TCP_CONTROL = 2, /* TCP with SYN, FIN or RST: the view is filled */
	PACKET_ICMP_ERROR = 3, /* ICMP error that quotes a TCP packet: the view is the quoted one */
};

/* Where the headers lie, as found by packet_find(). Offsets from the start of the frame. */
struct packet_offsets {
	__u32 ip;
	__u32 transport;
	__u8 ip_version; /* 4 or 6 */
	__u8 protocol; /* PACKET_PROTO_* behind all IPv6 extension headers */
};

/**
 * One control packet, or the packet that an ICMP error quotes.
 *
 * @payload_bytes  TCP payload by the IP length field, not by the frame.
 * @icmp_type      With PACKET_ICMP_ERROR: type and code, and in `icmp_source` the
 *                 address of the host that sent the error. Otherwise 0.
 *
 * Addresses and ports in network byte order; everything else in host order.
 */
struct packet_view {
	__u8 source_addr[16] __attribute__((aligned(8)));
	__u8 dest_addr[16] __attribute__((aligned(8)));
	__u8 icmp_source[16] __attribute__((aligned(8)));
	__be16 source_port;
	__be16 dest_port;
	__u32 seq;
	__u32 ack_seq;
	__u16 window;
	__u16 ip_id; /* 0 for IPv6 */
	__u16 payload_bytes;
	__u8 flags; /* TCP_FLAG_* */
	__u8 ttl; /* or hop limit */
	__u8 ip_version;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 kind; /* enum packet_kind */
};

/* The first packet of a client: SYN without ACK. */
ALWAYS_INLINE int packet_is_bare_syn(const struct packet_view *view)
{
	return (view->flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN;
}

ALWAYS_INLINE __u16 packet_u16(const __u8 *p)
{
	return NET_TO_HOST_16(unaligned_u16(p));
}

ALWAYS_INLINE __u32 packet_u32(const __u8 *p)
{
	return NET_TO_HOST_32(unaligned_u32(p));
}

/* The network header of an Ethernet frame; 0 when it is neither IPv4 nor IPv6. */
ALWAYS_INLINE __u32 packet_network_offset(const __u8 *data, const __u8 *data_end)
{
	__u32 offset = 14;
	__u16 ethertype;

	if (data + 14 > data_end)
		return 0;
	ethertype = packet_u16(data + 12);
	for (int tag = 0; tag < PACKET_VLAN_TAGS_MAX; tag++) {
		if (ethertype != PACKET_ETHERTYPE_VLAN && ethertype != PACKET_ETHERTYPE_QINQ)
			break;
		if (data + offset + 4 > data_end)
			return 0;
		ethertype = packet_u16(data + offset + 2);
		offset += 4;
	}
	if (ethertype == PACKET_ETHERTYPE_IPV4 || ethertype == PACKET_ETHERTYPE_IPV6)
		return offset;
	return 0;
}

/* RFC 8200 section 4: walk to the transport header. 0, or -1 when there is none to read. */
ALWAYS_INLINE int packet_skip_extensions(const __u8 *data, const __u8 *data_end,
					 struct packet_offsets *at)
{
	__u32 offset = at->transport;
	__u8 protocol = at->protocol;

#pragma GCC unroll 4
	for (int i = 0; i < PACKET_IPV6_EXTENSIONS_MAX; i++) {
		const __u8 *header = data + offset;
		__u32 bytes;

		if (protocol == PACKET_PROTO_TCP || protocol == PACKET_PROTO_ICMPV6)
			break;
		if (offset > 1024 || header + 8 > data_end)
			return -1;
		if (protocol == PACKET_PROTO_FRAGMENT) {
			if (packet_u16(header + 2) & 0xfff8)
				return -1;
			bytes = 8;
		} else if (protocol == PACKET_PROTO_AH) {
			bytes = ((__u32)header[1] + 2) * 4;
		} else if (protocol < 64 && (PACKET_IPV6_OPTION_HEADERS >> protocol & 1)) {
			bytes = ((__u32)header[1] + 1) * 8;
		} else {
			return -1;
		}
		protocol = header[0];
		offset += bytes;
	}
	at->transport = offset;
	at->protocol = protocol;
	return 0;
}

/**
 * Find the IP header at `ip_offset` and what follows it directly.
 *
 * @return  0 with `at` filled, -1 for a later fragment or a damaged header. `at` is
 *          then undefined. With IPv6, `protocol` may be that of an extension header.
 */
ALWAYS_INLINE int packet_find(const __u8 *data, const __u8 *data_end, __u32 ip_offset,
			      struct packet_offsets *at)
{
	const __u8 *ip = data + ip_offset;

	if (ip + 20 > data_end)
		return -1;
	at->ip = ip_offset;
	at->ip_version = ip[0] >> 4;
	if (at->ip_version == 4) {
		__u32 header_bytes = (ip[0] & 0xf) * 4u;

		if (header_bytes < 20 || (packet_u16(ip + 6) & 0x1fff))
			return -1;
		at->transport = ip_offset + header_bytes;
		at->protocol = ip[9];
		return 0;
	}
	if (at->ip_version != 6 || ip + 40 > data_end)
		return -1;
	at->transport = ip_offset + 40;
	at->protocol = ip[6];
	return 0;
}

ALWAYS_INLINE void packet_view_fill_ip(const __u8 *ip, __u8 ip_version, struct packet_view *view)
{
	view->ip_version = ip_version;
	if (ip_version == 4) {
		flow_addr_from_ipv4(view->source_addr, unaligned_u32(ip + 12));
		flow_addr_from_ipv4(view->dest_addr, unaligned_u32(ip + 16));
		view->ttl = ip[8];
		view->ip_id = packet_u16(ip + 4);
		return;
	}
	flow_addr_from_ipv6(view->source_addr, ip + 8);
	flow_addr_from_ipv6(view->dest_addr, ip + 24);
	view->ttl = ip[7];
}

/* Payload by the IP length field; 0 where that field lies (TSO writes 0 there). */
ALWAYS_INLINE __u16 packet_payload_bytes(const __u8 *ip, const struct packet_offsets *at,
					 __u32 tcp_header_bytes)
{
	__u32 total = at->ip_version == 4 ? packet_u16(ip + 2) : packet_u16(ip + 4) + 40u;
	__u32 headers = at->transport - at->ip + tcp_header_bytes;

	return total > headers ? (__u16)(total - headers) : 0;
}

/**
 * Parse the packet that an ICMP error quotes (RFC 792, RFC 4443): 8 bytes of its
 * TCP header are enough. Only the kinds that can end a TCP connection count:
 * ICMP 3, 11, 12 and ICMPv6 1, 3, 4; "packet too big" and "fragmentation needed"
 * are path MTU discovery, not an ending. A quoted packet with IPv6 extension headers is
 * left alone: Linux sends none of its own accord.
 */
ALWAYS_INLINE int packet_view_parse_icmp(const __u8 *data, const __u8 *data_end,
					 const struct packet_offsets *at, struct packet_view *view)
{
	const __u8 *icmp = data + at->transport;
	const __u8 *outer = data + at->ip;
	struct packet_offsets quoted;
	const __u8 *ip, *tcp;
	__u8 type, code;

	if (icmp + 8 > data_end)
		return PACKET_IGNORED;
	type = icmp[0];
	code = icmp[1];
	if (at->ip_version == 4) {
		if ((type != 3 && type != 11 && type != 12) || (type == 3 && code == 4))
			return PACKET_IGNORED;
	} else if (type != 1 && type != 3 && type != 4) {
		return PACKET_IGNORED;
	}
	if (packet_find(data, data_end, at->transport + 8, &quoted) ||
	    quoted.ip_version != at->ip_version || quoted.protocol != PACKET_PROTO_TCP)
		return PACKET_IGNORED;
	tcp = data + quoted.transport;
	if (tcp + 8 > data_end)
		return PACKET_IGNORED;
	ip = data + quoted.ip;
	if (at->ip_version == 4) {
		/* Again, for the verifier: `quoted.ip` is a variable offset. */
		if (outer + 20 > data_end || ip + 20 > data_end)
			return PACKET_IGNORED;
		packet_view_fill_ip(ip, 4, view);
		flow_addr_from_ipv4(view->icmp_source, unaligned_u32(outer + 12));
	} else {
		if (outer + 40 > data_end || ip + 40 > data_end)
			return PACKET_IGNORED;
		packet_view_fill_ip(ip, 6, view);
		flow_addr_from_ipv6(view->icmp_source, outer + 8);
	}
	view->source_port = unaligned_u16(tcp);
	view->dest_port = unaligned_u16(tcp + 2);
	view->seq = packet_u32(tcp + 4);
	view->icmp_type = type;
	view->icmp_code = code;
	view->kind = PACKET_ICMP_ERROR;
	return PACKET_ICMP_ERROR;
}

/* What packet_locate() found, in one register; 0 = nothing that interests us. */
#define PACKET_AT(transport, protocol, version)                                                    \
	((transport) | (__u32)(protocol) << 16 | (__u32)(version) << 24)
#define PACKET_AT_TRANSPORT(at) ((at)&0xfff)
#define PACKET_AT_PROTOCOL(at) ((__u8)((at) >> 16))
#define PACKET_AT_VERSION(at) ((__u8)((at) >> 24))

#define PACKET_AT_UNKNOWN 1 /* packet_glance(): it takes a parse to tell */

/**
 * The first look, by as few loads as possible: most packets need no second one.
 *
 * @ip_offset  14 for a frame with an Ethernet header, 0 for one that starts with IP.
 * @return     0: of no interest (TCP data, UDP, ARP is left to the parse);
 *             PACKET_AT_UNKNOWN: VLAN tags, options, extension headers, ICMP or something
 *             odd; else what packet_locate() would return for this SYN, FIN or RST.
 */
ALWAYS_INLINE __u32 packet_glance(const __u8 *data, const __u8 *data_end, __u32 ip_offset)
{
	const __u8 *ip = data + ip_offset;
	__u32 header_bytes;

	if (ip + 40 > data_end)
		return PACKET_AT_UNKNOWN;
	if (ip[0] == 0x45 && (!ip_offset || packet_u16(data + 12) == PACKET_ETHERTYPE_IPV4)) {
		if (ip[9] != PACKET_PROTO_TCP)
			return ip[9] == PACKET_PROTO_ICMP ? PACKET_AT_UNKNOWN : 0;
		if (packet_u16(ip + 6) & 0x1fff)
			return 0;
		header_bytes = 20;
	} else if (ip[0] >> 4 == 6 &&
		   (!ip_offset || packet_u16(data + 12) == PACKET_ETHERTYPE_IPV6)) {
		if (ip[6] != PACKET_PROTO_TCP)
			return ip[6] == PACKET_PROTO_UDP ? 0 : PACKET_AT_UNKNOWN;
		header_bytes = 40;
	} else {
		return PACKET_AT_UNKNOWN;
	}
	if (ip + header_bytes + 20 > data_end)
		return PACKET_AT_UNKNOWN;
	if (!(ip[header_bytes + 13] & TCP_FLAGS_CONTROL))
		return 0;
	return PACKET_AT(ip_offset + header_bytes, PACKET_PROTO_TCP, header_bytes == 20 ? 4 : 6);
}

/* What the hooks leave at once. */
ALWAYS_INLINE int packet_is_plain(const __u8 *data, const __u8 *data_end, __u32 ip_offset)
{
	return packet_glance(data, data_end, ip_offset) == 0;
}

/**
 * Find the TCP or ICMP header of the packet whose IP header is at `ip_offset`.
 *
 * @return  PACKET_AT(), or 0 when it is neither, a later fragment, or cut short. Packed, so
 *          that it can be a BPF function of its own, verified once.
 */
ALWAYS_INLINE __u32 packet_locate(const __u8 *data, const __u8 *data_end, __u32 ip_offset)
{
	struct packet_offsets at;

	if (packet_find(data, data_end, ip_offset, &at))
		return 0;
	if (at.ip_version == 6 && at.protocol != PACKET_PROTO_TCP &&
	    packet_skip_extensions(data, data_end, &at))
		return 0;
	if (at.protocol != PACKET_PROTO_TCP &&
	    at.protocol != (at.ip_version == 4 ? PACKET_PROTO_ICMP : PACKET_PROTO_ICMPV6))
		return 0;
	return at.transport > 0xfff ? 0 : PACKET_AT(at.transport, at.protocol, at.ip_version);
}

/**
 * Fill the view of the TCP packet that packet_locate() has found, data or control.
 *
 * @view    Must be zeroed. PACKET_TCP_DATA is filled as well as PACKET_TCP_CONTROL.
 * @return  enum packet_kind. Never reads at or behind data_end.
 */
ALWAYS_INLINE int packet_view_fill_tcp(const __u8 *data, const __u8 *data_end, __u32 ip_offset,
				       __u32 located, struct packet_view *view)
{
	struct packet_offsets at = { .ip = ip_offset,
				     .transport = PACKET_AT_TRANSPORT(located),
				     .ip_version = PACKET_AT_VERSION(located),
				     .protocol = PACKET_AT_PROTOCOL(located) };
	const __u8 *ip = data + ip_offset, *tcp = data + at.transport;
	__u32 header_bytes;

	if (tcp + 20 > data_end)
		return PACKET_IGNORED;
	header_bytes = (tcp[12] >> 4) * 4u;
	if (header_bytes < 20)
		return PACKET_IGNORED;
	if (at.ip_version == 6) {
		if (ip + 40 > data_end)
			return PACKET_IGNORED;
		packet_view_fill_ip(ip, 6, view);
	} else {
		if (ip + 20 > data_end)
			return PACKET_IGNORED;
		packet_view_fill_ip(ip, 4, view);
	}
	view->source_port = unaligned_u16(tcp);
	view->dest_port = unaligned_u16(tcp + 2);
	view->seq = packet_u32(tcp + 4);
	view->ack_seq = packet_u32(tcp + 8);
	view->flags = tcp[13];
	view->window = packet_u16(tcp + 14);
	view->payload_bytes = packet_payload_bytes(ip, &at, header_bytes);
	view->kind = view->flags & TCP_FLAGS_CONTROL ? PACKET_TCP_CONTROL : PACKET_TCP_DATA;
	return view->kind;
}

/**
 * Look at the packet that packet_locate() has found.
 *
 * @view    Must be zeroed; filled for PACKET_TCP_CONTROL and PACKET_ICMP_ERROR,
 *          undefined otherwise. A data packet is left before anything is copied.
 * @return  enum packet_kind. Never reads at or behind data_end.
 */
ALWAYS_INLINE int packet_view_fill(const __u8 *data, const __u8 *data_end, __u32 ip_offset,
				   __u32 located, struct packet_view *view)
{
	struct packet_offsets at = { .ip = ip_offset,
				     .transport = PACKET_AT_TRANSPORT(located),
				     .ip_version = PACKET_AT_VERSION(located),
				     .protocol = PACKET_AT_PROTOCOL(located) };
	const __u8 *tcp = data + at.transport;

	if (at.protocol != PACKET_PROTO_TCP)
		return packet_view_parse_icmp(data, data_end, &at, view);
	if (tcp + 20 > data_end)
		return PACKET_IGNORED;
	if (!(tcp[13] & TCP_FLAGS_CONTROL))
		return PACKET_TCP_DATA;
	return packet_view_fill_tcp(data, data_end, ip_offset, located, view);
}

/* Both steps, for a packet that starts with an IP header at `ip_offset`. */
ALWAYS_INLINE int packet_view_parse_ip(const __u8 *data, const __u8 *data_end, __u32 ip_offset,
				       struct packet_view *view)
{
	__u32 located = packet_locate(data, data_end, ip_offset);

	return located ? packet_view_fill(data, data_end, ip_offset, located, view) :
			 PACKET_IGNORED;
}

/* The same for a frame that starts with an Ethernet header. */
ALWAYS_INLINE int packet_view_parse(const __u8 *data, const __u8 *data_end,
				    struct packet_view *view)
{
	__u32 ip_offset = packet_network_offset(data, data_end);

	return ip_offset ? packet_view_parse_ip(data, data_end, ip_offset, view) : PACKET_IGNORED;
}

#endif
