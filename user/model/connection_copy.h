/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A connection that owns its values: for who keeps it longer than the call it came with. Fields,
 * filters and sentences say the same of it, for all that they are made from is copied, too.
 */
#ifndef USER_MODEL_CONNECTION_COPY_H
#define USER_MODEL_CONNECTION_COPY_H

#include <stddef.h>

#include "user/model/connection.h"

/**
 * Copy a connection and everything it points to into one piece of memory.
 *
 * @ret_size  Bytes of that piece; may be NULL.
 * @return    free() it. It must not be copied by value: it points into itself. NULL when there is
 *            no memory.
 */
struct closed_connection *connection_copy(const struct closed_connection *c, size_t *ret_size);

#endif
