// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/attach_wire.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/base/strbuf.h"
#include "user/kernel/limits.h"
#include "user/kernel/wire_release.h"
#include "user/kernel/wire_thread.h"

#define WIRE_START_NS CLOCK_NS_PER_SECOND
/* Named interfaces are waited for longer, but not for ever: somebody may hold the lock. */
#define WIRE_START_MOST_NS (15 * CLOCK_NS_PER_SECOND)

static void wire_wake(const struct wire *wire)
{
	eventfd_write(wire->wake_fd, 1);
}

/* The loop's signals are for the loop's thread. */
static int wire_start_thread(struct wire *wire)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&wire->thread, NULL, wire_work, wire);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

int wire_new(const struct wire_options *options, struct wire **ret)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	pthread_condattr_t monotonic;
	int err;

	if (!wire)
		return -ENOMEM;
	wire->options = *options;
	wire->links_most = limits_files_left();
	wire->namespaces =
		(struct namespaces){ .own_fd = options->own_fd, .own_inode = options->own_inode };
	pthread_mutex_init(&wire->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&wire->progress, &monotonic);
	pthread_condattr_destroy(&monotonic);
	wire->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	wire->rescan_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* First hear of changes, then look: what comes in between is found twice, not never. */
	wire->links_fd = netlink_follow_links(!options->method.with_tcx);
	if (wire->links_fd < 0)
		log_warn("interfaces that appear later will not be watched: %s",
			 strerror(-wire->links_fd));
	err = wire->wake_fd < 0 || wire->rescan_fd < 0 ? -errno : wire_queue_new(&wire->queue);
	if (!err)
		err = wire_start_thread(wire);
	if (err) {
		wire_queue_free(&wire->queue);
		free(wire);
		return err;
	}
	*ret = wire;
	return 0;
}

/* -- the other side -------------------------------------------------------------------------- */
int wire_sync(struct wire *wire, const struct namespaces *namespaces,
	      bool (*wants)(void *data, uint32_t netns), void *data, bool list_all)
{
	struct wire_namespace *items = calloc(namespaces->count + 1, sizeof(*items));
	size_t count = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < namespaces->count; i++)
		if (wants(data, namespaces->items[i].inode))
			items[count++].ns = namespaces->items[i];
	pthread_mutex_lock(&wire->lock);
	free(wire->order.items);
	wire->order.items = items;
	wire->order.count = count;
	wire->order.list_all |= list_all;
	pthread_mutex_unlock(&wire->lock);
	wire_wake(wire);
	return 0;
}

/* The first interface that was named and is in no watched namespace; NULL when there is none. */
static const char *wire_missing(const struct wire *wire)
{
	const struct wire_item *item;

	for (size_t i = 0; i < wire->options.interface_count; i++) {
		bool found = false;

		for (item = wire->items; item && !found; item = item->hh.next)
			found = !strcmp(item->at.name, wire->options.interfaces[i]);
		if (!found)
			return wire->options.interfaces[i];
	}
	return NULL;
}

static void deadline_in(struct timespec *ret, uint64_t ns)
{
	uint64_t at_ns = clock_monotonic_ns() + ns;

	ret->tv_sec = (time_t)(at_ns / CLOCK_NS_PER_SECOND);
	ret->tv_nsec = (long)(at_ns % CLOCK_NS_PER_SECOND);
}

int wire_await(struct wire *wire)
{
	struct timespec soon, late;
	const char *missing;
	int err;

	deadline_in(&soon, WIRE_START_NS);
	deadline_in(&late, WIRE_START_MOST_NS);
	pthread_mutex_lock(&wire->lock);
	while ((!wire->was_listed || wire->jobs) &&
	       !pthread_cond_timedwait(&wire->progress, &wire->lock, &soon))
		;
	while (wire->options.interface_count && (!wire->was_listed || wire->urgent_jobs) &&
	       !pthread_cond_timedwait(&wire->progress, &wire->lock, &late))
		;
	wire->order.is_started = true;
	wire->was_behind = wire->counts.waiting || wire->counts.unlisted || !wire->was_listed;
	missing = wire_missing(wire);
	err = missing ? -ENODEV : wire->first_error;
	pthread_mutex_unlock(&wire->lock);
	wire_wake(wire);
	if (missing)
		log_error(err,
			  "there is no interface \"%s\" in the watched namespaces; `ip link` lists "
			  "those of this one",
			  missing);
	return err;
}

int wire_rescan_fd(const struct wire *wire)
{
	return wire->rescan_fd;
}

bool wire_rescan_take(struct wire *wire)
{
	eventfd_t wishes;
	bool lost;

	eventfd_read(wire->rescan_fd, &wishes);
	pthread_mutex_lock(&wire->lock);
	lost = wire->events_lost;
	wire->events_lost = false;
	pthread_mutex_unlock(&wire->lock);
	return lost;
}

void wire_status(struct wire *wire, struct wire_status *ret)
{
	pthread_mutex_lock(&wire->lock);
	*ret = wire->counts;
	pthread_mutex_unlock(&wire->lock);
}

void wire_status_append(struct strbuf *b, const struct wire_status *status)
{
	size_t all = status->hooked + status->waiting + status->failed;

	if (all != status->hooked)
		strbuf_appendf(b, "%zu of ", status->hooked);
	strbuf_appendf(b, "%zu interface%s", all, all == 1 ? "" : "s");
	if (status->waiting || status->unlisted)
		strbuf_append_str(b, ", the others follow");
	if (status->failed)
		strbuf_appendf(b, ", %zu cannot be watched", status->failed);
	if (status->closed)
		strbuf_appendf(b,
			       ", none of %zu other network namespace%s, which takes "
			       "CAP_SYS_ADMIN",
			       status->closed, status->closed == 1 ? "" : "s");
}

const char *wire_interface_name(struct wire *wire, uint32_t netns, uint32_t ifindex)
{
	const char *name = NULL;
	struct wire_item *item;

	pthread_mutex_lock(&wire->lock);
	item = wire_find(wire, netns, (int)ifindex);
	if (item && (item->name_slot == WIRE_NAMES_KEPT ||
		     strcmp(wire->names[item->name_slot], item->at.name))) {
		item->name_slot = wire->name_next++ % WIRE_NAMES_KEPT;
		memcpy(wire->names[item->name_slot], item->at.name, IF_NAMESIZE);
	}
	if (item)
		name = wire->names[item->name_slot];
	pthread_mutex_unlock(&wire->lock);
	return name;
}

int wire_call(struct wire *wire, int (*function)(void *data), void *data)
{
	int result;

	pthread_mutex_lock(&wire->lock);
	wire->order.function = function;
	wire->order.data = data;
	wire_wake(wire);
	while (wire->order.function)
		pthread_cond_wait(&wire->progress, &wire->lock);
	result = wire->order.result;
	pthread_mutex_unlock(&wire->lock);
	return result;
}

/* -- the end --------------------------------------------------------------------------------- */
#define WIRE_JOIN_NS (300 * CLOCK_NS_PER_MS)

static bool wire_stop_thread(struct wire *wire)
{
	struct timespec deadline;

	pthread_mutex_lock(&wire->lock);
	wire->stopping = true;
	pthread_mutex_unlock(&wire->lock);
	wire_wake(wire);
	deadline_in(&deadline, WIRE_JOIN_NS);
	return !pthread_clockjoin_np(wire->thread, NULL, CLOCK_MONOTONIC, &deadline);
}

/* Filters do not go by themselves, and go fast. */
static void wire_drop_filters(struct wire *wire)
{
	struct wire_item *item, *next;
	struct wire_namespace *ns;

	HASH_ITER(hh, wire->items, item, next)
	{
		ns = attachment_has_filters(&item->at) ?
			     wire_namespace_find(wire, item->key.netns) :
			     NULL;
		if (!ns || namespaces_enter(&wire->namespaces, &ns->ns))
			continue;
		attachment_drop(&item->at);
		namespaces_leave(&wire->namespaces, &ns->ns);
	}
}

static void wire_let_links_go(struct wire *wire)
{
	size_t most = 2 * HASH_COUNT(wire->items) + 1, count = 0;
	_cleanup_free_ int *fds = calloc(most, sizeof(*fds));
	const struct wire_item *item;

	if (!fds)
		return;
	for (item = wire->items; item; item = item->hh.next) {
		if (item->at.in_fd >= 0)
			fds[count++] = item->at.in_fd;
		if (item->at.out_fd >= 0)
			fds[count++] = item->at.out_fd;
	}
	wire_release_links(fds, count);
}

void wire_free(struct wire **wire)
{
	struct wire *gone = *wire;
	struct wire_item *item, *next;
	bool is_alone;

	if (!gone)
		return;
	*wire = NULL;
	is_alone = wire_stop_thread(gone);
	pthread_mutex_lock(&gone->lock);
	if (is_alone)
		wire_drop_filters(gone);
	wire_let_links_go(gone);
	pthread_mutex_unlock(&gone->lock);
	/* It waits for a lock that somebody holds for long: the memory goes with the process. */
	if (!is_alone)
		return;
	HASH_ITER(hh, gone->items, item, next)
	{
		HASH_DEL(gone->items, item);
		free(item);
	}
	wire_queue_free(&gone->queue);
	free(gone->order.items);
	free(gone->watched);
	close(gone->wake_fd);
	close(gone->rescan_fd);
	if (gone->links_fd >= 0)
		close(gone->links_fd);
	pthread_mutex_destroy(&gone->lock);
	pthread_cond_destroy(&gone->progress);
	free(gone);
}
