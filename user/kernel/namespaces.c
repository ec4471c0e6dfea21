// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/namespaces.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/base/parse_number.h"
#include "user/kernel/netlink.h"

#define NAMED_NAMESPACES "/run/netns"

/* Where mounted namespaces are found: ip(8) and podman, Docker. */
static const char *const namespace_folders[] = { NAMED_NAMESPACES, "/run/docker/netns" };

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int namespaces_init(struct namespaces *namespaces)
{
	struct stat info;

	memset(namespaces, 0, sizeof(*namespaces));
	namespaces->own_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (namespaces->own_fd < 0 || fstat(namespaces->own_fd, &info))
		return -errno;
	namespaces->own_inode = info.st_ino;
	return 0;
}

void namespaces_release(struct namespaces *namespaces)
{
	free(namespaces->items);
	namespaces->items = NULL;
	namespaces->count = 0;
	if (namespaces->own_fd >= 0)
		close(namespaces->own_fd);
	namespaces->own_fd = -1;
}

struct network_namespace *namespaces_find(struct namespaces *namespaces, uint32_t inode)
{
	for (size_t i = 0; i < namespaces->count; i++)
		if (namespaces->items[i].inode == inode)
			return &namespaces->items[i];
	return NULL;
}

static int namespaces_add(struct namespaces *namespaces, uint32_t inode, const char *path)
{
	struct network_namespace *item;

	if (namespaces_find(namespaces, inode))
		return 0;
	if (namespaces->count == namespaces->capacity) {
		size_t capacity = namespaces->capacity ? namespaces->capacity * 2 : 16;
		void *items = realloc(namespaces->items, capacity * sizeof(*namespaces->items));

		if (!items)
			return -ENOMEM;
		namespaces->items = items;
		namespaces->capacity = capacity;
	}
	item = &namespaces->items[namespaces->count++];
	item->inode = inode;
	item->nsid = inode == namespaces->own_inode ? NETLINK_OWN_NAMESPACE : NAMESPACE_HAS_NO_ID;
	snprintf(item->path, sizeof(item->path), "%s", path);
	return 0;
}

/* A mounted namespace: its inode is the file's own, behind the mount. */
static int namespaces_scan_folder(struct namespaces *namespaces, const char *folder)
{
	_cleanup_(dir_close) DIR *dir = opendir(folder);
	const struct dirent *entry;
	struct stat info;
	char path[512];
	int err = 0;

	if (!dir)
		return 0;
	while (!err && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (strlen(path) < sizeof(namespaces->items->path) && !stat(path, &info))
			err = namespaces_add(namespaces, info.st_ino, path);
	}
	return err;
}

static int namespaces_scan_processes(struct namespaces *namespaces)
{
	_cleanup_(dir_close) DIR *dir = opendir("/proc");
	const struct dirent *entry;
	char path[64], target[64];
	uint64_t inode;
	ssize_t bytes;
	int err = 0;

	if (!dir)
		return 0;
	while (!err && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/ns/net", entry->d_name);
		bytes = readlink(path, target, sizeof(target) - 1);
		if (bytes <= 0)
			continue;
		/* "net:[4026531840]" */
		target[bytes - 1] = '\0';
		if (!strncmp(target, "net:[", 5) && !parse_u64(target + 5, UINT32_MAX, &inode))
			err = namespaces_add(namespaces, inode, path);
	}
	return err;
}

int namespaces_scan(struct namespaces *namespaces)
{
	struct namespaces fresh = { .own_inode = namespaces->own_inode, .own_fd = -1 };
	struct network_namespace *known;
	int err;

	err = namespaces_add(&fresh, namespaces->own_inode, "/proc/self/ns/net");
	for (size_t i = 0; !err && i < sizeof(namespace_folders) / sizeof(namespace_folders[0]);
	     i++)
		err = namespaces_scan_folder(&fresh, namespace_folders[i]);
	if (!err)
		err = namespaces_scan_processes(&fresh);
	if (err) {
		free(fresh.items);
		return err;
	}
	for (size_t i = 0; i < fresh.count; i++) {
		known = namespaces_find(namespaces, fresh.items[i].inode);
		if (known)
			fresh.items[i].nsid = known->nsid;
	}
	free(namespaces->items);
	namespaces->items = fresh.items;
	namespaces->count = fresh.count;
	namespaces->capacity = fresh.capacity;
	return 0;
}

int namespaces_lookup(struct namespaces *namespaces, const char *name, uint32_t *ret_inode)
{
	char path[512];
	struct stat info;
	uint64_t number;

	if (!strcmp(name, "self")) {
		*ret_inode = namespaces->own_inode;
		return 0;
	}
	if (!strchr(name, '/')) {
		snprintf(path, sizeof(path), NAMED_NAMESPACES "/%s", name);
		if (!stat(path, &info)) {
			*ret_inode = info.st_ino;
			return 0;
		}
	}
	if (parse_u64(name, UINT32_MAX, &number) || !namespaces_find(namespaces, number))
		return -ENOENT;
	*ret_inode = number;
	return 0;
}

void namespace_learn_id(struct network_namespace *ns)
{
	_cleanup_close_ int fd = -1;
	int nsid;

	if (ns->nsid != NAMESPACE_HAS_NO_ID)
		return;
	fd = open(ns->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	nsid = netlink_namespace_id(fd);
	if (nsid >= 0)
		ns->nsid = nsid;
	else
		log_debug("no id for network namespace %u (%s): %s", ns->inode, ns->path,
			  strerror(-nsid));
}

int namespaces_enter(const struct namespaces *namespaces, const struct network_namespace *ns)
{
	_cleanup_close_ int fd = -1;
	struct stat info;

	if (ns->inode == namespaces->own_inode)
		return 0;
	fd = open(ns->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info))
		return -errno;
	if (info.st_ino != ns->inode)
		return -ESTALE;
	return setns(fd, CLONE_NEWNET) ? -errno : 0;
}

void namespaces_leave(const struct namespaces *namespaces, const struct network_namespace *ns)
{
	/* Never left, and coming back would take a capability that entering did not. */
	if (ns->inode == namespaces->own_inode)
		return;
	/* Cannot fail for a namespace that we came from; if it does, nothing else is safe. */
	if (setns(namespaces->own_fd, CLONE_NEWNET)) {
		log_error(-errno, "cannot return to the tracer's own network namespace: %s",
			  strerror(errno));
		abort();
	}
}
