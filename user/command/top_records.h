/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For `top`: the last endings, and those of one connection as text. */
#ifndef USER_COMMAND_TOP_RECORDS_H
#define USER_COMMAND_TOP_RECORDS_H

#include "user/model/connection.h"
#include "user/model/flow_row.h"
#include "user/tui/top_view.h"

#define TOP_RECORDS_KEPT 4096
#define TOP_RECORDS_SHOWN 200

struct top_records;

/* *ret is set on success only. 0 or -ENOMEM. */
int top_records_new(struct top_records **ret);
void top_records_free(struct top_records **records);

/* Copied whole. The oldest makes room; without memory for it, it is counted as lost. */
void top_records_add(struct top_records *records, const struct closed_connection *c);

/* Those that there was no memory for. */
uint64_t top_records_lost(const struct top_records *records);

/* All that are kept, the oldest first. */
void top_records_each(const struct top_records *records,
		      void (*each)(void *data, const struct closed_connection *c), void *data);

/**
 * The endings of the connection between both ends of `identity`, the newest first, escaped.
 *
 * @return  Valid until the next call.
 */
const struct top_record *top_records_of(struct top_records *records,
					const struct flow_identity *identity, size_t *ret_count);

#endif
