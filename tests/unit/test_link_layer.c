// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every link layer, tag and tunnel leads to the same TCP segment. */
#include "user/replay/link_layer.h"

#include <pcap/dlt.h>

#include "tests/harness/frames.h"
#include "tests/harness/test.h"
#include "user/replay/fragments.h"

static const struct segment rst = { .source = 1,
				    .dest = 2,
				    .source_port = 1234,
				    .dest_port = 80,
				    .seq = 77,
				    .flags = TCP_FLAG_RST };

/* Exactly the frame's bytes, so that a read behind them is seen by the sanitizer. */
static int walk_to_tcp(const struct frame *frame, uint32_t len, int link_type, bool decap)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct packet_view view = { 0 };
	struct link_walk walk = { .data = copy, .len = len, .decap = decap };
	int at, seq = -1;
	uint32_t located;

	assert_int_equal(fragments_new(&walk.fragments), 0);
	memcpy(copy, frame->data, len);
	at = link_first(&walk, link_type);
	if (at >= 0) {
		located = packet_locate(walk.data + at, walk.data + walk.len, 0);
		if (located && PACKET_AT_PROTOCOL(located) == PACKET_PROTO_TCP &&
		    packet_view_fill_tcp(walk.data + at, walk.data + walk.len, 0, located, &view))
			seq = (int)view.seq;
	}
	while (at >= 0)
		at = link_next(&walk);
	fragments_free(&walk.fragments);
	free(copy);
	return seq;
}

static void assert_found(const struct frame *frame, int link_type, bool decap)
{
	assert_int_equal(walk_to_tcp(frame, frame->len, link_type, decap), 77);
	/* However short it is cut, nothing is read behind its end. */
	for (uint32_t len = 0; len < frame->len; len++)
		walk_to_tcp(frame, len, link_type, decap);
	if (decap)
		assert_int_not_equal(walk_to_tcp(frame, frame->len, link_type, false), 77);
}

TEST(link_layers)
{
	struct frame frame = { .len = 0 };

	frame_put_ethernet(&frame, 0x0800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, false);

	frame.len = 0;
	frame_put_ethernet(&frame, 0x86dd);
	frame_put_ipv6(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, false);

	frame.len = 0;
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_RAW, false);

	frame.len = 0;
	frame_put32(&frame, 2);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_NULL, false);

	frame.len = 0;
	frame_put(&frame, (uint8_t[14]){ 0, 4 }, 14);
	frame_put16(&frame, 0x0800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_LINUX_SLL, false);

	frame.len = 0;
	frame_put16(&frame, 0x86dd);
	frame_put(&frame, (uint8_t[18]){ 0 }, 18);
	frame_put_ipv6(&frame, &rst);
	assert_found(&frame, 276, false);

	frame.len = 0;
	frame_put32(&frame, 0xff030021);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_PPP, false);
}

TEST(tags_and_labels)
{
	struct frame frame = { .len = 0 };

	frame_put_ethernet(&frame, 0x88a8);
	frame_put32(&frame, 0x00058100);
	frame_put32(&frame, 0x00060800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, false);

	frame.len = 0;
	frame_put_ethernet(&frame, 0x8847);
	frame_put32(&frame, 0x00010040);
	frame_put32(&frame, 0x00020140);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, false);

	frame.len = 0;
	frame_put_ethernet(&frame, 0x8864);
	frame_put32(&frame, 0x11000001);
	frame_put32(&frame, 0x00000021);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, false);

	frame.len = 0;
	frame_put_ethernet(&frame, 0x8926);
	frame_put32(&frame, 0x00000033);
	frame_put16(&frame, 0x0800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, false);

	frame.len = 0;
	frame_put_ethernet(&frame, 0x8903);
	frame_put16(&frame, 0x0001);
	frame_put_ethernet(&frame, 0x0800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, false);

	frame.len = 0;
	frame_put_ethernet(&frame, 0x0100);
	frame_put32(&frame, 0xaaaa0300);
	frame_put32(&frame, 0x00000800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, false);
}

TEST(wifi)
{
	struct frame frame = { .len = 0 };

	frame_put(&frame, (uint8_t[24]){ 0x08, 0x01 }, 24);
	frame_put32(&frame, 0xaaaa0300);
	frame_put32(&frame, 0x00000800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_IEEE802_11, false);
	/* Encrypted: nothing to see. */
	frame.data[1] |= 0x40;
	assert_int_equal(walk_to_tcp(&frame, frame.len, DLT_IEEE802_11, false), -1);

	frame.len = 0;
	frame_put(&frame, (uint8_t[8]){ 0, 0, 8, 0 }, 8);
	frame_put(&frame, (uint8_t[26]){ 0x88, 0x01 }, 26);
	frame_put32(&frame, 0xaaaa0300);
	frame_put32(&frame, 0x00000800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_IEEE802_11_RADIO, false);
}

TEST(every_frame_of_an_aggregate_is_seen)
{
	struct frame frame = { .len = 0 };
	struct link_walk walk = { .data = frame.data };
	int found = 0;

	frame_put(&frame, (uint8_t[26]){ 0x88, 0x02, [24] = 0x80 }, 26);
	for (int i = 0; i < 2; i++) {
		frame_put_ethernet(&frame, 8 + 40);
		frame_put32(&frame, 0xaaaa0300);
		frame_put32(&frame, 0x00000800);
		frame_put_ipv4(&frame, &rst);
		frame_put16(&frame, 0);
	}
	walk.len = frame.len;
	for (int at = link_first(&walk, DLT_IEEE802_11); at >= 0; at = link_next(&walk))
		found++;
	assert_int_equal(found, 2);
}

/* Ethernet, IPv4 and UDP to `port`, before `inner` bytes. */
static void put_udp_tunnel(struct frame *frame, uint16_t port, uint16_t inner)
{
	frame->len = 0;
	frame_put_ethernet(frame, 0x0800);
	frame_put_outer(frame, PACKET_PROTO_UDP, (uint16_t)(8 + inner));
	frame_put_udp(frame, 40000, port, inner);
}

TEST(tunnels_over_udp)
{
	struct frame frame;

	put_udp_tunnel(&frame, 4789, 8 + 14 + 40);
	frame_put32(&frame, 0x08000000);
	frame_put32(&frame, 0x00002a00);
	frame_put_ethernet(&frame, 0x0800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, true);

	put_udp_tunnel(&frame, 6081, 12 + 14 + 40);
	frame_put32(&frame, 0x01006558);
	frame_put32(&frame, 0x00002a00);
	frame_put32(&frame, 0);
	frame_put_ethernet(&frame, 0x0800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, true);

	put_udp_tunnel(&frame, 2152, 12 + 4 + 40);
	frame_put32(&frame, 0x34ff0030);
	frame_put32(&frame, 7);
	frame_put32(&frame, 0x00000085);
	frame_put32(&frame, 0x01000000);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, true);

	put_udp_tunnel(&frame, 3544, 8 + 60);
	frame_put32(&frame, 0x00001234);
	frame_put32(&frame, 0x0a000001);
	frame_put_ipv6(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, true);
}

TEST(tunnels_over_ip)
{
	struct frame frame = { .len = 0 };

	frame_put_ethernet(&frame, 0x0800);
	frame_put_outer(&frame, 4, 40);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, true);

	frame.len = 0;
	frame_put_ethernet(&frame, 0x0800);
	frame_put_outer(&frame, 41, 60);
	frame_put_ipv6(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, true);

	frame.len = 0;
	frame_put_ethernet(&frame, 0x0800);
	frame_put_outer(&frame, 47, 8 + 40);
	frame_put32(&frame, 0x20000800);
	frame_put32(&frame, 5);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_EN10MB, true);
}

/* What begins with a head of its own, and says inside it what comes. */
TEST(captures_that_wrap_a_frame)
{
	struct frame frame = { .len = 0 };

	/* NFLOG: a head, the hook's name and such, the payload; of a little and a big endian host. */
	frame_put(&frame, (uint8_t[]){ 2, 0, 0, 5, 7, 0, 10, 0, 'o', 'u', 't', 0 }, 12);
	frame_put(&frame, (uint8_t[]){ 44, 0, 9, 0 }, 4);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_NFLOG, false);
	frame.len = 0;
	frame_put(&frame, (uint8_t[]){ 2, 0, 0, 5, 0, 7, 0, 10, 'o', 'u', 't', 0 }, 12);
	frame_put(&frame, (uint8_t[]){ 0, 44, 0, 9 }, 4);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_NFLOG, false);
	frame.data[4] = frame.data[5] = 0; /* an attribute without a length goes nowhere */
	assert_int_equal(walk_to_tcp(&frame, frame.len, DLT_NFLOG, false), -1);

	frame.len = 0;
	frame_put(&frame, (uint8_t[108]){ 108, [4] = 1, [8] = DLT_EN10MB }, 108);
	frame_put_ethernet(&frame, 0x0800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_PKTAP, false);
	frame.data[8] = 2, frame.data[9] = 1; /* PKTAP in PKTAP */
	assert_int_equal(walk_to_tcp(&frame, frame.len, DLT_PKTAP, false), -1);

	frame.len = 0;
	frame_put(&frame, (uint8_t[]){ 0, 0, 12, 0, DLT_LINUX_SLL, 0, 0, 0, 1, 2, 3, 4 }, 12);
	frame_put(&frame, (uint8_t[14]){ 0, 4 }, 14);
	frame_put16(&frame, 0x0800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, DLT_PPI, false);
}

TEST(tags_of_switches)
{
	struct frame frame = { .len = 0 };

	frame_put_ethernet(&frame, 0xc000);
	frame_put16(&frame, 0x0001);
	frame_put16(&frame, 0x0800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, 284, false);
	assert_found(&frame, 281, false);

	frame.len = 0;
	frame_put_ethernet(&frame, 0xdada);
	frame_put16(&frame, 0);
	frame_put32(&frame, 0xc0000001);
	frame_put16(&frame, 0x86dd);
	frame_put_ipv6(&frame, &rst);
	assert_found(&frame, 285, false);

	frame.len = 0;
	frame_put32(&frame, 0x20000001);
	frame_put_ethernet(&frame, 0x0800);
	frame_put_ipv4(&frame, &rst);
	assert_found(&frame, 282, false);
}

/* Mirrored frames, with and without --decap: outside of them nobody's connection is. */
TEST(mirrors)
{
	static const struct {
		uint32_t gre; /* flags and type */
		uint8_t head_bytes;
		uint8_t head[28];
	} mirrors[] = {
		{ 0x000088be, 0, { 0 } },
		{ 0x100088be, 12, { 0, 0, 0, 1, 0x10, 1 } },
		{ 0x100022eb, 16, { 0, 0, 0, 1, 0x20, 1 } },
		{ 0x100022eb, 24, { 0, 0, 0, 1, 0x20, 1, [15] = 1 } },
	};

	for (size_t i = 0; i < sizeof(mirrors) / sizeof(mirrors[0]); i++) {
		struct frame frame = { .len = 0 };

		frame_put_ethernet(&frame, 0x0800);
		frame_put_outer(&frame, 47, (uint16_t)(4 + mirrors[i].head_bytes + 14 + 40));
		frame_put32(&frame, mirrors[i].gre);
		frame_put(&frame, mirrors[i].head, mirrors[i].head_bytes);
		frame_put_ethernet(&frame, 0x0800);
		frame_put_ipv4(&frame, &rst);
		assert_found(&frame, DLT_EN10MB, false);
		assert_int_equal(walk_to_tcp(&frame, frame.len, DLT_EN10MB, true), 77);
	}
}

/* A frame that holds itself: depth is bounded. */
TEST(headers_without_end)
{
	struct frame frame = { .len = 0 };

	frame_put_ethernet(&frame, 0x8100);
	for (int i = 0; i < 400; i++)
		frame_put32(&frame, 0x00018100);
	assert_int_equal(walk_to_tcp(&frame, frame.len, DLT_EN10MB, true), -1);
}

/* Cut an IPv4 packet into fragments of `unit` bytes and give them in the order of `step`. */
static bool assembles(struct fragments *fragments, uint32_t unit, int order, struct frame *whole)
{
	struct frame packet = { .len = 0 }, piece;
	struct segment segment = rst;
	const uint8_t *data = NULL;
	uint32_t len = 0, count;
	bool is_whole = false;

	segment.payload = 100;
	frame_put_ipv4(&packet, &segment);
	count = (120 + unit - 1) / unit;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t n = order > 0 ? i : count - 1 - i, from = n * unit;
		uint32_t bytes = from + unit < 120 ? unit : 120 - from;

		piece.len = 0;
		frame_put(&piece, packet.data, 20);
		frame_put(&piece, packet.data + 20 + from, bytes);
		piece.data[2] = 0;
		piece.data[3] = (uint8_t)(20 + bytes);
		piece.data[6] = (uint8_t)(from / 8 >> 8) | (n + 1 < count ? 0x20 : 0);
		piece.data[7] = (uint8_t)(from / 8);
		assert_true(fragments_is_one(piece.data, piece.len));
		assert_false(is_whole);
		is_whole = fragments_take(fragments, piece.data, piece.len, 1, &data, &len);
	}
	if (!is_whole)
		return false;
	whole->len = 0;
	frame_put(whole, data, len);
	return len == packet.len && !memcmp(whole->data + 20, packet.data + 20, len - 20) &&
	       packet_u16(whole->data + 2) == packet.len;
}

TEST(fragments_become_the_packet_in_any_order)
{
	struct fragments *fragments;
	struct frame whole;

	assert_int_equal(fragments_new(&fragments), 0);
	assert_true(assembles(fragments, 24, 1, &whole));
	assert_true(assembles(fragments, 64, -1, &whole));
	fragments_free(&fragments);
}

TEST(overlapping_fragments_are_no_packet)
{
	struct fragments *fragments;
	uint8_t first[20 + 16] = { 0x45, 0, 0, 36, 0, 9, 0x20, 0, 64, 6 };
	uint8_t second[20 + 16] = { 0x45, 0, 0, 36, 0, 9, 0x00, 1, 64, 6 };
	const uint8_t *data;
	uint32_t len;

	assert_int_equal(fragments_new(&fragments), 0);
	assert_false(fragments_take(fragments, first, sizeof(first), 1, &data, &len));
	assert_false(fragments_take(fragments, second, sizeof(second), 1, &data, &len));
	fragments_free(&fragments);
}

TEST_MAIN()
