/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this process may have open. */
#ifndef USER_KERNEL_LIMITS_H
#define USER_KERNEL_LIMITS_H

/*
 * Every hooked interface takes two descriptors, and the usual limit of 1,024 is soon reached on a
 * host of containers. Raised as far as allowed; a failure shows where a descriptor is missing.
 */
void limits_raise_files(void);

#endif
