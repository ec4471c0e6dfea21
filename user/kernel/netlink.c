// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/base/cleanup.h"

#define NETLINK_BUFFER_BYTES 32768

typedef int (*message_callback)(const struct nlmsghdr *message, int nsid, void *data);

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct tcmsg tc;
		struct rtgenmsg general;
	};
	char attributes[64];
};

static int netlink_open(int flags, unsigned int groups)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return TAKE_FD(fd);
}

/* Namespace of a datagram: the kernel tells it only for those of other namespaces. */
static int message_nsid(struct msghdr *message)
{
	struct cmsghdr *control;
	int nsid;

	for (control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level == SOL_NETLINK &&
		    control->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
			memcpy(&nsid, CMSG_DATA(control), sizeof(nsid));
			return nsid;
		}
	}
	return NETLINK_OWN_NAMESPACE;
}

/* One datagram. 1 at the end of a listing, 0 when there may be more, negative errno. */
static int netlink_receive(int fd, message_callback callback, void *data)
{
	char buffer[NETLINK_BUFFER_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { .iov_base = buffer, .iov_len = sizeof(buffer) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	const struct nlmsghdr *header;
	int err, nsid;
	ssize_t got;
	size_t left;

	do {
		got = recvmsg(fd, &message, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	nsid = message_nsid(&message);
	left = got;
	for (header = (void *)buffer; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (header->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = NLMSG_DATA(header);

			return error->error ? error->error : 1;
		}
		err = callback(header, nsid, data);
		if (err)
			return err;
	}
	return 0;
}

static int netlink_ask(int fd, struct request *request, message_callback callback, void *data)
{
	int err;

	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -errno;
	do {
		err = netlink_receive(fd, callback, data);
	} while (!err);
	return err == 1 ? 0 : err;
}

static const struct rtattr *attribute_find(const struct rtattr *first, size_t bytes,
					   unsigned short type)
{
	for (const struct rtattr *at = first; RTA_OK(at, bytes); at = RTA_NEXT(at, bytes))
		if ((at->rta_type & NLA_TYPE_MASK) == type)
			return at;
	return NULL;
}

static void attribute_copy_text(const struct rtattr *attribute, char *to, size_t size)
{
	size_t bytes = RTA_PAYLOAD(attribute);

	if (bytes >= size)
		bytes = size - 1;
	memcpy(to, RTA_DATA(attribute), bytes);
	to[bytes] = '\0';
}

struct link_reader {
	netlink_link_callback callback;
	void *data;
};

static bool link_has_xdp(const struct rtattr *xdp)
{
	const struct rtattr *attached;

	if (!xdp)
		return false;
	attached = attribute_find(RTA_DATA(xdp), RTA_PAYLOAD(xdp), IFLA_XDP_ATTACHED);
	return attached && *(const uint8_t *)RTA_DATA(attached) != XDP_ATTACHED_NONE;
}

static int lost_filter_read(const struct nlmsghdr *message, int nsid,
			    const struct link_reader *reader)
{
	const struct tcmsg *info = NLMSG_DATA(message);
	struct netlink_link link = { .nsid = nsid, .lost_filter = true };

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EBADMSG;
	link.ifindex = info->tcm_ifindex;
	return reader->callback(&link, reader->data);
}

static int link_read(const struct nlmsghdr *message, int nsid, void *data)
{
	const struct link_reader *reader = data;
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const struct rtattr *name;
	struct netlink_link link = {};
	size_t bytes;

	if (message->nlmsg_type == RTM_DELTFILTER || message->nlmsg_type == RTM_DELQDISC)
		return lost_filter_read(message, nsid, reader);
	if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
		return 0;
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EBADMSG;
	/* Bridges also announce their ports under AF_BRIDGE: those are not about the link's life. */
	if (info->ifi_family != AF_UNSPEC)
		return 0;
	bytes = IFLA_PAYLOAD(message);
	name = attribute_find(IFLA_RTA(info), bytes, IFLA_IFNAME);
	if (!name)
		return 0;
	attribute_copy_text(name, link.name, sizeof(link.name));
	link.ifindex = info->ifi_index;
	link.nsid = nsid;
	link.hardware_type = info->ifi_type;
	link.is_gone = message->nlmsg_type == RTM_DELLINK;
	link.xdp_attached = link_has_xdp(attribute_find(IFLA_RTA(info), bytes, IFLA_XDP));
	return reader->callback(&link, reader->data);
}

int netlink_list_links(netlink_link_callback callback, void *data)
{
	struct request request = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(request.link)),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	struct link_reader reader = { callback, data };
	_cleanup_close_ int fd = netlink_open(0, 0);

	if (fd < 0)
		return fd;
	return netlink_ask(fd, &request, link_read, &reader);
}

struct filter_reader {
	netlink_filter_callback callback;
	void *data;
};

static int filter_read(const struct nlmsghdr *message, int nsid, void *data)
{
	const struct filter_reader *reader = data;
	const struct tcmsg *info = NLMSG_DATA(message);
	const struct rtattr *options, *name;
	struct netlink_filter filter = {};

	(void)nsid;
	if (message->nlmsg_type != RTM_NEWTFILTER ||
	    message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return 0;
	options = attribute_find(TCA_RTA(info), TCA_PAYLOAD(message), TCA_OPTIONS);
	name = options ? attribute_find(RTA_DATA(options), RTA_PAYLOAD(options), TCA_BPF_NAME) :
			 NULL;
	if (name)
		attribute_copy_text(name, filter.name, sizeof(filter.name));
	filter.handle = info->tcm_handle;
	filter.priority = TC_H_MAJ(info->tcm_info) >> 16;
	return reader->callback(&filter, reader->data);
}

int netlink_list_filters(int ifindex, uint32_t parent, netlink_filter_callback callback, void *data)
{
	struct request request = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(request.tc)),
			    .nlmsg_type = RTM_GETTFILTER,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.tc = { .tcm_ifindex = ifindex, .tcm_parent = parent },
	};
	struct filter_reader reader = { callback, data };
	_cleanup_close_ int fd = netlink_open(0, 0);

	if (fd < 0)
		return fd;
	return netlink_ask(fd, &request, filter_read, &reader);
}

int netlink_follow_links(bool with_filters)
{
	int on = 1, bytes = 1024 * 1024;
	int fd = netlink_open(SOCK_NONBLOCK, RTMGRP_LINK | (with_filters ? RTMGRP_TC : 0));

	if (fd < 0)
		return fd;
	/* Both are a help, not a need: fewer events get lost, and more namespaces are heard. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on));
	return fd;
}

int netlink_read_links(int fd, netlink_link_callback callback, void *data)
{
	struct link_reader reader = { callback, data };
	int err;

	do {
		err = netlink_receive(fd, link_read, &reader);
	} while (!err);
	return err == -EAGAIN || err == 1 ? 0 : err;
}

static void request_add_int(struct request *request, unsigned short type, int value)
{
	struct rtattr *attribute =
		(void *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = RTA_LENGTH(sizeof(value));
	memcpy(RTA_DATA(attribute), &value, sizeof(value));
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + attribute->rta_len;
}

static int nsid_read(const struct nlmsghdr *message, int nsid, void *data)
{
	const struct rtattr *first, *id;
	int *ret = data;

	(void)nsid;
	if (message->nlmsg_type != RTM_NEWNSID)
		return 0;
	first = (const void *)((const char *)NLMSG_DATA(message) +
			       NLMSG_ALIGN(sizeof(struct rtgenmsg)));
	id = attribute_find(first, NLMSG_PAYLOAD(message, NLMSG_ALIGN(sizeof(struct rtgenmsg))),
			    NETNSA_NSID);
	if (id)
		memcpy(ret, RTA_DATA(id), sizeof(*ret));
	return 1;
}

static int nsid_ask(int fd, int namespace_fd, uint16_t type, int *ret)
{
	struct request request = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(request.general)),
			    .nlmsg_type = type,
			    .nlmsg_flags = NLM_F_REQUEST | (type == RTM_NEWNSID ? NLM_F_ACK : 0) },
	};

	if (type == RTM_NEWNSID)
		request_add_int(&request, NETNSA_NSID, NETNSA_NSID_NOT_ASSIGNED);
	request_add_int(&request, NETNSA_FD, namespace_fd);
	return netlink_ask(fd, &request, nsid_read, ret);
}

int netlink_namespace_id(int namespace_fd)
{
	_cleanup_close_ int fd = netlink_open(0, 0);
	int err, nsid = NETNSA_NSID_NOT_ASSIGNED;

	if (fd < 0)
		return fd;
	err = nsid_ask(fd, namespace_fd, RTM_GETNSID, &nsid);
	if (!err && nsid == NETNSA_NSID_NOT_ASSIGNED) {
		err = nsid_ask(fd, namespace_fd, RTM_NEWNSID, &nsid);
		if (!err || err == -EEXIST)
			err = nsid_ask(fd, namespace_fd, RTM_GETNSID, &nsid);
	}
	if (err)
		return err;
	return nsid >= 0 ? nsid : -ENOENT;
}
