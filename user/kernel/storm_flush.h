/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Storms are counted in the kernel and told when user space asks: bpf/storm.bpf.c. */
#ifndef USER_KERNEL_STORM_FLUSH_H
#define USER_KERNEL_STORM_FLUSH_H

#include <stdbool.h>

/**
 * Have the kernel side send one record for each group that has counted something.
 *
 * @program_fd  ct_storm_flush.
 * @return      True when the ring had no room for all: read it, then call again.
 */
bool storm_flush(int program_fd);

#endif
