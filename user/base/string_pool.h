/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Equal strings become one pointer, so that what holds them can be compared as bytes. */
#ifndef USER_BASE_STRING_POOL_H
#define USER_BASE_STRING_POOL_H

#include <stddef.h>

/* Names come from outside: what is beyond gets one name, STRING_POOL_REST. */
#define STRING_POOL_MAX 65536
#define STRING_POOL_REST "(others)"

struct string_pool;

/* *ret is set on success only. 0 or -ENOMEM. */
int string_pool_new(struct string_pool **ret);
void string_pool_free(struct string_pool **pool);

/* Never NULL; lives as long as the pool. `text` has any bytes but NUL. */
const char *string_pool_get(struct string_pool *pool, const char *text, size_t len);

#endif
