// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/container_names.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uthash.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/enrich/container_id.h"
#include "user/enrich/trusted_file.h"

#define CONTAINERS_MAX 4096
#define FOREIGN_MAX 1024
#define NAME_BYTES_MAX 253 /* of a pod; docker and podman have shorter ones */
#define CONFIG_BYTES_MAX (1024 * 1024)
#define LIST_BYTES_MAX (2 * 1024 * 1024)

static const uint64_t retry_delays_ns[] = { 100 * CLOCK_NS_PER_MS, 400 * CLOCK_NS_PER_MS };

#define RETRIES (sizeof(retry_delays_ns) / sizeof(retry_delays_ns[0]))

/**
 * The container of a cgroup, or what looked like one.
 *
 * @path         Of the cgroup; what is looked for.
 * @key          What the path says.
 * @is_foreign   A user made the cgroup: root's runtimes are not asked. Kept apart, so that none of
 *               root's makes room for it.
 * @is_denied    It has the id of one of root's: it is told of no container.
 * @container    Points into `key` and to `text`.
 * @is_confirmed A file of its runtime was read.
 * @tries        Times that it was looked for.
 */
struct container_entry {
	char *path;
	struct container_id key;
	struct container container;
	char *text[3]; /* name, pod, namespace; NULL when unknown */
	uint64_t next_try_ns;
	unsigned int tries;
	bool is_confirmed;
	bool is_foreign;
	bool is_denied;
	UT_hash_handle hh;
};

/* Podman's list of all its containers, as last read: many are looked for in the same one. */
struct container_list {
	json_t *json;
	char path[PATH_MAX];
	struct stat status;
};

struct container_names {
	struct container_places places;
	struct container_list list;
	struct container_entry *entries;
	struct container_entry *foreign;
	size_t waiting; /* entries that are to be tried again */
};

int container_names_new(const struct container_places *places, struct container_names **ret)
{
	struct container_names *names = calloc(1, sizeof(*names));

	if (!names)
		return -ENOMEM;
	names->places = *places;
	*ret = names;
	return 0;
}

static bool entry_is_waiting(const struct container_entry *entry)
{
	return !entry->is_foreign && !entry->is_confirmed && entry->tries <= RETRIES;
}

static void entry_remove(struct container_names *names, struct container_entry *entry)
{
	if (entry_is_waiting(entry))
		names->waiting--;
	if (entry->is_foreign)
		HASH_DEL(names->foreign, entry);
	else
		HASH_DEL(names->entries, entry);
	for (size_t i = 0; i < sizeof(entry->text) / sizeof(entry->text[0]); i++)
		free(entry->text[i]);
	free(entry->path);
	free(entry);
}

void container_names_free(struct container_names **names)
{
	struct container_entry *entry, *next;

	if (!*names)
		return;
	HASH_ITER(hh, (*names)->entries, entry, next)
	entry_remove(*names, entry);
	HASH_ITER(hh, (*names)->foreign, entry, next)
	entry_remove(*names, entry);
	json_decref((*names)->list.json);
	free(*names);
	*names = NULL;
}

static void json_release(json_t **json)
{
	json_decref(*json);
}

/* NULL when it is not there, too large, or not JSON. A NUL in one string does not spoil the rest. */
static json_t *json_read(const struct container_names *names, const char *path, size_t size_max)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (container_file_read(path, names->places.owner, size_max, &text, &size))
		return NULL;
	return json_loadb(text, size, JSON_ALLOW_NUL, NULL);
}

/* A copy of bounded length, NUL as U+FFFD; NULL for what is no string or empty. */
static char *text_of(const json_t *value)
{
	const char *string = json_string_value(value);
	size_t len = json_string_length(value), out = 0;
	char *text;

	if (!string || !len)
		return NULL;
	if (len > NAME_BYTES_MAX) {
		len = NAME_BYTES_MAX;
		while (len && ((unsigned char)string[len] & 0xc0) == 0x80)
			len--;
	}
	text = malloc(3 * len + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (string[i]) {
			text[out++] = string[i];
		} else {
			memcpy(text + out, "\xef\xbf\xbd", 3);
			out += 3;
		}
	}
	text[out] = '\0';
	return text;
}

enum { TEXT_NAME, TEXT_POD, TEXT_NAMESPACE };

static void entry_set(struct container_entry *entry, int which, const json_t *value)
{
	char *text = text_of(value);

	if (!text)
		return;
	free(entry->text[which]);
	entry->text[which] = text;
}

/* Labels that the kubelet gives: to docker as labels, to CRI-O as annotations. */
static void entry_set_kubernetes(struct container_entry *entry, const json_t *labels)
{
	entry_set(entry, TEXT_NAME, json_object_get(labels, "io.kubernetes.container.name"));
	entry_set(entry, TEXT_POD, json_object_get(labels, "io.kubernetes.pod.name"));
	entry_set(entry, TEXT_NAMESPACE, json_object_get(labels, "io.kubernetes.pod.namespace"));
}

static bool path_make(char path[static PATH_MAX], const char *root, const char *middle,
		      const char *namespace, const char *id, const char *file)
{
	return snprintf(path, PATH_MAX, "%s/%s%s%s/%s/%s", root, middle, *namespace ? "/" : "",
			namespace, id, file) < PATH_MAX;
}

static bool docker_read(const struct container_names *names, struct container_entry *entry)
{
	_cleanup_(json_release) json_t *config = NULL;
	char path[PATH_MAX];

	if (!path_make(path, names->places.docker_root, "containers", "", entry->key.id,
		       "config.v2.json"))
		return false;
	config = json_read(names, path, CONFIG_BYTES_MAX);
	if (!json_is_object(config))
		return false;
	entry_set(entry, TEXT_NAME, json_object_get(config, "Name"));
	/* "/web": a relic of links between containers. */
	if (entry->text[TEXT_NAME] && entry->text[TEXT_NAME][0] == '/')
		memmove(entry->text[TEXT_NAME], entry->text[TEXT_NAME] + 1,
			strlen(entry->text[TEXT_NAME]));
	entry_set_kubernetes(entry, json_object_get(json_object_get(config, "Config"), "Labels"));
	entry->container.runtime = CONTAINER_RUNTIME_DOCKER;
	return true;
}

static bool containerd_read(const struct container_names *names, struct container_entry *entry,
			    const char *namespace)
{
	_cleanup_(json_release) json_t *config = NULL;
	char path[PATH_MAX];
	json_t *notes;

	if (!path_make(path, names->places.containerd_state, "io.containerd.runtime.v2.task",
		       namespace, entry->key.id, "config.json"))
		return false;
	config = json_read(names, path, CONFIG_BYTES_MAX);
	if (!json_is_object(config))
		return false;
	notes = json_object_get(config, "annotations");
	entry_set(entry, TEXT_NAME, json_object_get(notes, "nerdctl/name"));
	entry_set(entry, TEXT_NAME, json_object_get(notes, "io.kubernetes.cri.container-name"));
	entry_set(entry, TEXT_POD, json_object_get(notes, "io.kubernetes.cri.sandbox-name"));
	entry_set(entry, TEXT_NAMESPACE,
		  json_object_get(notes, "io.kubernetes.cri.sandbox-namespace"));
	/* Who starts a container by ctr gives it its id: that is its name. */
	if (!entry->text[TEXT_NAME] && entry->key.is_guess)
		entry->text[TEXT_NAME] = strdup(entry->key.id);
	return true;
}

static bool crio_read(const struct container_names *names, struct container_entry *entry)
{
	_cleanup_(json_release) json_t *config = NULL;
	char path[PATH_MAX], folder[CONTAINER_PLACE_BYTES + 16];

	snprintf(folder, sizeof(folder), "%s-containers", names->places.storage_driver);
	if (!path_make(path, names->places.storage_run, folder, "", entry->key.id,
		       "userdata/config.json"))
		return false;
	config = json_read(names, path, CONFIG_BYTES_MAX);
	if (!json_is_object(config))
		return false;
	entry_set_kubernetes(entry, json_object_get(config, "annotations"));
	entry->container.runtime = CONTAINER_RUNTIME_CRIO;
	return true;
}

/* It is replaced as a whole when it changes, so inode and time tell whether it has. */
static json_t *list_read(struct container_names *names, const char *path)
{
	struct container_list *list = &names->list;
	struct stat status;

	if (lstat(path, &status))
		return NULL;
	if (list->json && !strcmp(list->path, path) && list->status.st_ino == status.st_ino &&
	    list->status.st_size == status.st_size &&
	    list->status.st_mtim.tv_sec == status.st_mtim.tv_sec &&
	    list->status.st_mtim.tv_nsec == status.st_mtim.tv_nsec)
		return list->json;
	json_decref(list->json);
	list->json = json_read(names, path, LIST_BYTES_MAX);
	list->status = status;
	snprintf(list->path, sizeof(list->path), "%s", path);
	return list->json;
}

/* One list for all containers: {id, names} each. */
static bool podman_read_list(struct container_names *names, struct container_entry *entry,
			     const char *root, const char *driver, const char *file)
{
	char path[PATH_MAX];
	json_t *list;

	if (snprintf(path, sizeof(path), "%s/%s-containers/%s", root, driver, file) >= PATH_MAX)
		return false;
	list = list_read(names, path);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *item = json_array_get(list, i);
		const char *id = json_string_value(json_object_get(item, "id"));

		if (!id || strcmp(id, entry->key.id))
			continue;
		entry_set(entry, TEXT_NAME, json_array_get(json_object_get(item, "names"), 0));
		return true;
	}
	return false;
}

static bool podman_read(struct container_names *names, struct container_entry *entry)
{
	const struct container_places *places = &names->places;
	const char *drivers[] = { places->storage_driver, "overlay", "vfs" };

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (podman_read_list(names, entry, places->storage_root, drivers[i],
				     "containers.json") ||
		    podman_read_list(names, entry, places->storage_run, drivers[i],
				     "volatile-containers.json"))
			return true;
	}
	return false;
}

/*
 * A user who may make cgroups can give one the name of a container of root's. What remains of a path
 * that is gone does not tell any more whose it was; systemd's does.
 */
static bool cgroup_is_of_root(const struct container_names *names, const char *path)
{
	if (!names->places.cgroup_mount[0])
		return true;
	return !strstr(path, "/user@") && !trusted_folder_owner(names->places.cgroup_mount, path);
}

static bool entry_read(struct container_names *names, struct container_entry *entry)
{
	const struct container_id *key = &entry->key;
	bool may_be_docker = (key->is_pod || key->is_guess) && strlen(key->id) == 64;

	switch (key->runtime) {
	case CONTAINER_RUNTIME_DOCKER:
		return docker_read(names, entry);
	case CONTAINER_RUNTIME_PODMAN:
		return podman_read(names, entry);
	case CONTAINER_RUNTIME_CRIO:
		return crio_read(names, entry);
	case CONTAINER_RUNTIME_NERDCTL:
		return containerd_read(names, entry, "default");
	case CONTAINER_RUNTIME_CONTAINERD:
		return containerd_read(names, entry, *key->namespace ? key->namespace : "k8s.io") ||
		       (may_be_docker && docker_read(names, entry));
	}
	return false;
}

static void entry_try(struct container_names *names, struct container_entry *entry, uint64_t now_ns)
{
	bool was_waiting = entry->tries && entry_is_waiting(entry);

	entry->is_confirmed = entry_read(names, entry);
	entry->container.name = entry->text[TEXT_NAME];
	entry->container.pod = entry->text[TEXT_POD];
	entry->container.pod_namespace = entry->text[TEXT_NAMESPACE];
	if (entry->tries < RETRIES)
		entry->next_try_ns = now_ns + retry_delays_ns[entry->tries];
	entry->tries++;
	names->waiting += entry_is_waiting(entry) - was_waiting;
}

/* Of two cgroups that claim an id, one of root's and one of a user's, the second lies. */
static void entry_deny(struct container_names *names, struct container_entry *entry)
{
	struct container_entry *other = entry->is_foreign ? names->entries : names->foreign;

	for (; other; other = other->hh.next) {
		if (strcmp(other->key.id, entry->key.id))
			continue;
		(entry->is_foreign ? entry : other)->is_denied = true;
	}
}

static void entry_add(struct container_names *names, struct container_entry *entry, uint64_t now_ns)
{
	entry->container.id = entry->key.id;
	entry->container.runtime = entry->key.runtime;
	entry->is_foreign = !cgroup_is_of_root(names, entry->path);
	if (entry->is_foreign && HASH_COUNT(names->foreign) >= FOREIGN_MAX)
		entry_remove(names, names->foreign);
	else if (!entry->is_foreign && HASH_COUNT(names->entries) >= CONTAINERS_MAX)
		entry_remove(names, names->entries);
	entry_deny(names, entry);
	if (entry->is_foreign) {
		HASH_ADD_KEYPTR(hh, names->foreign, entry->path, strlen(entry->path), entry);
		return;
	}
	HASH_ADD_KEYPTR(hh, names->entries, entry->path, strlen(entry->path), entry);
	entry_try(names, entry, now_ns);
}

static struct container_entry *entry_find(struct container_names *names, const char *path,
					  uint64_t now_ns)
{
	struct container_entry *entry;
	struct container_id key;

	if (!path)
		return NULL;
	HASH_FIND_STR(names->entries, path, entry);
	if (!entry)
		HASH_FIND_STR(names->foreign, path, entry);
	if (entry)
		return entry;
	if (container_id_from_path(path, &key))
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->path = strdup(path);
	if (!entry->path) {
		free(entry);
		return NULL;
	}
	entry->key = key;
	entry_add(names, entry, now_ns);
	return entry;
}

const struct container *container_names_lookup(struct container_names *names, const char *path,
					       uint64_t now_ns)
{
	const struct container_entry *entry = entry_find(names, path, now_ns);

	if (!entry || entry->is_denied || (entry->key.is_guess && !entry->is_confirmed))
		return NULL;
	return &entry->container;
}

bool container_names_is_final(struct container_names *names, const char *path, uint64_t now_ns)
{
	const struct container_entry *entry = entry_find(names, path, now_ns);

	return !entry || !entry_is_waiting(entry);
}

bool container_names_retry(struct container_names *names, uint64_t now_ns)
{
	struct container_entry *entry;

	if (!names->waiting)
		return false;
	for (entry = names->entries; entry; entry = entry->hh.next)
		if (entry_is_waiting(entry) && now_ns >= entry->next_try_ns)
			entry_try(names, entry, now_ns);
	return names->waiting != 0;
}
