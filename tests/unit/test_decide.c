// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The decision: every way to every verdict, and what holds for any evidence at all. */
#include "include/decide.h"

#include <stdbool.h>

#include "tests/harness/test.h"
#include "user/model/names.h"

#define E(id) EVIDENCE(id)
#define BOTH_SHUT (E(RCV_SHUTDOWN) | E(SEND_SHUTDOWN))
#define SENT (E(SEND_RESET) | E(KERNEL_REASON))
#define LEARNED CLOSE_IS_PROVED
#define GUESSED CLOSE_IS_INFERRED

/* The members that a row leaves out are 0, the stage's and the reason's too. */
struct decide_row {
	const char *name;
	struct close_evidence in;
	struct close_decision out;
};

#define SOCKET(st, bits, ...)                                                                      \
	{                                                                                          \
		.subject = SUBJECT_SOCKET, .state = TCP_STATE_##st, .ip_version = 4,               \
		.seen = (bits), __VA_ARGS__                                                        \
	}
#define REPLY(bits, ...)                                                                           \
	{                                                                                          \
		.subject = SUBJECT_REPLY, .ip_version = 4, .seen = (bits), __VA_ARGS__             \
	}
#define FORWARDED(bits, ...)                                                                       \
	{                                                                                          \
		.subject = SUBJECT_FORWARDED, .ip_version = 4, .seen = (bits), __VA_ARGS__         \
	}
#define GIVES(v, c, by, st, conf, ...)                                                             \
	{                                                                                          \
		.verdict = CLOSE_##v, .cause = CLOSE_CAUSE_##c, .initiator = CLOSE_BY_##by,        \
		.stage = CLOSE_STAGE_##st, .confidence = conf, __VA_ARGS__                         \
	}
#define DERIVED(r) .reset_reason = RESET_REASON_##r, .reason_derived = 1
#define NAMED(r) .reset_reason = RESET_REASON_##r

static const struct decide_row rows[] = {
	/* -- killed ------------------------------------------------------------------------ */
	{ "B28 ss -K",
	  SOCKET(ESTABLISHED, SENT | E(RESET_BEFORE_CLOSE), .error = EVIDENCE_ECONNABORTED),
	  GIVES(LOCAL_ADMIN_KILL, SOCKET_DESTROY, LOCAL_APP, ESTABLISHED, LEARNED,
		DERIVED(TCP_STATE), .used = E(RESET_BEFORE_CLOSE)) },
	{ "ss -K beats everything else",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET) | E(RST_IN) | E(UNREAD) | BOTH_SHUT,
		 .error = EVIDENCE_ECONNABORTED, .unread_bytes = 7),
	  GIVES(LOCAL_ADMIN_KILL, SOCKET_DESTROY, LOCAL_APP, ESTABLISHED, LEARNED,
		DERIVED(TCP_STATE)) },
	{ "ss -K names its reason",
	  SOCKET(CLOSE_WAIT, SENT, .error = EVIDENCE_ECONNABORTED,
		 .reset_reason = RESET_REASON_TCP_STATE),
	  GIVES(LOCAL_ADMIN_KILL, SOCKET_DESTROY, LOCAL_APP, CLOSING, LEARNED, NAMED(TCP_STATE)) },
	{ "B33 close in repair mode",
	  SOCKET(ESTABLISHED, E(REPAIR) | BOTH_SHUT, .error = EVIDENCE_ECONNABORTED),
	  GIVES(LOCAL_ADMIN_KILL, REPAIR, LOCAL_APP, ESTABLISHED, LEARNED, .benign = 1,
		.used = E(REPAIR)) },

	/* -- timeouts ---------------------------------------------------------------------- */
	{ "B15 SYN unanswered",
	  SOCKET(SYN_SENT, E(CLIENT) | E(ERROR_REPORT), .error = EVIDENCE_ETIMEDOUT),
	  GIVES(TIMEOUT_HANDSHAKE, SYN_UNANSWERED, TIMEOUT, HANDSHAKE, LEARNED,
		.used = E(ERROR_REPORT)) },
	{ "B20 ICMP admin-prohibited on SYN",
	  SOCKET(SYN_SENT, E(CLIENT) | E(ICMP_IN), .error = EVIDENCE_EHOSTUNREACH, .icmp_type = 3,
		 .icmp_code = 13),
	  GIVES(PATH_ICMP, ICMP_PROHIBITED, PATH, HANDSHAKE, LEARNED, .used = E(ICMP_IN)) },
	{ "no host, no ICMP seen", SOCKET(SYN_SENT, E(CLIENT), .error = EVIDENCE_EHOSTUNREACH),
	  GIVES(PATH_ICMP, ICMP_HOST, PATH, HANDSHAKE, GUESSED) },
	{ "no network, no ICMP seen", SOCKET(SYN_SENT, E(CLIENT), .error = EVIDENCE_ENETUNREACH),
	  GIVES(PATH_ICMP, ICMP_NET, PATH, HANDSHAKE, GUESSED) },
	{ "B22 ICMPv6 prohibited leaves EACCES",
	  { .subject = SUBJECT_SOCKET,
	    .state = TCP_STATE_SYN_SENT,
	    .ip_version = 6,
	    .seen = E(ICMP_IN) | E(CLIENT),
	    .error = EVIDENCE_EACCES,
	    .icmp_type = 1,
	    .icmp_code = 1 },
	  GIVES(PATH_ICMP, ICMP_PROHIBITED, PATH, HANDSHAKE, LEARNED, .used = E(ICMP_IN)) },
	{ "prohibited, no ICMP seen", SOCKET(SYN_SENT, E(CLIENT), .error = EVIDENCE_EACCES),
	  GIVES(PATH_ICMP, ICMP_PROHIBITED, PATH, HANDSHAKE, GUESSED) },
	{ "EHOSTDOWN in the middle", SOCKET(ESTABLISHED, 0, .error = 112, .unacked_bytes = 1),
	  GIVES(TIMEOUT_DATA, RTO, TIMEOUT, ESTABLISHED, LEARNED) },
	{ "B23 keepalive",
	  SOCKET(ESTABLISHED, SENT | E(KEEPALIVE_ON) | E(RESET_BEFORE_CLOSE),
		 .error = EVIDENCE_ETIMEDOUT, .probes = 3),
	  GIVES(TIMEOUT_KEEPALIVE, KEEPALIVE, TIMEOUT, ESTABLISHED, LEARNED,
		DERIVED(TCP_KEEPALIVE_TIMEOUT), .used = SENT | E(KEEPALIVE_ON)) },
	{ "B23 keepalive with the kernel's reason",
	  SOCKET(ESTABLISHED, SENT | E(KEEPALIVE_ON), .error = EVIDENCE_ETIMEDOUT,
		 .reset_reason = RESET_REASON_TCP_KEEPALIVE_TIMEOUT),
	  GIVES(TIMEOUT_KEEPALIVE, KEEPALIVE, TIMEOUT, ESTABLISHED, LEARNED,
		NAMED(TCP_KEEPALIVE_TIMEOUT)) },
	{ "B24 TCP_USER_TIMEOUT",
	  SOCKET(ESTABLISHED, E(ERROR_REPORT), .error = EVIDENCE_ETIMEDOUT, .user_timeout_ms = 1000,
		 .unacked_bytes = 9),
	  GIVES(TIMEOUT_DATA, USER_TIMEOUT, TIMEOUT, ESTABLISHED, LEARNED) },
	{ "B25 retries2",
	  SOCKET(ESTABLISHED, E(ERROR_REPORT), .error = EVIDENCE_ETIMEDOUT, .unacked_bytes = 9),
	  GIVES(TIMEOUT_DATA, RTO, TIMEOUT, ESTABLISHED, LEARNED) },
	{ "B21 host unreachable in the middle",
	  SOCKET(ESTABLISHED, E(ICMP_IN), .error = EVIDENCE_EHOSTUNREACH, .user_timeout_ms = 800,
		 .unacked_bytes = 1),
	  GIVES(TIMEOUT_DATA, USER_TIMEOUT, PATH, ESTABLISHED, LEARNED, .used = E(ICMP_IN)) },
	{ "B26 window closed for ever",
	  SOCKET(ESTABLISHED, E(ERROR_REPORT) | E(ZERO_WINDOW), .error = EVIDENCE_ETIMEDOUT,
		 .probes = 5, .unsent_bytes = 100, .user_timeout_ms = 1000),
	  GIVES(TIMEOUT_DATA, ZERO_WINDOW, TIMEOUT, ESTABLISHED, LEARNED) },
	{ "B27 nothing can be sent, but the window is open",
	  SOCKET(ESTABLISHED, E(ERROR_REPORT), .error = EVIDENCE_ETIMEDOUT, .probes = 5,
		 .unsent_bytes = 100, .user_timeout_ms = 1000),
	  GIVES(TIMEOUT_DATA, USER_TIMEOUT, TIMEOUT, ESTABLISHED, LEARNED) },
	{ "CLOSE_WAIT times out with data",
	  SOCKET(CLOSE_WAIT, 0, .error = EVIDENCE_ETIMEDOUT, .unacked_bytes = 9),
	  GIVES(TIMEOUT_DATA, RTO, TIMEOUT, CLOSING, LEARNED) },
	{ "B54 FIN unacknowledged, LAST_ACK", SOCKET(LAST_ACK, 0, .error = EVIDENCE_ETIMEDOUT),
	  GIVES(FIN_UNACKED_TIMEOUT, FIN_UNACKED, TIMEOUT, CLOSING, LEARNED) },
	{ "FIN unacknowledged, FIN_WAIT1",
	  SOCKET(FIN_WAIT1, BOTH_SHUT, .error = EVIDENCE_ETIMEDOUT),
	  GIVES(FIN_UNACKED_TIMEOUT, FIN_UNACKED, TIMEOUT, CLOSING, LEARNED) },
	{ "FIN unacknowledged, CLOSING", SOCKET(CLOSING, BOTH_SHUT, .error = EVIDENCE_EHOSTUNREACH),
	  GIVES(FIN_UNACKED_TIMEOUT, FIN_UNACKED, TIMEOUT, CLOSING, LEARNED) },

	/* -- resets that came, or seemed to ------------------------------------------------ */
	{ "B4 connection refused",
	  SOCKET(SYN_SENT, E(CLIENT) | E(RECEIVE_RESET) | E(RST_IN) | E(WIRE_IN),
		 .error = EVIDENCE_ECONNREFUSED, .rst_flags = TCP_FLAG_RST | TCP_FLAG_ACK),
	  GIVES(PEER_REFUSED, NO_LISTENER, PEER, HANDSHAKE, LEARNED,
		.used = E(RECEIVE_RESET) | E(RST_IN)) },
	{ "connection refused, no interface watched",
	  SOCKET(SYN_SENT, E(CLIENT) | E(RECEIVE_RESET), .error = EVIDENCE_ECONNREFUSED),
	  GIVES(PEER_REFUSED, NO_LISTENER, PEER, HANDSHAKE, GUESSED, .used = E(RECEIVE_RESET)) },
	{ "B19 ICMP port unreachable on SYN",
	  SOCKET(SYN_SENT, E(CLIENT) | E(ICMP_IN) | E(ICMP_FROM_PEER),
		 .error = EVIDENCE_ECONNREFUSED, .icmp_type = 3, .icmp_code = 3),
	  GIVES(PATH_ICMP, ICMP_PORT, PEER, HANDSHAKE, LEARNED,
		.used = E(ICMP_IN) | E(ICMP_FROM_PEER)) },
	{ "refused without RST and without ICMP",
	  SOCKET(SYN_SENT, E(CLIENT), .error = EVIDENCE_ECONNREFUSED),
	  GIVES(PATH_ICMP, ICMP_PORT, PATH, HANDSHAKE, GUESSED) },
	{ "B7 at the peer: a RST in the shape of an application's",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET) | E(RST_IN) | E(RST_IN_EXACT),
		 .error = EVIDENCE_ECONNRESET, .rst_flags = TCP_FLAG_RST | TCP_FLAG_ACK,
		 .rst_ip_id = 77),
	  GIVES(PEER_RESET, PEER_APP, PEER, ESTABLISHED, LEARNED,
		.used = E(RECEIVE_RESET) | E(RST_IN) | E(RST_IN_EXACT)) },
	{ "IPv6 has no identification: RST with ACK is an application's",
	  { .subject = SUBJECT_SOCKET,
	    .state = TCP_STATE_ESTABLISHED,
	    .ip_version = 6,
	    .seen = E(RECEIVE_RESET) | E(RST_IN),
	    .error = EVIDENCE_ECONNRESET,
	    .rst_flags = TCP_FLAG_RST | TCP_FLAG_ACK },
	  GIVES(PEER_RESET, PEER_APP, PEER, ESTABLISHED, LEARNED) },
	{ "B33 at the peer: a RST in the shape of a kernel's",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET) | E(RST_IN), .error = EVIDENCE_ECONNRESET,
		 .rst_flags = TCP_FLAG_RST),
	  GIVES(PEER_RESET, PEER_KERNEL, PEER, ESTABLISHED, LEARNED) },
	{ "a RST in a shape that Linux does not make",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET) | E(RST_IN), .error = EVIDENCE_ECONNRESET,
		 .rst_flags = TCP_FLAG_RST, .rst_ip_id = 9),
	  GIVES(PEER_RESET, NONE, PEER, ESTABLISHED, LEARNED) },
	{ "B35 reset, no interface watched",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET), .error = EVIDENCE_ECONNRESET),
	  GIVES(PEER_RESET, NONE, PEER, ESTABLISHED, GUESSED, .used = E(RECEIVE_RESET)) },
	{ "B48 at the peer: RST after FIN, to a server: its next call fails",
	  SOCKET(CLOSE_WAIT, E(RECEIVE_RESET) | E(RST_IN) | E(SERVER) | E(RCV_SHUTDOWN),
		 .error = EVIDENCE_EPIPE, .fin_first = 2, .rst_flags = TCP_FLAG_RST),
	  GIVES(PEER_RESET, PEER_KERNEL, PEER, CLOSING, LEARNED) },
	{ "RST after FIN, to a client: not benign",
	  SOCKET(CLOSE_WAIT, E(RECEIVE_RESET) | E(RST_IN) | E(CLIENT), .error = EVIDENCE_EPIPE,
		 .fin_first = 2, .rst_flags = TCP_FLAG_RST),
	  GIVES(PEER_RESET, PEER_KERNEL, PEER, CLOSING, LEARNED) },
	{ "RST in SYN_RECV of a full socket",
	  SOCKET(SYN_RECV, E(RECEIVE_RESET) | E(RST_IN) | E(SERVER), .error = EVIDENCE_ECONNRESET),
	  GIVES(PEER_RESET_HANDSHAKE, NONE, PEER, HANDSHAKE, LEARNED) },
	{ "B11 data after close while the FIN is unacknowledged: not the peer",
	  SOCKET(FIN_WAIT1, E(RECEIVE_RESET) | E(REPLY_RESET) | BOTH_SHUT | E(CLIENT),
		 .error = EVIDENCE_ECONNRESET),
	  GIVES(LOCAL_LATE_DATA_RST, DATA_AFTER_SHUTDOWN, LOCAL_KERNEL, CLOSING, LEARNED,
		DERIVED(TCP_ABORT_ON_DATA),
		.used = E(RECEIVE_RESET) | E(REPLY_RESET) | E(RCV_SHUTDOWN)) },
	{ "B12 data after shutdown, at a server",
	  SOCKET(FIN_WAIT2, E(RECEIVE_RESET) | E(REPLY_RESET) | BOTH_SHUT | E(SERVER),
		 .error = EVIDENCE_ECONNRESET, .reset_reason = RESET_REASON_TCP_ABORT_ON_DATA),
	  GIVES(LOCAL_LATE_DATA_RST, DATA_AFTER_SHUTDOWN, LOCAL_KERNEL, CLOSING, LEARNED,
		NAMED(TCP_ABORT_ON_DATA)) },
	{ "B12 on a kernel whose reply goes unseen: no RST came in",
	  SOCKET(FIN_WAIT2, E(RECEIVE_RESET) | BOTH_SHUT | E(SERVER) | E(WIRE_HOOKED) | E(WIRE_IN),
		 .error = EVIDENCE_ECONNRESET),
	  GIVES(LOCAL_LATE_DATA_RST, DATA_AFTER_SHUTDOWN, LOCAL_KERNEL, CLOSING, GUESSED,
		DERIVED(TCP_ABORT_ON_DATA)) },
	{ "the same with a RST on the wire is the peer's",
	  SOCKET(FIN_WAIT2,
		 E(RECEIVE_RESET) | BOTH_SHUT | E(SERVER) | E(WIRE_HOOKED) | E(WIRE_IN) | E(RST_IN),
		 .error = EVIDENCE_ECONNRESET, .rst_flags = TCP_FLAG_RST),
	  GIVES(PEER_RESET, PEER_KERNEL, PEER, CLOSING, LEARNED) },
	{ "the peer's FIN shuts reading too: in CLOSE_WAIT that is no stop",
	  SOCKET(CLOSE_WAIT, E(RECEIVE_RESET) | E(RCV_SHUTDOWN) | E(WIRE_HOOKED) | E(WIRE_IN),
		 .error = EVIDENCE_EPIPE),
	  GIVES(PEER_RESET, NONE, PEER, CLOSING, GUESSED) },
	{ "B17 at the victim: this host's own firewall",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET) | E(RST_IN) | E(FIREWALL_RST),
		 .error = EVIDENCE_ECONNRESET),
	  GIVES(LOCAL_FIREWALL, REJECT, LOCAL_FIREWALL, ESTABLISHED, LEARNED) },

	/* -- path: two signs infer, the peer's own packets prove --------------------------- */
	{ "B36 TTL is off and the peer goes on",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET) | E(RST_IN) | E(RST_TTL_OFF) | E(PEER_AFTER_RST),
		 .error = EVIDENCE_ECONNRESET),
	  GIVES(PATH_RESET, INJECTED, PATH, ESTABLISHED, LEARNED,
		.used = E(RECEIVE_RESET) | E(RST_TTL_OFF) | E(PEER_AFTER_RST)) },
	{ "B40 TTL is off and the RSTs disagree",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET) | E(RST_IN) | E(RST_TTL_OFF) | E(RSTS_DISAGREE),
		 .error = EVIDENCE_ECONNRESET),
	  GIVES(PATH_RESET, INJECTED, PATH, ESTABLISHED, GUESSED) },
	{ "B35 one sign alone is no proof",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET) | E(RST_IN) | E(RST_TTL_OFF),
		 .error = EVIDENCE_ECONNRESET, .rst_flags = TCP_FLAG_RST),
	  GIVES(PEER_RESET, PEER_KERNEL, PEER, ESTABLISHED, GUESSED) },
	{ "B35 the peer's new data contradicts its RST",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET) | E(RST_IN) | E(PEER_AFTER_RST),
		 .error = EVIDENCE_ECONNRESET, .rst_flags = TCP_FLAG_RST),
	  GIVES(PATH_RESET, INJECTED, PATH, ESTABLISHED, LEARNED) },
	{ "B18 rejected on the way, while connecting",
	  SOCKET(SYN_SENT, E(RECEIVE_RESET) | E(RST_IN) | E(RST_TTL_OFF) | E(PEER_AFTER_RST),
		 .error = EVIDENCE_ECONNREFUSED),
	  GIVES(PATH_RESET, INJECTED, PATH, HANDSHAKE, LEARNED) },

	{ "too early for the peer, and with an IP ID that its stack does not give",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET) | E(RST_IN) | E(RST_TOO_EARLY) | E(RST_IP_ID_OFF),
		 .error = EVIDENCE_ECONNRESET),
	  GIVES(PATH_RESET, INJECTED, PATH, ESTABLISHED, GUESSED,
		.used = E(RECEIVE_RESET) | E(RST_TOO_EARLY) | E(RST_IP_ID_OFF)) },
	{ "the IP ID alone proves nothing, but takes the certainty",
	  SOCKET(ESTABLISHED, E(RECEIVE_RESET) | E(RST_IN) | E(RST_IP_ID_OFF),
		 .error = EVIDENCE_ECONNRESET, .rst_flags = TCP_FLAG_RST, .rst_ip_id = 9),
	  GIVES(PEER_RESET, NONE, PEER, ESTABLISHED, GUESSED) },

	/* -- what the kernel did not show: counters and packets are left ------------------- */
	{ "not shown: keepalive probes went unanswered",
	  SOCKET(ESTABLISHED, E(CLOSE_NOT_SHOWN) | E(KEEPALIVE_ON) | BOTH_SHUT | E(RST_OUT),
		 .probes = 2),
	  GIVES(TIMEOUT_KEEPALIVE, KEEPALIVE, TIMEOUT, ESTABLISHED, GUESSED,
		DERIVED(TCP_KEEPALIVE_TIMEOUT), .used = E(CLOSE_NOT_SHOWN) | E(KEEPALIVE_ON)) },
	{ "not shown: retransmissions went unanswered",
	  SOCKET(ESTABLISHED, E(CLOSE_NOT_SHOWN) | BOTH_SHUT, .timer_retransmits = 4,
		 .unacked_bytes = 9),
	  GIVES(TIMEOUT_DATA, RTO, TIMEOUT, ESTABLISHED, GUESSED, .used = E(CLOSE_NOT_SHOWN)) },
	{ "not shown: the window stayed closed",
	  SOCKET(ESTABLISHED, E(CLOSE_NOT_SHOWN) | E(ZERO_WINDOW), .probes = 3, .unsent_bytes = 9),
	  GIVES(TIMEOUT_DATA, ZERO_WINDOW, TIMEOUT, ESTABLISHED, GUESSED) },
	{ "not shown: the SYN went unanswered",
	  SOCKET(SYN_SENT, E(CLOSE_NOT_SHOWN) | E(CLIENT), .timer_retransmits = 1),
	  GIVES(TIMEOUT_HANDSHAKE, SYN_UNANSWERED, TIMEOUT, HANDSHAKE, GUESSED) },
	{ "not shown: an ICMP error answered the SYN",
	  SOCKET(SYN_SENT, E(CLOSE_NOT_SHOWN) | E(CLIENT) | E(ICMP_IN), .icmp_type = 3,
		 .icmp_code = 13),
	  GIVES(PATH_ICMP, ICMP_PROHIBITED, PATH, HANDSHAKE, GUESSED) },
	{ "not shown: nobody acknowledged the FIN",
	  SOCKET(LAST_ACK, E(CLOSE_NOT_SHOWN) | E(ORPHAN) | BOTH_SHUT, .timer_retransmits = 3),
	  GIVES(FIN_UNACKED_TIMEOUT, FIN_UNACKED, TIMEOUT, CLOSING, GUESSED) },
	{ "not shown: the last ACK came all the same",
	  SOCKET(LAST_ACK, E(CLOSE_NOT_SHOWN) | E(ORPHAN) | BOTH_SHUT | E(PEER_FIN)),
	  GIVES(FIN_NORMAL, PEER_FIRST, PEER, CLOSING, LEARNED) },
	{ "not shown: the peer's RST fits",
	  SOCKET(ESTABLISHED, E(CLOSE_NOT_SHOWN) | E(RST_IN) | E(RST_IN_EXACT) | BOTH_SHUT,
		 .rst_flags = TCP_FLAG_RST),
	  GIVES(PEER_RESET, PEER_KERNEL, PEER, ESTABLISHED, GUESSED,
		.used = E(CLOSE_NOT_SHOWN) | E(RST_IN) | E(RST_IN_EXACT)) },
	{ "not shown: what close() left behind is no abort of the application",
	  SOCKET(ESTABLISHED, E(CLOSE_NOT_SHOWN) | BOTH_SHUT | E(UNREAD), .unread_bytes = 7),
	  GIVES(ORPHAN_MID, SILENT, UNKNOWN, ESTABLISHED, CLOSE_IS_UNKNOWN,
		.used = E(CLOSE_NOT_SHOWN)) },
	{ "not shown, but its active RST was",
	  SOCKET(ESTABLISHED, E(CLOSE_NOT_SHOWN) | SENT | BOTH_SHUT | E(UNREAD), .unread_bytes = 7),
	  GIVES(LOCAL_APP_ABORT, UNREAD_DATA, LOCAL_APP, ESTABLISHED, LEARNED,
		DERIVED(TCP_ABORT_ON_CLOSE)) },

	/* -- local aborts: section 6 of the decision table --------------------------------- */
	{ "B7 closed with bytes unread",
	  SOCKET(ESTABLISHED, SENT | BOTH_SHUT | E(UNREAD) | E(PROCESS_CONTEXT),
		 .unread_bytes = 4312, .reset_reason = RESET_REASON_TCP_ABORT_ON_CLOSE),
	  GIVES(LOCAL_APP_ABORT, UNREAD_DATA, LOCAL_APP, ESTABLISHED, LEARNED,
		NAMED(TCP_ABORT_ON_CLOSE), .used = SENT | E(UNREAD)) },
	{ "B7 before Linux 6.10: the reason is derived",
	  SOCKET(ESTABLISHED, E(SEND_RESET) | BOTH_SHUT | E(UNREAD), .unread_bytes = 1),
	  GIVES(LOCAL_APP_ABORT, UNREAD_DATA, LOCAL_APP, ESTABLISHED, LEARNED,
		DERIVED(TCP_ABORT_ON_CLOSE)) },
	{ "6.10 and 6.11 say NOT_SPECIFIED: derived",
	  SOCKET(ESTABLISHED, SENT | BOTH_SHUT | E(UNREAD), .unread_bytes = 1,
		 .reset_reason = RESET_REASON_NOT_SPECIFIED),
	  GIVES(LOCAL_APP_ABORT, UNREAD_DATA, LOCAL_APP, ESTABLISHED, LEARNED,
		DERIVED(TCP_ABORT_ON_CLOSE)) },
	{ "B7 without the tracepoint",
	  SOCKET(ESTABLISHED, BOTH_SHUT | E(UNREAD), .unread_bytes = 1),
	  GIVES(LOCAL_APP_ABORT, UNREAD_DATA, LOCAL_APP, ESTABLISHED, GUESSED,
		DERIVED(TCP_ABORT_ON_CLOSE)) },
	{ "V1 the peer sent data and FIN",
	  SOCKET(CLOSE_WAIT, SENT | BOTH_SHUT | E(UNREAD) | E(PEER_FIN), .unread_bytes = 5),
	  GIVES(LOCAL_APP_ABORT, UNREAD_DATA, LOCAL_APP, CLOSING, LEARNED,
		DERIVED(TCP_ABORT_ON_CLOSE)) },
	{ "V5 unread data wins over SO_LINGER",
	  SOCKET(ESTABLISHED, SENT | BOTH_SHUT | E(UNREAD) | E(LINGER_ZERO), .unread_bytes = 5),
	  GIVES(LOCAL_APP_ABORT, UNREAD_DATA, LOCAL_APP, ESTABLISHED, LEARNED,
		DERIVED(TCP_ABORT_ON_CLOSE)) },
	{ "B6 SO_LINGER of 0 s",
	  SOCKET(ESTABLISHED, SENT | BOTH_SHUT | E(LINGER_ZERO),
		 .reset_reason = RESET_REASON_TCP_STATE),
	  GIVES(LOCAL_APP_ABORT, LINGER0, LOCAL_APP, ESTABLISHED, LEARNED, NAMED(TCP_STATE),
		.used = SENT | E(LINGER_ZERO)) },
	{ "V2 SO_LINGER of 0 s after the peer's FIN",
	  SOCKET(CLOSE_WAIT, E(SEND_RESET) | BOTH_SHUT | E(LINGER_ZERO) | E(PEER_FIN)),
	  GIVES(LOCAL_APP_ABORT, LINGER0, LOCAL_APP, CLOSING, LEARNED, DERIVED(TCP_STATE)) },
	{ "SO_LINGER of 0 s without the tracepoint",
	  SOCKET(ESTABLISHED, BOTH_SHUT | E(LINGER_ZERO)),
	  GIVES(LOCAL_APP_ABORT, LINGER0, LOCAL_APP, ESTABLISHED, GUESSED, DERIVED(TCP_STATE)) },
	{ "B13 negative TCP_LINGER2, orphan, data came",
	  SOCKET(FIN_WAIT1, E(LINGER2_NEGATIVE) | E(ORPHAN) | BOTH_SHUT | E(REPLY_RESET)),
	  GIVES(LOCAL_APP_ABORT, LINGER2, LOCAL_APP, CLOSING, LEARNED, DERIVED(TCP_ABORT_ON_DATA),
		.used = E(LINGER2_NEGATIVE) | E(ORPHAN) | E(REPLY_RESET)) },
	{ "B13 negative TCP_LINGER2 at close in FIN_WAIT2",
	  SOCKET(FIN_WAIT2, SENT | E(LINGER2_NEGATIVE) | BOTH_SHUT),
	  GIVES(LOCAL_APP_ABORT, LINGER2, LOCAL_APP, CLOSING, LEARNED,
		DERIVED(TCP_ABORT_ON_LINGER)) },
	{ "B47 connect(AF_UNSPEC)",
	  SOCKET(ESTABLISHED, SENT | E(PROCESS_CONTEXT), .reset_reason = RESET_REASON_TCP_STATE),
	  GIVES(LOCAL_APP_ABORT, DISCONNECT, LOCAL_APP, ESTABLISHED, LEARNED, NAMED(TCP_STATE)) },
	{ "V4 connect(AF_UNSPEC) with unread data",
	  SOCKET(ESTABLISHED, SENT | E(UNREAD), .unread_bytes = 4),
	  GIVES(LOCAL_APP_ABORT, DISCONNECT, LOCAL_APP, ESTABLISHED, LEARNED, DERIVED(TCP_STATE)) },
	{ "disconnected with data to send",
	  SOCKET(CLOSING, SENT, .unsent_bytes = 4,
		 .reset_reason = RESET_REASON_TCP_DISCONNECT_WITH_DATA),
	  GIVES(LOCAL_APP_ABORT, UNSENT_DATA, LOCAL_APP, CLOSING, LEARNED,
		NAMED(TCP_DISCONNECT_WITH_DATA)) },
	{ "B30 V6 the listener closed first",
	  SOCKET(ESTABLISHED, SENT | E(NO_STRUCT_SOCKET) | E(SERVER)),
	  GIVES(LOCAL_UNACCEPTED, LISTENER_CLOSED, LOCAL_APP, ESTABLISHED, LEARNED,
		DERIVED(TCP_STATE), .used = SENT | E(NO_STRUCT_SOCKET)) },
	{ "the listener closed first, no tracepoint",
	  SOCKET(ESTABLISHED, E(NO_STRUCT_SOCKET) | E(SERVER)),
	  GIVES(LOCAL_UNACCEPTED, LISTENER_CLOSED, LOCAL_APP, ESTABLISHED, GUESSED,
		DERIVED(TCP_STATE)) },
	{ "B14 close in SYN_SENT", SOCKET(SYN_SENT, BOTH_SHUT | E(CLIENT) | E(PROCESS_CONTEXT)),
	  GIVES(LOCAL_CANCEL, CLOSED_EARLY, LOCAL_APP, HANDSHAKE, LEARNED,
		.used = E(PROCESS_CONTEXT)) },
	{ "the SYN could not be sent", SOCKET(SYN_SENT, E(CLIENT)),
	  GIVES(LOCAL_CANCEL, CONNECT_FAILED, LOCAL_APP, HANDSHAKE, LEARNED) },
	{ "B55 the kernel says memory",
	  SOCKET(FIN_WAIT1, SENT | BOTH_SHUT | E(ORPHAN),
		 .reset_reason = RESET_REASON_TCP_ABORT_ON_MEMORY),
	  GIVES(LOCAL_RESOURCE, MEMORY, LOCAL_KERNEL, CLOSING, LEARNED,
		NAMED(TCP_ABORT_ON_MEMORY)) },
	{ "B55 before 6.12: a RST that nothing else explains",
	  SOCKET(FIN_WAIT1, E(SEND_RESET) | BOTH_SHUT | E(ORPHAN)),
	  GIVES(LOCAL_RESOURCE, MEMORY, LOCAL_KERNEL, CLOSING, GUESSED,
		DERIVED(TCP_ABORT_ON_MEMORY)) },

	/* -- FIN --------------------------------------------------------------------------- */
	{ "B1 closed first", SOCKET(FIN_WAIT2, BOTH_SHUT | E(PEER_FIN) | E(FIN_IN) | E(FIN_OUT)),
	  GIVES(FIN_NORMAL, LOCAL_FIRST, LOCAL_APP, CLOSING, LEARNED,
		.used = E(PEER_FIN) | E(FIN_IN) | E(FIN_OUT)) },
	{ "B2 V3 closed second", SOCKET(LAST_ACK, BOTH_SHUT | E(PEER_FIN)),
	  GIVES(FIN_NORMAL, PEER_FIRST, PEER, CLOSING, LEARNED, .used = E(PEER_FIN)) },
	{ "B3 closed together", SOCKET(CLOSING, BOTH_SHUT | E(PEER_FIN)),
	  GIVES(FIN_NORMAL, SIMULTANEOUS, LOCAL_APP, CLOSING, LEARNED) },
	{ "B50 a RST into TIME_WAIT changes nothing",
	  SOCKET(TIME_WAIT, BOTH_SHUT | E(PEER_FIN) | E(RST_IN)),
	  GIVES(FIN_NORMAL, LOCAL_FIRST, LOCAL_APP, CLOSING, LEARNED) },
	{ "B10 data after close, answered by TIME_WAIT",
	  SOCKET(FIN_WAIT2, BOTH_SHUT | E(TIME_WAIT_RESET) | E(KERNEL_REASON) | E(SERVER),
		 .reset_reason = RESET_REASON_TCP_TIMEWAIT_SOCKET),
	  GIVES(LOCAL_LATE_DATA_RST, DATA_AFTER_CLOSE, LOCAL_KERNEL, AFTER_CLOSE, LEARNED,
		NAMED(TCP_TIMEWAIT_SOCKET), .used = E(TIME_WAIT_RESET) | E(KERNEL_REASON)) },
	{ "B10 the client that has seen enough: what came is lost",
	  SOCKET(FIN_WAIT2, BOTH_SHUT | E(TIME_WAIT_RESET) | E(CLIENT)),
	  GIVES(LOCAL_LATE_DATA_RST, DATA_AFTER_CLOSE, LOCAL_KERNEL, AFTER_CLOSE, LEARNED,
		DERIVED(TCP_TIMEWAIT_SOCKET)) },
	{ "B49 closed, then the peer reset in FIN_WAIT2",
	  SOCKET(FIN_WAIT2, BOTH_SHUT | E(RST_IN), .rst_flags = TCP_FLAG_RST | TCP_FLAG_ACK,
		 .rst_ip_id = 3),
	  GIVES(PEER_RESET, PEER_APP, PEER, CLOSING, GUESSED, .used = E(RST_IN)) },
	{ "B53 the peer never closes",
	  SOCKET(FIN_WAIT2, BOTH_SHUT | E(FIN_WAIT2_EXPIRED) | E(FIN_OUT)),
	  GIVES(HALF_CLOSE_TIMEOUT, FIN_WAIT2_EXPIRED, PEER, CLOSING, LEARNED,
		.used = E(FIN_WAIT2_EXPIRED) | E(FIN_OUT)) },
	{ "TIME_WAIT hides the rest", SOCKET(FIN_WAIT2, BOTH_SHUT),
	  GIVES(FIN_NORMAL, LOCAL_FIRST, LOCAL_APP, CLOSING, GUESSED) },
	{ "a namespace went with its sockets", SOCKET(ESTABLISHED, E(ESTABLISHED)),
	  GIVES(ORPHAN_MID, SILENT, UNKNOWN, ESTABLISHED, CLOSE_IS_UNKNOWN) },

	/* -- replies without a full socket ------------------------------------------------- */
	{ "B4 at the peer: refused",
	  REPLY(E(REPLY_RESET) | E(KERNEL_REASON) | E(RST_OUT), .trigger_flags = TCP_FLAG_SYN,
		.reset_reason = RESET_REASON_NO_SOCKET),
	  GIVES(LOCAL_REFUSED, NO_LISTENER, LOCAL_KERNEL, HANDSHAKE, LEARNED, NAMED(NO_SOCKET),
		.used = E(REPLY_RESET) | E(KERNEL_REASON) | E(RST_OUT)) },
	{ "refused before 5.17: only the RST was seen",
	  REPLY(E(RST_OUT), .trigger_flags = TCP_FLAG_SYN),
	  GIVES(LOCAL_REFUSED, NO_LISTENER, LOCAL_KERNEL, HANDSHAKE, GUESSED, DERIVED(NO_SOCKET)) },
	{ "refused, and the stack dropped the SYN for it",
	  REPLY(E(RST_OUT) | E(DROP_NO_SOCKET), .trigger_flags = TCP_FLAG_SYN),
	  GIVES(LOCAL_REFUSED, NO_LISTENER, LOCAL_KERNEL, HANDSHAKE, LEARNED, DERIVED(NO_SOCKET)) },
	{ "B33 data for a connection that is gone",
	  REPLY(E(REPLY_RESET) | E(KERNEL_REASON), .trigger_flags = TCP_FLAG_ACK, .trigger_data = 1,
		.reset_reason = RESET_REASON_NO_SOCKET),
	  GIVES(LOCAL_NO_SOCKET, NO_SOCKET, LOCAL_KERNEL, ESTABLISHED, LEARNED, NAMED(NO_SOCKET)) },
	{ "B45 SYN-ACK that nobody asked for",
	  REPLY(E(REPLY_RESET), .trigger_flags = TCP_FLAG_SYN | TCP_FLAG_ACK),
	  GIVES(LOCAL_NO_SOCKET, NO_SOCKET, LOCAL_KERNEL, HANDSHAKE, LEARNED, DERIVED(NO_SOCKET)) },
	{ "B31 accept queue full",
	  REPLY(E(REPLY_RESET) | E(KERNEL_REASON), .trigger_flags = TCP_FLAG_ACK,
		.reply_state = TCP_STATE_LISTEN, .reset_reason = RESET_REASON_INVALID_SYN),
	  GIVES(LOCAL_LISTEN_OVERFLOW, ACCEPT_QUEUE_FULL, LOCAL_KERNEL, HANDSHAKE, LEARNED,
		NAMED(INVALID_SYN)) },
	{ "a SYN into a handshake is no overflow",
	  REPLY(E(REPLY_RESET) | E(KERNEL_REASON), .trigger_flags = TCP_FLAG_SYN | TCP_FLAG_ACK,
		.reply_state = TCP_STATE_NEW_SYN_RECV, .reset_reason = RESET_REASON_INVALID_SYN),
	  GIVES(LOCAL_BAD_SEGMENT_RST, BAD_ACK, LOCAL_KERNEL, HANDSHAKE, LEARNED,
		NAMED(INVALID_SYN)) },
	{ "B44 stray ACK to a listener",
	  REPLY(E(REPLY_RESET) | E(KERNEL_REASON), .trigger_flags = TCP_FLAG_ACK,
		.reply_state = TCP_STATE_LISTEN, .reset_reason = RESET_REASON_TCP_FLAGS),
	  GIVES(LOCAL_BAD_SEGMENT_RST, STRAY_ACK, LOCAL_KERNEL, HANDSHAKE, LEARNED,
		NAMED(TCP_FLAGS)) },
	{ "old timestamp in the handshake",
	  REPLY(E(REPLY_RESET) | E(KERNEL_REASON), .trigger_flags = TCP_FLAG_ACK,
		.reply_state = TCP_STATE_NEW_SYN_RECV,
		.reset_reason = RESET_REASON_TCP_RFC7323_PAWS),
	  GIVES(LOCAL_BAD_SEGMENT_RST, OLD_SEGMENT, LOCAL_KERNEL, HANDSHAKE, LEARNED,
		NAMED(TCP_RFC7323_PAWS)) },
	{ "B46 old ACK in SYN_SENT",
	  REPLY(E(REPLY_RESET), .state = TCP_STATE_SYN_SENT, .trigger_flags = TCP_FLAG_ACK),
	  GIVES(LOCAL_BAD_SEGMENT_RST, BAD_ACK, LOCAL_KERNEL, HANDSHAKE, GUESSED, .benign = 1,
		DERIVED(TCP_INVALID_ACK_SEQUENCE)) },
	{ "B10 answered by TIME_WAIT, socket unknown",
	  REPLY(E(REPLY_RESET) | E(KERNEL_REASON), .trigger_flags = TCP_FLAG_ACK, .trigger_data = 1,
		.reply_state = TCP_STATE_TIME_WAIT,
		.reset_reason = RESET_REASON_TCP_TIMEWAIT_SOCKET),
	  GIVES(LOCAL_LATE_DATA_RST, DATA_AFTER_CLOSE, LOCAL_KERNEL, AFTER_CLOSE, LEARNED,
		NAMED(TCP_TIMEWAIT_SOCKET)) },
	{ "B16 rejected by this host's firewall",
	  REPLY(E(RST_OUT) | E(FIREWALL_RST) | E(DROP_NETFILTER), .trigger_flags = TCP_FLAG_SYN),
	  GIVES(LOCAL_FIREWALL, REJECT, LOCAL_FIREWALL, HANDSHAKE, LEARNED,
		.used = E(FIREWALL_RST) | E(DROP_NETFILTER)) },
	{ "B17 rejected while the socket lives",
	  REPLY(E(RST_OUT) | E(FIREWALL_RST) | E(SOCKET_ALIVE), .trigger_flags = TCP_FLAG_ACK,
		.state = TCP_STATE_ESTABLISHED),
	  GIVES(LOCAL_FIREWALL, REJECT, LOCAL_FIREWALL, ESTABLISHED, LEARNED) },
	{ "a RST of nobody, nothing else seen",
	  REPLY(E(RST_OUT) | E(FIREWALL_RST), .trigger_flags = TCP_FLAG_ACK),
	  GIVES(LOCAL_FIREWALL, REJECT, LOCAL_FIREWALL, ESTABLISHED, GUESSED) },

	/* -- handshakes that died as requests ---------------------------------------------- */
	{ "B42 client RST after the SYN-ACK",
	  { .subject = SUBJECT_REQUEST, .seen = E(RST_IN) },
	  GIVES(PEER_RESET_HANDSHAKE, NONE, PEER, HANDSHAKE, LEARNED, .used = E(RST_IN)) },
	{ "B43 SYN-ACK unanswered",
	  { .subject = SUBJECT_REQUEST, .seen = E(SYN_ACK_RETRIED) },
	  GIVES(TIMEOUT_HANDSHAKE, SYN_ACK_UNANSWERED, TIMEOUT, HANDSHAKE, GUESSED,
		.used = E(SYN_ACK_RETRIED)) },
	{ "B32 the final ACK met a full accept queue",
	  { .subject = SUBJECT_REQUEST, .seen = E(SYN_ACK_RETRIED) | E(LISTEN_OVERFLOW) },
	  GIVES(LOCAL_LISTEN_OVERFLOW, ACCEPT_QUEUE_FULL, LOCAL_KERNEL, HANDSHAKE, LEARNED,
		.used = E(LISTEN_OVERFLOW)) },
	{ "SYN-ACK unanswered, not repeated",
	  { .subject = SUBJECT_REQUEST },
	  GIVES(TIMEOUT_HANDSHAKE, SYN_ACK_UNANSWERED, TIMEOUT, HANDSHAKE, GUESSED) },

	/* -- both ends elsewhere ----------------------------------------------------------- */
	{ "forwarded: SYN answered by RST", FORWARDED(E(RST_IN), .local_syn_count = 1),
	  GIVES(PEER_REFUSED, NO_LISTENER, SERVER, HANDSHAKE, GUESSED, .used = E(RST_IN)) },
	{ "forwarded: server resets",
	  FORWARDED(E(RST_IN) | E(SYN_ACK_IN), .local_syn_count = 1, .rst_flags = TCP_FLAG_RST),
	  GIVES(PEER_RESET, PEER_KERNEL, SERVER, ESTABLISHED, GUESSED) },
	{ "forwarded: seen from the middle on, server resets",
	  FORWARDED(E(RST_IN), .rst_flags = TCP_FLAG_RST | TCP_FLAG_ACK, .rst_ip_id = 1),
	  GIVES(PEER_RESET, PEER_APP, SERVER, ESTABLISHED, GUESSED) },
	{ "forwarded: injected",
	  FORWARDED(E(RST_IN) | E(SYN_ACK_IN) | E(RST_TTL_OFF) | E(RSTS_DISAGREE),
		    .local_syn_count = 1),
	  GIVES(PATH_RESET, INJECTED, PATH, ESTABLISHED, GUESSED) },
	{ "forwarded: RST after both FINs",
	  FORWARDED(E(RST_IN) | E(SYN_ACK_IN) | E(FIN_IN) | E(FIN_OUT), .local_syn_count = 1),
	  GIVES(FIN_NORMAL, NONE, CLIENT, CLOSING, GUESSED, .used = E(FIN_IN) | E(FIN_OUT)) },
	{ "forwarded: ICMP answers the SYN",
	  FORWARDED(E(ICMP_IN), .local_syn_count = 1, .icmp_type = 3, .icmp_code = 3),
	  GIVES(PATH_ICMP, ICMP_PORT, PATH, HANDSHAKE, GUESSED, .used = E(ICMP_IN)) },
	{ "forwarded: a new SYN takes the tuple",
	  FORWARDED(E(NEW_SYN) | E(SYN_ACK_IN), .local_syn_count = 1),
	  GIVES(PORT_REUSE, NEW_SYN, CLIENT, ESTABLISHED, GUESSED, .used = E(NEW_SYN)) },
	{ "forwarded: client resets", FORWARDED(E(RST_OUT) | E(SYN_ACK_IN), .local_syn_count = 1),
	  GIVES(PEER_RESET, NONE, CLIENT, ESTABLISHED, GUESSED, .used = E(RST_OUT)) },
	{ "forwarded: this host rejects",
	  FORWARDED(E(RST_OUT) | E(FIREWALL_RST) | E(DROP_NETFILTER), .local_syn_count = 1),
	  GIVES(LOCAL_FIREWALL, REJECT, LOCAL_FIREWALL, HANDSHAKE, LEARNED) },
	{ "forwarded: this host probably rejects", FORWARDED(E(FIREWALL_RST), .local_syn_count = 1),
	  GIVES(LOCAL_FIREWALL, REJECT, LOCAL_FIREWALL, HANDSHAKE, GUESSED) },
	{ "forwarded: client closes first",
	  FORWARDED(E(SYN_ACK_IN) | E(FIN_IN) | E(FIN_OUT), .local_syn_count = 1, .fin_first = 1),
	  GIVES(FIN_NORMAL, NONE, CLIENT, CLOSING, GUESSED, .used = E(FIN_IN) | E(FIN_OUT)) },
	{ "forwarded: server closes first",
	  FORWARDED(E(SYN_ACK_IN) | E(FIN_IN) | E(FIN_OUT), .local_syn_count = 1, .fin_first = 2),
	  GIVES(FIN_NORMAL, NONE, SERVER, CLOSING, GUESSED) },
	{ "forwarded: one FIN only", FORWARDED(E(SYN_ACK_IN) | E(FIN_OUT), .local_syn_count = 1),
	  GIVES(HALF_CLOSE_TIMEOUT, NONE, TIMEOUT, CLOSING, GUESSED, .used = E(FIN_OUT)) },
	{ "forwarded: SYN unanswered", FORWARDED(0, .local_syn_count = 4),
	  GIVES(TIMEOUT_HANDSHAKE, SYN_UNANSWERED, TIMEOUT, HANDSHAKE, GUESSED) },
	{ "forwarded: nothing but its middle", FORWARDED(0),
	  GIVES(ORPHAN_MID, NONE, UNKNOWN, ESTABLISHED, CLOSE_IS_UNKNOWN) },
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static size_t row_check(const char *row, const char *what, const char *got, const char *wanted)
{
	if (strcmp(got, wanted) == 0)
		return 0;
	print_error("%s: %s is %s, expected %s\n", row, what, got, wanted);
	return 1;
}

TEST(every_row_decides_as_the_table_says)
{
	size_t i, wrong = 0;

	for (i = 0; i < ROW_COUNT; i++) {
		const struct close_decision *wanted = &rows[i].out;
		const char *name = rows[i].name;
		struct close_decision d;

		memset(&d, 0xff, sizeof(d));
		close_decide(&rows[i].in, &d);
		wrong += row_check(name, "verdict", verdict_name(d.verdict),
				   verdict_name(wanted->verdict));
		wrong += row_check(name, "cause", cause_name(d.cause), cause_name(wanted->cause));
		wrong += row_check(name, "initiator", initiator_name(d.initiator),
				   initiator_name(wanted->initiator));
		wrong += row_check(name, "stage", stage_name(d.stage), stage_name(wanted->stage));
		wrong += row_check(name, "confidence", confidence_name(d.confidence),
				   confidence_name(wanted->confidence));
		wrong +=
			row_check(name, "benign", d.benign ? "1" : "0", wanted->benign ? "1" : "0");
		wrong += row_check(name, "reason", reset_reason_name(d.reset_reason),
				   reset_reason_name(wanted->reset_reason));
		wrong += row_check(name, "derived", d.reason_derived ? "1" : "0",
				   wanted->reason_derived ? "1" : "0");
		if (wanted->used && d.used != wanted->used) {
			print_error("%s: used %#llx, expected %#llx\n", name,
				    (unsigned long long)d.used, (unsigned long long)wanted->used);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

TEST(the_rows_reach_every_verdict)
{
	bool is_reached[CLOSE_VERDICT_COUNT] = { [CLOSE_UNDECIDED] = true };
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		is_reached[rows[i].out.verdict] = true;
	for (i = 0; i < CLOSE_VERDICT_COUNT; i++) {
		if (!is_reached[i])
			fail_msg("no row decides %s", verdict_name((uint8_t)i));
	}
}

/* type, code, cause: RFC 792, RFC 1812, RFC 4443. */
TEST(icmp_codes_give_their_cause)
{
	static const struct {
		uint8_t ip_version, type, code, cause;
	} codes[] = {
		{ 4, 3, 0, CLOSE_CAUSE_ICMP_NET },
		{ 4, 3, 1, CLOSE_CAUSE_ICMP_HOST },
		{ 4, 3, 2, CLOSE_CAUSE_ICMP_OTHER },
		{ 4, 3, 3, CLOSE_CAUSE_ICMP_PORT },
		{ 4, 3, 5, CLOSE_CAUSE_ICMP_OTHER },
		{ 4, 3, 6, CLOSE_CAUSE_ICMP_NET },
		{ 4, 3, 7, CLOSE_CAUSE_ICMP_HOST },
		{ 4, 3, 9, CLOSE_CAUSE_ICMP_PROHIBITED },
		{ 4, 3, 10, CLOSE_CAUSE_ICMP_PROHIBITED },
		{ 4, 3, 13, CLOSE_CAUSE_ICMP_PROHIBITED },
		{ 4, 11, 0, CLOSE_CAUSE_ICMP_OTHER },
		{ 4, 12, 0, CLOSE_CAUSE_ICMP_OTHER },
		{ 6, 1, 0, CLOSE_CAUSE_ICMP_NET },
		{ 6, 1, 1, CLOSE_CAUSE_ICMP_PROHIBITED },
		{ 6, 1, 2, CLOSE_CAUSE_ICMP_OTHER },
		{ 6, 1, 3, CLOSE_CAUSE_ICMP_HOST },
		{ 6, 1, 4, CLOSE_CAUSE_ICMP_PORT },
		{ 6, 1, 5, CLOSE_CAUSE_ICMP_PROHIBITED },
		{ 6, 1, 6, CLOSE_CAUSE_ICMP_PROHIBITED },
		{ 6, 3, 0, CLOSE_CAUSE_ICMP_OTHER },
		{ 6, 4, 0, CLOSE_CAUSE_ICMP_OTHER },
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct close_evidence e =
			SOCKET(SYN_SENT, E(ICMP_IN), .error = EVIDENCE_EHOSTUNREACH);
		struct close_decision d;

		e.ip_version = codes[i].ip_version;
		e.icmp_type = codes[i].type;
		e.icmp_code = codes[i].code;
		close_decide(&e, &d);
		if (d.verdict != CLOSE_PATH_ICMP || d.cause != codes[i].cause)
			fail_msg("IPv%d type %d code %d gave %s", codes[i].ip_version,
				 codes[i].type, codes[i].code, cause_name(d.cause));
	}
}

TEST(only_clean_and_benign_endings_are_normal)
{
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		assert_int_equal(close_is_abnormal(&rows[i].out),
				 rows[i].out.verdict != CLOSE_FIN_NORMAL && !rows[i].out.benign);
}

/* -- any evidence ---------------------------------------------------------------------------- */

TEST_MAIN()
