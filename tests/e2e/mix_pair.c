/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The two processes of a pair. A batch goes through steps; after each the processes wait for each
 * other, so that every packet of a step has been sent when the next begins:
 *
 *   server: listens | client: connects, sends | server: accepts, reads, replies |
 *   client: reads, its act | server: its act | client: its second act | both: close what is left
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/e2e/mix.h"
#include "tests/e2e/tool.h"

#define REQUEST_SIZE 100
#define REPLY_SIZE 200
#define WAIT_MS 10000
#define BACKLOG 4096

struct mix_worker {
	const struct mix_pair *pair;
	bool is_client;
	int peer_fd;
	size_t first; /* of the batch */
	size_t count;
	int fds[MIX_BATCH];
	int listeners[MIX_PORT_COUNT];
	unsigned int broken;
};

static void note_broken(struct mix_worker *worker, size_t number, const char *step, int error)
{
	if (worker->broken++ < 5)
		fprintf(stderr, "battery: mix: %s, %s of %s:%u: %s\n",
			mix_kinds[worker->pair->kinds[number]].name, step,
			worker->is_client ? "client" : "server", mix_client_port(number),
			strerror(error));
}

static void meet(struct mix_worker *worker)
{
	char byte = 0;

	/* When the other is gone there is nothing to do any more. */
	if (send(worker->peer_fd, &byte, 1, MSG_NOSIGNAL) != 1 ||
	    read(worker->peer_fd, &byte, 1) != 1)
		_exit(1);
}

static socklen_t address_of(const struct mix_worker *worker, bool of_client, size_t number,
			    uint16_t port, struct sockaddr_storage *ret_address)
{
	int family = mix_family(number);
	socklen_t length = netlab_address(&worker->pair->lab, of_client ? SIDE_A : SIDE_B, family,
					  port, ret_address);

	if (!worker->pair->is_loopback)
		return length;
	if (family == AF_INET6)
		((struct sockaddr_in6 *)ret_address)->sin6_addr = in6addr_loopback;
	else
		((struct sockaddr_in *)ret_address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return length;
}

/* ---- acts ---- */

static bool wait_unread(int fd, int bytes)
{
	long long deadline = clock_now_ms() + WAIT_MS;
	int there = 0;

	while (!ioctl(fd, FIONREAD, &there) && there < bytes) {
		if (clock_now_ms() > deadline)
			return false;
		poll(NULL, 0, 1);
	}
	return there >= bytes;
}

static bool read_bytes(int fd, size_t bytes)
{
	char buffer[REPLY_SIZE];

	return recv(fd, buffer, bytes, MSG_WAITALL) == (ssize_t)bytes;
}

static bool read_to_fin(int fd)
{
	char buffer[1024];
	ssize_t count;

	while ((count = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		;
	return count == 0;
}

static bool send_bytes(int fd, size_t bytes)
{
	static const char buffer[REPLY_SIZE];

	return send(fd, buffer, bytes, MSG_NOSIGNAL) == (ssize_t)bytes;
}

static void close_slot(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_with_reset(int *fd)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close_slot(fd);
}

static bool carry_out(enum mix_act act, int *fd)
{
	struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
	bool is_good = true;

	switch (act) {
	case ACT_NONE:
		return true;
	case ACT_CLOSE:
		break;
	case ACT_LINGER0:
		close_with_reset(fd);
		return true;
	case ACT_SHUT_WR:
		return !shutdown(*fd, SHUT_WR);
	case ACT_SHUT_RDWR:
		return !shutdown(*fd, SHUT_RDWR);
	case ACT_DISCONNECT:
		return !connect(*fd, &unspecified, sizeof(unspecified));
	case ACT_SEND:
		return send_bytes(*fd, REPLY_SIZE);
	case ACT_READ_CLOSE:
		is_good = read_to_fin(*fd);
		break;
	case ACT_READ_SEND_CLOSE:
		is_good = read_to_fin(*fd) && send_bytes(*fd, REPLY_SIZE);
		break;
	}
	close_slot(fd);
	return is_good;
}

static void act_on_all(struct mix_worker *worker, const char *step,
		       enum mix_act (*choose)(const struct mix_kind *kind))
{
	for (size_t i = 0; i < worker->count; i++) {
		const struct mix_kind *kind = &mix_kinds[worker->pair->kinds[worker->first + i]];

		if (worker->fds[i] >= 0 && !carry_out(choose(kind), &worker->fds[i]))
			note_broken(worker, worker->first + i, step, errno);
	}
}

static enum mix_act client_act(const struct mix_kind *kind)
{
	return kind->client;
}

static enum mix_act client_second_act(const struct mix_kind *kind)
{
	return kind->client_again;
}

static enum mix_act server_act(const struct mix_kind *kind)
{
	return kind->server;
}

static enum mix_act last_act(const struct mix_kind *kind)
{
	(void)kind;
	return ACT_CLOSE;
}

/* ---- the client ---- */

static int client_connect(struct mix_worker *worker, size_t number, const struct mix_kind *kind)
{
	bool may_wait = kind->port != MIX_PORT_DROPPED;
	struct sockaddr_storage from, to;
	struct timeval patience = { .tv_sec = WAIT_MS / 1000 };
	int fd, expected = 0;
	socklen_t length;

	if (kind->port == MIX_PORT_CLOSED)
		expected = ECONNREFUSED;
	else if (!may_wait)
		expected = EINPROGRESS;
	fd = socket(mix_family(number), SOCK_STREAM | SOCK_CLOEXEC | (may_wait ? 0 : SOCK_NONBLOCK),
		    0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	length = address_of(worker, true, number, mix_client_port(number), &from);
	if (bind(fd, (struct sockaddr *)&from, length))
		note_broken(worker, number, "bind", errno);
	address_of(worker, false, number, mix_server_port(number, kind->port), &to);
	errno = 0;
	connect(fd, (struct sockaddr *)&to, length);
	if (errno != expected)
		note_broken(worker, number, "connect", errno);
	if (expected == ECONNREFUSED)
		close_slot(&fd);
	return fd;
}

static void client_connect_all(struct mix_worker *worker)
{
	for (size_t i = 0; i < worker->count; i++) {
		size_t number = worker->first + i;
		const struct mix_kind *kind = &mix_kinds[worker->pair->kinds[number]];

		worker->fds[i] = client_connect(worker, number, kind);
		if (kind->has_request && !send_bytes(worker->fds[i], REQUEST_SIZE))
			note_broken(worker, number, "request", errno);
	}
}

static void client_take_replies(struct mix_worker *worker)
{
	bool has_victims = false;

	for (size_t i = 0; i < worker->count; i++) {
		size_t number = worker->first + i;
		const struct mix_kind *kind = &mix_kinds[worker->pair->kinds[number]];

		has_victims |= kind->port == MIX_PORT_KILLED;
		if (kind->has_reply &&
		    !(kind->is_reply_read ? read_bytes(worker->fds[i], REPLY_SIZE) :
					    wait_unread(worker->fds[i], REPLY_SIZE)))
			note_broken(worker, number, "reply", errno);
	}
	if (has_victims) {
		char filter[32];
		const char *const argv[] = { "ss", "-K", "-t", "-n", filter, NULL };
		struct tool_result result;

		snprintf(filter, sizeof(filter), "dport = :%u",
			 mix_server_port(worker->first, MIX_PORT_KILLED));
		if (tool_run(argv, -1, NULL, &result) || result.status)
			note_broken(worker, worker->first, "ss", errno);
	}
}

static void client_batch(struct mix_worker *worker)
{
	meet(worker);
	client_connect_all(worker);
	meet(worker);
	meet(worker);
	client_take_replies(worker);
	act_on_all(worker, "first act", client_act);
	meet(worker);
	meet(worker);
	act_on_all(worker, "second act", client_second_act);
	meet(worker);
	act_on_all(worker, "close", last_act);
}

/* ---- the server ---- */

static void server_listen(struct mix_worker *worker, enum mix_port port)
{
	struct sockaddr_storage address;
	socklen_t length = address_of(worker, false, worker->first,
				      mix_server_port(worker->first, port), &address);
	int fd = socket(mix_family(worker->first), SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(fd, (struct sockaddr *)&address, length) || listen(fd, BACKLOG))
		note_broken(worker, worker->first, "listen", errno);
	worker->listeners[port] = fd;
}

static void server_accept_one(struct mix_worker *worker, int listener)
{
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	struct timeval patience = { .tv_sec = WAIT_MS / 1000 };
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	int fd = -1;
	size_t at;

	if (poll(&ready, 1, WAIT_MS) > 0)
		fd = accept4(listener, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);
	if (fd < 0) {
		note_broken(worker, worker->first, "accept", errno);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	/* The port is at the same place in both families. */
	at = ntohs(((struct sockaddr_in *)&peer)->sin_port) - mix_client_port(worker->first);
	if (at < worker->count)
		worker->fds[at] = fd;
	else
		note_broken(worker, worker->first, "accept from a strange port", 0);
}

static void server_accept_all(struct mix_worker *worker)
{
	for (size_t i = 0; i < worker->count; i++) {
		enum mix_port port = mix_kinds[worker->pair->kinds[worker->first + i]].port;

		if (port == MIX_PORT_SERVED || port == MIX_PORT_KILLED)
			server_accept_one(worker, worker->listeners[port]);
	}
	for (size_t i = 0; i < worker->count; i++) {
		const struct mix_kind *kind = &mix_kinds[worker->pair->kinds[worker->first + i]];
		int fd = worker->fds[i];

		if (fd < 0 || !kind->has_request)
			continue;
		if (!(kind->is_request_read ? read_bytes(fd, REQUEST_SIZE) :
					      wait_unread(fd, REQUEST_SIZE)))
			note_broken(worker, worker->first + i, "request", errno);
		if (kind->has_reply && !send_bytes(fd, REPLY_SIZE))
			note_broken(worker, worker->first + i, "reply", errno);
	}
}

static void server_batch(struct mix_worker *worker)
{
	server_listen(worker, MIX_PORT_SERVED);
	server_listen(worker, MIX_PORT_UNACCEPTED);
	server_listen(worker, MIX_PORT_KILLED);
	meet(worker);
	meet(worker);
	server_accept_all(worker);
	meet(worker);
	meet(worker);
	act_on_all(worker, "act", server_act);
	close_slot(&worker->listeners[MIX_PORT_UNACCEPTED]);
	meet(worker);
	meet(worker);
	act_on_all(worker, "close", last_act);
	close_slot(&worker->listeners[MIX_PORT_SERVED]);
	close_slot(&worker->listeners[MIX_PORT_KILLED]);
}

/* ---- both ---- */

static __attribute__((noreturn)) void worker_main(const struct mix_pair *pair, bool is_client,
						  int peer_fd)
{
	enum lab_side side = is_client && !pair->is_loopback ? SIDE_A : SIDE_B;
	struct mix_worker *worker = calloc(1, sizeof(*worker));

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, is_client ? "ct_mixclient" : "ct_mixserver");
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	if (!worker || setns(pair->lab.side[side].netns_fd, CLONE_NEWNET))
		_exit(1);
	worker->pair = pair;
	worker->is_client = is_client;
	worker->peer_fd = peer_fd;
	for (size_t first = 0; first < pair->count; first += MIX_BATCH) {
		worker->first = first;
		worker->count = pair->count - first < MIX_BATCH ? pair->count - first : MIX_BATCH;
		for (size_t i = 0; i < MIX_BATCH; i++)
			worker->fds[i] = -1;
		if (is_client)
			client_batch(worker);
		else
			server_batch(worker);
	}
	_exit(worker->broken != 0);
}

int mix_pair_start(struct mix_pair *pair)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	fflush(NULL);
	for (int is_client = 0; is_client < 2; is_client++) {
		pid_t pid = fork();

		if (pid < 0)
			return -errno;
		if (pid == 0) {
			close(ends[!is_client]);
			worker_main(pair, is_client, ends[is_client]);
		}
		*(is_client ? &pair->client_pid : &pair->server_pid) = pid;
	}
	close(ends[0]);
	close(ends[1]);
	return 0;
}
