/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Somebody else's traffic: a process that opens and resets connections on the loopback of a
 * namespace as fast as it can. Nobody asked for its endings; those that were asked for must not
 * suffer. On a busy CPU a softirq interrupts the tracer's own programs, and the kernel does not
 * run a tracing program inside itself.
 */
#ifndef TESTS_E2E_NOISE_H
#define TESTS_E2E_NOISE_H

#include <sys/types.h>

/* Start it; returns its pid or a negative errno. End it with noise_stop(). */
pid_t noise_start(int netns_fd);
void noise_stop(pid_t pid);

#endif
