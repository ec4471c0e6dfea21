// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/container_places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"

#define CONFIG_BYTES_MAX (64 * 1024)

int container_file_read(const char *path, size_t size_max, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *bytes = NULL;
	_cleanup_close_ int fd = -1;
	struct stat status;
	size_t have = 0;
	ssize_t got;

	/* A FIFO in the file's place must not make us wait for a writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
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

	if (container_file_read(path, CONFIG_BYTES_MAX, &text, &size))
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

/* Run by root, and its paths are ours: a daemon within a container is neither asked nor believed. */
static bool is_daemon_of_this_host(const char *proc, const char *pid)
{
	char path[CONTAINER_PLACE_BYTES];
	struct stat process, its, ours;

	if (snprintf(path, sizeof(path), "%s/%s", proc, pid) >= (int)sizeof(path) ||
	    stat(path, &process) || process.st_uid)
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
		    strcmp(buffer, "dockerd\n") || !is_daemon_of_this_host(proc, entry->d_name))
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

	if (container_file_read(path, CONFIG_BYTES_MAX, &text, &size))
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
	*ret = (struct container_places){
		.docker_root = "/var/lib/docker",
		.containerd_state = "/run/containerd",
		.storage_root = "/var/lib/containers/storage",
		.storage_run = "/run/containers/storage",
		.storage_driver = "overlay",
	};
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

	if (!storage)
		storage = access("/etc/containers/storage.conf", F_OK) ?
				  "/usr/share/containers/storage.conf" :
				  "/etc/containers/storage.conf";
	container_places_read(ret, "/etc/docker/daemon.json", storage, "/proc");
}
