/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Nanoseconds per packet of the packet programs, by BPF_PROG_TEST_RUN, next to an empty program in
 * the same run. The programs are taken from a running process (with the configuration and the maps
 * that it works with) or loaded from an object file (with the defaults of its .rodata).
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/progfind.h"

#define ROUNDS_MAX 31
#define PACKET_SIZE_MAX 1514

/* A hook of closetrace: its program for Ethernet frames, and the empty one to compare with. */
static const struct hook {
	const char *label;
	const char *program;
	const char *empty;
} hooks[] = {
	{ "xdp in", "ct_xdp_in", "empty_xdp" },
	{ "tc in", "ct_tc_in", "empty_tc" },
	{ "tc out", "ct_tc_out", "empty_tc" },
};
#define HOOK_COUNT ((int)(sizeof(hooks) / sizeof(hooks[0])))

/*
 * A test run of XDP ends with a wait for a tick or so (4 ms), which is 4 ns per packet of a
 * million: the data packet, where single nanoseconds matter, is repeated more often.
 */
static const struct packet_kind {
	const char *label;
	uint8_t flags;
	size_t payload;
	int repeat_factor;
} packet_kinds[] = {
	{ "data", TH_ACK | TH_PUSH, 1000, 10 },
	{ "syn", TH_SYN, 0, 1 },
	{ "fin", TH_FIN | TH_ACK, 0, 1 },
	{ "rst", TH_RST | TH_ACK, 0, 1 },
};
#define PACKET_COUNT ((int)(sizeof(packet_kinds) / sizeof(packet_kinds[0])))

struct packet {
	struct ethhdr eth;
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t payload[PACKET_SIZE_MAX - 54];
} __attribute__((packed));

struct testrun_options {
	const char *empty;
	const char *object;
	pid_t pid;
	int repeat;
	int rounds;
	int fresh;
};

static size_t packet_build(struct packet *packet, const struct packet_kind *kind)
{
	size_t size = sizeof(*packet) - sizeof(packet->payload) + kind->payload;

	memset(packet, 0, sizeof(*packet));
	memset(packet->eth.h_dest, 0x02, ETH_ALEN);
	memset(packet->eth.h_source, 0x04, ETH_ALEN);
	packet->eth.h_proto = htons(ETH_P_IP);
	packet->ip.version = 4;
	packet->ip.ihl = 5;
	packet->ip.tot_len = htons((uint16_t)(size - sizeof(packet->eth)));
	packet->ip.ttl = 64;
	packet->ip.protocol = IPPROTO_TCP;
	packet->ip.saddr = htonl(0x0a090001);
	packet->ip.daddr = htonl(0x0a090002);
	packet->tcp.source = htons(40000);
	packet->tcp.dest = htons(443);
	packet->tcp.seq = htonl(1000);
	packet->tcp.ack_seq = htonl(2000);
	packet->tcp.doff = 5;
	packet->tcp.th_flags = kind->flags;
	packet->tcp.window = htons(1000);
	return size;
}

/* Returns wall nanoseconds per run, which has fractions; < 0 is an errno. */
static double program_run(int fd, struct packet *packet, size_t size, int repeat)
{
	struct timespec begin, end;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = (uint32_t)size,
		    .repeat = repeat);

	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (bpf_prog_test_run_opts(fd, &opts))
		return -errno;
	clock_gettime(CLOCK_MONOTONIC, &end);
	return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
	       repeat;
}

/* Each run has a tuple that was never seen; the kernel's own time of each single run is summed. */
static double program_run_fresh(int fd, struct packet *packet, size_t size, int runs,
				uint32_t *tuple)
{
	uint64_t total_ns = 0;

	for (int i = 0; i < runs; i++, (*tuple)++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet,
			    .data_size_in = (uint32_t)size, .repeat = 1);

		packet->tcp.source = htons((uint16_t)(1024 + *tuple % 60000));
		packet->ip.saddr = htonl(0x0a090001 + *tuple / 60000);
		if (bpf_prog_test_run_opts(fd, &opts))
			return -errno;
		total_ns += opts.duration;
	}
	return (double)total_ns / runs;
}

static int double_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), double_compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* Measures one hook with one kind of packet: ours and empty take turns in going first. */
static int row_measure(const struct testrun_options *options, const struct hook *hook,
		       const struct packet_kind *kind, const int fds[2], bool is_fresh,
		       uint32_t *tuple)
{
	double ns[2][ROUNDS_MAX], ours, empty;
	struct packet packet;
	size_t size = packet_build(&packet, kind);

	for (int round = 0; round < options->rounds; round++) {
		for (int turn = 0; turn < 2; turn++) {
			int which = (turn + round) % 2;
			double result = is_fresh ?
						program_run_fresh(fds[which], &packet, size,
								  options->fresh, tuple) :
						program_run(fds[which], &packet, size,
							    options->repeat * kind->repeat_factor);

			if (result < 0) {
				fprintf(stderr, "testrun: %s: %s\n", hook->program,
					strerror((int)-result));
				return (int)result;
			}
			ns[which][round] = result;
		}
	}
	ours = median(ns[0], options->rounds);
	empty = median(ns[1], options->rounds);
	printf("%s\t%s\t%s\t%.1f\t%.1f\t%.3f\t%.1f\n", hook->label, kind->label,
	       is_fresh ? "new tuples" : "same tuple", ours, empty, ours / empty, ours - empty);
	fflush(stdout);
	return 0;
}

static int hook_measure(const struct testrun_options *options, const struct hook *hook,
			const int fds[2])
{
	uint32_t tuple = 0;
	int err = 0;

	for (int i = 0; i < PACKET_COUNT && !err; i++)
		err = row_measure(options, hook, &packet_kinds[i], fds, false, &tuple);
	for (int i = 0; i < PACKET_COUNT && !err && options->fresh; i++)
		err = row_measure(options, hook, &packet_kinds[i], fds, true, &tuple);
	return err;
}

static bool hook_owns(const struct hook *hook, const char *program)
{
	return !strcmp(program, hook->program);
}

static int process_programs_find(pid_t pid, int *ret_fds)
{
	uint32_t ids[PROGFIND_MAX];
	int count = progfind_ids(pid, ids);

	for (int i = 0; i < count; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(ids[i]);
		bool is_kept = false;

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size)) {
			for (int h = 0; h < HOOK_COUNT && !is_kept; h++) {
				is_kept = ret_fds[h] < 0 && hook_owns(&hooks[h], info.name);
				if (is_kept)
					ret_fds[h] = fd;
			}
		}
		if (!is_kept)
			close(fd);
	}
	return count < 0 ? count : 0;
}

static int object_programs_load(const char *path, int *ret_fds)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	int err;

	if (!object)
		return -errno;
	bpf_object__for_each_program(program, object) {
		bool is_wanted = false;

		for (int h = 0; h < HOOK_COUNT; h++)
			is_wanted |= hook_owns(&hooks[h], bpf_program__name(program));
		bpf_program__set_autoload(program, is_wanted);
	}
	err = bpf_object__load(object);
	if (err)
		return err;
	bpf_object__for_each_program(program, object) {
		for (int h = 0; h < HOOK_COUNT; h++) {
			if (ret_fds[h] < 0 && hook_owns(&hooks[h], bpf_program__name(program)))
				ret_fds[h] = bpf_program__fd(program);
		}
	}
	return 0;
}

static int empty_program_fd(struct bpf_object *object, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	return program ? bpf_program__fd(program) : -ENOENT;
}

static int testrun(const struct testrun_options *options)
{
	struct bpf_object *empty = bpf_object__open_file(options->empty, NULL);
	int ours[HOOK_COUNT] = { -1, -1, -1 };
	int err, measured = 0;

	if (!empty || bpf_object__load(empty)) {
		fprintf(stderr, "testrun: cannot load %s\n", options->empty);
		return -EINVAL;
	}
	err = options->object ? object_programs_load(options->object, ours) :
				process_programs_find(options->pid, ours);
	for (int h = 0; h < HOOK_COUNT && !err; h++) {
		const int fds[2] = { ours[h], empty_program_fd(empty, hooks[h].empty) };

		if (fds[0] < 0)
			continue;
		err = fds[1] < 0 ? fds[1] : hook_measure(options, &hooks[h], fds);
		measured++;
	}
	if (!err && !measured) {
		fputs("testrun: none of ct_xdp_in, ct_tc_in, ct_tc_out is there\n", stderr);
		err = -ENOENT;
	}
	return err;
}

static const char usage_text[] =
	"usage: testrun --empty FILE --pid PID | --object FILE [--repeat N] [--rounds R]\n"
	"               [--fresh N]\n"
	"  --fresh N  also measure N runs with a new tuple each (0: not)\n"
	"Prints hook, packet, method, ns, ns of the empty program, ratio, difference (tabs).\n";

static const struct option testrun_option_table[] = {
	{ "empty", required_argument, NULL, 'e' },
	{ "object", required_argument, NULL, 'o' },
	{ "pid", required_argument, NULL, 'p' },
	{ "repeat", required_argument, NULL, 'r' },
	{ "rounds", required_argument, NULL, 'R' },
	{ "fresh", required_argument, NULL, 'f' },
	{ NULL, 0, NULL, 0 },
};

static int option_apply(int option, struct testrun_options *options)
{
	switch (option) {
	case 'e':
		options->empty = optarg;
		return 0;
	case 'o':
		options->object = optarg;
		return 0;
	case 'p':
		options->pid = atoi(optarg);
		return 0;
	case 'r':
		options->repeat = atoi(optarg);
		return 0;
	case 'R':
		options->rounds = atoi(optarg);
		return 0;
	case 'f':
		options->fresh = atoi(optarg);
		return 0;
	default:
		return -EINVAL;
	}
}

int main(int argc, char **argv)
{
	struct testrun_options options = { .repeat = 1000000, .rounds = 7, .fresh = 20000 };
	bool usage_ok = true;
	int option;

	while ((option = getopt_long(argc, argv, "", testrun_option_table, NULL)) != -1)
		usage_ok = usage_ok && !option_apply(option, &options);
	if (!usage_ok || optind != argc || !options.empty ||
	    (options.pid > 0) == (options.object != NULL) || options.repeat < 1 ||
	    options.rounds < 1 || options.rounds > ROUNDS_MAX || options.fresh < 0) {
		fputs(usage_text, stderr);
		return 2;
	}
	return testrun(&options) ? 1 : 0;
}
