/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The length of the kernel's tick, which no file of a running system tells for sure. */
#ifndef USER_KERNEL_TICK_H
#define USER_KERNEL_TICK_H

#include <stdint.h>

/**
 * Measure jiffies per second.
 *
 * @program_fd  A raw tracepoint program that returns the low bits of jiffies.
 * @return      One of the usual values of CONFIG_HZ; 0 when it cannot be told. Takes a
 *              few ticks.
 */
uint32_t tick_measure_hz(int program_fd);

#endif
