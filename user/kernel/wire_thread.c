// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/wire_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"

/* A look at a link takes the lock of all interfaces, which somebody else may hold for long. */
#define WIRE_CHECK_INTERVAL_NS (500 * CLOCK_NS_PER_MS)
#define WIRE_CHECK_NS (5 * CLOCK_NS_PER_MS)
/* Filters are listed in their namespaces, which costs more; events tell of them at once. */
#define WIRE_CHECK_FILTERS 8
/* After the start the lock is ours for two thirds of the time at most, unless it is urgent. */
#define WIRE_PAUSE_MOST_NS (100 * CLOCK_NS_PER_MS)
/* An owner that had a turn has the next one within a pause after this. */
#define WIRE_REST_NS (100 * CLOCK_NS_PER_MS)
/* Who makes interfaces that cannot be hooked does not fill the terminal. */
#define WIRE_WARNINGS_MOST 20
/* The others are in the summary, as a number. */
#define WIRE_CLOSED_TOLD_MOST 4

static void wire_wish_rescan(struct wire *wire, bool events_lost)
{
	pthread_mutex_lock(&wire->lock);
	wire->events_lost |= events_lost;
	pthread_mutex_unlock(&wire->lock);
	eventfd_write(wire->rescan_fd, 1);
}

/* -- the table ------------------------------------------------------------------------------- */
struct wire_item *wire_find(const struct wire *wire, uint32_t netns, int ifindex)
{
	struct wire_key key = { netns, ifindex };
	struct wire_item *item;

	HASH_FIND(hh, wire->items, &key, sizeof(key), item);
	return item;
}

static size_t *wire_state_count(struct wire *wire, enum wire_state state)
{
	switch (state) {
	case WIRE_HOOKED:
		return &wire->counts.hooked;
	case WIRE_FAILED:
		return &wire->counts.failed;
	case WIRE_WAITING:
		break;
	}
	return &wire->counts.waiting;
}

static struct wire_item *wire_add(struct wire *wire, uint32_t netns,
				  const struct netlink_link *link)
{
	struct wire_item *item = calloc(1, sizeof(*item));

	if (!item)
		return NULL;
	item->key = (struct wire_key){ netns, link->ifindex };
	item->at = ATTACHMENT_NONE;
	item->name_slot = WIRE_NAMES_KEPT;
	memcpy(item->at.name, link->name, sizeof(item->at.name));
	pthread_mutex_lock(&wire->lock);
	HASH_ADD(hh, wire->items, key, sizeof(item->key), item);
	wire->counts.waiting++;
	pthread_mutex_unlock(&wire->lock);
	return item;
}

static void wire_count_links(struct wire *wire, const struct wire_item *item, bool added)
{
	size_t count = (item->at.in_fd >= 0) + (item->at.out_fd >= 0);

	wire->links += added ? count : -count;
	if (item->is_users)
		wire->links_of_users += added ? count : -count;
}

/*
 * The programs, the events and the files of containers need descriptors, too; and users who make
 * interfaces may not take those of everybody else.
 */
static bool wire_has_links_left(const struct wire *wire, const struct wire_item *item)
{
	return wire->links + 2 <= wire->links_most &&
	       (!item->is_users || wire->links_of_users + 2 <= wire->links_most / 2);
}

static void wire_set(struct wire *wire, struct wire_item *item, enum wire_state state,
		     const struct attachment *at)
{
	pthread_mutex_lock(&wire->lock);
	--*wire_state_count(wire, item->state);
	item->state = state;
	++*wire_state_count(wire, state);
	if (at) {
		wire_count_links(wire, item, false);
		item->at = *at;
		wire_count_links(wire, item, true);
	}
	pthread_mutex_unlock(&wire->lock);
}

static void wire_tell(const struct wire *wire, uint32_t netns, int ifindex, bool is_on)
{
	if (wire->options.hooked)
		wire->options.hooked(wire->options.method.data, netns, (uint32_t)ifindex, is_on);
}

static void wire_forget(struct wire *wire, struct wire_item *item)
{
	wire_tell(wire, item->key.netns, item->key.ifindex, false);
	pthread_mutex_lock(&wire->lock);
	--*wire_state_count(wire, item->state);
	wire_count_links(wire, item, false);
	HASH_DEL(wire->items, item);
	pthread_mutex_unlock(&wire->lock);
	attachment_forget(&item->at);
	free(item);
}

/* -- namespaces ------------------------------------------------------------------------------ */
struct wire_namespace *wire_namespace_find(const struct wire *wire, uint32_t inode)
{
	for (size_t i = 0; i < wire->watched_count; i++)
		if (wire->watched[i].ns.inode == inode)
			return &wire->watched[i];
	return NULL;
}

static struct wire_namespace *wire_namespace_find_nsid(const struct wire *wire, int nsid)
{
	for (size_t i = 0; i < wire->watched_count; i++)
		if (wire->watched[i].ns.nsid == nsid)
			return &wire->watched[i];
	return NULL;
}

/* Who made the user namespace that it belongs to; 0 when that is not told. */
static uint32_t namespace_owner(const struct network_namespace *ns)
{
	_cleanup_close_ int fd = open(ns->path, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int user_fd = fd < 0 ? -1 : ioctl(fd, NS_GET_USERNS);
	uid_t owner = 0;

	return user_fd >= 0 && !ioctl(user_fd, NS_GET_OWNER_UID, &owner) ? owner : 0;
}

static bool wire_is_named(const struct wire *wire, const char *name)
{
	for (size_t i = 0; i < wire->options.interface_count; i++)
		if (!strcmp(wire->options.interfaces[i], name))
			return true;
	return false;
}

static void wire_queue_link(struct wire *wire, const struct wire_namespace *ns,
			    const struct netlink_link *link, bool is_fresh)
{
	bool named = wire_is_named(wire, link->name);
	bool own = ns->ns.inode == wire->options.own_inode;
	struct wire_job job = { .owner = ns->owner, .netns = ns->ns.inode, .link = *link };
	struct wire_item *item = wire_find(wire, job.netns, link->ifindex);
	enum wire_urgency urgency = is_fresh ? WIRE_FRESH : WIRE_BACKLOG;

	if (item) {
		/* It may have got another name. */
		pthread_mutex_lock(&wire->lock);
		memcpy(item->at.name, link->name, sizeof(item->at.name));
		pthread_mutex_unlock(&wire->lock);
		return;
	}
	if (link_layer_of(link->hardware_type) == LINK_UNKNOWN ||
	    (wire->options.interface_count && !named))
		return;
	if (named || (own && link_is_physical(link->name)))
		urgency = WIRE_URGENT;
	else if (own && !wire->is_started)
		urgency = WIRE_OWN;
	if (!wire_add(wire, job.netns, link) || wire_queue_push(wire->queue, urgency, &job))
		log_warn("not enough memory to watch interface %s", link->name);
}

struct list_context {
	struct wire *wire;
	struct wire_namespace *ns;
};

static int list_link(const struct netlink_link *link, void *data)
{
	const struct list_context *context = data;

	wire_queue_link(context->wire, context->ns, link, context->wire->is_started);
	return 0;
}

static void wire_list(struct wire *wire, uint32_t netns)
{
	struct wire_namespace *ns = wire_namespace_find(wire, netns);
	struct list_context context = { wire, ns };
	int err;

	if (!ns)
		return;
	namespace_learn_id(&ns->ns);
	err = namespaces_enter(&wire->namespaces, &ns->ns);
	if (!err) {
		err = netlink_list_links(list_link, &context);
		namespaces_leave(&wire->namespaces, &ns->ns);
	}
	/* Without an id no event is heard of it: it is listed each time. */
	ns->is_listed = !err && ns->ns.nsid != NAMESPACE_HAS_NO_ID;
	pthread_mutex_lock(&wire->lock);
	wire->counts.closed += (err == -EPERM) - ns->is_closed;
	ns->is_closed = err == -EPERM;
	pthread_mutex_unlock(&wire->lock);
	if (err == -EPERM && wire->closed_told++ < WIRE_CLOSED_TOLD_MOST)
		log_warn("the network namespace %u (%s) is not watched: to enter it takes "
			 "CAP_SYS_ADMIN",
			 netns, ns->ns.path);
	if (err && err != -ENOENT && err != -ESTALE)
		log_debug("network namespace %u (%s): %s", netns, ns->ns.path, strerror(-err));
}

static void wire_count_unlisted(struct wire *wire, int change)
{
	pthread_mutex_lock(&wire->lock);
	wire->counts.unlisted += (size_t)change;
	pthread_mutex_unlock(&wire->lock);
}

/* What is known of the namespaces before goes over to the new list. */
static void wire_take_namespaces(struct wire *wire, struct wire_order *order)
{
	struct wire_item *item, *next;

	for (size_t i = 0; i < order->count; i++) {
		struct wire_namespace *fresh = &order->items[i];
		const struct wire_namespace *known = wire_namespace_find(wire, fresh->ns.inode);

		if (known) {
			fresh->owner = known->owner;
			fresh->is_listed = known->is_listed && !order->list_all;
			fresh->is_closed = known->is_closed;
			fresh->ns.nsid = known->ns.nsid;
		} else {
			fresh->owner = namespace_owner(&fresh->ns);
		}
	}
	free(wire->watched);
	wire->watched = order->items;
	wire->watched_count = order->count;
	pthread_mutex_lock(&wire->lock);
	wire->counts.closed = 0;
	for (size_t i = 0; i < order->count; i++)
		wire->counts.closed += order->items[i].is_closed;
	pthread_mutex_unlock(&wire->lock);
	HASH_ITER(hh, wire->items, item, next)
	if (!wire_namespace_find(wire, item->key.netns))
		wire_forget(wire, item);
	for (size_t i = 0; i < wire->watched_count; i++) {
		const struct wire_namespace *ns = &wire->watched[i];
		struct wire_job job = { .owner = ns->owner, .netns = ns->ns.inode };

		if (!ns->is_listed &&
		    !wire_queue_push(wire->queue, wire->is_started ? WIRE_FRESH : WIRE_URGENT,
				     &job))
			wire_count_unlisted(wire, 1);
	}
}

/* -- hooking --------------------------------------------------------------------------------- */
static void wire_warn(struct wire *wire, const char *name, int err)
{
	if (wire->warnings < WIRE_WARNINGS_MOST)
		log_warn("cannot watch packets on interface %s: %s", name, attachment_advice(err));
	else if (wire->warnings == WIRE_WARNINGS_MOST)
		log_warn("more interfaces cannot be watched; the summary says how many");
	wire->warnings++;
}

static void wire_hook(struct wire *wire, const struct wire_job *job)
{
	struct wire_namespace *ns = wire_namespace_find(wire, job->netns);
	struct wire_item *item = wire_find(wire, job->netns, job->link.ifindex);
	struct attachment at;
	int err;

	/* It was forgotten meanwhile. */
	if (!ns || !item || item->state != WIRE_WAITING)
		return;
	item->is_users = ns->owner != 0;
	err = wire_has_links_left(wire, item) ? namespaces_enter(&wire->namespaces, &ns->ns) :
						-EMFILE;
	if (!err) {
		err = attachment_make(&wire->options.method, &job->link,
				      job->netns == wire->options.own_inode, &at);
		namespaces_leave(&wire->namespaces, &ns->ns);
	}
	if (!err) {
		/* An event may have renamed it. */
		memcpy(at.name, item->at.name, sizeof(at.name));
		wire_set(wire, item, WIRE_HOOKED, &at);
		wire_tell(wire, job->netns, job->link.ifindex, true);
		return;
	}
	/* It went away between the listing and now, alone or with its namespace. */
	if (err == -ENODEV || err == -ENOENT || err == -ESTALE) {
		wire_forget(wire, item);
		return;
	}
	wire_set(wire, item, WIRE_FAILED, NULL);
	wire_tell(wire, job->netns, 0, true);
	if (wire_is_named(wire, job->link.name) || wire->options.method.hook != HOOK_AUTO) {
		pthread_mutex_lock(&wire->lock);
		wire->first_error = wire->first_error ?: err;
		pthread_mutex_unlock(&wire->lock);
	}
	wire_warn(wire, job->link.name, err);
}

static void wire_do_job(struct wire *wire, const struct wire_job *job)
{
	uint64_t begin_ns = clock_monotonic_ns(), end_ns, took_ns;

	if (job->link.ifindex) {
		wire_hook(wire, job);
	} else {
		wire_list(wire, job->netns);
		wire_count_unlisted(wire, -1);
	}
	if (!wire->is_started)
		return;
	end_ns = clock_monotonic_ns();
	took_ns = end_ns - begin_ns;
	wire->pause_until_ns =
		end_ns + (took_ns < WIRE_PAUSE_MOST_NS ? took_ns / 2 : WIRE_PAUSE_MOST_NS);
	wire_queue_rest(wire->queue, job->owner, end_ns + WIRE_REST_NS);
}

/* -- looking after them ---------------------------------------------------------------------- */
static void wire_check_one(struct wire *wire, struct wire_item *item)
{
	struct wire_namespace *ns = wire_namespace_find(wire, item->key.netns);
	struct attachment at = item->at;
	unsigned int repaired = 0;
	int err;

	if (item->state != WIRE_HOOKED || !ns ||
	    (!attachment_has_filters(&at) && !attachment_in_is_lost(&at) &&
	     !attachment_out_is_lost(&at)) ||
	    namespaces_enter(&wire->namespaces, &ns->ns))
		return;
	err = attachment_repair(&wire->options.method, &at,
				item->key.netns == wire->options.own_inode, &repaired);
	namespaces_leave(&wire->namespaces, &ns->ns);
	wire_set(wire, item, err ? WIRE_FAILED : WIRE_HOOKED, &at);
	if (err == -ENODEV) {
		wire_forget(wire, item);
		return;
	}
	if (err || repaired)
		wire_tell(wire, item->key.netns, err ? 0 : item->key.ifindex, true);
	pthread_mutex_lock(&wire->lock);
	wire->counts.repaired += repaired;
	pthread_mutex_unlock(&wire->lock);
	if (err)
		log_warn(
			"the packet hook on interface %s was taken off by somebody else, and cannot "
			"be put on again: %s",
			at.name, attachment_advice(err));
	else if (repaired)
		log_warn("the packet hook on interface %s was taken off by somebody else; it is on "
			 "again",
			 at.name);
}

/* As many as can be in a few milliseconds; the next call goes on. */
static void wire_check(struct wire *wire)
{
	uint64_t end_ns = clock_monotonic_ns() + WIRE_CHECK_NS;
	size_t left = HASH_COUNT(wire->items);
	struct wire_item *item, *next;

	if (!wire->options.method.with_tcx && left > WIRE_CHECK_FILTERS)
		left = WIRE_CHECK_FILTERS;
	item = wire_find(wire, wire->check_next.netns, wire->check_next.ifindex);
	for (; left && clock_monotonic_ns() < end_ns; left--) {
		item = item ?: wire->items;
		next = item->hh.next;
		wire_check_one(wire, item);
		item = next;
	}
	wire->check_next = item ? item->key : (struct wire_key){};
}

static int on_link_event(const struct netlink_link *link, void *data)
{
	struct wire *wire = data;
	const struct wire_namespace *ns = wire_namespace_find_nsid(wire, link->nsid);
	struct wire_item *item = ns ? wire_find(wire, ns->ns.inode, link->ifindex) : NULL;

	/* One that leaves may have moved into a namespace that nobody knows yet. */
	if (link->is_gone)
		wire_wish_rescan(wire, false);
	if (!ns)
		return 0;
	if (link->lost_filter) {
		if (item)
			wire_check_one(wire, item);
	} else if (link->is_gone) {
		if (item)
			wire_forget(wire, item);
	} else {
		wire_queue_link(wire, ns, link, true);
	}
	return 0;
}

/* -- the thread ------------------------------------------------------------------------------ */
static void wire_take_order(struct wire *wire)
{
	struct wire_order order;

	pthread_mutex_lock(&wire->lock);
	order = wire->order;
	wire->order.items = NULL;
	wire->order.list_all = false;
	pthread_mutex_unlock(&wire->lock);
	if (order.items)
		wire_take_namespaces(wire, &order);
	wire->is_started = order.is_started;
	if (order.function)
		order.result = order.function(order.data);
	pthread_mutex_lock(&wire->lock);
	if (order.function) {
		wire->order.function = NULL;
		wire->order.result = order.result;
	}
	if (order.items)
		wire->was_listed = true;
	wire->jobs = wire_queue_len(wire->queue);
	wire->urgent_jobs = wire_queue_urgent_len(wire->queue);
	pthread_cond_broadcast(&wire->progress);
	pthread_mutex_unlock(&wire->lock);
}

static void wire_tell_progress(struct wire *wire)
{
	bool caught_up;

	pthread_mutex_lock(&wire->lock);
	caught_up = wire->was_behind && wire->was_listed && !wire->counts.waiting &&
		    !wire->counts.unlisted;
	if (caught_up)
		wire->was_behind = false;
	wire->jobs = wire_queue_len(wire->queue);
	wire->urgent_jobs = wire_queue_urgent_len(wire->queue);
	pthread_cond_broadcast(&wire->progress);
	pthread_mutex_unlock(&wire->lock);
	if (caught_up)
		log_info("watching all %zu interfaces", wire->counts.hooked);
}

/* Until there is an event, an order, the next look, or somebody's turn. */
static void wire_wait(struct wire *wire, uint64_t now_ns)
{
	struct pollfd fds[] = { { .fd = wire->wake_fd, .events = POLLIN },
				{ .fd = wire->links_fd, .events = POLLIN } };
	uint64_t until_ns = wire->check_ns, fresh_ns;
	struct timespec wait = {};
	eventfd_t wakes;

	if (wire_queue_len(wire->queue)) {
		fresh_ns = wire_queue_next_ns(wire->queue);
		if (wire->pause_until_ns < fresh_ns)
			fresh_ns = wire->pause_until_ns;
		if (fresh_ns < until_ns)
			until_ns = fresh_ns;
	}
	if (until_ns > now_ns) {
		wait.tv_sec = (time_t)((until_ns - now_ns) / CLOCK_NS_PER_SECOND);
		wait.tv_nsec = (long)((until_ns - now_ns) % CLOCK_NS_PER_SECOND);
	}
	ppoll(fds, 2, &wait, NULL);
	if (fds[0].revents)
		eventfd_read(wire->wake_fd, &wakes);
}

static bool wire_is_stopping(struct wire *wire)
{
	bool stopping;

	pthread_mutex_lock(&wire->lock);
	stopping = wire->stopping;
	pthread_mutex_unlock(&wire->lock);
	return stopping;
}

void *wire_work(void *data)
{
	struct wire *wire = data;
	struct wire_job job;
	uint64_t now_ns;

	pthread_setname_np(pthread_self(), "closetrace-wire");
	while (!wire_is_stopping(wire)) {
		wire_take_order(wire);
		if (wire->links_fd >= 0 &&
		    netlink_read_links(wire->links_fd, on_link_event, wire) == -ENOBUFS)
			wire_wish_rescan(wire, true);
		now_ns = clock_monotonic_ns();
		if (now_ns >= wire->check_ns) {
			wire_check(wire);
			wire->check_ns = now_ns + WIRE_CHECK_INTERVAL_NS;
		}
		if (wire_queue_pop(wire->queue, now_ns, now_ns < wire->pause_until_ns, &job))
			wire_do_job(wire, &job);
		else
			wire_wait(wire, now_ns);
		wire_tell_progress(wire);
	}
	return NULL;
}
