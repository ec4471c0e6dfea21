// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/wire_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

struct queued_job {
	STAILQ_ENTRY(queued_job) link;
	struct wire_job job;
};

STAILQ_HEAD(job_list, queued_job);

/* One that has jobs; it takes its turn in `turns` of its owner. */
struct queued_netns {
	TAILQ_ENTRY(queued_netns) turn;
	uint32_t netns;
	struct job_list fresh;
	struct job_list backlog;
};

TAILQ_HEAD(netns_list_head, queued_netns);

/* Stays while it rests, so that an owner cannot come back as a new one. */
struct queued_owner {
	TAILQ_ENTRY(queued_owner) turn;
	uint32_t owner;
	uint64_t rested_ns;
	size_t fresh;
	struct netns_list_head turns;
};

struct wire_queue {
	struct job_list urgent;
	struct job_list own;
	TAILQ_HEAD(, queued_owner) turns;
	size_t len;
	size_t urgent_len;
};

int wire_queue_new(struct wire_queue **ret)
{
	struct wire_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return -ENOMEM;
	STAILQ_INIT(&queue->urgent);
	STAILQ_INIT(&queue->own);
	TAILQ_INIT(&queue->turns);
	*ret = queue;
	return 0;
}

static void job_list_free(struct job_list *list)
{
	struct queued_job *item;

	while ((item = STAILQ_FIRST(list))) {
		STAILQ_REMOVE_HEAD(list, link);
		free(item);
	}
}

void wire_queue_free(struct wire_queue **queue)
{
	struct queued_owner *owner;
	struct queued_netns *netns;

	if (!*queue)
		return;
	job_list_free(&(*queue)->urgent);
	job_list_free(&(*queue)->own);
	while ((owner = TAILQ_FIRST(&(*queue)->turns))) {
		while ((netns = TAILQ_FIRST(&owner->turns))) {
			job_list_free(&netns->fresh);
			job_list_free(&netns->backlog);
			TAILQ_REMOVE(&owner->turns, netns, turn);
			free(netns);
		}
		TAILQ_REMOVE(&(*queue)->turns, owner, turn);
		free(owner);
	}
	free(*queue);
	*queue = NULL;
}

static struct queued_owner *owner_find(const struct wire_queue *queue, uint32_t uid)
{
	struct queued_owner *owner;

	TAILQ_FOREACH(owner, &queue->turns, turn)
	if (owner->owner == uid)
		return owner;
	return NULL;
}

static struct queued_owner *owner_get(struct wire_queue *queue, uint32_t uid)
{
	struct queued_owner *owner = owner_find(queue, uid);

	if (owner)
		return owner;
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return NULL;
	owner->owner = uid;
	TAILQ_INIT(&owner->turns);
	TAILQ_INSERT_TAIL(&queue->turns, owner, turn);
	return owner;
}

static struct queued_netns *netns_get(struct queued_owner *owner, uint32_t inode)
{
	struct queued_netns *netns;

	TAILQ_FOREACH(netns, &owner->turns, turn)
	if (netns->netns == inode)
		return netns;
	netns = calloc(1, sizeof(*netns));
	if (!netns)
		return NULL;
	netns->netns = inode;
	STAILQ_INIT(&netns->fresh);
	STAILQ_INIT(&netns->backlog);
	TAILQ_INSERT_TAIL(&owner->turns, netns, turn);
	return netns;
}

int wire_queue_push(struct wire_queue *queue, enum wire_urgency urgency, const struct wire_job *job)
{
	struct queued_job *item = malloc(sizeof(*item));
	struct queued_owner *owner;
	struct queued_netns *netns;

	if (!item)
		return -ENOMEM;
	item->job = *job;
	if (urgency == WIRE_URGENT || urgency == WIRE_OWN) {
		STAILQ_INSERT_TAIL(urgency == WIRE_OWN ? &queue->own : &queue->urgent, item, link);
		queue->urgent_len += urgency == WIRE_URGENT;
		queue->len++;
		return 0;
	}
	owner = owner_get(queue, job->owner);
	netns = owner ? netns_get(owner, job->netns) : NULL;
	if (!netns) {
		free(item);
		return -ENOMEM;
	}
	STAILQ_INSERT_TAIL(urgency == WIRE_FRESH ? &netns->fresh : &netns->backlog, item, link);
	owner->fresh += urgency == WIRE_FRESH;
	queue->len++;
	return 0;
}

static bool job_take(struct wire_queue *queue, struct job_list *list, struct wire_job *ret)
{
	struct queued_job *item = STAILQ_FIRST(list);

	if (!item)
		return false;
	STAILQ_REMOVE_HEAD(list, link);
	*ret = item->job;
	free(item);
	queue->len--;
	return true;
}

/* The next namespace of the owner: it goes to the end of the line, or out of it. */
static bool owner_take(struct wire_queue *queue, struct queued_owner *owner, bool fresh_only,
		       struct wire_job *ret)
{
	struct queued_netns *netns;
	bool taken = false;

	TAILQ_FOREACH(netns, &owner->turns, turn)
	{
		taken = job_take(queue, &netns->fresh, ret);
		owner->fresh -= taken;
		if (!taken && !fresh_only)
			taken = job_take(queue, &netns->backlog, ret);
		if (taken)
			break;
	}
	if (!taken)
		return false;
	TAILQ_REMOVE(&owner->turns, netns, turn);
	if (STAILQ_EMPTY(&netns->fresh) && STAILQ_EMPTY(&netns->backlog))
		free(netns);
	else
		TAILQ_INSERT_TAIL(&owner->turns, netns, turn);
	return true;
}

static void owners_forget_rested(struct wire_queue *queue, uint64_t now_ns)
{
	struct queued_owner *owner = TAILQ_FIRST(&queue->turns), *next;

	for (; owner; owner = next) {
		next = TAILQ_NEXT(owner, turn);
		if (!TAILQ_EMPTY(&owner->turns) || owner->rested_ns > now_ns)
			continue;
		TAILQ_REMOVE(&queue->turns, owner, turn);
		free(owner);
	}
}

bool wire_queue_pop(struct wire_queue *queue, uint64_t now_ns, bool is_paused, struct wire_job *ret)
{
	struct queued_owner *owner;

	if (job_take(queue, &queue->urgent, ret)) {
		queue->urgent_len--;
		return true;
	}
	if (!is_paused && job_take(queue, &queue->own, ret))
		return true;
	owners_forget_rested(queue, now_ns);
	TAILQ_FOREACH(owner, &queue->turns, turn)
	{
		if (is_paused && owner->rested_ns > now_ns)
			continue;
		if (!owner_take(queue, owner, is_paused, ret))
			continue;
		TAILQ_REMOVE(&queue->turns, owner, turn);
		TAILQ_INSERT_TAIL(&queue->turns, owner, turn);
		return true;
	}
	return false;
}

void wire_queue_rest(struct wire_queue *queue, uint32_t owner, uint64_t until_ns)
{
	struct queued_owner *found = owner_get(queue, owner);

	/* Without memory it is served too early, which hurts nobody. */
	if (found)
		found->rested_ns = until_ns;
}

uint64_t wire_queue_next_ns(const struct wire_queue *queue)
{
	const struct queued_owner *owner;
	uint64_t next_ns = UINT64_MAX;

	TAILQ_FOREACH(owner, &queue->turns, turn)
	if (owner->fresh && owner->rested_ns < next_ns)
		next_ns = owner->rested_ns;
	return next_ns;
}

size_t wire_queue_len(const struct wire_queue *queue)
{
	return queue->len;
}

size_t wire_queue_urgent_len(const struct wire_queue *queue)
{
	return queue->urgent_len;
}
