// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/string_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct pooled {
	UT_hash_handle hh;
	char text[];
};

struct string_pool {
	struct pooled *strings;
	size_t count;
};

int string_pool_new(struct string_pool **ret)
{
	struct string_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return -ENOMEM;
	*ret = pool;
	return 0;
}

void string_pool_free(struct string_pool **pool)
{
	struct pooled *string, *next;

	if (!*pool)
		return;
	HASH_ITER(hh, (*pool)->strings, string, next)
	{
		HASH_DEL((*pool)->strings, string);
		free(string);
	}
	free(*pool);
	*pool = NULL;
}

const char *string_pool_get(struct string_pool *pool, const char *text, size_t len)
{
	struct pooled *found;

	HASH_FIND(hh, pool->strings, text, len, found);
	if (found)
		return found->text;
	if (pool->count >= STRING_POOL_MAX)
		return STRING_POOL_REST;
	found = calloc(1, sizeof(*found) + len + 1);
	if (!found)
		return STRING_POOL_REST;
	memcpy(found->text, text, len);
	HASH_ADD_KEYPTR(hh, pool->strings, found->text, len, found);
	pool->count++;
	return found->text;
}
