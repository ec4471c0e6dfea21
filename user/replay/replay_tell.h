/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is told of a connection whose flow has been judged. Pure. */
#ifndef USER_REPLAY_REPLAY_TELL_H
#define USER_REPLAY_REPLAY_TELL_H

#include "include/record.h"
#include "user/model/capture_story.h"
#include "user/replay/conn_table.h"

/* `flow` is conn->flow, or what it would be. */
void tell_record(const struct replay_conn *conn, const struct capture_flow *flow,
		 struct close_record *ret);

/* All but the names of files, and whether it is told early. */
void tell_story(const struct replay_conn *conn, struct capture_story *ret);

/* What Zeek's machine has; conn->has_zeek. */
void tell_zeek(const struct replay_conn *conn, struct zeek_summary *ret);

#endif
