/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Inputs for the pure code: any bytes, and bytes that lead into its rules. */
#ifndef TESTS_PARITY_RANDOM_INPUTS_H
#define TESTS_PARITY_RANDOM_INPUTS_H

#include "tests/bpf/random.h"
#include "tests/parity/parity.h"

#define EVIDENCE_ALL_BITS ((1ULL << EVIDENCE_BIT_COUNT) - 1)

/* Each bit is set once in 2, 4, 8 or 16 times, or never. */
static inline uint64_t random_bits(struct random_stream *random)
{
	uint64_t bits = ~0ull;

	for (uint32_t n = random_below(random, 5); n; n--)
		bits &= random_u64(random);
	return bits == ~0ull ? 0 : bits;
}

static inline uint32_t random_small(struct random_stream *random)
{
	switch (random_below(random, 4)) {
	case 0:
		return 1;
	case 1:
		return (uint32_t)random_u64(random);
	default:
		return 0;
	}
}

static inline uint16_t random_errno(struct random_stream *random)
{
	static const uint16_t errors[] = {
		EVIDENCE_EACCES,       EVIDENCE_EPIPE,	      EVIDENCE_ENETUNREACH,
		EVIDENCE_ECONNABORTED, EVIDENCE_ECONNRESET,   EVIDENCE_ETIMEDOUT,
		EVIDENCE_ECONNREFUSED, EVIDENCE_EHOSTUNREACH, 71 /* EPROTO */,
	};

	return random_one_in(random, 3) ? RANDOM_PICK(random, errors) : 0;
}

static inline void random_evidence_structured(struct random_stream *random,
					      struct close_evidence *e)
{
	static const uint8_t triggers[] = { 0, TCP_FLAG_SYN, TCP_FLAG_ACK,
					    TCP_FLAG_SYN | TCP_FLAG_ACK, TCP_FLAG_FIN };

	memset(e, 0, sizeof(*e));
	e->seen = random_bits(random) & EVIDENCE_ALL_BITS;
	/* The rules that end the socket's part soonest would hide the rest. */
	if (!random_one_in(random, 8))
		e->seen &= ~EVIDENCE(REPAIR);
	if (random_one_in(random, 2))
		e->seen &= ~EVIDENCE(RECEIVE_RESET);
	e->unread_bytes = random_small(random);
	e->unsent_bytes = random_small(random);
	e->unacked_bytes = random_small(random);
	e->retransmits = random_small(random);
	e->user_timeout_ms = random_small(random);
	e->rst_seq_offset = (int32_t)random_small(random);
	e->local_syn_count = random_small(random);
	e->local_rst_count = random_small(random);
	e->peer_rst_count = random_small(random);
	e->error = random_errno(random);
	e->error_soft = random_errno(random);
	e->rst_ip_id = (uint16_t)random_small(random);
	e->subject = (uint8_t)(random_one_in(random, 2) ? SUBJECT_SOCKET : random_below(random, 6));
	e->state = (uint8_t)random_below(random, TCP_STATE_COUNT);
	e->reply_state =
		(uint8_t)(random_one_in(random, 2) ? 0 : random_below(random, TCP_STATE_COUNT));
	e->reset_reason =
		(uint8_t)(random_one_in(random, 3) ? random_below(random, RESET_REASON_COUNT) : 0);
	/* embryonic_reset() and the like: rare among all the reasons. */
	if (e->subject == SUBJECT_REPLY && random_one_in(random, 4))
		e->reset_reason = RESET_REASON_INVALID_SYN;
	e->trigger_flags = RANDOM_PICK(random, triggers);
	e->trigger_data = (uint8_t)random_below(random, 2);
	e->probes = (uint8_t)random_below(random, 3);
	e->icmp_type = (uint8_t)random_below(random, 14);
	e->icmp_code = (uint8_t)random_below(random, 16);
	e->ip_version = random_one_in(random, 2) ? 4 : 6;
	e->rst_flags = (uint8_t)(TCP_FLAG_RST | (random_one_in(random, 2) ? TCP_FLAG_ACK : 0));
	e->fin_first = (uint8_t)random_below(random, 3);
}

/* One in four is any bytes at all. */
static inline void random_evidence(struct random_stream *random, struct close_evidence *e)
{
	if (random_one_in(random, 4))
		random_bytes(random, e, sizeof(*e));
	else
		random_evidence_structured(random, e);
}

static inline void random_view(struct random_stream *random, struct packet_view *view)
{
	static const uint8_t flags[] = { TCP_FLAG_SYN, TCP_FLAG_SYN | TCP_FLAG_ACK,
					 TCP_FLAG_FIN | TCP_FLAG_ACK, TCP_FLAG_RST,
					 TCP_FLAG_RST | TCP_FLAG_ACK };

	random_bytes(random, view, sizeof(*view));
	view->flags = random_one_in(random, 10) ? (uint8_t)random_u64(random) :
						  RANDOM_PICK(random, flags);
	view->seq = random_below(random, 3);
	view->ack_seq = random_below(random, 2);
	if (random_one_in(random, 2))
		view->ttl = (uint8_t)(62 + random_below(random, 4));
	if (random_one_in(random, 2))
		memcpy(view->icmp_source, view->dest_addr, sizeof(view->dest_addr));
	else if (random_one_in(random, 2)) /* the halves of addresses are compared apart */
		memcpy(view->icmp_source, view->dest_addr, 8);
}

/* Times go on from step to step; some by more than what makes a RST old. */
static inline void random_step(struct random_stream *random, struct parity_step *step,
			       uint64_t *now_ns)
{
	memset(step, 0, sizeof(*step));
	*now_ns += random_one_in(random, 8) ? 3 * RST_RECENT_NS : random_below(random, 1000);
	random_view(random, &step->view);
	step->sight = (struct flow_sight){
		.now_ns = *now_ns,
		.ifindex = 1 + random_below(random, 2),
		.hook = (uint8_t)random_below(random, 4),
		.rst_origin = (uint8_t)random_below(random, 5),
	};
	random_evidence(random, &step->given);
	if (random_one_in(random, 2))
		step->given.rst_seq_offset = -(int32_t)random_below(random, 2);
	step->sender = random_below(random, 2);
	step->marks = 1u << random_below(random, 7);
	random_bytes(random, &step->key, sizeof(step->key));
	if (random_one_in(random, 2))
		flow_addr_from_ipv4(step->key.addr[0], random_one_in(random, 4) ?
							       HOST_TO_NET_32(0x7f000001) :
							       (uint32_t)random_bits(random));
	step->key.netns = 1 + random_below(random, 3);
	step->known.netns = random_below(random, 4);
	step->known.isn = random_one_in(random, 2) ? step->view.seq : (uint32_t)random_bits(random);
	step->known.orientation = (uint32_t)random_bits(random) & FLOW_TALLY_ORIENTATION;
	step->met = random_below(random, 8);
	step->local = random_below(random, 2);
	switch (random_below(random, 24)) {
	case 0:
		step->action = PARITY_FORGET;
		break;
	case 1:
		step->action = PARITY_MARK;
		break;
	case 2:
	case 3:
		step->action = PARITY_FOLD_ICMP;
		break;
	default:
		step->action = PARITY_FOLD;
	}
}

/* Records and filters that match each other in whole or in part more often than not. */
static inline void random_filter(struct random_stream *random, struct parity_filter *item)
{
	struct tracer_config *config = &item->config;
	struct close_record *record = &item->record;
	uint32_t end = random_below(random, 2);

	memset(item, 0, sizeof(*item));
	random_bytes(random, config, sizeof(*config));
	random_bytes(random, record, sizeof(*record));
	config->flags = (uint32_t)random_bits(random) & (0x7f | TRACER_FILTER_VERDICT);
	memset(config->host_mask, 0, sizeof(config->host_mask));
	memset(config->host_mask, 0xff, random_below(random, 17));
	if (random_one_in(random, 2))
		record->key.port[end] = config->port;
	if (random_one_in(random, 2))
		memcpy(record->key.addr[end], config->host_addr, 4 + random_below(random, 13));
	for (size_t i = 0; i < sizeof(config->host_addr); i++)
		config->host_addr[i] &= config->host_mask[i];
	if (random_one_in(random, 2))
		*(end ? &record->owner.pid : &record->closer.pid) = config->pid;
	if (random_one_in(random, 2))
		memcpy(end ? record->owner.comm : record->closer.comm, config->comm,
		       random_one_in(random, 3) ? 8 : sizeof(config->comm));
}

/* Buckets between empty and full, and IPv4 as often as IPv6. */
static inline void random_storm(struct random_stream *random, struct parity_storm *item)
{
	static const uint32_t rates[] = { 1, 3, 10, 640, 1000000 };
	struct close_record *record = &item->record;

	memset(item, 0, sizeof(*item));
	random_bytes(random, record, sizeof(*record));
	random_evidence(random, &record->evidence);
	for (int side = 0; side < 2; side++)
		if (random_one_in(random, 2))
			flow_addr_from_ipv4(record->key.addr[side], (uint32_t)random_u64(random));
	item->rate = RANDOM_PICK(random, rates);
	item->now_ns = random_u64(random) >> 8;
	item->full_ns = item->now_ns + random_below(random, 1500000000) - 250000000;
}

#endif
