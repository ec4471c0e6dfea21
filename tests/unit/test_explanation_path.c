// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Clauses about the path: each true once, and false once. */
#include "user/model/explanation.h"

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/model/fields.h"

static const char *said_of(struct close_evidence evidence, struct close_detail detail)
{
	static struct strbuf b;
	struct close_record record = sample_record();
	struct closed_connection c;

	record.evidence = evidence;
	record.evidence.subject = SUBJECT_SOCKET;
	record.closer.pid = 0;
	record.idle_jiffies = IDLE_UNKNOWN;
	record.detail = detail;
	close_decide(&record.evidence, &record.decision);
	c = sample_connection_of(&record);
	strbuf_reset(&b);
	explanation_append(&b, &c);
	assert_false(b.failed);
	return b.data;
}

#define TIMED_OUT                                                                                  \
	.error = EVIDENCE_ETIMEDOUT, .state = TCP_STATE_ESTABLISHED, .unacked_bytes = 30000
#define DETAIL(...) ((struct close_detail){ __VA_ARGS__ })
#define EVIDENCE_OF(...) ((struct close_evidence){ __VA_ARGS__ })

TEST(full_segments_that_do_not_pass_where_small_ones_do)
{
	assert_string_equal(
		said_of(EVIDENCE_OF(TIMED_OUT, .timer_retransmits = 4,
				    .seen = EVIDENCE(CLIENT) | EVIDENCE(SMALL_PASS)),
			DETAIL(.stuck_bytes = 1448, .passed_bytes = 74)),
		"10.0.0.5:45012 never acknowledged segments of 1,448 bytes, sent again 4 times, while "
		"smaller ones of 74 bytes on average passed: probably an MTU black hole on the path; "
		"lower the MTU or the MSS, or set net.ipv4.tcp_mtu_probing to 1 (ETIMEDOUT)");
	/* The tail behind it passed; what passed before was as large. */
	assert_non_null(strstr(said_of(EVIDENCE_OF(TIMED_OUT, .timer_retransmits = 1,
						   .seen = EVIDENCE(CLIENT) | EVIDENCE(SMALL_PASS)),
				       DETAIL(.stuck_bytes = 1448, .passed_bytes = 1448)),
			       "sent again 1 time, while smaller ones passed: "));
	assert_null(strstr(said_of(EVIDENCE_OF(TIMED_OUT, .seen = EVIDENCE(CLIENT)),
				   DETAIL(.stuck_bytes = 1448, .passed_bytes = 74)),
			   "black hole"));
}

#define TWO_SYN_ACKS "; the peer sent its SYN-ACK 2 times although it was acknowledged"
#define REPEATED "; the peer sent again what was acknowledged"

TEST(a_peer_that_repeats_what_was_acknowledged_hears_nothing)
{
	const uint64_t client = EVIDENCE(CLIENT) | EVIDENCE(ESTABLISHED);

	assert_non_null(strstr(said_of(EVIDENCE_OF(TIMED_OUT, .peer_syn_count = 2, .seen = client),
				       DETAIL()),
			       TWO_SYN_ACKS));
	assert_null(strstr(said_of(EVIDENCE_OF(TIMED_OUT, .peer_syn_count = 1, .seen = client),
				   DETAIL()),
			   "SYN-ACK"));
	/* A server's peer sends SYNs. */
	assert_null(strstr(said_of(EVIDENCE_OF(TIMED_OUT, .peer_syn_count = 2,
					       .seen = EVIDENCE(SERVER) | EVIDENCE(ESTABLISHED)),
				   DETAIL()),
			   "SYN-ACK"));
	assert_non_null(
		strstr(said_of(EVIDENCE_OF(TIMED_OUT, .seen = EVIDENCE(PEER_REPEATS)), DETAIL()),
		       REPEATED));
	assert_null(strstr(said_of(EVIDENCE_OF(TIMED_OUT), DETAIL()), REPEATED));
}

#define RESET                                                                                      \
	.error = EVIDENCE_ECONNRESET, .state = TCP_STATE_ESTABLISHED,                              \
	.seen = EVIDENCE(RECEIVE_RESET) | EVIDENCE(RST_IN)
#define SLOW "; the peer read too slowly: its window held data back for 6 s"

TEST(a_slow_reader_held_data_back)
{
	assert_non_null(
		strstr(said_of(EVIDENCE_OF(RESET, .unsent_bytes = 9), DETAIL(.window_us = 6000000)),
		       SLOW));
	/* Nothing was left to send, or it was held back for a moment only. */
	assert_null(strstr(said_of(EVIDENCE_OF(RESET), DETAIL(.window_us = 6000000)), "slowly"));
	assert_null(
		strstr(said_of(EVIDENCE_OF(RESET, .unsent_bytes = 9), DETAIL(.window_us = 999999)),
		       "slowly"));
}

TEST(a_connect_that_found_no_port)
{
	const struct close_evidence e = { .state = TCP_STATE_SYN_SENT,
					  .seen = EVIDENCE(CLIENT) | EVIDENCE(PROCESS_CONTEXT) |
						  EVIDENCE(NO_LOCAL_PORT) };

	assert_string_equal(
		said_of(e, DETAIL(.port_low = 40000, .port_high = 40002)),
		"nginx[812] could not connect to 10.0.0.5:45012: probably no local port was "
		"free (EADDRNOTAVAIL); all 3 of net.ipv4.ip_local_port_range, 40000 to 40002, "
		"are in use towards it");
	assert_string_equal(
		said_of(e, DETAIL()),
		"nginx[812] could not connect to 10.0.0.5:45012: probably no local port was "
		"free (EADDRNOTAVAIL)");
}

TEST(the_idle_time_of_a_server_is_told_in_numbers)
{
	assert_non_null(strstr(said_of(EVIDENCE_OF(RESET),
				       DETAIL(.timer_us = 5004000, .timer_hits = 97,
					      .timer_closes = 100, .idle_before_us = 350000000)),
			       "; connections of this server end after 5.00 s idle (97 of 100)"));
	assert_null(strstr(said_of(EVIDENCE_OF(RESET), DETAIL(.idle_before_us = 350000000)),
			   "of this server"));
}

TEST_MAIN()
