// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/other_ends.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One place per hash: the younger ending takes it. */
struct noted_end {
	uint64_t time_ns;
	uint32_t local_isn;
	uint32_t peer_isn;
	struct other_end end;
};

struct other_ends {
	struct noted_end noted[OTHER_ENDS_MAX];
};

int other_ends_new(struct other_ends **ret)
{
	struct other_ends *ends = calloc(1, sizeof(*ends));

	if (!ends)
		return -ENOMEM;
	*ret = ends;
	return 0;
}

void other_ends_free(struct other_ends **ends)
{
	free(*ends);
	*ends = NULL;
}

static size_t slot_of(uint32_t local_isn, uint32_t peer_isn)
{
	uint64_t both = (uint64_t)local_isn << 32 | peer_isn;

	return (both * 0x9e3779b97f4a7c15ULL >> 32) % OTHER_ENDS_MAX;
}

void other_ends_note(struct other_ends *ends, const struct closed_connection *c)
{
	const struct close_record *record = &c->record;
	struct noted_end *noted;
	const char *name;
	size_t len;

	if (!record->local_isn || !record->peer_isn || !record->owner.pid || c->repeated > 1)
		return;
	noted = &ends->noted[slot_of(record->local_isn, record->peer_isn)];
	*noted = (struct noted_end){
		.time_ns = record->head.time_ns,
		.local_isn = record->local_isn,
		.peer_isn = record->peer_isn,
		.end = { .owner = record->owner,
			 .verdict = record->decision.verdict,
			 .cause = record->decision.cause },
	};
	name = c->container ? c->container->name : NULL;
	len = name ? strlen(name) : 0;
	if (len < sizeof(noted->end.container_name))
		memcpy(noted->end.container_name, name ? name : "", len);
}

const struct other_end *other_ends_find(const struct other_ends *ends,
					const struct closed_connection *c)
{
	const struct close_record *record = &c->record;
	const struct noted_end *noted = &ends->noted[slot_of(record->peer_isn, record->local_isn)];

	if (!record->local_isn || !record->peer_isn || c->repeated > 1 ||
	    noted->local_isn != record->peer_isn || noted->peer_isn != record->local_isn ||
	    noted->time_ns + OTHER_ENDS_NS < record->head.time_ns)
		return NULL;
	return &noted->end;
}
