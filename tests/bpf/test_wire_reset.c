// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the packet programs make of RSTs, ICMP errors and reused tuples, and what they report. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/bpf/wire_lab.h"

#define PACKET(...) (&(struct tcp_packet){ __VA_ARGS__ })
#define SYN TCP_FLAG_SYN
#define ACK TCP_FLAG_ACK
#define FIN TCP_FLAG_FIN
#define RST TCP_FLAG_RST

static const enum wire_point in_points[] = { WIRE_XDP_IN, WIRE_TC_IN, WIRE_TC_IN_L3 };
static const enum wire_point out_points[] = { WIRE_TC_OUT, WIRE_TC_OUT_L3 };

/* A test run gives its packet a full socket of its own: the sender that tc_rst_out() sees. */
TEST(a_rst_knows_which_way_it_went)
{
	struct wire_lab lab;

	for (size_t i = 0; i < 3; i++) {
		wire_lab_open(&lab, NULL);
		wire_lab_send(&lab, in_points[i], PACKET(.flags = RST | ACK));
		assert_int_equal(wire_lab_side(&lab, PACKET(0)).rst_origin, RST_ORIGIN_RECEIVED);
		wire_lab_close(&lab);
	}
	for (size_t i = 0; i < 2; i++) {
		wire_lab_open(&lab, NULL);
		wire_lab_send(&lab, out_points[i], PACKET(.flags = RST | ACK));
		assert_int_equal(wire_lab_side(&lab, PACKET(0)).rst_origin, RST_ORIGIN_SOCKET);
		assert_counter(&lab, RST_OUT_SOCKET, 1);
		assert_int_equal(wire_lab_read(&lab), 0);
		wire_lab_close(&lab);
	}
}

TEST(a_rst_that_was_announced_is_the_stacks_and_not_counted_again)
{
	struct tcp_packet rst = { .flags = RST, .seq = 5, .is_reply = true };

	for (size_t i = 0; i < 2; i++) {
		struct flow_state flow = { 0 };
		struct flow_key key;
		struct wire_lab lab;
		int sender = tcp_packet_key(&rst, wire_lab_netns, &key);

		wire_lab_open(&lab, NULL);
		flow.side[sender].rst_count = 1;
		flow.side[sender].rst_announced = 1;
		assert_int_equal(bpf_map_update_elem(wire_lab_flows_fd(&lab), &key, &flow, 0), 0);
		wire_lab_send(&lab, out_points[i], &rst);
		assert_int_equal(wire_lab_side(&lab, &rst).rst_count, 1);
		assert_int_equal(wire_lab_side(&lab, &rst).rst_announced, 0);
		assert_int_equal(wire_lab_side(&lab, &rst).rst_origin, RST_ORIGIN_STACK);
		assert_int_equal(wire_lab_side(&lab, &rst).rst_seq, 5);
		assert_counter(&lab, RST_OUT_STACK, 1);
		wire_lab_send(&lab, out_points[i], &rst);
		assert_int_equal(wire_lab_side(&lab, &rst).rst_count, 2);
		assert_counter(&lab, RST_OUT_STACK, 1);
		assert_counter(&lab, RST_OUT_SOCKET, 1);
		wire_lab_close(&lab);
	}
}

TEST(resets_with_other_numbers_disagree_and_copies_do_not)
{
	struct wire_lab lab;

	wire_lab_open(&lab, NULL);
	wire_lab_send(&lab, WIRE_TC_IN, PACKET(.flags = RST, .seq = 5, .ack = 6));
	wire_lab_send(&lab, WIRE_TC_IN, PACKET(.flags = RST, .seq = 5, .ack = 6));
	assert_int_equal(wire_lab_side(&lab, PACKET(0)).rst_count, 2);
	assert_int_equal(wire_lab_side(&lab, PACKET(0)).marks & FLOW_SIDE_RSTS_DISAGREE, 0);
	wire_lab_send(&lab, WIRE_TC_IN, PACKET(.flags = RST, .seq = 6, .ack = 6));
	assert_int_not_equal(wire_lab_side(&lab, PACKET(0)).marks & FLOW_SIDE_RSTS_DISAGREE, 0);
	wire_lab_close(&lab);
}

TEST(a_new_syn_restarts_a_flow_that_is_over)
{
	static const enum wire_point points[] = { WIRE_XDP_IN, WIRE_TC_IN, WIRE_TC_OUT,
						  WIRE_TC_IN_L3, WIRE_TC_OUT_L3 };

	for (size_t i = 0; i < WIRE_POINTS; i++) {
		struct flow_state flow;
		struct wire_lab lab;
		int client;

		wire_lab_open(&lab, NULL);
		wire_lab_send(&lab, points[i], PACKET(.flags = SYN, .seq = 100));
		wire_lab_send(&lab, points[i], PACKET(.flags = RST, .seq = 101));
		wire_lab_send(&lab, points[i], PACKET(.flags = SYN, .seq = 100)); /* a copy */
		assert_true(wire_lab_flow_find(&lab, PACKET(0), &flow, &client));
		assert_int_equal(flow_generation(&flow), 0);
		assert_int_equal(flow.side[client].syn_count, 2);
		assert_int_equal(flow.side[client].rst_count, 1);
		wire_lab_send(&lab, points[i], PACKET(.flags = SYN, .seq = 9000));
		assert_true(wire_lab_flow_find(&lab, PACKET(0), &flow, &client));
		assert_int_equal(flow_generation(&flow), 1);
		assert_int_equal(flow.side[client].syn_count, 1);
		assert_int_equal(flow.side[client].rst_count, 0);
		assert_int_equal(flow.side[client].isn, 9000);
		assert_counter(&lab, FLOWS_INSERTED, 1);
		wire_lab_close(&lab);
	}
}

/* -- ICMP ------------------------------------------------------------------------------------ */
static void icmp_send(const struct wire_lab *lab, enum wire_point point,
		      const struct tcp_packet *quoted, uint8_t type, uint8_t code, uint8_t from)
{
	struct frame f;

	frame_make_icmp(&f, quoted, type, code, from);
	assert_true(wire_lab_send_frame(lab, point, &f, wire_lab_ifindex[0]));
}

TEST(an_icmp_error_is_noted_in_the_flow_that_it_quotes)
{
	for (uint8_t ip_version = 4; ip_version <= 6; ip_version += 2) {
		struct tcp_packet syn = { .ip_version = ip_version, .flags = SYN };
		uint8_t type = ip_version == 4 ? 3 : 1;

		for (size_t i = 0; i < 3; i++) {
			struct flow_state flow;
			struct wire_lab lab;
			int client;

			wire_lab_open(&lab, NULL);
			icmp_send(&lab, in_points[i], &syn, type, 1, 99);
			assert_int_equal(wire_lab_flow_count(&lab), 0);
			wire_lab_send(&lab, WIRE_TC_OUT, &syn);
			icmp_send(&lab, in_points[i], &syn, type, 1, 99);
			assert_true(wire_lab_flow_find(&lab, &syn, &flow, &client));
			assert_int_equal(flow.icmp_type, type);
			assert_int_equal(flow.icmp_code, 1);
			assert_int_equal(flow.icmp_side, client);
			assert_int_equal(flow.icmp_from_peer, 0);
			icmp_send(&lab, in_points[i], &syn, type, 3, 2);
			assert_true(wire_lab_flow_find(&lab, &syn, &flow, NULL));
			assert_int_equal(flow.icmp_code, 3);
			assert_int_equal(flow.icmp_from_peer, 1);
			assert_int_equal(flow.side[client].syn_count, 1);
			wire_lab_close(&lab);
		}
	}
}

TEST(an_icmp_error_that_leaves_or_ends_nothing_is_not_noted)
{
	struct tcp_packet syn = { .flags = SYN };
	struct flow_state flow;
	struct wire_lab lab;

	wire_lab_open(&lab, NULL);
	wire_lab_send(&lab, WIRE_TC_OUT, &syn);
	icmp_send(&lab, WIRE_TC_OUT, &syn, 3, 1, 99);
	icmp_send(&lab, WIRE_TC_OUT_L3, &syn, 3, 1, 99);
	icmp_send(&lab, WIRE_TC_IN, &syn, 3, 4, 99); /* path MTU discovery */
	icmp_send(&lab, WIRE_TC_IN, &syn, 5, 1, 99); /* redirect */
	assert_true(wire_lab_flow_find(&lab, &syn, &flow, NULL));
	assert_int_equal(flow.icmp_type, 0);
	wire_lab_close(&lab);
}

/* -- a RST that no socket tracepoint tells of ------------------------------------------------- */
TEST(a_rst_of_an_unknown_flow_for_this_host_is_counted_and_not_reported)
{
	for (uint8_t ip_version = 4; ip_version <= 6; ip_version += 2) {
		for (size_t i = 0; i < 3; i++) {
			struct wire_lab lab;

			wire_lab_open(&lab, NULL);
			wire_lab_send(&lab, in_points[i],
				      PACKET(.ip_version = ip_version, .flags = RST,
					     .is_reply = true));
			assert_counter(&lab, RST_IN_NO_SOCKET, 1);
			assert_counter(&lab, RST_IN_FORWARDED, 0);
			assert_counter(&lab, FLOWS_INSERTED, 1);
			assert_int_equal(wire_lab_read(&lab), 0);
			wire_lab_close(&lab);
		}
	}
}

static void forwarded_check(uint8_t ip_version, enum wire_point point, bool had_syn, bool is_reply)
{
	/* Neither end is host 1, which is this host. */
	struct tcp_packet p = { .ip_version = ip_version, .client_host = 5, .server_host = 6 };
	const struct close_record *record;
	struct wire_lab lab;
	struct flow_key key;

	wire_lab_open(&lab, NULL);
	p.flags = SYN;
	if (had_syn)
		wire_lab_send(&lab, point, &p);
	p.flags = RST | ACK;
	p.is_reply = is_reply;
	wire_lab_send(&lab, point, &p);
	wire_lab_send(&lab, point, &p);
	assert_counter(&lab, RST_IN_FORWARDED, 2);
	assert_counter(&lab, RST_IN_NO_SOCKET, 0);
	assert_counter(&lab, CLOSE_REPORTED, 1);
	assert_int_equal(wire_lab_read(&lab), 1);
	record = &lab.records[0];
	p.is_reply = false;
	assert_int_equal(record->local_side, tcp_packet_key(&p, wire_lab_netns, &key));
	assert_memory_equal(&record->key, &key, sizeof(key));
	assert_int_equal(record->evidence.subject, SUBJECT_FORWARDED);
	assert_int_equal(record->evidence.seen & (EVIDENCE(CLIENT) | EVIDENCE(SERVER)), 0);
	assert_int_equal(record->hook, wire_points[point].hook);
	assert_int_equal(record->ifindex, wire_lab_ifindex[0]);
	assert_int_equal(record->socket_cookie, 0);
	assert_int_equal(record->decision.verdict,
			 had_syn && is_reply ? CLOSE_PEER_REFUSED : CLOSE_PEER_RESET);
	assert_int_equal(record->decision.initiator, is_reply ? CLOSE_BY_SERVER : CLOSE_BY_CLIENT);
	assert_int_equal(record->decision.confidence, CLOSE_IS_INFERRED);
	wire_lab_close(&lab);
}

TEST(a_forwarded_rst_is_reported_once_for_the_client)
{
	wire_lab_set_forwarding(true);
	for (uint8_t ip_version = 4; ip_version <= 6; ip_version += 2)
		for (size_t i = 0; i < 3; i++)
			for (int variant = 0; variant < 4; variant++)
				forwarded_check(ip_version, in_points[i], variant & 1, variant & 2);
	wire_lab_set_forwarding(false);
}

/* A copy of the SYN is no news; another number is, where the connection is not over. */
TEST(a_forwarded_syn_that_takes_a_tuple_over_is_reported)
{
	wire_lab_set_forwarding(true);
	for (size_t i = 0; i < 3; i++) {
		struct tcp_packet p = {
			.flags = SYN, .seq = 1, .client_host = 5, .server_host = 6
		};
		struct wire_lab lab;

		wire_lab_open(&lab, NULL);
		wire_lab_send(&lab, in_points[i], &p);
		wire_lab_send(&lab, in_points[i], &p);
		assert_int_equal(wire_lab_read(&lab), 0);
		p.seq = 9000;
		wire_lab_send(&lab, in_points[i], &p);
		assert_int_equal(wire_lab_read(&lab), 1);
		assert_int_equal(lab.records[0].evidence.subject, SUBJECT_FORWARDED);
		assert_int_equal(lab.records[0].decision.verdict, CLOSE_PORT_REUSE);
		assert_int_equal(wire_lab_side(&lab, &p).syn_count, 1);
		assert_int_equal(wire_lab_side(&lab, &p).isn, 9000);
		wire_lab_close(&lab);
	}
	wire_lab_set_forwarding(false);
}

TEST(a_rst_on_loopback_is_judged_on_its_way_out_alone)
{
	struct wire_lab lab;

	wire_lab_open(&lab, NULL);
	for (size_t i = 0; i < 3; i++)
		wire_lab_send_at(&lab, in_points[i], PACKET(.flags = RST), 1);
	assert_counter(&lab, RST_IN_NO_SOCKET, 0);
	assert_counter(&lab, RST_IN_FORWARDED, 0);
	wire_lab_send_at(&lab, WIRE_TC_OUT, PACKET(.flags = RST, .is_reply = true), 1);
	assert_counter(&lab, RST_OUT_SOCKET, 1);
	assert_int_equal(wire_lab_read(&lab), 0);
	wire_lab_close(&lab);
}

static size_t forwarded_send(struct wire_lab *lab, uint16_t first_port, size_t flows)
{
	struct tcp_packet p = { .flags = RST, .client_host = 5, .server_host = 6 };

	wire_lab_set_forwarding(true);
	for (size_t i = 0; i < flows; i++) {
		p.client_port = (uint16_t)(first_port + i);
		wire_lab_send(lab, WIRE_TC_IN, &p);
	}
	wire_lab_set_forwarding(false);
	return wire_lab_read(lab);
}

TEST(a_full_ring_loses_endings_and_counts_them)
{
	const struct wire_lab_options options = { .ring_bytes = 4096 };
	struct wire_lab lab;
	uint64_t lost;
	size_t read;

	wire_lab_open(&lab, &options);
	read = forwarded_send(&lab, 1000, 100);
	lost = wire_lab_counter(&lab, COUNTER_CLOSE_LOST);
	printf("# %zu of 100 endings read, %" PRIu64 " lost\n", read, lost);
	assert_in_range(read, 1, 99);
	assert_int_equal(read + lost, 100);
	assert_counter(&lab, CLOSE_REPORTED, read);
	assert_int_equal(forwarded_send(&lab, 2000, 5), read + 5);
	wire_lab_close(&lab);
}

TEST(filters_keep_endings_back_and_count_them)
{
	const struct wire_lab_options listed = { .flags = TRACER_NETNS_LISTED };
	const struct wire_lab_options port = { .flags = TRACER_FILTER_PORT, .port = 1003 };
	const uint8_t traced = NETNS_TRACED;
	struct wire_lab lab;

	wire_lab_open(&lab, &port);
	assert_int_equal(forwarded_send(&lab, 1000, 10), 1);
	assert_counter(&lab, CLOSE_FILTERED, 9);
	wire_lab_close(&lab);

	wire_lab_open(&lab, &listed);
	assert_int_equal(forwarded_send(&lab, 1000, 10), 0);
	assert_counter(&lab, CLOSE_ELSEWHERE, 10);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(lab.skeleton->maps.ct_netns),
					     &wire_lab_netns, &traced, 0),
			 0);
	assert_int_equal(forwarded_send(&lab, 2000, 10), 10);
	assert_counter(&lab, CLOSE_ELSEWHERE, 10);
	assert_counter(&lab, CLOSE_FILTERED, 0);
	wire_lab_close(&lab);
}

/* -- a RST that meets a socket of this host ---------------------------------------------------- */
struct connection {
	int listener, client, server;
	uint16_t client_port;
};

/* From host 1 to host 1, which is this host. */
static void connection_open(struct connection *c)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(FRAME_SERVER_PORT) };
	socklen_t len = sizeof(addr);
	int one = 1;

	inet_pton(AF_INET, "10.9.0.1", &addr.sin_addr);
	c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(c->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(c->listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(c->listener, 8), 0);
	c->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(c->client, (struct sockaddr *)&addr, len), 0);
	c->server = accept(c->listener, NULL, NULL);
	assert_true(c->server >= 0);
	assert_int_equal(getsockname(c->client, (struct sockaddr *)&addr, &len), 0);
	c->client_port = ntohs(addr.sin_port);
}

/* Nothing of what was pushed through the programs may have reached the stack. */
static void connection_check(const struct connection *c)
{
	char byte = 'x';

	assert_int_equal(send(c->client, &byte, 1, 0), 1);
	assert_int_equal(recv(c->server, &byte, 1, 0), 1);
}

TEST(a_rst_that_meets_a_socket_is_left_to_the_sockets_tracepoints)
{
	for (size_t i = 0; i < 3; i++) {
		struct tcp_packet p = { .flags = RST, .client_host = 1, .server_host = 1 };
		struct connection c;
		struct wire_lab lab;

		connection_open(&c);
		wire_lab_open(&lab, NULL);
		p.client_port = c.client_port;
		wire_lab_send(&lab, in_points[i], &p);
		p.is_reply = true;
		wire_lab_send(&lab, in_points[i], &p);
		assert_counter(&lab, RST_IN_SOCKET, 2);
		connection_check(&c);

		/* Nobody but the listener knows this one. */
		p.is_reply = false;
		p.client_port = 7;
		wire_lab_send(&lab, in_points[i], &p);
		assert_counter(&lab, RST_IN_NO_SOCKET, 1);

		/* The client closes first and is left in TIME_WAIT. */
		close(c.client);
		assert_int_equal(recv(c.server, &(char){ 0 }, 1, 0), 0);
		close(c.server);
		usleep(20000);
		wire_lab_forget(&lab, PACKET(.client_host = 1, .server_host = 1,
					     .client_port = c.client_port));
		p.is_reply = true;
		p.client_port = c.client_port;
		wire_lab_send(&lab, in_points[i], &p);
		assert_counter(&lab, RST_IN_TIME_WAIT, 1);
		assert_counter(&lab, RST_IN_SOCKET, 2);
		assert_int_equal(wire_lab_read(&lab), 0);
		close(c.listener);
		wire_lab_close(&lab);
	}
}

/* As with SYN cookies: the listener is all that the RST meets. */
TEST(a_client_that_takes_its_handshake_back_is_reported_for_the_server)
{
	for (size_t i = 0; i < 3; i++) {
		struct tcp_packet p = { .server_host = 1, .client_host = 5, .seq = 100 };
		const struct close_record *record;
		struct connection c;
		struct wire_lab lab;

		connection_open(&c);
		wire_lab_open(&lab, NULL);
		p.flags = SYN;
		wire_lab_send(&lab, in_points[i], &p);
		p.flags = SYN | ACK;
		p.is_reply = true;
		wire_lab_send(&lab, WIRE_TC_OUT, &p);
		p.flags = RST;
		p.is_reply = false;
		p.seq = 7777; /* not the client's next one */
		wire_lab_send(&lab, in_points[i], &p);
		assert_int_equal(wire_lab_read(&lab), 0);
		p.seq = 101;
		wire_lab_send(&lab, in_points[i], &p);
		assert_int_equal(wire_lab_read(&lab), 1);
		record = &lab.records[0];
		assert_int_equal(record->evidence.subject, SUBJECT_REQUEST);
		assert_int_not_equal(record->evidence.seen & EVIDENCE(SERVER), 0);
		assert_int_equal(record->decision.verdict, CLOSE_PEER_RESET_HANDSHAKE);
		assert_int_equal(record->decision.stage, CLOSE_STAGE_HANDSHAKE);
		wire_lab_send(&lab, in_points[i], &p);
		assert_int_equal(wire_lab_read(&lab), 1);
		close(c.client);
		close(c.server);
		close(c.listener);
		wire_lab_close(&lab);
	}
}

int main(int argc, char **argv)
{
	return wire_lab_main(__FILE__, argc, argv);
}
