/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is still to be hooked, and in which order, so that nobody who makes interfaces delays those of
 * others: users of a host take turns; so do the namespaces of a user, and in a namespace what was
 * announced just now comes before what was there at the start.
 */
#ifndef USER_KERNEL_WIRE_QUEUE_H
#define USER_KERNEL_WIRE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/kernel/netlink.h"

/*
 * URGENT jobs come first, in their order; then the OWN namespace's; then the turns of FRESH and
 * BACKLOG ones.
 */
enum wire_urgency { WIRE_URGENT, WIRE_OWN, WIRE_FRESH, WIRE_BACKLOG };

/**
 * @owner  Who owns the namespace: the uid that made its user namespace.
 * @link   The interface to hook; ifindex 0: list the interfaces of the namespace.
 */
struct wire_job {
	uint32_t owner;
	uint32_t netns;
	struct netlink_link link;
};

struct wire_queue;

/* *ret is set on success only. 0 or -ENOMEM. */
int wire_queue_new(struct wire_queue **ret);
void wire_queue_free(struct wire_queue **queue);

/* 0 or -ENOMEM. */
int wire_queue_push(struct wire_queue *queue, enum wire_urgency urgency,
		    const struct wire_job *job);

/**
 * Take the next job.
 *
 * @now_ns    Decides who has rested.
 * @is_paused Only what may not wait: urgent jobs, and fresh ones of owners that have rested.
 * @return    False, *ret untouched, when there is none.
 */
bool wire_queue_pop(struct wire_queue *queue, uint64_t now_ns, bool is_paused,
		    struct wire_job *ret);

/* The owner had a turn, and has the next one within a pause not before `until_ns`. */
void wire_queue_rest(struct wire_queue *queue, uint32_t owner, uint64_t until_ns);

/* The first of the resting owners that has fresh jobs is rested then; UINT64_MAX for none. */
uint64_t wire_queue_next_ns(const struct wire_queue *queue);

size_t wire_queue_len(const struct wire_queue *queue);
/* Of these, the urgent ones. */
size_t wire_queue_urgent_len(const struct wire_queue *queue);

#endif
