// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Without a privilege only what was learned can be looked up: that is what is tested here. */
#include "user/enrich/cgroup_path.h"

#include <errno.h>

#include "tests/harness/test.h"

#define ID UINT64_C(0xffffffff00000000) /* no kernel gets that far */

static struct cgroup_paths *paths_new(void)
{
	struct cgroup_paths *paths = NULL;
	int err = cgroup_paths_new(&paths);

	if (err) {
		assert_int_equal(err, -ENOENT);
		skip();
	}
	return paths;
}

TEST(what_was_learned_is_found_and_stays)
{
	struct cgroup_paths *paths = paths_new();

	assert_null(cgroup_path_lookup(paths, 0));
	assert_string_equal(cgroup_path_learn(paths, ID, "/docker/x", false), "/docker/x");
	assert_string_equal(cgroup_path_lookup(paths, ID), "/docker/x");
	cgroup_path_keep(paths, ID);
	assert_string_equal(cgroup_path_lookup(paths, ID), "/docker/x");
	cgroup_paths_free(&paths);
	assert_null(paths);
}

TEST(what_could_not_be_found_can_be_learned_later)
{
	struct cgroup_paths *paths = paths_new();

	assert_null(cgroup_path_lookup(paths, ID));
	assert_null(cgroup_path_lookup(paths, ID));
	cgroup_path_keep(paths, ID);
	cgroup_path_learn(paths, ID, "/late", false);
	assert_string_equal(cgroup_path_lookup(paths, ID), "/late");
	cgroup_paths_free(&paths);
}

TEST(a_cut_path_serves_only_while_nothing_better_is_known)
{
	struct cgroup_paths *paths = paths_new();

	assert_string_equal(cgroup_path_learn(paths, ID, "/a/lo", true), "/a/lo");
	assert_string_equal(cgroup_path_learn(paths, ID, "/a/long", false), "/a/long");
	assert_string_equal(cgroup_path_learn(paths, ID, "/a/lo", true), "/a/long");
	assert_string_equal(cgroup_path_lookup(paths, ID), "/a/long");
	cgroup_paths_free(&paths);
}

TEST(of_very_many_those_that_went_last_are_kept_longest)
{
	struct cgroup_paths *paths = paths_new();

	for (uint64_t i = 0; i < 4096; i++)
		cgroup_path_learn(paths, ID + i, "/x", false);
	cgroup_path_keep(paths, ID);
	cgroup_path_learn(paths, ID + 4096, "/y", false);
	assert_string_equal(cgroup_path_lookup(paths, ID), "/x");
	assert_string_equal(cgroup_path_lookup(paths, ID + 4096), "/y");
	assert_null(cgroup_path_lookup(paths, ID + 1));
	cgroup_paths_free(&paths);
}

static void count_one(void *data, uint64_t id, const char *path)
{
	size_t *count = data;

	assert_true(id != 0);
	assert_int_equal(path[0], '/');
	assert_true(path[1] != '\0' && path[1] != '/');
	assert_null(strstr(path, "//"));
	++*count;
}

TEST(a_scan_finds_the_paths_of_this_host)
{
	struct cgroup_paths *paths = paths_new();
	size_t count = 0, again = 0;
	int err = cgroup_paths_scan(paths, count_one, &count);

	assert_true(err == 0 || err == -ENOSPC || err == -EACCES);
	cgroup_paths_scan(paths, count_one, &again);
	/* Others make cgroups, too; but what was found once is not forgotten. */
	assert_true(again >= count);
	printf("# %zu cgroups\n", count);
	cgroup_paths_free(&paths);
}

TEST_MAIN()
