/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/actor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/tool.h"
#include "user/base/cleanup.h"

enum actor_op {
	OP_SOCKET,
	OP_LISTEN,
	OP_CONNECT,
	OP_CONNECT_START,
	OP_ACCEPT,
	OP_SEND,
	OP_FILL,
	OP_RECEIVE,
	OP_SHUTDOWN,
	OP_CLOSE,
	OP_DISCONNECT,
	OP_OPTION,
	OP_LINGER,
	OP_WAIT_UNREAD,
	OP_WAIT_ACCEPTABLE,
	OP_WAIT_STATE,
	OP_WAIT_ACKED,
	OP_WAIT_ERROR,
};

struct actor_command {
	enum actor_op op;
	int slot;
	int arguments[3];
	struct sockaddr_storage address;
};

/* ---- inside the actor ---- */

static socklen_t address_length(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET6)
		return sizeof(struct sockaddr_in6);
	return sizeof(struct sockaddr_in);
}

static int system_result(int result)
{
	return result < 0 ? -errno : result;
}

/* 0 when ready, -ETIME at the deadline. */
static int wait_for_events(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int count = poll(&poll_fd, 1, ACTOR_STEP_MS);

	if (count < 0)
		return -errno;
	return count ? 0 : -ETIME;
}

static int do_listen(int fd, const struct actor_command *command)
{
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(fd, (const struct sockaddr *)&command->address, address_length(&command->address)))
		return -errno;
	return system_result(listen(fd, command->arguments[0]));
}

static int do_connect(int fd, const struct actor_command *command, bool wait)
{
	const struct sockaddr *address = (const struct sockaddr *)&command->address;
	int err;

	/* The time the kernel needs to give up is the kernel's own: wait for it without limit. */
	if (wait)
		return system_result(connect(fd, address, address_length(&command->address)));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	err = system_result(connect(fd, address, address_length(&command->address)));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return err;
}

static int do_accept(int listener, int *ret_fd)
{
	int err = wait_for_events(listener, POLLIN);
	int fd;

	if (err)
		return err;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int do_send(int fd, int bytes)
{
	static char buffer[65536];

	if (bytes > (int)sizeof(buffer))
		return -EINVAL;
	return system_result(send(fd, buffer, bytes, MSG_NOSIGNAL));
}

static int do_fill(int fd)
{
	static const char buffer[4096];
	int total = 0;
	ssize_t count;

	while ((count = send(fd, buffer, sizeof(buffer), MSG_NOSIGNAL | MSG_DONTWAIT)) > 0)
		total += count;
	return errno == EAGAIN ? total : -errno;
}

static int do_receive(int fd, int bytes)
{
	char buffer[4096];
	int total = 0;

	while (total < bytes) {
		int wanted = bytes - total;
		int err = wait_for_events(fd, POLLIN);
		ssize_t count;

		if (err)
			return err;
		if (wanted > (int)sizeof(buffer))
			wanted = sizeof(buffer);
		count = recv(fd, buffer, wanted, 0);
		if (count < 0)
			return -errno;
		if (count == 0)
			break;
		total += count;
	}
	return total;
}

static int do_disconnect(int fd)
{
	struct sockaddr address = { .sa_family = AF_UNSPEC };

	return system_result(connect(fd, &address, sizeof(address)));
}

static bool condition_holds(int fd, const struct actor_command *command)
{
	struct tcp_info info = {};
	socklen_t length = sizeof(info);
	int count = 0;

	switch (command->op) {
	case OP_WAIT_UNREAD:
		return !ioctl(fd, SIOCINQ, &count) && count >= command->arguments[0];
	case OP_WAIT_ACKED:
		return !ioctl(fd, SIOCOUTQ, &count) && count == 0;
	case OP_WAIT_STATE:
		return !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) &&
		       info.tcpi_state == command->arguments[0];
	default:
		return false;
	}
}

/* The kernel has no event for these: look every millisecond. */
static int do_wait_condition(int fd, const struct actor_command *command)
{
	long long deadline = clock_now_ms() + ACTOR_STEP_MS;

	while (!condition_holds(fd, command)) {
		if (clock_now_ms() > deadline)
			return -ETIME;
		poll(NULL, 0, 1);
	}
	return 0;
}

static int do_wait_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);
	int err = wait_for_events(fd, 0);

	if (err)
		return err;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length))
		return -errno;
	return error ? -error : -ENODATA;
}

static int do_linger(int fd, int seconds)
{
	struct linger linger = { .l_onoff = 1, .l_linger = seconds };

	return system_result(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
}

static int do_close(int *slot)
{
	int fd = *slot;

	*slot = -1;
	return system_result(close(fd));
}

static int actor_execute(int sockets[], const struct actor_command *command)
{
	const int *arguments = command->arguments;
	int fd = sockets[command->slot];

	switch (command->op) {
	case OP_SOCKET:
		fd = socket(arguments[0], SOCK_STREAM | SOCK_CLOEXEC, 0);
		sockets[command->slot] = fd;
		return fd < 0 ? -errno : 0;
	case OP_LISTEN:
		return do_listen(fd, command);
	case OP_CONNECT:
		return do_connect(fd, command, true);
	case OP_CONNECT_START:
		return do_connect(fd, command, false);
	case OP_ACCEPT:
		return do_accept(fd, &sockets[arguments[0]]);
	case OP_SEND:
		return do_send(fd, arguments[0]);
	case OP_FILL:
		return do_fill(fd);
	case OP_RECEIVE:
		return do_receive(fd, arguments[0]);
	case OP_SHUTDOWN:
		return system_result(shutdown(fd, arguments[0]));
	case OP_CLOSE:
		return do_close(&sockets[command->slot]);
	case OP_DISCONNECT:
		return do_disconnect(fd);
	case OP_OPTION:
		return system_result(
			setsockopt(fd, arguments[0], arguments[1], &arguments[2], sizeof(int)));
	case OP_LINGER:
		return do_linger(fd, arguments[0]);
	case OP_WAIT_ACCEPTABLE:
		return wait_for_events(fd, POLLIN);
	case OP_WAIT_ERROR:
		return do_wait_error(fd);
	case OP_WAIT_UNREAD:
	case OP_WAIT_STATE:
	case OP_WAIT_ACKED:
		return do_wait_condition(fd, command);
	}
	return -ENOSYS;
}

static __attribute__((noreturn)) void actor_main(int control, const char *comm, int netns_fd)
{
	struct actor_command command;
	int sockets[ACTOR_SLOTS];
	int result;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_NAME, comm);
	for (int i = 0; i < ACTOR_SLOTS; i++)
		sockets[i] = -1;
	result = setns(netns_fd, CLONE_NEWNET) ? -errno : 0;
	if (write(control, &result, sizeof(result)) != sizeof(result))
		_exit(1);
	while (read(control, &command, sizeof(command)) == sizeof(command)) {
		result = actor_execute(sockets, &command);
		if (write(control, &result, sizeof(result)) != sizeof(result))
			break;
	}
	_exit(0);
}

/* ---- outside ---- */

static int actor_read_reply(struct actor *actor)
{
	ssize_t count;
	int result;

	do {
		count = read(actor->fd, &result, sizeof(result));
	} while (count < 0 && errno == EINTR);
	return count == sizeof(result) ? result : -ESRCH;
}

int actor_start(struct actor *ret_actor, const char *comm, int netns_fd)
{
	struct actor actor;
	int pair[2], result;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	actor.pid = fork();
	if (actor.pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return -EAGAIN;
	}
	if (actor.pid == 0) {
		/* Close all others: they would keep other actors and the tracer's pipes alive. */
		int control = fcntl(pair[1], F_DUPFD, 900);
		int netns = fcntl(netns_fd, F_DUPFD, 901);

		if (control != 900 || netns != 901)
			_exit(1);
		close_range(3, 899, 0);
		close_range(902, ~0U, 0);
		actor_main(control, comm, netns);
	}
	close(pair[1]);
	actor.fd = pair[0];
	result = actor_read_reply(&actor);
	if (result) {
		actor_stop(&actor);
		return result;
	}
	*ret_actor = actor;
	return 0;
}

static void actor_reap(struct actor *actor)
{
	while (waitpid(actor->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void actor_stop(struct actor *actor)
{
	if (actor->pid <= 0 || actor->fd < 0)
		return;
	close(actor->fd);
	actor->fd = -1;
	actor_reap(actor);
}

int actor_kill(struct actor *actor)
{
	if (kill(actor->pid, SIGKILL))
		return -errno;
	actor_reap(actor);
	close(actor->fd);
	actor->fd = -1;
	return 0;
}

static int actor_call(struct actor *actor, const struct actor_command *command)
{
	if (actor->fd < 0)
		return -ESRCH;
	if (send(actor->fd, command, sizeof(*command), MSG_NOSIGNAL) != sizeof(*command))
		return -ESRCH;
	return actor_read_reply(actor);
}

static int actor_simple(struct actor *actor, enum actor_op op, int slot, int argument)
{
	struct actor_command command = { .op = op, .slot = slot, .arguments = { argument } };

	return actor_call(actor, &command);
}

static int actor_addressed(struct actor *actor, enum actor_op op, int slot,
			   const struct sockaddr_storage *address, int argument)
{
	struct actor_command command = { .op = op, .slot = slot, .arguments = { argument } };

	command.address = *address;
	return actor_call(actor, &command);
}

int actor_socket(struct actor *actor, int slot, int family)
{
	return actor_simple(actor, OP_SOCKET, slot, family);
}

int actor_listen(struct actor *actor, int slot, const struct sockaddr_storage *address, int backlog)
{
	return actor_addressed(actor, OP_LISTEN, slot, address, backlog);
}

int actor_connect(struct actor *actor, int slot, const struct sockaddr_storage *address)
{
	return actor_addressed(actor, OP_CONNECT, slot, address, 0);
}

int actor_connect_start(struct actor *actor, int slot, const struct sockaddr_storage *address)
{
	return actor_addressed(actor, OP_CONNECT_START, slot, address, 0);
}

int actor_accept(struct actor *actor, int listener_slot, int slot)
{
	return actor_simple(actor, OP_ACCEPT, listener_slot, slot);
}

int actor_send(struct actor *actor, int slot, int bytes)
{
	return actor_simple(actor, OP_SEND, slot, bytes);
}

int actor_fill(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_FILL, slot, 0);
}

int actor_receive(struct actor *actor, int slot, int bytes)
{
	return actor_simple(actor, OP_RECEIVE, slot, bytes);
}

int actor_shutdown(struct actor *actor, int slot, int how)
{
	return actor_simple(actor, OP_SHUTDOWN, slot, how);
}

int actor_close(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_CLOSE, slot, 0);
}

int actor_disconnect(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_DISCONNECT, slot, 0);
}

int actor_set_option(struct actor *actor, int slot, int level, int name, int value)
{
	struct actor_command command = { .op = OP_OPTION,
					 .slot = slot,
					 .arguments = { level, name, value } };

	return actor_call(actor, &command);
}

int actor_set_linger(struct actor *actor, int slot, int seconds)
{
	return actor_simple(actor, OP_LINGER, slot, seconds);
}

int actor_wait_unread(struct actor *actor, int slot, int bytes)
{
	return actor_simple(actor, OP_WAIT_UNREAD, slot, bytes);
}

int actor_wait_acceptable(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_WAIT_ACCEPTABLE, slot, 0);
}

int actor_wait_state(struct actor *actor, int slot, int state)
{
	return actor_simple(actor, OP_WAIT_STATE, slot, state);
}

int actor_wait_acked(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_WAIT_ACKED, slot, 0);
}

int actor_wait_error(struct actor *actor, int slot)
{
	return actor_simple(actor, OP_WAIT_ERROR, slot, 0);
}
