// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/report/when.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "user/base/clock.h"
#include "user/base/parse_number.h"

#define DAY_SECONDS 86400

/* All of the text must be read; NULL when it is not. */
static const char *read_all(const char *text, const char *form, struct tm *tm)
{
	const char *end = strptime(text, form, tm);

	return end && !*end ? end : NULL;
}

/* mktime() corrects what no calendar shows: the text is refused instead. */
static int from_local(struct tm tm, uint64_t *ret)
{
	struct tm asked = tm;
	time_t seconds;

	tm.tm_isdst = -1;
	seconds = mktime(&tm);
	if (tm.tm_mday != asked.tm_mday || tm.tm_mon != asked.tm_mon)
		return -EINVAL;
	if (seconds < 0 || (uint64_t)seconds > INT64_MAX / CLOCK_NS_PER_SECOND)
		return -ERANGE;
	*ret = (uint64_t)seconds * CLOCK_NS_PER_SECOND;
	return 0;
}

static int from_time_of_day(const struct tm *asked, uint64_t now_ns, uint64_t *ret)
{
	time_t now = (time_t)(now_ns / CLOCK_NS_PER_SECOND);
	struct tm tm;
	int err;

	localtime_r(&now, &tm);
	tm.tm_hour = asked->tm_hour;
	tm.tm_min = asked->tm_min;
	tm.tm_sec = asked->tm_sec;
	err = from_local(tm, ret);
	if (!err && *ret > now_ns)
		*ret -= (uint64_t)DAY_SECONDS * CLOCK_NS_PER_SECOND;
	return err;
}

int when_parse(const char *text, uint64_t now_ns, uint64_t *ret)
{
	static const char *const days[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
					    "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d" };
	static const char *const hours[] = { "%H:%M:%S", "%H:%M" };
	uint64_t ago_ns;
	int err;

	err = parse_duration_ns(text, &ago_ns);
	if (!err) {
		*ret = ago_ns < now_ns ? now_ns - ago_ns : 0;
		return 0;
	}
	for (size_t i = 0; i < sizeof(hours) / sizeof(hours[0]); i++) {
		struct tm tm = { 0 };

		if (read_all(text, hours[i], &tm))
			return from_time_of_day(&tm, now_ns, ret);
	}
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct tm tm = { 0 };

		if (read_all(text, days[i], &tm))
			return from_local(tm, ret);
	}
	return parse_time_ns(text, ret);
}
