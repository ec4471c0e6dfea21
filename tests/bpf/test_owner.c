// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who is named, where the current task says something else. */
#include <sys/prctl.h>

#include "tests/bpf/socket_lab.h"

/* The client resets the connection, by a process of that name. */
static void connection_abort_as(struct socket_lab *lab, const char *name)
{
	const struct linger none = { .l_onoff = 1 };
	struct sockaddr_in address;
	int listener = server_listen(&address), client, child;

	client = client_connect(&address);
	child = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(client >= 0 && child >= 0);
	setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	assert_int_equal(prctl(PR_SET_NAME, name), 0);
	close(client);
	assert_int_equal(prctl(PR_SET_NAME, "test_owner"), 0);
	close(child);
	close(listener);
	ring_buffer__consume(lab->ring);
}

static const struct close_record *abort_record(const struct socket_lab *lab)
{
	for (size_t i = 0; i < lab->record_count; i++)
		if (lab->records[i].decision.verdict == CLOSE_LOCAL_APP_ABORT)
			return &lab->records[i];
	fail_msg("the abort was not told");
	return NULL;
}

TEST(whoever_closes_is_the_closer)
{
	struct socket_lab lab;

	socket_lab_open(&lab, 0);
	connection_abort_as(&lab, "closer");
	assert_int_equal(abort_record(&lab)->closer.pid, getpid());
	assert_string_equal(abort_record(&lab)->closer.comm, "closer");
	socket_lab_close(&lab);
}

/* It lets go last of a file that it has looked at: the owner has closed it. */
TEST(a_closetrace_closes_nobodys_connection)
{
	struct socket_lab lab;

	socket_lab_open(&lab, 0);
	connection_abort_as(&lab, "closetrace");
	assert_int_equal(abort_record(&lab)->closer.pid, 0);
	assert_int_equal(abort_record(&lab)->owner.pid, getpid());
	socket_lab_close(&lab);
}

TEST_MAIN()
