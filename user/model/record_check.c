// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/record_check.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "include/flow_state.h"
#include "include/storm.h"

#define EVIDENCE_ALL ((1ULL << EVIDENCE_BIT_COUNT) - 1)

static bool evidence_is_valid(const struct close_evidence *e)
{
	return !(e->seen & ~EVIDENCE_ALL) && e->subject >= SUBJECT_SOCKET &&
	       e->subject <= SUBJECT_LISTENER && e->state < TCP_STATE_COUNT &&
	       e->reply_state < TCP_STATE_COUNT && e->reset_reason < RESET_REASON_COUNT &&
	       e->drop_reason < DROP_REASON_COUNT && e->trigger_data <= 1 && e->fin_first <= 2 &&
	       (e->ip_version == 0 || e->ip_version == 4 || e->ip_version == 6);
}

static bool decision_is_valid(const struct close_decision *d)
{
	return !(d->used & ~EVIDENCE_ALL) && d->verdict != CLOSE_UNDECIDED &&
	       d->verdict < CLOSE_VERDICT_COUNT && d->cause < CLOSE_CAUSE_COUNT &&
	       d->initiator < CLOSE_INITIATOR_COUNT && d->stage < CLOSE_STAGE_COUNT &&
	       d->confidence < CLOSE_CONFIDENCE_COUNT && d->benign <= 1 &&
	       d->reset_reason < RESET_REASON_COUNT && d->reason_derived <= 1;
}

static bool detail_is_valid(const struct close_detail *d)
{
	return d->death < CLOSE_DEATH_COUNT && d->death_signal <= 127 &&
	       !(d->death_flags & ~(DEATH_CORE_DUMPED | DEATH_WITH_INIT));
}

static bool close_is_valid(const void *data)
{
	struct close_record record;

	memcpy(&record, data, sizeof(record));
	return record.local_side <= 1 && record.owner_source < OWNER_SOURCE_COUNT &&
	       record.hook <= WIRE_HOOK_TC_OUT && evidence_is_valid(&record.evidence) &&
	       decision_is_valid(&record.decision) && detail_is_valid(&record.detail);
}

static bool amend_is_valid(const void *data)
{
	struct amend_record record;

	memcpy(&record, data, sizeof(record));
	return record.local_side <= 1 && record.reset_reason < RESET_REASON_COUNT &&
	       !(record.seen & ~EVIDENCE_ALL);
}

static bool netns_is_valid(const void *data)
{
	(void)data;
	return true; /* two numbers of which any value is possible */
}

static bool cgroup_is_valid(const void *data)
{
	struct cgroup_record record;

	memcpy(&record, data, sizeof(record));
	return record.cgroup_id && !(record.head.flags & ~(CGROUP_REMOVED | CGROUP_PATH_CUT)) &&
	       record.path[0] == '/' && memchr(record.path, '\0', sizeof(record.path));
}

static bool storm_is_valid(const void *data)
{
	struct storm_record record;

	memcpy(&record, data, sizeof(record));
	return record.repeated && record.level < STORM_LEVEL_COUNT &&
	       record.last_ns >= record.close.head.time_ns && close_is_valid(&record.close);
}

static bool oom_is_valid(const void *data)
{
	struct oom_record record;

	memcpy(&record, data, sizeof(record));
	return record.pid != 0;
}

static const struct {
	size_t size;
	bool (*is_valid)(const void *data);
} record_types[] = {
	[RECORD_CLOSE] = { sizeof(struct close_record), close_is_valid },
	[RECORD_AMEND] = { sizeof(struct amend_record), amend_is_valid },
	[RECORD_NETNS] = { sizeof(struct netns_record), netns_is_valid },
	[RECORD_STORM] = { sizeof(struct storm_record), storm_is_valid },
	[RECORD_OOM] = { sizeof(struct oom_record), oom_is_valid },
	[RECORD_CGROUP] = { sizeof(struct cgroup_record), cgroup_is_valid },
};

int record_check(const void *data, size_t size, enum record_type *ret_type)
{
	struct record_head head;

	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, data, sizeof(head));
	if (head.abi_version != RECORD_ABI_VERSION)
		return -EPROTO;
	if (head.type >= sizeof(record_types) / sizeof(record_types[0]) ||
	    !record_types[head.type].is_valid)
		return -EBADMSG;
	if (head.size < record_types[head.type].size || head.size > size)
		return -EBADMSG;
	if (!record_types[head.type].is_valid(data))
		return -EBADMSG;
	*ret_type = (enum record_type)head.type;
	return 0;
}
