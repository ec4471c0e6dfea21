/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The real programs, attached to nothing, in a network namespace of this process: packets
 * are pushed through them by BPF_PROG_TEST_RUN, then maps and records are looked at.
 */
#ifndef TESTS_BPF_WIRE_LAB_H
#define TESTS_BPF_WIRE_LAB_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/counters.h"
#include "include/flow_evidence.h"
#include "include/flow_fold.h"
#include "include/record.h"
#include "include/tracer_config.h"
#include "tests/bpf/frame.h"
#include "tests/harness/test.h"
#include "user/kernel/features.h"

#include "bpf/closetrace.skel.h"

#define WIRE_LAB_RECORDS_MAX 256
/* Where the kernel's test run itself refuses a frame that is too short for its IP header. */
#define WIRE_LAB_SHORT_FRAME 54

/* The packet programs, and what each must say of every packet. */
enum wire_point {
	WIRE_XDP_IN,
	WIRE_TC_IN,
	WIRE_TC_OUT,
	WIRE_TC_IN_L3,
	WIRE_TC_OUT_L3,
	WIRE_POINTS
};

static const struct wire_point_info {
	const char *name;
	uint32_t verdict;
	uint8_t hook;
	bool is_l3, is_out;
} wire_points[WIRE_POINTS] = {
	[WIRE_XDP_IN] = { "ct_xdp_in", XDP_PASS, WIRE_HOOK_XDP_IN, false, false },
	[WIRE_TC_IN] = { "ct_tc_in", (uint32_t)-1, WIRE_HOOK_TC_IN, false, false },
	[WIRE_TC_OUT] = { "ct_tc_out", (uint32_t)-1, WIRE_HOOK_TC_OUT, false, true },
	[WIRE_TC_IN_L3] = { "ct_tc_in_l3", (uint32_t)-1, WIRE_HOOK_TC_IN, true, false },
	[WIRE_TC_OUT_L3] = { "ct_tc_out_l3", (uint32_t)-1, WIRE_HOOK_TC_OUT, true, true },
};

/**
 * What wire_lab_open() may be told. 0 means the product's default.
 *
 * @flags  TRACER_* besides TRACER_SHOW_ALL and TRACER_WIRE_HOOKED, which are always set.
 * @port   For TRACER_FILTER_PORT, host order.
 * @storm_rate  0 = every ending by itself; @storm_groups entries of the map of groups.
 */
struct wire_lab_options {
	uint32_t max_flows, ring_bytes, flags, storm_rate, storm_groups;
	uint16_t port;
};

struct wire_lab {
	struct closetrace_bpf *skeleton;
	struct ring_buffer *ring;
	int programs[WIRE_POINTS];
	struct close_record records[WIRE_LAB_RECORDS_MAX];
	size_t record_count;
	uint64_t repeated; /* endings that storm records stand for; their number */
	size_t storm_count;
	uint64_t storm_opened, storm_resets; /* of their sums */
	size_t other_count; /* records that are none of these */
	bool is_shared;
};

/* Of the namespace: its inode, and two interfaces besides lo. */
static uint32_t wire_lab_netns;
static int wire_lab_ifindex[2];

static inline int wire_lab_take_record(void *data, void *record, size_t size)
{
	struct wire_lab *lab = data;
	const struct storm_record *storm = record;
	struct close_record *close = record;

	if (size == sizeof(*close) && close->head.type == RECORD_CLOSE) {
		/* Floods of damaged packets end many connections; the first ones are enough. */
		if (lab->record_count < WIRE_LAB_RECORDS_MAX)
			lab->records[lab->record_count++] = *close;
	} else if (close->head.type == RECORD_STORM) {
		lab->repeated += storm->repeated;
		lab->storm_opened += storm->sums.counts[TALLY_OPENED];
		lab->storm_resets +=
			storm->sums.counts[TALLY_RST_CLT] + storm->sums.counts[TALLY_RST_SRV];
		lab->storm_count++;
	} else {
		lab->other_count++;
	}
	return 0;
}

/* Reads what came since the last call; returns how many endings there are in all. */
static inline size_t wire_lab_read(struct wire_lab *lab)
{
	ring_buffer__consume(lab->ring);
	return lab->record_count;
}

static inline void wire_lab_load(struct wire_lab *lab, const struct wire_lab_options *options)
{
	struct tracer_config config = { 0 };
	struct bpf_program *program;

	lab->skeleton = closetrace_bpf__open();
	assert_non_null(lab->skeleton);
	config.flags = TRACER_SHOW_ALL | TRACER_WIRE_HOOKED | options->flags;
	config.port = HOST_TO_NET_16(options->port);
	config.storm_rate = options->storm_rate;
	memcpy((void *)&lab->skeleton->rodata->tracer_config, &config, sizeof(config));
	if (options->max_flows)
		bpf_map__set_max_entries(lab->skeleton->maps.ct_flows, options->max_flows);
	if (options->ring_bytes)
		bpf_map__set_max_entries(lab->skeleton->maps.ct_events, options->ring_bytes);
	if (options->storm_groups)
		bpf_map__set_max_entries(lab->skeleton->maps.ct_storms, options->storm_groups);
	bpf_object__for_each_program(program, lab->skeleton->obj) {
		bool is_wanted = program == lab->skeleton->progs.ct_storm_flush ||
				 program == lab->skeleton->progs.ct_watch_expire;

		for (int i = 0; i < WIRE_POINTS; i++)
			is_wanted |= !strcmp(bpf_program__name(program), wire_points[i].name);
		bpf_program__set_autoload(program, is_wanted);
	}
	assert_int_equal(closetrace_bpf__load(lab->skeleton), 0);
}

static inline void wire_lab_clear(const struct bpf_map *map)
{
	uint8_t key[sizeof(struct flow_key)];

	while (!bpf_map_get_next_key(bpf_map__fd(map), NULL, key))
		bpf_map_delete_elem(bpf_map__fd(map), key);
}

static inline void wire_lab_zero_counters(const struct wire_lab *lab)
{
	size_t size = sizeof(struct tracer_counters) * (size_t)libbpf_num_possible_cpus();
	void *zeros = calloc(1, size);
	uint32_t zero = 0;

	assert_non_null(zeros);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(lab->skeleton->maps.ct_counters), &zero,
					     zeros, BPF_ANY),
			 0);
	free(zeros);
}

/**
 * Empty maps and no records. `options` NULL: the product's defaults; the programs are then
 * loaded once per process, because the verifier takes its time.
 */
static inline void wire_lab_open(struct wire_lab *lab, const struct wire_lab_options *options)
{
	static const struct wire_lab_options defaults;
	static struct closetrace_bpf *shared;

	memset(lab, 0, sizeof(*lab));
	lab->is_shared = !options;
	if (lab->is_shared && shared)
		lab->skeleton = shared;
	else
		wire_lab_load(lab, options ? options : &defaults);
	if (lab->is_shared)
		shared = lab->skeleton;
	for (int i = 0; i < WIRE_POINTS; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(lab->skeleton->obj, wire_points[i].name);

		assert_non_null(program);
		lab->programs[i] = bpf_program__fd(program);
	}
	lab->ring = ring_buffer__new(bpf_map__fd(lab->skeleton->maps.ct_events),
				     wire_lab_take_record, lab, NULL);
	assert_non_null(lab->ring);
	wire_lab_clear(lab->skeleton->maps.ct_flows);
	wire_lab_clear(lab->skeleton->maps.ct_watch);
	wire_lab_zero_counters(lab);
	wire_lab_read(lab);
	lab->record_count = lab->other_count = 0;
}

static inline void wire_lab_close(struct wire_lab *lab)
{
	ring_buffer__free(lab->ring);
	if (!lab->is_shared)
		closetrace_bpf__destroy(lab->skeleton);
}

/**
 * Push bytes through a program, as if they came through an interface (index; 0 is lo).
 * Fails the case when the program does not let the packet go on, or changed it.
 *
 * @return  false when the kernel did not run the program, because it takes no frame so short.
 */
static inline bool wire_lab_send_bytes(const struct wire_lab *lab, enum wire_point point,
				       const uint8_t *bytes, size_t len, int ifindex)
{
	uint8_t out[FRAME_MAX];
	struct __sk_buff skb = { .ifindex = (uint32_t)ifindex };
	struct xdp_md xdp = { .data_end = (uint32_t)len, .ingress_ifindex = (uint32_t)ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = (uint32_t)len,
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	if (point == WIRE_XDP_IN) {
		opts.ctx_in = &xdp;
		opts.ctx_size_in = sizeof(xdp);
	} else {
		opts.ctx_in = &skb;
		opts.ctx_size_in = sizeof(skb);
	}
	if (bpf_prog_test_run_opts(lab->programs[point], &opts)) {
		if (errno == EINVAL && len < (point == WIRE_XDP_IN ? 14 : WIRE_LAB_SHORT_FRAME))
			return false;
		fail_msg("%s: test run of %zu bytes: %s", wire_points[point].name, len,
			 strerror(errno));
	}
	if (opts.retval != wire_points[point].verdict)
		fail_msg("%s says %u, not %u", wire_points[point].name, opts.retval,
			 wire_points[point].verdict);
	assert_int_equal(opts.data_size_out, len);
	assert_memory_equal(out, bytes, len);
	return true;
}

/* For the programs of links without Ethernet, the frame less its Ethernet header. */
static inline bool wire_lab_send_frame(const struct wire_lab *lab, enum wire_point point,
				       const struct frame *f, int ifindex)
{
	size_t skip = wire_points[point].is_l3 ? f->ip : 0;

	if (f->len < skip + 14)
		return false;
	return wire_lab_send_bytes(lab, point, f->bytes + skip, f->len - skip, ifindex);
}

/* A TCP packet at the first interface, or at another. */
static inline void wire_lab_send_at(const struct wire_lab *lab, enum wire_point point,
				    const struct tcp_packet *p, int ifindex)
{
	struct frame f;

	frame_make_tcp(&f, p);
	assert_true(wire_lab_send_frame(lab, point, &f, ifindex));
}

static inline void wire_lab_send(const struct wire_lab *lab, enum wire_point point,
				 const struct tcp_packet *p)
{
	wire_lab_send_at(lab, point, p, wire_lab_ifindex[0]);
}

static inline uint64_t wire_lab_counter(const struct wire_lab *lab, enum tracer_counter id)
{
	static struct tracer_counters per_cpu[1024];
	uint32_t zero = 0;
	uint64_t sum = 0;
	int cpus = libbpf_num_possible_cpus();

	assert_in_range(cpus, 1, 1024);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.ct_counters), &zero,
					     per_cpu),
			 0);
	for (int i = 0; i < cpus; i++)
		sum += per_cpu[i].counts[id];
	return sum;
}

#define assert_counter(lab, id, value) assert_int_equal(wire_lab_counter(lab, COUNTER_##id), value)

static inline int wire_lab_flows_fd(const struct wire_lab *lab)
{
	return bpf_map__fd(lab->skeleton->maps.ct_flows);
}

/* The flow of a packet; `sender` may be NULL, else gets the index of the packet's sender. */
static inline bool wire_lab_flow_find(const struct wire_lab *lab, const struct tcp_packet *p,
				      struct flow_state *flow, int *sender)
{
	struct flow_key key;
	int index = tcp_packet_key(p, wire_lab_netns, &key);

	if (sender)
		*sender = index;
	return !bpf_map_lookup_elem(wire_lab_flows_fd(lab), &key, flow);
}

/* The side of the packet's sender. The flow must be there. */
static inline struct flow_side wire_lab_side(const struct wire_lab *lab, const struct tcp_packet *p)
{
	struct flow_state flow;
	int sender;

	if (!wire_lab_flow_find(lab, p, &flow, &sender))
		fail_msg("there is no such flow");
	return flow.side[sender];
}

static inline size_t wire_lab_flow_count(const struct wire_lab *lab)
{
	struct flow_key key, next;
	size_t count = 0;
	bool more = !bpf_map_get_next_key(wire_lab_flows_fd(lab), NULL, &next);

	for (; more; count++) {
		key = next;
		more = !bpf_map_get_next_key(wire_lab_flows_fd(lab), &key, &next);
	}
	return count;
}

static inline void wire_lab_forget(const struct wire_lab *lab, const struct tcp_packet *p)
{
	struct flow_key key;

	tcp_packet_key(p, wire_lab_netns, &key);
	bpf_map_delete_elem(wire_lab_flows_fd(lab), &key);
}

static inline void wire_lab_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		fail_msg("cannot write %s: %s", path, strerror(errno));
	close(fd);
}

/* Whether this namespace routes packets on. Its hosts are on the link of the first interface. */
static inline void wire_lab_set_forwarding(bool on)
{
	wire_lab_sysctl("/proc/sys/net/ipv4/ip_forward", on ? "1" : "0");
	wire_lab_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", on ? "1" : "0");
}

/* Host 1 of both families is this host. */
static inline const char *wire_lab_enter_netns(void)
{
	/* By path: busybox's shell, in guests, takes its own ip for the bare name. */
	static const char commands[] =
		"ip=/sbin/ip; test -x $ip || ip=ip;"
		"$ip link add wire0 type veth peer name wire1 &&"
		"$ip link set lo up && $ip link set wire1 up &&"
		"$ip link set wire0 up && $ip addr add 10.9.0.1/24 dev wire0 &&"
		"$ip addr add 2001:db8:9::1/64 dev wire0 nodad";
	struct stat st;

	if (unshare(CLONE_NEWNET))
		return "cannot make a network namespace";
	if (system(commands))
		return "cannot make a pair of interfaces (ip link add type veth)";
	if (stat("/proc/self/ns/net", &st))
		return "cannot read /proc/self/ns/net";
	wire_lab_netns = (uint32_t)st.st_ino;
	wire_lab_ifindex[0] = (int)if_nametoindex("wire0");
	wire_lab_ifindex[1] = (int)if_nametoindex("wire1");
	return NULL;
}

static inline int wire_lab_print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

/* main() of a test of the packet programs. 77: cannot run here; the last line says why. */
static inline int wire_lab_main(const char *file, int argc, char **argv)
{
	struct kernel_features features;
	enum kernel_feature missing;
	const char *why = NULL;

	libbpf_set_print(wire_lab_print);
	if (geteuid()) {
		puts("needs root, to load BPF programs");
		return 77;
	}
	kernel_features_probe(&features);
	missing = kernel_features_missing(&features);
	if (missing != KERNEL_FEATURE_COUNT)
		why = kernel_feature_info(missing)->absence;
	else
		why = wire_lab_enter_netns();
	if (why) {
		puts(why);
		return 77;
	}
	return test_run_all(file, argc > 1 ? argv[1] : NULL);
}

#endif
