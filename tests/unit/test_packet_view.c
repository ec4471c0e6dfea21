// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/packet_view.h"

#include "tests/harness/test.h"

/* A frame under construction, and where its headers begin. */
struct frame {
	uint8_t bytes[512];
	size_t len;
	size_t ip;
	size_t tcp;
};

static void frame_add(struct frame *f, const void *bytes, size_t len)
{
	assert_true(f->len + len <= sizeof(f->bytes));
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

static void frame_add_zeros(struct frame *f, size_t len)
{
	assert_true(f->len + len <= sizeof(f->bytes));
	memset(f->bytes + f->len, 0, len);
	f->len += len;
}

static void frame_add_u16(struct frame *f, uint16_t value)
{
	uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	frame_add(f, bytes, 2);
}

static void frame_set_u16(struct frame *f, size_t at, uint16_t value)
{
	f->bytes[at] = (uint8_t)(value >> 8);
	f->bytes[at + 1] = (uint8_t)value;
}

/* Addresses, and `tags` VLAN tags of which the first of two is a QinQ one. */
static void frame_add_ethernet(struct frame *f, unsigned int tags, uint16_t ethertype)
{
	memset(f, 0, sizeof(*f));
	frame_add(f, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02", 12);
	for (; tags; tags--) {
		frame_add_u16(f, tags == 2 ? PACKET_ETHERTYPE_QINQ : PACKET_ETHERTYPE_VLAN);
		frame_add_u16(f, 0x2064);
	}
	frame_add_u16(f, ethertype);
}

/* 10.0.0.1 to 10.0.0.2, TTL 57, identification 0x1234; `total` behind this header's start. */
static void frame_add_ipv4(struct frame *f, uint8_t protocol, size_t options, uint16_t total)
{
	f->ip = f->len;
	frame_add_zeros(f, 20 + options);
	f->bytes[f->ip] = (uint8_t)(0x40 | (20 + options) / 4);
	frame_set_u16(f, f->ip + 2, total);
	frame_set_u16(f, f->ip + 4, 0x1234);
	f->bytes[f->ip + 8] = 57;
	f->bytes[f->ip + 9] = protocol;
	memcpy(f->bytes + f->ip + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
}

/* 2001:db8::1 to 2001:db8::2, hop limit 58. */
static void frame_add_ipv6(struct frame *f, uint8_t next, uint16_t payload)
{
	f->ip = f->len;
	frame_add_zeros(f, 40);
	f->bytes[f->ip] = 0x60;
	frame_set_u16(f, f->ip + 4, payload);
	f->bytes[f->ip + 6] = next;
	f->bytes[f->ip + 7] = 58;
	memcpy(f->bytes + f->ip + 8, "\x20\x01\x0d\xb8", 4);
	f->bytes[f->ip + 23] = 1;
	memcpy(f->bytes + f->ip + 24, "\x20\x01\x0d\xb8", 4);
	f->bytes[f->ip + 39] = 2;
}

/* Port 1111 to 2222, seq 0x01020304, ack 0x05060708, window 0x0990. */
static void frame_add_tcp(struct frame *f, uint8_t flags, size_t options, size_t payload)
{
	f->tcp = f->len;
	frame_add_u16(f, 1111);
	frame_add_u16(f, 2222);
	frame_add(f, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	frame_add_zeros(f, 8 + options + payload);
	f->bytes[f->tcp + 12] = (uint8_t)((20 + options) / 4 << 4);
	f->bytes[f->tcp + 13] = flags;
	frame_set_u16(f, f->tcp + 14, 0x0990);
}

static void frame_make_tcp4(struct frame *f, uint8_t flags)
{
	frame_add_ethernet(f, 0, PACKET_ETHERTYPE_IPV4);
	frame_add_ipv4(f, PACKET_PROTO_TCP, 0, 43);
	frame_add_tcp(f, flags, 0, 3);
}

/* The first `len` bytes, in a heap block of that size: one byte too far is an error. */
static int frame_parse_part(const struct frame *f, size_t len, struct packet_view *view)
{
	uint8_t *copy = malloc(len ? len : 1);
	int kind;

	memcpy(copy, f->bytes, len);
	memset(view, 0, sizeof(*view));
	kind = packet_view_parse(copy, copy + len, view);
	free(copy);
	return kind;
}

static int frame_parse(const struct frame *f, struct packet_view *view)
{
	return frame_parse_part(f, f->len, view);
}

static void assert_tcp_view(const struct packet_view *view, uint8_t flags)
{
	assert_int_equal(view->kind, PACKET_TCP_CONTROL);
	assert_int_equal(NET_TO_HOST_16(view->source_port), 1111);
	assert_int_equal(NET_TO_HOST_16(view->dest_port), 2222);
	assert_int_equal(view->seq, 0x01020304);
	assert_int_equal(view->ack_seq, 0x05060708);
	assert_int_equal(view->window, 0x0990);
	assert_int_equal(view->flags, flags);
	assert_int_equal(view->icmp_type, 0);
}

static void assert_ipv4_view(const struct packet_view *view)
{
	assert_int_equal(view->ip_version, 4);
	assert_memory_equal(view->source_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x00\x00\x01", 16);
	assert_memory_equal(view->dest_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x00\x00\x02", 16);
	assert_int_equal(view->ttl, 57);
	assert_int_equal(view->ip_id, 0x1234);
}

static void assert_ipv6_view(const struct packet_view *view)
{
	assert_int_equal(view->ip_version, 6);
	assert_memory_equal(view->source_addr, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	assert_memory_equal(view->dest_addr, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
	assert_int_equal(view->ttl, 58);
	assert_int_equal(view->ip_id, 0);
}

TEST(an_ipv4_rst_is_read_field_by_field)
{
	struct packet_view view;
	struct frame f;

	frame_make_tcp4(&f, TCP_FLAG_RST | TCP_FLAG_ACK);
	assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
	assert_tcp_view(&view, TCP_FLAG_RST | TCP_FLAG_ACK);
	assert_ipv4_view(&view);
	assert_int_equal(view.payload_bytes, 3);
}

TEST(control_flags_decide_and_nothing_else_does)
{
	unsigned int flags;

	for (flags = 0; flags < 256; flags++) {
		struct packet_view view;
		struct frame f;

		frame_make_tcp4(&f, (uint8_t)flags);
		assert_int_equal(frame_parse(&f, &view),
				 flags & TCP_FLAGS_CONTROL ? PACKET_TCP_CONTROL : PACKET_TCP_DATA);
	}
}

TEST(vlan_and_qinq_tags_are_skipped_and_three_are_too_many)
{
	struct packet_view view;
	unsigned int tags;
	struct frame f;

	for (tags = 0; tags <= 3; tags++) {
		frame_add_ethernet(&f, tags, PACKET_ETHERTYPE_IPV4);
		frame_add_ipv4(&f, PACKET_PROTO_TCP, 0, 40);
		frame_add_tcp(&f, TCP_FLAG_SYN, 0, 0);
		if (tags == 3) {
			assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
			break;
		}
		assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
		assert_tcp_view(&view, TCP_FLAG_SYN);
		assert_ipv4_view(&view);

		frame_add_ethernet(&f, tags, PACKET_ETHERTYPE_IPV6);
		frame_add_ipv6(&f, PACKET_PROTO_TCP, 20);
		frame_add_tcp(&f, TCP_FLAG_SYN, 0, 0);
		assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
		assert_ipv6_view(&view);
	}
}

TEST(other_ethertypes_and_protocols_are_ignored)
{
	static const uint8_t protocols[] = { 0, 2, 17, 47, 50, 132, 255 };
	struct packet_view view;
	struct frame f;
	size_t i;

	frame_add_ethernet(&f, 0, 0x0806);
	frame_add_ipv4(&f, PACKET_PROTO_TCP, 0, 40);
	frame_add_tcp(&f, TCP_FLAG_RST, 0, 0);
	assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
	for (i = 0; i < sizeof(protocols); i++) {
		frame_make_tcp4(&f, TCP_FLAG_RST);
		f.bytes[f.ip + 9] = protocols[i];
		assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
	}
	for (i = 0; i < 16; i++) {
		frame_make_tcp4(&f, TCP_FLAG_RST);
		f.bytes[f.ip] = (uint8_t)(i << 4 | 5);
		assert_int_equal(frame_parse(&f, &view) == PACKET_TCP_CONTROL, i == 4);
	}
}

TEST(ipv4_options_are_skipped_and_a_short_header_is_ignored)
{
	struct packet_view view;
	struct frame f;
	size_t options;

	for (options = 0; options <= 40; options += 4) {
		frame_add_ethernet(&f, 0, PACKET_ETHERTYPE_IPV4);
		frame_add_ipv4(&f, PACKET_PROTO_TCP, options, (uint16_t)(47 + options));
		frame_add_tcp(&f, TCP_FLAG_FIN, 4, 3);
		assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
		assert_tcp_view(&view, TCP_FLAG_FIN);
		assert_ipv4_view(&view);
		assert_int_equal(view.payload_bytes, 3);
	}
	for (options = 0; options < 5; options++) {
		frame_make_tcp4(&f, TCP_FLAG_FIN);
		f.bytes[f.ip] = (uint8_t)(0x40 | options);
		assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
	}
}

TEST(a_tcp_header_shorter_than_its_minimum_is_ignored)
{
	struct packet_view view;
	struct frame f;
	uint8_t words;

	for (words = 0; words < 16; words++) {
		frame_make_tcp4(&f, TCP_FLAG_RST);
		f.bytes[f.tcp + 12] = (uint8_t)(words << 4);
		assert_int_equal(frame_parse(&f, &view),
				 words < 5 ? PACKET_IGNORED : PACKET_TCP_CONTROL);
	}
}

TEST(payload_is_by_the_ip_length_not_by_the_frame)
{
	struct packet_view view;
	struct frame f;

	/* Ethernet pads short frames: those bytes are no payload. */
	frame_add_ethernet(&f, 0, PACKET_ETHERTYPE_IPV4);
	frame_add_ipv4(&f, PACKET_PROTO_TCP, 0, 40);
	frame_add_tcp(&f, TCP_FLAG_FIN, 0, 6);
	assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
	assert_int_equal(view.payload_bytes, 0);
	/* Segmentation offload writes 0 there; a length that lies must not wrap. */
	frame_set_u16(&f, f.ip + 2, 0);
	assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
	assert_int_equal(view.payload_bytes, 0);
	frame_set_u16(&f, f.ip + 2, 1500);
	assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
	assert_int_equal(view.payload_bytes, 1460);

	frame_add_ethernet(&f, 0, PACKET_ETHERTYPE_IPV6);
	frame_add_ipv6(&f, PACKET_PROTO_TCP, 25);
	frame_add_tcp(&f, TCP_FLAG_FIN, 0, 5);
	assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
	assert_int_equal(view.payload_bytes, 5);
}

TEST(the_first_ipv4_fragment_counts_and_later_ones_do_not)
{
	struct packet_view view;
	struct frame f;

	frame_make_tcp4(&f, TCP_FLAG_RST);
	frame_set_u16(&f, f.ip + 6, 0x4000); /* do not fragment */
	assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
	frame_set_u16(&f, f.ip + 6, 0x2000); /* more fragments, offset 0 */
	assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
	frame_set_u16(&f, f.ip + 6, 0x2001);
	assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
	frame_set_u16(&f, f.ip + 6, 0x1000);
	assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
}

/* One extension header of `bytes` bytes; `type` is what stands before it. */
struct extension {
	uint8_t type;
	uint8_t bytes;
};

static void frame_make_extensions(struct frame *f, const struct extension *extensions, size_t count)
{
	size_t i, total = 0;

	for (i = 0; i < count; i++)
		total += extensions[i].bytes;
	frame_add_ethernet(f, 0, PACKET_ETHERTYPE_IPV6);
	frame_add_ipv6(f, count ? extensions[0].type : PACKET_PROTO_TCP, (uint16_t)(total + 22));
	for (i = 0; i < count; i++) {
		size_t at = f->len;

		frame_add_zeros(f, extensions[i].bytes);
		f->bytes[at] = i + 1 < count ? extensions[i + 1].type : PACKET_PROTO_TCP;
		if (extensions[i].type == PACKET_PROTO_AH)
			f->bytes[at + 1] = (uint8_t)(extensions[i].bytes / 4 - 2);
		else if (extensions[i].type != PACKET_PROTO_FRAGMENT)
			f->bytes[at + 1] = (uint8_t)(extensions[i].bytes / 8 - 1);
	}
	frame_add_tcp(f, TCP_FLAG_RST, 0, 2);
}

TEST(ipv6_extension_headers_are_walked)
{
	static const struct extension all[] = {
		{ PACKET_PROTO_HOPOPTS, 8 },  { PACKET_PROTO_DSTOPTS, 16 },
		{ PACKET_PROTO_ROUTING, 24 }, { PACKET_PROTO_FRAGMENT, 8 },
		{ PACKET_PROTO_AH, 24 },      { PACKET_PROTO_DSTOPTS, 8 },
		{ PACKET_PROTO_DSTOPTS, 8 },
	};
	struct packet_view view;
	struct frame f;
	size_t first, count;

	for (first = 0; first < 6; first++) {
		for (count = 0; first + count <= 7; count++) {
			frame_make_extensions(&f, all + first, count);
			if (count > PACKET_IPV6_EXTENSIONS_MAX) {
				assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
				continue;
			}
			assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
			assert_tcp_view(&view, TCP_FLAG_RST);
			assert_ipv6_view(&view);
			assert_int_equal(view.payload_bytes, 2);
		}
	}
}

TEST(later_ipv6_fragments_are_ignored)
{
	static const struct extension fragment = { PACKET_PROTO_FRAGMENT, 8 };
	struct packet_view view;
	struct frame f;

	frame_make_extensions(&f, &fragment, 1);
	frame_set_u16(&f, f.ip + 42, 0x0001); /* more fragments, offset 0 */
	assert_int_equal(frame_parse(&f, &view), PACKET_TCP_CONTROL);
	frame_set_u16(&f, f.ip + 42, 0x0008);
	assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
}

TEST(an_extension_that_claims_to_be_huge_is_ignored)
{
	static const struct extension options[] = { { PACKET_PROTO_HOPOPTS, 8 },
						    { PACKET_PROTO_DSTOPTS, 8 } };
	struct packet_view view;
	struct frame f;
	unsigned int claim;

	for (claim = 1; claim < 256; claim++) {
		frame_make_extensions(&f, options, 2);
		f.bytes[f.ip + 41] = (uint8_t)claim;
		/* 1 swallows the second one whole; the rest reaches into TCP or behind the frame. */
		assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
	}
}

/* -- ICMP ------------------------------------------------------------------------------------ */
/* An error of 10.0.0.2 or another host to 10.0.0.1 that quotes its TCP packet's first bytes. */
static void frame_make_icmp4(struct frame *f, uint8_t type, uint8_t code, size_t quoted_tcp)
{
	size_t outer;

	frame_add_ethernet(f, 0, PACKET_ETHERTYPE_IPV4);
	frame_add_ipv4(f, PACKET_PROTO_ICMP, 0, (uint16_t)(48 + quoted_tcp));
	outer = f->ip;
	memcpy(f->bytes + outer + 12, "\xc0\x00\x02\x63\x0a\x00\x00\x01", 8);
	frame_add_zeros(f, 8);
	f->bytes[outer + 20] = type;
	f->bytes[outer + 21] = code;
	frame_add_ipv4(f, PACKET_PROTO_TCP, 0, 40);
	frame_add_tcp(f, TCP_FLAG_SYN, 0, 0);
	f->len -= 20 - quoted_tcp;
}

static void frame_make_icmp6(struct frame *f, uint8_t type, uint8_t code, size_t quoted_tcp)
{
	size_t outer;

	frame_add_ethernet(f, 0, PACKET_ETHERTYPE_IPV6);
	frame_add_ipv6(f, PACKET_PROTO_ICMPV6, (uint16_t)(48 + quoted_tcp));
	outer = f->ip;
	f->bytes[outer + 23] = 0x99;
	frame_add_zeros(f, 8);
	f->bytes[outer + 40] = type;
	f->bytes[outer + 41] = code;
	frame_add_ipv6(f, PACKET_PROTO_TCP, 20);
	frame_add_tcp(f, TCP_FLAG_SYN, 0, 0);
	f->len -= 20 - quoted_tcp;
}

static void assert_quote(const struct packet_view *view, uint8_t type, uint8_t code)
{
	assert_int_equal(view->kind, PACKET_ICMP_ERROR);
	assert_int_equal(view->icmp_type, type);
	assert_int_equal(view->icmp_code, code);
	assert_int_equal(NET_TO_HOST_16(view->source_port), 1111);
	assert_int_equal(NET_TO_HOST_16(view->dest_port), 2222);
	assert_int_equal(view->seq, 0x01020304);
}

TEST(icmp_errors_give_the_packet_that_they_quote)
{
	struct packet_view view;
	struct frame f;

	frame_make_icmp4(&f, 3, 13, 8); /* RFC 792 asks for 8 bytes and no more */
	assert_int_equal(frame_parse(&f, &view), PACKET_ICMP_ERROR);
	assert_quote(&view, 3, 13);
	assert_ipv4_view(&view);
	assert_memory_equal(view.icmp_source, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x63", 16);

	frame_make_icmp6(&f, 1, 4, 8);
	assert_int_equal(frame_parse(&f, &view), PACKET_ICMP_ERROR);
	assert_quote(&view, 1, 4);
	assert_ipv6_view(&view);
	assert_int_equal(view.icmp_source[15], 0x99);
}

TEST(only_the_icmp_kinds_that_can_end_a_connection_count)
{
	struct packet_view view;
	unsigned int type;
	struct frame f;

	for (type = 0; type < 256; type++) {
		frame_make_icmp4(&f, (uint8_t)type, 0, 20);
		assert_int_equal(frame_parse(&f, &view) == PACKET_ICMP_ERROR,
				 type == 3 || type == 11 || type == 12);
		frame_make_icmp6(&f, (uint8_t)type, 0, 20);
		assert_int_equal(frame_parse(&f, &view) == PACKET_ICMP_ERROR,
				 type == 1 || type == 3 || type == 4);
	}
	frame_make_icmp4(&f, 3, 4, 20); /* path MTU discovery */
	assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
}

TEST(icmp_that_quotes_no_tcp_is_ignored)
{
	struct packet_view view;
	struct frame f;

	frame_make_icmp4(&f, 3, 1, 20);
	f.bytes[f.ip + 9] = 17;
	assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
	frame_make_icmp4(&f, 3, 1, 20);
	frame_set_u16(&f, f.ip + 6, 0x0001); /* the quoted packet is a later fragment */
	assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
	frame_make_icmp4(&f, 3, 1, 20);
	f.bytes[f.ip] = 0x60; /* IPv6 inside IPv4 */
	assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
	frame_make_icmp4(&f, 3, 1, 7);
	assert_int_equal(frame_parse(&f, &view), PACKET_IGNORED);
}

/* -- cut and damaged ------------------------------------------------------------------------- */
static void assert_cut_anywhere(const struct frame *f, size_t needed, int kind)
{
	struct packet_view view;
	size_t len;

	for (len = 0; len <= f->len; len++) {
		int got = frame_parse_part(f, len, &view);

		if (got != (len < needed ? PACKET_IGNORED : kind))
			fail_msg("%zu of %zu bytes gave %d", len, f->len, got);
	}
}

TEST(a_frame_cut_at_any_length_is_ignored_and_never_read_past_its_end)
{
	static const struct extension extensions[] = { { PACKET_PROTO_HOPOPTS, 8 },
						       { PACKET_PROTO_AH, 24 },
						       { PACKET_PROTO_FRAGMENT, 8 } };
	struct frame f;

	frame_make_tcp4(&f, TCP_FLAG_RST);
	assert_cut_anywhere(&f, f.tcp + 20, PACKET_TCP_CONTROL);
	frame_make_tcp4(&f, TCP_FLAG_ACK);
	assert_cut_anywhere(&f, f.tcp + 20, PACKET_TCP_DATA);
	frame_add_ethernet(&f, 2, PACKET_ETHERTYPE_IPV4);
	frame_add_ipv4(&f, PACKET_PROTO_TCP, 40, 80);
	frame_add_tcp(&f, TCP_FLAG_SYN, 20, 0);
	assert_cut_anywhere(&f, f.tcp + 20, PACKET_TCP_CONTROL);
	frame_make_extensions(&f, extensions, 3);
	assert_cut_anywhere(&f, f.tcp + 20, PACKET_TCP_CONTROL);
	frame_make_icmp4(&f, 3, 1, 20);
	assert_cut_anywhere(&f, f.tcp + 8, PACKET_ICMP_ERROR);
	frame_make_icmp6(&f, 1, 3, 20);
	assert_cut_anywhere(&f, f.tcp + 8, PACKET_ICMP_ERROR);
}

TEST(random_bytes_and_flipped_bits_are_never_read_past_the_end)
{
	uint64_t state = 0x1234567;
	unsigned int round;

	for (round = 0; round < 200000; round++) {
		struct packet_view view;
		struct frame f;
		size_t len, i;

		switch (round % 4) {
		case 0:
			frame_make_tcp4(&f, TCP_FLAG_RST);
			break;
		case 1:
			frame_make_icmp4(&f, 3, 1, 8);
			break;
		case 2:
			frame_make_icmp6(&f, 1, 1, 8);
			break;
		default:
			frame_add_ethernet(&f, 1, PACKET_ETHERTYPE_IPV6);
			frame_add_ipv6(&f, PACKET_PROTO_HOPOPTS, 100);
			frame_add_zeros(&f, 60);
		}
		for (i = 0; i < 6; i++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			f.bytes[12 + (state >> 16) % (f.len - 12)] = (uint8_t)(state >> 40);
		}
		len = (state >> 8) % (f.len + 1);
		assert_in_range(frame_parse_part(&f, len, &view), PACKET_IGNORED,
				PACKET_ICMP_ERROR);
	}
}

TEST_MAIN()
