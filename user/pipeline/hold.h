/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Close records that wait a moment for late evidence, found by connection and end. */
#ifndef USER_PIPELINE_HOLD_H
#define USER_PIPELINE_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "include/record.h"

struct hold;

/* *ret is set on success only. 0 or -ENOMEM. */
int hold_new(struct hold **ret);
void hold_free(struct hold **hold);

/* Copies `record`. 0; -ENOMEM; -EEXIST when this end of this connection is held already. */
int hold_add(struct hold *hold, const struct close_record *record);

/* Take out the record of one end. False, *ret untouched, when none is held. */
bool hold_take(struct hold *hold, const struct flow_key *key, uint8_t local_side,
	       struct close_record *ret);

/* Take out the oldest record if its time is before `time_ns`; oldest first. UINT64_MAX: any. */
bool hold_take_older(struct hold *hold, uint64_t time_ns, struct close_record *ret);

bool hold_is_empty(const struct hold *hold);

#endif
