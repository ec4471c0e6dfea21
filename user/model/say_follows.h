/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USER_MODEL_SAY_FOLLOWS_H
#define USER_MODEL_SAY_FOLLOWS_H

#include "user/base/strbuf.h"
#include "user/model/connection.h"

/* "; probably because its connection to 10.0.0.7:8000 was refused 0.2 ms before", where one is known. */
void say_follows(struct strbuf *b, const struct closed_connection *c);

#endif
