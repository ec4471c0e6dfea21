/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Single connections: those in the flow map, and those that have ended. A connection of two
 * namespaces of this host is one.
 */
#ifndef USER_COUNT_FLOW_CONNECTIONS_H
#define USER_COUNT_FLOW_CONNECTIONS_H

#include <stddef.h>

#include "user/model/flow_row.h"

/* Ended ones that are kept to be told; what is beyond is counted. */
#define FLOW_CONNECTIONS_MAX 262144

struct flow_connections;

/* *ret is set on success only. 0 or -ENOMEM. */
int flow_connections_new(struct flow_connections **ret);
void flow_connections_free(struct flow_connections **connections);

/* The flow map is read anew. */
void flow_connections_begin(struct flow_connections *connections);

/**
 * One flow of the map; those that another namespace counts are passed over. Fastest in the order
 * of the last time.
 */
void flow_connections_take_flow(struct flow_connections *connections, const struct flow_key *key,
				const struct flow_state *flow);

/**
 * One ending, or many: those without a port of their own are only added up.
 *
 * @identity  As for flow_groups_take_ending().
 */
void flow_connections_take_ending(struct flow_connections *connections,
				  const struct flow_identity *identity, const uint64_t *counts);

/**
 * The connections in which something was counted since the last call that told them, with all
 * that was counted in their life; and one row for the ended ones that have none of their own.
 *
 * @forget  Ended ones are not told again.
 * @ret     Grown with realloc; the caller frees *ret.
 * @return  0 or -ENOMEM.
 */
int flow_connections_rows(struct flow_connections *connections, bool forget, struct flow_row **ret,
			  size_t *ret_count);

/* Ended connections that were not kept, for want of room or memory: they are in the rest. */
uint64_t flow_connections_beyond(const struct flow_connections *connections);

#endif
