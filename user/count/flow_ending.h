/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What one ending adds to counts, and to whose. */
#ifndef USER_COUNT_FLOW_ENDING_H
#define USER_COUNT_FLOW_ENDING_H

#include "user/model/connection.h"
#include "user/model/flow_row.h"

/**
 * What one ending says by itself, for the groupings that packets cannot tell: its packets until
 * then, one connection, and how it closed. Added to `counts`. Client and server are those of
 * flow_identity_of_ending().
 */
void flow_counts_add_ending(uint64_t *counts, const struct closed_connection *c);

/* Addresses and ports of both ends; a guess by the lower port where nothing tells the client. */
void flow_identity_of_ending(struct flow_identity *identity, const struct closed_connection *c);

#endif
