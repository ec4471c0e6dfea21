// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/parse_number.h"

#define CLOCK_MAP_SAMPLES 5
#define UTC_TEXT_LEN 20 /* 2026-03-04T05:06:07. */
#define LOCAL_TEXT_LEN 8 /* 05:06:07 */

static uint64_t clock_read_ns(clockid_t id)
{
	struct timespec now;

	/* Cannot fail: both clocks exist on every Linux and the pointer is good. */
	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * CLOCK_NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* "monotonic  -3600  0" of the file: seconds, which may be negative, and nanoseconds. */
static int64_t clock_offset_parse(char *text)
{
	const char *words[3] = { NULL };
	uint64_t seconds, ns;
	bool is_negative;
	char *word;

	for (size_t i = 0; i < 3 && (word = strsep(&text, " \t\n"));)
		if (*word)
			words[i++] = word;
	if (!words[2] || strcmp(words[0], "monotonic"))
		return 0;
	is_negative = words[1][0] == '-';
	if (parse_u64(words[1] + is_negative, INT64_MAX / CLOCK_NS_PER_SECOND, &seconds) ||
	    parse_u64(words[2], CLOCK_NS_PER_SECOND, &ns))
		return 0;
	return (is_negative ? -1 : 1) * (int64_t)(seconds * CLOCK_NS_PER_SECOND) + (int64_t)ns;
}

/* What this time namespace adds to the clock of the kernel: time_namespaces(7). */
static int64_t clock_namespace_offset_ns(void)
{
	static int64_t offset_ns;
	static bool is_known;
	char text[256] = "";
	_cleanup_close_ int fd = -1;

	if (is_known)
		return offset_ns;
	is_known = true;
	fd = open("/proc/self/timens_offsets", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		offset_ns = clock_offset_parse(text);
	return offset_ns;
}

uint64_t clock_monotonic_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC) - (uint64_t)clock_namespace_offset_ns();
}

int clock_follow_steps(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	clock_take_step(fd);
	return fd;
}

void clock_take_step(int fd)
{
	/* It would fire in 2242; a step cancels it, and it must be set again to hear of the next. */
	const struct itimerspec never = { .it_value.tv_sec = (time_t)1 << 33 };
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		count = 0;
	timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

uint64_t clock_realtime_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

void clock_map_refresh(struct clock_map *map)
{
	uint64_t before, wall, after, best = UINT64_MAX;
	int i;

	/* The two clocks cannot be read at once: the narrowest of several brackets is the best. */
	for (i = 0; i < CLOCK_MAP_SAMPLES; i++) {
		before = clock_monotonic_ns();
		wall = clock_realtime_ns();
		after = clock_monotonic_ns();
		if (after - before < best) {
			best = after - before;
			map->offset_ns = (int64_t)(wall - (before + best / 2));
		}
	}
}

uint64_t clock_map_to_wall_ns(const struct clock_map *map, uint64_t mono_ns)
{
	return mono_ns + (uint64_t)map->offset_ns;
}

/* `count` digits of `value`, zeros in front. */
static void clock_write_digits(char *out, unsigned int value, unsigned int count)
{
	while (count > 0) {
		out[--count] = (char)('0' + value % 10);
		value /= 10;
	}
}

static void clock_write_hms(char out[LOCAL_TEXT_LEN], const struct tm *tm)
{
	clock_write_digits(out, (unsigned int)tm->tm_hour, 2);
	out[2] = ':';
	clock_write_digits(out + 3, (unsigned int)tm->tm_min, 2);
	out[5] = ':';
	clock_write_digits(out + 6, (unsigned int)tm->tm_sec, 2);
}

/* 64 bits of nanoseconds end in the year 2554: no conversion below can fail. */
static void clock_cache_set_utc(struct clock_format_cache *cache, uint64_t second)
{
	time_t seconds = (time_t)second;
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	clock_write_digits(cache->utc_text, (unsigned int)(tm.tm_year + 1900), 4);
	cache->utc_text[4] = '-';
	clock_write_digits(cache->utc_text + 5, (unsigned int)(tm.tm_mon + 1), 2);
	cache->utc_text[7] = '-';
	clock_write_digits(cache->utc_text + 8, (unsigned int)tm.tm_mday, 2);
	cache->utc_text[10] = 'T';
	clock_write_hms(cache->utc_text + 11, &tm);
	cache->utc_text[19] = '.';
	cache->utc_second = second;
	cache->has_utc = true;
}

static void clock_cache_set_local(struct clock_format_cache *cache, uint64_t second)
{
	time_t seconds = (time_t)second;
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	clock_write_hms(cache->local_text, &tm);
	cache->local_second = second;
	cache->has_local = true;
}

void clock_append_rfc3339(struct strbuf *b, struct clock_format_cache *cache, uint64_t wall_ns)
{
	struct clock_format_cache own = { 0 };
	uint64_t second = wall_ns / CLOCK_NS_PER_SECOND;
	char text[UTC_TEXT_LEN + 10];

	if (!cache)
		cache = &own;
	if (!cache->has_utc || cache->utc_second != second)
		clock_cache_set_utc(cache, second);

	memcpy(text, cache->utc_text, UTC_TEXT_LEN);
	clock_write_digits(text + UTC_TEXT_LEN, (unsigned int)(wall_ns % CLOCK_NS_PER_SECOND), 9);
	text[UTC_TEXT_LEN + 9] = 'Z';
	strbuf_append(b, text, sizeof(text));
}

void clock_append_local_hms(struct strbuf *b, struct clock_format_cache *cache, uint64_t wall_ns,
			    bool with_ms)
{
	struct clock_format_cache own = { 0 };
	uint64_t second = wall_ns / CLOCK_NS_PER_SECOND;
	char ms[4] = ".";

	if (!cache)
		cache = &own;
	if (!cache->has_local || cache->local_second != second)
		clock_cache_set_local(cache, second);

	strbuf_append(b, cache->local_text, LOCAL_TEXT_LEN);
	if (!with_ms)
		return;
	clock_write_digits(ms + 1, (unsigned int)(wall_ns % CLOCK_NS_PER_SECOND / CLOCK_NS_PER_MS),
			   3);
	strbuf_append(b, ms, sizeof(ms));
}
