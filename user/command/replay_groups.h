/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `replay --by LIST`: the endings of a capture counted by group, in the rows of `flows`. */
#ifndef USER_COMMAND_REPLAY_GROUPS_H
#define USER_COMMAND_REPLAY_GROUPS_H

#include "user/command/replay_options.h"
#include "user/model/connection.h"
#include "user/outlet/outlets.h"
#include "user/enrich/zones.h"

struct replay_groups;

/**
 * @options  Borrowed: counts.by, sort, top, output.
 * @outlets  Where the rows go is opened there.
 * @return   0; a negative errno after a sentence.
 */
int replay_groups_new(const struct replay_command_options *options, struct outlets *outlets,
		      struct replay_groups **ret);
/* Before the first one is added. Borrowed; may be NULL. */
void replay_groups_set_zones(struct replay_groups *groups, const struct zones *zones);

void replay_groups_free(struct replay_groups **groups);

/* Count one connection: an ending, or one that the end of the capture cut. */
void replay_groups_add(struct replay_groups *groups, const struct closed_connection *c);

/**
 * Write the rows to the outlets.
 *
 * @filter   Of rows; NULL = all.
 * @time_ns  Of the capture's end. @elapsed_ns how long it is.
 * @return   0 or negative errno.
 */
int replay_groups_print(struct replay_groups *groups, const struct filter *filter, uint64_t time_ns,
			uint64_t elapsed_ns);

#endif
