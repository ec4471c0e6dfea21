/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a cgroup's path to the container that it belongs to. Pure: reads no file. */
#ifndef USER_ENRICH_CONTAINER_ID_H
#define USER_ENRICH_CONTAINER_ID_H

#include <stdbool.h>

#include "user/model/connection.h"

#define CONTAINER_ID_BYTES 80 /* 76 are containerd's limit, others' have 64 */

/**
 * What a path says.
 *
 * @is_guess   The path may mean something else: true only when a state file of a runtime
 *             confirms it.
 * @is_pod     Below a Kubernetes pod. A path of the cgroupfs driver does not name the runtime
 *             there: `runtime` is then the most usual one.
 * @namespace  Of containerd, "" when the path does not say.
 */
struct container_id {
	uint8_t runtime; /* enum container_runtime, never NONE */
	bool is_guess;
	bool is_pod;
	char namespace[CONTAINER_ID_BYTES];
	char id[CONTAINER_ID_BYTES];
};

/**
 * Find the innermost container of a path.
 *
 * @path    Any bytes; from the root of the hierarchy, "/" first.
 * @ret     Set on success only. `id` and `namespace` are plain file names: letters, digits and
 *          . _ - only, none in front but a letter or a digit.
 * @return  0; -ENOENT when the path is not one of a container.
 */
int container_id_from_path(const char *path, struct container_id *ret);

#endif
