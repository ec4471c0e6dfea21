/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Letting many links go: each waits for a grace period of the kernel, under the lock of all interfaces. */
#ifndef USER_KERNEL_WIRE_RELEASE_H
#define USER_KERNEL_WIRE_RELEASE_H

#include <stddef.h>

/**
 * Close the descriptors. A child process holds them, too, and is the last to close them: it has no
 * privilege, keeps nothing else open, leaves the lock to others half of the time, and ends then. It
 * is waited for 0.2 s, which are enough for some ten interfaces.
 *
 * @fds  Taken over. Must be distinct and open.
 */
void wire_release_links(const int *fds, size_t count);

#endif
