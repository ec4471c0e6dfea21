// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/follows.h"

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/model/explanation.h"

#define MS CLOCK_NS_PER_MS

/* The connection of proxy[77] to a backend that refused it. */
static struct close_record backend_refused(void)
{
	struct close_record r = sample_record();

	sample_set_key(&r, "10.0.0.9", 40000, "10.0.0.7", 8000);
	sample_set_task(&r.owner, 77, 0, "proxy");
	r.closer.pid = 0;
	r.local_isn = 1;
	r.peer_isn = 0;
	r.bytes_sent = r.bytes_received = 0;
	r.evidence = (struct close_evidence){
		.subject = SUBJECT_SOCKET,
		.state = TCP_STATE_SYN_SENT,
		.error = EVIDENCE_ECONNREFUSED,
		.seen = EVIDENCE(CLIENT) | EVIDENCE(RECEIVE_RESET) | EVIDENCE(RST_IN),
	};
	close_decide(&r.evidence, &r.decision);
	return r;
}

/* The connection of a client to proxy[77], which it closes after `gap_ns`. */
static struct close_record front_closed(uint64_t gap_ns)
{
	struct close_record r = sample_record();

	sample_set_task(&r.owner, 77, 0, "proxy");
	r.closer = r.owner;
	r.head.time_ns += gap_ns;
	r.evidence = (struct close_evidence){
		.subject = SUBJECT_SOCKET,
		.state = TCP_STATE_FIN_WAIT2,
		.seen = EVIDENCE(SERVER) | EVIDENCE(ESTABLISHED) | EVIDENCE(PEER_FIN),
	};
	close_decide(&r.evidence, &r.decision);
	return r;
}

static struct follows *follows_of(const struct close_record *a, const struct close_record *b)
{
	struct follows *follows = NULL;

	assert_int_equal(follows_new(&follows), 0);
	if (a)
		follows_note(follows, a);
	if (b)
		follows_note(follows, b);
	return follows;
}

/* The gap, or -1 when nothing is found. */
static int64_t gap_of(const struct close_record *a, const struct close_record *b,
		      const struct close_record *closed)
{
	_cleanup_(follows_free) struct follows *follows = follows_of(a, b);
	uint64_t gap_ns = 0;

	return follows_find(follows, closed, &gap_ns) ? (int64_t)gap_ns : -1;
}

TEST(a_leg_is_closed_because_the_other_was_refused)
{
	struct close_record backend = backend_refused(), front = front_closed(200000);
	_cleanup_(follows_free) struct follows *follows = follows_of(&backend, NULL);
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct closed_connection c = sample_connection_of(&front);
	uint64_t gap_ns;

	c.follows = follows_find(follows, &front, &gap_ns);
	assert_non_null(c.follows);
	assert_int_equal(gap_ns, 200000);
	c.follows_gap_us = gap_ns / 1000;
	explanation_append(&b, &c);
	assert_non_null(strstr(b.data, "; probably because its connection to 10.0.0.7:8000 was "
				       "refused 200 us before"));
	c.follows = NULL;
	strbuf_reset(&b);
	explanation_append(&b, &c);
	assert_null(strstr(b.data, "because"));
}

TEST(only_soon_after_and_never_before)
{
	struct close_record backend = backend_refused(), front = front_closed(FOLLOWS_AT_ONCE_NS);

	assert_int_equal(gap_of(&backend, NULL, &front), FOLLOWS_AT_ONCE_NS);
	front = front_closed(FOLLOWS_AT_ONCE_NS + 1);
	assert_int_equal(gap_of(&backend, NULL, &front), -1);
	front = front_closed(0);
	front.head.time_ns--;
	assert_int_equal(gap_of(&backend, NULL, &front), -1);
	/* The record of a clean close comes when the peer has followed: its FIN is what counts. */
	front = front_closed(60 * MS);
	front.local_fin_ns = backend.head.time_ns + MS;
	assert_int_equal(gap_of(&backend, NULL, &front), MS);
}

TEST(bytes_that_match_reach_further)
{
	struct close_record backend = backend_refused(), front = front_closed(FOLLOWS_NS);

	backend.bytes_sent = front.bytes_received = 123;
	assert_int_equal(gap_of(&backend, NULL, &front), FOLLOWS_NS);
	front = front_closed(FOLLOWS_NS + 1);
	front.bytes_received = 123;
	assert_int_equal(gap_of(&backend, NULL, &front), -1);
	front = front_closed(FOLLOWS_NS);
	front.bytes_received = 124;
	assert_int_equal(gap_of(&backend, NULL, &front), -1);
}

TEST(of_two_that_come_into_question_none_is_named)
{
	struct close_record one = backend_refused(), two = backend_refused(),
			    front = front_closed(MS);

	two.key.port[0]++;
	two.local_isn = 2;
	assert_int_equal(gap_of(&one, &two, &front), -1);
	two.bytes_sent = front.bytes_received;
	assert_int_equal(gap_of(&one, &two, &front), MS);
}

TEST(one_failure_has_one_consequence_but_for_bytes_that_match)
{
	struct close_record backend = backend_refused(), front = front_closed(MS);
	_cleanup_(follows_free) struct follows *follows = follows_of(&backend, NULL);
	uint64_t gap_ns;

	assert_non_null(follows_find(follows, &front, &gap_ns));
	front.key.port[0]++;
	assert_null(follows_find(follows, &front, &gap_ns));
	/* Another failure in the same place is another. */
	follows_note(follows, &backend);
	assert_non_null(follows_find(follows, &front, &gap_ns));
}

TEST(only_within_one_process_and_between_its_two_roles)
{
	struct close_record backend = backend_refused(), front = front_closed(MS);

	backend.owner.pid = 78;
	assert_int_equal(gap_of(&backend, NULL, &front), -1);
	backend = backend_refused();
	backend.evidence.seen = front.evidence.seen;
	assert_int_equal(gap_of(&backend, NULL, &front), -1);
	backend = backend_refused();
	backend.owner.pid = front.closer.pid = 0;
	assert_int_equal(gap_of(&backend, NULL, &front), -1);
}

TEST(the_other_end_of_the_same_connection_is_no_cause)
{
	struct close_record backend = backend_refused(), front = front_closed(MS);

	backend.local_isn = front.peer_isn;
	backend.peer_isn = front.local_isn;
	assert_int_equal(gap_of(&backend, NULL, &front), -1);
}

TEST(what_a_process_chose_causes_nothing_and_its_death_follows_from_nothing)
{
	struct close_record backend = backend_refused(), front = front_closed(MS);

	backend.decision.initiator = CLOSE_BY_LOCAL_APP;
	assert_int_equal(gap_of(&backend, NULL, &front), -1);
	backend = backend_refused();
	front.detail.death = CLOSE_DEATH_EXIT;
	assert_int_equal(gap_of(&backend, NULL, &front), -1);
	front = front_closed(MS);
	front.decision.initiator = CLOSE_BY_PEER;
	assert_int_equal(gap_of(&backend, NULL, &front), -1);
}

TEST_MAIN()
