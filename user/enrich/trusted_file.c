// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"

#define LINKS_MOST 16

static bool is_ours(const struct stat *status, uid_t owner)
{
	return !status->st_uid || status->st_uid == owner;
}

/* Whether somebody else could put an entry like `entry` into the folder. */
static bool folder_is_open(const struct stat *folder, const struct stat *entry, uid_t owner)
{
	if (!is_ours(folder, owner))
		return true;
	if (!(folder->st_mode & (S_IWGRP | S_IWOTH)))
		return false;
	/* A plain file could be a second name of one of root's; a folder has none. */
	return !(folder->st_mode & S_ISVTX) || !S_ISDIR(entry->st_mode);
}

/**
 * A way that is walked part by part.
 *
 * @at    The folder where it is; @status its own.
 * @rest  What is still to walk.
 */
struct walk {
	int at;
	struct stat status;
	char rest[PATH_MAX];
	unsigned int links;
	uid_t owner;
};

static int walk_enter(struct walk *walk, int fd)
{
	if (fd < 0 || fstat(fd, &walk->status))
		return -errno;
	if (walk->at >= 0)
		close(walk->at);
	walk->at = fd;
	return 0;
}

static int walk_follow(struct walk *walk, int link_fd)
{
	char target[PATH_MAX], joined[2 * PATH_MAX];
	ssize_t bytes = readlinkat(link_fd, "", target, sizeof(target) - 1);
	int len;

	if (bytes <= 0 || ++walk->links > LINKS_MOST)
		return -ELOOP;
	target[bytes] = '\0';
	len = snprintf(joined, sizeof(joined), "%s/%s", target, walk->rest);
	if (len >= (int)sizeof(walk->rest))
		return -ENAMETOOLONG;
	memcpy(walk->rest, joined, (size_t)len + 1);
	return target[0] == '/' ? walk_enter(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) : 0;
}

/* The next part. 1 when it was the file, *ret_fd then is a descriptor of it; 0 to go on. */
static int walk_step(struct walk *walk, int *ret_fd)
{
	char *begin = walk->rest + strspn(walk->rest, "/"), *end = begin + strcspn(begin, "/");
	char name[NAME_MAX + 1];
	_cleanup_close_ int fd = -1;
	struct stat status, same;
	bool is_last = !end[strspn(end, "/")];

	if (begin == end || end - begin > NAME_MAX)
		return -EINVAL;
	memcpy(name, begin, (size_t)(end - begin));
	name[end - begin] = '\0';
	memmove(walk->rest, end, strlen(end) + 1);
	fd = openat(walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status))
		return -errno;
	if (!is_ours(&status, walk->owner) || folder_is_open(&walk->status, &status, walk->owner))
		return -EPERM;
	if (S_ISLNK(status.st_mode))
		return is_last ? -ELOOP : walk_follow(walk, fd);
	if (!is_last)
		return S_ISDIR(status.st_mode) ? walk_enter(walk, TAKE_FD(fd)) : -ENOTDIR;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	close(TAKE_FD(fd));
	fd = openat(walk->at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &same))
		return -errno;
	if (same.st_dev != status.st_dev || same.st_ino != status.st_ino)
		return -ESTALE;
	*ret_fd = TAKE_FD(fd);
	return 1;
}

int trusted_file_open(const char *path, uid_t owner)
{
	struct walk walk = { .at = -1, .owner = owner };
	int fd = -1, err;

	if (path[0] != '/' || strlen(path) >= sizeof(walk.rest))
		return -EINVAL;
	memcpy(walk.rest, path, strlen(path) + 1);
	err = walk_enter(&walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
	while (!err)
		err = walk_step(&walk, &fd);
	if (walk.at >= 0)
		close(walk.at);
	return err < 0 ? err : fd;
}

uid_t trusted_folder_owner(const char *mount, const char *path)
{
	_cleanup_close_ int at = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX + 1];
	struct stat status;
	const char *end;
	int next;

	if (at < 0)
		return (uid_t)-1;
	for (path += strspn(path, "/"); *path; path = end + strspn(end, "/")) {
		end = path + strcspn(path, "/");
		if (end - path > NAME_MAX)
			return (uid_t)-1;
		memcpy(name, path, (size_t)(end - path));
		name[end - path] = '\0';
		next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return errno == ENOENT || errno == ENODEV ? 0 : (uid_t)-1;
		close(at);
		at = next;
		if (fstat(at, &status))
			return (uid_t)-1;
		if (status.st_uid)
			return status.st_uid;
		if ((status.st_mode & S_IWOTH) || (status.st_mode & S_IWGRP && status.st_gid))
			return (uid_t)-1;
	}
	return 0;
}
