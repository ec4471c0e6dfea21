/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SHA-1 of short texts. For formats that ask for it, never for security. */
#ifndef USER_BASE_SHA1_H
#define USER_BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_BYTES 20
#define SHA1_SHORT_MOST 55 /* bytes that fit into one block */

/**
 * @len  At most SHA1_SHORT_MOST.
 * Source: RFC 3174 section 6.1.
 */
void sha1_short(const void *data, size_t len, uint8_t ret[SHA1_BYTES]);

#endif
