/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The length of the kernel's tick, in which the times of sockets are kept. */
#ifndef USER_KERNEL_TICK_H
#define USER_KERNEL_TICK_H

#include <stdint.h>

/**
 * Ticks per second of the running kernel (CONFIG_HZ). Nothing is measured: the coarse clock moves once
 * a tick, and clock_getres(2) says so (kernel/time/posix-timers.c, KTIME_LOW_RES).
 *
 * @return  0 when it is not known.
 */
uint32_t tick_hz(void);

#endif
