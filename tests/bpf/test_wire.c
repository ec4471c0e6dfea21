// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the packet programs make of single packets: found, counted once, and left alone. */
#include "tests/bpf/wire_lab.h"

#define PACKET(...) (&(struct tcp_packet){ __VA_ARGS__ })
#define SYN TCP_FLAG_SYN
#define ACK TCP_FLAG_ACK
#define FIN TCP_FLAG_FIN
#define RST TCP_FLAG_RST

/* wire_lab_send_frame() fails on another verdict and on a changed byte. */
TEST(every_packet_goes_on_unchanged)
{
	struct random_stream random = { 7 };
	struct wire_lab lab;
	size_t ran = 0;

	wire_lab_open(&lab, NULL);
	for (int i = 0; i < 4000; i++) {
		struct frame f;

		frame_make_random(&random, &f);
		if (!i)
			frame_make_other(&f, 0x0806, 0);
		for (int point = 0; point < WIRE_POINTS; point++)
			ran += wire_lab_send_frame(&lab, point, &f, wire_lab_ifindex[i % 2]);
	}
	printf("# %zu packets\n", ran);
	assert_true(ran > 4000 * (WIRE_POINTS - 1));
	wire_lab_close(&lab);
}

TEST(each_direction_counts_what_it_sent)
{
	static const enum wire_point ways[][2] = { { WIRE_TC_IN, WIRE_TC_OUT },
						   { WIRE_XDP_IN, WIRE_TC_OUT },
						   { WIRE_TC_IN_L3, WIRE_TC_OUT_L3 } };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		enum wire_point in = ways[i][0], out = ways[i][1];
		struct flow_side client, server;
		struct wire_lab lab;

		wire_lab_open(&lab, NULL);
		wire_lab_send(&lab, in, PACKET(.flags = SYN, .seq = 100));
		wire_lab_send(&lab, in, PACKET(.flags = SYN, .seq = 100));
		wire_lab_send(&lab, out, PACKET(.flags = SYN | ACK, .seq = 500, .is_reply = true));
		wire_lab_send(&lab, in, PACKET(.flags = ACK, .seq = 101, .payload = 9));
		wire_lab_send(&lab, in, PACKET(.flags = FIN | ACK, .seq = 110, .payload = 5));
		wire_lab_send(&lab, out, PACKET(.flags = FIN | ACK, .seq = 501, .is_reply = true));
		wire_lab_send(&lab, out, PACKET(.flags = FIN | ACK, .seq = 501, .is_reply = true));
		client = wire_lab_side(&lab, PACKET(0));
		server = wire_lab_side(&lab, PACKET(.is_reply = true));
		assert_int_equal(client.syn_count, 2);
		assert_int_equal(client.fin_count, 1);
		assert_int_equal(client.isn, 100);
		assert_int_equal(client.fin_seq, 116);
		assert_int_equal(client.marks, FLOW_SIDE_CLIENT);
		assert_int_equal(client.home_hook, wire_points[in].hook);
		assert_int_equal(client.home_ifindex, wire_lab_ifindex[0]);
		assert_int_equal(server.syn_count, 1);
		assert_int_equal(server.fin_count, 2);
		assert_int_equal(server.isn, 500);
		assert_int_equal(server.marks, FLOW_SIDE_SYN_ACK);
		assert_int_equal(server.home_hook, wire_points[out].hook);
		assert_int_equal(client.rst_count + server.rst_count, 0);
		assert_counter(&lab, SYN_COUNTED, 2);
		assert_counter(&lab, FIN_COUNTED, 2);
		assert_counter(&lab, FLOWS_INSERTED, 1);
		assert_int_equal(wire_lab_flow_count(&lab), 1);
		assert_int_equal(wire_lab_read(&lab), 0);
		wire_lab_close(&lab);
	}
}

TEST(a_packet_counts_at_the_first_hook_and_interface_alone)
{
	int here = wire_lab_ifindex[0], there = wire_lab_ifindex[1];
	struct wire_lab lab;
	struct tcp_packet packets[] = { { .flags = SYN, .seq = 1 },
					{ .flags = FIN | ACK, .seq = 2 },
					{ .flags = RST, .seq = 3 } };

	wire_lab_open(&lab, NULL);
	for (size_t i = 0; i < 3; i++) {
		wire_lab_send_at(&lab, WIRE_TC_IN, &packets[i], here);
		wire_lab_send_at(&lab, WIRE_TC_IN, &packets[i], there);
		wire_lab_send_at(&lab, WIRE_TC_OUT, &packets[i], there);
		wire_lab_send_at(&lab, WIRE_XDP_IN, &packets[i], here);
		wire_lab_send_at(&lab, WIRE_XDP_IN, &packets[i], 1);
	}
	assert_int_equal(wire_lab_side(&lab, &packets[0]).syn_count, 1);
	assert_int_equal(wire_lab_side(&lab, &packets[0]).fin_count, 1);
	assert_int_equal(wire_lab_side(&lab, &packets[0]).rst_count, 1);
	assert_int_equal(wire_lab_side(&lab, &packets[0]).home_ifindex, here);
	assert_counter(&lab, SYN_COUNTED, 1);
	assert_counter(&lab, FIN_COUNTED, 1);
	assert_counter(&lab, RST_IN_NO_SOCKET, 1);
	assert_counter(&lab, RST_OUT_SOCKET, 0);
	wire_lab_close(&lab);
}

TEST(data_and_other_protocols_leave_no_trace)
{
	static const uint16_t ethertypes[] = { 0x0806, 0x8847, 0x88cc, PACKET_ETHERTYPE_VLAN };
	struct wire_lab lab;
	struct frame f;

	wire_lab_open(&lab, NULL);
	for (int point = 0; point < WIRE_POINTS; point++) {
		for (unsigned int flags = 0; flags < 256; flags++) {
			if (!(flags & TCP_FLAGS_CONTROL))
				wire_lab_send(&lab, point,
					      PACKET(.flags = (uint8_t)flags, .payload = 20));
		}
		for (unsigned int protocol = 0; protocol < 256; protocol++) {
			if (protocol == PACKET_PROTO_TCP)
				continue;
			frame_make_other(&f, PACKET_ETHERTYPE_IPV4, (uint8_t)protocol);
			wire_lab_send_frame(&lab, point, &f, 1);
			frame_make_other(&f, PACKET_ETHERTYPE_IPV6, (uint8_t)protocol);
			wire_lab_send_frame(&lab, point, &f, 1);
		}
		for (size_t i = 0; i < 4 && !wire_points[point].is_l3; i++) {
			frame_make_other(&f, ethertypes[i], 0);
			wire_lab_send_frame(&lab, point, &f, 1);
		}
	}
	assert_int_equal(wire_lab_flow_count(&lab), 0);
	assert_counter(&lab, FLOWS_INSERTED, 0);
	wire_lab_close(&lab);
}

TEST(up_to_two_vlan_tags_are_looked_through)
{
	static const enum wire_point ethernet[] = { WIRE_XDP_IN, WIRE_TC_IN, WIRE_TC_OUT };

	for (uint8_t ip_version = 4; ip_version <= 6; ip_version += 2) {
		for (size_t i = 0; i < 3; i++) {
			struct wire_lab lab;

			wire_lab_open(&lab, NULL);
			for (uint8_t tags = 0; tags <= 3; tags++)
				wire_lab_send(&lab, ethernet[i],
					      PACKET(.ip_version = ip_version, .flags = SYN,
						     .tags = tags));
			assert_int_equal(
				wire_lab_side(&lab, PACKET(.ip_version = ip_version)).syn_count, 3);
			assert_int_equal(wire_lab_flow_count(&lab), 1);
			wire_lab_close(&lab);
		}
	}
}

TEST(ipv6_extension_headers_and_ipv4_options_are_walked)
{
	static const uint8_t headers[] = { PACKET_PROTO_HOPOPTS, PACKET_PROTO_ROUTING,
					   PACKET_PROTO_FRAGMENT, PACKET_PROTO_AH,
					   PACKET_PROTO_DSTOPTS };
	struct tcp_packet p = { .flags = SYN };
	struct wire_lab lab;
	uint32_t sent;

	wire_lab_open(&lab, NULL);
	for (int point = 0; point < WIRE_POINTS; point++) {
		p = (struct tcp_packet){ .ip_version = 6,
					 .flags = SYN,
					 .client_port = (uint16_t)(1000 + point) };
		sent = 0;
		for (size_t i = 0; i < sizeof(headers); i++) {
			for (p.extension_count = 1; p.extension_count <= 5; p.extension_count++) {
				for (size_t k = 0; k < p.extension_count; k++)
					p.extensions[k] = headers[(i + k) % sizeof(headers)];
				sent += p.extension_count <= PACKET_IPV6_EXTENSIONS_MAX;
				wire_lab_send(&lab, point, &p);
			}
		}
		assert_int_equal(wire_lab_side(&lab, &p).syn_count, sent);
		p = (struct tcp_packet){ .flags = SYN, .client_port = (uint16_t)(1000 + point) };
		for (; p.ip_options <= 40; p.ip_options += 4)
			wire_lab_send(&lab, point, &p);
		assert_int_equal(wire_lab_side(&lab, &p).syn_count, 11);
	}
	wire_lab_close(&lab);
}

TEST(only_the_first_fragment_is_looked_at)
{
	struct wire_lab lab;

	wire_lab_open(&lab, NULL);
	for (int point = 0; point < WIRE_POINTS; point++) {
		struct tcp_packet ipv4 = { .flags = SYN, .client_port = (uint16_t)(1000 + point) };
		struct tcp_packet ipv6 = ipv4;

		ipv6.ip_version = 6;
		ipv6.extensions[0] = PACKET_PROTO_FRAGMENT;
		ipv6.extension_count = 1;
		for (uint16_t offset = 1; offset < 0x1fff; offset = (uint16_t)(offset * 3)) {
			ipv4.fragment = offset;
			wire_lab_send(&lab, point, &ipv4);
			ipv6.fragment = (uint16_t)(offset << 3);
			wire_lab_send(&lab, point, &ipv6);
		}
		assert_int_equal(wire_lab_flow_count(&lab), 2 * point);
		ipv4.fragment = 0x2000; /* more fragments, offset 0 */
		wire_lab_send(&lab, point, &ipv4);
		ipv4.fragment = 0x4000; /* don't fragment */
		wire_lab_send(&lab, point, &ipv4);
		ipv6.fragment = 0x0001; /* more fragments, offset 0 */
		wire_lab_send(&lab, point, &ipv6);
		assert_int_equal(wire_lab_side(&lab, &ipv4).syn_count, 2);
		assert_int_equal(wire_lab_side(&lab, &ipv6).syn_count, 1);
	}
	wire_lab_close(&lab);
}

/* The kernel's test run refuses the shortest ones for TC; XDP gets them all, from 14 on. */
static void assert_cut_anywhere(const struct wire_lab *lab, enum wire_point point,
				const struct tcp_packet *p)
{
	struct frame whole, f;
	size_t needed;

	frame_make_tcp(&whole, p);
	needed = whole.transport + 20;
	for (size_t len = whole.len; len >= 14; len--) {
		struct flow_state flow;
		bool ran;

		f = whole;
		f.len = len;
		ran = wire_lab_send_frame(lab, point, &f, 1);
		if (!ran && point == WIRE_XDP_IN)
			fail_msg("XDP was not run with %zu bytes", len);
		if (wire_lab_flow_find(lab, p, &flow, NULL) != (ran && len >= needed))
			fail_msg("%s: %zu of %zu bytes", wire_points[point].name, len, whole.len);
		wire_lab_forget(lab, p);
	}
	assert_int_equal(wire_lab_flow_count(lab), 0);
}

TEST(a_packet_cut_at_any_length_is_ignored_and_goes_on)
{
	static const struct tcp_packet packets[] = {
		{ .flags = SYN, .payload = 10 },
		{ .flags = RST, .ip_options = 40 },
		{ .flags = FIN, .tags = 2, .ip_options = 4 },
		{ .flags = SYN, .ip_version = 6, .tags = 1 },
		{ .flags = RST,
		  .ip_version = 6,
		  .payload = 3,
		  .extension_count = 4,
		  .extensions = { PACKET_PROTO_HOPOPTS, PACKET_PROTO_AH, PACKET_PROTO_FRAGMENT,
				  PACKET_PROTO_DSTOPTS } },
	};
	struct wire_lab lab;

	wire_lab_open(&lab, NULL);
	for (int point = 0; point < WIRE_POINTS; point++)
		for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
			assert_cut_anywhere(&lab, point, &packets[i]);
	wire_lab_close(&lab);
}

TEST(a_damaged_length_is_ignored)
{
	struct wire_lab lab;
	struct frame f;

	wire_lab_open(&lab, NULL);
	for (int point = 0; point < WIRE_POINTS; point++) {
		for (uint8_t words = 0; words < 5; words++) {
			frame_make_tcp(&f, PACKET(.flags = SYN));
			f.bytes[f.ip] = (uint8_t)(0x40 | words);
			wire_lab_send_frame(&lab, point, &f, 1);
			frame_make_tcp(&f, PACKET(.flags = SYN));
			f.bytes[f.transport + 12] = (uint8_t)(words << 4);
			wire_lab_send_frame(&lab, point, &f, 1);
		}
		for (unsigned int version = 0; version < 16; version++) {
			frame_make_tcp(&f, PACKET(.flags = SYN));
			f.bytes[f.ip] = (uint8_t)(version << 4 | 5);
			if (version != 4)
				wire_lab_send_frame(&lab, point, &f, 1);
		}
	}
	assert_int_equal(wire_lab_flow_count(&lab), 0);
	wire_lab_close(&lab);
}

TEST(ttl_is_a_range_that_a_rst_does_not_widen)
{
	static const uint8_t ttls[] = { 57, 55, 60, 58 };

	for (uint8_t ip_version = 4; ip_version <= 6; ip_version += 2) {
		struct tcp_packet p = { .ip_version = ip_version, .seq = 7, .ack = 8 };
		struct flow_side side;
		struct wire_lab lab;

		wire_lab_open(&lab, NULL);
		for (size_t i = 0; i < 4; i++) {
			p.flags = i ? FIN | ACK : SYN;
			p.ttl = ttls[i];
			wire_lab_send(&lab, WIRE_TC_IN, &p);
		}
		p.flags = RST | ACK;
		p.ttl = 211;
		p.ip_id = 4711;
		p.window = 500;
		wire_lab_send(&lab, WIRE_TC_IN, &p);
		side = wire_lab_side(&lab, &p);
		assert_int_equal(side.ttl_min, 55);
		assert_int_equal(side.ttl_max, 60);
		assert_int_equal(side.rst_ttl, 211);
		assert_int_equal(side.rst_ip_id, ip_version == 4 ? 4711 : 0);
		assert_int_equal(side.rst_window, 500);
		assert_int_equal(side.rst_seq, 7);
		assert_int_equal(side.rst_ack, 8);
		assert_int_equal(side.rst_flags, RST | ACK);
		assert_int_equal(side.rst_count, 1);
		assert_true(side.rst_ns >= side.syn_ns && side.syn_ns);
		wire_lab_close(&lab);
	}
}

TEST(a_full_flow_map_evicts_and_counts_what_it_inserted)
{
	const struct wire_lab_options options = { .max_flows = 64 };
	struct tcp_packet p = { .flags = SYN };
	struct wire_lab lab;
	size_t count;

	wire_lab_open(&lab, &options);
	for (int i = 0; i < 2000; i++) {
		p.client_port = (uint16_t)(1000 + i);
		wire_lab_send(&lab, i % 2 ? WIRE_TC_IN : WIRE_XDP_IN, &p);
		assert_int_equal(wire_lab_side(&lab, &p).syn_count, 1);
	}
	count = wire_lab_flow_count(&lab);
	printf("# %zu of 2000 flows stayed\n", count);
	assert_in_range(count, 1, 64);
	assert_counter(&lab, FLOWS_INSERTED, 2000);
	assert_counter(&lab, FLOW_INSERT_FAILED, 0);
	p.client_port = 1000;
	wire_lab_send(&lab, WIRE_TC_IN, &p);
	assert_counter(&lab, FLOWS_INSERTED, 2001);
	assert_counter(&lab, SYN_COUNTED, 2001);
	wire_lab_close(&lab);
}

int main(int argc, char **argv)
{
	return wire_lab_main(__FILE__, argc, argv);
}
