// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/told_queue.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 256

struct told_queue {
	struct told_ending **heap; /* the oldest first */
	size_t count;
	size_t room;
	uint64_t serial;
};

int told_queue_new(struct told_queue **ret)
{
	struct told_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return -ENOMEM;
	*ret = queue;
	return 0;
}

void told_queue_free(struct told_queue **queue)
{
	if (!*queue)
		return;
	for (size_t i = 0; i < (*queue)->count; i++)
		free((*queue)->heap[i]);
	free((*queue)->heap);
	free(*queue);
	*queue = NULL;
}

bool told_queue_is_full(const struct told_queue *queue)
{
	return queue->count >= TOLD_QUEUE_MOST;
}

static bool is_before(const struct told_ending *a, const struct told_ending *b)
{
	uint64_t a_ns = a->record.head.time_ns, b_ns = b->record.head.time_ns;

	return a_ns != b_ns ? a_ns < b_ns : a->serial < b->serial;
}

static bool grow(struct told_queue *queue)
{
	size_t room = queue->room ? 2 * queue->room : ROOM_FIRST;
	struct told_ending **heap;

	if (queue->count < queue->room)
		return true;
	heap = realloc(queue->heap, room * sizeof(*heap));
	if (!heap)
		return false;
	queue->heap = heap;
	queue->room = room;
	return true;
}

int told_queue_add(struct told_queue *queue, const struct told_ending *ending)
{
	struct told_ending *copy;
	size_t at;

	if (!grow(queue))
		return -ENOMEM;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *ending;
	copy->serial = queue->serial++;
	for (at = queue->count++; at; at = (at - 1) / 2) {
		if (!is_before(copy, queue->heap[(at - 1) / 2]))
			break;
		queue->heap[at] = queue->heap[(at - 1) / 2];
	}
	queue->heap[at] = copy;
	return 0;
}

struct told_ending *told_queue_take(struct told_queue *queue, uint64_t time_ns)
{
	struct told_ending *first, *last;
	size_t at = 0, below;

	if (!queue->count || queue->heap[0]->record.head.time_ns > time_ns)
		return NULL;
	first = queue->heap[0];
	last = queue->heap[--queue->count];
	while ((below = 2 * at + 1) < queue->count) {
		if (below + 1 < queue->count &&
		    is_before(queue->heap[below + 1], queue->heap[below]))
			below++;
		if (is_before(last, queue->heap[below]))
			break;
		queue->heap[at] = queue->heap[below];
		at = below;
	}
	queue->heap[at] = last;
	return first;
}
