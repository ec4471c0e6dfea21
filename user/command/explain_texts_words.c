// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The other words, whose meaning is enough, and the list of all groups. Text only. */
#include "user/command/explain_texts.h"

#define TEXT(means)                                                                                \
	{                                                                                          \
		means, NULL, NULL, NULL                                                            \
	}

const struct explain_text explain_initiators[CLOSE_INITIATOR_COUNT] = {
	[CLOSE_BY_UNKNOWN] = TEXT("Who ended it is not known."),
	[CLOSE_BY_LOCAL_APP] = TEXT("A process of this host, by what it called or by its exit."),
	[CLOSE_BY_LOCAL_KERNEL] = TEXT("The TCP of this host, without being asked."),
	[CLOSE_BY_LOCAL_FIREWALL] = TEXT("The packet filter of this host."),
	[CLOSE_BY_PEER] = TEXT("The other host: its application or its kernel."),
	[CLOSE_BY_CLIENT] = TEXT("The end that sent the SYN, where both are elsewhere."),
	[CLOSE_BY_SERVER] = TEXT("The end that took the SYN, where both are elsewhere."),
	[CLOSE_BY_PATH] = TEXT("Something between the two hosts."),
	[CLOSE_BY_TIMEOUT] = TEXT("Nobody: a timer ran out."),
};

const struct explain_text explain_stages[CLOSE_STAGE_COUNT] = {
	[CLOSE_STAGE_NONE] = TEXT("No stage. Records do not have it."),
	[CLOSE_STAGE_HANDSHAKE] = TEXT("It ended before the handshake was complete."),
	[CLOSE_STAGE_ESTABLISHED] = TEXT("It ended while neither side had sent FIN."),
	[CLOSE_STAGE_CLOSING] = TEXT("It ended after at least one side had begun to close."),
	[CLOSE_STAGE_AFTER_CLOSE] = TEXT("It was closed here already when this happened."),
};

const struct explain_text explain_confidences[CLOSE_CONFIDENCE_COUNT] = {
	[CLOSE_IS_UNKNOWN] = TEXT("The evidence does not reach for a verdict."),
	[CLOSE_IS_INFERRED] =
		TEXT("The likeliest reading of what was seen; another one remains possible."),
	[CLOSE_IS_PROVED] =
		TEXT("Two observations that do not depend on each other agree, or one was made\n"
		     "that admits no other reading."),
};

const struct explain_text explain_owner_sources[OWNER_SOURCE_COUNT] = {
	[OWNER_FROM_NONE] = TEXT("The owner is not known."),
	[OWNER_FROM_LISTENER] = TEXT("Inherited from the listener: whoever opened that."),
	[OWNER_FROM_SNAPSHOT] = TEXT("Found in /proc when tracing began."),
	[OWNER_FROM_OWNED_CALL] = TEXT("The process that called into the socket."),
	[OWNER_FROM_CONNECT] = TEXT("The process that called connect()."),
};

const struct explain_text explain_evidence[EVIDENCE_BIT_COUNT] = {
	[EVIDENCE_BIT_PROCESS_CONTEXT] =
		TEXT("The state became CLOSE while a task was inside the socket: it closed it."),
	[EVIDENCE_BIT_SEND_RESET] =
		TEXT("Tracepoint tcp_send_reset without a packet that it answers: an active RST."),
	[EVIDENCE_BIT_RESET_BEFORE_CLOSE] =
		TEXT("The RST came first and the state change after: ss -K and keepalive do it in\n"
		     "this order, close() does not."),
	[EVIDENCE_BIT_REPLY_RESET] =
		TEXT("Tracepoint tcp_send_reset with a packet: the RST answers what came in."),
	[EVIDENCE_BIT_RECEIVE_RESET] = TEXT(
		"Tracepoint tcp_receive_reset. The kernel also gets there without a RST, when\n"
		"data comes in after the application stopped reading."),
	[EVIDENCE_BIT_ERROR_REPORT] =
		TEXT("Tracepoint inet_sk_error_report: the application is told of an error."),
	[EVIDENCE_BIT_KERNEL_REASON] =
		TEXT("The tracepoint carried enum sk_rst_reason (Linux 6.10 and later)."),
	[EVIDENCE_BIT_LINGER_ZERO] = TEXT("Read from the socket as it closed."),
	[EVIDENCE_BIT_LINGER2_NEGATIVE] = TEXT("Read from the socket as it closed."),
	[EVIDENCE_BIT_ORPHAN] = TEXT("SOCK_DEAD: the last descriptor was gone."),
	[EVIDENCE_BIT_NO_STRUCT_SOCKET] =
		TEXT("The socket was never attached to a descriptor: it waited for accept()."),
	[EVIDENCE_BIT_RCV_SHUTDOWN] = TEXT("shutdown(SHUT_RD), close(), or the peer's FIN."),
	[EVIDENCE_BIT_SEND_SHUTDOWN] = TEXT("shutdown(SHUT_WR) or close()."),
	[EVIDENCE_BIT_KEEPALIVE_ON] = TEXT("SO_KEEPALIVE was set."),
	[EVIDENCE_BIT_REPAIR] = TEXT("TCP_REPAIR was set: checkpoint or restore."),
	[EVIDENCE_BIT_PEER_FIN] = TEXT("The socket itself had taken the peer's FIN."),
	[EVIDENCE_BIT_UNREAD] =
		TEXT("What was received lies beyond what was read; bytes_unread has the number."),
	[EVIDENCE_BIT_ESTABLISHED] = TEXT("The socket had passed the handshake."),
	[EVIDENCE_BIT_CLIENT] = TEXT("This end had called connect()."),
	[EVIDENCE_BIT_SERVER] = TEXT("This end came out of a listener."),
	[EVIDENCE_BIT_WIRE_IN] = TEXT("XDP or TC saw SYN, FIN or RST of the peer."),
	[EVIDENCE_BIT_WIRE_OUT] = TEXT("TC saw SYN, FIN or RST of the local end."),
	[EVIDENCE_BIT_RST_IN] = TEXT("A RST with the peer's address came in."),
	[EVIDENCE_BIT_RST_IN_EXACT] =
		TEXT("Its sequence number was rcv_nxt. Others are only answered with a challenge\n"
		     "ACK (RFC 5961) and end nothing."),
	[EVIDENCE_BIT_RST_OUT] = TEXT("A RST with the local address went out."),
	[EVIDENCE_BIT_FIN_IN] = TEXT("A FIN with the peer's address came in."),
	[EVIDENCE_BIT_FIN_OUT] = TEXT("A FIN with the local address went out."),
	[EVIDENCE_BIT_SYN_ACK_IN] = TEXT("The peer, or the server, had answered the SYN."),
	[EVIDENCE_BIT_ICMP_IN] = TEXT("An ICMP error came in that quotes this connection."),
	[EVIDENCE_BIT_ICMP_FROM_PEER] =
		TEXT("Its sender is the address that the connection goes to, no router before it."),
	[EVIDENCE_BIT_RSTS_DISAGREE] =
		TEXT("One sender would repeat the same numbers; injectors guess several."),
	[EVIDENCE_BIT_RST_TTL_OFF] =
		TEXT("The RST travelled another distance than the peer's other packets: compare\n"
		     "rst_ttl with ttl_min and ttl_max."),
	[EVIDENCE_BIT_PEER_AFTER_RST] =
		TEXT("A host that resets forgets the connection; this peer did not."),
	[EVIDENCE_BIT_DROP_NO_SOCKET] = TEXT("Tracepoint kfree_skb, reason NO_SOCKET."),
	[EVIDENCE_BIT_DROP_NETFILTER] = TEXT("Tracepoint kfree_skb, reason NETFILTER_DROP."),
	[EVIDENCE_BIT_FIREWALL_RST] =
		TEXT("A RST went out that neither a socket nor the TCP stack had announced."),
	[EVIDENCE_BIT_TIME_WAIT_RESET] =
		TEXT("A RST was sent for this connection after its socket had become TIME_WAIT."),
	[EVIDENCE_BIT_FIN_WAIT2_EXPIRED] =
		TEXT("net.ipv4.tcp_fin_timeout passed and no FIN of the peer was seen."),
	[EVIDENCE_BIT_SYN_ACK_RETRIED] =
		TEXT("Tracepoint tcp_retransmit_synack: the client did not answer the first one."),
	[EVIDENCE_BIT_SOCKET_ALIVE] =
		TEXT("The socket stayed open after the RST had left: it was not the sender."),
	[EVIDENCE_BIT_WIRE_HOOKED] =
		TEXT("So a packet that was not seen did not pass: absence is evidence here."),
	[EVIDENCE_BIT_ZERO_WINDOW] =
		TEXT("The peer's application does not read; its kernel can take no more."),
	[EVIDENCE_BIT_LISTEN_OVERFLOW] =
		TEXT("kfree_skb with TCP_LISTEN_OVERFLOW (Linux 6.14): accept() is too slow."),
	[EVIDENCE_BIT_CLOSE_NOT_SHOWN] = TEXT(
		"The kernel skips a program that would interrupt itself, and some kernels run\n"
		"none on top of certain tasks. What is left in the socket is judged instead."),
	[EVIDENCE_BIT_RST_TOO_EARLY] =
		TEXT("The RST's acknowledgment covers data that was sent less than the shortest\n"
		     "round trip ago: whoever answered sits nearer than the peer."),
	[EVIDENCE_BIT_RST_IP_ID_OFF] =
		TEXT("IPv4. Linux and others that give a SYN-ACK the IP ID 0 give it to a RST\n"
		     "without ACK, too. Alone it proves nothing."),
	[EVIDENCE_BIT_CLOSER_DIED] = TEXT(
		"PF_EXITING and the exit code of the task that closed, read as it did. SIGHUP,\n"
		"SIGINT, SIGTERM and exit code 0 do not count."),
	[EVIDENCE_BIT_FIN_CROSSED] = TEXT(
		"Read from the socket when it took the FIN, and when it closed: after a pause\n"
		"data had left, and the FIN acknowledged none of it."),
	[EVIDENCE_BIT_SENT_AFTER_FIN] =
		TEXT("All that was sent before had been acknowledged when the FIN was taken."),
	[EVIDENCE_BIT_OWN_DROP] =
		TEXT("Tracepoint kfree_skb for a packet of this socket, since the peer last\n"
		     "acknowledged something; drop_reason has the reason."),
	[EVIDENCE_BIT_NEVER_LEFT] = TEXT(
		"Nothing is in flight and what would be was dropped here; or each SYN or probe\n"
		"was."),
	[EVIDENCE_BIT_FIN_UNSENT] =
		TEXT("close() had been called, but the data before the FIN had not all left."),
	[EVIDENCE_BIT_ICMP_FROM_HERE] = TEXT(
		"It came over loopback: no router, but a missing neighbour, or a rule of this\n"
		"host's own."),
	[EVIDENCE_BIT_WIRE_WHOLE] =
		TEXT("Its route leads over an interface that was watched before it began, and no\n"
		     "rule of this host rewrites it: a packet that was not seen did not leave."),
	[EVIDENCE_BIT_SMALL_PASS] = TEXT(
		"Inferred from the socket's counters: the mean size of what was acknowledged,\n"
		"or one segment behind the lost one that was (SACK)."),
	[EVIDENCE_BIT_PEER_REPEATS] = TEXT(
		"This socket has reported duplicates (D-SACK, RFC 2883): its acknowledgements\n"
		"did not arrive, or came late."),
	[EVIDENCE_BIT_NO_LOCAL_PORT] =
		TEXT("SYN_SENT became CLOSE inside connect(), and no port had been chosen."),
	[EVIDENCE_BIT_RST_BEHIND] =
		TEXT("A capture: the number of the RST is more than one byte behind what its\n"
		     "sender had sent, and the other end acknowledged these bytes behind it. Who\n"
		     "really closes does not go back."),
	[EVIDENCE_BIT_UNANSWERED] =
		TEXT("A capture: data or a FIN three times or more, or keepalive probes, without\n"
		     "any progress of the other end, until silence or a RST of the one who asked."),
	[EVIDENCE_BIT_SYN_ACK_AGAIN] =
		TEXT("A capture: the server's accept queue was probably full, or the ACKs of its\n"
		     "client do not reach it."),
	[EVIDENCE_BIT_NEW_SYN] =
		TEXT("A forwarded connection: what its ends did with the old one was not seen."),
};

static const struct explain_group groups[] = {
	{ "verdict", "verdicts", &verdict_words, explain_verdicts, CLOSE_FIN_NORMAL, EXPLAIN_ALL },
	{ "class", "classes", &class_words, explain_classes, 0, EXPLAIN_MEANING },
	{ "cause", "causes", &cause_words, explain_causes, 0, EXPLAIN_ALL },
	{ "error", "errors", &explain_errno_words, explain_errnos, 1, EXPLAIN_ALL },
	{ "reset reason", "reset reasons", &reset_reason_words, explain_reasons, 0, EXPLAIN_ALL },
	{ "drop reason", "drop reasons", &drop_reason_words, explain_drops, 0, EXPLAIN_ALL },
	{ "TCP state", "TCP states", &tcp_state_words, explain_states, 0, EXPLAIN_ALL },
	{ "Zeek state", "Zeek states", &conn_state_words, explain_conn_states, 0, EXPLAIN_MEANING },
	{ "initiator", "initiators", &initiator_words, explain_initiators, 0, EXPLAIN_MEANING },
	{ "stage", "stages", &stage_words, explain_stages, 0, EXPLAIN_MEANING },
	{ "confidence", "confidences", &confidence_words, explain_confidences, 0, EXPLAIN_MEANING },
	{ "owner source", "owner sources", &owner_source_words, explain_owner_sources, 0,
	  EXPLAIN_MEANING },
	{ "evidence", "evidence", &evidence_words, explain_evidence, 0, EXPLAIN_MEANING },
};

const struct explain_group *explain_group_at(size_t index)
{
	return index < sizeof(groups) / sizeof(groups[0]) ? &groups[index] : NULL;
}
