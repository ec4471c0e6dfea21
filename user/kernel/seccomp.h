/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The system calls of a running command, by seccomp(2). A call that is not in the table gets ENOSYS
 * and is noted in the kernel's log: a library that tries a newer call falls back to the older one,
 * and a watch of months does not end for one that nobody thought of. Calls of another architecture
 * end the process. No memory becomes executable, and no socket leaves the host.
 *
 * A new call: a row in seccomp.c.
 */
#ifndef USER_KERNEL_SECCOMP_H
#define USER_KERNEL_SECCOMP_H

/**
 * Install the filter for all threads of the process. Needs no_new_privs.
 *
 * @return  0; -EOPNOTSUPP on an architecture without a table, in a kernel without seccomp, and in a
 *          build with a sanitizer, which makes calls of its own; another negative errno.
 */
int seccomp_install(void);

#endif
