/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames built from a description, and frames built at random and then damaged. */
#ifndef TESTS_BPF_FRAME_H
#define TESTS_BPF_FRAME_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "include/flow_key.h"
#include "include/packet_view.h"
#include "tests/bpf/random.h"

#define FRAME_MAX 512
#define FRAME_EXTENSIONS_MAX 6
#define FRAME_CLIENT_PORT 40000
#define FRAME_SERVER_PORT 443

/* A frame, and where its (outer) IP header and its transport header begin. */
struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t len;
	size_t ip;
	size_t transport;
};

/**
 * A TCP packet between client and server; 0 means the default that is named.
 *
 * @ip_version     4.
 * @tags           VLAN tags; the outer one of two is a QinQ one.
 * @is_reply       From the server to the client.
 * @client_port    FRAME_CLIENT_PORT.
 * @client_host @server_host  Last byte of the address: 1 and 2.
 * @ttl            64.
 * @ip_options     Bytes of IPv4 options, a multiple of 4.
 * @fragment       IPv4 fragment field; with IPv6 that of a fragment header in `extensions`.
 * @extensions     IPv6 extension headers in their order: protocol numbers. Ends at 0xff or at
 *                 `extension_count`. Each is 8 bytes long, AH 24.
 */
struct tcp_packet {
	uint8_t ip_version, tags, flags, ttl;
	bool is_reply;
	uint8_t client_host, server_host;
	uint16_t client_port, server_port, ip_id, window, payload, fragment;
	uint32_t seq, ack;
	size_t ip_options;
	uint8_t extensions[FRAME_EXTENSIONS_MAX];
	size_t extension_count;
};

static inline uint8_t *frame_grow(struct frame *f, size_t len)
{
	uint8_t *at = f->bytes + f->len;

	if (f->len + len > sizeof(f->bytes))
		abort();
	memset(at, 0, len);
	f->len += len;
	return at;
}

static inline void frame_put_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void frame_put_u32(uint8_t *at, uint32_t value)
{
	frame_put_u16(at, (uint16_t)(value >> 16));
	frame_put_u16(at + 2, (uint16_t)value);
}

static inline void frame_add_ethernet(struct frame *f, unsigned int tags, uint16_t ethertype)
{
	f->len = 0;
	memcpy(frame_grow(f, 12), "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02", 12);
	for (; tags; tags--) {
		frame_put_u16(frame_grow(f, 2),
			      tags == 2 ? PACKET_ETHERTYPE_QINQ : PACKET_ETHERTYPE_VLAN);
		frame_put_u16(frame_grow(f, 2), 0x2064);
	}
	frame_put_u16(frame_grow(f, 2), ethertype);
}

/* 10.9.0.host, or 2001:db8:9::host. */
static inline void frame_put_addr(uint8_t *at, uint8_t ip_version, uint8_t host)
{
	if (ip_version == 4) {
		memcpy(at, "\x0a\x09\x00", 3);
		at[3] = host;
		return;
	}
	memset(at, 0, 16);
	memcpy(at, "\x20\x01\x0d\xb8\x00\x09", 6);
	at[15] = host;
}

static inline uint8_t tcp_packet_host(const struct tcp_packet *p, bool of_server)
{
	return of_server ? (p->server_host ? p->server_host : 2) :
			   (p->client_host ? p->client_host : 1);
}

static inline uint16_t tcp_packet_port(const struct tcp_packet *p, bool of_server)
{
	return of_server ? (p->server_port ? p->server_port : FRAME_SERVER_PORT) :
			   (p->client_port ? p->client_port : FRAME_CLIENT_PORT);
}

static inline void frame_add_ip(struct frame *f, uint8_t ip_version, uint8_t protocol,
				size_t options, size_t behind)
{
	f->ip = f->len;
	if (ip_version == 6) {
		uint8_t *ip = frame_grow(f, 40);

		ip[0] = 0x60;
		frame_put_u16(ip + 4, (uint16_t)behind);
		ip[6] = protocol;
		ip[7] = 64;
	} else {
		uint8_t *ip = frame_grow(f, 20 + options);

		ip[0] = (uint8_t)(0x40 | (20 + options) / 4);
		frame_put_u16(ip + 2, (uint16_t)(20 + options + behind));
		ip[8] = 64;
		ip[9] = protocol;
	}
	f->transport = f->len;
}

static inline size_t frame_extension_bytes(uint8_t protocol)
{
	return protocol == PACKET_PROTO_AH ? 24 : 8;
}

static inline void frame_add_extensions(struct frame *f, const struct tcp_packet *p)
{
	for (size_t i = 0; i < p->extension_count; i++) {
		size_t bytes = frame_extension_bytes(p->extensions[i]);
		uint8_t *header = frame_grow(f, bytes);

		header[0] = i + 1 < p->extension_count ? p->extensions[i + 1] : PACKET_PROTO_TCP;
		if (p->extensions[i] == PACKET_PROTO_FRAGMENT)
			frame_put_u16(header + 2, p->fragment);
		else
			header[1] = bytes == 24 ? 4 : 0;
	}
	f->transport = f->len;
}

/* The IP header and what follows it, behind what the frame has already. */
static inline void frame_add_tcp(struct frame *f, const struct tcp_packet *p)
{
	bool is_ipv6 = p->ip_version == 6;
	size_t extension_bytes = 0;
	uint8_t *ip, *tcp;

	for (size_t i = 0; i < p->extension_count; i++)
		extension_bytes += frame_extension_bytes(p->extensions[i]);
	frame_add_ip(f, p->ip_version, p->extension_count ? p->extensions[0] : PACKET_PROTO_TCP,
		     p->ip_options, extension_bytes + 20 + p->payload);
	ip = f->bytes + f->ip;
	if (p->ttl)
		ip[is_ipv6 ? 7 : 8] = p->ttl;
	if (!is_ipv6) {
		frame_put_u16(ip + 4, p->ip_id);
		frame_put_u16(ip + 6, p->fragment);
	}
	frame_put_addr(ip + (is_ipv6 ? 8 : 12), p->ip_version, tcp_packet_host(p, p->is_reply));
	frame_put_addr(ip + (is_ipv6 ? 24 : 16), p->ip_version, tcp_packet_host(p, !p->is_reply));
	frame_add_extensions(f, p);
	tcp = frame_grow(f, 20u + p->payload);
	frame_put_u16(tcp, tcp_packet_port(p, p->is_reply));
	frame_put_u16(tcp + 2, tcp_packet_port(p, !p->is_reply));
	frame_put_u32(tcp + 4, p->seq);
	frame_put_u32(tcp + 8, p->ack);
	tcp[12] = 5 << 4;
	tcp[13] = p->flags;
	frame_put_u16(tcp + 14, p->window);
}

static inline void frame_make_tcp(struct frame *f, const struct tcp_packet *p)
{
	struct tcp_packet packet = *p;

	if (!packet.ip_version)
		packet.ip_version = 4;
	frame_add_ethernet(f, packet.tags,
			   packet.ip_version == 6 ? PACKET_ETHERTYPE_IPV6 : PACKET_ETHERTYPE_IPV4);
	frame_add_tcp(f, &packet);
}

/* An error of host `from` about the packet `p`: the whole of it is quoted. */
static inline void frame_make_icmp(struct frame *f, const struct tcp_packet *p, uint8_t type,
				   uint8_t code, uint8_t from)
{
	struct tcp_packet packet = *p;
	size_t ip, transport;
	bool is_ipv6;

	if (!packet.ip_version)
		packet.ip_version = 4;
	is_ipv6 = packet.ip_version == 6;
	frame_add_ethernet(f, packet.tags, is_ipv6 ? PACKET_ETHERTYPE_IPV6 : PACKET_ETHERTYPE_IPV4);
	frame_add_ip(f, packet.ip_version, is_ipv6 ? PACKET_PROTO_ICMPV6 : PACKET_PROTO_ICMP, 0,
		     8 + (is_ipv6 ? 60u : 40u) + packet.payload);
	ip = f->ip;
	transport = f->transport;
	frame_put_addr(f->bytes + ip + (is_ipv6 ? 8 : 12), packet.ip_version, from);
	frame_put_addr(f->bytes + ip + (is_ipv6 ? 24 : 16), packet.ip_version,
		       tcp_packet_host(&packet, packet.is_reply));
	frame_grow(f, 8);
	f->bytes[transport] = type;
	f->bytes[transport + 1] = code;
	frame_add_tcp(f, &packet);
	f->ip = ip;
	f->transport = transport;
}

/* A frame of another protocol: 64 bytes in all. */
static inline void frame_make_other(struct frame *f, uint16_t ethertype, uint8_t protocol)
{
	frame_add_ethernet(f, 0, ethertype);
	if (ethertype == PACKET_ETHERTYPE_IPV4 || ethertype == PACKET_ETHERTYPE_IPV6)
		frame_add_ip(f, ethertype == PACKET_ETHERTYPE_IPV6 ? 6 : 4, protocol, 0, 20);
	if (f->len < 64)
		frame_grow(f, 64 - f->len);
}

/* The key of the flow that `p` belongs to; returns the index of the packet's sender. */
static inline int tcp_packet_key(const struct tcp_packet *p, uint32_t netns, struct flow_key *key)
{
	uint8_t ip_version = p->ip_version ? p->ip_version : 4;
	uint8_t addr[2][16];

	for (int i = 0; i < 2; i++) {
		uint8_t host = tcp_packet_host(p, i == 1);
		__be32 ipv4;

		if (ip_version == 6) {
			frame_put_addr(addr[i], 6, host);
			continue;
		}
		frame_put_addr((uint8_t *)&ipv4, 4, host);
		flow_addr_from_ipv4(addr[i], ipv4);
	}
	return flow_key_make(key, addr[p->is_reply],
			     HOST_TO_NET_16(tcp_packet_port(p, p->is_reply)), addr[!p->is_reply],
			     HOST_TO_NET_16(tcp_packet_port(p, !p->is_reply)), netns);
}

/* -- at random ------------------------------------------------------------------------------- */
/* Few hosts, ports and numbers, so that packets meet in the same flows. */
static inline void tcp_packet_random(struct random_stream *random, struct tcp_packet *p)
{
	static const uint8_t flags[] = {
		TCP_FLAG_SYN,
		TCP_FLAG_SYN | TCP_FLAG_ACK,
		TCP_FLAG_FIN | TCP_FLAG_ACK,
		TCP_FLAG_RST,
		TCP_FLAG_RST | TCP_FLAG_ACK,
		TCP_FLAG_ACK,
		TCP_FLAG_ACK | TCP_FLAG_PSH,
	};
	static const uint8_t extensions[] = { PACKET_PROTO_HOPOPTS,  PACKET_PROTO_ROUTING,
					      PACKET_PROTO_FRAGMENT, PACKET_PROTO_AH,
					      PACKET_PROTO_DSTOPTS,  17 };

	memset(p, 0, sizeof(*p));
	p->ip_version = random_one_in(random, 3) ? 6 : 4;
	p->tags = (uint8_t)(random_one_in(random, 4) ? random_below(random, 4) : 0);
	p->flags =
		random_one_in(random, 8) ? (uint8_t)random_u64(random) : RANDOM_PICK(random, flags);
	p->ttl = (uint8_t)(random_one_in(random, 4) ? random_u64(random) : 60);
	p->is_reply = random_one_in(random, 2);
	p->client_host = (uint8_t)(1 + random_below(random, 3));
	p->server_host = (uint8_t)(2 + random_below(random, 3));
	p->client_port = (uint16_t)(FRAME_CLIENT_PORT + random_below(random, 16));
	p->ip_id = (uint16_t)random_below(random, 3);
	p->window = (uint16_t)random_u64(random);
	p->payload = (uint16_t)(random_one_in(random, 3) ? random_below(random, 100) : 0);
	p->seq = random_below(random, 4) * 1000;
	p->ack = random_below(random, 3) * 1000;
	if (random_one_in(random, 8))
		p->fragment = (uint16_t)random_u64(random);
	if (p->ip_version == 4)
		p->ip_options = random_one_in(random, 6) ? 4 * random_below(random, 11) : 0;
	else if (random_one_in(random, 2))
		p->extension_count = random_below(random, FRAME_EXTENSIONS_MAX + 1);
	for (size_t i = 0; i < p->extension_count; i++)
		p->extensions[i] = RANDOM_PICK(random, extensions);
}

/* Most of the damage goes into the headers; one frame in eight is cut, not below 14 bytes. */
static inline void frame_mutate(struct random_stream *random, struct frame *f)
{
	uint32_t changes = random_one_in(random, 2) ? random_below(random, 4) : 0;
	uint32_t span = (uint32_t)(f->len < 100 ? f->len : 100);

	for (; changes; changes--) {
		uint8_t *at = f->bytes + 12 + random_below(random, span - 12);

		switch (random_below(random, 3)) {
		case 0:
			*at = (uint8_t)random_u64(random);
			break;
		case 1:
			*at ^= (uint8_t)(1u << random_below(random, 8));
			break;
		default:
			*at = random_one_in(random, 2) ? 0 : 0xff;
		}
	}
	if (random_one_in(random, 8))
		f->len = 14 + random_below(random, (uint32_t)f->len - 13);
}

static inline void frame_make_random(struct random_stream *random, struct frame *f)
{
	static const uint8_t icmp_types[] = { 0, 1, 3, 3, 4, 5, 8, 11, 12, 128 };
	static const uint16_t ethertypes[] = { PACKET_ETHERTYPE_IPV4, PACKET_ETHERTYPE_IPV6, 0x0806,
					       0x8847 };
	struct tcp_packet p;

	tcp_packet_random(random, &p);
	switch (random_below(random, 16)) {
	case 0:
	case 1:
	case 2:
		frame_make_icmp(f, &p, RANDOM_PICK(random, icmp_types),
				(uint8_t)random_below(random, 16),
				(uint8_t)(1 + random_below(random, 5)));
		break;
	case 3:
		frame_make_other(f, RANDOM_PICK(random, ethertypes),
				 (uint8_t)random_below(random, 64));
		break;
	case 4:
		frame_add_ethernet(f, 0, RANDOM_PICK(random, ethertypes));
		random_bytes(random, frame_grow(f, 80), 80);
		break;
	default:
		frame_make_tcp(f, &p);
	}
	frame_mutate(random, f);
}

#endif
