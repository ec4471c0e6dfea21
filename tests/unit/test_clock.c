// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/clock.h"

#include <time.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"

#define _cleanup_strbuf_ _cleanup_(strbuf_release)

static void assert_rfc3339(struct clock_format_cache *cache, uint64_t wall_ns, const char *expected)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

	clock_append_rfc3339(&b, cache, wall_ns);
	assert_string_equal(b.data, expected);
	assert_int_equal(b.len, 30);
}

static void assert_local(struct clock_format_cache *cache, uint64_t wall_ns, bool with_ms,
			 const char *expected)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

	clock_append_local_hms(&b, cache, wall_ns, with_ms);
	assert_string_equal(b.data, expected);
	assert_int_equal(b.len, with_ms ? 12 : 8);
}

static void set_time_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

TEST(monotonic_time_never_goes_back)
{
	uint64_t last = clock_monotonic_ns(), now;
	int i;

	for (i = 0; i < 10000; i++) {
		now = clock_monotonic_ns();
		assert_true(now >= last);
		last = now;
	}
	assert_true(last > 0);
}

TEST(real_time_agrees_with_time)
{
	uint64_t before = (uint64_t)time(NULL);
	uint64_t now = clock_realtime_ns();

	/* time(2) is coarse: it may lag behind by a tick, never run ahead. */
	assert_true(now >= before * CLOCK_NS_PER_SECOND);
	assert_true(now < (before + 10) * CLOCK_NS_PER_SECOND);
}

TEST(the_map_leads_to_the_wall)
{
	struct clock_map map = { 0 };
	uint64_t mono, wall, mapped;

	clock_map_refresh(&map);
	mono = clock_monotonic_ns();
	wall = clock_realtime_ns();
	mapped = clock_map_to_wall_ns(&map, mono);
	/* 100 ms for a thread that is taken off the processor between the two reads. */
	assert_true(mapped > wall - 100 * CLOCK_NS_PER_MS);
	assert_true(mapped < wall + 100 * CLOCK_NS_PER_MS);
}

TEST(the_map_takes_negative_offsets)
{
	struct clock_map map = { .offset_ns = -1000 };

	assert_int_equal(clock_map_to_wall_ns(&map, 5000), 4000);
	map.offset_ns = 1700000000 * (int64_t)CLOCK_NS_PER_SECOND;
	assert_int_equal(clock_map_to_wall_ns(&map, 7), 1700000000000000007);
}

TEST(rfc3339_of_known_moments)
{
	assert_rfc3339(NULL, 0, "1970-01-01T00:00:00.000000000Z");
	assert_rfc3339(NULL, 1, "1970-01-01T00:00:00.000000001Z");
	assert_rfc3339(NULL, 951782399999999999, "2000-02-28T23:59:59.999999999Z");
	assert_rfc3339(NULL, 951782400000000000, "2000-02-29T00:00:00.000000000Z");
	assert_rfc3339(NULL, 1709164800120000000, "2024-02-29T00:00:00.120000000Z");
	assert_rfc3339(NULL, 4102444799000000100, "2099-12-31T23:59:59.000000100Z");
	assert_rfc3339(NULL, UINT64_MAX, "2554-07-21T23:34:33.709551615Z");
}

TEST(the_cache_does_not_show_an_old_second)
{
	struct clock_format_cache cache = { 0 };

	assert_rfc3339(&cache, 0, "1970-01-01T00:00:00.000000000Z");
	assert_rfc3339(&cache, 999999999, "1970-01-01T00:00:00.999999999Z");
	assert_rfc3339(&cache, 1000000000, "1970-01-01T00:00:01.000000000Z");
	assert_rfc3339(&cache, 999999999, "1970-01-01T00:00:00.999999999Z");
	assert_rfc3339(&cache, 86400000000000, "1970-01-02T00:00:00.000000000Z");
}

TEST(utc_and_local_time_share_a_cache)
{
	struct clock_format_cache cache = { 0 };

	set_time_zone("TST-5:30");
	assert_rfc3339(&cache, 1700000000000000000, "2023-11-14T22:13:20.000000000Z");
	assert_local(&cache, 1700000000000000000, false, "03:43:20");
	assert_rfc3339(&cache, 1700000000000000000, "2023-11-14T22:13:20.000000000Z");
	assert_local(&cache, 1700000001000000000, false, "03:43:21");
	set_time_zone("UTC0");
}

TEST(local_time_with_and_without_milliseconds)
{
	set_time_zone("UTC0");
	assert_local(NULL, 1700000000987654321, false, "22:13:20");
	assert_local(NULL, 1700000000987654321, true, "22:13:20.987");
	assert_local(NULL, 1700000000000999999, true, "22:13:20.000");
	set_time_zone("TST8");
	assert_local(NULL, 1700000000005000000, true, "14:13:20.005");
	set_time_zone("UTC0");
}

TEST(utc_does_not_depend_on_the_time_zone)
{
	set_time_zone("TST8");
	assert_rfc3339(NULL, 1700000000000000000, "2023-11-14T22:13:20.000000000Z");
	set_time_zone("UTC0");
}

TEST_MAIN()
