/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pairs of network namespaces: A, where the client lives, and B, where the server lives. They are
 * joined by a veth pair, with or without VLAN or VXLAN on it, or by a router M between two pairs.
 * Names carry the pid of the owner, so that batteries can run beside each other and what a killed
 * one left behind can be found.
 */
#ifndef TESTS_E2E_NETLAB_H
#define TESTS_E2E_NETLAB_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* The two ends, and the third place where a connection can be seen. */
enum lab_side { SIDE_A, SIDE_B, SIDE_COUNT, SIDE_M = SIDE_COUNT, PLACE_COUNT };

enum lab_kind { LAB_LINK, LAB_ROUTED, LAB_VLAN, LAB_QINQ, LAB_VXLAN };

#define NETLAB_INDEX_MAX 250

struct netlab_side {
	char netns[40];
	char interface[16]; /* the one with the addresses */
	char carrier[16]; /* below it; the same one on a plain link */
	char address_v4[32];
	char address_v6[64];
	uint8_t mac[6];
	int netns_fd; /* -1 until the lab is built */
	ino_t netns_inode;
};

/* How M looks from one end: its interface there. */
struct netlab_router_port {
	char interface[16];
	char address_v4[32];
	char address_v6[64];
	uint8_t mac[6];
};

struct netlab {
	unsigned int index;
	enum lab_kind kind;
	bool is_unsupported; /* this kernel has no such interfaces: only a plain link was made */
	struct netlab_side side[PLACE_COUNT]; /* of M only the namespace, when routed */
	struct netlab_router_port port[SIDE_COUNT];
};

static inline bool netlab_has(const struct netlab *lab, enum lab_side place)
{
	return place != SIDE_M || lab->kind == LAB_ROUTED;
}

/**
 * Fill in the names and addresses of a lab; touches nothing.
 *
 * @index  0 to NETLAB_INDEX_MAX, unique in this process: addresses are derived from it.
 * @tag    Short and unique in this process, part of the names: ct<pid>-<tag>a, ...b, ...m.
 */
void netlab_plan(struct netlab *lab, unsigned int index, const char *tag, enum lab_kind kind);

/* Create the namespaces, links and addresses of planned labs. 0 or a negative errno; says why. */
int netlab_build(struct netlab *labs, size_t count);

/* Remove what netlab_build() made, also when it stopped half way. */
void netlab_destroy(struct netlab *labs, size_t count);

/* Remove namespaces named ct<pid>-* whose pid lives no more. */
void netlab_sweep_stale(void);

/* The address of one side as text and as a socket address. */
const char *netlab_address_text(const struct netlab *lab, enum lab_side side, int family);
socklen_t netlab_address(const struct netlab *lab, enum lab_side side, int family, uint16_t port,
			 struct sockaddr_storage *ret_address);

/* The MAC address of what is next to one end: the other end, or M. */
const uint8_t *netlab_next_mac(const struct netlab *lab, enum lab_side side);

/* Give these lines to `ip -batch` in the namespace of a place. 0 or a negative errno. */
int netlab_ip(const struct netlab *lab, enum lab_side place, const char *commands);

/* Take the link of one end down, or up again with its addresses. 0 or a negative errno. */
int netlab_link_set(const struct netlab *lab, enum lab_side side, bool is_up);

/* Write /proc/sys/net/<name> in the namespace of one side. 0 or a negative errno. */
int netlab_sysctl(const struct netlab *lab, enum lab_side side, const char *name,
		  const char *value);

/**
 * Replace the packet filter of one place by these rules, in one transaction.
 *
 * @input   Rules for the input hook (at M: the forward hook), one per line, or NULL for none.
 * @output  The same for the output hook.
 * @return  0; -EOPNOTSUPP when this kernel or nft cannot do it; another negative errno.
 */
int netlab_filter(const struct netlab *lab, enum lab_side side, const char *input,
		  const char *output);

/* Remove the packet filters of all places. */
int netlab_filter_clear(const struct netlab *lab);

/* Minimum retransmission timeout on the routes to the other side. 0 or a negative errno. */
int netlab_rto_min(const struct netlab *lab, enum lab_side side, int family, unsigned int ms);

#endif
