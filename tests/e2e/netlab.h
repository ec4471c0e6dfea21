/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pairs of network namespaces joined by a veth pair: A, where the client lives, and B, where the
 * server lives. Names carry the pid of the owner, so that batteries can run beside each other and
 * what a killed one left behind can be found.
 */
#ifndef TESTS_E2E_NETLAB_H
#define TESTS_E2E_NETLAB_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum lab_side { SIDE_A, SIDE_B, SIDE_COUNT };

#define NETLAB_INDEX_MAX 250

struct netlab_side {
	char netns[40];
	char interface[16];
	char address_v4[32];
	char address_v6[64];
	uint8_t mac[6];
	int netns_fd; /* -1 until the lab is built */
	ino_t netns_inode;
};

struct netlab {
	unsigned int index;
	struct netlab_side side[SIDE_COUNT];
};

/**
 * Fill in the names and addresses of a lab; touches nothing.
 *
 * @index  0 to NETLAB_INDEX_MAX, unique in this process: addresses are derived from it.
 * @tag    Short and unique in this process, part of the names: ct<pid>-<tag>a and ...b.
 */
void netlab_plan(struct netlab *lab, unsigned int index, const char *tag);

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

/* Write /proc/sys/net/<name> in the namespace of one side. 0 or a negative errno. */
int netlab_sysctl(const struct netlab *lab, enum lab_side side, const char *name,
		  const char *value);

/**
 * Replace the packet filter of one side by these rules, in one transaction.
 *
 * @input   Rules for the input hook, one per line, or NULL for none.
 * @output  The same for the output hook.
 * @return  0; -EOPNOTSUPP when this kernel or nft cannot do it; another negative errno.
 */
int netlab_filter(const struct netlab *lab, enum lab_side side, const char *input,
		  const char *output);

/* Remove the packet filters of both sides. */
int netlab_filter_clear(const struct netlab *lab);

/* Minimum retransmission timeout on the routes to the other side. 0 or a negative errno. */
int netlab_rto_min(const struct netlab *lab, enum lab_side side, int family, unsigned int ms);

#endif
