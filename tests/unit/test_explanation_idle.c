// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A connection that the peer had closed while it was idle: each clause true once, and false once. */
#include "user/model/explanation.h"

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"

#define MS UINT64_C(1000)

static const char *said_of(uint64_t seen, struct close_detail detail)
{
	static struct strbuf b;
	struct close_record record = sample_record();
	struct closed_connection c;

	record.evidence = (struct close_evidence){
		.subject = SUBJECT_SOCKET,
		.state = TCP_STATE_CLOSE_WAIT,
		.error = EVIDENCE_EPIPE,
		.unacked_bytes = 18,
		.seen = EVIDENCE(CLIENT) | EVIDENCE(RECEIVE_RESET) | seen,
	};
	record.closer.pid = 0;
	record.detail = detail;
	close_decide(&record.evidence, &record.decision);
	c = sample_connection_of(&record);
	strbuf_reset(&b);
	explanation_append(&b, &c);
	assert_false(b.failed);
	return b.data;
}

#define SAFE "; none of it was acknowledged, so it is safe to send it again"
#define SHORTER "; make this side's idle timeout shorter than the peer's"
#define SAID(seen, text, ...)                                                                      \
	assert_string_equal(said_of(seen, (struct close_detail){ __VA_ARGS__ }), text)

TEST(a_request_that_crossed_the_fin)
{
	SAID(EVIDENCE(FIN_CROSSED) | EVIDENCE(RST_IN),
	     "keep-alive race: 10.0.0.5:45012 closed after 1.97 s idle, and 18 bytes that nginx[812] "
	     "sent after 1.98 s idle crossed its FIN, answered by RST" SAFE SHORTER,
	     .fin_idle_us = 1970 * MS, .idle_before_us = 1980 * MS);
	/* Not proved, and neither idle time known. */
	SAID(EVIDENCE(FIN_CROSSED),
	     "keep-alive race: 10.0.0.5:45012 closed, and 18 bytes that nginx[812] sent crossed its "
	     "FIN, probably answered by RST" SAFE SHORTER);
}

TEST(a_connection_that_was_over_when_it_was_used)
{
	SAID(EVIDENCE(SENT_AFTER_FIN) | EVIDENCE(RST_IN),
	     "nginx[812] sent 18 bytes 2.00 s after 10.0.0.5:45012 had closed (FIN after 1.20 s idle), "
	     "which answered by RST" SAFE
	     "; a pool that checks a connection before it hands it out would have seen the FIN",
	     .fin_idle_us = 1200 * MS, .idle_before_us = 3200 * MS);
	/* So soon that no pool could have seen it. */
	SAID(EVIDENCE(SENT_AFTER_FIN) | EVIDENCE(RST_IN),
	     "nginx[812] sent 18 bytes 2 ms after 10.0.0.5:45012 had closed (FIN after 1.20 s idle), "
	     "which answered by RST" SAFE SHORTER,
	     .fin_idle_us = 1200 * MS, .idle_before_us = 1202 * MS);
	SAID(EVIDENCE(SENT_AFTER_FIN),
	     "nginx[812] sent 18 bytes after 10.0.0.5:45012 had closed (FIN), which probably answered "
	     "by RST" SAFE SHORTER);
}

TEST(a_reset_of_data_after_a_pause_tells_the_pause)
{
	assert_non_null(strstr(said_of(EVIDENCE(RST_IN),
				       (struct close_detail){ .idle_before_us = 350000 * MS }),
			       "sent RST to the first data after 350 s idle, "));
	assert_non_null(strstr(said_of(EVIDENCE(RST_IN),
				       (struct close_detail){ .idle_before_us = 350000 * MS }),
			       "; 350 s is the idle timeout of some load balancers"));
	assert_null(
		strstr(said_of(EVIDENCE(RST_IN), (struct close_detail){ .idle_before_us = 999999 }),
		       "idle"));
}

TEST(without_the_peer_s_fin_it_is_a_reset_like_others)
{
	assert_null(strstr(said_of(EVIDENCE(RST_IN), (struct close_detail){}), "closed"));
}

TEST_MAIN()
