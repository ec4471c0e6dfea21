/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Putting the loaded programs on the stack's tracepoints. The links are the skeleton's. */
#ifndef USER_KERNEL_TRACEPOINTS_H
#define USER_KERNEL_TRACEPOINTS_H

#include <stdbool.h>

struct closetrace_bpf;

/* What tells of sockets, with the standbys. 0 or negative errno, logged. */
int tracepoints_attach(struct closetrace_bpf *skeleton);

/* What tells of cgroups. Only names depend on it: a failure is said, and no more. */
void tracepoints_attach_cgroups(struct closetrace_bpf *skeleton);

/* What tells how processes die, where the kernel has it. Likewise. */
void tracepoints_attach_deaths(struct closetrace_bpf *skeleton, bool signals, bool ooms);

#endif
