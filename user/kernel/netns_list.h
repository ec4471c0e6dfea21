/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The network namespaces that --netns asks for, and what becomes of them. */
#ifndef USER_KERNEL_NETNS_LIST_H
#define USER_KERNEL_NETNS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/kernel/namespaces.h"

/**
 * @names   As they were given, borrowed.
 * @inodes  Beside them; 0 while there is none of that name.
 * @count   0: nothing was asked for by name.
 */
struct netns_list {
	const char *const *names;
	uint32_t *inodes;
	size_t count;
};

/**
 * Find the namespaces that are asked for, each "self", a name of /run/netns or an inode number.
 *
 * @names  Borrowed for the life of *ret.
 * @ret    Set on success only; netns_list_release() frees it.
 * @return 0; -EINVAL when there is none of a name; -ENOMEM. Logged.
 */
int netns_list_resolve(struct namespaces *namespaces, const char *const *names, size_t count,
		       struct netns_list *ret);
void netns_list_release(struct netns_list *list);

bool netns_list_has(const struct netns_list *list, uint32_t inode);

/**
 * After a scan of the namespaces: forget those that are gone, because the kernel gives a number to
 * another one soon, which nobody asked for; find those that are back under their name, as a
 * container's is that was started anew. Says so.
 */
void netns_list_follow(struct netns_list *list, struct namespaces *namespaces);

#endif
