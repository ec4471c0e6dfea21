/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a capture says at its end: endings by verdict, by server and by sign, and where to look first. */
#ifndef USER_REPLAY_CAPTURE_SUMMARY_H
#define USER_REPLAY_CAPTURE_SUMMARY_H

#include "include/record.h"
#include "user/base/strbuf.h"
#include "user/model/capture_story.h"
#include "user/model/connection.h"

struct capture_summary;

int capture_summary_new(struct capture_summary **ret);
void capture_summary_free(struct capture_summary **summary);

/* Every ending, shown or not. */
void capture_summary_add(struct capture_summary *summary, const struct close_record *record,
			 const struct capture_story *story);

/* One that is shown: the first of them is where to look. */
void capture_summary_shown(struct capture_summary *summary, const struct closed_connection *c);

/* Lines, each with "closetrace: " before it; nothing where nothing ended. */
void capture_summary_append(struct strbuf *b, const struct capture_summary *summary);

#endif
