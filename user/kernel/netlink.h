/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The little of rtnetlink that is needed: list links, follow their coming and going in
 * all namespaces, list BPF filters. Raw, because libmnl has no static library in Debian.
 */
#ifndef USER_KERNEL_NETLINK_H
#define USER_KERNEL_NETLINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Namespace of a message that came from our own one. */
#define NETLINK_OWN_NAMESPACE -1

/**
 * @hardware_type  ARPHRD_* of <linux/if_arp.h>.
 * @xdp_attached   Some XDP program is on it.
 * @nsid           Where an event came from: NETLINK_OWN_NAMESPACE, or the id of another
 *                 namespace. Listings leave it at NETLINK_OWN_NAMESPACE.
 */
struct netlink_link {
	int ifindex;
	int nsid;
	unsigned short hardware_type;
	bool is_gone; /* RTM_DELLINK */
	bool lost_filter; /* no link event: a TC filter or qdisc of it went; only ifindex, nsid */
	bool xdp_attached;
	char name[IF_NAMESIZE];
};

/* One filter of a clsact hook; `name` is empty when it is not a BPF program's. */
struct netlink_filter {
	uint32_t handle;
	uint32_t priority;
	char name[64];
};

typedef int (*netlink_link_callback)(const struct netlink_link *link, void *data);
typedef int (*netlink_filter_callback)(const struct netlink_filter *filter, void *data);

/* List the links of the thread's present namespace. 0, a negative errno, or what the callback gave. */
int netlink_list_links(netlink_link_callback callback, void *data);

/* List the filters at `parent` (TC_H_MAKE(TC_H_CLSACT, ..)) of an interface, as above. */
int netlink_list_filters(int ifindex, uint32_t parent, netlink_filter_callback callback,
			 void *data);

/**
 * Open a non-blocking socket that gets link events of this namespace and, where the
 * kernel lets us (CAP_NET_BROADCAST), of every namespace that has an id here.
 *
 * @with_filters  Also hear of TC filters that go.
 * @return  The descriptor, or negative errno.
 */
int netlink_follow_links(bool with_filters);

/**
 * Read all events at hand.
 *
 * @return  0; -ENOBUFS when some were lost and everything must be listed again; another
 *          negative errno; what the callback gave when that is not 0.
 */
int netlink_read_links(int fd, netlink_link_callback callback, void *data);

/* The id that another namespace has in this one; gives it one if it has none. Negative errno. */
int netlink_namespace_id(int namespace_fd);

#endif
