// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Cgroups that come and go are told: those of the version 2 hierarchy, and no others. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bpf/wire_lab.h"

#define RECORDS_MAX 64

static struct closetrace_bpf *skeleton;
static struct ring_buffer *ring;
static struct cgroup_record records[RECORDS_MAX];
static size_t record_count;
static char mark[32]; /* in the path of each cgroup of this run; others are not ours */

static int record_take(void *data, void *record, size_t size)
{
	const struct cgroup_record *cgroup = record;

	(void)data;
	assert_int_equal(cgroup->head.type, RECORD_CGROUP);
	assert_int_equal(size, sizeof(*cgroup));
	assert_int_equal(cgroup->head.size, sizeof(*cgroup));
	assert_non_null(memchr(cgroup->path, '\0', sizeof(cgroup->path)));
	if (strstr(cgroup->path, mark) && record_count < RECORDS_MAX)
		records[record_count++] = *cgroup;
	return 0;
}

/* With the two programs attached and nothing else. */
static void cgroup_lab_start(void)
{
	struct bpf_program *program;

	record_count = 0;
	if (skeleton) {
		ring_buffer__consume(ring);
		record_count = 0;
		return;
	}
	snprintf(mark, sizeof(mark), "/ct_cgroup_%d", (int)getpid());
	skeleton = closetrace_bpf__open();
	assert_non_null(skeleton);
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program,
					  program == skeleton->progs.ct_cgroup_mkdir ||
						  program == skeleton->progs.ct_cgroup_rmdir);
	assert_int_equal(closetrace_bpf__load(skeleton), 0);
	ring = ring_buffer__new(bpf_map__fd(skeleton->maps.ct_events), record_take, NULL, NULL);
	assert_non_null(ring);
	skeleton->links.ct_cgroup_mkdir = bpf_program__attach(skeleton->progs.ct_cgroup_mkdir);
	skeleton->links.ct_cgroup_rmdir = bpf_program__attach(skeleton->progs.ct_cgroup_rmdir);
	assert_non_null(skeleton->links.ct_cgroup_mkdir);
	assert_non_null(skeleton->links.ct_cgroup_rmdir);
}

/* Where a hierarchy is mounted for writing; skips when it is not. */
static const char *hierarchy_find(const char *type)
{
	static char path[PATH_MAX];
	const struct mntent *mount;
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	bool is_found = false;

	assert_non_null(mounts);
	while (!is_found && (mount = getmntent(mounts))) {
		is_found = !strcmp(mount->mnt_type, type) && !access(mount->mnt_dir, W_OK);
		if (is_found)
			snprintf(path, sizeof(path), "%s", mount->mnt_dir);
	}
	endmntent(mounts);
	if (!is_found) {
		printf("# no %s mount to write to\n", type);
		skip();
	}
	return path;
}

TEST(a_cgroup_is_told_when_it_comes_and_when_it_goes)
{
	const char *root = hierarchy_find("cgroup2");
	char path[PATH_MAX];
	struct stat status;

	cgroup_lab_start();
	snprintf(path, sizeof(path), "%s%s", root, mark);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(stat(path, &status), 0);
	ring_buffer__consume(ring);
	assert_int_equal(record_count, 1);
	assert_string_equal(records[0].path, mark);
	assert_int_equal(records[0].head.flags, 0);
	assert_int_equal(records[0].cgroup_id, status.st_ino);
	assert_true(records[0].head.time_ns > 0);
	assert_int_equal(rmdir(path), 0);
	ring_buffer__consume(ring);
	assert_int_equal(record_count, 2);
	assert_string_equal(records[1].path, mark);
	assert_int_equal(records[1].head.flags, CGROUP_REMOVED);
	assert_int_equal(records[1].cgroup_id, status.st_ino);
}

/* The numbers of one hierarchy mean something else in another. */
TEST(version_1_is_not_told)
{
	const char *root = hierarchy_find("cgroup");
	char path[PATH_MAX];

	cgroup_lab_start();
	snprintf(path, sizeof(path), "%s%s", root, mark);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(rmdir(path), 0);
	ring_buffer__consume(ring);
	assert_int_equal(record_count, 0);
}

TEST(a_path_that_is_too_long_is_cut_and_says_so)
{
	static const char part[] = "/0123456789012345678901234567890123456789012345678901234567890";
	const char *root = hierarchy_find("cgroup2");
	char path[PATH_MAX];
	size_t length, deepest;

	cgroup_lab_start();
	length = (size_t)snprintf(path, sizeof(path), "%s%s", root, mark);
	assert_int_equal(mkdir(path, 0755), 0);
	for (deepest = 0; deepest < 4; deepest++) {
		snprintf(path + length + deepest * (sizeof(part) - 1), sizeof(part), "%s", part);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	for (; deepest; deepest--) {
		assert_int_equal(rmdir(path), 0);
		path[length + (deepest - 1) * (sizeof(part) - 1)] = '\0';
	}
	assert_int_equal(rmdir(path), 0);
	ring_buffer__consume(ring);
	assert_int_equal(record_count, 10);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(records[i].head.flags & CGROUP_PATH_CUT, 0);
	assert_int_equal(records[4].head.flags, CGROUP_PATH_CUT);
	assert_int_equal(strlen(records[4].path), CGROUP_PATH_BYTES - 1);
	assert_int_equal(strncmp(records[4].path, records[3].path, strlen(records[3].path)), 0);
	assert_int_equal(records[5].head.flags, CGROUP_PATH_CUT | CGROUP_REMOVED);
	assert_int_equal(records[5].cgroup_id, records[4].cgroup_id);
}

int main(int argc, char **argv)
{
	int result = wire_lab_main(__FILE__, argc, argv);

	ring_buffer__free(ring);
	closetrace_bpf__destroy(skeleton);
	return result;
}
