// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/cgroup_path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "user/base/cleanup.h"

#define FILEID_KERNFS 0xfe /* include/linux/exportfs.h */
#define CGROUP_PATHS_MAX 4096

/*
 * Ids are never reused, so a path once known stays true, also after the cgroup is gone. The oldest
 * go when there are many: those that are still there can be asked for again, and a removal makes
 * an entry the youngest, so what cannot be asked for again is kept longest.
 */
struct cgroup_entry {
	uint64_t id;
	UT_hash_handle hh;
	char path[];
};

struct cgroup_paths {
	struct cgroup_entry *entries;
	char *mount;
	size_t mount_bytes; /* of the mount's own path */
	int mount_fd;
};

static void mounts_close(FILE **file)
{
	if (*file)
		endmntent(*file);
}

static int cgroup2_mount_find(char *path, size_t size)
{
	_cleanup_(mounts_close) FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *mount;

	if (!mounts)
		return -errno;
	while ((mount = getmntent(mounts))) {
		if (strcmp(mount->mnt_type, "cgroup2"))
			continue;
		snprintf(path, size, "%s", mount->mnt_dir);
		return 0;
	}
	return -ENOENT;
}

int cgroup_paths_new(struct cgroup_paths **ret)
{
	_cleanup_free_ struct cgroup_paths *paths = calloc(1, sizeof(*paths));
	char mount[PATH_MAX];
	int err;

	if (!paths)
		return -ENOMEM;
	err = cgroup2_mount_find(mount, sizeof(mount));
	if (err)
		return err;
	paths->mount_fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (paths->mount_fd < 0)
		return -errno;
	paths->mount = strdup(mount);
	if (!paths->mount) {
		close(paths->mount_fd);
		return -ENOMEM;
	}
	paths->mount_bytes = strlen(mount);
	*ret = TAKE_PTR(paths);
	return 0;
}

const char *cgroup_paths_mount(const struct cgroup_paths *paths)
{
	return paths->mount;
}

static void cgroup_folder_close(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

static void cgroup_entry_remove(struct cgroup_paths *paths, struct cgroup_entry *entry)
{
	HASH_DEL(paths->entries, entry);
	free(entry);
}

void cgroup_paths_free(struct cgroup_paths **paths)
{
	struct cgroup_entry *entry, *next;

	if (!*paths)
		return;
	HASH_ITER(hh, (*paths)->entries, entry, next)
	cgroup_entry_remove(*paths, entry);
	close((*paths)->mount_fd);
	free((*paths)->mount);
	free(*paths);
	*paths = NULL;
}

/* 0 with the path below the mount; -ESTALE when the cgroup is gone. */
static int cgroup_path_read(const struct cgroup_paths *paths, uint64_t id, char *path, size_t size)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} request = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	_cleanup_close_ int fd = -1;
	char link[64], target[PATH_MAX];
	ssize_t bytes;

	memcpy(request.bytes + sizeof(struct file_handle), &id, sizeof(id));
	fd = open_by_handle_at(paths->mount_fd, &request.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	bytes = readlink(link, target, sizeof(target) - 1);
	if (bytes < (ssize_t)paths->mount_bytes)
		return -ENOENT;
	target[bytes] = '\0';
	snprintf(path, size, "%s", target[paths->mount_bytes] ? target + paths->mount_bytes : "/");
	return 0;
}

static struct cgroup_entry *cgroup_entry_find(struct cgroup_paths *paths, uint64_t id)
{
	struct cgroup_entry *entry;

	HASH_FIND(hh, paths->entries, &id, sizeof(id), entry);
	return entry;
}

static struct cgroup_entry *cgroup_entry_add(struct cgroup_paths *paths, uint64_t id,
					     const char *path)
{
	size_t bytes = strlen(path) + 1;
	struct cgroup_entry *entry = malloc(sizeof(*entry) + bytes);

	if (!entry)
		return NULL;
	entry->id = id;
	memcpy(entry->path, path, bytes);
	if (HASH_COUNT(paths->entries) >= CGROUP_PATHS_MAX)
		cgroup_entry_remove(paths, paths->entries);
	HASH_ADD(hh, paths->entries, id, sizeof(entry->id), entry);
	return entry;
}

const char *cgroup_path_learn(struct cgroup_paths *paths, uint64_t id, const char *path,
			      bool is_cut)
{
	struct cgroup_entry *entry = cgroup_entry_find(paths, id);
	char whole[PATH_MAX];

	/* The end of a path says most. While the cgroup is there, its path can be had whole. */
	if (is_cut && !cgroup_path_read(paths, id, whole, sizeof(whole)))
		path = whole;
	if (entry && *entry->path && (is_cut || !strcmp(entry->path, path)))
		return entry->path;
	if (entry)
		cgroup_entry_remove(paths, entry);
	entry = cgroup_entry_add(paths, id, path);
	return entry ? entry->path : NULL;
}

void cgroup_path_keep(struct cgroup_paths *paths, uint64_t id)
{
	struct cgroup_entry *entry = cgroup_entry_find(paths, id);

	if (!entry)
		return;
	HASH_DEL(paths->entries, entry);
	HASH_ADD(hh, paths->entries, id, sizeof(entry->id), entry);
}

const char *cgroup_path_lookup(struct cgroup_paths *paths, uint64_t id)
{
	struct cgroup_entry *entry;
	char path[PATH_MAX];

	if (!id)
		return NULL;
	entry = cgroup_entry_find(paths, id);
	if (!entry) {
		/* What cannot be found is remembered too, as an empty path: it will not come back. */
		if (cgroup_path_read(paths, id, path, sizeof(path)))
			path[0] = '\0';
		entry = cgroup_entry_add(paths, id, path);
	}
	return entry && *entry->path ? entry->path : NULL;
}

/*
 * Breadth first, without recursion: entries that are added go to the end of the list that is
 * being walked. The inode number of a cgroup's folder is its id.
 */
static int cgroup_folder_scan(struct cgroup_paths *paths, const char *parent)
{
	_cleanup_(cgroup_folder_close) DIR *folder = NULL;
	const struct dirent *item;
	char path[PATH_MAX];
	int fd;

	fd = openat(paths->mount_fd, parent[1] ? parent + 1 : ".",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return -ENOMEM;
	}
	while ((item = readdir(folder))) {
		if (item->d_type != DT_DIR || !strcmp(item->d_name, ".") ||
		    !strcmp(item->d_name, ".."))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", parent[1] ? parent : "", item->d_name) >=
		    (int)sizeof(path))
			continue;
		if (HASH_COUNT(paths->entries) >= CGROUP_PATHS_MAX)
			return -ENOSPC;
		cgroup_path_learn(paths, item->d_ino, path, false);
	}
	return 0;
}

int cgroup_paths_scan(struct cgroup_paths *paths,
		      void (*found)(void *data, uint64_t id, const char *path), void *data)
{
	struct cgroup_entry *entry;
	int err;

	err = cgroup_folder_scan(paths, "/");
	/* HASH_ITER would fetch the next entry before the body can add it. */
	for (entry = paths->entries; entry && !err; entry = entry->hh.next) {
		if (!*entry->path)
			continue;
		err = cgroup_folder_scan(paths, entry->path);
		if (err == -ENOENT || err == -ENOTDIR)
			err = 0;
	}
	for (entry = paths->entries; entry; entry = entry->hh.next)
		if (*entry->path)
			found(data, entry->id, entry->path);
	return err;
}
