/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/actor_steps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/e2e/tool.h"

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

static int do_bind(int fd, const struct actor_command *command)
{
	const struct sockaddr *address = (const struct sockaddr *)&command->address;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	return system_result(bind(fd, address, address_length(&command->address)));
}

/* The payload goes out with the SYN (RFC 7413). */
static int do_send_fast(int fd, const struct actor_command *command)
{
	const struct sockaddr *address = (const struct sockaddr *)&command->address;
	char buffer[1000] = {};

	return system_result(sendto(fd, buffer, command->arguments[0], MSG_FASTOPEN | MSG_NOSIGNAL,
				    address, address_length(&command->address)));
}

struct thread_call {
	const char *comm;
	int listener; /* to accept from; -1: to close *slot */
	int *slot;
	int result;
};

static void *thread_main(void *argument)
{
	struct thread_call *call = argument;

	prctl(PR_SET_NAME, call->comm);
	if (call->listener >= 0)
		call->result = do_accept(call->listener, call->slot);
	else
		call->result = do_close(call->slot);
	return NULL;
}

static int do_in_thread(int listener, int *slot, const char *comm)
{
	struct thread_call call = { .comm = comm, .listener = listener, .slot = slot };
	pthread_t thread;
	int err = pthread_create(&thread, NULL, thread_main, &call);

	if (err)
		return -err;
	pthread_join(thread, NULL);
	return call.result;
}

/* Hand a descriptor over (SCM_RIGHTS) and forget it here, or take one. */
static int do_pass(int *slot)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), slot, sizeof(int));
	if (sendmsg(ACTOR_FD_PASS, &message, 0) != 1)
		return -errno;
	close(*slot);
	*slot = -1;
	return 0;
}

static int do_take(int *slot)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte;
	struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header;

	if (recvmsg(ACTOR_FD_TAKE, &message, 0) != 1)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	memcpy(slot, CMSG_DATA(header), sizeof(int));
	return 0;
}

static int do_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return system_result(sched_setaffinity(0, sizeof(set), &set));
}

#define EATEN_AT_A_TIME (1 << 20)

static __attribute__((noreturn)) void do_die(enum actor_death how, int exit_code)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	char *eaten;

	switch (how) {
	case ACTOR_EXITS:
		_exit(exit_code);
	case ACTOR_CRASHES:
		setrlimit(RLIMIT_CORE, &unlimited);
		prctl(PR_SET_DUMPABLE, 1);
		if (chdir("/tmp"))
			_exit(127);
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
		_exit(127);
	case ACTOR_EXECS:
		execlp("true", "true", NULL);
		_exit(127);
	case ACTOR_EATS:
		while ((eaten = malloc(EATEN_AT_A_TIME)))
			memset(eaten, 1, EATEN_AT_A_TIME);
		_exit(127);
	}
	_exit(127);
}

static int actor_execute(int sockets[], const struct actor_command *command)
{
	const int *arguments = command->arguments;
	int fd = sockets[command->slot];

	switch (command->op) {
	case OP_SOCKET:
		fd = socket(arguments[0], SOCK_STREAM | SOCK_CLOEXEC, arguments[1]);
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
	case OP_BIND:
		return do_bind(fd, command);
	case OP_SEND_TEXT:
		return system_result(send(fd, command->text, command->text_bytes, MSG_NOSIGNAL));
	case OP_SEND_FAST:
		return do_send_fast(fd, command);
	case OP_TEXT_OPTION:
		return system_result(setsockopt(fd, arguments[0], arguments[1], command->text,
						command->text_bytes));
	case OP_ACCEPT_THREAD:
		return do_in_thread(fd, &sockets[arguments[0]], command->text);
	case OP_CLOSE_THREAD:
		return do_in_thread(-1, &sockets[command->slot], command->text);
	case OP_PASS:
		return do_pass(&sockets[command->slot]);
	case OP_TAKE:
		return do_take(&sockets[command->slot]);
	case OP_PIN:
		return do_pin(arguments[0]);
	case OP_DIE:
		do_die((enum actor_death)arguments[0], arguments[1]);
	case OP_FORK:
		break;
	}
	return -ENOSYS;
}

static int do_fork(int sockets[], const char *comm);

static __attribute__((noreturn)) void actor_loop(int control, int sockets[])
{
	struct actor_command command;
	int result;

	while (read(control, &command, sizeof(command)) == sizeof(command)) {
		if (command.op == OP_FORK)
			result = do_fork(sockets, command.text);
		else
			result = actor_execute(sockets, &command);
		if (write(control, &result, sizeof(result)) != sizeof(result))
			break;
	}
	_exit(0);
}

/* The child has the parent's sockets, too, and the spare control. It returns its pid. */
static int do_fork(int sockets[], const char *comm)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, comm);
		close(ACTOR_FD_CONTROL);
		actor_loop(ACTOR_FD_SPARE, sockets);
	}
	close(ACTOR_FD_SPARE);
	return pid;
}

void actor_main(const char *comm)
{
	int sockets[ACTOR_SLOTS], pair[2], result;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_NAME, comm);
	for (int i = 0; i < ACTOR_SLOTS; i++)
		sockets[i] = -1;
	result = setns(ACTOR_FD_NETNS, CLONE_NEWNET) ? -errno : 0;
	if (!result && (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) ||
			dup2(pair[0], ACTOR_FD_PASS) < 0 || dup2(pair[1], ACTOR_FD_TAKE) < 0))
		result = -errno;
	if (write(ACTOR_FD_CONTROL, &result, sizeof(result)) != sizeof(result))
		_exit(1);
	actor_loop(ACTOR_FD_CONTROL, sockets);
}
