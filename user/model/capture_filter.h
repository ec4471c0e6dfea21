/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USER_MODEL_CAPTURE_FILTER_H
#define USER_MODEL_CAPTURE_FILTER_H

#include "user/base/strbuf.h"
#include "user/model/connection.h"

/* A display filter of Wireshark and tshark that shows the packets of this connection. */
void capture_filter_append(struct strbuf *b, const struct closed_connection *c);

#endif
