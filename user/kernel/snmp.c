// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/snmp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/base/parse_number.h"

#define TEXT_BYTES 32768 /* netstat has 5 kB today */

#define SNMP_NAME(id, name) [SNMP_##id] = name,
static const char *const snmp_names[SNMP_COUNT] = { SNMP_OF_ENDINGS(SNMP_NAME)
							    SNMP_OTHERS(SNMP_NAME) };

static int snmp_find(const char *name, size_t len)
{
	for (int i = 0; i < SNMP_COUNT; i++)
		if (strlen(snmp_names[i]) == len && !memcmp(snmp_names[i], name, len))
			return i;
	return -1;
}

/* "Tcp: A B" and "Tcp: 1 2". Names are unique over all groups that have any of ours. */
static void snmp_parse_pair(const char *names, const char *numbers, uint64_t counts[SNMP_COUNT],
			    uint32_t *present)
{
	size_t len, digits;
	char number[24];
	int id;

	for (;;) {
		names += strspn(names, " ");
		numbers += strspn(numbers, " ");
		len = strcspn(names, " \n");
		if (!len || !*numbers || *numbers == '\n')
			return;
		digits = strcspn(numbers, " \n");
		id = snmp_find(names, len);
		if (id >= 0 && digits < sizeof(number)) {
			memcpy(number, numbers, digits);
			number[digits] = '\0';
			if (!parse_u64(number, UINT64_MAX, &counts[id]))
				*present |= 1U << id;
		}
		names += len;
		numbers += digits;
	}
}

void snmp_parse(const char *text, uint64_t counts[SNMP_COUNT], uint32_t *present)
{
	const char *names = text, *numbers;

	while ((numbers = strchr(names, '\n')) && *++numbers) {
		if (!strncmp(names, "Tcp:", 4) || !strncmp(names, "TcpExt:", 7))
			snmp_parse_pair(names + strcspn(names, " \n"),
					numbers + strcspn(numbers, " \n"), counts, present);
		names = strchr(numbers, '\n');
		if (!names)
			return;
		names++;
	}
}

static int snmp_read_file(const char *path, char *text, uint64_t counts[SNMP_COUNT],
			  uint32_t *present)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, text + used, TEXT_BYTES - 1 - used)) > 0)
		used += got;
	if (got < 0)
		return -errno;
	text[used] = '\0';
	snmp_parse(text, counts, present);
	return 0;
}

/* Of the namespace that this thread is in. */
static int snmp_read(uint64_t counts[SNMP_COUNT], uint32_t *present)
{
	_cleanup_free_ char *text = malloc(TEXT_BYTES);
	int err;

	if (!text)
		return -ENOMEM;
	err = snmp_read_file("/proc/thread-self/net/snmp", text, counts, present);
	if (!err)
		err = snmp_read_file("/proc/thread-self/net/netstat", text, counts, present);
	return err;
}

int snmp_read_listen_overflows(uint64_t *ret)
{
	_cleanup_free_ char *text = malloc(TEXT_BYTES);
	uint64_t counts[SNMP_COUNT] = {};
	uint32_t present = 0;
	int err;

	if (!text)
		return -ENOMEM;
	err = snmp_read_file("/proc/thread-self/net/netstat", text, counts, &present);
	if (err)
		return err;
	if (!(present >> SNMP_LISTEN_OVERFLOWS & 1))
		return -ENODATA;
	*ret = counts[SNMP_LISTEN_OVERFLOWS];
	return 0;
}

static struct snmp_baseline *snmp_baseline_find(struct snmp_watch *watch, uint32_t inode)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->items[i].inode == inode)
			return &watch->items[i];
	return NULL;
}

const struct snmp_baseline *snmp_watch_find(const struct snmp_watch *watch, uint32_t inode)
{
	return snmp_baseline_find((struct snmp_watch *)watch, inode);
}

static struct snmp_baseline *snmp_baseline_add(struct snmp_watch *watch, uint32_t inode)
{
	struct snmp_baseline *items;
	size_t capacity;

	if (watch->count == watch->capacity) {
		capacity = watch->capacity ? watch->capacity * 2 : 8;
		items = realloc(watch->items, capacity * sizeof(*items));
		if (!items)
			return NULL;
		watch->items = items;
		watch->capacity = capacity;
	}
	memset(&watch->items[watch->count], 0, sizeof(*watch->items));
	watch->items[watch->count].inode = inode;
	return &watch->items[watch->count++];
}

/* One namespace of a round. An error means only that it is not counted. */
static int snmp_watch_look(struct snmp_watch *watch, const struct namespaces *namespaces,
			   const struct network_namespace *ns, struct kernel_account *ret)
{
	struct snmp_baseline *baseline = snmp_baseline_find(watch, ns->inode);
	uint64_t counts[SNMP_COUNT] = {};
	uint32_t present = 0;
	int err;

	err = namespaces_enter(namespaces, ns);
	if (err)
		return err;
	err = snmp_read(counts, &present);
	namespaces_leave(namespaces, ns);
	if (err)
		return err;
	if (!baseline) {
		baseline = snmp_baseline_add(watch, ns->inode);
		if (!baseline)
			return -ENOMEM;
		memcpy(baseline->counts, counts, sizeof(counts));
		watch->came += watch->rounds > 0;
	}
	baseline->seen = true;
	if (!ret)
		return 0;
	ret->present |= present;
	for (int i = 0; i < SNMP_COUNT; i++)
		ret->gained[i] += counts[i] - baseline->counts[i];
	return 0;
}

static void snmp_watch_drop_unseen(struct snmp_watch *watch)
{
	size_t kept = 0;

	for (size_t i = 0; i < watch->count; i++) {
		if (watch->items[i].seen)
			watch->items[kept++] = watch->items[i];
		else
			watch->went++;
	}
	watch->count = kept;
}

int snmp_watch_round(struct snmp_watch *watch, const struct namespaces *namespaces,
		     bool (*wants)(void *data, uint32_t netns), void *data,
		     struct kernel_account *ret)
{
	unsigned int unread = 0;
	int err;

	for (size_t i = 0; i < watch->count; i++)
		watch->items[i].seen = false;
	for (size_t i = 0; i < namespaces->count; i++) {
		const struct network_namespace *ns = &namespaces->items[i];

		if (!wants(data, ns->inode))
			continue;
		err = snmp_watch_look(watch, namespaces, ns, ret);
		if (err == -ENOMEM)
			return err;
		if (!err)
			continue;
		log_debug("no counters of network namespace %u: %s", ns->inode, strerror(-err));
		/* One that was read before has gone; that is counted below. */
		unread += !snmp_baseline_find(watch, ns->inode);
	}
	snmp_watch_drop_unseen(watch);
	watch->rounds++;
	if (ret) {
		ret->namespaces = watch->count;
		ret->came = watch->came;
		ret->went = watch->went;
		ret->unread = unread;
	}
	return 0;
}

void snmp_watch_release(struct snmp_watch *watch)
{
	free(watch->items);
	memset(watch, 0, sizeof(*watch));
}
