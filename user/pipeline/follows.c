// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/follows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OWNER_SLOTS 256

/**
 * @owners   Of `noted`, 0 = empty.
 * @by_slot  How many of them have these low bits: most endings are of a process that has none.
 */
struct follows {
	uint32_t owners[FOLLOWS_MAX];
	uint16_t by_slot[OWNER_SLOTS];
	struct close_record noted[FOLLOWS_MAX];
	bool is_taken[FOLLOWS_MAX]; /* something has followed from it */
	size_t next;
};

int follows_new(struct follows **ret)
{
	struct follows *follows = calloc(1, sizeof(*follows));

	if (!follows)
		return -ENOMEM;
	*ret = follows;
	return 0;
}

void follows_free(struct follows **follows)
{
	free(*follows);
	*follows = NULL;
}

/* The connection failed, whatever its process wanted. */
static bool ending_befell_process(const struct close_record *record)
{
	switch (record->decision.initiator) {
	case CLOSE_BY_PEER:
	case CLOSE_BY_PATH:
	case CLOSE_BY_TIMEOUT:
	case CLOSE_BY_LOCAL_FIREWALL:
	case CLOSE_BY_LOCAL_KERNEL:
		return record->decision.verdict != CLOSE_FIN_NORMAL;
	default:
		return false;
	}
}

/* Its own call, not its death: what a process leaves behind follows from no other connection. */
static bool ending_was_chosen(const struct close_record *record)
{
	return record->decision.initiator == CLOSE_BY_LOCAL_APP && record->closer.pid &&
	       record->detail.death == CLOSE_DEATH_NONE;
}

void follows_note(struct follows *follows, const struct close_record *record)
{
	size_t place;

	if (!record->owner.pid || record->evidence.subject != SUBJECT_SOCKET ||
	    !ending_befell_process(record))
		return;
	place = follows->next++ % FOLLOWS_MAX;
	if (follows->owners[place])
		follows->by_slot[follows->owners[place] % OWNER_SLOTS]--;
	follows->by_slot[record->owner.pid % OWNER_SLOTS]++;
	follows->owners[place] = record->owner.pid;
	follows->noted[place] = *record;
	follows->is_taken[place] = false;
}

/* When the process closed: a clean close is told only when the peer has followed. */
static uint64_t closed_at(const struct close_record *record)
{
	return record->local_fin_ns ?: record->head.time_ns;
}

static uint64_t roles_of(const struct close_record *record)
{
	return record->evidence.seen & (EVIDENCE(CLIENT) | EVIDENCE(SERVER));
}

/* Both ends of one connection may be of one process. */
static bool is_same_connection(const struct close_record *a, const struct close_record *b)
{
	return !memcmp(&a->key, &b->key, sizeof(a->key)) ||
	       (a->local_isn && a->local_isn == b->peer_isn && a->peer_isn == b->local_isn);
}

/* In at one leg, out at the other. */
static bool bytes_match(const struct close_record *a, const struct close_record *b)
{
	return (a->bytes_received && a->bytes_received == b->bytes_sent) ||
	       (a->bytes_sent && a->bytes_sent == b->bytes_received);
}

const struct close_record *follows_find(struct follows *follows, const struct close_record *record,
					uint64_t *ret_gap_ns)
{
	const struct close_record *by_time = NULL, *by_bytes = NULL;
	uint64_t closed_ns = closed_at(record), gap_ns;
	unsigned int at_once = 0, matching = 0;

	if (!ending_was_chosen(record) || !follows->by_slot[record->closer.pid % OWNER_SLOTS])
		return NULL;
	for (size_t i = 0; i < FOLLOWS_MAX; i++) {
		const struct close_record *noted = &follows->noted[i];

		if (follows->owners[i] != record->closer.pid || noted->head.time_ns > closed_ns ||
		    closed_ns - noted->head.time_ns > FOLLOWS_NS ||
		    roles_of(noted) == roles_of(record) || is_same_connection(noted, record))
			continue;
		if (bytes_match(noted, record)) {
			by_bytes = noted;
			matching++;
		}
		if (closed_ns - noted->head.time_ns <= FOLLOWS_AT_ONCE_NS &&
		    !follows->is_taken[i]) {
			by_time = noted;
			at_once++;
		}
	}
	if (matching == 1)
		by_time = by_bytes;
	else if (at_once != 1)
		return NULL;
	follows->is_taken[by_time - follows->noted] = true;
	gap_ns = closed_ns - by_time->head.time_ns;
	*ret_gap_ns = gap_ns;
	return by_time;
}
