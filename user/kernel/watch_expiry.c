// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/watch_expiry.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "include/flow_evidence.h"
#include "include/flow_tally.h"
#include "user/base/cleanup.h"

/* Large enough for the fullest hash bucket, small enough to stay out of the way. */
#define WATCH_BATCH 512

struct watch_batch {
	struct flow_key keys[WATCH_BATCH];
	struct watched_close values[WATCH_BATCH];
};

static int watch_expire_one(int watch_fd, int flows_fd, const struct flow_key *key, uint64_t now_ns,
			    struct pipeline *pipeline)
{
	struct watched_close watched;
	struct flow_state flow = {};

	/* Once more: a SYN-ACK may have been retransmitted since the batch was read. */
	if (bpf_map_lookup_elem(watch_fd, key, &watched) || watched.deadline_ns > now_ns ||
	    bpf_map_delete_elem(watch_fd, key))
		return 0;
	if (!bpf_map_lookup_elem(flows_fd, key, &flow))
		flow_evidence_fill(&watched.record.evidence, &flow, watched.record.local_side,
				   now_ns);
	if (watched.record.evidence.subject == SUBJECT_SOCKET)
		watched.record.evidence.seen |= EVIDENCE(FIN_WAIT2_EXPIRED);
	if (!(flow.tally & (FLOW_TALLY_ELSEWHERE | FLOW_TALLY_CLOSED)))
		watched.record.head.flags |= RECORD_ENDED_BY_WAIT;
	watched.record.head.time_ns = now_ns;
	return pipeline_feed_close(pipeline, &watched.record);
}

int watch_expire(int watch_fd, int flows_fd, uint64_t now_ns, struct pipeline *pipeline)
{
	_cleanup_free_ struct watch_batch *batch = malloc(sizeof(*batch));
	uint32_t cursor, count;
	void *from = NULL;
	int err, result = 0;

	if (!batch)
		return 0;
	do {
		count = WATCH_BATCH;
		err = bpf_map_lookup_batch(watch_fd, from, &cursor, batch->keys, batch->values,
					   &count, NULL);
		if (err && errno != ENOENT)
			return result;
		for (uint32_t i = 0; i < count && !result; i++)
			if (batch->values[i].deadline_ns <= now_ns)
				result = watch_expire_one(watch_fd, flows_fd, &batch->keys[i],
							  now_ns, pipeline);
		from = &cursor;
	} while (!err && !result);
	return result;
}
