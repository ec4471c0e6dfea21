/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The network namespaces of this host: which there are, what they are called, and how
 * to act inside one. Holds no descriptor of any, so it keeps none alive.
 */
#ifndef USER_KERNEL_NAMESPACES_H
#define USER_KERNEL_NAMESPACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @inode  Of the nsfs file: what `netns` means everywhere.
 * @nsid   Its id in our own namespace; NETLINK_OWN_NAMESPACE for our own, -2 = none.
 * @path   A file that leads there, valid as long as its mount or process is.
 */
struct network_namespace {
	uint32_t inode;
	int nsid;
	char path[128];
};

struct namespaces {
	struct network_namespace *items;
	size_t count;
	size_t capacity;
	uint32_t own_inode;
	int own_fd;
};

#define NAMESPACE_HAS_NO_ID -2

/* Opens our own namespace to come back to. 0 or negative errno. */
int namespaces_init(struct namespaces *namespaces);
void namespaces_release(struct namespaces *namespaces);

/**
 * Find every namespace that a process runs in or that is mounted where ip(8) and Docker
 * put them. Replaces the list; on failure it is as before. 0 or -ENOMEM.
 *
 * Costs one readlink(2) per process.
 */
int namespaces_scan(struct namespaces *namespaces);

struct network_namespace *namespaces_find(struct namespaces *namespaces, uint32_t inode);

/* "self", a name of /run/netns, or an inode number. -ENOENT when there is no such namespace. */
int namespaces_lookup(struct namespaces *namespaces, const char *name, uint32_t *ret_inode);

/* Give the namespace an id here, so that its link events are heard. */
void namespace_learn_id(struct network_namespace *ns);

/**
 * Move this thread into the namespace, if it still is the one meant.
 *
 * @return  0, at once and without any privilege for our own; -ESTALE when the path leads elsewhere
 *          by now; another negative errno. On success namespaces_leave() with the same one must
 *          follow.
 */
int namespaces_enter(const struct namespaces *namespaces, const struct network_namespace *ns);
void namespaces_leave(const struct namespaces *namespaces, const struct network_namespace *ns);

#endif
