/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A second, independent observer of inet_sock_set_state. Some kernels do not run tracing programs
 * on top of certain tasks, and do not count that anywhere: what a softirq then does to a socket is
 * shown to nobody. The witness has the same blind spot, so it can tell a scenario that failed
 * because of it from one in which closetrace is wrong.
 */
#ifndef TESTS_E2E_WITNESS_H
#define TESTS_E2E_WITNESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Begin to watch all namespaces. 0 or a negative errno; without a witness nothing is excused. */
int witness_start(void);

void witness_stop(void);

/**
 * Whether the kernel has shown fewer changes of state than there were: sockets left a state that
 * they were never shown to enter, or fewer are in it than came and did not go.
 *
 * @netns_fd @netns_inode  Of a namespace whose sockets were all made after witness_start().
 */
bool witness_was_blind(int netns_fd, ino_t netns_inode);

#endif
