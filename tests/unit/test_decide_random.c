// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What close_decide() promises for every record, tried on many. The rows: test_decide.c. */
#include <stdbool.h>
#include <string.h>

#include "include/decide.h"
#include "tests/harness/test.h"
#include "user/model/names.h"

#define E(id) EVIDENCE(id)

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Plausible numbers, so that the rare branches are reached as well as the default ones. */
static void evidence_random(uint64_t *state, struct close_evidence *e)
{
	static const uint16_t errors[] = { 0,
					   0,
					   EVIDENCE_EPIPE,
					   EVIDENCE_ENETUNREACH,
					   EVIDENCE_ECONNABORTED,
					   EVIDENCE_ECONNRESET,
					   EVIDENCE_ETIMEDOUT,
					   EVIDENCE_ECONNREFUSED,
					   EVIDENCE_EHOSTUNREACH,
					   13 };
	uint64_t r = random_next(state);

	memset(e, 0, sizeof(*e));
	e->seen = random_next(state) & random_next(state);
	if (r & 1)
		e->seen &= random_next(state);
	e->seen &= (1ULL << EVIDENCE_BIT_COUNT) - 1;
	e->subject = (uint8_t)(1 + (r >> 1) % 4);
	e->state = (uint8_t)((r >> 8) % TCP_STATE_COUNT);
	e->reply_state = (uint8_t)((r >> 16) % TCP_STATE_COUNT);
	e->reset_reason = (uint8_t)((r >> 24) % RESET_REASON_COUNT);
	e->error = errors[(r >> 32) % 10];
	e->trigger_flags = (uint8_t)(r >> 40);
	e->rst_flags = (uint8_t)(r >> 48);
	e->fin_first = (uint8_t)((r >> 56) % 3);
	e->ip_version = r >> 63 ? 4 : 6;
	r = random_next(state);
	e->local_syn_count = r & 1;
	e->unread_bytes = (r >> 1) & 1;
	e->unsent_bytes = (r >> 2) & 1;
	e->unacked_bytes = (r >> 3) & 1;
	e->probes = (r >> 4) & 1;
	e->user_timeout_ms = (r >> 5) & 1;
	e->rst_ip_id = (r >> 6) & 1;
	e->icmp_type = (uint8_t)((r >> 8) % 13);
	e->icmp_code = (uint8_t)((r >> 16) % 16);
}

/* A proof without an observation: the field that it rests on must be there. */
static bool evidence_has_decisive_field(const struct close_evidence *e)
{
	return e->error || e->reset_reason || e->reply_state == TCP_STATE_TIME_WAIT ||
	       e->state == TCP_STATE_LAST_ACK || e->state == TCP_STATE_CLOSING ||
	       e->state == TCP_STATE_SYN_SENT;
}

TEST(a_million_random_records_keep_the_promises)
{
	uint64_t state = 0x9e3779b97f4a7c15ULL;
	size_t reached[CLOSE_VERDICT_COUNT] = { 0 };
	int i;

	for (i = 0; i < 1000000; i++) {
		struct close_evidence e, before;
		struct close_decision d, again;

		evidence_random(&state, &e);
		before = e;
		memset(&d, 0xa5, sizeof(d));
		memset(&again, 0x5a, sizeof(again));
		close_decide(&e, &d);
		close_decide(&e, &again);
		assert_memory_equal(&e, &before, sizeof(e));
		assert_memory_equal(&d, &again, sizeof(d));
		assert_in_range(d.verdict, 1, CLOSE_VERDICT_COUNT - 1);
		assert_in_range(d.cause, 0, CLOSE_CAUSE_COUNT - 1);
		assert_in_range(d.initiator, 0, CLOSE_INITIATOR_COUNT - 1);
		assert_in_range(d.stage, 1, CLOSE_STAGE_COUNT - 1);
		assert_in_range(d.confidence, 0, CLOSE_CONFIDENCE_COUNT - 1);
		assert_in_range(d.reset_reason, 0, RESET_REASON_COUNT - 1);
		assert_int_equal(d.used & ~e.seen, 0);
		if (d.confidence == CLOSE_IS_PROVED)
			assert_true(d.used || evidence_has_decisive_field(&e));
		if (d.confidence == CLOSE_IS_UNKNOWN)
			assert_int_equal(d.verdict, CLOSE_ORPHAN_MID);
		if (d.reason_derived)
			assert_int_not_equal(d.reset_reason, RESET_REASON_NONE);
		if (e.reset_reason > RESET_REASON_NOT_SPECIFIED)
			assert_int_equal(d.reset_reason, e.reset_reason);
		if (e.subject == SUBJECT_FORWARDED)
			assert_int_not_equal(d.initiator, CLOSE_BY_LOCAL_APP);
		reached[d.verdict]++;
	}
	for (i = 1; i < CLOSE_VERDICT_COUNT; i++) {
		if (!reached[i])
			fail_msg("no random record gave %s: the inputs are too tame",
				 verdict_name((uint8_t)i));
	}
}

/* Bytes that no record_check() let through: still no crash, still a verdict. */
TEST(garbage_decides_too)
{
	uint64_t state = 42;
	int i;

	for (i = 0; i < 100000; i++) {
		struct close_evidence e;
		struct close_decision d;
		size_t at;

		for (at = 0; at < sizeof(e); at += 8) {
			uint64_t r = random_next(&state);

			memcpy((char *)&e + at, &r, 8);
		}
		close_decide(&e, &d);
		assert_in_range(d.verdict, 1, CLOSE_VERDICT_COUNT - 1);
		assert_int_equal(d.used & ~e.seen, 0);
	}
}

TEST_MAIN()
