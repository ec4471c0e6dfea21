// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/netns_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/log.h"

int netns_list_resolve(struct namespaces *namespaces, const char *const *names, size_t count,
		       struct netns_list *ret)
{
	struct netns_list list = { .names = names, .count = count };

	list.inodes = calloc(count ? count : 1, sizeof(*list.inodes));
	if (!list.inodes)
		return log_error(-ENOMEM, "not enough memory for the list of namespaces");
	for (size_t i = 0; i < count; i++) {
		if (namespaces_lookup(namespaces, names[i], &list.inodes[i])) {
			netns_list_release(&list);
			return log_error(-EINVAL,
					 "there is no network namespace %s; `ip netns` lists the "
					 "named ones, `lsns -t net` all",
					 names[i]);
		}
	}
	*ret = list;
	return 0;
}

void netns_list_release(struct netns_list *list)
{
	free(list->inodes);
	list->inodes = NULL;
	list->count = 0;
}

bool netns_list_has(const struct netns_list *list, uint32_t inode)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->inodes[i] == inode)
			return inode != 0;
	return false;
}

static bool is_number(const char *name)
{
	return !name[strspn(name, "0123456789")];
}

void netns_list_follow(struct netns_list *list, struct namespaces *namespaces)
{
	for (size_t i = 0; i < list->count; i++) {
		uint32_t inode = 0;

		if (list->inodes[i] && namespaces_find(namespaces, list->inodes[i]))
			continue;
		/* Under its number another one would be found. */
		if (!is_number(list->names[i]))
			namespaces_lookup(namespaces, list->names[i], &inode);
		if (list->inodes[i] && !inode)
			log_warn("the network namespace %s is gone", list->names[i]);
		else if (inode)
			log_info("the network namespace %s was made anew and is watched",
				 list->names[i]);
		list->inodes[i] = inode;
	}
}
