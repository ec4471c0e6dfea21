// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/event_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/base/clock.h"

#define _cleanup_loop_ _cleanup_(event_loop_free)

struct seen {
	int calls;
	int fd;
	uint32_t events;
	int stop_after;
	int other_fd;
	int result;
	int signals[8];
};

static void pipe_new(int ends[2])
{
	assert_int_equal(pipe(ends), 0);
}

static void pipe_fill(const int ends[2])
{
	assert_int_equal(write(ends[1], "x", 1), 1);
}

static void pipe_close(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

static void loop_new(struct event_loop **ret)
{
	assert_int_equal(event_loop_new(ret), 0);
	assert_non_null(*ret);
}

static int on_event_stop(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct seen *seen = data;

	seen->fd = fd;
	seen->events = events;
	if (++seen->calls >= seen->stop_after)
		event_loop_stop(loop, seen->result);
	return 0;
}

static int on_event_fail(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	(void)loop;
	(void)fd;
	(void)events;
	(*(int *)data)++;
	return -ECANCELED;
}

static int on_signal_note(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct seen *seen = data;

	seen->signals[seen->calls] = (int)events;
	return on_event_stop(loop, fd, events, data);
}

/* Whichever of two ready descriptors comes first removes the other. */
static int on_event_remove_other(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	int *ends = data;

	(void)events;
	assert_int_equal(event_loop_remove_fd(loop, fd == ends[0] ? ends[1] : ends[0]), 0);
	ends[2]++;
	return 0;
}

static int on_event_remove_self(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	(void)events;
	(*(int *)data)++;
	assert_int_equal(event_loop_remove_fd(loop, fd), 0);
	return 0;
}

TEST(free_takes_null)
{
	struct event_loop *loop = NULL;

	event_loop_free(&loop);
	loop_new(&loop);
	event_loop_free(&loop);
	assert_null(loop);
}

TEST(descriptor_is_delivered_and_stays_open)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	struct seen seen = { .stop_after = 3, .result = 42 };
	int ends[2];

	pipe_new(ends);
	loop_new(&loop);
	assert_int_equal(event_loop_add_fd(loop, ends[0], EPOLLIN, on_event_stop, &seen), 0);
	pipe_fill(ends);
	assert_int_equal(event_loop_run(loop), 42);
	assert_int_equal(seen.calls, 3);
	assert_int_equal(seen.fd, ends[0]);
	assert_int_equal(seen.events, EPOLLIN);
	event_loop_free(&loop);
	assert_int_not_equal(fcntl(ends[0], F_GETFD), -1);
	pipe_close(ends);
}

TEST(hang_up_is_delivered)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	struct seen seen = { .stop_after = 1 };
	int ends[2];

	pipe_new(ends);
	loop_new(&loop);
	assert_int_equal(event_loop_add_fd(loop, ends[0], EPOLLIN, on_event_stop, &seen), 0);
	close(ends[1]);
	assert_int_equal(event_loop_run(loop), 0);
	assert_int_equal(seen.events, EPOLLHUP);
	close(ends[0]);
}

TEST(failure_of_a_callback_ends_the_run)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	int ends[2], calls = 0;

	pipe_new(ends);
	loop_new(&loop);
	assert_int_equal(event_loop_add_fd(loop, ends[0], EPOLLIN, on_event_fail, &calls), 0);
	pipe_fill(ends);
	assert_int_equal(event_loop_run(loop), -ECANCELED);
	assert_int_equal(event_loop_run(loop), -ECANCELED);
	assert_int_equal(calls, 2);
	pipe_close(ends);
}

TEST(bad_sources_are_refused)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	struct seen seen = { 0 };
	int ends[2], file;

	pipe_new(ends);
	loop_new(&loop);
	assert_int_equal(event_loop_add_fd(loop, -1, EPOLLIN, on_event_stop, &seen), -EBADF);
	assert_int_equal(event_loop_add_fd(loop, ends[0], EPOLLIN, on_event_stop, &seen), 0);
	assert_int_equal(event_loop_add_fd(loop, ends[0], EPOLLIN, on_event_stop, &seen), -EEXIST);
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_true(file >= 0);
	assert_int_equal(event_loop_add_fd(loop, file, EPOLLIN, on_event_stop, &seen), -EPERM);
	assert_int_equal(event_loop_add_timer(loop, 0, on_event_stop, &seen), -EINVAL);
	assert_int_equal(event_loop_add_signals(loop, (const int[]){ 1000 }, 1, on_event_stop,
						&seen),
			 -EINVAL);
	assert_int_equal(event_loop_remove_fd(loop, file), -ENOENT);
	close(file);
	pipe_close(ends);
}

TEST(loop_without_sources_does_not_hang)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	int ends[2], calls = 0;

	pipe_new(ends);
	loop_new(&loop);
	assert_int_equal(event_loop_run(loop), -EDEADLK);
	assert_int_equal(event_loop_add_fd(loop, ends[0], EPOLLIN, on_event_remove_self, &calls),
			 0);
	pipe_fill(ends);
	assert_int_equal(event_loop_run(loop), -EDEADLK);
	assert_int_equal(calls, 1);
	pipe_close(ends);
}

TEST(stop_before_run_ends_only_the_next_run)
{
	_cleanup_loop_ struct event_loop *loop = NULL;

	loop_new(&loop);
	event_loop_stop(loop, 5);
	assert_int_equal(event_loop_run(loop), 5);
	assert_int_equal(event_loop_run(loop), -EDEADLK);
}

TEST(stop_leaves_the_rest_of_the_batch_for_the_next_run)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	struct seen seen[2] = { { .stop_after = 1, .result = 1 },
				{ .stop_after = 1, .result = 2 } };
	int a[2], b[2];

	pipe_new(a);
	pipe_new(b);
	loop_new(&loop);
	assert_int_equal(event_loop_add_fd(loop, a[0], EPOLLIN, on_event_stop, &seen[0]), 0);
	assert_int_equal(event_loop_add_fd(loop, b[0], EPOLLIN, on_event_stop, &seen[1]), 0);
	pipe_fill(a);
	pipe_fill(b);
	assert_true(event_loop_run(loop) > 0);
	assert_int_equal(seen[0].calls + seen[1].calls, 1);
	assert_int_equal(event_loop_remove_fd(loop, seen[0].calls ? a[0] : b[0]), 0);
	assert_true(event_loop_run(loop) > 0);
	assert_int_equal(seen[0].calls, 1);
	assert_int_equal(seen[1].calls, 1);
	pipe_close(a);
	pipe_close(b);
}

struct swap {
	int fds[2];
	int fresh_fd;
	int calls;
	struct seen fresh_seen;
};

/*
 * Remove the other ready descriptor, close it, and watch a new, idle one under its number: the
 * event of the old one, already in the batch, must reach nobody.
 */
static int on_event_swap_other(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct swap *swap = data;
	int other = fd == swap->fds[0] ? swap->fds[1] : swap->fds[0];

	(void)events;
	swap->calls++;
	assert_int_equal(event_loop_remove_fd(loop, other), 0);
	assert_int_equal(dup2(swap->fresh_fd, other), other);
	assert_int_equal(event_loop_add_fd(loop, other, EPOLLIN, on_event_stop, &swap->fresh_seen),
			 0);
	assert_int_equal(event_loop_remove_fd(loop, fd), 0);
	return 0;
}

TEST(number_used_again_in_the_same_batch_gets_no_old_event)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	struct seen seen = { .stop_after = 2 };
	struct swap swap = { 0 };
	int a[2], b[2], idle[2], timer;

	pipe_new(a);
	pipe_new(b);
	pipe_new(idle);
	loop_new(&loop);
	swap.fds[0] = a[0];
	swap.fds[1] = b[0];
	swap.fresh_fd = idle[0];
	assert_int_equal(event_loop_add_fd(loop, a[0], EPOLLIN, on_event_swap_other, &swap), 0);
	assert_int_equal(event_loop_add_fd(loop, b[0], EPOLLIN, on_event_swap_other, &swap), 0);
	timer = event_loop_add_timer(loop, 5 * CLOCK_NS_PER_MS, on_event_stop, &seen);
	assert_true(timer >= 0);
	pipe_fill(a);
	pipe_fill(b);
	assert_int_equal(event_loop_run(loop), 0);
	assert_int_equal(swap.calls, 1);
	assert_int_equal(swap.fresh_seen.calls, 0);

	/* The new one is really watched. The timer would stop the loop, too, and be the first. */
	assert_int_equal(event_loop_remove_fd(loop, timer), 0);
	pipe_fill(idle);
	assert_int_equal(event_loop_run(loop), 0);
	assert_true(swap.fresh_seen.calls > 0);
	pipe_close(a);
	pipe_close(b);
	pipe_close(idle);
}

TEST(removed_in_the_same_batch_is_not_delivered)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	struct seen seen = { .stop_after = 1 };
	int fds_and_calls[3] = { 0 }, a[2], b[2];

	pipe_new(a);
	pipe_new(b);
	loop_new(&loop);
	fds_and_calls[0] = a[0];
	fds_and_calls[1] = b[0];
	/* Edge-triggered: each is reported once, both in the first batch. */
	assert_int_equal(event_loop_add_fd(loop, a[0], EPOLLIN | EPOLLET, on_event_remove_other,
					   fds_and_calls),
			 0);
	assert_int_equal(event_loop_add_fd(loop, b[0], EPOLLIN | EPOLLET, on_event_remove_other,
					   fds_and_calls),
			 0);
	assert_true(event_loop_add_timer(loop, 20 * CLOCK_NS_PER_MS, on_event_stop, &seen) >= 0);
	pipe_fill(a);
	pipe_fill(b);
	assert_int_equal(event_loop_run(loop), 0);
	assert_int_equal(fds_and_calls[2], 1);
	pipe_close(a);
	pipe_close(b);
}

TEST(descriptor_closed_without_removal_does_not_block_its_number)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	struct seen old = { .stop_after = 1, .result = 1 }, new = { .stop_after = 1, .result = 2 };
	int a[2], b[2];

	pipe_new(a);
	loop_new(&loop);
	assert_int_equal(event_loop_add_fd(loop, a[0], EPOLLIN, on_event_stop, &old), 0);
	pipe_close(a);
	pipe_new(b);
	assert_int_equal(b[0], a[0]);
	assert_int_equal(event_loop_add_fd(loop, b[0], EPOLLIN, on_event_stop, &new), 0);
	pipe_fill(b);
	assert_int_equal(event_loop_run(loop), 2);
	assert_int_equal(event_loop_remove_fd(loop, b[0]), 0);
	assert_int_equal(event_loop_remove_fd(loop, b[0]), -ENOENT);
	pipe_close(b);
}

TEST(timer_is_periodic_and_not_early)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	struct seen seen = { .stop_after = 5 };
	uint64_t start = clock_monotonic_ns();
	int timer;

	loop_new(&loop);
	timer = event_loop_add_timer(loop, 4 * CLOCK_NS_PER_MS, on_event_stop, &seen);
	assert_true(timer >= 0);
	assert_int_equal(event_loop_run(loop), 0);
	/* A late machine may merge two intervals into one call: a call is never early. */
	assert_true(clock_monotonic_ns() - start >= 5 * 4 * CLOCK_NS_PER_MS);
	assert_int_equal(seen.fd, timer);
	assert_true(seen.events >= 1);
	assert_int_equal(event_loop_remove_fd(loop, timer), 0);
	assert_int_equal(fcntl(timer, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
}

TEST(late_timer_gets_one_call_with_the_count)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	struct seen seen = { .stop_after = 1 };

	loop_new(&loop);
	assert_true(event_loop_add_timer(loop, CLOCK_NS_PER_MS, on_event_stop, &seen) >= 0);
	usleep(30000);
	assert_int_equal(event_loop_run(loop), 0);
	assert_int_equal(seen.calls, 1);
	assert_true(seen.events >= 29);
}

TEST(timer_may_remove_itself)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	int calls = 0;

	loop_new(&loop);
	assert_true(event_loop_add_timer(loop, CLOCK_NS_PER_MS, on_event_remove_self, &calls) >= 0);
	assert_int_equal(event_loop_run(loop), -EDEADLK);
	assert_int_equal(calls, 1);
}

TEST(signals_are_events)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	static const int signals[] = { SIGTERM, SIGUSR1 };
	struct seen seen = { .stop_after = 2, .result = 3 };
	sigset_t mask;

	loop_new(&loop);
	assert_true(event_loop_add_signals(loop, signals, 2, on_signal_note, &seen) >= 0);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	assert_true(sigismember(&mask, SIGTERM));
	assert_false(sigismember(&mask, SIGUSR2));
	raise(SIGTERM);
	raise(SIGUSR1);
	assert_int_equal(event_loop_run(loop), 3);
	assert_int_equal(seen.calls, 2);
	assert_int_equal(seen.signals[0] + seen.signals[1], SIGTERM + SIGUSR1);
}

TEST(signal_is_kept_when_the_first_one_stops_the_loop)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	static const int signals[] = { SIGTERM, SIGUSR1 };
	struct seen seen = { .stop_after = 1 };

	loop_new(&loop);
	assert_true(event_loop_add_signals(loop, signals, 2, on_signal_note, &seen) >= 0);
	raise(SIGTERM);
	raise(SIGUSR1);
	assert_int_equal(event_loop_run(loop), 0);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(event_loop_run(loop), 0);
	assert_int_equal(seen.calls, 2);
	assert_int_equal(seen.signals[0] + seen.signals[1], SIGTERM + SIGUSR1);
}

TEST(late_signal_does_not_kill_after_the_loop_is_gone)
{
	struct event_loop *loop = NULL;
	static const int signals[] = { SIGUSR1 };
	struct seen seen = { .stop_after = 1 };
	int status;
	pid_t child;

	child = fork();
	if (child == 0) {
		if (event_loop_new(&loop) != 0 ||
		    event_loop_add_signals(loop, signals, 1, on_signal_note, &seen) < 0)
			_exit(1);
		raise(SIGUSR1);
		if (event_loop_run(loop) != 0)
			_exit(2);
		raise(SIGUSR1);
		event_loop_free(&loop);
		raise(SIGUSR1);
		_exit(33);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 33);
}

TEST(more_sources_than_a_batch_holds)
{
	_cleanup_loop_ struct event_loop *loop = NULL;
	int pipes[200][2], i, calls = 0;

	loop_new(&loop);
	for (i = 0; i < 200; i++) {
		pipe_new(pipes[i]);
		pipe_fill(pipes[i]);
		assert_int_equal(event_loop_add_fd(loop, pipes[i][0], EPOLLIN, on_event_remove_self,
						   &calls),
				 0);
	}
	assert_int_equal(event_loop_run(loop), -EDEADLK);
	assert_int_equal(calls, 200);
	for (i = 0; i < 200; i++)
		pipe_close(pipes[i]);
}

TEST_MAIN()
