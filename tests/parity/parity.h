/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The batches that parity.bpf.c works through: inputs by user space, outputs by the kernel. */
#ifndef TESTS_PARITY_PARITY_H
#define TESTS_PARITY_PARITY_H

#include "include/decide.h"
#include "include/flow_evidence.h"
#include "include/flow_fold.h"
#include "include/flow_tally.h"
#include "include/record.h"
#include "include/storm.h"
#include "include/tracer_config.h"

#define PARITY_BATCH 256

struct parity_decide {
	struct close_evidence evidence; /* in */
	struct close_decision decision; /* out */
	__u32 is_abnormal; /* out */
	__u32 reserved;
};

struct parity_storm {
	/* in */
	struct close_record record;
	__u64 full_ns, now_ns;
	__u32 rate;
	/* out */
	__u32 taken;
	__u64 full_after_ns;
	struct storm_key key, wide;
	struct ending_sums sums;
};

ALWAYS_INLINE void parity_storm_run(struct parity_storm *item)
{
	struct storm_key key;

	storm_key_make(&key, &item->record, item->rate & 1);
	__builtin_memset(&item->sums, 0, sizeof(item->sums));
	ending_sums_add(&item->sums, &item->record);
	item->key = key;
	storm_key_widen(&key);
	item->wide = key;
	item->full_after_ns = item->full_ns;
	item->taken = storm_bucket_take(&item->full_after_ns, item->now_ns, item->rate);
}

/* The steps of a batch all work on one flow. */
enum parity_action {
	PARITY_FOLD = 0,
	PARITY_FOLD_ICMP = 1,
	PARITY_MARK = 2, /* what the socket side does: announce a RST, set marks */
	PARITY_FORGET = 3, /* start with an empty flow */
};

struct parity_step {
	/* in */
	struct packet_view view;
	struct flow_sight sight;
	struct close_evidence given; /* what flow_evidence_fill() adds to */
	__u32 action; /* enum parity_action */
	__u32 sender;
	__u32 marks;
	struct flow_key key;
	struct tally_origin known; /* what is remembered of the tuple */
	__u32 met; /* TALLY_MET_* */
	__u32 local;
	/* out */
	__s32 found;
	__u32 tallied; /* TALLY_BIT() */
	struct tally_origin origin;
	__u32 reserved;
	struct tally_key tally;
	struct flow_state flow;
	struct close_evidence filled[2];
};

struct parity_filter {
	struct tracer_config config; /* in */
	struct close_record record; /* in */
	__s32 passes; /* out */
	__u32 reserved;
};

/* Of one frame: by packet_view_parse() and packet_is_plain(), for both kinds of links. */
struct parity_parse {
	struct packet_view view;
	__s32 kind;
	__s32 is_plain;
};

ALWAYS_INLINE void parity_tally_run(struct parity_step *step, struct flow_state *flow)
{
	struct tally_packet packet = {
		.seq = step->view.seq,
		.flags = step->view.flags,
		.sender = step->sender & 1,
		.local = step->local & 1,
		.met = step->met,
	};
	struct tally_origin origin = step->known;
	struct flow_key key = step->key;
	struct tally_key tally;

	if (!(flow->tally & (FLOW_TALLY_HERE | FLOW_TALLY_ELSEWHERE)))
		step->tallied |= flow_tally_begin(flow, &key, &packet, &origin);
	step->tallied |= flow_tally_packet(flow, &packet);
	if (step->marks & 1)
		step->tallied |= flow_tally_handshake(flow);
	step->origin = origin;
	tally_key_fill(&tally, &key, flow);
	step->tally = tally;
	tally_origin_key(&key);
	step->origin.netns ^= key.netns;
}

/* What one step does to `flow`: the same text for both sides. */
ALWAYS_INLINE void parity_step_run(struct parity_step *step, struct flow_state *flow)
{
	step->found = 0;
	step->tallied = 0;
	if (step->action == PARITY_FOLD) {
		step->found = flow_fold(flow, step->sender, &step->view, &step->sight);
		if (step->found)
			parity_tally_run(step, flow);
	} else if (step->action == PARITY_FOLD_ICMP) {
		flow_fold_icmp(flow, step->sender, &step->view, step->sight.now_ns);
	} else if (step->action == PARITY_MARK) {
		flow->side[step->sender & 1].rst_announced++;
		flow->side[step->sender & 1].marks |= step->marks;
	} else {
		__builtin_memset(flow, 0, sizeof(*flow));
	}
	__builtin_memcpy(&step->flow, flow, sizeof(*flow));
	__builtin_memcpy(&step->filled[0], &step->given, sizeof(step->given));
	__builtin_memcpy(&step->filled[1], &step->given, sizeof(step->given));
	flow_evidence_fill(&step->filled[0], flow, 0, step->sight.now_ns);
	flow_evidence_fill(&step->filled[1], flow, 1, step->sight.now_ns);
}

#endif
