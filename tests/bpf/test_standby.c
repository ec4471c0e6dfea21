// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Standbys tell what the program before them missed, and nothing twice. Here the programs before
 * them are taken off, so that they miss everything.
 */
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

#define RECORDS_MAX 32
#define UNREAD_BYTES 4312

struct lab {
	struct closetrace_bpf *skeleton;
	struct ring_buffer *ring;
	uint32_t netns;
	struct close_record records[RECORDS_MAX];
	size_t record_count, amend_count;
};

static int record_take(void *data, void *bytes, size_t size)
{
	struct lab *lab = data;
	const struct close_record *record = bytes;

	if (record->head.type == RECORD_AMEND)
		lab->amend_count++;
	if (record->head.type != RECORD_CLOSE)
		return 0;
	assert_int_equal(size, sizeof(*record));
	assert_int_equal(record->key.netns, lab->netns);
	assert_true(lab->record_count < RECORDS_MAX);
	lab->records[lab->record_count++] = *record;
	return 0;
}

/* A network namespace with nothing but loopback; the process stays in it. */
static uint32_t netns_make(void)
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

static void main_programs_attach(struct closetrace_bpf *s)
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

/* Those before the last standby, by the end of their names: taken off when below `missing`. */
static void programs_take_off(struct closetrace_bpf *skeleton, int missing)
{
	for (int i = 0; i < skeleton->skeleton->prog_cnt; i++) {
		const char *name = skeleton->skeleton->progs[i].name,
			   *end = name + strlen(name) - 2;
		struct bpf_link **link = skeleton->skeleton->progs[i].link;
		int number = end[0] == '_' ? end[1] - '0' : 0;

		if (*link && number < missing) {
			bpf_link__destroy(*link);
			*link = NULL;
		}
	}
}

/**
 * The programs as on a kernel with preemptible tracepoints.
 *
 * @missing  How many of each chain are taken off: 1 the program, 2 its first standby too.
 */
static void lab_open(struct lab *lab, int missing)
{
	struct tracer_config config = { .flags = TRACER_SHOW_ALL | TRACER_NETNS_LISTED |
						 TRACER_STANDBYS };
	uint8_t traced = NETNS_TRACED;
	struct bpf_program *program;

	memset(lab, 0, sizeof(*lab));
	lab->netns = netns_make();
	lab->skeleton = closetrace_bpf__open();
	assert_non_null(lab->skeleton);
	memcpy((void *)&lab->skeleton->rodata->tracer_config, &config, sizeof(config));
	bpf_object__for_each_program(program, lab->skeleton->obj)
		if (!strstr(bpf_program__section_name(program), "tp_btf/"))
			bpf_program__set_autoload(program, false);
	standby_choose(lab->skeleton, true);
	assert_int_equal(closetrace_bpf__load(lab->skeleton), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(lab->skeleton->maps.ct_netns), &lab->netns,
					     &traced, BPF_ANY),
			 0);
	lab->ring = ring_buffer__new(bpf_map__fd(lab->skeleton->maps.ct_events), record_take, lab,
				     NULL);
	assert_non_null(lab->ring);
	main_programs_attach(lab->skeleton);
	assert_int_equal(standby_attach(lab->skeleton), 0);
	programs_take_off(lab->skeleton, missing);
}

static void lab_close(struct lab *lab)
{
	ring_buffer__free(lab->ring);
	closetrace_bpf__destroy(lab->skeleton);
}

static int server_listen(struct sockaddr_in *ret)
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

static int client_connect(const struct sockaddr_in *server)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (!connect(fd, (const struct sockaddr *)server, sizeof(*server)))
		return fd;
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
	return -1;
}

/* Refused; reset by the client; reset by the server, which leaves bytes unread; closed by both. */
static void connections_end(void)
{
	static const char bytes[UNREAD_BYTES];
	const struct linger none = { .l_onoff = 1 };
	struct sockaddr_in address;
	int listener = server_listen(&address), client, child;

	for (int i = 0; i < 3; i++) {
		client = client_connect(&address);
		child = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		assert_true(client >= 0 && child >= 0);
		if (i == 0)
			setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
		if (i == 1) {
			assert_int_equal(send(client, bytes, sizeof(bytes), 0), sizeof(bytes));
			close(child);
		}
		close(client);
		if (i != 1)
			close(child);
	}
	close(listener);
	assert_int_equal(client_connect(&address), -1);
}

static uint64_t counter_read(const struct lab *lab, enum tracer_counter id)
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

static size_t verdict_count(const struct lab *lab, enum close_verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < lab->record_count; i++)
		count += lab->records[i].decision.verdict == verdict;
	return count;
}

/* Before 6.10 tcp_send_reset is silent on what has no full socket, and a refusal is told by its packets. */
static bool refusals_are_traced(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool traced = btf && btf__find_by_name_kind(btf, "sk_rst_reason", BTF_KIND_ENUM) > 0;

	btf__free(btf);
	return traced;
}

static void assert_all_told_once(int missing)
{
	int refusals = refusals_are_traced();
	struct lab lab;

	lab_open(&lab, missing);
	connections_end();
	ring_buffer__consume(lab.ring);
	for (size_t i = 0; i < lab.record_count; i++)
		printf("# verdict %u, unread %u, owner %s\n", lab.records[i].decision.verdict,
		       lab.records[i].evidence.unread_bytes, lab.records[i].owner.comm);
	assert_int_equal(verdict_count(&lab, CLOSE_LOCAL_APP_ABORT), 2);
	assert_int_equal(verdict_count(&lab, CLOSE_PEER_RESET), 2);
	assert_int_equal(verdict_count(&lab, CLOSE_PEER_REFUSED), 1);
	assert_int_equal(verdict_count(&lab, CLOSE_LOCAL_REFUSED), refusals);
	assert_int_equal(lab.record_count + counter_read(&lab, COUNTER_CLOSE_AWAITING_FIN),
			 7 + refusals);
	assert_int_equal(lab.amend_count, 0);
	assert_int_equal(counter_read(&lab, COUNTER_RST_REPLY_TRACED), refusals);
	assert_int_equal(counter_read(&lab, COUNTER_TRANSITION_MISSED), 0);
	assert_int_equal(counter_read(&lab, COUNTER_SOCKET_UNKNOWN), 0);
	assert_int_equal(counter_read(&lab, COUNTER_SCRATCH_FAILED), 0);
	for (size_t i = 0; i < lab.record_count; i++) {
		const struct close_record *record = &lab.records[i];

		/* A refusal has no socket of its own, so nobody owns it. */
		if (record->decision.verdict != CLOSE_LOCAL_REFUSED)
			assert_int_equal(record->owner.pid, getpid());
	}
	lab_close(&lab);
}

TEST(with_all_programs_each_ending_is_told_once)
{
	assert_all_told_once(0);
}

TEST(what_the_program_missed_its_standby_tells)
{
	assert_all_told_once(1);
}

TEST(the_last_standby_alone_tells_everything)
{
	assert_all_told_once(3);
}

#ifdef __x86_64__
static bool program_has_a_stack_per_processor(const struct bpf_program *program)
{
	/* What the JIT begins such a program with: add this processor's offset to R9. */
	static const uint8_t add_offset[] = { 0x65, 0x4c, 0x03, 0x0c, 0x25 };
	static uint8_t code[1 << 20];
	struct bpf_prog_info info = {
		.jited_prog_insns = (uint64_t)(uintptr_t)code,
		.jited_prog_len = sizeof(code),
	};
	uint32_t size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
	assert_in_range(info.jited_prog_len, 1, sizeof(code));
	return memmem(code, info.jited_prog_len, add_offset, sizeof(add_offset)) != NULL;
}

/* It would be destroyed by the program that runs on top: a kernel that crashes. */
TEST(no_program_that_is_reentered_has_a_stack_per_processor)
{
	struct lab lab;
	struct closetrace_bpf *s;

	lab_open(&lab, 0);
	s = lab.skeleton;
	assert_false(program_has_a_stack_per_processor(s->progs.ct_set_state));
	assert_false(program_has_a_stack_per_processor(s->progs.ct_recv_reset));
	assert_false(program_has_a_stack_per_processor(s->progs.ct_send_reset));
	assert_false(program_has_a_stack_per_processor(s->progs.ct_error_report));
	assert_false(program_has_a_stack_per_processor(s->progs.ct_destroy));
	assert_false(program_has_a_stack_per_processor(s->progs.ct_first_recv));
	/* That it would be recognised: others have one, if this kernel knows of them. */
	printf("# ct_synack_rtx has one: %d\n",
	       program_has_a_stack_per_processor(s->progs.ct_synack_rtx));
	lab_close(&lab);
}
#endif

TEST_MAIN()
