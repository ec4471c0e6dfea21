// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/oom_kills.h"

#include <string.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"

static struct oom_record kill_of(uint32_t pid, uint64_t time_ns, const char *leaf,
				 const char *above)
{
	struct oom_record record = { .pid = pid, .limit_bytes = 60 << 20 };

	record.head.time_ns = time_ns;
	memcpy(record.names[0], leaf, strlen(leaf));
	memcpy(record.names[1], above, strlen(above));
	return record;
}

TEST(the_path_goes_from_the_root_down)
{
	_cleanup_(oom_kills_free) struct oom_kills *kills = NULL;
	struct oom_record record = kill_of(7, 1000, "pod", "kubepods");

	assert_int_equal(oom_kills_new(&kills), 0);
	oom_kills_note(kills, &record);
	assert_string_equal(oom_kills_find(kills, 7, 1000)->cgroup, "/kubepods/pod");
	memset(record.names, 'x', sizeof(record.names));
	oom_kills_note(kills, &record);
	assert_int_equal(strlen(oom_kills_find(kills, 7, 1000)->cgroup), OOM_CGROUP_BYTES - 1);
	memset(record.names, 0, sizeof(record.names));
	oom_kills_note(kills, &record);
	assert_string_equal(oom_kills_find(kills, 7, 1000)->cgroup, "/");
}

TEST(only_that_process_and_only_after_it_was_killed)
{
	_cleanup_(oom_kills_free) struct oom_kills *kills = NULL;
	struct oom_record record = kill_of(7, OOM_KILLS_NS, "a", "");

	assert_int_equal(oom_kills_new(&kills), 0);
	assert_null(oom_kills_find(kills, 0, OOM_KILLS_NS));
	oom_kills_note(kills, &record);
	assert_non_null(oom_kills_find(kills, 7, OOM_KILLS_NS));
	assert_non_null(oom_kills_find(kills, 7, 2 * OOM_KILLS_NS));
	assert_null(oom_kills_find(kills, 7, 2 * OOM_KILLS_NS + 1));
	assert_null(oom_kills_find(kills, 7, OOM_KILLS_NS - 1));
	assert_null(oom_kills_find(kills, 8, OOM_KILLS_NS));
}

TEST(the_oldest_makes_room)
{
	_cleanup_(oom_kills_free) struct oom_kills *kills = NULL;
	struct oom_record record;

	assert_int_equal(oom_kills_new(&kills), 0);
	for (uint32_t pid = 1; pid <= OOM_KILLS_MAX + 1; pid++) {
		record = kill_of(pid, 1000, "a", "");
		oom_kills_note(kills, &record);
	}
	assert_null(oom_kills_find(kills, 1, 1000));
	assert_non_null(oom_kills_find(kills, 2, 1000));
	assert_non_null(oom_kills_find(kills, OOM_KILLS_MAX + 1, 1000));
}

TEST(a_pid_that_was_used_before_is_the_younger_one)
{
	_cleanup_(oom_kills_free) struct oom_kills *kills = NULL;
	struct oom_record old = kill_of(7, 1000, "old", ""), young = kill_of(7, 2000, "young", "");

	assert_int_equal(oom_kills_new(&kills), 0);
	oom_kills_note(kills, &old);
	oom_kills_note(kills, &young);
	assert_string_equal(oom_kills_find(kills, 7, 3000)->cgroup, "/young");
	assert_string_equal(oom_kills_find(kills, 7, 1500)->cgroup, "/old");
}

TEST_MAIN()
