/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The real tracepoint programs on real sockets, in a network namespace of this process. */
#ifndef TESTS_BPF_SOCKET_LAB_H
#define TESTS_BPF_SOCKET_LAB_H

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/counters.h"
#include "include/record.h"
#include "include/tracer_config.h"
#include "tests/harness/test.h"
#include "user/kernel/standby.h"

#include "bpf/closetrace.skel.h"

#define SOCKET_LAB_RECORDS_MAX 32

struct socket_lab {
	struct closetrace_bpf *skeleton;
	struct ring_buffer *ring;
	uint32_t netns;
	struct close_record records[SOCKET_LAB_RECORDS_MAX];
	size_t record_count, amend_count;
};

static inline int record_take(void *data, void *bytes, size_t size)
{
	struct socket_lab *lab = data;
	const struct close_record *record = bytes;

	if (record->head.type == RECORD_AMEND)
		lab->amend_count++;
	if (record->head.type != RECORD_CLOSE)
		return 0;
	assert_int_equal(size, sizeof(*record));
	assert_int_equal(record->key.netns, lab->netns);
	assert_true(lab->record_count < SOCKET_LAB_RECORDS_MAX);
	lab->records[lab->record_count++] = *record;
	return 0;
}

/* A network namespace with nothing but loopback; the process stays in it. */
static inline uint32_t netns_make(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	struct stat st;
	int fd;

	if (unshare(CLONE_NEWNET))
		skip();
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	request.ifr_flags |= IFF_UP;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return (uint32_t)st.st_ino;
}

static inline void main_programs_attach(struct closetrace_bpf *s)
{
	struct bpf_program *programs[] = { s->progs.ct_first_recv, s->progs.ct_recv_reset,
					   s->progs.ct_send_reset, s->progs.ct_error_report,
					   s->progs.ct_set_state,  s->progs.ct_destroy };
	struct bpf_link **links[] = { &s->links.ct_first_recv, &s->links.ct_recv_reset,
				      &s->links.ct_send_reset, &s->links.ct_error_report,
				      &s->links.ct_set_state,  &s->links.ct_destroy };

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		*links[i] = bpf_program__attach(programs[i]);
		assert_non_null(*links[i]);
	}
}

/* @flags  TRACER_* besides those for one namespace and all endings; with TRACER_STANDBYS all of them. */
static inline void socket_lab_open(struct socket_lab *lab, uint32_t flags)
{
	struct tracer_config config = { .flags = TRACER_SHOW_ALL | TRACER_NETNS_LISTED | flags };
	uint8_t traced = NETNS_TRACED;
	struct bpf_program *program;

	memset(lab, 0, sizeof(*lab));
	lab->netns = netns_make();
	lab->skeleton = closetrace_bpf__open();
	assert_non_null(lab->skeleton);
	memcpy((void *)&lab->skeleton->rodata->tracer_config, &config, sizeof(config));
	bpf_object__for_each_program(program, lab->skeleton->obj)
		if (!strstr(bpf_program__section_name(program), "tp_btf/") &&
		    program != lab->skeleton->progs.ct_tc_out &&
		    program != lab->skeleton->progs.ct_watch_expire)
			bpf_program__set_autoload(program, false);
	standby_choose(lab->skeleton, flags & TRACER_STANDBYS);
	assert_int_equal(closetrace_bpf__load(lab->skeleton), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(lab->skeleton->maps.ct_netns), &lab->netns,
					     &traced, BPF_ANY),
			 0);
	lab->ring = ring_buffer__new(bpf_map__fd(lab->skeleton->maps.ct_events), record_take, lab,
				     NULL);
	assert_non_null(lab->ring);
	main_programs_attach(lab->skeleton);
	assert_int_equal(standby_attach(lab->skeleton), 0);
}

static inline void socket_lab_close(struct socket_lab *lab)
{
	ring_buffer__free(lab->ring);
	closetrace_bpf__destroy(lab->skeleton);
}

static inline int server_listen(struct sockaddr_in *ret)
{
	socklen_t size = sizeof(*ret);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)ret, sizeof(*ret)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &size), 0);
	return fd;
}

static inline int client_connect(const struct sockaddr_in *server)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (!connect(fd, (const struct sockaddr *)server, sizeof(*server)))
		return fd;
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
	return -1;
}

static inline uint64_t counter_read(const struct socket_lab *lab, enum tracer_counter id)
{
	static struct tracer_counters per_cpu[1024];
	uint32_t zero = 0;
	uint64_t sum = 0;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.ct_counters), &zero,
					     per_cpu),
			 0);
	for (int i = 0; i < libbpf_num_possible_cpus(); i++)
		sum += per_cpu[i].counts[id];
	return sum;
}

static inline size_t verdict_count(const struct socket_lab *lab, enum close_verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < lab->record_count; i++)
		count += lab->records[i].decision.verdict == verdict;
	return count;
}

/* Before 6.10 tcp_send_reset is silent on what has no full socket, and a refusal is told by its packets. */
static inline bool refusals_are_traced(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool traced = btf && btf__find_by_name_kind(btf, "sk_rst_reason", BTF_KIND_ENUM) > 0;

	btf__free(btf);
	return traced;
}

#endif
