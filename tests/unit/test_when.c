// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/report/when.h"

#include <errno.h>

#include "tests/harness/test.h"
#include "user/base/clock.h"

/* 2026-03-04 05:06:07 UTC */
#define NOW (UINT64_C(1772600767) * CLOCK_NS_PER_SECOND)
#define SECOND CLOCK_NS_PER_SECOND

static void expect(const char *text, uint64_t wanted)
{
	uint64_t got = 1;
	int err;

	setenv("TZ", "UTC", 1);
	err = when_parse(text, NOW, &got);
	if (err || got != wanted)
		fail_msg("%s: %d, %llu instead of %llu", text, err, (unsigned long long)got,
			 (unsigned long long)wanted);
}

TEST(so_long_ago_and_times_of_day_and_days)
{
	expect("1h", NOW - 3600 * SECOND);
	expect("1d", NOW - 86400 * SECOND);
	expect("90000d", 0);
	expect("05:06", NOW - 7 * SECOND);
	expect("02:40", NOW - (2 * 3600 + 26 * 60 + 7) * SECOND);
	expect("05:06:08", NOW - 86399 * SECOND);
	expect("2026-03-04", NOW - (5 * 3600 + 6 * 60 + 7) * SECOND);
	expect("2026-03-04 05:06", NOW - 7 * SECOND);
	expect("2026-03-04T05:06:07", NOW);
	expect("2026-03-04T05:06:07Z", NOW);
	expect("2026-03-04T06:06:07+01:00", NOW);
}

TEST(a_time_of_day_is_one_of_the_zone_of_the_process)
{
	uint64_t got;

	setenv("TZ", "UTC-1", 1);
	assert_int_equal(when_parse("06:06:07", NOW, &got), 0); /* mktime() reads TZ */
	assert_int_equal(got, NOW);
	setenv("TZ", "UTC", 1);
}

TEST(what_is_no_time_is_refused)
{
	static const char *const wrong[] = { "",	   "soon",	 "25:00",      "05:60",
					     "2026-02-30", "2026-13-01", "1 h",	       "-1h",
					     "1h1",	   "05:06 ",	 "2026-03-04x" };
	uint64_t got = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (!when_parse(wrong[i], NOW, &got) || got != 7)
			fail_msg("%s was taken", wrong[i]);
}

TEST_MAIN()
