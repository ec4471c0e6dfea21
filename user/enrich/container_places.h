/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the container runtimes of this host keep their files. */
#ifndef USER_ENRICH_CONTAINER_PLACES_H
#define USER_ENRICH_CONTAINER_PLACES_H

#include <stddef.h>
#include <sys/types.h>

#define CONTAINER_PLACE_BYTES 256

/**
 * @docker_root       Has containers/<id>/config.v2.json.
 * @containerd_state  Has io.containerd.runtime.v2.task/<namespace>/<id>/config.json.
 * @storage_root      Of podman: has <driver>-containers/containers.json.
 * @storage_run       Of podman and CRI-O: what is lost at boot.
 * @storage_driver    "overlay", unless configured otherwise.
 * @cgroup_mount      Where the cgroups are: root's runtimes are asked of root's cgroups only. Empty:
 *                    not known, no cgroup is looked at.
 * @owner             Whose files are believed, beside root's; 0 but in tests.
 */
struct container_places {
	char docker_root[CONTAINER_PLACE_BYTES];
	char containerd_state[CONTAINER_PLACE_BYTES];
	char storage_root[CONTAINER_PLACE_BYTES];
	char storage_run[CONTAINER_PLACE_BYTES];
	char storage_driver[CONTAINER_PLACE_BYTES];
	char cgroup_mount[CONTAINER_PLACE_BYTES];
	uid_t owner;
};

/**
 * The defaults of the runtimes, and what /etc/docker/daemon.json and the command line of a running
 * dockerd (data-root), and containers' storage.conf (graphroot, runroot, driver;
 * $CONTAINERS_STORAGE_CONF names another file) say. What cannot be read, or what others than root
 * could write, is left at its default; so is what a process says that is no dockerd of root's: it is
 * known by its executable, which only root can have put there, and by its cgroup.
 *
 * @ret  Its `cgroup_mount` is read.
 */
void container_places_find(struct container_places *ret);

/*
 * For the tests: the same with the files, and the folder for /proc, named; NULL for none. `owner` and
 * `cgroup_mount` of *ret are read.
 */
void container_places_read(struct container_places *ret, const char *docker_config,
			   const char *storage_config, const char *proc);

/**
 * Read a whole file that a runtime wrote, and nobody in its place: see trusted_file_open().
 *
 * @owner     Who may have written it, beside root.
 * @size_max  A longer file is refused.
 * @ret       For free(); a NUL follows the *ret_size bytes. Set on success only.
 * @return    0; -EFBIG; -EINVAL when it is not a regular file; -EPERM when others could have put it
 *            there; another negative errno.
 */
int container_file_read(const char *path, uid_t owner, size_t size_max, char **ret,
			size_t *ret_size);

#endif
