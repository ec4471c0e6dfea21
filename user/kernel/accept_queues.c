// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/accept_queues.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "include/tracer_config.h"

#include "bpf/closetrace.skel.h"
#include "user/base/log.h"
#include "user/kernel/iterator.h"
#include "user/kernel/snmp.h"

/* One namespace, and where its counter stood. */
struct queue_counter {
	uint32_t netns;
	uint32_t round; /* in which it was there last */
	uint64_t overflows;
	UT_hash_handle hh;
};

struct accept_queues {
	struct closetrace_bpf *skeleton;
	const struct namespaces *namespaces;
	const struct snmp_watch *beginnings;
	bool (*wants)(void *data, uint32_t netns);
	void *data;
	struct queue_counter *counters;
	uint32_t round;
	size_t next; /* in the list of namespaces */
	size_t per_look;
	unsigned int looks; /* of this round */
};

int accept_queues_new(struct closetrace_bpf *skeleton, const struct namespaces *namespaces,
		      const struct snmp_watch *beginnings,
		      bool (*wants)(void *data, uint32_t netns), void *data,
		      struct accept_queues **ret)
{
	struct accept_queues *queues = calloc(1, sizeof(*queues));

	if (!queues)
		return -ENOMEM;
	queues->skeleton = skeleton;
	queues->namespaces = namespaces;
	queues->beginnings = beginnings;
	queues->wants = wants;
	queues->data = data;
	*ret = queues;
	return 0;
}

static void counter_remove(struct accept_queues *queues, struct queue_counter *counter)
{
	HASH_DEL(queues->counters, counter);
	free(counter);
}

void accept_queues_free(struct accept_queues **queues)
{
	struct queue_counter *counter, *next;

	if (!*queues)
		return;
	HASH_ITER(hh, (*queues)->counters, counter, next)
	counter_remove(*queues, counter);
	free(*queues);
	*queues = NULL;
}

static uint64_t counter_rise(struct accept_queues *queues, uint32_t netns, uint64_t overflows)
{
	const struct snmp_baseline *beginning = snmp_watch_find(queues->beginnings, netns);
	struct queue_counter *counter;
	uint64_t rise;

	HASH_FIND(hh, queues->counters, &netns, sizeof(netns), counter);
	if (!counter) {
		counter = calloc(1, sizeof(*counter));
		if (!counter)
			return 0;
		counter->netns = netns;
		counter->overflows =
			beginning ? beginning->counts[SNMP_LISTEN_OVERFLOWS] : overflows;
		HASH_ADD(hh, queues->counters, netns, sizeof(counter->netns), counter);
	}
	counter->round = queues->round;
	rise = overflows - counter->overflows;
	counter->overflows = overflows;
	return rise;
}

static void namespace_look(struct accept_queues *queues, const struct network_namespace *ns)
{
	uint64_t overflows = 0, rise;
	int err;

	if (namespaces_enter(queues->namespaces, ns))
		return;
	err = snmp_read_listen_overflows(&overflows);
	rise = err ? 0 : counter_rise(queues, ns->inode, overflows);
	if (rise) {
		queues->skeleton->bss->accept_queue_netns = ns->inode;
		queues->skeleton->bss->accept_queue_dropped = rise > UINT32_MAX ? UINT32_MAX : rise;
		err = iterator_run(queues->skeleton->progs.ct_iter_listen);
		if (err)
			log_debug("the listeners of namespace %u cannot be listed: %s", ns->inode,
				  strerror(-err));
	}
	namespaces_leave(queues->namespaces, ns);
}

/* Namespaces that were not there in the round that ends are gone. */
static void round_begin(struct accept_queues *queues)
{
	struct queue_counter *counter, *next;

	HASH_ITER(hh, queues->counters, counter, next)
	{
		if (counter->round != queues->round)
			counter_remove(queues, counter);
	}
	queues->round++;
	queues->next = 0;
	queues->per_look = (queues->namespaces->count + ACCEPT_QUEUES_ROUND_LOOKS - 1) /
			   ACCEPT_QUEUES_ROUND_LOOKS;
	if (queues->per_look > ACCEPT_QUEUES_LOOK_MOST)
		queues->per_look = ACCEPT_QUEUES_LOOK_MOST;
}

void accept_queues_look(struct accept_queues *queues)
{
	if (!queues->round)
		round_begin(queues);
	for (size_t i = 0; i < queues->per_look && queues->next < queues->namespaces->count; i++) {
		const struct network_namespace *ns = &queues->namespaces->items[queues->next++];

		if (queues->wants(queues->data, ns->inode))
			namespace_look(queues, ns);
	}
	if (++queues->looks < ACCEPT_QUEUES_ROUND_LOOKS || queues->next < queues->namespaces->count)
		return;
	queues->looks = 0;
	round_begin(queues);
}
