/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When both ends of a connection are of this host, each of their records can name the other's
 * process. They are found by the initial sequence numbers, which no address translation changes:
 * each end knows both, the other way round.
 */
#ifndef USER_PIPELINE_OTHER_ENDS_H
#define USER_PIPELINE_OTHER_ENDS_H

#include "user/model/connection.h"

/* How many endings are remembered, and for how long. */
#define OTHER_ENDS_MAX 4096
#define OTHER_ENDS_NS (60 * CLOCK_NS_PER_SECOND)

struct other_ends;

/* *ret is set on success only. 0 or -ENOMEM. */
int other_ends_new(struct other_ends **ret);
void other_ends_free(struct other_ends **ends);

/* Remember the end that `c` tells of, if it is a socket of a known process. */
void other_ends_note(struct other_ends *ends, const struct closed_connection *c);

/**
 * The end at the other side of the connection of `c`.
 *
 * @return  NULL when none was noted. Valid until the next other_ends_note().
 */
const struct other_end *other_ends_find(const struct other_ends *ends,
					const struct closed_connection *c);

#endif
