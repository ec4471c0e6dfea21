// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/wire_release.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/kernel/privilege.h"

#define RELEASE_PATIENCE_NS (200 * CLOCK_NS_PER_MS)
#define RELEASE_PAUSE_MOST_NS (100 * CLOCK_NS_PER_MS)

static int fd_compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Also stdout: somebody waits for its end. */
static void close_all_but(const int *sorted, size_t count, int also)
{
	unsigned int from = 0;

	for (size_t i = 0; i <= count; i++) {
		unsigned int kept = i < count ? (unsigned int)sorted[i] : ~0U;

		if (also >= 0 && (unsigned int)also >= from && (unsigned int)also < kept) {
			if ((unsigned int)also > from)
				close_range(from, also - 1, 0);
			from = also + 1;
		}
		if (kept > from)
			close_range(from, kept == ~0U ? kept : kept - 1, 0);
		from = kept + 1;
	}
}

/* The only thread here: it was a fork of one of several, and calls nothing that could wait for another. */
static void child_release(const int *fds, size_t count, int alive_fd)
{
	uint64_t begin_ns = clock_monotonic_ns(), before_ns, now_ns = begin_ns;
	struct timespec pause = {};
	sigset_t none;

	prctl(PR_SET_NAME, "closetrace-off");
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	privilege_drop_all();
	close_all_but(fds, count, alive_fd);
	for (size_t i = 0; i < count; i++) {
		before_ns = now_ns;
		close(fds[i]);
		now_ns = clock_monotonic_ns();
		if (now_ns - begin_ns < RELEASE_PATIENCE_NS)
			continue;
		pause.tv_nsec = (long)(now_ns - before_ns);
		if (now_ns - before_ns > RELEASE_PAUSE_MOST_NS)
			pause.tv_nsec = RELEASE_PAUSE_MOST_NS;
		nanosleep(&pause, NULL);
		now_ns = clock_monotonic_ns();
	}
	_exit(0);
}

static void close_each(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

static int *sorted_copy(const int *fds, size_t count)
{
	int *sorted = calloc(count, sizeof(*sorted));

	for (size_t i = 0; sorted && i < count; i++)
		sorted[i] = fds[i];
	if (sorted)
		qsort(sorted, count, sizeof(*sorted), fd_compare);
	return sorted;
}

void wire_release_links(const int *fds, size_t count)
{
	int alive[2] = { -1, -1 }, *sorted;
	struct pollfd ended = { .events = POLLIN };
	pid_t child = -1;

	if (!count)
		return;
	sorted = sorted_copy(fds, count);
	if (sorted && !pipe2(alive, O_CLOEXEC))
		child = fork();
	if (!child)
		child_release(sorted, count, alive[1]);
	/* Where there is no child these are the last ones, and take their time. */
	close_each(fds, count);
	free(sorted);
	if (alive[1] >= 0)
		close(alive[1]);
	if (child > 0) {
		ended.fd = alive[0];
		poll(&ended, 1, RELEASE_PATIENCE_NS / CLOCK_NS_PER_MS);
		waitpid(child, NULL, WNOHANG);
	}
	if (alive[0] >= 0)
		close(alive[0]);
}
