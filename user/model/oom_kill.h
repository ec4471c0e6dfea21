/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USER_MODEL_OOM_KILL_H
#define USER_MODEL_OOM_KILL_H

#include <stdint.h>

#include "include/record.h"

/* A '/' before each name, and a NUL. */
#define OOM_CGROUP_BYTES (OOM_CGROUP_DEPTH * (OOM_CGROUP_NAME_BYTES + 1) + 1)

/**
 * A process that the kernel killed for memory.
 *
 * @limit_bytes  0: the whole host ran short.
 * @cgroup       Path of the cgroup that had reached that limit; any bytes but NUL.
 */
struct oom_kill {
	uint64_t time_ns;
	uint64_t limit_bytes;
	uint32_t pid;
	char cgroup[OOM_CGROUP_BYTES];
};

#endif
