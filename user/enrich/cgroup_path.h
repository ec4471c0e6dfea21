/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a cgroup's id to its path, remembered: some are gone before their sockets are. */
#ifndef USER_ENRICH_CGROUP_PATH_H
#define USER_ENRICH_CGROUP_PATH_H

#include <stdbool.h>
#include <stdint.h>

struct cgroup_paths;

/**
 * Find the cgroup2 mount (of a hybrid hierarchy, too).
 *
 * @return  0; -ENOENT when there is no cgroup2 mount; -ENOMEM. *ret on success only.
 */
int cgroup_paths_new(struct cgroup_paths **ret);
/* Where the hierarchy is mounted. Borrowed. */
const char *cgroup_paths_mount(const struct cgroup_paths *paths);
void cgroup_paths_free(struct cgroup_paths **paths);

/**
 * The path below the mount, "/" for the root.
 *
 * @id      sk_cgrp_data.cgroup->kn->id; 0 = unknown.
 * @return  Borrowed until the next call; NULL when it is unknown: never seen and gone by
 *          now, or CAP_DAC_READ_SEARCH is missing. Any bytes but NUL may occur.
 * Source:  open_by_handle_at(2) with FILEID_KERNFS, fs/kernfs/mount.c.
 */
const char *cgroup_path_lookup(struct cgroup_paths *paths, uint64_t id);

/**
 * A cgroup came, or is about to go, and this is its path.
 *
 * @is_cut  `path` is only its beginning: it is used when the whole cannot be had.
 * @return  As kept, borrowed until the next call; NULL without memory.
 */
const char *cgroup_path_learn(struct cgroup_paths *paths, uint64_t id, const char *path,
			      bool is_cut);

/* The cgroup has gone: remember it for longer than those that can be looked up again. */
void cgroup_path_keep(struct cgroup_paths *paths, uint64_t id);

/**
 * Learn what is there now, the first few thousand, and call `found` for each.
 *
 * @return  0; -ENOSPC when there are more; another negative errno.
 */
int cgroup_paths_scan(struct cgroup_paths *paths,
		      void (*found)(void *data, uint64_t id, const char *path), void *data);

#endif
