// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/count/flow_ending.h"

#include <string.h>

#include "user/count/reset_habit.h"

/* The ends, as far as every ending that a record stands for has the same. */
static uint32_t known_ends(const struct closed_connection *c)
{
	if (!c->sums)
		return FLOW_BY_CONNECTION | FLOW_KEY(VERDICT);
	switch (c->storm_level) {
	case STORM_PEER_NETWORK:
		return FLOW_BY_CONVERSATION | FLOW_KEY(NETNS) | FLOW_KEY(VERDICT);
	case STORM_LISTENER:
		return FLOW_KEY(SERVER) | FLOW_KEY(NETNS) | FLOW_KEY(VERDICT);
	default:
		return FLOW_KEY(VERDICT);
	}
}

void flow_identity_of_ending(struct flow_identity *identity, const struct closed_connection *c)
{
	bool client_is_local = ending_client_is_local(&c->record);

	memset(identity, 0, sizeof(*identity));
	identity->known = known_ends(c);
	memcpy(identity->client,
	       client_is_local ? connection_local_addr(c) : connection_peer_addr(c), 16);
	memcpy(identity->server,
	       client_is_local ? connection_peer_addr(c) : connection_local_addr(c), 16);
	identity->client_port =
		client_is_local ? connection_local_port(c) : connection_peer_port(c);
	identity->server_port =
		client_is_local ? connection_peer_port(c) : connection_local_port(c);
	identity->netns = c->record.key.netns;
	identity->verdict = c->record.decision.verdict;
}

static const char *pooled(struct string_pool *pool, const char *text)
{
	return text ? string_pool_get(pool, text, strlen(text)) : NULL;
}

void flow_identity_add_owner(struct flow_identity *identity, const struct closed_connection *c,
			     struct string_pool *pool)
{
	const struct container *container = c->container;

	if (c->interface && !c->sums) {
		identity->interface = pooled(pool, c->interface);
		identity->known |= FLOW_KEY(INTERFACE);
	}
	if (c->record.owner.pid && (!c->sums || c->storm_level == STORM_PEER_NETWORK)) {
		identity->comm = string_pool_get(pool, c->record.owner.comm,
						 task_comm_len(&c->record.owner));
		identity->known |= FLOW_KEY(COMM);
	}
	if (!container || (c->sums && c->storm_level == STORM_VERDICT))
		return;
	identity->container = pooled(pool, container->name ?: container->id);
	identity->pod = pooled(pool, container->pod);
	identity->known |= FLOW_KEY(CONTAINER) | (container->pod ? FLOW_KEY(POD) : 0);
}

/* Of a storm's, those that came after the habit was known: the first closes teach it. */
static uint64_t of_habit(const struct closed_connection *c)
{
	uint64_t known = c->habit_closes - (RESET_HABIT_CLOSES_MIN - 1);

	if (!c->habit_resets)
		return 0;
	return known < c->repeated ? known : c->repeated;
}

void flow_counts_add_ending(uint64_t *counts, const struct closed_connection *c)
{
	struct ending_sums sums = {};

	if (!c->sums)
		ending_sums_add(&sums, &c->record);
	for (int i = 0; i < TALLY_COUNT; i++)
		counts[i] += c->sums ? c->sums->counts[i] : sums.counts[i];
	counts[FLOW_COUNT_RST_HABIT] += of_habit(c);
}
