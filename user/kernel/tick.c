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

/* Between two looks: more, and the time of a tick that lies between them means nothing. */
#define TICK_GAP_NS (CLOCK_NS_PER_MS / 4)
#define TICK_TRIES 8

/**
 * Wait for the next tick.
 *
 * @ret_sharp  False when it was seen late: this task, or the CPU that counts, was away.
 * @return     Its time, or 0 when none came.
 */
static uint64_t tick_edge(int program_fd, uint32_t *jiffies, bool *ret_sharp)
{
	uint64_t now_ns = clock_monotonic_ns(), give_up_ns = now_ns + TICK_PATIENCE_NS, last_ns;
	uint32_t before = *jiffies;

	do {
		last_ns = now_ns;
		if (!tick_read(program_fd, jiffies))
			return 0;
		now_ns = clock_monotonic_ns();
	} while (*jiffies == before && now_ns < give_up_ns);
	*ret_sharp = *jiffies - before == 1 && now_ns - last_ns < TICK_GAP_NS;
	return *jiffies == before ? 0 : now_ns;
}

static uint32_t usual_hz_near(double measured)
{
	uint32_t best = usual_hz[0];

	for (size_t i = 1; i < sizeof(usual_hz) / sizeof(usual_hz[0]); i++)
		if (labs((long)(usual_hz[i] - measured)) < labs((long)(best - measured)))
			best = usual_hz[i];
	return best;
}

static double hz_between(uint64_t first_ns, uint64_t last_ns, uint32_t ticks)
{
	return (double)ticks * CLOCK_NS_PER_SECOND / (double)(last_ns - first_ns);
}

/* The first few ticks that were all seen sharply; on a busy host, the span of all tries. */
uint32_t tick_measure_hz(int program_fd)
{
	uint64_t begin_ns = 0, first_ns, last_ns = 0;
	uint32_t begin = 0, first, last;
	bool sharp = false, all_sharp = false;

	if (!tick_read(program_fd, &last))
		return 0;
	for (int i = 0; i < TICK_TRIES && !all_sharp; i++) {
		first_ns = tick_edge(program_fd, &last, &all_sharp);
		first = last;
		if (!begin_ns) {
			begin_ns = first_ns;
			begin = first;
		}
		last_ns = first_ns;
		while (last_ns && last - first < TICK_COUNT) {
			last_ns = tick_edge(program_fd, &last, &sharp);
			all_sharp &= sharp;
		}
		if (!last_ns)
			return 0;
		if (all_sharp)
			return usual_hz_near(hz_between(first_ns, last_ns, last - first));
	}
	return usual_hz_near(hz_between(begin_ns, last_ns, last - begin));
}
