/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads the settings of this host that make idle connections end. */
#ifndef USER_KERNEL_HOST_TIMEOUTS_H
#define USER_KERNEL_HOST_TIMEOUTS_H

#include "user/model/idle_hint.h"

/**
 * @root  "/proc/sys", or a folder with the same files.
 * @ret   Overwritten whole; what is not there or no number of seconds is 0.
 */
void host_timeouts_read(const char *root, struct host_timeouts *ret);

#endif
