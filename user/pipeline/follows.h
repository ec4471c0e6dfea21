/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One ending because of another: a proxy closes one leg when the other has failed. Found by process,
 * by time, and by bytes that went in at one leg and out at the other. Always an inference.
 */
#ifndef USER_PIPELINE_FOLLOWS_H
#define USER_PIPELINE_FOLLOWS_H

#include "user/model/connection.h"

/* How many endings are remembered that others may follow. */
#define FOLLOWS_MAX 1024
/* Within this one alone suffices, further on the bytes must match. */
#define FOLLOWS_AT_ONCE_NS (50 * CLOCK_NS_PER_MS)
#define FOLLOWS_NS CLOCK_NS_PER_SECOND

struct follows;

/* *ret is set on success only. 0 or -ENOMEM. */
int follows_new(struct follows **ret);
void follows_free(struct follows **follows);

/* Remember an ending that this host's process did not choose, if it is one. */
void follows_note(struct follows *follows, const struct close_record *record);

/**
 * What the ending `record`, which a process of this host chose, most probably follows from.
 *
 * One that is found by its time alone is found once: of all that a busy process closes then, one leg
 * belongs to it.
 *
 * @ret_gap_ns  How long before; set when one is found.
 * @return      NULL when nothing, or more than one thing, comes into question. Valid until the next
 *              follows_note().
 */
const struct close_record *follows_find(struct follows *follows, const struct close_record *record,
					uint64_t *ret_gap_ns);

#endif
