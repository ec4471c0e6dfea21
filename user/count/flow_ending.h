/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What one ending, or a storm of them, adds to counts, and to whose. */
#ifndef USER_COUNT_FLOW_ENDING_H
#define USER_COUNT_FLOW_ENDING_H

#include "include/storm.h"
#include "user/base/string_pool.h"
#include "user/model/connection.h"
#include "user/model/flow_row.h"

/**
 * What an ending says by itself, for the groupings that packets cannot tell: its packets until
 * then, one connection, and how it closed. A record that stands for many says the sum of all.
 *
 * @counts  FLOW_COUNT_COUNT of them; added to. Client and server are those of
 *          flow_identity_of_ending().
 */
void flow_counts_add_ending(uint64_t *counts, const struct closed_connection *c);

/**
 * Addresses and ports of both ends, namespace and verdict; a guess by the lower port where nothing
 * tells the client. Of a record that stands for many only what they all have is marked as known.
 *
 * @identity  Overwritten whole.
 */
void flow_identity_of_ending(struct flow_identity *identity, const struct closed_connection *c);

/* Add comm, container, pod and interface, as far as they are known; strings of `pool`. */
void flow_identity_add_owner(struct flow_identity *identity, const struct closed_connection *c,
			     struct string_pool *pool);

#endif
