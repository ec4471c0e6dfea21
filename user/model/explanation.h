/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ending of a connection in one true English sentence. */
#ifndef USER_MODEL_EXPLANATION_H
#define USER_MODEL_EXPLANATION_H

#include "user/base/strbuf.h"
#include "user/model/connection.h"

/**
 * Append one sentence without a full stop, such as
 *	nginx[812] closed with 4,312 bytes unread, so the kernel sent RST (TCP_ABORT_ON_CLOSE)
 *
 * A fact that is not known is left out, never printed as 0. What is only inferred is worded with
 * "probably"; what merely fits a known timeout is worded as a hint.
 *
 * NOT escaped: names of processes are copied as they are and may hold any byte. Every form passes
 * the whole sentence through json_append_string() or text_append_escaped().
 */
void explanation_append(struct strbuf *b, const struct closed_connection *c);

#endif
