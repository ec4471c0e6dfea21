/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counts by group. Two kinds of source: totals that are read anew each time (the kernel's counts
 * of conversations), and single endings that are added as they come.
 */
#ifndef USER_COUNT_FLOW_GROUPS_H
#define USER_COUNT_FLOW_GROUPS_H

#include <stddef.h>

#include "user/base/string_pool.h"
#include "user/model/flow_row.h"

/* Groups of endings; what is beyond is counted in one row. Those of packets are bounded by their map. */
#define FLOW_GROUPS_MAX 65536

struct flow_groups;
struct zones;

/**
 * What groups are named with. Borrowed for the life of the groups.
 *
 * @zone_name       The zone of an address: zones_lookup().
 * @interface_name  Its name or NULL, asked once per conversation.
 */
struct flow_naming {
	const struct zones *zones;
	const char *(*zone_name)(const struct zones *zones, const uint8_t addr[16]);
	struct string_pool *pool;
	const char *(*interface_name)(void *data, uint32_t netns, uint32_t ifindex);
	void *data;
};

/* @by  FLOW_KEY() bits. *ret is set on success only. 0 or -ENOMEM. */
int flow_groups_new(uint32_t by, const struct flow_naming *naming, struct flow_groups **ret);
void flow_groups_free(struct flow_groups **groups);

/* Whether the groups are made of endings, because packets do not tell all that is asked for. */
bool flow_groups_need_records(const struct flow_groups *groups);

/** The totals are read anew: forget those of the last time, keep what endings have added. */
void flow_groups_begin(struct flow_groups *groups);

/**
 * One conversation with its totals, each once after begin; fastest in the order of the last time.
 *
 * @counts  TALLY_COUNT of them.
 */
void flow_groups_take_conversation(struct flow_groups *groups, const struct tally_key *key,
				   const uint64_t *counts);

/* Totals of conversations that found no room in the kernel's map. */
void flow_groups_take_rest(struct flow_groups *groups, const uint64_t *counts);

/**
 * One ending.
 *
 * @identity  Both ends, and comm, container, pod and verdict as far as they are known; strings of
 *            the pool.
 * @counts    FLOW_COUNT_COUNT of them, what it adds.
 */
void flow_groups_take_ending(struct flow_groups *groups, const struct flow_identity *identity,
			     const uint64_t *counts);

/**
 * The groups as rows.
 *
 * @since_last  What was counted since the last call that said so, and only the groups in which
 *              something was; else the totals.
 * @ret         Grown with realloc; the caller frees *ret.
 * @return      0 or -ENOMEM, and then nothing counts as told.
 */
int flow_groups_rows(struct flow_groups *groups, bool since_last, struct flow_row **ret,
		     size_t *ret_count);

/* Endings that found no group of their own, for want of room (FLOW_GROUPS_MAX) or memory. */
uint64_t flow_groups_beyond(const struct flow_groups *groups);

#endif
