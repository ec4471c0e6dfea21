/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The containers of this host by their cgroups, with the names that their runtimes wrote into
 * files. Read when a container is first heard of, and remembered: with docker's --rm the file is
 * gone 15 ms after the container's last process.
 */
#ifndef USER_ENRICH_CONTAINER_NAMES_H
#define USER_ENRICH_CONTAINER_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "user/enrich/container_places.h"
#include "user/model/connection.h"

struct container_names;

/* `places` is copied. *ret is set on success only. 0 or -ENOMEM. */
int container_names_new(const struct container_places *places, struct container_names **ret);
void container_names_free(struct container_names **names);

/**
 * The container of a cgroup, known from now on. Reads files only for one that is new.
 *
 * @path    As cgroup_path_lookup() gives it; NULL gives NULL.
 * @now_ns  CLOCK_MONOTONIC.
 * @return  Borrowed until the next call of any function here. Its name is NULL while, and when,
 *          no file tells it. NULL: not a container.
 */
const struct container *container_names_lookup(struct container_names *names, const char *path,
					       uint64_t now_ns);

/**
 * Read again for containers whose file was not there: two times, 0.1 and 0.5 s after the first.
 *
 * @return  Some are still to be tried: call again, every 0.1 s or so.
 */
bool container_names_retry(struct container_names *names, uint64_t now_ns);

/* Nothing more will be learned about what container_names_lookup() said of this path. */
bool container_names_is_final(struct container_names *names, const char *path, uint64_t now_ns);

#endif
