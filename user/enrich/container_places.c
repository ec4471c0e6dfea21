// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/container_places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/parse_number.h"
#include "user/enrich/trusted_file.h"

#define CONFIG_BYTES_MAX (64 * 1024)

int container_file_read(const char *path, uid_t owner, size_t size_max, char **ret,
			size_t *ret_size)
{
	_cleanup_free_ char *bytes = NULL;
	_cleanup_close_ int fd = -1;
	struct stat status;
	size_t have = 0;
	ssize_t got;

	fd = trusted_file_open(path, owner);
	if (fd < 0)
		return fd;
	if (fstat(fd, &status))
		return -errno;
	if ((size_t)status.st_size > size_max)
		return -EFBIG;
	bytes = malloc((size_t)status.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	while (have < (size_t)status.st_size) {
		got = read(fd, bytes + have, (size_t)status.st_size - have);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			break;
		if (got > 0)
			have += got;
	}
	bytes[have] = '\0';
	*ret_size = have;
	*ret = TAKE_PTR(bytes);
	return 0;
}

/* Absolute, without a trailing slash, not too long: else the default stays. */
static void place_set(char *place, const char *value, size_t len)
{
	while (len > 1 && value[len - 1] == '/')
		len--;
	if (!len || len >= CONTAINER_PLACE_BYTES || value[0] != '/')
		return;
	memcpy(place, value, len);
	place[len] = '\0';
}

static void docker_config_read(struct container_places *places, const char *path)
{
	_cleanup_free_ char *text = NULL;
	const char *root;
	json_t *config;
	size_t size;

	if (container_file_read(path, places->owner, CONFIG_BYTES_MAX, &text, &size))
		return;
	config = json_loadb(text, size, 0, NULL);
	root = json_string_value(json_object_get(config, "data-root"));
	if (root)
		place_set(places->docker_root, root, strlen(root));
	json_decref(config);
}

/* The words of a command line, each with a NUL behind it: what follows --data-root, if anything. */
static const char *docker_data_root(const char *words, size_t size)
{
	static const char option[] = "--data-root";
	const char *end = words + size, *word;

	for (word = words; word < end; word += strlen(word) + 1) {
		if (strncmp(word, option, sizeof(option) - 1))
			continue;
		if (word[sizeof(option) - 1] == '=')
			return word + sizeof(option);
		if (!word[sizeof(option) - 1] && word + sizeof(option) < end)
			return word + sizeof(option);
	}
	return NULL;
}

/* A file of /proc says that it is empty: read what fits. */
static size_t proc_file_read(const char *proc, const char *pid, const char *name, char *buffer,
			     size_t size)
{
	char path[CONTAINER_PLACE_BYTES];
	_cleanup_close_ int fd = -1;
	ssize_t got;

	if (snprintf(path, sizeof(path), "%s/%s/%s", proc, pid, name) >= (int)sizeof(path))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	got = fd < 0 ? 0 : read(fd, buffer, size - 1);
	if (got < 0)
		got = 0;
	buffer[got] = '\0';
	return got;
}

/* Real, effective, saved and file system user: a program that lends root's has another real one. */
static bool is_of_user(const char *status, uid_t owner)
{
	const char *line = strstr(status, "\nUid:");
	uint64_t uid;
	char *word, *rest;
	char copy[128];

	if (!line || snprintf(copy, sizeof(copy), "%s", line + strlen("\nUid:")) < 0)
		return false;
	copy[strcspn(copy, "\n")] = '\0';
	rest = copy;
	for (int i = 0; i < 4; i++) {
		rest += strspn(rest, "\t ");
		word = strsep(&rest, "\t ");
		if (!word || !rest == (i < 3) || parse_u64(word, UINT32_MAX, &uid) ||
		    (uid && uid != owner))
			return false;
	}
	return true;
}

/* "0::/system.slice/docker.service": of root alone. */
static bool cgroup_is_of_root(const struct container_places *places, char *cgroups)
{
	char *line = strncmp(cgroups, "0::", 3) ? strstr(cgroups, "\n0::") : cgroups;

	if (!places->cgroup_mount[0] || !line)
		return true;
	line += *line == '\n';
	line[strcspn(line, "\n")] = '\0';
	return !trusted_folder_owner(places->cgroup_mount, line + 3);
}

/* By the file that it runs, which nobody else can have put there, not by what it calls itself. */
static bool runs_dockerd(const struct container_places *places, const char *proc, const char *pid)
{
	char link[CONTAINER_PLACE_BYTES], path[PATH_MAX];
	_cleanup_close_ int fd = -1;
	struct stat runs, file;
	const char *name;
	ssize_t bytes;

	if (snprintf(link, sizeof(link), "%s/%s/exe", proc, pid) >= (int)sizeof(link))
		return false;
	bytes = readlink(link, path, sizeof(path) - 1);
	if (bytes <= 0)
		return false;
	path[bytes] = '\0';
	name = strrchr(path, '/');
	if (!name || strcmp(name + 1, "dockerd"))
		return false;
	fd = trusted_file_open(path, places->owner);
	return fd >= 0 && !fstat(fd, &file) && !stat(link, &runs) && file.st_ino == runs.st_ino &&
	       file.st_dev == runs.st_dev;
}

/* Run by root as root's, and its paths are ours: one within a container is neither asked nor believed. */
static bool is_daemon_of_this_host(const struct container_places *places, const char *proc,
				   const char *pid)
{
	char path[CONTAINER_PLACE_BYTES], text[4096];
	struct stat its, ours;

	if (!proc_file_read(proc, pid, "status", text, sizeof(text)) ||
	    !is_of_user(text, places->owner))
		return false;
	proc_file_read(proc, pid, "cgroup", text, sizeof(text));
	if (!cgroup_is_of_root(places, text) || !runs_dockerd(places, proc, pid))
		return false;
	if (snprintf(path, sizeof(path), "%s/%s/ns/mnt", proc, pid) >= (int)sizeof(path) ||
	    stat(path, &its) || stat("/proc/self/ns/mnt", &ours))
		return false;
	return its.st_ino == ours.st_ino && its.st_dev == ours.st_dev;
}

/* The option of a running daemon stands above its configuration file. */
static void docker_daemon_read(struct container_places *places, const char *proc)
{
	char buffer[4096];
	DIR *folder = opendir(proc);
	struct dirent *entry;

	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		const char *root;
		size_t size;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    !proc_file_read(proc, entry->d_name, "comm", buffer, sizeof(buffer)) ||
		    strcmp(buffer, "dockerd\n") ||
		    !is_daemon_of_this_host(places, proc, entry->d_name))
			continue;
		size = proc_file_read(proc, entry->d_name, "cmdline", buffer, sizeof(buffer));
		root = docker_data_root(buffer, size);
		if (root)
			place_set(places->docker_root, root, strlen(root));
	}
	closedir(folder);
}

/* driver = "overlay": the word between the quotes, NULL when the line says something else. */
static const char *toml_string(const char *line, const char *key, size_t *ret_len)
{
	const char *end;

	line += strspn(line, " \t");
	if (strncmp(line, key, strlen(key)))
		return NULL;
	line += strlen(key);
	line += strspn(line, " \t");
	if (*line++ != '=')
		return NULL;
	line += strspn(line, " \t");
	if (*line != '"' && *line != '\'')
		return NULL;
	end = strchr(line + 1, *line);
	if (!end)
		return NULL;
	*ret_len = end - (line + 1);
	return line + 1;
}

static void storage_config_read(struct container_places *places, const char *path)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	const char *value;
	bool is_section = false;
	size_t size, len;

	if (container_file_read(path, places->owner, CONFIG_BYTES_MAX, &text, &size))
		return;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		if (line[strspn(line, " \t")] == '[')
			is_section = strncmp(line + strspn(line, " \t"), "[storage]", 9) == 0;
		if (!is_section)
			continue;
		value = toml_string(line, "graphroot", &len);
		if (value)
			place_set(places->storage_root, value, len);
		value = toml_string(line, "runroot", &len);
		if (value)
			place_set(places->storage_run, value, len);
		value = toml_string(line, "driver", &len);
		if (value && len && len < sizeof(places->storage_driver) &&
		    !memchr(value, '/', len)) {
			memcpy(places->storage_driver, value, len);
			places->storage_driver[len] = '\0';
		}
	}
}

void container_places_read(struct container_places *ret, const char *docker_config,
			   const char *storage_config, const char *proc)
{
	struct container_places places = {
		.docker_root = "/var/lib/docker",
		.containerd_state = "/run/containerd",
		.storage_root = "/var/lib/containers/storage",
		.storage_run = "/run/containers/storage",
		.storage_driver = "overlay",
		.owner = ret->owner,
	};

	memcpy(places.cgroup_mount, ret->cgroup_mount, sizeof(places.cgroup_mount));
	*ret = places;
	if (docker_config)
		docker_config_read(ret, docker_config);
	if (proc)
		docker_daemon_read(ret, proc);
	if (storage_config)
		storage_config_read(ret, storage_config);
}

void container_places_find(struct container_places *ret)
{
	const char *storage = getenv("CONTAINERS_STORAGE_CONF");

	ret->owner = 0;
	if (!storage)
		storage = access("/etc/containers/storage.conf", F_OK) ?
				  "/usr/share/containers/storage.conf" :
				  "/etc/containers/storage.conf";
	container_places_read(ret, "/etc/docker/daemon.json", storage, "/proc");
}
