// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Waits that run out: told once each, by the way of all endings, and never lost. */
#include "include/flow_tally.h"
#include "tests/bpf/wire_lab.h"
#include "user/base/clock.h"
#include "user/kernel/program_run.h"

#define FLOOD 3000

struct waiting {
	uint8_t subject;
	uint8_t tally; /* of the flow */
	bool has_flow;
	int64_t due_in_ns;
};

/* No tuple twice. */
static void waiting_key(size_t number, struct flow_key *key)
{
	const struct tcp_packet p = {
		.client_host = (uint8_t)(50 + number / 200),
		.client_port = (uint16_t)(30001 + number),
		.server_host = 6,
		.server_port = 80,
	};

	tcp_packet_key(&p, wire_lab_netns, key);
}

static int local_side_of(const struct flow_key *key)
{
	return key->port[0] == HOST_TO_NET_16(80) ? 0 : 1;
}

static void waiting_make(const struct wire_lab *lab, size_t number, const struct waiting *w)
{
	struct watched_close watched = { 0 };
	struct close_record *record = &watched.record;
	struct flow_state flow = { .tally = w->tally };

	waiting_key(number, &record->key);
	record->local_side = (uint8_t)local_side_of(&record->key);
	record->head = (struct record_head){
		.abi_version = RECORD_ABI_VERSION,
		.type = RECORD_CLOSE,
		.size = sizeof(*record),
	};
	record->idle_jiffies = IDLE_UNKNOWN;
	record->evidence.subject = w->subject;
	record->evidence.ip_version = 4;
	record->evidence.seen = EVIDENCE(SERVER);
	if (w->subject == SUBJECT_SOCKET) {
		record->evidence.state = TCP_STATE_FIN_WAIT2;
		record->evidence.seen |= EVIDENCE(ESTABLISHED) | EVIDENCE(WIRE_HOOKED);
		flow.side[record->local_side].fin_count = 1;
		flow.side[record->local_side].home_hook = WIRE_HOOK_TC_OUT;
	} else {
		record->evidence.seen |= EVIDENCE(SYN_ACK_RETRIED);
	}
	watched.deadline_ns = clock_monotonic_ns() + (uint64_t)w->due_in_ns;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(lab->skeleton->maps.ct_watch),
					     &record->key, &watched, BPF_NOEXIST),
			 0);
	flow.side[record->local_side].marks = FLOW_SIDE_WATCHED;
	flow.side[record->local_side ^ 1].home_hook = WIRE_HOOK_TC_IN;
	if (w->has_flow)
		assert_int_equal(bpf_map_update_elem(wire_lab_flows_fd(lab), &record->key, &flow,
						     BPF_NOEXIST),
				 0);
}

static size_t waiting_count(const struct wire_lab *lab)
{
	int map = bpf_map__fd(lab->skeleton->maps.ct_watch);
	struct flow_key key, next;
	size_t count = 0;
	bool more = !bpf_map_get_next_key(map, NULL, &next);

	for (; more; count++) {
		key = next;
		more = !bpf_map_get_next_key(map, &key, &next);
	}
	return count;
}

/* As the product does. Returns how many runs it took. */
static int expire(struct wire_lab *lab)
{
	int runs = 1;

	while (program_run(bpf_program__fd(lab->skeleton->progs.ct_watch_expire))) {
		wire_lab_read(lab);
		assert_true(++runs < 1000);
	}
	wire_lab_read(lab);
	return runs;
}

static void storms_flush(struct wire_lab *lab)
{
	while (program_run(bpf_program__fd(lab->skeleton->progs.ct_storm_flush)))
		wire_lab_read(lab);
	wire_lab_read(lab);
}

static uint64_t tally_of(const struct wire_lab *lab, enum tally_count id)
{
	int map = bpf_map__fd(lab->skeleton->maps.ct_tally);
	int rest = bpf_map__fd(lab->skeleton->maps.ct_tally_rest);
	struct tally_counts counts;
	struct tally_key key;
	uint64_t sum = 0;
	uint32_t zero = 0;

	if (!bpf_map_get_next_key(map, NULL, &key) && !bpf_map_lookup_elem(map, &key, &counts))
		sum += counts.counts[id];
	assert_int_equal(bpf_map_lookup_elem(rest, &zero, &counts), 0);
	return sum + counts.counts[id];
}

TEST(a_flood_of_handshakes_that_nobody_completes_is_grouped_and_counted_exactly)
{
	const struct wire_lab_options options = { .storm_rate = 10 };
	const struct waiting over = { .subject = SUBJECT_REQUEST, .has_flow = true };
	const struct waiting later = { .subject = SUBJECT_REQUEST, .due_in_ns = 3600000000000 };
	struct wire_lab lab;

	wire_lab_open(&lab, &options);
	for (size_t i = 0; i < FLOOD; i++)
		waiting_make(&lab, i, &over);
	for (size_t i = FLOOD; i < FLOOD + 10; i++)
		waiting_make(&lab, i, &later);
	printf("# %d runs\n", expire(&lab));
	storms_flush(&lab);
	printf("# %zu records, %zu of storms for %" PRIu64 " endings\n", lab.record_count,
	       lab.storm_count, lab.repeated);
	assert_in_range(lab.record_count, 1, 200);
	assert_in_range(lab.storm_count, 1, 20);
	assert_int_equal(lab.record_count + lab.repeated, FLOOD);
	assert_int_equal(lab.records[0].decision.verdict, CLOSE_TIMEOUT_HANDSHAKE);
	assert_counter(&lab, CLOSE_LOST, 0);
	/* What is not over waits on, and no flow keeps a mark. */
	assert_int_equal(waiting_count(&lab), 10);
	assert_int_equal(wire_lab_flow_count(&lab), 0);
	/* Told once. */
	assert_int_equal(expire(&lab), 1);
	storms_flush(&lab);
	assert_int_equal(lab.record_count + lab.repeated, FLOOD);
	wire_lab_close(&lab);
}

TEST(a_ring_without_room_loses_none)
{
	const struct wire_lab_options options = { .ring_bytes = 4096 };
	const struct waiting over = { .subject = SUBJECT_REQUEST };
	struct wire_lab lab;

	wire_lab_open(&lab, &options);
	for (size_t i = 0; i < FLOOD; i++)
		waiting_make(&lab, i, &over);
	/* Nobody reads: it stops, and leaves the rest. */
	for (int i = 0; i < 3; i++)
		assert_true(program_run(bpf_program__fd(lab.skeleton->progs.ct_watch_expire)));
	assert_in_range(waiting_count(&lab), FLOOD - 20, FLOOD - 1);
	printf("# %d runs\n", expire(&lab));
	assert_counter(&lab, CLOSE_REPORTED, FLOOD);
	assert_counter(&lab, CLOSE_LOST, 0);
	assert_int_equal(waiting_count(&lab), 0);
	wire_lab_close(&lab);
}

TEST(a_fin_that_never_came_is_a_half_close_timeout_and_leaves_no_mark)
{
	const struct waiting over = { .subject = SUBJECT_SOCKET, .has_flow = true };
	struct flow_state flow = { 0 };
	struct flow_key key;
	struct wire_lab lab;
	int local;

	wire_lab_open(&lab, NULL);
	waiting_make(&lab, 0, &over);
	waiting_make(&lab, 1, &over);
	/* The second one's peer is here, too, and has not told its ending. */
	waiting_key(1, &key);
	local = local_side_of(&key);
	assert_int_equal(bpf_map_lookup_elem(wire_lab_flows_fd(&lab), &key, &flow), 0);
	flow.side[local ^ 1].home_hook = WIRE_HOOK_TC_OUT;
	assert_int_equal(bpf_map_update_elem(wire_lab_flows_fd(&lab), &key, &flow, BPF_EXIST), 0);
	expire(&lab);
	assert_int_equal(lab.record_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(lab.records[i].decision.verdict, CLOSE_HALF_CLOSE_TIMEOUT);
		assert_int_equal(lab.records[i].decision.cause, CLOSE_CAUSE_FIN_WAIT2_EXPIRED);
		assert_true(lab.records[i].evidence.seen & EVIDENCE(FIN_OUT));
	}
	assert_int_equal(wire_lab_flow_count(&lab), 1);
	assert_int_equal(bpf_map_lookup_elem(wire_lab_flows_fd(&lab), &key, &flow), 0);
	assert_int_equal(flow.side[local].marks & (FLOW_SIDE_WATCHED | FLOW_SIDE_REPORTED),
			 FLOW_SIDE_REPORTED);
	wire_lab_close(&lab);
}

TEST(a_connection_is_counted_once_and_where_it_is_counted)
{
	const struct wire_lab_options options = { .flags = TRACER_TALLY };
	const struct waiting handshake = { .subject = SUBJECT_REQUEST,
					   .has_flow = true,
					   .tally = FLOW_TALLY_HERE | FLOW_TALLY_BY_SYN };
	const struct waiting half = { .subject = SUBJECT_SOCKET,
				      .has_flow = true,
				      .tally = FLOW_TALLY_HERE | FLOW_TALLY_BY_SYN };
	const struct waiting elsewhere = { .subject = SUBJECT_SOCKET,
					   .has_flow = true,
					   .tally = FLOW_TALLY_ELSEWHERE | FLOW_TALLY_BY_SYN };
	const struct waiting counted = { .subject = SUBJECT_SOCKET,
					 .has_flow = true,
					 .tally = FLOW_TALLY_HERE | FLOW_TALLY_BY_SYN |
						  FLOW_TALLY_CLOSED };
	struct wire_lab lab;

	wire_lab_open(&lab, &options);
	waiting_make(&lab, 0, &handshake);
	waiting_make(&lab, 1, &handshake);
	waiting_make(&lab, 2, &half);
	waiting_make(&lab, 3, &elsewhere);
	waiting_make(&lab, 4, &counted);
	expire(&lab);
	assert_int_equal(lab.record_count, 5);
	assert_int_equal(tally_of(&lab, TALLY_TIMED_OUT), 2);
	assert_int_equal(tally_of(&lab, TALLY_HALF_CLOSED), 1);
	wire_lab_close(&lab);
}

int main(int argc, char **argv)
{
	return wire_lab_main(__FILE__, argc, argv);
}
