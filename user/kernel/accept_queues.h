/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Full accept queues. The kernel tells of a SYN that it drops for one by counters alone, so these
 * are looked at: each namespace's once a second, a few at a time, and its listeners when it has risen.
 */
#ifndef USER_KERNEL_ACCEPT_QUEUES_H
#define USER_KERNEL_ACCEPT_QUEUES_H

#include "user/kernel/namespaces.h"

/* How often accept_queues_look() is to be called, and how often it comes to each namespace. */
#define ACCEPT_QUEUES_INTERVAL_NS (100 * CLOCK_NS_PER_MS)
#define ACCEPT_QUEUES_ROUND_LOOKS 10
/* Of one look: a namespace costs some 50 us. With more than 160 of them a round takes longer. */
#define ACCEPT_QUEUES_LOOK_MOST 16

struct closetrace_bpf;
struct snmp_watch;
struct accept_queues;

/**
 * @namespaces  Those to look at.
 * @beginnings  Where they began; one that is not in it begins when it is first looked at.
 * @wants       Says whether a namespace is watched.
 *
 * All is borrowed and may change between the looks. *ret is set on success only. 0 or -ENOMEM.
 */
int accept_queues_new(struct closetrace_bpf *skeleton, const struct namespaces *namespaces,
		      const struct snmp_watch *beginnings,
		      bool (*wants)(void *data, uint32_t netns), void *data,
		      struct accept_queues **ret);
void accept_queues_free(struct accept_queues **queues);

/* Look at the next few namespaces. What there is to tell goes through the ring buffer. */
void accept_queues_look(struct accept_queues *queues);

#endif
