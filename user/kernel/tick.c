// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/tick.h"

#include <bpf/bpf.h>
#include <stdbool.h>
#include <stdlib.h>

#include "user/base/clock.h"

#define TICK_COUNT 3
#define TICK_PATIENCE_NS (100 * CLOCK_NS_PER_MS)

/* kernel/Kconfig.hz and what architectures add to it. */
static const uint32_t usual_hz[] = { 24, 48, 100, 128, 250, 256, 300, 512, 1000, 1024, 1200 };

static bool tick_read(int program_fd, uint32_t *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	if (bpf_prog_test_run_opts(program_fd, &options))
		return false;
	*ret = options.retval;
	return true;
}

/* Wait for the next tick. Its time, or 0 when none came. */
static uint64_t tick_edge(int program_fd, uint32_t *jiffies)
{
	uint64_t give_up_ns = clock_monotonic_ns() + TICK_PATIENCE_NS, now_ns;
	uint32_t before = *jiffies;

	do {
		if (!tick_read(program_fd, jiffies))
			return 0;
		now_ns = clock_monotonic_ns();
	} while (*jiffies == before && now_ns < give_up_ns);
	return *jiffies == before ? 0 : now_ns;
}

uint32_t tick_measure_hz(int program_fd)
{
	uint64_t first_ns, last_ns;
	uint32_t first, last, best = 0;
	double measured;

	if (!tick_read(program_fd, &first))
		return 0;
	first_ns = tick_edge(program_fd, &first);
	last = first;
	last_ns = first_ns;
	while (last_ns && last - first < TICK_COUNT)
		last_ns = tick_edge(program_fd, &last);
	if (!first_ns || !last_ns || last_ns == first_ns)
		return 0;
	measured = (double)(last - first) * CLOCK_NS_PER_SECOND / (double)(last_ns - first_ns);
	for (size_t i = 0; i < sizeof(usual_hz) / sizeof(usual_hz[0]); i++)
		if (!best || labs((long)(usual_hz[i] - measured)) < labs((long)(best - measured)))
			best = usual_hz[i];
	return best;
}
