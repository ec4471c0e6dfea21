/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this process may have, and which limit is to blame when a start fails. */
#ifndef USER_KERNEL_LIMITS_H
#define USER_KERNEL_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Every hooked interface takes two descriptors, and the usual limit of 1,024 is soon reached on a
 * host of containers. Raised as far as allowed; a failure shows where a descriptor is missing.
 */
void limits_raise(void);

/* How many may be open beside those that everything else needs. */
size_t limits_files_left(void);

/**
 * Find out why the kernel refused a map, a program, a descriptor or a thread: a user namespace, a
 * seccomp filter, lockdown, too few descriptors, too small an address space or memory cgroup. Logs
 * one sentence that says what to do.
 *
 * @err     Negative errno of what failed; 0 when it is not known.
 * @return  -EOPNOTSUPP, logged; 0 when none of them explains it.
 */
int limits_log_blamed(int err);

/**
 * Before memory is taken that the kernel charges: a cgroup that is too small would kill us.
 *
 * @return  0; -EOPNOTSUPP, logged.
 */
int limits_check_memory(uint64_t bytes);

#endif
