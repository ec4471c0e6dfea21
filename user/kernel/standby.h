/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The standbys of programs whose runs the kernel may skip: what they do, bpf/standby.bpf.h. Here is
 * which of them are used, and how they find the program that they stand by for.
 */
#ifndef USER_KERNEL_STANDBY_H
#define USER_KERNEL_STANDBY_H

#include <stdbool.h>
#include <stdint.h>

struct closetrace_bpf;

/**
 * Before the load: keep only the standbys that this kernel needs.
 *
 * @preemptible  Tracepoints may be preempted: all are needed. Else only one each of two programs, for
 *               what softirqs do on top of a task.
 */
void standby_choose(struct closetrace_bpf *skeleton, bool preemptible);

/**
 * After the load, when the programs themselves are attached: a standby must come behind.
 *
 * @return  0, or a negative errno, logged.
 */
int standby_attach(struct closetrace_bpf *skeleton);

/**
 * Runs that the kernel skipped of every tracing program; of one with standbys, only those that
 * the last standby missed as well.
 */
uint64_t standby_skipped_runs(const struct closetrace_bpf *skeleton);

#endif
