/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Endings on their way out, in the order of their times: one that silence made is known long after
 * its time. What waits is bounded; for one more, the oldest goes.
 */
#ifndef USER_REPLAY_TOLD_QUEUE_H
#define USER_REPLAY_TOLD_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/record.h"
#include "user/model/capture_story.h"
#include "user/model/zeek_summary.h"

#define TOLD_QUEUE_MOST 65536 /* about 40 MB */

/* One ending. @serial is the queue's own: what has the same time stays in the order of its coming. */
struct told_ending {
	struct close_record record;
	struct capture_story story;
	struct zeek_summary zeek;
	bool has_zeek;
	uint64_t serial;
};

struct told_queue;

int told_queue_new(struct told_queue **ret);
void told_queue_free(struct told_queue **queue);

bool told_queue_is_full(const struct told_queue *queue);

/* `ending` is copied. 0 or -ENOMEM; never while it is full. */
int told_queue_add(struct told_queue *queue, const struct told_ending *ending);

/* The oldest one, to be freed by the caller, if its time is not after `time_ns`; else NULL. */
struct told_ending *told_queue_take(struct told_queue *queue, uint64_t time_ns);

#endif
