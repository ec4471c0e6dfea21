// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/count/flow_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "user/base/cleanup.h"

/**
 * @read    Totals of the last reading.
 * @added   By endings, for ever.
 * @told    Of both, when they were told last.
 */
struct flow_group {
	struct flow_identity identity;
	uint64_t reading; /* number of that reading */
	uint64_t read[FLOW_COUNT_COUNT];
	uint64_t added[FLOW_COUNT_COUNT];
	uint64_t told[FLOW_COUNT_COUNT];
	bool is_rest;
	UT_hash_handle hh;
};

/* A conversation that was read before: its group need not be found again. */
struct conversation {
	struct tally_key key;
	struct flow_group *group;
	UT_hash_handle hh;
};

struct flow_groups {
	uint32_t by;
	const struct flow_naming *naming;
	struct flow_group *groups;
	struct conversation *conversations;
	struct conversation *expected; /* the one that followed the last one, the last time */
	struct flow_group rest;
	uint64_t reading;
	uint64_t beyond;
};

int flow_groups_new(uint32_t by, const struct flow_naming *naming, struct flow_groups **ret)
{
	struct flow_groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	groups->by = by;
	groups->naming = naming;
	groups->rest.is_rest = true;
	*ret = groups;
	return 0;
}

void flow_groups_free(struct flow_groups **groups)
{
	struct conversation *conversation, *next_conversation;
	struct flow_group *group, *next_group;

	if (!*groups)
		return;
	HASH_ITER(hh, (*groups)->conversations, conversation, next_conversation)
	{
		HASH_DEL((*groups)->conversations, conversation);
		free(conversation);
	}
	HASH_ITER(hh, (*groups)->groups, group, next_group)
	{
		HASH_DEL((*groups)->groups, group);
		free(group);
	}
	free(*groups);
	*groups = NULL;
}

bool flow_groups_need_records(const struct flow_groups *groups)
{
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
		if (groups->by & 1u << key && flow_key_needs_record(key))
			return true;
	return false;
}

static void identity_add_zones(const struct flow_groups *groups, const struct flow_identity *full,
			       struct flow_identity *identity)
{
	const struct flow_naming *naming = groups->naming;

	if (groups->by & FLOW_KEY(ZONE_CLIENT) && full->known & FLOW_KEY(CLIENT)) {
		identity->zone_client = naming->zone_name(naming->zones, full->client);
		identity->known |= FLOW_KEY(ZONE_CLIENT);
	}
	if (groups->by & FLOW_KEY(ZONE_SERVER) && full->known & FLOW_KEY(SERVER)) {
		identity->zone_server = naming->zone_name(naming->zones, full->server);
		identity->known |= FLOW_KEY(ZONE_SERVER);
	}
}

/* NULL when there is no memory. */
static struct flow_group *group_find_or_add(struct flow_groups *groups,
					    const struct flow_identity *full)
{
	struct flow_identity identity;
	struct flow_group *group;

	flow_identity_reduce(full, groups->by, &identity);
	identity_add_zones(groups, full, &identity);
	HASH_FIND(hh, groups->groups, &identity, sizeof(identity), group);
	if (group)
		return group;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	group->identity = identity;
	HASH_ADD(hh, groups->groups, identity, sizeof(identity), group);
	return group;
}

void flow_groups_begin(struct flow_groups *groups)
{
	groups->reading++;
	groups->expected = groups->conversations;
}

/* The totals of a reading before are dropped when the first of this one comes: one pass less. */
static void group_read(const struct flow_groups *groups, struct flow_group *group,
		       const uint64_t *counts)
{
	if (group->reading != groups->reading) {
		group->reading = groups->reading;
		memcpy(group->read, counts, TALLY_COUNT * sizeof(*counts));
		return;
	}
	for (int i = 0; i < TALLY_COUNT; i++)
		group->read[i] += counts[i];
}

static struct conversation *conversation_add(struct flow_groups *groups,
					     const struct tally_key *key)
{
	const struct flow_naming *naming = groups->naming;
	struct flow_identity identity = {
		.known = FLOW_BY_CONVERSATION | FLOW_KEY(NETNS),
		.netns = key->netns,
		.server_port = NET_TO_HOST_16(key->server_port),
	};
	struct conversation *conversation;
	const char *interface;

	memcpy(identity.client, key->client, 16);
	memcpy(identity.server, key->server, 16);
	interface = naming->interface_name(naming->data, key->netns, key->ifindex);
	if (interface) {
		identity.interface = string_pool_get(naming->pool, interface, strlen(interface));
		identity.known |= FLOW_KEY(INTERFACE);
	}
	conversation = calloc(1, sizeof(*conversation));
	if (!conversation)
		return NULL;
	conversation->key = *key;
	conversation->group = group_find_or_add(groups, &identity);
	if (!conversation->group) {
		free(conversation);
		return NULL;
	}
	HASH_ADD(hh, groups->conversations, key, sizeof(*key), conversation);
	return conversation;
}

/* The map gives its entries in the same order each time: mostly no search is needed. */
static struct conversation *conversation_find_or_add(struct flow_groups *groups,
						     const struct tally_key *key)
{
	struct conversation *conversation = groups->expected;

	if (!conversation || memcmp(&conversation->key, key, sizeof(*key)) != 0)
		HASH_FIND(hh, groups->conversations, key, sizeof(*key), conversation);
	if (!conversation)
		return conversation_add(groups, key);
	groups->expected = conversation->hh.next;
	return conversation;
}

void flow_groups_take_conversation(struct flow_groups *groups, const struct tally_key *key,
				   const uint64_t *counts)
{
	struct conversation *conversation = conversation_find_or_add(groups, key);

	group_read(groups, conversation ? conversation->group : &groups->rest, counts);
}

void flow_groups_take_rest(struct flow_groups *groups, const uint64_t *counts)
{
	group_read(groups, &groups->rest, counts);
}

void flow_groups_take_ending(struct flow_groups *groups, const struct flow_identity *identity,
			     const uint64_t *counts)
{
	struct flow_identity reduced;
	struct flow_group *group = NULL;
	uint64_t any = 0;

	for (int i = 0; i < FLOW_COUNT_COUNT; i++)
		any |= counts[i];
	if (!any)
		return;
	if (HASH_COUNT(groups->groups) >= FLOW_GROUPS_MAX) {
		flow_identity_reduce(identity, groups->by, &reduced);
		identity_add_zones(groups, identity, &reduced);
		HASH_FIND(hh, groups->groups, &reduced, sizeof(reduced), group);
	} else {
		group = group_find_or_add(groups, identity);
	}
	if (!group)
		groups->beyond += counts[TALLY_OPENED];
	flow_counts_add(group ? group->added : groups->rest.added, counts);
}

/* Whether there is anything to tell; then it is told. */
static bool row_fill(const struct flow_groups *groups, struct flow_group *group, bool since_last,
		     struct flow_row *row)
{
	uint64_t now, any = 0;

	for (int i = 0; i < FLOW_COUNT_COUNT; i++) {
		now = group->read[i] + group->added[i];
		/* Unsigned: right also when a total has gone through its end. */
		row->counts[i] = now - (since_last ? group->told[i] : 0);
		any |= row->counts[i];
		if (since_last)
			group->told[i] = now;
	}
	if (!any)
		return false;
	row->identity = group->identity;
	row->by = groups->by;
	row->is_rest = group->is_rest;
	row->time_ns = row->elapsed_ns = 0;
	return true;
}

int flow_groups_rows(struct flow_groups *groups, bool since_last, struct flow_row **ret,
		     size_t *ret_count)
{
	size_t count = 0, most = HASH_COUNT(groups->groups) + 1;
	struct flow_row *rows = realloc(*ret, most * sizeof(*rows));
	struct flow_group *group;

	if (!rows)
		return -ENOMEM;
	*ret = rows;
	for (group = groups->groups; group; group = group->hh.next)
		count += row_fill(groups, group, since_last, &rows[count]);
	count += row_fill(groups, &groups->rest, since_last, &rows[count]);
	*ret_count = count;
	return 0;
}

uint64_t flow_groups_beyond(const struct flow_groups *groups)
{
	return groups->beyond;
}
