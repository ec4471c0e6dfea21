// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The process that reads other programs' files: it answers, it is replaced, it is not waited for. */
#include "user/enrich/user_namer.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "user/base/clock.h"

static struct close_stacks stacks_of_nobody(void)
{
	return (struct close_stacks){ .pid = 1u << 30, .task_code = 1, .user_count = 1 };
}

TEST(the_process_begins_with_the_first_stack_and_goes_with_its_owner)
{
	struct close_stacks stacks = stacks_of_nobody();
	struct strbuf b = STRBUF_INIT;
	struct user_namer *namer;
	int pid, status;

	assert_int_equal(user_namer_new(&namer), 0);
	assert_int_equal(user_namer_pid(namer), 0);
	assert_int_equal(user_namer_append_stack(&b, namer, &stacks), -ESRCH);
	pid = user_namer_pid(namer);
	assert_true(pid > 0);
	assert_int_equal(user_namer_append_stack(&b, namer, &stacks), -ESRCH);
	assert_int_equal(user_namer_pid(namer), pid);
	assert_int_equal(b.len, 0);
	user_namer_free(&namer);
	assert_null(namer);
	/* Gone already, or about to go. */
	if (waitpid(pid, &status, 0) == pid)
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(one_that_died_is_replaced)
{
	struct close_stacks stacks = stacks_of_nobody();
	struct strbuf b = STRBUF_INIT;
	struct user_namer *namer;
	int pid, tries = 0;

	assert_int_equal(user_namer_new(&namer), 0);
	assert_int_equal(user_namer_append_stack(&b, namer, &stacks), -ESRCH);
	pid = user_namer_pid(namer);
	kill(pid, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	while (user_namer_append_stack(&b, namer, &stacks) != -ESRCH ||
	       user_namer_pid(namer) == pid)
		assert_in_range(tries++, 0, 100);
	user_namer_free(&namer);
}

TEST(one_that_is_stuck_is_waited_for_a_moment_once)
{
	struct close_stacks stacks = stacks_of_nobody();
	struct strbuf b = STRBUF_INIT;
	struct user_namer *namer;
	uint64_t begin_ns;
	int pid;

	assert_int_equal(user_namer_new(&namer), 0);
	assert_int_equal(user_namer_append_stack(&b, namer, &stacks), -ESRCH);
	pid = user_namer_pid(namer);
	kill(pid, SIGSTOP);
	assert_int_equal(user_namer_append_stack(&b, namer, &stacks), -ETIMEDOUT);
	begin_ns = clock_monotonic_ns();
	for (int i = 0; i < 100; i++)
		assert_int_equal(user_namer_append_stack(&b, namer, &stacks), -EBUSY);
	assert_true(clock_monotonic_ns() - begin_ns < USER_NAMER_PATIENCE_NS / 2);
	/* What it was asked is answered late, and then it is free again. */
	kill(pid, SIGCONT);
	while (user_namer_append_stack(&b, namer, &stacks) == -EBUSY)
		usleep(1000);
	assert_int_equal(user_namer_append_stack(&b, namer, &stacks), -ESRCH);
	assert_int_equal(user_namer_pid(namer), pid);
	kill(pid, SIGSTOP);
	begin_ns = clock_monotonic_ns();
	user_namer_free(&namer);
	assert_true(clock_monotonic_ns() - begin_ns < CLOCK_NS_PER_SECOND);
}

TEST_MAIN()
