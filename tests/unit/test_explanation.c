// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/explanation.h"

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/base/json_text.h"
#include "user/model/duration_text.h"
#include "user/model/names.h"

#define E(id) EVIDENCE(id)

/* The sentence, in a buffer that the next call overwrites. */
static const char *sentence_of(const struct close_record *record)
{
	static struct strbuf b;
	struct closed_connection c = sample_connection_of(record);

	strbuf_reset(&b);
	explanation_append(&b, &c);
	assert_false(b.failed);
	return b.data;
}

/* nginx[812] on 10.0.0.9:443, peer 10.0.0.5:45012, nothing else known; then decided. */
static struct close_record record_of(struct close_evidence evidence)
{
	struct close_record r = sample_record();

	r.evidence = evidence;
	if (!r.evidence.subject)
		r.evidence.subject = SUBJECT_SOCKET;
	r.closer.pid = 0;
	r.idle_jiffies = IDLE_UNKNOWN;
	r.birth_ns = 0;
	r.bytes_sent = 10;
	r.bytes_received = 20;
	close_decide(&r.evidence, &r.decision);
	return r;
}

#define ASSERT_SAYS(sentence, ...)                                                                 \
	do {                                                                                       \
		struct close_record says_ = record_of((struct close_evidence){ __VA_ARGS__ });     \
		assert_string_equal(sentence_of(&says_), sentence);                                \
	} while (0)

#define BOTH_SHUT (E(RCV_SHUTDOWN) | E(SEND_SHUTDOWN))

TEST(the_other_end_is_named_where_it_is_of_this_host)
{
	struct other_end end = { .owner = { .pid = 44, .comm = "db" },
				 .container_name = "shop",
				 .verdict = CLOSE_LOCAL_APP_ABORT,
				 .cause = CLOSE_CAUSE_UNREAD_DATA };
	struct close_record record =
		record_of((struct close_evidence){ .state = TCP_STATE_ESTABLISHED,
						   .error = EVIDENCE_ECONNRESET,
						   .seen = E(RECEIVE_RESET) | E(RST_IN) });
	struct closed_connection c = sample_connection_of(&record);
	struct strbuf b = STRBUF_INIT;

	c.other_end = &end;
	explanation_append(&b, &c);
	assert_non_null(strstr(b.data, "; at that end, on this host, is db[44]@shop: "
				       "local_app_abort, unread_data"));
	strbuf_release(&b);
}

TEST(local_aborts)
{
	ASSERT_SAYS("nginx[812] closed with 4,312 bytes unread, so the kernel sent RST "
		    "(TCP_ABORT_ON_CLOSE)",
		    .state = TCP_STATE_ESTABLISHED, .seen = BOTH_SHUT | E(UNREAD) | E(SEND_RESET),
		    .unread_bytes = 4312);
	ASSERT_SAYS("nginx[812] closed with 1 byte unread, so the kernel probably sent RST "
		    "(TCP_ABORT_ON_CLOSE)",
		    .state = TCP_STATE_ESTABLISHED, .seen = BOTH_SHUT | E(UNREAD),
		    .unread_bytes = 1);
	ASSERT_SAYS(
		"nginx[812] closed with SO_LINGER set to 0 s, so the kernel sent RST instead of "
		"FIN (TCP_STATE); 9 bytes were never sent",
		.state = TCP_STATE_ESTABLISHED, .seen = BOTH_SHUT | E(LINGER_ZERO) | E(SEND_RESET),
		.unsent_bytes = 9);
	ASSERT_SAYS("nginx[812] closed with a negative TCP_LINGER2, so the kernel sent RST instead "
		    "of waiting for the peer's FIN (TCP_ABORT_ON_LINGER)",
		    .state = TCP_STATE_FIN_WAIT2,
		    .seen = BOTH_SHUT | E(LINGER2_NEGATIVE) | E(SEND_RESET));
	ASSERT_SAYS(
		"nginx[812] disconnected the socket with connect(AF_UNSPEC), so the kernel sent "
		"RST (TCP_STATE)",
		.state = TCP_STATE_ESTABLISHED, .seen = E(SEND_RESET));
	ASSERT_SAYS("nginx[812] disconnected with 3 bytes unsent, so the kernel sent RST "
		    "(TCP_DISCONNECT_WITH_DATA)",
		    .state = TCP_STATE_ESTABLISHED, .seen = E(SEND_RESET) | E(KERNEL_REASON),
		    .unsent_bytes = 3, .reset_reason = RESET_REASON_TCP_DISCONNECT_WITH_DATA);
	ASSERT_SAYS(
		"nginx[812] stopped listening on 10.0.0.9:443 before it accepted the connection "
		"of 10.0.0.5:45012, so the kernel sent RST (TCP_STATE)",
		.state = TCP_STATE_ESTABLISHED, .seen = E(NO_STRUCT_SOCKET) | E(SEND_RESET));
	ASSERT_SAYS("the kernel sent RST for the connection of nginx[812] because tcp_mem or "
		    "tcp_max_orphans was reached (TCP_ABORT_ON_MEMORY)",
		    .state = TCP_STATE_FIN_WAIT1, .seen = E(SEND_RESET),
		    .reset_reason = RESET_REASON_TCP_ABORT_ON_MEMORY);
	ASSERT_SAYS(
		"nginx[812] gave up while 10.0.0.5:45012 had not answered the SYN, sent 3 times",
		.state = TCP_STATE_SYN_SENT, .seen = BOTH_SHUT, .local_syn_count = 3);
	ASSERT_SAYS("nginx[812] could not connect to 10.0.0.5:45012: the SYN could not be sent "
		    "(ENETUNREACH)",
		    .state = TCP_STATE_SYN_SENT, .error_soft = EVIDENCE_ENETUNREACH);
}

TEST(kills_name_who_did_it)
{
	struct close_record r = record_of((struct close_evidence){
		.state = TCP_STATE_ESTABLISHED, .error = EVIDENCE_ECONNABORTED });

	assert_string_equal(sentence_of(&r), "the socket of nginx[812] was destroyed from outside "
					     "(ss -K, SOCK_DESTROY or bpf_sock_destroy)");
	sample_set_task(&r.closer, 99, 0, "ss");
	assert_string_equal(sentence_of(&r),
			    "ss[99] destroyed the socket of nginx[812] from outside "
			    "(SOCK_DESTROY)");
	r.owner.pid = 0;
	assert_string_equal(sentence_of(&r), "ss[99] destroyed the socket of another process from "
					     "outside (SOCK_DESTROY)");
	ASSERT_SAYS(
		"nginx[812] closed the socket in repair mode (checkpoint/restore), so nothing was "
		"sent",
		.state = TCP_STATE_ESTABLISHED, .seen = E(REPAIR));
}

TEST(replies_of_this_host)
{
	ASSERT_SAYS(
		"data of 10.0.0.5:45012 came after nginx[812] had stopped reading, so the kernel "
		"sent RST (TCP_ABORT_ON_DATA)",
		.state = TCP_STATE_FIN_WAIT2, .error = EVIDENCE_ECONNRESET,
		.seen = E(RECEIVE_RESET) | E(REPLY_RESET) | BOTH_SHUT);
	ASSERT_SAYS(
		"data of 10.0.0.5:45012 came after nginx[812] had closed, so the kernel sent RST "
		"(TCP_TIMEWAIT_SOCKET)",
		.state = TCP_STATE_FIN_WAIT2, .seen = BOTH_SHUT | E(TIME_WAIT_RESET));
	ASSERT_SAYS(
		"nothing listens on 10.0.0.9:443: the SYN of 10.0.0.5:45012 was answered by RST "
		"(NO_SOCKET)",
		.subject = SUBJECT_REPLY, .trigger_flags = TCP_FLAG_SYN, .seen = E(REPLY_RESET));
	ASSERT_SAYS(
		"data of 10.0.0.5:45012 came to 10.0.0.9:443, but no socket has this connection, "
		"so the kernel sent RST (NO_SOCKET): it ended before, this host restarted, or it "
		"was moved here",
		.subject = SUBJECT_REPLY, .trigger_flags = TCP_FLAG_ACK, .trigger_data = 1,
		.seen = E(REPLY_RESET));
	ASSERT_SAYS("a SYN-ACK of 10.0.0.5:45012 came to 10.0.0.9:443, but probably no socket has "
		    "this connection, so the kernel probably sent RST (NO_SOCKET)",
		    .subject = SUBJECT_REPLY, .trigger_flags = TCP_FLAG_SYN | TCP_FLAG_ACK);
	ASSERT_SAYS(
		"the accept queue of nginx[812] on 10.0.0.9:443 was full, so the kernel answered "
		"10.0.0.5:45012 with RST (tcp_abort_on_overflow)",
		.subject = SUBJECT_REPLY, .trigger_flags = TCP_FLAG_ACK,
		.reply_state = TCP_STATE_LISTEN, .reset_reason = RESET_REASON_INVALID_SYN);
	ASSERT_SAYS(
		"an ACK of 10.0.0.5:45012 reached the listener on 10.0.0.9:443 but belongs to no "
		"handshake, so the kernel sent RST (TCP_FLAGS)",
		.subject = SUBJECT_REPLY, .trigger_flags = TCP_FLAG_ACK,
		.reply_state = TCP_STATE_LISTEN, .reset_reason = RESET_REASON_TCP_FLAGS,
		.seen = E(KERNEL_REASON));
	ASSERT_SAYS("probably a REJECT rule of this host sent the RST between 10.0.0.9:443 and "
		    "10.0.0.5:45012",
		    .subject = SUBJECT_REPLY, .seen = E(FIREWALL_RST));
	ASSERT_SAYS(
		"a REJECT rule of this host sent the RST between 10.0.0.9:443 and 10.0.0.5:45012; "
		"the local socket is still open",
		.subject = SUBJECT_REPLY, .seen = E(FIREWALL_RST) | E(SOCKET_ALIVE));
}

TEST(endings_that_came_from_elsewhere)
{
	ASSERT_SAYS(
		"SYN answered by RST: nothing listens on 10.0.0.5:45012, or a firewall rejects it",
		.state = TCP_STATE_SYN_SENT, .error = EVIDENCE_ECONNREFUSED,
		.seen = E(RECEIVE_RESET) | E(RST_IN));
	ASSERT_SAYS("connection refused: probably nothing listens on 10.0.0.5:45012, or a firewall "
		    "rejects it",
		    .state = TCP_STATE_SYN_SENT, .error = EVIDENCE_ECONNREFUSED,
		    .seen = E(RECEIVE_RESET));
	ASSERT_SAYS("10.0.0.5:45012 sent RST, in the shape of an application's abort; 7 bytes were "
		    "still unread",
		    .state = TCP_STATE_ESTABLISHED, .error = EVIDENCE_ECONNRESET,
		    .seen = E(RECEIVE_RESET) | E(RST_IN), .rst_flags = TCP_FLAG_RST | TCP_FLAG_ACK,
		    .rst_ip_id = 1, .unread_bytes = 7);
	ASSERT_SAYS(
		"10.0.0.5:45012 sent RST after its own FIN, in the shape of a kernel's reply to a packet that it did not want",
		.state = TCP_STATE_CLOSE_WAIT, .error = EVIDENCE_EPIPE, .fin_first = 2,
		.seen = E(RECEIVE_RESET) | E(RST_IN) | E(SERVER) | E(PEER_FIN));
	ASSERT_SAYS("10.0.0.5:45012 sent RST instead of finishing the handshake with 10.0.0.9:443",
		    .subject = SUBJECT_REQUEST, .seen = E(RST_IN));
	ASSERT_SAYS(
		"inferred: something on the path sent RST in the name of 10.0.0.5:45012 with TTL "
		"211, while the peer's packets have 52-53; several RSTs contradict each other",
		.state = TCP_STATE_ESTABLISHED, .error = EVIDENCE_ECONNRESET, .rst_ttl = 211,
		.peer_ttl_min = 52, .peer_ttl_max = 53,
		.seen = E(RECEIVE_RESET) | E(RST_IN) | E(RST_TTL_OFF) | E(RSTS_DISAGREE));
	ASSERT_SAYS(
		"something on the path sent RST in the name of 10.0.0.5:45012 with TTL 211; the "
		"peer went on sending after it",
		.state = TCP_STATE_ESTABLISHED, .error = EVIDENCE_ECONNRESET, .rst_ttl = 211,
		.seen = E(RECEIVE_RESET) | E(RST_IN) | E(RST_TTL_OFF) | E(PEER_AFTER_RST));
	ASSERT_SAYS("inferred: something on the path sent RST in the name of 10.0.0.5:45012; it "
		    "acknowledges data that cannot have been there and back so soon; its IP ID is "
		    "not what the stack of the peer gives to such a RST",
		    .state = TCP_STATE_ESTABLISHED, .error = EVIDENCE_ECONNRESET,
		    .seen = E(RECEIVE_RESET) | E(RST_IN) | E(RST_TOO_EARLY) | E(RST_IP_ID_OFF));
	ASSERT_SAYS("the SYN of nginx[812] to 10.0.0.5:45012 was answered by ICMP administratively "
		    "prohibited (type 3, code 13) of the router on the path (EHOSTUNREACH)",
		    .state = TCP_STATE_SYN_SENT, .error = EVIDENCE_EHOSTUNREACH, .icmp_type = 3,
		    .icmp_code = 13, .seen = E(ICMP_IN));
	ASSERT_SAYS(
		"the SYN to 10.0.0.5:45012 failed, probably by ICMP host unreachable or because "
		"nobody answers for the address on the link (EHOSTUNREACH)",
		.state = TCP_STATE_SYN_SENT, .error = EVIDENCE_EHOSTUNREACH);
}

TEST(timeouts)
{
	ASSERT_SAYS("10.0.0.5:45012 never answered the SYN, sent 4 times",
		    .state = TCP_STATE_SYN_SENT, .error = EVIDENCE_ETIMEDOUT, .local_syn_count = 4);
	ASSERT_SAYS(
		"10.0.0.5:45012 probably never answered the SYN-ACK of 10.0.0.9:443, sent 6 times",
		.subject = SUBJECT_REQUEST, .seen = E(SYN_ACK_RETRIED), .local_syn_count = 6);
	ASSERT_SAYS("10.0.0.5:45012 never acknowledged the last 1,000 bytes; given up after 15 "
		    "retransmissions (ETIMEDOUT)",
		    .state = TCP_STATE_ESTABLISHED, .error = EVIDENCE_ETIMEDOUT,
		    .unacked_bytes = 1000, .timer_retransmits = 15);
	ASSERT_SAYS("10.0.0.5:45012 never acknowledged the last 5 bytes within TCP_USER_TIMEOUT of "
		    "1.5 s (ETIMEDOUT)",
		    .state = TCP_STATE_ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .unacked_bytes = 5,
		    .user_timeout_ms = 1500);
	ASSERT_SAYS("10.0.0.5:45012 kept its window closed (ETIMEDOUT); 70 bytes were never sent",
		    .state = TCP_STATE_ESTABLISHED, .seen = E(ZERO_WINDOW),
		    .error = EVIDENCE_ETIMEDOUT, .probes = 4, .unsent_bytes = 70);
	ASSERT_SAYS("10.0.0.5:45012 answered no keepalive probe of 9, so the kernel sent RST "
		    "(TCP_KEEPALIVE_TIMEOUT)",
		    .state = TCP_STATE_ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .probes = 9,
		    .seen = E(SEND_RESET));
	ASSERT_SAYS(
		"nginx[812] closed, but 10.0.0.5:45012 never acknowledged the FIN, sent 8 times "
		"(ETIMEDOUT)",
		.state = TCP_STATE_FIN_WAIT1, .error = EVIDENCE_ETIMEDOUT, .local_fin_count = 8);
	ASSERT_SAYS("nginx[812] closed, but 10.0.0.5:45012 sent no FIN within "
		    "tcp_fin_timeout",
		    .state = TCP_STATE_FIN_WAIT2, .seen = E(FIN_WAIT2_EXPIRED));
}

TEST(clean_closes)
{
	ASSERT_SAYS(
		"nginx[812] sent FIN first, 10.0.0.5:45012 followed; 10 bytes sent, 20 received",
		.state = TCP_STATE_FIN_WAIT2, .seen = E(PEER_FIN));
	ASSERT_SAYS(
		"nginx[812] sent FIN first, 10.0.0.5:45012 probably followed; 10 bytes sent, 20 "
		"received",
		.state = TCP_STATE_FIN_WAIT2);
	ASSERT_SAYS(
		"10.0.0.5:45012 sent FIN first, nginx[812] followed; 10 bytes sent, 20 received",
		.state = TCP_STATE_LAST_ACK, .seen = E(PEER_FIN));
	ASSERT_SAYS(
		"nginx[812] and 10.0.0.5:45012 sent FIN at the same time; 10 bytes sent, 20 received",
		.state = TCP_STATE_CLOSING);
	ASSERT_SAYS(
		"the connection of nginx[812] ended in state ESTABLISHED without an error, a RST "
		"or a full exchange of FINs",
		.state = TCP_STATE_ESTABLISHED);
}

#define ASSERT_FORWARDED_SAYS(sentence, ...)                                                       \
	do {                                                                                       \
		struct close_record says_ = record_of((struct close_evidence){                     \
			.subject = SUBJECT_FORWARDED, .local_syn_count = 1, __VA_ARGS__ });        \
		says_.socket_cookie = 0;                                                           \
		says_.owner.pid = 0;                                                               \
		assert_string_equal(sentence_of(&says_), sentence);                                \
	} while (0)

TEST(forwarded_connections_speak_of_client_and_server)
{
	ASSERT_FORWARDED_SAYS(
		"server 10.0.0.5:45012 sent RST, in the shape of a kernel's reply to a "
		"packet that it did not want",
		.seen = E(RST_IN) | E(SYN_ACK_IN), .rst_flags = TCP_FLAG_RST);
	ASSERT_FORWARDED_SAYS("client 10.0.0.9:443 sent RST", .seen = E(RST_OUT) | E(SYN_ACK_IN));
	ASSERT_FORWARDED_SAYS("client 10.0.0.9:443 sent FIN first, server 10.0.0.5:45012 followed",
			      .seen = E(FIN_IN) | E(FIN_OUT), .fin_first = 1);
	ASSERT_FORWARDED_SAYS(
		"client 10.0.0.9:443 sent FIN, server 10.0.0.5:45012 was not seen closing",
		.seen = E(SYN_ACK_IN) | E(FIN_OUT));
	ASSERT_FORWARDED_SAYS(
		"SYN answered by RST: probably nothing listens on 10.0.0.5:45012, or a "
		"firewall rejects it",
		.seen = E(RST_IN));
	ASSERT_FORWARDED_SAYS("server 10.0.0.5:45012 was not seen answering the SYN of client "
			      "10.0.0.9:443",
			      .seen = 0);
	ASSERT_FORWARDED_SAYS("the connection ended, but what was seen of it does not tell how",
			      .seen = E(SYN_ACK_IN));
}

TEST(idle_resets_carry_a_hint)
{
	struct close_record r =
		record_of((struct close_evidence){ .state = TCP_STATE_ESTABLISHED,
						   .error = EVIDENCE_ECONNRESET,
						   .seen = E(RECEIVE_RESET) | E(RST_IN),
						   .rst_flags = TCP_FLAG_RST,
						   .rst_ip_id = 1 });

	r.idle_jiffies = 350 * 250 + 1; /* at 250 Hz */
	assert_string_equal(sentence_of(&r),
			    "10.0.0.5:45012 sent RST after 350 s idle; 350 s is the "
			    "idle timeout of some load balancers");
	r.idle_jiffies = 400 * 250;
	assert_string_equal(sentence_of(&r), "10.0.0.5:45012 sent RST after 400 s idle");
	r.idle_jiffies = 20;
	assert_string_equal(sentence_of(&r), "10.0.0.5:45012 sent RST");
}

/* Unknown is left out: no pid 0, no "0 bytes", no empty name, for any verdict and cause. */
TEST(what_is_unknown_is_left_out_of_every_sentence)
{
	struct close_record r = sample_record_empty();
	unsigned int verdict, cause, subject, confidence;

	for (verdict = 1; verdict < CLOSE_VERDICT_COUNT; verdict++) {
		for (cause = 0; cause < CLOSE_CAUSE_COUNT * 12; cause++) {
			const char *sentence;

			subject = 1 + cause / CLOSE_CAUSE_COUNT % 4;
			confidence = cause / CLOSE_CAUSE_COUNT / 4;
			r.decision.verdict = (uint8_t)verdict;
			r.decision.cause = (uint8_t)(cause % CLOSE_CAUSE_COUNT);
			r.decision.confidence = (uint8_t)confidence;
			r.evidence.subject = (uint8_t)subject;
			sentence = sentence_of(&r);
			if (strstr(sentence, "[0]") || strstr(sentence, " 0 byte") ||
			    strstr(sentence, "unknown") || strstr(sentence, "  ") ||
			    strstr(sentence, " ,") || strstr(sentence, "()")) {
				/* A clean close with a socket tells its traffic, which may be nothing. */
				if (subject == SUBJECT_SOCKET && verdict == CLOSE_FIN_NORMAL)
					continue;
				fail_msg("%s/%s: %s", verdict_name((uint8_t)verdict),
					 cause_name((uint8_t)(cause % CLOSE_CAUSE_COUNT)),
					 sentence);
			}
			assert_true(strlen(sentence) > 15);
			assert_int_not_equal(sentence[strlen(sentence) - 1], '.');
		}
	}
}

TEST(every_verdict_has_a_sentence_of_its_own)
{
	struct close_record r = sample_record();
	char sentences[CLOSE_VERDICT_COUNT][256];
	unsigned int i, j;

	for (i = 1; i < CLOSE_VERDICT_COUNT; i++) {
		r.decision.verdict = (uint8_t)i;
		r.decision.cause = CLOSE_CAUSE_NONE;
		snprintf(sentences[i], sizeof(sentences[i]), "%s", sentence_of(&r));
		for (j = 1; j < i; j++)
			assert_string_not_equal(sentences[i], sentences[j]);
		assert_string_not_equal(sentences[i], "the connection ended");
	}
}

TEST(the_comm_is_raw_here_and_escaped_by_the_sinks)
{
	_cleanup_(strbuf_release) struct strbuf raw = STRBUF_INIT, out = STRBUF_INIT;
	struct close_record r = sample_record();
	struct closed_connection c;

	sample_set_task(&r.closer, 5, 0, "a\n\033[31m\\\xff");
	c = sample_connection_of(&r);
	explanation_append(&raw, &c);
	assert_memory_equal(raw.data, "a\n\033[31m\\\xff[5] closed", 19);
	text_append_escaped(&out, raw.data, raw.len);
	assert_null(memchr(out.data, '\n', out.len));
	assert_null(memchr(out.data, '\033', out.len));
	assert_memory_equal(out.data, "a\\x0a\\x1b[31m\\\\\\xff[5] closed", 29);
}

TEST(durations_are_short)
{
	static const struct {
		uint64_t us;
		const char *text;
	} durations[] = {
		{ 0, "0us" },
		{ 999, "999us" },
		{ 1000, "1ms" },
		{ 3450, "3.4ms" },
		{ 350000, "350ms" },
		{ 999999, "999ms" },
		{ 1000000, "1s" },
		{ 1234567, "1.2s" },
		{ 350000000, "350s" },
		{ 7200000000, "7200s" },
		{ 9999999999, "9999s" },
		{ 10000000000, "2.7h" },
		{ 100000000000, "27h" },
		{ 360000000000, "4.1d" },
		{ 1036800000000, "12d" },
		{ UINT64_MAX, "213503982d" },
	};
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		strbuf_reset(&b);
		duration_append(&b, durations[i].us, "");
		assert_string_equal(b.data, durations[i].text);
	}
	strbuf_reset(&b);
	duration_append(&b, 1234567, " ");
	assert_string_equal(b.data, "1.2 s");
}

TEST_MAIN()
