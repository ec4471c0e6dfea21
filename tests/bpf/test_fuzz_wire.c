// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Damaged packets through the real programs: every one goes on, and every flow in the map is,
 * byte for byte, what folding the same packets natively gives.
 */
#include <search.h>
#include <time.h>

#include "tests/bpf/wire_lab.h"
#include "user/base/parse_number.h"

/* FUZZ_PACKETS and FUZZ_SEED of the environment: other packets, and more of them. */
#define PACKETS 100000

struct model_flow {
	struct flow_key key;
	struct flow_state state;
};

/* The native side: what each flow should be. */
struct model {
	void *flows; /* tsearch(3) of struct model_flow */
	uint64_t inserted, syns, kinds[4];
};

static int model_flow_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct flow_key));
}

static struct model_flow *model_find(const struct model *model, const struct flow_key *key)
{
	struct model_flow **found = tfind(key, &model->flows, model_flow_compare);

	return found ? *found : NULL;
}

static struct model_flow *model_find_or_create(struct model *model, const struct flow_key *key)
{
	struct model_flow *flow = model_find(model, key);

	if (flow)
		return flow;
	flow = calloc(1, sizeof(*flow));
	assert_non_null(flow);
	flow->key = *key;
	assert_non_null(tsearch(flow, &model->flows, model_flow_compare));
	model->inserted++;
	return flow;
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * Do natively what the program has just done. The time that it saw is taken from the map, and
 * must lie between `before_ns` and now.
 *
 * @return  The flow that the packet belongs to, or NULL when it should not have one.
 */
static struct model_flow *model_fold(struct model *model, const struct wire_lab *lab,
				     enum wire_point point, const uint8_t *bytes, size_t len,
				     int ifindex, uint64_t before_ns)
{
	const struct wire_point_info *info = &wire_points[point];
	struct packet_view view = { 0 };
	struct flow_sight sight = { 0 };
	struct flow_state now_in_map;
	struct model_flow *flow;
	struct flow_key key;
	int kind, sender;

	kind = info->is_l3 ? packet_view_parse_ip(bytes, bytes + len, 0, &view) :
			     packet_view_parse(bytes, bytes + len, &view);
	model->kinds[kind]++;
	if (kind < PACKET_TCP_CONTROL || (info->is_out && kind == PACKET_ICMP_ERROR))
		return NULL;
	sender = flow_key_make(&key, view.source_addr, view.source_port, view.dest_addr,
			       view.dest_port, wire_lab_netns);
	flow = kind == PACKET_ICMP_ERROR ? model_find(model, &key) :
					   model_find_or_create(model, &key);
	if (!flow)
		return NULL;
	if (bpf_map_lookup_elem(wire_lab_flows_fd(lab), &key, &now_in_map))
		fail_msg("the flow of a packet is not in the map");
	sight.now_ns = now_in_map.last_ns;
	if (now_in_map.last_ns != flow->state.last_ns)
		assert_in_range(now_in_map.last_ns, before_ns, monotonic_ns());
	if (kind == PACKET_ICMP_ERROR) {
		flow_fold_icmp(&flow->state, sender, &view, sight.now_ns);
		return flow;
	}
	sight.ifindex = (uint32_t)ifindex;
	sight.hook = info->hook;
	if (!info->is_out)
		sight.rst_origin = RST_ORIGIN_RECEIVED;
	else if (view.flags & TCP_FLAG_RST) /* a test run's packet belongs to a full socket */
		sight.rst_origin = RST_ORIGIN_SOCKET;
	if (flow_fold(&flow->state, sender, &view, &sight) & FLOW_FOLD_SYN)
		model->syns++;
	return flow;
}

/* What the programs note of records that they made of a flow: no part of the fold. */
#define MARKS_OF_RECORDS (FLOW_SIDE_REPORTED | FLOW_SIDE_WATCHED)

static void flow_check(const struct wire_lab *lab, struct model_flow *flow, const char *when,
		       const uint8_t *bytes, size_t len)
{
	struct flow_state in_map = {};
	bool is_found = !bpf_map_lookup_elem(wire_lab_flows_fd(lab), &flow->key, &in_map);

	for (int i = 0; i < 2; i++)
		flow->state.side[i].marks = (flow->state.side[i].marks & ~MARKS_OF_RECORDS) |
					    (in_map.side[i].marks & MARKS_OF_RECORDS);
	if (is_found && !memcmp(&in_map, &flow->state, sizeof(in_map)))
		return;
	printf("# the packet:");
	for (size_t i = 0; i < len; i++)
		printf("%s%02x", i % 8 ? "" : " ", bytes[i]);
	printf("\n");
	for (size_t i = 0; i < sizeof(in_map); i++)
		if (((uint8_t *)&in_map)[i] != ((const uint8_t *)&flow->state)[i])
			printf("# byte %zu of the flow: kernel %02x, native %02x\n", i,
			       ((uint8_t *)&in_map)[i], ((const uint8_t *)&flow->state)[i]);
	fail_msg("kernel and native fold differ, %s", when);
}

/* Nothing but the model's flows may be in the map, and no packet may have changed another's. */
static void map_check(const struct wire_lab *lab, struct model *model)
{
	struct flow_key key, next;
	bool more = !bpf_map_get_next_key(wire_lab_flows_fd(lab), NULL, &next);
	uint64_t count = 0;

	for (; more; count++) {
		struct model_flow *flow = model_find(model, &next);

		if (!flow)
			fail_msg("a flow in the map that no packet belongs to");
		flow_check(lab, flow, "at the end", NULL, 0);
		key = next;
		more = !bpf_map_get_next_key(wire_lab_flows_fd(lab), &key, &next);
	}
	assert_int_equal(count, model->inserted);
	assert_counter(lab, FLOWS_INSERTED, model->inserted);
	assert_counter(lab, SYN_COUNTED, model->syns);
	assert_counter(lab, FLOW_INSERT_FAILED, 0);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);
	uint64_t number;

	if (!value)
		return otherwise;
	if (parse_u64(value, 100000000, &number) || !number)
		fail_msg("%s takes a number from 1 to 100,000,000", name);
	return number;
}

static void fuzz(enum wire_point point, uint64_t seed)
{
	uint64_t packets = setting("FUZZ_PACKETS", PACKETS);
	/* None may be pushed out: one packet in twenty begins one. */
	const struct wire_lab_options options = { .max_flows = (uint32_t)(262144 + packets / 4) };
	struct random_stream random = { seed += setting("FUZZ_SEED", 0x10000) - 0x10000 };
	struct model model = { 0 };
	struct wire_lab lab;
	uint64_t refused = 0, ran = 0;

	wire_lab_open(&lab, &options);
	while (ran < packets) {
		int ifindex = wire_lab_ifindex[random_one_in(&random, 4)];
		struct model_flow *flow;
		uint64_t before_ns = monotonic_ns();
		struct frame f;
		size_t skip;

		frame_make_random(&random, &f);
		skip = wire_points[point].is_l3 ? 14 : 0;
		if (f.len < skip + 14 ||
		    !wire_lab_send_bytes(&lab, point, f.bytes + skip, f.len - skip, ifindex)) {
			refused++;
			continue;
		}
		ran++;
		flow = model_fold(&model, &lab, point, f.bytes + skip, f.len - skip, ifindex,
				  before_ns);
		if (flow)
			flow_check(&lab, flow, "after its packet", f.bytes + skip, f.len - skip);
	}
	printf("# %s: seed %" PRIu64 ", %" PRIu64 " packets, %" PRIu64
	       " too short for a test run; ignored %" PRIu64 ", data %" PRIu64 ", control %" PRIu64
	       ", ICMP %" PRIu64 "; %" PRIu64 " flows\n",
	       wire_points[point].name, seed, ran, refused, model.kinds[0], model.kinds[1],
	       model.kinds[2], model.kinds[3], model.inserted);
	assert_true(model.kinds[PACKET_TCP_CONTROL] > packets / 4);
	assert_true(model.kinds[PACKET_ICMP_ERROR] > packets / 100);
	map_check(&lab, &model);
	/* Both FINs of a flow that came in at both ends: a forwarded connection, told or not. */
	wire_lab_read(&lab);
	tdestroy(model.flows, free);
	wire_lab_close(&lab);
}

TEST(damaged_packets_through_ct_xdp_in)
{
	fuzz(WIRE_XDP_IN, 31);
}

TEST(damaged_packets_through_ct_tc_in)
{
	fuzz(WIRE_TC_IN, 32);
}

TEST(damaged_packets_through_ct_tc_out)
{
	fuzz(WIRE_TC_OUT, 33);
}

TEST(damaged_packets_through_ct_tc_in_l3)
{
	fuzz(WIRE_TC_IN_L3, 34);
}

TEST(damaged_packets_through_ct_tc_out_l3)
{
	fuzz(WIRE_TC_OUT_L3, 35);
}

int main(int argc, char **argv)
{
	return wire_lab_main(__FILE__, argc, argv);
}
