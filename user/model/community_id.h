/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The community id of a flow: the same text from Zeek, Suricata, Elastic and here. */
#ifndef USER_MODEL_COMMUNITY_ID_H
#define USER_MODEL_COMMUNITY_ID_H

#include "include/flow_key.h"
#include "user/base/strbuf.h"

/**
 * Append "1:" and the base64 of the SHA-1, seed 0, protocol TCP.
 *
 * Source: github.com/corelight/community-id-spec, version 1.
 */
void community_id_append(struct strbuf *b, const struct flow_key *key);

#endif
