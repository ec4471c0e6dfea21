// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Each clause of a sentence is there when its observation was made, and goes when it was not. */
#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/model/explanation.h"

#define E(id) EVIDENCE(id)
#define SHUT (E(RCV_SHUTDOWN) | E(SEND_SHUTDOWN))
#define SOCKET(state_, ...)                                                                        \
	{                                                                                          \
		.subject = SUBJECT_SOCKET, .ip_version = 4, .state = TCP_STATE_##state_,           \
		__VA_ARGS__                                                                        \
	}

struct clause_case {
	const char *clause;
	struct close_evidence with;
	struct close_evidence without;
};

#define RESET_BY_PEER .error = EVIDENCE_ECONNRESET
#define RESET_SEEN (E(RECEIVE_RESET) | E(RST_IN) | E(RST_IN_EXACT) | E(ESTABLISHED))

static const struct clause_case cases[] = {
	/* -- what left, and what did not --------------------------------------------------- */
	{ " instead of FIN", SOCKET(ESTABLISHED, .seen = SHUT | E(LINGER_ZERO) | E(SEND_RESET)),
	  SOCKET(FIN_WAIT2, .seen = SHUT | E(LINGER_ZERO) | E(SEND_RESET), .local_fin_count = 1) },
	{ "so the kernel sent RST",
	  SOCKET(ESTABLISHED, .seen = SHUT | E(LINGER_ZERO) | E(SEND_RESET)),
	  SOCKET(ESTABLISHED,
		 .seen = SHUT | E(LINGER_ZERO) | E(SEND_RESET) | E(WIRE_WHOLE) | E(WIRE_OUT)) },
	{ ", which never left this host",
	  SOCKET(ESTABLISHED,
		 .seen = SHUT | E(LINGER_ZERO) | E(SEND_RESET) | E(WIRE_WHOLE) | E(WIRE_OUT)),
	  SOCKET(ESTABLISHED, .local_rst_count = 1,
		 .seen = SHUT | E(LINGER_ZERO) | E(SEND_RESET) | E(WIRE_WHOLE) | E(WIRE_OUT)) },
	{ "the kernel probably sent", SOCKET(ESTABLISHED, .seen = SHUT | E(LINGER_ZERO)),
	  SOCKET(ESTABLISHED, .seen = SHUT | E(LINGER_ZERO) | E(SEND_RESET)) },
	{ "never answered the SYN",
	  SOCKET(SYN_SENT, .error = EVIDENCE_ETIMEDOUT, .local_syn_count = 1,
		 .seen = E(WIRE_WHOLE)),
	  SOCKET(SYN_SENT, .error = EVIDENCE_ETIMEDOUT, .seen = E(WIRE_WHOLE)) },
	{ "; whether the SYN left this host was not seen",
	  SOCKET(SYN_SENT, .error = EVIDENCE_ETIMEDOUT),
	  SOCKET(SYN_SENT, .error = EVIDENCE_ETIMEDOUT, .local_syn_count = 1) },
	{ " in 3 tries",
	  SOCKET(SYN_SENT, .error = EVIDENCE_ETIMEDOUT, .timer_retransmits = 2,
		 .seen = E(WIRE_WHOLE)),
	  SOCKET(SYN_SENT, .error = EVIDENCE_ETIMEDOUT, .seen = E(WIRE_WHOLE)) },
	{ ", sent 4 times", SOCKET(SYN_SENT, .error = EVIDENCE_ETIMEDOUT, .local_syn_count = 4),
	  SOCKET(SYN_SENT, .error = EVIDENCE_ETIMEDOUT, .local_syn_count = 1) },
	{ "while 10.0.0.5:45012 had not answered the SYN",
	  SOCKET(SYN_SENT, .seen = SHUT, .local_syn_count = 1),
	  SOCKET(SYN_SENT, .seen = SHUT | E(WIRE_WHOLE)) },
	{ "never acknowledged the FIN",
	  SOCKET(FIN_WAIT1, .error = EVIDENCE_ETIMEDOUT, .seen = SHUT),
	  SOCKET(FIN_WAIT1, .error = EVIDENCE_ETIMEDOUT, .seen = SHUT | E(FIN_UNSENT),
		 .unsent_bytes = 9) },
	{ "; 9 bytes and the FIN were never sent",
	  SOCKET(FIN_WAIT1, .error = EVIDENCE_ETIMEDOUT, .seen = SHUT | E(FIN_UNSENT),
		 .unsent_bytes = 9),
	  SOCKET(FIN_WAIT1, .error = EVIDENCE_ETIMEDOUT, .seen = SHUT) },
	{ "; 5 bytes before it were not, either",
	  SOCKET(LAST_ACK, .error = EVIDENCE_ETIMEDOUT, .unacked_bytes = 5),
	  SOCKET(LAST_ACK, .error = EVIDENCE_ETIMEDOUT) },
	{ "answered no keepalive probe",
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .probes = 2, .seen = E(SEND_RESET)),
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .probes = 2,
		 .seen = E(SEND_RESET) | E(OWN_DROP) | E(NEVER_LEFT),
		 .drop_reason = DROP_REASON_IP_OUTNOROUTES) },
	/* -- why it did not ---------------------------------------------------------------- */
	{ ": a rule of this host drops it (NETFILTER_DROP)",
	  SOCKET(SYN_SENT, .error = EVIDENCE_ETIMEDOUT, .seen = E(OWN_DROP) | E(NEVER_LEFT),
		 .drop_reason = DROP_REASON_NETFILTER_DROP),
	  SOCKET(SYN_SENT, .error = EVIDENCE_ETIMEDOUT, .seen = E(WIRE_WHOLE)) },
	{ ": no route, or 10.0.0.9 is no longer an address of this host (IP_OUTNOROUTES)",
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .unsent_bytes = 4,
		 .seen = E(OWN_DROP) | E(NEVER_LEFT), .drop_reason = DROP_REASON_IP_OUTNOROUTES),
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .unsent_bytes = 4,
		 .seen = E(OWN_DROP) | E(NEVER_LEFT), .drop_reason = DROP_REASON_QDISC_DROP) },
	{ ": the interface's queue drops it (QDISC_DROP)",
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .unsent_bytes = 4,
		 .seen = E(OWN_DROP) | E(NEVER_LEFT), .drop_reason = DROP_REASON_QDISC_DROP),
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .unsent_bytes = 4) },
	{ ": nobody on the link answers for the next hop (NEIGH_FAILED)",
	  SOCKET(SYN_SENT, .error = EVIDENCE_EHOSTUNREACH, .icmp_type = 3, .icmp_code = 1,
		 .seen = E(ICMP_IN) | E(ICMP_FROM_HERE) | E(OWN_DROP) | E(NEVER_LEFT),
		 .drop_reason = DROP_REASON_NEIGH_FAILED),
	  SOCKET(SYN_SENT, .error = EVIDENCE_EHOSTUNREACH, .icmp_type = 3, .icmp_code = 1,
		 .seen = E(ICMP_IN)) },
	{ "; packets of it were dropped on this host",
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .unacked_bytes = 4, .seen = E(OWN_DROP),
		 .drop_reason = DROP_REASON_NETFILTER_DROP),
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .unacked_bytes = 4) },
	/* -- ICMP -------------------------------------------------------------------------- */
	{ "this host itself answered",
	  SOCKET(SYN_SENT, .error = EVIDENCE_ECONNREFUSED, .icmp_type = 3, .icmp_code = 3,
		 .seen = E(ICMP_IN) | E(ICMP_FROM_HERE)),
	  SOCKET(SYN_SENT, .error = EVIDENCE_ECONNREFUSED, .icmp_type = 3, .icmp_code = 3,
		 .seen = E(ICMP_IN)) },
	{ " of the peer itself",
	  SOCKET(SYN_SENT, .error = EVIDENCE_ECONNREFUSED, .icmp_type = 3, .icmp_code = 3,
		 .seen = E(ICMP_IN) | E(ICMP_FROM_PEER)),
	  SOCKET(SYN_SENT, .error = EVIDENCE_ECONNREFUSED, .icmp_type = 3, .icmp_code = 3,
		 .seen = E(ICMP_IN)) },
	{ "; what was answered is ICMP administratively prohibited (type 3, code 13)",
	  SOCKET(ESTABLISHED, .error = EVIDENCE_EHOSTUNREACH, .unacked_bytes = 4, .icmp_type = 3,
		 .icmp_code = 13, .seen = E(ICMP_IN)),
	  SOCKET(ESTABLISHED, .error = EVIDENCE_EHOSTUNREACH, .unacked_bytes = 4) },
	{ ", and nginx[812] closed the socket",
	  SOCKET(SYN_SENT, .icmp_type = 3, .icmp_code = 3, .seen = E(ICMP_IN) | SHUT),
	  SOCKET(SYN_SENT, .icmp_type = 3, .icmp_code = 3, .error = EVIDENCE_ECONNREFUSED,
		 .seen = E(ICMP_IN)) },
	/* -- bytes ------------------------------------------------------------------------- */
	{ " with 1 byte unread",
	  SOCKET(ESTABLISHED, .seen = SHUT | E(UNREAD) | E(SEND_RESET), .unread_bytes = 1),
	  SOCKET(ESTABLISHED, .seen = SHUT | E(LINGER_ZERO) | E(SEND_RESET)) },
	{ "; 1 byte was still unread",
	  SOCKET(ESTABLISHED, RESET_BY_PEER, .seen = RESET_SEEN, .unread_bytes = 1),
	  SOCKET(ESTABLISHED, RESET_BY_PEER, .seen = RESET_SEEN) },
	{ "; 1 byte was not acknowledged",
	  SOCKET(ESTABLISHED, RESET_BY_PEER, .seen = RESET_SEEN, .unacked_bytes = 1),
	  SOCKET(ESTABLISHED, RESET_BY_PEER, .seen = RESET_SEEN) },
	{ "; 467,217 bytes were never sent",
	  SOCKET(ESTABLISHED, RESET_BY_PEER, .seen = RESET_SEEN, .unsent_bytes = 467217),
	  SOCKET(ESTABLISHED, RESET_BY_PEER, .seen = RESET_SEEN) },
	{ "; 1 byte was never sent",
	  SOCKET(ESTABLISHED, .seen = SHUT | E(UNREAD) | E(SEND_RESET), .unread_bytes = 1,
		 .unsent_bytes = 1),
	  SOCKET(ESTABLISHED, .seen = SHUT | E(UNREAD) | E(SEND_RESET), .unread_bytes = 1) },
	{ "; 7 bytes were not acknowledged",
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ECONNABORTED, .unacked_bytes = 7),
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ECONNABORTED) },
	{ " never acknowledged the last byte",
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .unacked_bytes = 1),
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .unacked_bytes = 2) },
	{ "; given up after 1 retransmission (",
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .timer_retransmits = 1),
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .timer_retransmits = 2) },
	{ " kept its window closed",
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .probes = 3, .unsent_bytes = 7,
		 .seen = E(ZERO_WINDOW)),
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .probes = 3, .unsent_bytes = 7) },
	{ " within TCP_USER_TIMEOUT of 1.5 s",
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT, .user_timeout_ms = 1500),
	  SOCKET(ESTABLISHED, .error = EVIDENCE_ETIMEDOUT) },
	/* -- who closed, and how ----------------------------------------------------------- */
	{ " after its own FIN",
	  SOCKET(CLOSE_WAIT, .error = EVIDENCE_EPIPE, .seen = RESET_SEEN | E(PEER_FIN)),
	  SOCKET(ESTABLISHED, RESET_BY_PEER, .seen = RESET_SEEN) },
	{ " had closed",
	  SOCKET(FIN_WAIT2, .error = EVIDENCE_ECONNRESET,
		 .seen = E(RECEIVE_RESET) | E(REPLY_RESET) | E(ORPHAN) | SHUT),
	  SOCKET(FIN_WAIT2, .error = EVIDENCE_ECONNRESET,
		 .seen = E(RECEIVE_RESET) | E(REPLY_RESET) | SHUT) },
	{ " had stopped reading",
	  SOCKET(FIN_WAIT2, .error = EVIDENCE_ECONNRESET,
		 .seen = E(RECEIVE_RESET) | E(REPLY_RESET) | SHUT),
	  SOCKET(FIN_WAIT2, .error = EVIDENCE_ECONNRESET,
		 .seen = E(RECEIVE_RESET) | E(REPLY_RESET) | E(ORPHAN) | SHUT) },
	{ "nginx[812] closed first", SOCKET(FIN_WAIT2, .seen = E(PEER_FIN) | E(ORPHAN)),
	  SOCKET(FIN_WAIT2, .seen = E(PEER_FIN)) },
	{ " with SO_LINGER set to 0 s",
	  SOCKET(ESTABLISHED, .seen = SHUT | E(LINGER_ZERO) | E(SEND_RESET)),
	  SOCKET(ESTABLISHED, .seen = SHUT | E(UNREAD) | E(SEND_RESET), .unread_bytes = 1) },
	{ "; the local socket is still open",
	  { .subject = SUBJECT_REPLY, .seen = E(FIREWALL_RST) | E(SOCKET_ALIVE) },
	  { .subject = SUBJECT_REPLY, .seen = E(FIREWALL_RST) } },
	{ ": it ended before, this host restarted, or it was moved here",
	  { .subject = SUBJECT_REPLY, .trigger_flags = TCP_FLAG_ACK, .seen = E(REPLY_RESET) },
	  { .subject = SUBJECT_REPLY,
	    .trigger_flags = TCP_FLAG_SYN | TCP_FLAG_ACK,
	    .seen = E(REPLY_RESET) } },
};

static const char *sentence_of(const struct close_evidence *evidence)
{
	static struct strbuf b;
	struct close_record r = sample_record();
	struct closed_connection c;

	r.evidence = *evidence;
	r.closer.pid = 0;
	r.idle_jiffies = IDLE_UNKNOWN;
	r.birth_ns = 0;
	memset(&r.detail, 0, sizeof(r.detail));
	close_decide(&r.evidence, &r.decision);
	c = sample_connection_of(&r);
	strbuf_reset(&b);
	explanation_append(&b, &c);
	assert_false(b.failed);
	return b.data;
}

TEST(each_clause_comes_and_goes_with_its_observation)
{
	size_t wrong = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *sentence = sentence_of(&cases[i].with);

		if (!strstr(sentence, cases[i].clause)) {
			print_error("\"%s\" is not in: %s\n", cases[i].clause, sentence);
			wrong++;
		}
		sentence = sentence_of(&cases[i].without);
		if (strstr(sentence, cases[i].clause)) {
			print_error("\"%s\" is still in: %s\n", cases[i].clause, sentence);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

TEST_MAIN()
