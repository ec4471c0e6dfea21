/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Zeek's word for an ending: its own in a replay, derived from the packets counted live. */
#ifndef USER_MODEL_CONN_STATE_H
#define USER_MODEL_CONN_STATE_H

#include "user/model/connection.h"

#define CONN_STATES(X)                                                                             \
	X(S0)                                                                                      \
	X(S1)                                                                                      \
	X(SF)                                                                                      \
	X(REJ)                                                                                     \
	X(S2)                                                                                      \
	X(S3)                                                                                      \
	X(RSTO)                                                                                    \
	X(RSTR)                                                                                    \
	X(RSTOS0)                                                                                  \
	X(RSTRH)                                                                                   \
	X(SH)                                                                                      \
	X(SHR)                                                                                     \
	X(OTH)

#define CONN_STATE_ENUM(name) CONN_STATE_##name,
enum conn_state { CONN_STATES(CONN_STATE_ENUM) CONN_STATE_COUNT };

/* Never NULL. */
const char *conn_state_name(uint8_t state);

/* "SF", "S0", "REJ"...; NULL where the packets were not seen from the SYN on. */
const char *conn_state_of(const struct closed_connection *c);

#endif
