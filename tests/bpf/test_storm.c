// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Storms in the loaded programs: whatever is too small, every ending is somewhere, exactly. */
#include "tests/bpf/wire_lab.h"
#include "user/kernel/program_run.h"

#define RST 0x04

/* One RST each of connections that pass through, to port 80 of the server or a port of its own. */
static void endings_send_unread(struct wire_lab *lab, uint8_t server, size_t count, bool own_ports)
{
	static size_t number; /* no tuple twice */
	struct tcp_packet p = { .flags = RST, .server_host = server };

	wire_lab_set_forwarding(true);
	for (size_t i = 0; i < count; i++, number++) {
		p.client_host = (uint8_t)(50 + number / 30000);
		p.client_port = (uint16_t)(30001 + number % 30000);
		p.server_port = (uint16_t)(own_ports ? 1 + i % 30000 : 80);
		wire_lab_send(lab, WIRE_TC_IN, &p);
	}
	wire_lab_set_forwarding(false);
}

static void endings_send(struct wire_lab *lab, size_t count, bool own_ports)
{
	for (; count >= 50; count -= 50) {
		endings_send_unread(lab, 6, 50, own_ports);
		wire_lab_read(lab);
	}
}

static void flush(struct wire_lab *lab)
{
	int program = bpf_program__fd(lab->skeleton->progs.ct_storm_flush);

	while (program_run(program))
		wire_lab_read(lab);
	wire_lab_read(lab);
}

static void assert_all_counted(const struct wire_lab *lab, uint64_t sent)
{
	assert_int_equal(wire_lab_counter(lab, COUNTER_CLOSE_REPORTED) +
				 wire_lab_counter(lab, COUNTER_CLOSE_GROUPED) +
				 wire_lab_counter(lab, COUNTER_CLOSE_LOST),
			 sent);
}

TEST(the_first_of_a_group_are_sent_and_the_others_told_by_one_record)
{
	const struct wire_lab_options options = { .storm_rate = 1 };
	struct wire_lab lab;

	wire_lab_open(&lab, &options);
	endings_send(&lab, 1000, false);
	assert_in_range(lab.record_count, 1, 10);
	assert_int_equal(lab.storm_count, 0);
	flush(&lab);
	assert_int_equal(lab.storm_count, 1);
	assert_int_equal(lab.record_count + lab.repeated, 1000);
	assert_int_equal(lab.storm_opened, lab.repeated);
	assert_int_equal(lab.storm_resets, lab.repeated); /* each has one */
	assert_all_counted(&lab, 1000);
	/* Told once. */
	flush(&lab);
	assert_int_equal(lab.storm_count, 1);
	wire_lab_close(&lab);
}

TEST(a_port_of_its_own_for_each_makes_no_more_than_a_few_groups)
{
	const struct wire_lab_options options = { .storm_rate = 1 };
	struct wire_lab lab;

	wire_lab_open(&lab, &options);
	endings_send(&lab, 10000, true);
	flush(&lab);
	printf("# %zu records, %zu of storms for %" PRIu64 " endings\n", lab.record_count,
	       lab.storm_count, lab.repeated);
	assert_in_range(lab.record_count, 4, 400);
	assert_in_range(lab.storm_count, 1, 50);
	assert_int_equal(wire_lab_counter(&lab, COUNTER_CLOSE_GROUPED), lab.repeated);
	assert_int_equal(lab.storm_opened, lab.repeated);
	assert_int_equal(lab.storm_resets, lab.repeated);
	assert_all_counted(&lab, 10000);
	wire_lab_close(&lab);
}

TEST(groups_that_make_room_take_their_count_with_them_but_not_out_of_the_total)
{
	const struct wire_lab_options options = { .storm_rate = 1000, .storm_groups = 2 };
	struct wire_lab lab;
	uint64_t grouped;

	wire_lab_open(&lab, &options);
	for (int round = 0; round < 20; round++) {
		endings_send(&lab, 3000, false);
		endings_send(&lab, 500, true);
	}
	flush(&lab);
	grouped = wire_lab_counter(&lab, COUNTER_CLOSE_GROUPED);
	printf("# %" PRIu64 " grouped, %" PRIu64 " of them in records\n", grouped, lab.repeated);
	assert_true(grouped > lab.repeated);
	assert_all_counted(&lab, 70000);
	wire_lab_close(&lab);
}

TEST(a_ring_without_room_leaves_the_count_where_it_is)
{
	const struct wire_lab_options options = { .storm_rate = 10, .ring_bytes = 4096 };
	int program;
	struct wire_lab lab;

	wire_lab_open(&lab, &options);
	program = bpf_program__fd(lab.skeleton->progs.ct_storm_flush);
	endings_send(&lab, 1000, true);
	for (int i = 0; i < 3; i++)
		endings_send(&lab, 100, false);
	/* Fill the ring: none of these is read. */
	for (uint8_t server = 10; server < 20; server++)
		endings_send_unread(&lab, server, 100, false);
	assert_true(program_run(program));
	flush(&lab);
	assert_int_equal(wire_lab_counter(&lab, COUNTER_CLOSE_GROUPED), lab.repeated);
	assert_all_counted(&lab, 1000 + 300 + 1000);
	wire_lab_close(&lab);
}

int main(int argc, char **argv)
{
	return wire_lab_main(__FILE__, argc, argv);
}
