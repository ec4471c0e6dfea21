/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The packet hooks on every interface of every watched namespace, as interfaces come and go. A
 * thread of its own does it, because each link waits for a grace period of the kernel under the
 * lock of all interfaces, which others hold, too: nobody else here ever waits for that.
 */
#ifndef USER_KERNEL_ATTACH_WIRE_H
#define USER_KERNEL_ATTACH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/kernel/attachment.h"
#include "user/kernel/hook_policy.h"
#include "user/kernel/namespaces.h"

/**
 * @method      Its callback is called in the thread.
 * @interfaces  Names to hook; count 0 = all. Borrowed.
 * @hooked      Told, in the thread and with the data of `method`, of each interface whose outgoing
 *              packets are seen from now on, or no longer; `ifindex` 0: one of the namespace could
 *              not be hooked. May be NULL.
 * @own_fd      Our own namespace, and its inode. Borrowed.
 */
struct wire_options {
	struct attach_method method;
	const char *const *interfaces;
	size_t interface_count;
	void (*hooked)(void *data, uint32_t netns, uint32_t ifindex, bool is_on);
	int own_fd;
	uint32_t own_inode;
};

struct wire;

/* Start the thread. `options` is copied. 0 or negative errno, *ret untouched on failure. */
int wire_new(const struct wire_options *options, struct wire **ret);

/**
 * Take every hook off again. What would take longer than some 0.2 s is left to a process of its own,
 * which does nothing else, has no privilege, and ends when it is done; where filters are used in
 * place of links, all of it is done here.
 */
void wire_free(struct wire **wire);

/**
 * Say which namespaces are watched from now on, our own among them or not. Their interfaces are
 * hooked soon, what is gone is forgotten.
 *
 * @namespaces  Copied.
 * @wants       Called before the return: is this one watched?
 * @list_all    Events were lost: look at the interfaces of known ones, too.
 * @return      0 or -ENOMEM.
 */
int wire_sync(struct wire *wire, const struct namespaces *namespaces,
	      bool (*wants)(void *data, uint32_t netns), void *data, bool list_all);

/**
 * After the first wire_sync(): wait until all interfaces are hooked, or as many as are in a second;
 * the others follow, paced, beside the events. Those that were asked for by name are waited for, up
 * to 15 s: somebody else may hold the lock of all interfaces.
 *
 * @return  0; -ENODEV when a named interface does not exist; -EBUSY when the forced kind of hook is
 *          taken on a named interface; another negative errno. Logged. Interfaces that were not
 *          asked for by name never fail the call.
 */
int wire_await(struct wire *wire);

/*
 * Readable when the list of namespaces should be looked at again: an interface left for a namespace
 * that is not known, or events were lost.
 */
int wire_rescan_fd(const struct wire *wire);
/* Takes the wish back. True when events were lost, and all must be listed again. */
bool wire_rescan_take(struct wire *wire);

/**
 * @hooked   Interfaces watched now.
 * @waiting  That will be.
 * @failed   That cannot be.
 * @unlisted Namespaces whose interfaces will be looked for.
 * @closed   Namespaces that may not be entered, whose interfaces are not even known.
 * @repaired How often a hook was put back that somebody else had taken off.
 */
struct wire_status {
	size_t hooked;
	size_t waiting;
	size_t failed;
	size_t unlisted;
	size_t closed;
	uint64_t repaired;
};

void wire_status(struct wire *wire, struct wire_status *ret);

/* "4 of 6 interfaces" or "6 interfaces", and what is not watched and why. */
struct strbuf;
void wire_status_append(struct strbuf *b, const struct wire_status *status);

/**
 * The name of an interface that is watched, or will be; NULL for another one. For one thread. It
 * lives until WIRE_NAMES_KEPT other names were asked for.
 */
const char *wire_interface_name(struct wire *wire, uint32_t netns, uint32_t ifindex);
#define WIRE_NAMES_KEPT 4096

/* Have a function run in the thread, and wait for that: what a thread can only do for itself. */
int wire_call(struct wire *wire, int (*function)(void *data), void *data);

#endif
