/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's own counters of TCP, summed over the watched network namespaces: what the
 * ledger is held against. What raises each of them: include/snmp.h.
 */
#ifndef USER_KERNEL_SNMP_H
#define USER_KERNEL_SNMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/kernel/namespaces.h"
#include "user/pipeline/ledger.h"

/**
 * Take the counters that are known out of the text of /proc/net/snmp or /proc/net/netstat:
 * pairs of lines, names above numbers.
 *
 * @counts   Those that occur are set, the others left.
 * @present  A bit is set for each that occurs.
 */
void snmp_parse(const char *text, uint64_t counts[SNMP_COUNT], uint32_t *present);

/* ListenOverflows of the namespace that this thread is in. 0 or negative errno. */
int snmp_read_listen_overflows(uint64_t *ret);

struct snmp_baseline {
	uint32_t inode;
	bool seen; /* in the round that is under way */
	uint64_t counts[SNMP_COUNT];
};

/* Where each namespace began. All zero: nothing is known yet. */
struct snmp_watch {
	struct snmp_baseline *items;
	size_t count;
	size_t capacity;
	unsigned int rounds;
	unsigned int came; /* namespaces that were there after the first round only */
	unsigned int went;
};

void snmp_watch_release(struct snmp_watch *watch);

/* Where a namespace began; NULL when no round has met it. Valid until the next round. */
const struct snmp_baseline *snmp_watch_find(const struct snmp_watch *watch, uint32_t inode);

/**
 * Take a round: namespaces that are new begin here, those that went are dropped and noted.
 * Enters the namespaces; costs about 50 us for each.
 *
 * @wants       Says whether a namespace is watched.
 * @ret         NULL, or where to put what was gained since the beginnings: `gained`,
 *              `present` and the numbers of namespaces; the rest is left.
 * @return      0 or -ENOMEM. A namespace that cannot be read is counted as such.
 */
int snmp_watch_round(struct snmp_watch *watch, const struct namespaces *namespaces,
		     bool (*wants)(void *data, uint32_t netns), void *data,
		     struct kernel_account *ret);

#endif
