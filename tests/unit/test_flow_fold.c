// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/flow_evidence.h"
#include "include/flow_fold.h"

#include <stdbool.h>

#include "tests/harness/test.h"

#define CLIENT 0
#define SERVER 1

/* One home per direction, as a host with one interface has it. */
static const struct flow_sight sight_out = { 1000, 2, WIRE_HOOK_TC_OUT, RST_ORIGIN_SOCKET };
static const struct flow_sight sight_in = { 1000, 2, WIRE_HOOK_XDP_IN, RST_ORIGIN_RECEIVED };

static struct packet_view packet(uint8_t flags, uint32_t seq)
{
	return (struct packet_view){
		.flags = flags, .seq = seq, .ttl = 64, .ip_id = 9, .ack_seq = 5
	};
}

/* Client packets leave here, the server's come in. */
static int fold(struct flow_state *flow, int sender, uint8_t flags, uint32_t seq)
{
	struct packet_view view = packet(flags, seq);

	return flow_fold(flow, sender, &view, sender == CLIENT ? &sight_out : &sight_in);
}

TEST(a_connection_from_syn_to_fin)
{
	struct flow_state flow = { 0 };
	struct flow_side *client = &flow.side[CLIENT], *server = &flow.side[SERVER];

	assert_int_equal(fold(&flow, CLIENT, TCP_FLAG_SYN, 100), FLOW_FOLD_COUNTED | FLOW_FOLD_SYN);
	assert_int_equal(fold(&flow, SERVER, TCP_FLAG_SYN | TCP_FLAG_ACK, 500), FLOW_FOLD_COUNTED);
	assert_false(flow_is_over(&flow));
	assert_int_equal(fold(&flow, CLIENT, TCP_FLAG_FIN | TCP_FLAG_ACK, 150),
			 FLOW_FOLD_COUNTED | FLOW_FOLD_FIN);
	assert_false(flow_is_over(&flow));
	assert_int_equal(fold(&flow, SERVER, TCP_FLAG_FIN | TCP_FLAG_ACK, 600),
			 FLOW_FOLD_COUNTED | FLOW_FOLD_FIN);
	assert_true(flow_is_over(&flow));

	assert_int_equal(client->syn_count, 1);
	assert_int_equal(server->syn_count, 1);
	assert_int_equal(client->fin_count, 1);
	assert_int_equal(server->fin_count, 1);
	assert_int_equal(client->rst_count + server->rst_count, 0);
	assert_int_equal(client->marks, FLOW_SIDE_CLIENT);
	assert_int_equal(server->marks, FLOW_SIDE_SYN_ACK);
	assert_int_equal(client->isn, 100);
	assert_int_equal(server->isn, 500);
	assert_int_equal(client->fin_seq, 151);
	assert_int_equal(flow.first_ns, 1000);
	assert_int_equal(flow.last_ns, 1000);
	assert_int_equal(client->syn_ns, 1000);
	assert_int_equal(client->fin_ns, 1000);
}

TEST(fin_seq_is_behind_payload_and_fin)
{
	struct flow_state flow = { 0 };
	struct packet_view view = packet(TCP_FLAG_FIN, 0xfffffffe);

	view.payload_bytes = 10;
	flow_fold(&flow, CLIENT, &view, &sight_out);
	assert_int_equal(flow.side[CLIENT].fin_seq, 9);
}

TEST(retransmissions_count_and_only_the_first_fin_is_news)
{
	struct flow_state flow = { 0 };

	fold(&flow, CLIENT, TCP_FLAG_SYN, 100);
	assert_int_equal(fold(&flow, CLIENT, TCP_FLAG_SYN, 100), FLOW_FOLD_COUNTED | FLOW_FOLD_SYN);
	assert_int_equal(flow.side[CLIENT].syn_count, 2);
	fold(&flow, CLIENT, TCP_FLAG_FIN, 101);
	assert_int_equal(fold(&flow, CLIENT, TCP_FLAG_FIN, 101), FLOW_FOLD_COUNTED);
	assert_int_equal(flow.side[CLIENT].fin_count, 2);
}

TEST(a_packet_that_crosses_several_interfaces_counts_once)
{
	struct flow_sight veth_in = { 1, 7, WIRE_HOOK_TC_IN, RST_ORIGIN_RECEIVED };
	struct flow_sight bridge_in = { 2, 8, WIRE_HOOK_TC_IN, RST_ORIGIN_RECEIVED };
	struct flow_sight eth_out = { 3, 9, WIRE_HOOK_TC_OUT, RST_ORIGIN_UNKNOWN };
	struct flow_state flow = { 0 };
	struct packet_view syn = packet(TCP_FLAG_SYN, 1);
	struct packet_view rst = packet(TCP_FLAG_RST, 2);

	assert_int_not_equal(flow_fold(&flow, CLIENT, &syn, &veth_in), 0);
	assert_int_equal(flow_fold(&flow, CLIENT, &syn, &bridge_in), 0);
	assert_int_equal(flow_fold(&flow, CLIENT, &syn, &eth_out), 0);
	assert_int_equal(flow.side[CLIENT].syn_count, 1);
	assert_int_equal(flow.side[CLIENT].home_ifindex, 7);
	assert_int_equal(flow.side[CLIENT].home_hook, WIRE_HOOK_TC_IN);

	assert_int_not_equal(flow_fold(&flow, CLIENT, &rst, &veth_in) & FLOW_FOLD_RST, 0);
	assert_int_equal(flow_fold(&flow, CLIENT, &rst, &bridge_in), 0);
	assert_int_equal(flow_fold(&flow, CLIENT, &rst, &eth_out), 0);
	assert_int_equal(flow.side[CLIENT].rst_count, 1);
}

/* Somebody on the way made it: it never was at the direction's home. */
TEST(a_rst_that_its_home_never_saw_counts)
{
	struct flow_sight elsewhere = { 5, 9, WIRE_HOOK_TC_OUT, RST_ORIGIN_FIREWALL };
	struct flow_state flow = { 0 };
	struct packet_view syn = packet(TCP_FLAG_SYN, 1);
	struct packet_view rst = packet(TCP_FLAG_RST, 2);

	flow_fold(&flow, CLIENT, &syn, &sight_in);
	assert_int_equal(flow_fold(&flow, CLIENT, &rst, &elsewhere),
			 FLOW_FOLD_COUNTED | FLOW_FOLD_RST);
	assert_int_equal(flow.side[CLIENT].rst_origin, RST_ORIGIN_FIREWALL);
	assert_int_equal(flow_fold(&flow, CLIENT, &rst, &elsewhere), 0);
	assert_int_equal(flow.side[CLIENT].rst_count, 1);
	assert_int_equal(flow.side[CLIENT].home_ifindex, 2);
}

TEST(a_rst_leaves_its_shape)
{
	struct flow_state flow = { 0 };
	struct flow_side *side = &flow.side[SERVER];
	struct packet_view rst = packet(TCP_FLAG_RST | TCP_FLAG_ACK, 77);

	rst.window = 500;
	rst.ttl = 211;
	rst.ip_id = 4711;
	assert_int_equal(flow_fold(&flow, SERVER, &rst, &sight_in),
			 FLOW_FOLD_COUNTED | FLOW_FOLD_RST);
	assert_int_equal(side->rst_count, 1);
	assert_int_equal(side->rst_seq, 77);
	assert_int_equal(side->rst_ack, 5);
	assert_int_equal(side->rst_window, 500);
	assert_int_equal(side->rst_ttl, 211);
	assert_int_equal(side->rst_ip_id, 4711);
	assert_int_equal(side->rst_flags, TCP_FLAG_RST | TCP_FLAG_ACK);
	assert_int_equal(side->rst_origin, RST_ORIGIN_RECEIVED);
	assert_int_equal(side->rst_ns, 1000);
	/* A forged TTL must not widen what is known of the peer. */
	assert_int_equal(side->ttl_min, 0);
	assert_int_equal(side->ttl_max, 0);
	assert_int_equal(side->marks, 0);
}

TEST(resets_with_other_numbers_disagree_and_copies_do_not)
{
	struct flow_state flow = { 0 };
	struct flow_side *side = &flow.side[SERVER];
	struct packet_view view;

	fold(&flow, SERVER, TCP_FLAG_RST, 10);
	fold(&flow, SERVER, TCP_FLAG_RST, 10);
	assert_int_equal(side->rst_count, 2);
	assert_int_equal(side->marks & FLOW_SIDE_RSTS_DISAGREE, 0);
	view = packet(TCP_FLAG_RST, 10);
	view.ack_seq = 6;
	flow_fold(&flow, SERVER, &view, &sight_in);
	assert_int_not_equal(side->marks & FLOW_SIDE_RSTS_DISAGREE, 0);

	memset(&flow, 0, sizeof(flow));
	fold(&flow, SERVER, TCP_FLAG_RST, 10);
	fold(&flow, SERVER, TCP_FLAG_RST, 11);
	assert_int_not_equal(side->marks & FLOW_SIDE_RSTS_DISAGREE, 0);
}

TEST(a_rst_that_was_announced_is_not_counted_again)
{
	struct flow_state flow = { 0 };
	struct flow_side *side = &flow.side[CLIENT];

	side->rst_count = 1;
	side->rst_announced = 1;
	fold(&flow, CLIENT, TCP_FLAG_RST, 10);
	assert_int_equal(side->rst_count, 1);
	assert_int_equal(side->rst_announced, 0);
	assert_int_equal(side->rst_seq, 10);
	assert_int_equal(side->marks & FLOW_SIDE_RSTS_DISAGREE, 0);
	fold(&flow, CLIENT, TCP_FLAG_RST, 10);
	assert_int_equal(side->rst_count, 2);
}

TEST(ttl_is_a_range_over_syn_and_fin)
{
	struct flow_state flow = { 0 };
	static const uint8_t ttls[] = { 57, 55, 60, 58 };
	size_t i;

	for (i = 0; i < 4; i++) {
		struct packet_view view = packet(i ? TCP_FLAG_FIN : TCP_FLAG_SYN, 1);

		view.ttl = ttls[i];
		view.ip_id = (uint16_t)(i + 1);
		flow_fold(&flow, SERVER, &view, &sight_in);
	}
	assert_int_equal(flow.side[SERVER].ttl_min, 55);
	assert_int_equal(flow.side[SERVER].ttl_max, 60);
	/* Of the SYN alone: a stack without a socket's counter is recognised by it. */
	assert_int_equal(flow.side[SERVER].ip_id, 1);
}

TEST(a_rst_whose_ip_id_is_not_that_of_the_stack)
{
	static const struct {
		uint16_t syn_ack_id, rst_id;
		uint8_t rst_flags;
		bool is_off;
	} rows[] = {
		{ 0, 0, TCP_FLAG_RST, false },
		{ 0, 7, TCP_FLAG_RST, true },
		{ 0, 7, TCP_FLAG_RST | TCP_FLAG_ACK, false }, /* an active reset has its socket's */
		{ 9, 7, TCP_FLAG_RST, false }, /* this stack counts everywhere */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packet_view syn_ack = packet(TCP_FLAG_SYN | TCP_FLAG_ACK, 1);
		struct packet_view rst = packet(rows[i].rst_flags, 2);
		struct close_evidence e = { .ip_version = 4 };
		struct flow_state flow = { 0 };

		syn_ack.ip_id = rows[i].syn_ack_id;
		rst.ip_id = rows[i].rst_id;
		flow_fold(&flow, SERVER, &syn_ack, &sight_in);
		flow_fold(&flow, SERVER, &rst, &sight_in);
		flow_evidence_fill(&e, &flow, !SERVER, sight_in.now_ns);
		assert_int_equal((e.seen & EVIDENCE(RST_IP_ID_OFF)) != 0, rows[i].is_off);
	}
}

/* What makes a tuple free for the next connection; a copy of the SYN never does. */
TEST(a_new_syn_restarts_a_flow_that_is_over)
{
	static const uint8_t endings[][2] = { { CLIENT, TCP_FLAG_RST }, { SERVER, TCP_FLAG_RST } };
	size_t i;

	for (i = 0; i < 2; i++) {
		struct flow_state flow = { 0 };

		fold(&flow, CLIENT, TCP_FLAG_SYN, 100);
		fold(&flow, endings[i][0], endings[i][1], 200);
		fold(&flow, CLIENT, TCP_FLAG_SYN, 100);
		assert_int_equal(flow_generation(&flow), 0);
		assert_int_equal(flow.side[CLIENT].syn_count, 2);
		fold(&flow, CLIENT, TCP_FLAG_SYN, 9000);
		assert_int_equal(flow_generation(&flow), 1);
		assert_int_equal(flow.side[CLIENT].syn_count, 1);
		assert_int_equal(flow.side[CLIENT].isn, 9000);
		assert_int_equal(flow.side[CLIENT].rst_count + flow.side[SERVER].rst_count, 0);
		assert_int_equal(flow.side[SERVER].home_hook, 0);
	}
}

TEST(a_reported_flow_is_over_too)
{
	struct flow_state flow = { 0 };

	fold(&flow, CLIENT, TCP_FLAG_SYN, 100);
	flow.side[SERVER].marks |= FLOW_SIDE_REPORTED;
	fold(&flow, CLIENT, TCP_FLAG_SYN, 101);
	assert_int_equal(flow_generation(&flow), 1);
	assert_int_equal(flow.side[SERVER].marks, 0);
}

TEST(a_new_syn_on_a_live_flow_restarts_nothing)
{
	struct flow_state flow = { 0 };

	fold(&flow, CLIENT, TCP_FLAG_SYN, 100);
	fold(&flow, SERVER, TCP_FLAG_SYN | TCP_FLAG_ACK, 500);
	fold(&flow, CLIENT, TCP_FLAG_FIN, 150);
	fold(&flow, CLIENT, TCP_FLAG_SYN, 9000);
	assert_int_equal(flow_generation(&flow), 0);
	assert_int_equal(flow.side[CLIENT].syn_count, 2);
	/* Nor does a SYN-ACK, even where the flow is over. */
	fold(&flow, SERVER, TCP_FLAG_RST, 501);
	fold(&flow, SERVER, TCP_FLAG_SYN | TCP_FLAG_ACK, 777);
	assert_int_equal(flow_generation(&flow), 0);
}

TEST(first_and_last_time)
{
	struct flow_state flow = { 0 };
	struct flow_sight later = sight_out;
	struct packet_view view = packet(TCP_FLAG_SYN, 1);

	flow_fold(&flow, CLIENT, &view, &later);
	later.now_ns = 5000;
	flow_fold(&flow, CLIENT, &view, &later);
	assert_int_equal(flow.first_ns, 1000);
	assert_int_equal(flow.last_ns, 5000);
	assert_int_equal(flow.side[CLIENT].syn_ns, 1000);
}

TEST(an_icmp_error_is_noted_with_the_end_it_concerns)
{
	struct flow_state flow = { 0 };
	struct packet_view view = packet(0, 1);

	view.icmp_type = 3;
	view.icmp_code = 13;
	view.dest_addr[15] = 2;
	view.icmp_source[15] = 9;
	flow_fold_icmp(&flow, SERVER, &view, 77);
	assert_int_equal(flow.icmp_type, 3);
	assert_int_equal(flow.icmp_code, 13);
	assert_int_equal(flow.icmp_side, SERVER);
	assert_int_equal(flow.icmp_from_peer, 0);
	assert_int_equal(flow.last_ns, 77);
	view.icmp_source[15] = 2;
	flow_fold_icmp(&flow, CLIENT, &view, 78);
	assert_int_equal(flow.icmp_side, CLIENT);
	assert_int_equal(flow.icmp_from_peer, 1);
}

TEST(both_directions_find_one_key)
{
	uint8_t a[16] = { 0 }, b[16] = { 0 };
	struct flow_key there, back;
	int local, peer;

	a[15] = 1;
	b[15] = 2;
	local = flow_key_make(&there, a, HOST_TO_NET_16(1111), b, HOST_TO_NET_16(80), 7);
	peer = flow_key_make(&back, b, HOST_TO_NET_16(80), a, HOST_TO_NET_16(1111), 7);
	assert_memory_equal(&there, &back, sizeof(there));
	assert_int_equal(local, !peer);
	assert_memory_equal(there.addr[local], a, 16);
	assert_int_equal(there.port[local], HOST_TO_NET_16(1111));

	/* One address: the ports order it. Even one endpoint with itself has a key. */
	local = flow_key_make(&there, a, HOST_TO_NET_16(5), a, HOST_TO_NET_16(6), 7);
	peer = flow_key_make(&back, a, HOST_TO_NET_16(6), a, HOST_TO_NET_16(5), 7);
	assert_memory_equal(&there, &back, sizeof(there));
	assert_int_equal(local, !peer);
	flow_key_make(&there, a, HOST_TO_NET_16(5), a, HOST_TO_NET_16(5), 7);
	assert_int_equal(there.port[0], there.port[1]);
	flow_key_make(&back, a, HOST_TO_NET_16(5), a, HOST_TO_NET_16(5), 8);
	assert_memory_not_equal(&there, &back, sizeof(there));
}

TEST_MAIN()
