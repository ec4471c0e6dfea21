/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/tracer.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/tool.h"

#define STOP_MS 30000

static __attribute__((noreturn)) void tracer_exec(const char *path, const char *netns_list,
						  int stdout_fd, int stderr_fd)
{
	const char *const argv[] = { path,	     "trace", "-o",	 "ndjson",   "--all",
				     "--storm-rate", "0",     "--netns", netns_list, NULL };

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(stdout_fd, 1) < 0 || dup2(stderr_fd, 2) < 0)
		_exit(126);
	execv(path, (char *const *)argv);
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	_exit(126);
}

/* Take what is there now. false at the end of the file. */
static bool append_available(int fd, char **buffer, size_t *length)
{
	char chunk[16384];
	ssize_t count;

	while ((count = read(fd, chunk, sizeof(chunk))) > 0) {
		char *grown = realloc(*buffer, *length + count + 1);

		if (!grown)
			abort();
		*buffer = grown;
		memcpy(grown + *length, chunk, count);
		*length += count;
		grown[*length] = 0;
	}
	return count < 0 && (errno == EAGAIN || errno == EINTR);
}

static void tracer_reap(struct tracer *tracer)
{
	int status;

	while (waitpid(tracer->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return;
	}
	tracer->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	tracer->pid = 0;
}

/* NULL, or the line of the messages that begins so, whole or not. */
static const char *message_find(const struct tracer *tracer, const char *begin)
{
	const char *line = tracer->messages;

	while (line && *line) {
		if (!strncmp(line, begin, strlen(begin)))
			return line;
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return NULL;
}

/* With many interfaces some are hooked after the ready: then that is told, too. */
static bool is_ready(const struct tracer *tracer)
{
	const char *line = message_find(tracer, "closetrace: ready");
	const char *end = line ? strchr(line, '\n') : NULL;
	const char *follow = line ? strstr(line, "the others follow") : NULL;

	if (!end)
		return false;
	return !follow || follow > end || message_find(tracer, "closetrace: watching all");
}

static int tracer_wait_ready(struct tracer *tracer, int timeout_ms)
{
	long long deadline = clock_now_ms() + timeout_ms;
	bool is_open = true;

	while (is_open) {
		struct pollfd poll_fd = { .fd = tracer->stderr_fd, .events = POLLIN };
		long long rest = deadline - clock_now_ms();

		if (rest <= 0)
			return -ETIME;
		poll(&poll_fd, 1, rest);
		is_open = append_available(tracer->stderr_fd, &tracer->messages,
					   &tracer->message_bytes);
		if (is_ready(tracer))
			return 0;
	}
	tracer_reap(tracer);
	return -ESRCH;
}

int tracer_start(struct tracer *ret_tracer, const char *path, const char *netns_list,
		 int timeout_ms)
{
	struct tracer tracer = { .exit_status = -1 };
	int out[2], err[2], result;

	if (pipe2(out, O_CLOEXEC))
		return -errno;
	if (pipe2(err, O_CLOEXEC)) {
		close(out[0]);
		close(out[1]);
		return -EMFILE;
	}
	fflush(NULL);
	tracer.pid = fork();
	if (tracer.pid == 0)
		tracer_exec(path, netns_list, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	tracer.stdout_fd = out[0];
	tracer.stderr_fd = err[0];
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	if (tracer.pid < 0) {
		close(out[0]);
		close(err[0]);
		return -EAGAIN;
	}
	result = tracer_wait_ready(&tracer, timeout_ms);
	*ret_tracer = tracer;
	return result;
}

bool tracer_read(struct tracer *tracer, void (*handle_line)(void *context, char *line),
		 void *context)
{
	bool is_open =
		append_available(tracer->stdout_fd, &tracer->pending, &tracer->pending_bytes);
	char *line = tracer->pending, *end;

	append_available(tracer->stderr_fd, &tracer->messages, &tracer->message_bytes);
	if (!line)
		return is_open;
	while ((end = memchr(line, '\n', tracer->pending + tracer->pending_bytes - line))) {
		*end = 0;
		handle_line(context, line);
		line = end + 1;
	}
	tracer->pending_bytes -= line - tracer->pending;
	memmove(tracer->pending, line, tracer->pending_bytes + 1);
	return is_open;
}

void tracer_stop(struct tracer *tracer, void (*handle_line)(void *context, char *line),
		 void *context)
{
	long long deadline = clock_now_ms() + STOP_MS;
	bool is_open = tracer->pid > 0;

	if (tracer->pid > 0)
		kill(tracer->pid, SIGINT);
	while (is_open) {
		struct pollfd poll_fds[] = { { .fd = tracer->stdout_fd, .events = POLLIN },
					     { .fd = tracer->stderr_fd, .events = POLLIN } };

		poll(poll_fds, 2, 100);
		is_open = tracer_read(tracer, handle_line, context);
		if (clock_now_ms() > deadline)
			kill(tracer->pid, SIGKILL);
	}
	if (tracer->pid > 0)
		tracer_reap(tracer);
	append_available(tracer->stderr_fd, &tracer->messages, &tracer->message_bytes);
	close(tracer->stdout_fd);
	close(tracer->stderr_fd);
}

/* "lost: NAME N" names a loss; "... + N lost" is the sum, and good when it is 0. */
static bool line_tells_of_loss(const char *line, size_t length, bool *ret_is_sum)
{
	const char *lost = memmem(line, length, "lost", 4);
	const char *digit = lost;

	*ret_is_sum = lost > line + 1 && lost[-1] == ' ' && isdigit((unsigned char)lost[-2]);
	if (!*ret_is_sum)
		return lost && lost[4] == ':';
	for (digit = lost - 2; digit > line && isdigit((unsigned char)digit[-1]); digit--)
		;
	return strtoull(digit, NULL, 10) != 0;
}

bool tracer_lost_nothing(struct tracer *tracer, const char **ret_line)
{
	const char *line = tracer->messages;
	bool has_ledger = false;

	*ret_line = NULL;
	while (line && *line) {
		size_t length = strcspn(line, "\n");
		bool is_sum;

		if (line_tells_of_loss(line, length, &is_sum)) {
			*ret_line = line;
			return false;
		}
		has_ledger |= is_sum;
		line += length + (line[length] == '\n');
	}
	return has_ledger;
}

long long tracer_ledger_number(const struct tracer *tracer, const char *line_word, const char *word)
{
	const char *line = tracer->messages ? strstr(tracer->messages, line_word) : NULL;
	const char *end = line ? line + strcspn(line, "\n") : NULL;
	const char *digit = line ? memmem(line, end - line, word, strlen(word)) : NULL;

	if (!digit || digit < line + 2 || !isdigit((unsigned char)digit[-2]))
		return -1;
	for (digit -= 2; digit > line && isdigit((unsigned char)digit[-1]); digit--)
		;
	return strtoll(digit, NULL, 10);
}
