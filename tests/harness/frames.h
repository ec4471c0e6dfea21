/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets as bytes, with right lengths and checksums, for tests of captures. */
#ifndef TESTS_HARNESS_FRAMES_H
#define TESTS_HARNESS_FRAMES_H

#include <stdint.h>
#include <string.h>

#include "include/packet_view.h"

#define FRAME_MOST 2048

struct frame {
	uint8_t data[FRAME_MOST];
	uint32_t len;
};

static inline void frame_put(struct frame *frame, const void *data, uint32_t len)
{
	memcpy(frame->data + frame->len, data, len);
	frame->len += len;
}

static inline void frame_put16(struct frame *frame, uint16_t value)
{
	uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	frame_put(frame, bytes, 2);
}

static inline void frame_put32(struct frame *frame, uint32_t value)
{
	frame_put16(frame, (uint16_t)(value >> 16));
	frame_put16(frame, (uint16_t)value);
}

/* Ethernet, or what follows its addresses. */
static inline void frame_put_ethernet(struct frame *frame, uint16_t type)
{
	static const uint8_t addresses[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	frame_put(frame, addresses, sizeof(addresses));
	frame_put16(frame, type);
}

static inline uint32_t frame_sum(const uint8_t *data, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	return sum;
}

static inline void frame_store_sum(uint8_t *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	at[0] = (uint8_t)(~sum >> 8);
	at[1] = (uint8_t)~sum;
}

/* One TCP segment. Endpoint n is 10.0.0.n or 2001:db8::n, ports as given. */
struct segment {
	uint8_t source, dest;
	uint16_t source_port, dest_port;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t payload;
	uint8_t ttl; /* 0 = 64 */
	uint16_t ip_id;
};

static inline void frame_put_tcp(struct frame *frame, const struct segment *s)
{
	uint32_t at = frame->len, len = 20u + s->payload;

	frame_put16(frame, s->source_port);
	frame_put16(frame, s->dest_port);
	frame_put32(frame, s->seq);
	frame_put32(frame, s->ack);
	frame_put16(frame, (uint16_t)(0x5000 | s->flags));
	frame_put16(frame, 1000);
	frame_put32(frame, 0);
	memset(frame->data + frame->len, 'x', s->payload);
	frame->len = at + len;
}

static inline void frame_put_ipv4(struct frame *frame, const struct segment *s)
{
	uint32_t ip = frame->len, len = 20u + s->payload;
	uint8_t *tcp;

	frame_put16(frame, 0x4500);
	frame_put16(frame, (uint16_t)(20 + len));
	frame_put16(frame, s->ip_id);
	frame_put16(frame, 0);
	frame_put16(frame, (uint16_t)((s->ttl ? s->ttl : 64) << 8 | PACKET_PROTO_TCP));
	frame_put16(frame, 0);
	frame_put32(frame, 0x0a000000u + s->source);
	frame_put32(frame, 0x0a000000u + s->dest);
	frame_store_sum(frame->data + ip + 10, frame_sum(frame->data + ip, 20));
	frame_put_tcp(frame, s);
	tcp = frame->data + ip + 20;
	frame_store_sum(tcp + 16, frame_sum(frame->data + ip + 12, 8) + PACKET_PROTO_TCP + len +
					  frame_sum(tcp, len));
}

static inline void frame_put_ipv6(struct frame *frame, const struct segment *s)
{
	static const uint8_t network[15] = { 0x20, 0x01, 0x0d, 0xb8 };
	uint32_t ip = frame->len, len = 20u + s->payload;
	uint8_t *tcp;

	frame_put32(frame, 0x60000000);
	frame_put16(frame, (uint16_t)len);
	frame_put16(frame, (uint16_t)(PACKET_PROTO_TCP << 8 | (s->ttl ? s->ttl : 64)));
	frame_put(frame, network, 15);
	frame_put(frame, &s->source, 1);
	frame_put(frame, network, 15);
	frame_put(frame, &s->dest, 1);
	frame_put_tcp(frame, s);
	tcp = frame->data + ip + 40;
	frame_store_sum(tcp + 16, frame_sum(frame->data + ip + 8, 32) + PACKET_PROTO_TCP + len +
					  frame_sum(tcp, len));
}

static inline void frame_put_udp(struct frame *frame, uint16_t source, uint16_t dest, uint16_t len)
{
	frame_put16(frame, source);
	frame_put16(frame, dest);
	frame_put16(frame, (uint16_t)(8 + len));
	frame_put16(frame, 0);
}

/* The header of an IPv4 packet that carries `protocol` with `len` bytes. */
static inline void frame_put_outer(struct frame *frame, uint8_t protocol, uint16_t len)
{
	uint32_t ip = frame->len;

	frame_put16(frame, 0x4500);
	frame_put16(frame, (uint16_t)(20 + len));
	frame_put32(frame, 0);
	frame_put16(frame, (uint16_t)(64 << 8 | protocol));
	frame_put16(frame, 0);
	frame_put32(frame, 0xc0000201);
	frame_put32(frame, 0xc0000202);
	frame_store_sum(frame->data + ip + 10, frame_sum(frame->data + ip, 20));
}

#endif
