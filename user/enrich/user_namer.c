// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/user_namer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/enrich/user_symbols.h"

/* Longer than any stack that is named. */
#define ANSWER_BYTES_MOST (1u << 20)
/* Processes that did not die of SIGKILL yet: when there are so many, no other one is started. */
#define LEFT_MOST 4

struct question {
	uint64_t number;
	struct close_stacks stacks;
};

struct answer {
	uint64_t number;
	int32_t result;
	uint32_t len; /* of the text behind it */
};

/**
 * @asked      Number of the last question; it was answered when @answered is the same.
 * @asked_ns   When.
 * @left       Processes that were killed and are not gone yet.
 */
struct user_namer {
	pid_t pid; /* 0 = none */
	int to_fd, from_fd;
	uint64_t asked, answered;
	uint64_t asked_ns;
	struct strbuf text;
	pid_t left[LEFT_MOST];
};

/* -- the process that reads ------------------------------------------------------------------ */
static bool read_whole(int fd, void *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, (char *)data + done, len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return false;
	}
	return true;
}

static bool write_whole(int fd, const void *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)data + done, len - done);

		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			return false;
	}
	return true;
}

static void answer_questions(int from_fd, int to_fd)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct user_symbols *symbols;
	struct question question;

	if (user_symbols_new(&symbols))
		return;
	while (read_whole(from_fd, &question, sizeof(question))) {
		struct answer answer = { .number = question.number };

		strbuf_reset(&text);
		answer.result = user_symbols_append_stack(&text, symbols, &question.stacks);
		if (text.failed || text.len > ANSWER_BYTES_MOST)
			answer.result = -ENOMEM;
		answer.len = answer.result ? 0 : (uint32_t)text.len;
		if (!write_whole(to_fd, &answer, sizeof(answer)) ||
		    !write_whole(to_fd, text.data, answer.len))
			return;
	}
}

/*
 * It may stay behind: it keeps nothing that would outlive the tracer, no link of a program, no pipe
 * whose reader waits for its end.
 */
static void close_all_but(int one, int other)
{
	unsigned int low = (unsigned int)(one < other ? one : other);
	unsigned int high = (unsigned int)(one < other ? other : one);

	if (low)
		close_range(0, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, UINT_MAX, 0);
}

static void be_namer(int from_fd, int to_fd, pid_t parent)
{
	sigset_t none;

	/* The descriptors are low ones from here on: no file that is opened takes 0, 1 or 2. */
	close_all_but(from_fd, to_fd);
	while (open("/dev/null", O_RDWR) >= 0 && fcntl(STDERR_FILENO, F_GETFD) < 0)
		;
	log_set_level(LOG_LEVEL_ERROR);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "closetrace-name");
	if (getppid() == parent)
		answer_questions(from_fd, to_fd);
	_exit(0);
}

/* -- the caller ------------------------------------------------------------------------------ */
int user_namer_new(struct user_namer **ret)
{
	struct user_namer *namer = calloc(1, sizeof(*namer));

	if (!namer)
		return -ENOMEM;
	namer->to_fd = namer->from_fd = -1;
	*ret = namer;
	return 0;
}

static void reap_left(struct user_namer *namer)
{
	for (int i = 0; i < LEFT_MOST; i++)
		if (namer->left[i] && waitpid(namer->left[i], NULL, WNOHANG) != 0)
			namer->left[i] = 0;
}

static int *free_place(struct user_namer *namer)
{
	for (int i = 0; i < LEFT_MOST; i++)
		if (!namer->left[i])
			return &namer->left[i];
	return NULL;
}

static void end_process(struct user_namer *namer)
{
	int *place;

	if (!namer->pid)
		return;
	close(namer->to_fd);
	close(namer->from_fd);
	namer->to_fd = namer->from_fd = -1;
	/* kill(2) is not among the calls that are left; this one ends the whole process, too. */
	syscall(SYS_tgkill, namer->pid, namer->pid, SIGKILL);
	place = free_place(namer);
	if (place)
		*place = namer->pid;
	namer->pid = 0;
	namer->answered = namer->asked;
	reap_left(namer);
}

void user_namer_free(struct user_namer **namer)
{
	if (!*namer)
		return;
	end_process(*namer);
	strbuf_release(&(*namer)->text);
	free(*namer);
	*namer = NULL;
}

static int start_process(struct user_namer *namer)
{
	pid_t parent = getpid(), pid;
	int to[2], from[2];

	reap_left(namer);
	if (!free_place(namer))
		return -EBUSY;
	if (pipe2(to, O_CLOEXEC))
		return -errno;
	if (pipe2(from, O_CLOEXEC)) {
		close(to[0]);
		close(to[1]);
		return -errno;
	}
	pid = fork();
	if (pid == 0)
		be_namer(to[0], from[1], parent);
	close(to[0]);
	close(from[1]);
	if (pid < 0) {
		close(to[1]);
		close(from[0]);
		return -EAGAIN;
	}
	namer->pid = pid;
	namer->to_fd = to[1];
	namer->from_fd = from[0];
	fcntl(namer->from_fd, F_SETFL, O_NONBLOCK);
	return 0;
}

/* Whole into `data` by the deadline. 0; -ETIMEDOUT, with *done kept for the next try; -EPIPE. */
static int read_until(int fd, void *data, size_t len, size_t *done, uint64_t deadline_ns)
{
	while (*done < len) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		uint64_t now_ns = clock_monotonic_ns();
		ssize_t n = read(fd, (char *)data + *done, len - *done);

		if (n > 0) {
			*done += (size_t)n;
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return -EPIPE;
		if (now_ns >= deadline_ns)
			return -ETIMEDOUT;
		poll(&ready, 1, (int)((deadline_ns - now_ns) / CLOCK_NS_PER_MS) + 1);
	}
	return 0;
}

/* One answer into namer->text, whose result is returned in *ret. Errors as read_until(). */
static int take_answer(struct user_namer *namer, uint64_t deadline_ns, struct answer *ret)
{
	size_t done = 0;
	int err = read_until(namer->from_fd, ret, sizeof(*ret), &done, deadline_ns);

	/* Half of an answer is followed by the rest at once: it is in the pipe, or being written. */
	if (err == -ETIMEDOUT && done)
		err = read_until(namer->from_fd, ret, sizeof(*ret), &done,
				 deadline_ns + USER_NAMER_WAIT_NS);
	if (err)
		return done ? -EPIPE : err;
	strbuf_reset(&namer->text);
	if (ret->len > ANSWER_BYTES_MOST || strbuf_reserve(&namer->text, ret->len))
		return -EPIPE;
	done = 0;
	err = read_until(namer->from_fd, namer->text.data, ret->len, &done,
			 deadline_ns + USER_NAMER_WAIT_NS);
	if (err)
		return -EPIPE;
	namer->text.len = ret->len;
	namer->answered = ret->number;
	return 0;
}

/* Is it free for a question? */
static int make_ready(struct user_namer *namer)
{
	struct answer late;
	int err = 0;

	if (!namer->pid)
		return start_process(namer);
	while (namer->answered != namer->asked && !err)
		err = take_answer(namer, 0, &late);
	if (!err)
		return 0;
	if (err == -ETIMEDOUT && clock_monotonic_ns() - namer->asked_ns < USER_NAMER_PATIENCE_NS)
		return -EBUSY;
	end_process(namer);
	return start_process(namer);
}

int user_namer_append_stack(struct strbuf *b, struct user_namer *namer,
			    const struct close_stacks *stacks)
{
	struct question question = { .stacks = *stacks };
	struct answer answer;
	int err = make_ready(namer);

	if (err)
		return err;
	question.number = ++namer->asked;
	namer->asked_ns = clock_monotonic_ns();
	/* It is less than the pipe holds, and the pipe is empty: this does not wait. */
	if (!write_whole(namer->to_fd, &question, sizeof(question))) {
		end_process(namer);
		return -EPIPE;
	}
	err = take_answer(namer, namer->asked_ns + USER_NAMER_WAIT_NS, &answer);
	if (err == -EPIPE)
		end_process(namer);
	if (err)
		return err;
	if (!answer.result)
		strbuf_append(b, namer->text.data, namer->text.len);
	return answer.result;
}

int user_namer_pid(const struct user_namer *namer)
{
	return namer->pid;
}
