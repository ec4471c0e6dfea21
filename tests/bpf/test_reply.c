// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A packet that comes when its socket is out of the kernel's tables but has not told its ending yet
 * is answered by RST as if there never had been one. Here the telling is made late: by leaving out
 * the program for it until the descriptor is closed.
 */
#include <time.h>

#include "tests/bpf/socket_lab.h"
#include "user/kernel/attach_clsact.h"
#include "user/kernel/attach_tcx.h"

#define LOOPBACK 1

/* A TCP header without options. */
struct tcp_segment {
	__be16 source, dest;
	__be32 seq, ack;
	uint8_t offset, flags;
	__be16 window, checksum, urgent;
};

static uint16_t checksum(const struct tcp_segment *segment)
{
	const uint16_t *words = (const uint16_t *)segment;
	/* 127.0.0.1 to 127.0.0.1, TCP. */
	uint32_t sum =
		2 * (htons(0x7f00) + htons(1)) + htons(IPPROTO_TCP) + htons(sizeof(*segment));

	for (size_t i = 0; i < sizeof(*segment) / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static void ack_send(const struct sockaddr_in *from, const struct sockaddr_in *to)
{
	struct tcp_segment segment = { .source = from->sin_port,
				       .dest = to->sin_port,
				       .seq = htonl(1),
				       .ack = htonl(1),
				       .offset = 0x50,
				       .flags = 0x10,
				       .window = htons(100) };
	struct sockaddr_in address = *to;
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);

	assert_true(fd >= 0);
	segment.checksum = checksum(&segment);
	address.sin_port = 0;
	assert_int_equal(sendto(fd, &segment, sizeof(segment), 0, (struct sockaddr *)&address,
				sizeof(address)),
			 sizeof(segment));
	close(fd);
}

/* What goes out of loopback; and before 6.10 only the drop of the packet tells of a RST in reply. */
static void packets_attach(struct closetrace_bpf *skeleton, int *tcx_link)
{
	int program = bpf_program__fd(skeleton->progs.ct_tc_out);
	bool made_qdisc;

	*tcx_link = tcx_link_create(program, LOOPBACK, TCX_EGRESS);
	if (*tcx_link == -EINVAL)
		assert_int_equal(clsact_attach(program, LOOPBACK, TCX_EGRESS, &made_qdisc), 0);
	else
		assert_true(*tcx_link >= 0);
	skeleton->links.ct_kfree_skb = bpf_program__attach(skeleton->progs.ct_kfree_skb);
	assert_non_null(skeleton->links.ct_kfree_skb);
}

static void link_take_off(struct bpf_link **link)
{
	bpf_link__destroy(*link);
	*link = NULL;
}

/* After the deadline of what waits. */
static void waits_expire(const struct socket_lab *lab)
{
	const struct timespec pause = { .tv_nsec = 150 * 1000000 };
	LIBBPF_OPTS(bpf_test_run_opts, options);

	nanosleep(&pause, NULL);
	assert_int_equal(bpf_prog_test_run_opts(
				 bpf_program__fd(lab->skeleton->progs.ct_watch_expire), &options),
			 0);
	ring_buffer__consume(lab->ring);
}

/**
 * An abort by connect(AF_UNSPEC), whose error report is left out, then a stray ACK.
 *
 * @return  The client's descriptor: its close is what tells the ending.
 */
static int abort_untold(struct socket_lab *lab, int *tcx_link)
{
	const struct sockaddr nothing = { .sa_family = AF_UNSPEC };
	struct sockaddr_in server, client;
	socklen_t size = sizeof(client);
	int listener, fd, child;

	socket_lab_open(lab, TRACER_WIRE_HOOKED);
	packets_attach(lab->skeleton, tcx_link);
	listener = server_listen(&server);
	fd = client_connect(&server);
	child = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0 && child >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&client, &size), 0);
	link_take_off(&lab->skeleton->links.ct_error_report);
	assert_int_equal(connect(fd, &nothing, sizeof(nothing)), 0);
	ack_send(&server, &client);
	close(child);
	close(listener);
	ring_buffer__consume(lab->ring);
	return fd;
}

TEST(a_reset_just_before_its_socket_tells_is_no_ending_of_its_own)
{
	struct socket_lab lab;
	int tcx_link, fd = abort_untold(&lab, &tcx_link);

	assert_int_equal(verdict_count(&lab, CLOSE_LOCAL_NO_SOCKET), 0);
	close(fd);
	waits_expire(&lab);
	assert_int_equal(verdict_count(&lab, CLOSE_LOCAL_APP_ABORT), 1);
	assert_int_equal(verdict_count(&lab, CLOSE_LOCAL_NO_SOCKET), 0);
	assert_int_equal(counter_read(&lab, COUNTER_RST_AFTER_CLOSE), 1);
	if (tcx_link >= 0)
		close(tcx_link);
	socket_lab_close(&lab);
}

TEST(when_no_socket_tells_the_reset_is_told_after_a_moment)
{
	struct socket_lab lab;
	int tcx_link, fd = abort_untold(&lab, &tcx_link);

	waits_expire(&lab);
	assert_int_equal(verdict_count(&lab, CLOSE_LOCAL_NO_SOCKET), 1);
	close(fd);
	if (tcx_link >= 0)
		close(tcx_link);
	socket_lab_close(&lab);
}

TEST_MAIN()
