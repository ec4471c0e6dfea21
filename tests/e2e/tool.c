/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"

long long clock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int netns_enter(int netns_fd, int *ret_saved)
{
	_cleanup_close_ int saved = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (saved < 0)
		return -errno;
	if (setns(netns_fd, CLONE_NEWNET))
		return -errno;
	*ret_saved = TAKE_FD(saved);
	return 0;
}

void netns_leave(int saved)
{
	if (setns(saved, CLONE_NEWNET)) {
		perror("battery: cannot leave a network namespace");
		_exit(1);
	}
	close(saved);
}

static __attribute__((noreturn)) void tool_exec(const char *const argv[], int netns_fd,
						int input_fd, int output_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (netns_fd >= 0 && setns(netns_fd, CLONE_NEWNET))
		_exit(127);
	if (dup2(input_fd, 0) < 0 || dup2(output_fd, 1) < 0 || dup2(output_fd, 2) < 0)
		_exit(127);
	execvp(argv[0], (char *const *)argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* A file without a name, so that neither side can block on a full pipe. */
static int tool_input_file(const char *input)
{
	_cleanup_close_ int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	size_t length = input ? strlen(input) : 0;

	if (fd < 0)
		return -errno;
	if (length && write(fd, input, length) != (ssize_t)length)
		return -EIO;
	if (lseek(fd, 0, SEEK_SET))
		return -errno;
	return TAKE_FD(fd);
}

static void tool_read_output(int fd, char *output, size_t size)
{
	char discarded[1024];
	size_t used = 0;
	ssize_t count;

	for (;;) {
		if (used + 1 < size)
			count = read(fd, output + used, size - 1 - used);
		else
			count = read(fd, discarded, sizeof(discarded));
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		if (used + 1 < size)
			used += count;
	}
	output[used] = 0;
}

int tool_run(const char *const argv[], int netns_fd, const char *input,
	     struct tool_result *ret_result)
{
	_cleanup_close_ int input_fd = -EBADF;
	_cleanup_close_ int read_fd = -EBADF;
	struct tool_result result = {};
	int pipe_fds[2], status;

	input_fd = tool_input_file(input);
	if (input_fd < 0)
		return input_fd;
	if (pipe2(pipe_fds, O_CLOEXEC))
		return -errno;
	read_fd = pipe_fds[0];
	result.pid = fork();
	if (result.pid < 0) {
		close(pipe_fds[1]);
		return -errno;
	}
	if (result.pid == 0)
		tool_exec(argv, netns_fd, input_fd, pipe_fds[1]);
	close(pipe_fds[1]);
	tool_read_output(read_fd, result.output, sizeof(result.output));
	while (waitpid(result.pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	*ret_result = result;
	return 0;
}
