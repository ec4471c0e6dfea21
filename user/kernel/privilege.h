/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The capabilities that a running tracer needs, and no others. */
#ifndef USER_KERNEL_PRIVILEGE_H
#define USER_KERNEL_PRIVILEGE_H

#include <stdbool.h>

/* Whether this thread has a CAP_* now. */
bool privilege_has(unsigned int capability);

/**
 * Give up every capability that is not needed after the start, for good: what stays is for
 * hooking interfaces that come later (NET_ADMIN, BPF, PERFMON; SYS_ADMIN to enter their
 * namespaces), for reading other processes (SYS_PTRACE) and for cgroup paths
 * (DAC_READ_SEARCH). No program started from here on could gain any.
 *
 * @return  0 or negative errno; what could not be dropped is kept.
 */
int privilege_drop(void);

/* Give up all of them, in this thread. Async-signal-safe. */
void privilege_drop_all(void);

#endif
