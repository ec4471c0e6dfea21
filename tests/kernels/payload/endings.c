// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Make one TCP connection between two named network namespaces and end it in a chosen way.
 *
 *   endings CLIENT_NETNS SERVER_NETNS SERVER_ADDRESS ENDING
 *
 * Client and server are processes of their own, "end-client" and "end-server". Prints
 * "client_pid=N client_port=N server_pid=N server_port=N". Exit status 0 when both ends saw the
 * errors that the ending must cause, 1 with a sentence when one did not, 2 for bad usage.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNREAD_BYTES 4096

enum action {
	ACTION_NONE, /* wait for the end: read until 0 or an error */
	ACTION_FIN, /* shut down, then read until 0 */
	ACTION_LINGER, /* close with SO_LINGER 0 */
	ACTION_UNREAD, /* close with UNREAD_BYTES in the receive queue */
	ACTION_FILL, /* write UNREAD_BYTES, then as ACTION_NONE */
	ACTION_KILL, /* have `ss -K` close the socket, then as ACTION_NONE */
};

struct ending {
	const char *name;
	int listens; /* false: the port is closed again before the client comes */
	int connect_error; /* what connect() must say */
	enum action client;
	enum action server;
	int client_error; /* what the client's last read must say */
	int server_error;
};

/* clang-format off */
static const struct ending endings[] = {
	{ "refused", 0, ECONNREFUSED, ACTION_NONE, ACTION_NONE, 0, 0 },
	{ "rejected", 1, ECONNREFUSED, ACTION_NONE, ACTION_NONE, 0, 0 },
	{ "aborted", 1, 0, ACTION_LINGER, ACTION_NONE, 0, ECONNRESET },
	{ "reset", 1, 0, ACTION_NONE, ACTION_LINGER, ECONNRESET, 0 },
	{ "unread", 1, 0, ACTION_FILL, ACTION_UNREAD, ECONNRESET, 0 },
	{ "killed", 1, 0, ACTION_KILL, ACTION_NONE, ECONNABORTED, ECONNRESET },
	{ "graceful", 1, 0, ACTION_FIN, ACTION_NONE, 0, 0 },
};
/* clang-format on */

/* What the two processes tell each other and the parent. */
struct message {
	int pid;
	int port;
};

static void fail(const char *what)
{
	fprintf(stderr, "endings: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void netns_enter(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail(path);
	close(fd);
}

static socklen_t address_parse(const char *text, int port, struct sockaddr_storage *ret_address)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_address;
	struct sockaddr_in *four = (struct sockaddr_in *)ret_address;

	memset(ret_address, 0, sizeof(*ret_address));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return sizeof(*four);
	}
	if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
		fail(text);
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	return sizeof(*six);
}

/* Still there after a refused connect. */
static int local_port(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size))
		fail("getsockname");
	/* The port is at the same place in both families. */
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static void error_check(const char *who, int error, int expected)
{
	if (error == expected)
		return;
	fprintf(stderr, "endings: %s: error %d (%s), expected %d (%s)\n", who, error,
		strerror(error), expected, strerror(expected));
	_exit(1);
}

static void end_wait(int fd, const char *who, int expected)
{
	char buffer[UNREAD_BYTES];
	ssize_t size;

	do {
		size = read(fd, buffer, sizeof(buffer));
	} while (size > 0);
	error_check(who, size < 0 ? errno : 0, expected);
}

static void unread_wait(int fd)
{
	int unread = 0;

	while (unread < UNREAD_BYTES) {
		if (ioctl(fd, FIONREAD, &unread))
			fail("FIONREAD");
		usleep(1000);
	}
}

/* Process context, own socket: whatever ends here, this process is the one to be named. */
static void connection_end(int fd, const char *who, enum action action, int expected)
{
	static const struct linger now = { .l_onoff = 1 };
	char buffer[UNREAD_BYTES] = { 0 }, command[80];

	if (action == ACTION_LINGER && setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)))
		fail("SO_LINGER");
	if (action == ACTION_UNREAD)
		unread_wait(fd);
	if (action == ACTION_FILL && write(fd, buffer, sizeof(buffer)) != sizeof(buffer))
		fail("write");
	if (action == ACTION_FIN && shutdown(fd, SHUT_WR))
		fail("shutdown");
	if (action == ACTION_KILL) {
		snprintf(command, sizeof(command), "/usr/bin/ss -K -t sport = :%d >/dev/null",
			 local_port(fd));
		if (system(command))
			fail("ss -K");
	}
	if (action != ACTION_LINGER && action != ACTION_UNREAD)
		end_wait(fd, who, expected);
	close(fd);
}

static void server_run(const struct ending *ending, char **argv, int ready_fd)
{
	struct message message = { .pid = getpid() };
	struct sockaddr_storage address;
	socklen_t size = address_parse(argv[3], 0, &address);
	int listener, fd;
	char byte;

	prctl(PR_SET_NAME, "end-server");
	netns_enter(argv[2]);
	listener = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) ||
	    listen(listener, 8))
		fail("listen");
	message.port = local_port(listener);
	if (!ending->listens)
		close(listener);
	if (write(ready_fd, &message, sizeof(message)) != sizeof(message))
		fail("pipe");
	if (ending->connect_error)
		pause(); /* until the client is done and the parent ends this process */
	fd = accept(listener, NULL, NULL);
	if (fd < 0 || read(fd, &byte, 1) != 1 || write(fd, &byte, 1) != 1)
		fail("server");
	connection_end(fd, "server", ending->server, ending->server_error);
	_exit(0);
}

/* Whose stack is named must be there to be asked: until both records are in that file, or 40 s. */
static void records_await(const char *path)
{
	char bytes[65536];
	int lines = 0, fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	for (int tries = 0; fd >= 0 && lines < 2 && tries < 400; tries++) {
		ssize_t size = read(fd, bytes, sizeof(bytes));

		for (ssize_t i = 0; i < size; i++)
			lines += bytes[i] == '\n';
		usleep(100000);
	}
}

static void client_run(const struct ending *ending, char **argv, int port, int done_fd)
{
	struct message message = { .pid = getpid() };
	struct sockaddr_storage address;
	socklen_t size = address_parse(argv[3], port, &address);
	int fd, error;
	char byte = 'x';

	prctl(PR_SET_NAME, "end-client");
	netns_enter(argv[1]);
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("socket");
	error = connect(fd, (struct sockaddr *)&address, size) ? errno : 0;
	error_check("connect", error, ending->connect_error);
	message.port = local_port(fd);
	if (write(done_fd, &message, sizeof(message)) != sizeof(message))
		fail("pipe");
	if (error)
		_exit(0);
	if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
		fail("client");
	connection_end(fd, "client", ending->client, ending->client_error);
	records_await(getenv("ENDINGS_STAY"));
	_exit(0);
}

/* alarm() is not inherited: a child that waits for nothing ends with its parent. */
static pid_t child_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static int child_wait(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) != pid)
		return 1;
	return status != 0;
}

static int ending_run(const struct ending *ending, char **argv)
{
	struct message server, client;
	int fds[2], failed;
	pid_t server_pid, client_pid;

	if (pipe2(fds, O_CLOEXEC))
		fail("pipe");
	server_pid = child_fork();
	if (!server_pid)
		server_run(ending, argv, fds[1]);
	/* The parent keeps the writing end: alarm() is what ends a wait for a dead child. */
	if (server_pid < 0 || read(fds[0], &server, sizeof(server)) != sizeof(server))
		fail("server");
	client_pid = child_fork();
	if (!client_pid)
		client_run(ending, argv, server.port, fds[1]);
	if (client_pid < 0 || read(fds[0], &client, sizeof(client)) != sizeof(client))
		fail("client");
	failed = child_wait(client_pid);
	if (ending->connect_error) {
		kill(server_pid, SIGKILL);
		waitpid(server_pid, NULL, 0);
	} else {
		failed |= child_wait(server_pid);
	}
	printf("client_pid=%d client_port=%d server_pid=%d server_port=%d\n", client.pid,
	       client.port, server.pid, server.port);
	return failed;
}

int main(int argc, char **argv)
{
	size_t i;

	alarm(90);
	for (i = 0; argc == 5 && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (!strcmp(argv[4], endings[i].name))
			return ending_run(&endings[i], argv);
	fprintf(stderr, "usage: endings CLIENT_NETNS SERVER_NETNS SERVER_ADDRESS ENDING\n");
	return 2;
}
