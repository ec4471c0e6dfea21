/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a run has seen, at its end: the endings that are alike as one line, what hurt most first. */
#ifndef USER_RENDER_BRIEF_SUMMARY_H
#define USER_RENDER_BRIEF_SUMMARY_H

#include "user/render/brief_lines.h"

#define BRIEF_SUMMARY_LINES 10
#define BRIEF_SUMMARY_KINDS 4096 /* what is beyond is counted as other */

struct brief_summary;

/* 0 or -ENOMEM. */
int brief_summary_new(struct brief_summary **ret);
void brief_summary_free(struct brief_summary **summary);

/* Count `brief`, with all that it stands for; it stays the caller's. */
void brief_summary_add(struct brief_summary *summary, const struct brief *brief);

/**
 * Append at most BRIEF_SUMMARY_LINES kinds, each with its commonest sentence: endings of the
 * application's or the path's doing before refusals and cancellations of equal number, benign ones
 * last. Nothing when nothing was counted.
 */
void brief_summary_append(struct strbuf *b, struct brief_summary *summary,
			  const struct brief_style *style);

#endif
