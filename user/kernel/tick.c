// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/tick.h"

#include <time.h>

#include "user/base/clock.h"

uint32_t tick_hz(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_sec || tick.tv_nsec <= 0)
		return 0;
	return (uint32_t)((CLOCK_NS_PER_SECOND + tick.tv_nsec / 2) / tick.tv_nsec);
}
