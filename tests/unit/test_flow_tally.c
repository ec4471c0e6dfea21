// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/flow_tally.h"

#include "include/flow_fold.h"
#include "tests/harness/test.h"

#define HOST_A 11u
#define HOST_B 12u

/* Endpoint 0 is 10.0.0.1:45000, endpoint 1 is 10.0.0.2:80. */
static struct flow_key key_of(const char *first, uint16_t port, const char *second, uint16_t other,
			      uint32_t netns)
{
	uint8_t a[16], b[16];
	struct flow_key key;
	unsigned int part[4];
	uint32_t ipv4;

	assert_int_equal(sscanf(first, "%u.%u.%u.%u", &part[0], &part[1], &part[2], &part[3]), 4);
	ipv4 = HOST_TO_NET_32(part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3]);
	flow_addr_from_ipv4(a, ipv4);
	assert_int_equal(sscanf(second, "%u.%u.%u.%u", &part[0], &part[1], &part[2], &part[3]), 4);
	ipv4 = HOST_TO_NET_32(part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3]);
	flow_addr_from_ipv4(b, ipv4);
	flow_key_make(&key, a, HOST_TO_NET_16(port), b, HOST_TO_NET_16(other), netns);
	return key;
}

/* A place where packets are seen: what the programs do with one, without maps. */
struct place {
	struct flow_key key;
	struct flow_state flow;
	struct tally_origin *origin; /* shared by the places of one host */
	uint64_t counts[TALLY_COUNT];
};

static void see(struct place *place, int sender, uint8_t flags, uint32_t seq, uint8_t met)
{
	struct packet_view view = { .flags = flags, .seq = seq, .ttl = 64 };
	struct flow_sight sight = { 1, 2, WIRE_HOOK_TC_OUT, RST_ORIGIN_RECEIVED };
	struct tally_packet packet = { seq, flags, sender, sender, met };
	uint32_t bits = 0;

	if (!flow_fold(&place->flow, sender, &view, &sight))
		return;
	if (!(place->flow.tally & (FLOW_TALLY_HERE | FLOW_TALLY_ELSEWHERE)))
		bits = flow_tally_begin(&place->flow, &place->key, &packet, place->origin);
	bits |= flow_tally_packet(&place->flow, &packet);
	if (!(place->flow.tally & FLOW_TALLY_HERE))
		return;
	for (int i = 0; i < TALLY_COUNT; i++)
		place->counts[i] += bits >> i & 1;
}

static void ready(struct place *place)
{
	if (place->flow.tally & FLOW_TALLY_HERE)
		place->counts[TALLY_CT] += flow_tally_handshake(&place->flow) != 0;
}

#define SYN TCP_FLAG_SYN
#define ACK TCP_FLAG_ACK
#define FIN TCP_FLAG_FIN
#define RST TCP_FLAG_RST

/* Compares all counts: what is not named must be 0. */
#define assert_counts(place, ...)                                                                  \
	do {                                                                                       \
		const uint64_t wanted_[TALLY_COUNT] = { __VA_ARGS__ };                             \
		for (int i_ = 0; i_ < TALLY_COUNT; i_++)                                           \
			if ((place)->counts[i_] != wanted_[i_])                                    \
				fail_msg("count %d is %llu, not %llu", i_,                         \
					 (unsigned long long)(place)->counts[i_],                  \
					 (unsigned long long)wanted_[i_]);                         \
	} while (0)

static struct place place_at(struct tally_origin *origin, uint32_t netns)
{
	struct place place = { .origin = origin };

	place.key = key_of("10.0.0.1", 45000, "10.0.0.2", 80, netns);
	return place;
}

TEST(from_syn_to_fin)
{
	struct tally_origin origin = {};
	struct place p = place_at(&origin, HOST_A);

	see(&p, 0, SYN, 100, 0);
	see(&p, 1, SYN | ACK, 500, 0);
	ready(&p);
	ready(&p); /* the other end's socket */
	see(&p, 0, FIN | ACK, 101, 0);
	see(&p, 1, FIN | ACK, 501, 0);
	see(&p, 1, FIN | ACK, 501, 0); /* again: a packet more, no close more */
	assert_counts(
		&p, [TALLY_SYN_CLT] = 1, [TALLY_SYN_SRV] = 1, [TALLY_FIN_CLT] = 1,
		[TALLY_FIN_SRV] = 2, [TALLY_CT] = 1, [TALLY_OPENED] = 1, [TALLY_CLOSED_FIN] = 1);
}

TEST(a_fin_proves_the_handshake_that_was_not_shown)
{
	struct tally_origin origin[2] = {};
	struct place p = place_at(&origin[0], HOST_A);

	see(&p, 0, SYN, 100, 0);
	see(&p, 1, SYN | ACK, 500, 0);
	see(&p, 0, FIN | ACK, 101, 0);
	see(&p, 0, RST, 102, 0);
	ready(&p); /* late */
	assert_counts(&p, [TALLY_SYN_CLT] = 1, [TALLY_SYN_SRV] = 1, [TALLY_FIN_CLT] = 1,
		      [TALLY_RST_CLT] = 1, [TALLY_CT] = 1, [TALLY_OPENED] = 1,
		      [TALLY_CLOSED_FIN_RST] = 1, [TALLY_RST_OWN_FIN] = 1);

	p = place_at(&origin[1], HOST_A);
	see(&p, 0, SYN, 100, 0);
	see(&p, 0, FIN, 101, 0); /* to nobody */
	assert_counts(&p, [TALLY_SYN_CLT] = 1, [TALLY_FIN_CLT] = 1, [TALLY_OPENED] = 1);
}

TEST(refused_is_a_reset_without_connection)
{
	struct tally_origin origin = {};
	struct place p = place_at(&origin, HOST_A);

	see(&p, 0, SYN, 100, 0);
	see(&p, 1, RST | ACK, 0, 0);
	assert_counts(&p, [TALLY_SYN_CLT] = 1, [TALLY_RST_SRV] = 1, [TALLY_OPENED] = 1,
		      [TALLY_RST_NO_CT] = 1);
}

TEST(a_new_connection_on_the_tuple_counts_again)
{
	struct tally_origin origin = {};
	struct place p = place_at(&origin, HOST_A);

	for (uint32_t i = 0; i < 3; i++) {
		see(&p, 0, SYN, 100 + i, 0);
		see(&p, 0, SYN, 100 + i, 0); /* sent again */
		see(&p, 1, RST | ACK, 0, 0);
	}
	assert_counts(&p, [TALLY_SYN_CLT] = 6, [TALLY_RST_SRV] = 3, [TALLY_OPENED] = 3,
		      [TALLY_RST_NO_CT] = 3);
}

TEST(the_ways_to_close_by_reset)
{
	struct tally_origin origin[3] = {};
	struct place rst = place_at(&origin[0], HOST_A), own = place_at(&origin[1], HOST_A),
		     other = place_at(&origin[2], HOST_A);

	see(&rst, 0, SYN, 1, 0);
	ready(&rst);
	see(&rst, 1, RST, 2, 0);
	see(&rst, 1, RST, 3, 0);
	assert_counts(&rst, [TALLY_SYN_CLT] = 1, [TALLY_CT] = 1, [TALLY_RST_SRV] = 2,
		      [TALLY_OPENED] = 1, [TALLY_CLOSED_RST] = 1);

	see(&own, 0, SYN, 1, 0);
	ready(&own);
	see(&own, 0, FIN | ACK, 2, 0);
	see(&own, 0, RST, 3, 0);
	see(&own, 0, RST, 3, 0);
	assert_counts(
		&own, [TALLY_SYN_CLT] = 1, [TALLY_CT] = 1, [TALLY_FIN_CLT] = 1, [TALLY_RST_CLT] = 2,
		[TALLY_OPENED] = 1, [TALLY_CLOSED_FIN_RST] = 1, [TALLY_RST_OWN_FIN] = 1);

	see(&other, 0, SYN, 1, 0);
	ready(&other);
	see(&other, 0, FIN | ACK, 2, 0);
	see(&other, 1, RST, 3, 0);
	assert_counts(&other, [TALLY_SYN_CLT] = 1, [TALLY_CT] = 1, [TALLY_FIN_CLT] = 1,
		      [TALLY_RST_SRV] = 1, [TALLY_OPENED] = 1, [TALLY_CLOSED_FIN_RST] = 1);
}

TEST(every_flag_counts_in_packets_that_nobody_should_send)
{
	struct tally_origin origin = {};
	struct place p = place_at(&origin, HOST_A);

	see(&p, 0, SYN, 1, 0);
	see(&p, 0, FIN | RST | ACK, 2, 0);
	assert_counts(&p, [TALLY_SYN_CLT] = 1, [TALLY_OPENED] = 1, [TALLY_FIN_CLT] = 1,
		      [TALLY_RST_CLT] = 1, [TALLY_RST_NO_CT] = 1);
}

TEST(two_namespaces_of_a_host_count_once)
{
	struct tally_origin origin = {};
	struct place client = place_at(&origin, HOST_A), server = place_at(&origin, HOST_B);

	for (uint32_t i = 0; i < 2; i++) {
		see(&client, 0, SYN, 100 + i, 0);
		see(&server, 0, SYN, 100 + i, 0);
		see(&server, 1, SYN | ACK, 500 + i, 0);
		see(&client, 1, SYN | ACK, 500 + i, 0);
		ready(&client);
		ready(&server);
		see(&server, 1, RST, 501 + i, 0);
		see(&client, 1, RST, 501 + i, 0);
	}
	assert_counts(&client, [TALLY_SYN_CLT] = 2, [TALLY_SYN_SRV] = 2, [TALLY_CT] = 2,
		      [TALLY_RST_SRV] = 2, [TALLY_OPENED] = 2, [TALLY_CLOSED_RST] = 2);
	assert_counts(&server, 0);
}

TEST(two_networks_with_equal_addresses_count_apart)
{
	struct tally_origin origin = {};
	struct place a = place_at(&origin, HOST_A), b = place_at(&origin, HOST_B);

	see(&a, 0, SYN, 100, 0);
	see(&b, 0, SYN, 777, 0);
	assert_counts(&a, [TALLY_SYN_CLT] = 1, [TALLY_OPENED] = 1);
	assert_counts(&b, [TALLY_SYN_CLT] = 1, [TALLY_OPENED] = 1);
}

TEST(a_forgotten_flow_goes_on_where_it_was)
{
	struct tally_origin origin = {};
	struct place client = place_at(&origin, HOST_A), server = place_at(&origin, HOST_B);

	see(&client, 0, SYN, 100, 0);
	see(&server, 0, SYN, 100, 0);
	memset(&client.flow, 0, sizeof(client.flow));
	memset(&server.flow, 0, sizeof(server.flow));
	see(&server, 1, RST | ACK, 0, 0);
	see(&client, 1, RST | ACK, 0, 0);
	assert_counts(&client, [TALLY_SYN_CLT] = 1, [TALLY_OPENED] = 1, [TALLY_RST_SRV] = 1,
		      [TALLY_RST_NO_CT] = 1);
	assert_counts(&server, 0);
}

TEST(who_is_the_client_without_a_syn)
{
	struct tally_origin guess = {}, listens = {}, answered = {};
	struct place p = place_at(&guess, HOST_A);

	see(&p, 0, FIN | ACK, 5, 0);
	assert_counts(&p, [TALLY_FIN_CLT] = 1, [TALLY_FOUND] = 1, [TALLY_GUESSED] = 1);

	/* The sender is here and listens: then the low port is the client's. */
	p = place_at(&listens, HOST_A);
	see(&p, 0, FIN | ACK, 5, TALLY_MET_LISTENER | TALLY_MET_CONNECTION);
	assert_counts(&p, [TALLY_FIN_SRV] = 1, [TALLY_FOUND] = 1);

	p = place_at(&answered, HOST_A);
	see(&p, 0, SYN | ACK, 5, 0);
	assert_counts(&p, [TALLY_SYN_SRV] = 1, [TALLY_FOUND] = 1);
}

TEST(a_guess_ends_with_the_syn)
{
	struct tally_origin origin = {};
	struct place p = place_at(&origin, HOST_A);

	see(&p, 0, FIN | ACK, 5, 0);
	see(&p, 1, SYN, 9, 0); /* port 80 calls */
	assert_counts(&p, [TALLY_FIN_CLT] = 1, [TALLY_FOUND] = 1, [TALLY_GUESSED] = 1,
		      [TALLY_SYN_CLT] = 1);
}

TEST(an_old_connection_and_a_stray)
{
	struct tally_origin old = {}, stray = {}, late = {};
	struct place p = place_at(&old, HOST_A);

	see(&p, 1, RST, 5, TALLY_MET_CONNECTION | TALLY_MET_LISTENER);
	assert_counts(&p, [TALLY_RST_SRV] = 1, [TALLY_FOUND] = 1, [TALLY_CLOSED_RST] = 1);

	p = place_at(&stray, HOST_A);
	see(&p, 1, RST, 5, TALLY_MET_LISTENER);
	assert_counts(&p, [TALLY_RST_SRV] = 1, [TALLY_FOUND] = 1, [TALLY_RST_NO_CT] = 1);

	/* Its close was counted before its flow was forgotten. */
	p = place_at(&late, HOST_A);
	see(&p, 1, RST, 5, TALLY_MET_LISTENER | TALLY_MET_ENDED);
	assert_counts(&p, [TALLY_RST_SRV] = 1);
}

TEST(loopback_crosses_no_namespace)
{
	struct flow_key key = key_of("127.0.0.1", 45000, "127.0.0.1", 80, HOST_A);

	tally_origin_key(&key);
	assert_int_equal(key.netns, HOST_A);
	key = key_of("10.0.0.1", 45000, "10.0.0.2", 80, HOST_A);
	tally_origin_key(&key);
	assert_int_equal(key.netns, 0);
	memset(key.addr, 0, sizeof(key.addr));
	key.addr[0][15] = key.addr[1][15] = 1;
	key.netns = HOST_A;
	tally_origin_key(&key);
	assert_int_equal(key.netns, HOST_A);
}

TEST(the_conversation_of_a_flow)
{
	struct tally_origin origin = {};
	struct place p = place_at(&origin, HOST_A);
	struct tally_key tally;

	see(&p, 1, SYN, 5, 0); /* from 10.0.0.2:80 to 10.0.0.1:45000 */
	memset(&tally, 0xff, sizeof(tally));
	tally_key_fill(&tally, &p.key, &p.flow);
	assert_memory_equal(tally.client, p.key.addr[1], 16);
	assert_memory_equal(tally.server, p.key.addr[0], 16);
	assert_int_equal(NET_TO_HOST_16(tally.server_port), 45000);
	assert_int_equal(tally.netns, HOST_A);
	assert_int_equal(tally.ifindex, 2);
	for (size_t i = 0; i < sizeof(tally.reserved); i++)
		assert_int_equal(tally.reserved[i], 0);
}

TEST(endings_that_no_packet_tells)
{
	assert_int_equal(tally_bits_of_verdict(CLOSE_HALF_CLOSE_TIMEOUT), TALLY_BIT(HALF_CLOSED));
	assert_int_equal(tally_bits_of_verdict(CLOSE_TIMEOUT_DATA), TALLY_BIT(TIMED_OUT));
	assert_int_equal(tally_bits_of_verdict(CLOSE_TIMEOUT_HANDSHAKE), TALLY_BIT(TIMED_OUT));
	assert_int_equal(tally_bits_of_verdict(CLOSE_PEER_RESET), 0);
	assert_int_equal(tally_bits_of_verdict(CLOSE_FIN_NORMAL), 0);
}

TEST_MAIN()
