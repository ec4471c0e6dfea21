// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What container runtimes leave: the first line of the input is a cgroup's path, the rest the file
 * that its runtime is said to have written, or the configuration that says where to look.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "user/base/cleanup.h"
#include "user/enrich/container_id.h"
#include "user/enrich/container_names.h"

/* The id of the file that is always there, whatever the path of the input says. */
#define KNOWN_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char folder[128];
static struct container_places places;

static void folder_remove(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (system(command))
		return;
}

static void folder_make(const char *path)
{
	FUZZ_REQUIRE(!mkdir(path, 0700) || errno == EEXIST);
}

static void folders_make(void)
{
	static const char *const parts[] = {
		"containers",
		"containers/" KNOWN_ID,
		"overlay-containers",
		"overlay-containers/" KNOWN_ID,
		"overlay-containers/" KNOWN_ID "/userdata",
		"io.containerd.runtime.v2.task",
		"io.containerd.runtime.v2.task/k8s.io",
		"io.containerd.runtime.v2.task/k8s.io/" KNOWN_ID,
	};
	char path[512];

	snprintf(folder, sizeof(folder), "%s/closetrace-fuzz-%d",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", getpid());
	folder_make(folder);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, parts[i]);
		folder_make(path);
	}
	atexit(folder_remove);
	snprintf(places.docker_root, sizeof(places.docker_root), "%s", folder);
	snprintf(places.containerd_state, sizeof(places.containerd_state), "%s", folder);
	snprintf(places.storage_root, sizeof(places.storage_root), "%s", folder);
	snprintf(places.storage_run, sizeof(places.storage_run), "%s", folder);
	snprintf(places.storage_driver, sizeof(places.storage_driver), "overlay");
	places.owner = geteuid();
}

static void file_write(const char *name, const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = -1;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FUZZ_REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
}

static void path_check(const char *path)
{
	struct container_id id;

	if (container_id_from_path(path, &id))
		return;
	FUZZ_REQUIRE(id.runtime != CONTAINER_RUNTIME_NONE && id.runtime < CONTAINER_RUNTIME_COUNT);
	FUZZ_REQUIRE(isalnum((unsigned char)id.id[0]) && !strchr(id.id, '/'));
	/* One component of a path, and none that leads up. */
	FUZZ_REQUIRE(!strchr(id.namespace, '/') && strcmp(id.namespace, "..") &&
		     strcmp(id.namespace, "."));
}

static void names_check(const char *path)
{
	static const char *const known[] = {
		"/docker/" KNOWN_ID,
		"/libpod_parent/libpod-" KNOWN_ID,
		"/kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/" KNOWN_ID,
		"/system.slice/crio-" KNOWN_ID ".scope",
	};
	_cleanup_(container_names_free) struct container_names *names = NULL;

	FUZZ_REQUIRE(!container_names_new(&places, &names));
	container_names_lookup(names, path, 1);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct container *c = container_names_lookup(names, known[i], 2);

		FUZZ_REQUIRE(!c || !c->id || !strcmp(c->id, KNOWN_ID));
	}
	container_names_retry(names, 1000000000);
	container_names_is_final(names, path, 2000000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = memchr(data, '\n', size);
	size_t path_size = newline ? (size_t)(newline - data) : 0;
	const uint8_t *content = newline ? newline + 1 : data;
	_cleanup_free_ char *path = malloc(path_size + 1);
	struct container_places found = { .owner = geteuid() };
	char config[512];

	if (!folder[0])
		folders_make();
	FUZZ_REQUIRE(path);
	memcpy(path, data, path_size);
	path[path_size] = '\0';
	size -= (size_t)(content - data);
	path_check(path);
	file_write("containers/" KNOWN_ID "/config.v2.json", content, size);
	file_write("overlay-containers/containers.json", content, size);
	file_write("overlay-containers/" KNOWN_ID "/userdata/config.json", content, size);
	file_write("io.containerd.runtime.v2.task/k8s.io/" KNOWN_ID "/config.json", content, size);
	names_check(path);
	snprintf(config, sizeof(config), "%s/overlay-containers/containers.json", folder);
	container_places_read(&found, config, config, NULL);
	FUZZ_REQUIRE(memchr(found.docker_root, '\0', sizeof(found.docker_root)));
	FUZZ_REQUIRE(memchr(found.storage_driver, '\0', sizeof(found.storage_driver)));
	return 0;
}
