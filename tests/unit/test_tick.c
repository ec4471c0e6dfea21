// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/tick.h"

#include <time.h>

#include "tests/harness/test.h"
#include "user/base/clock.h"

TEST(a_tick_is_as_long_as_the_coarse_clock_says)
{
	uint32_t hz = tick_hz();

	/* kernel/Kconfig.hz and what architectures add to it. */
	assert_in_range(hz, 24, 1200);
	assert_int_equal(hz, tick_hz());
}

TEST(the_coarse_clock_moves_by_that)
{
	uint64_t tick_ns = CLOCK_NS_PER_SECOND / tick_hz(), first_ns, next_ns;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	first_ns = next_ns = now.tv_sec * CLOCK_NS_PER_SECOND + now.tv_nsec;
	while (next_ns == first_ns) {
		clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
		next_ns = now.tv_sec * CLOCK_NS_PER_SECOND + now.tv_nsec;
	}
	/* Of a busy machine a whole number of ticks, slewed by at most 500 ppm. */
	assert_true((next_ns - first_ns + tick_ns / 100) % tick_ns <= tick_ns / 50);
}

TEST_MAIN()
