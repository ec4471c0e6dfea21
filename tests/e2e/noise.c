/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/noise.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void connect_and_reset(int listener, const struct sockaddr_in *address)
{
	struct linger linger = { .l_onoff = 1 };
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int server;

	if (client < 0)
		return;
	if (!connect(client, (const struct sockaddr *)address, sizeof(*address))) {
		server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		close(client);
		close(server);
		return;
	}
	close(client);
}

static __attribute__((noreturn)) void noise_main(int netns_fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int listener;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "ct_noise");
	signal(SIGINT, SIG_IGN);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setns(netns_fd, CLONE_NEWNET))
		_exit(1);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 16) ||
	    getsockname(listener, (struct sockaddr *)&address, &length))
		_exit(1);
	for (;;)
		connect_and_reset(listener, &address);
}

pid_t noise_start(int netns_fd)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		noise_main(netns_fd);
	return pid;
}

void noise_stop(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
