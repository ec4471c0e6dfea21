/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Clocks, the way from monotonic to wall time, and wall time as text. */
#ifndef USER_BASE_CLOCK_H
#define USER_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/strbuf.h"

#define CLOCK_NS_PER_SECOND UINT64_C(1000000000)
#define CLOCK_NS_PER_MS UINT64_C(1000000)
#define CLOCK_NS_PER_US UINT64_C(1000)

/**
 * CLOCK_MONOTONIC as the kernel itself counts it, the clock of bpf_ktime_get_ns(), also within a
 * time namespace: stands still while the machine sleeps.
 */
uint64_t clock_monotonic_ns(void);

/**
 * A descriptor that becomes readable when somebody sets the wall clock; then clock_take_step().
 * Negative errno.
 */
int clock_follow_steps(void);
void clock_take_step(int fd);

/* CLOCK_REALTIME, since 1970 in UTC. */
uint64_t clock_realtime_ns(void);

/**
 * Wall time minus monotonic time. Stale once somebody sets the clock or the machine slept: refresh
 * it from a timer, and between two refreshes the map is constant, so that order is kept.
 */
struct clock_map {
	int64_t offset_ns;
};

/* Measure the offset. Error below a microsecond unless the thread is preempted every time. */
void clock_map_refresh(struct clock_map *map);

uint64_t clock_map_to_wall_ns(const struct clock_map *map, uint64_t mono_ns);

/**
 * The last second that was formatted, so that records of the same second cost a copy. One cache
 * serves both functions below. Zero it before the first use; one per thread.
 */
struct clock_format_cache {
	uint64_t utc_second;
	uint64_t local_second;
	char utc_text[20];
	char local_text[8];
	bool has_utc;
	bool has_local;
};

/* 2026-03-04T05:06:07.000000089Z: RFC 3339, always nine digits and Z. `cache` may be NULL. */
void clock_append_rfc3339(struct strbuf *b, struct clock_format_cache *cache, uint64_t wall_ns);

/* 05:06:07 or, with milliseconds, 05:06:07.123, in the time zone of the process. As above. */
void clock_append_local_hms(struct strbuf *b, struct clock_format_cache *cache, uint64_t wall_ns,
			    bool with_ms);

#endif
