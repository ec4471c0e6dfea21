// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/snmp.h"

#include <string.h>

#include "tests/harness/test.h"
#include "user/kernel/snmp.h"

static const char snmp_text[] =
	"Ip: Forwarding DefaultTTL\n"
	"Ip: 2 64\n"
	"Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets "
	"CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n"
	"Tcp: 1 200 120000 -1 11 12 13 14 15 16 17 18 19 20 21\n"
	"Udp: InDatagrams OutRsts\n"
	"Udp: 1 2\n";

static const char netstat_text[] =
	"TcpExt: SyncookiesSent ListenOverflows TCPTimeouts TCPAbortOnData "
	"TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout "
	"TCPAbortOnLinger TCPAbortFailed\n"
	"TcpExt: 1 2 3 4 5 6 7 8 18446744073709551615\n"
	"IpExt: InNoRoutes\n"
	"IpExt: 0\n";

TEST(both_files_are_read)
{
	uint64_t counts[SNMP_COUNT] = {};
	uint32_t present = 0;

	snmp_parse(snmp_text, counts, &present);
	assert_int_equal(counts[SNMP_ATTEMPT_FAILS], 13);
	assert_int_equal(counts[SNMP_ESTAB_RESETS], 14);
	assert_int_equal(counts[SNMP_OUT_RSTS], 20);
	assert_int_equal(present,
			 SNMP_BIT(ATTEMPT_FAILS) | SNMP_BIT(ESTAB_RESETS) | SNMP_BIT(OUT_RSTS));
	snmp_parse(netstat_text, counts, &present);
	assert_int_equal(counts[SNMP_LISTEN_OVERFLOWS], 2);
	assert_int_equal(counts[SNMP_TIMEOUTS], 3);
	assert_int_equal(counts[SNMP_ABORT_ON_DATA], 4);
	assert_int_equal(counts[SNMP_ABORT_ON_CLOSE], 5);
	assert_int_equal(counts[SNMP_ABORT_ON_MEMORY], 6);
	assert_int_equal(counts[SNMP_ABORT_ON_TIMEOUT], 7);
	assert_int_equal(counts[SNMP_ABORT_ON_LINGER], 8);
	assert_true(counts[SNMP_ABORT_FAILED] == UINT64_MAX);
	assert_int_equal(counts[SNMP_OUT_RSTS], 20);
	assert_int_equal(present, (1u << SNMP_COUNT) - 1);
}

/* Whatever the text: nothing is read beyond it, and what has no number is not there. */
TEST(text_that_is_cut_or_odd_is_survived)
{
	static const char *const texts[] = {
		"",
		"\n",
		"Tcp:",
		"Tcp: OutRsts",
		"Tcp: OutRsts\n",
		"\n\n\n",
		"Tcp: OutRsts\n\n",
		"Tcp: OutRsts\nTcp:",
		"Tcp: OutRsts\nTcp:\n",
		"Tcp:\nTcp: 1\n",
	};
	uint64_t counts[SNMP_COUNT] = {};
	uint32_t present = 0;
	char text[sizeof(snmp_text)];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		snmp_parse(texts[i], counts, &present);
		assert_int_equal(present, 0);
	}
	for (size_t len = 0; len < sizeof(snmp_text); len++) {
		memcpy(text, snmp_text, len);
		text[len] = '\0';
		snmp_parse(text, counts, &present);
	}
	snmp_parse("Tcp: A OutRsts B\nTcp: 1 2\n", counts, &present);
	assert_int_equal(counts[SNMP_OUT_RSTS], 2);
}

static const struct ending_case {
	const char *name;
	struct close_evidence e;
	uint32_t raised;
} ending_cases[] = {
	{ "a RST in ESTABLISHED",
	  { .subject = SUBJECT_SOCKET,
	    .state = TCP_STATE_ESTABLISHED,
	    .error = EVIDENCE_ECONNRESET,
	    .seen = EVIDENCE(RECEIVE_RESET) | EVIDENCE(RST_IN) },
	  SNMP_BIT(ESTAB_RESETS) },
	{ "close() with unread data in CLOSE_WAIT",
	  { .subject = SUBJECT_SOCKET,
	    .state = TCP_STATE_CLOSE_WAIT,
	    .unread_bytes = 3,
	    .seen = EVIDENCE(UNREAD) | EVIDENCE(SEND_RESET) | EVIDENCE(RCV_SHUTDOWN) |
		    EVIDENCE(SEND_SHUTDOWN) | EVIDENCE(PROCESS_CONTEXT) },
	  SNMP_BIT(ESTAB_RESETS) | SNMP_BIT(ABORT_ON_CLOSE) },
	{ "linger 0 in FIN_WAIT2",
	  { .subject = SUBJECT_SOCKET,
	    .state = TCP_STATE_FIN_WAIT2,
	    .seen = EVIDENCE(LINGER_ZERO) | EVIDENCE(SEND_RESET) | EVIDENCE(RCV_SHUTDOWN) |
		    EVIDENCE(SEND_SHUTDOWN) | EVIDENCE(PROCESS_CONTEXT) },
	  SNMP_BIT(ABORT_ON_DATA) },
	{ "connect() refused",
	  { .subject = SUBJECT_SOCKET,
	    .state = TCP_STATE_SYN_SENT,
	    .error = EVIDENCE_ECONNREFUSED,
	    .seen = EVIDENCE(RECEIVE_RESET) | EVIDENCE(RST_IN) | EVIDENCE(CLIENT) },
	  SNMP_BIT(ATTEMPT_FAILS) },
	{ "a subflow that MPTCP refuses",
	  { .subject = SUBJECT_SOCKET,
	    .state = TCP_STATE_SYN_RECV,
	    .seen = EVIDENCE(SERVER) | EVIDENCE(ORPHAN) | EVIDENCE(NO_STRUCT_SOCKET) },
	  SNMP_BIT(ATTEMPT_FAILS) },
	{ "connect() given up by close()",
	  { .subject = SUBJECT_SOCKET,
	    .state = TCP_STATE_SYN_SENT,
	    .seen = EVIDENCE(CLIENT) | EVIDENCE(ORPHAN) | EVIDENCE(RCV_SHUTDOWN) |
		    EVIDENCE(SEND_SHUTDOWN) },
	  0 },
	{ "connect() in vain",
	  { .subject = SUBJECT_SOCKET,
	    .state = TCP_STATE_SYN_SENT,
	    .error = EVIDENCE_ETIMEDOUT,
	    .seen = EVIDENCE(CLIENT) },
	  SNMP_BIT(ATTEMPT_FAILS) | SNMP_BIT(ABORT_ON_TIMEOUT) },
	{ "data in vain",
	  { .subject = SUBJECT_SOCKET,
	    .state = TCP_STATE_ESTABLISHED,
	    .error = EVIDENCE_ETIMEDOUT,
	    .unacked_bytes = 1 },
	  SNMP_BIT(ESTAB_RESETS) | SNMP_BIT(ABORT_ON_TIMEOUT) },
	{ "data after shutdown()",
	  { .subject = SUBJECT_SOCKET,
	    .state = TCP_STATE_FIN_WAIT2,
	    .error = EVIDENCE_ECONNRESET,
	    .seen = EVIDENCE(RECEIVE_RESET) | EVIDENCE(RCV_SHUTDOWN) | EVIDENCE(REPLY_RESET) |
		    EVIDENCE(WIRE_HOOKED) },
	  SNMP_BIT(ABORT_ON_DATA) },
	{ "FIN and FIN",
	  { .subject = SUBJECT_SOCKET, .state = TCP_STATE_LAST_ACK, .seen = EVIDENCE(PEER_FIN) },
	  0 },
	{ "a SYN to a closed port",
	  { .subject = SUBJECT_REPLY, .trigger_flags = TCP_FLAG_SYN },
	  0 },
	{ "a RST for a half-open handshake",
	  { .subject = SUBJECT_REQUEST, .seen = EVIDENCE(RST_IN) },
	  SNMP_BIT(ATTEMPT_FAILS) },
	{ "a half-open handshake that was never finished",
	  { .subject = SUBJECT_REQUEST, .seen = EVIDENCE(SYN_ACK_RETRIED) },
	  0 },
};

TEST(endings_raise_what_the_kernel_raises)
{
	struct close_decision d;

	for (size_t i = 0; i < sizeof(ending_cases) / sizeof(ending_cases[0]); i++) {
		const struct ending_case *c = &ending_cases[i];
		uint32_t raised;

		close_decide(&c->e, &d);
		raised = snmp_of_ending(&c->e, &d);
		if (raised != c->raised)
			fail_msg("%s: %#x, expected %#x", c->name, raised, c->raised);
	}
}

TEST_MAIN()
