/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef CLOSETRACE_TASK_IDENTITY_H
#define CLOSETRACE_TASK_IDENTITY_H

#include "include/compiler.h"

#define TASK_COMM_BYTES 16

/**
 * @pid   Process (thread group) id in the initial pid namespace; 0 = unknown.
 * @comm  Not NUL-terminated when all 16 bytes are used; any bytes may occur.
 */
struct task_identity {
	__u32 pid;
	__u32 uid;
	char comm[TASK_COMM_BYTES];
};
ABI_SIZE(struct task_identity, 24);

#endif
