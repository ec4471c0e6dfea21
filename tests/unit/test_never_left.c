// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whom a question that never left this host is laid to: not the peer. */
#include "include/decide.h"

#include "tests/harness/test.h"

#define E(id) EVIDENCE(id)

static struct close_decision decision_of(struct close_evidence e)
{
	struct close_decision d;

	e.subject = SUBJECT_SOCKET;
	close_decide(&e, &d);
	return d;
}

#define ASSERT_DECIDES(verdict_, cause_, initiator_, ...)                                          \
	do {                                                                                       \
		struct close_decision d_ = decision_of((struct close_evidence){ __VA_ARGS__ });    \
		assert_int_equal(d_.verdict, CLOSE_##verdict_);                                    \
		assert_int_equal(d_.cause, CLOSE_CAUSE_##cause_);                                  \
		assert_int_equal(d_.initiator, CLOSE_BY_##initiator_);                             \
	} while (0)

#define SHUT (E(RCV_SHUTDOWN) | E(SEND_SHUTDOWN))

TEST(a_syn_that_no_interface_saw)
{
	ASSERT_DECIDES(TIMEOUT_HANDSHAKE, NEVER_LEFT, LOCAL_KERNEL, .state = TCP_STATE_SYN_SENT,
		       .error = EVIDENCE_ETIMEDOUT, .seen = E(WIRE_WHOLE));
	ASSERT_DECIDES(TIMEOUT_HANDSHAKE, SYN_UNANSWERED, TIMEOUT, .state = TCP_STATE_SYN_SENT,
		       .error = EVIDENCE_ETIMEDOUT, .seen = E(WIRE_WHOLE), .local_syn_count = 1);
	/* Nobody looked everywhere, or from the beginning: not seen is not "never left". */
	ASSERT_DECIDES(TIMEOUT_HANDSHAKE, SYN_UNANSWERED, TIMEOUT, .state = TCP_STATE_SYN_SENT,
		       .error = EVIDENCE_ETIMEDOUT, .seen = E(WIRE_HOOKED));
	ASSERT_DECIDES(LOCAL_CANCEL, NEVER_LEFT, LOCAL_APP, .state = TCP_STATE_SYN_SENT,
		       .seen = E(WIRE_WHOLE) | SHUT);
	ASSERT_DECIDES(LOCAL_CANCEL, CLOSED_EARLY, LOCAL_APP, .state = TCP_STATE_SYN_SENT,
		       .seen = E(WIRE_HOOKED) | SHUT);
}

TEST(a_rule_is_told_from_a_route)
{
	ASSERT_DECIDES(TIMEOUT_HANDSHAKE, NEVER_LEFT, LOCAL_FIREWALL, .state = TCP_STATE_SYN_SENT,
		       .error = EVIDENCE_ETIMEDOUT, .seen = E(OWN_DROP) | E(NEVER_LEFT),
		       .drop_reason = DROP_REASON_NETFILTER_DROP);
	ASSERT_DECIDES(TIMEOUT_HANDSHAKE, NEVER_LEFT, LOCAL_KERNEL, .state = TCP_STATE_SYN_SENT,
		       .error = EVIDENCE_ETIMEDOUT, .seen = E(OWN_DROP) | E(NEVER_LEFT),
		       .drop_reason = DROP_REASON_NEIGH_FAILED);
}

TEST(data_that_was_dropped_here)
{
	ASSERT_DECIDES(TIMEOUT_DATA, NEVER_LEFT, LOCAL_FIREWALL, .state = TCP_STATE_ESTABLISHED,
		       .error = EVIDENCE_ETIMEDOUT, .unsent_bytes = 4,
		       .seen = E(OWN_DROP) | E(NEVER_LEFT),
		       .drop_reason = DROP_REASON_NETFILTER_DROP);
	/* Some of it may have left: then the peer did not acknowledge that. */
	ASSERT_DECIDES(TIMEOUT_DATA, RTO, TIMEOUT, .state = TCP_STATE_ESTABLISHED,
		       .error = EVIDENCE_ETIMEDOUT, .unacked_bytes = 4, .seen = E(OWN_DROP),
		       .drop_reason = DROP_REASON_NETFILTER_DROP);
	ASSERT_DECIDES(TIMEOUT_KEEPALIVE, NEVER_LEFT, LOCAL_KERNEL, .state = TCP_STATE_ESTABLISHED,
		       .error = EVIDENCE_ETIMEDOUT, .probes = 3,
		       .seen = E(OWN_DROP) | E(NEVER_LEFT) | E(SEND_RESET),
		       .drop_reason = DROP_REASON_IP_OUTNOROUTES);
}

TEST(a_fin_that_never_left_is_not_unacknowledged)
{
	ASSERT_DECIDES(TIMEOUT_DATA, RTO, TIMEOUT, .state = TCP_STATE_FIN_WAIT1,
		       .error = EVIDENCE_ETIMEDOUT, .unacked_bytes = 100, .unsent_bytes = 50,
		       .seen = E(FIN_UNSENT));
	ASSERT_DECIDES(TIMEOUT_DATA, NEVER_LEFT, LOCAL_KERNEL, .state = TCP_STATE_LAST_ACK,
		       .error = EVIDENCE_ETIMEDOUT, .seen = E(WIRE_WHOLE) | E(WIRE_OUT));
	/* Its own packets were never seen, or the FIN was. */
	ASSERT_DECIDES(FIN_UNACKED_TIMEOUT, FIN_UNACKED, TIMEOUT, .state = TCP_STATE_LAST_ACK,
		       .error = EVIDENCE_ETIMEDOUT, .seen = E(WIRE_WHOLE));
	ASSERT_DECIDES(FIN_UNACKED_TIMEOUT, FIN_UNACKED, TIMEOUT, .state = TCP_STATE_LAST_ACK,
		       .error = EVIDENCE_ETIMEDOUT, .seen = E(WIRE_WHOLE) | E(WIRE_OUT),
		       .local_fin_count = 1);
}

TEST(who_sent_the_icmp_error)
{
	ASSERT_DECIDES(PATH_ICMP, ICMP_HOST, LOCAL_KERNEL, .state = TCP_STATE_SYN_SENT,
		       .ip_version = 4, .error = EVIDENCE_EHOSTUNREACH, .icmp_type = 3,
		       .icmp_code = 1, .seen = E(ICMP_IN) | E(ICMP_FROM_HERE));
	ASSERT_DECIDES(PATH_ICMP, ICMP_PORT, LOCAL_FIREWALL, .state = TCP_STATE_SYN_SENT,
		       .ip_version = 4, .error = EVIDENCE_ECONNREFUSED, .icmp_type = 3,
		       .icmp_code = 3, .seen = E(ICMP_IN) | E(ICMP_FROM_HERE));
	ASSERT_DECIDES(PATH_ICMP, ICMP_PORT, PEER, .state = TCP_STATE_SYN_SENT, .ip_version = 4,
		       .error = EVIDENCE_ECONNREFUSED, .icmp_type = 3, .icmp_code = 3,
		       .seen = E(ICMP_IN) | E(ICMP_FROM_PEER));
	ASSERT_DECIDES(TIMEOUT_DATA, RTO, PATH, .state = TCP_STATE_ESTABLISHED, .ip_version = 4,
		       .error = EVIDENCE_EHOSTUNREACH, .icmp_type = 3, .icmp_code = 13,
		       .unacked_bytes = 4, .seen = E(ICMP_IN));
	/* No ICMP error came: the route or the neighbour of this host is missing. */
	ASSERT_DECIDES(TIMEOUT_HANDSHAKE, NEVER_LEFT, LOCAL_KERNEL, .state = TCP_STATE_SYN_SENT,
		       .error = EVIDENCE_EHOSTUNREACH, .seen = E(WIRE_WHOLE));
}

TEST(an_icmp_error_that_was_read_before_the_close)
{
	ASSERT_DECIDES(PATH_ICMP, ICMP_PORT, PEER, .state = TCP_STATE_SYN_SENT, .ip_version = 4,
		       .icmp_type = 3, .icmp_code = 3,
		       .seen = E(ICMP_IN) | E(ICMP_FROM_PEER) | E(PROCESS_CONTEXT) | SHUT);
	ASSERT_DECIDES(LOCAL_CANCEL, CLOSED_EARLY, LOCAL_APP, .state = TCP_STATE_SYN_SENT,
		       .ip_version = 4, .local_syn_count = 1, .seen = E(PROCESS_CONTEXT) | SHUT);
}

TEST_MAIN()
