// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "user/base/cleanup.h"

/* Hashed and compared as bytes. */
struct hold_key {
	struct flow_key flow;
	uint64_t local_side;
};
_Static_assert(sizeof(struct hold_key) == sizeof(struct flow_key) + sizeof(uint64_t),
	       "no padding in a key");

/* uthash keeps insertion order, which is the order of time: the first entry is the oldest. */
struct hold_entry {
	struct hold_key key;
	struct close_record record;
	UT_hash_handle hh;
};

struct hold {
	struct hold_entry *entries;
};

int hold_new(struct hold **ret)
{
	struct hold *hold = calloc(1, sizeof(*hold));

	if (!hold)
		return -ENOMEM;
	*ret = hold;
	return 0;
}

static void hold_remove(struct hold *hold, struct hold_entry *entry)
{
	HASH_DEL(hold->entries, entry);
	free(entry);
}

void hold_free(struct hold **hold)
{
	struct hold_entry *entry, *next;

	if (!*hold)
		return;
	HASH_ITER(hh, (*hold)->entries, entry, next)
	hold_remove(*hold, entry);
	free(*hold);
	*hold = NULL;
}

static struct hold_entry *hold_find(const struct hold *hold, const struct flow_key *key,
				    uint8_t local_side)
{
	struct hold_key wanted = { .flow = *key, .local_side = local_side };
	struct hold_entry *entry;

	HASH_FIND(hh, hold->entries, &wanted, sizeof(wanted), entry);
	return entry;
}

int hold_add(struct hold *hold, const struct close_record *record)
{
	struct hold_entry *entry;

	if (hold_find(hold, &record->key, record->local_side))
		return -EEXIST;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->key.flow = record->key;
	entry->key.local_side = record->local_side;
	entry->record = *record;
	HASH_ADD(hh, hold->entries, key, sizeof(entry->key), entry);
	return 0;
}

bool hold_take(struct hold *hold, const struct flow_key *key, uint8_t local_side,
	       struct close_record *ret)
{
	struct hold_entry *entry = hold_find(hold, key, local_side);

	if (!entry)
		return false;
	*ret = entry->record;
	hold_remove(hold, entry);
	return true;
}

bool hold_take_older(struct hold *hold, uint64_t time_ns, struct close_record *ret)
{
	struct hold_entry *entry = hold->entries;

	if (!entry || (entry->record.head.time_ns >= time_ns && time_ns != UINT64_MAX))
		return false;
	*ret = entry->record;
	hold_remove(hold, entry);
	return true;
}

bool hold_is_empty(const struct hold *hold)
{
	return hold->entries == NULL;
}
