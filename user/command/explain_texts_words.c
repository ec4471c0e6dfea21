// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The other words, whose meaning is enough, and the list of all groups. Text only. */
#include "user/command/explain_texts.h"

#define TEXT(means)                                                                                \
	{                                                                                          \
		means, NULL, NULL, NULL                                                            \
	}

const struct explain_text explain_reasons[RESET_REASON_COUNT] = {
	[RESET_REASON_NONE] = TEXT("No RST was sent by this kernel, or it gave no reason."),
	[RESET_REASON_NOT_SPECIFIED] =
		TEXT("The kernel sent RST without naming a reason, as 6.10 and 6.11 do for every\n"
		     "active reset."),
	[RESET_REASON_NO_SOCKET] = TEXT("A segment came in for which there is no socket."),
	[RESET_REASON_TCP_INVALID_ACK_SEQUENCE] =
		TEXT("The ACK number lies outside what this socket has sent."),
	[RESET_REASON_TCP_RFC7323_PAWS] =
		TEXT("The timestamp is older than the last one (PAWS, RFC 7323 section 5)."),
	[RESET_REASON_TCP_TOO_OLD_ACK] = TEXT("The ACK is older than the window allows."),
	[RESET_REASON_TCP_ACK_UNSENT_DATA] = TEXT("The ACK is for data that was not sent yet."),
	[RESET_REASON_TCP_FLAGS] =
		TEXT("The flags make no sense in this state, such as an ACK at a listener."),
	[RESET_REASON_TCP_OLD_ACK] = TEXT("The ACK is old but was within the window."),
	[RESET_REASON_TCP_ABORT_ON_DATA] =
		TEXT("Data came in after the application had stopped reading. Seen as the verdict\n"
		     "local_late_data_rst."),
	[RESET_REASON_TCP_TIMEWAIT_SOCKET] =
		TEXT("A TIME_WAIT socket had to answer: the real one is closed already."),
	[RESET_REASON_INVALID_SYN] =
		TEXT("A SYN where none may be, and also what the kernel says when a full accept\n"
		     "queue makes it abort (tcp_abort_on_overflow)."),
	[RESET_REASON_TCP_ABORT_ON_CLOSE] =
		TEXT("close() with received data unread. Seen as local_app_abort, unread_data."),
	[RESET_REASON_TCP_ABORT_ON_LINGER] =
		TEXT("TCP_LINGER2 is negative, so FIN_WAIT2 is skipped. A close with SO_LINGER of\n"
		     "0 seconds is TCP_STATE, in spite of this name."),
	[RESET_REASON_TCP_ABORT_ON_MEMORY] =
		TEXT("TCP memory or the number of orphan sockets is at its limit."),
	[RESET_REASON_TCP_STATE] =
		TEXT("The socket's state demands RST on its way to CLOSE: SO_LINGER of 0 seconds,\n"
		     "connect(AF_UNSPEC), ss -K, or a listener closed over its queue. The cause\n"
		     "tells them apart."),
	[RESET_REASON_TCP_KEEPALIVE_TIMEOUT] = TEXT("No keepalive probe was answered."),
	[RESET_REASON_TCP_DISCONNECT_WITH_DATA] =
		TEXT("The socket was disconnected with data still to send."),
	[RESET_REASON_MPTCP_RST_EUNSPEC] =
		TEXT("Multipath TCP, unspecified error (RFC 8684 section 3.6, code 0)."),
	[RESET_REASON_MPTCP_RST_EMPTCP] =
		TEXT("Multipath TCP, an error of the protocol itself (code 1)."),
	[RESET_REASON_MPTCP_RST_ERESOURCE] =
		TEXT("Multipath TCP, no resources for another subflow (code 2)."),
	[RESET_REASON_MPTCP_RST_EPROHIBIT] =
		TEXT("Multipath TCP, the subflow is not allowed here (code 3)."),
	[RESET_REASON_MPTCP_RST_EWQ2BIG] =
		TEXT("Multipath TCP, too much data is waiting (code 4)."),
	[RESET_REASON_MPTCP_RST_EBADPERF] =
		TEXT("Multipath TCP, the subflow performs too badly (code 5)."),
	[RESET_REASON_MPTCP_RST_EMIDDLEBOX] =
		TEXT("Multipath TCP, a middlebox interferes (code 6)."),
	[RESET_REASON_ERROR] = TEXT("The kernel's reason for whatever has no name of its own."),
};

const struct explain_text explain_drops[DROP_REASON_COUNT] = {
	[DROP_REASON_NONE] = TEXT("This host dropped nothing of it, or the kernel did not say so."),
	[DROP_REASON_NOT_SPECIFIED] =
		TEXT("Dropped before it had a device, and the kernel names no\n"
		     "reason: over IPv6 a missing route looks like this."),
	[DROP_REASON_NETFILTER_DROP] = TEXT("A rule of nftables or iptables on this host."),
	[DROP_REASON_IP_OUTNOROUTES] =
		TEXT("No route to the peer from the connection's address: the route\n"
		     "went, or the address moved to another host."),
	[DROP_REASON_NEIGH_CREATEFAIL] = TEXT("The neighbour table of this host is full."),
	[DROP_REASON_NEIGH_FAILED] =
		TEXT("The next hop answers neither ARP nor neighbour discovery."),
	[DROP_REASON_NEIGH_QUEUEFULL] =
		TEXT("Too much waits for the next hop's link address (unres_qlen_bytes)."),
	[DROP_REASON_NEIGH_DEAD] =
		TEXT("The neighbour entry was removed while packets waited for it."),
	[DROP_REASON_TC_EGRESS] = TEXT("A traffic control filter on the interface."),
	[DROP_REASON_QDISC_DROP] =
		TEXT("The interface's queueing discipline: its queue is full, or the\n"
		     "link has no carrier."),
	[DROP_REASON_BPF_CGROUP_EGRESS] = TEXT("A BPF program of the process's cgroup."),
	[DROP_REASON_IPV6DISABLED] = TEXT("IPv6 is disabled on the interface."),
	[DROP_REASON_DEV_HDR] = TEXT("The device driver could not build its header."),
	[DROP_REASON_DEV_READY] = TEXT("The device is down, or not ready."),
	[DROP_REASON_FULL_RING] = TEXT("The ring between the stack and the device is full."),
	[DROP_REASON_NOMEM] = TEXT("No memory for the packet."),
	[DROP_REASON_QDISC_OVERLIMIT] = TEXT("The queueing discipline is at its limit."),
	[DROP_REASON_QDISC_CONGESTED] =
		TEXT("The queueing discipline signals congestion by dropping."),
	[DROP_REASON_SKB_GSO_SEG] = TEXT("Segmentation failed."),
	[DROP_REASON_OTHER] =
		TEXT("A reason of the kernel that has no name here; dropwatch tells it."),
};

const struct explain_text explain_states[TCP_STATE_COUNT] = {
	[TCP_STATE_NONE] = TEXT("There was no socket. Records have null."),
	[TCP_STATE_ESTABLISHED] = TEXT("The handshake is complete, nobody has closed."),
	[TCP_STATE_SYN_SENT] = TEXT("A client that waits for the SYN-ACK."),
	[TCP_STATE_SYN_RECV] =
		TEXT("A SYN was answered, the last ACK of the handshake is missing. Linux has a\n"
		     "full socket here only for a moment, or with TCP Fast Open."),
	[TCP_STATE_FIN_WAIT1] = TEXT("This end sent FIN; it is not acknowledged yet."),
	[TCP_STATE_FIN_WAIT2] =
		TEXT("This end's FIN is acknowledged; the peer has not sent its own."),
	[TCP_STATE_TIME_WAIT] = TEXT(
		"Both have closed and this end closed first: it waits for stray packets, 60 s\n"
		"on Linux."),
	[TCP_STATE_CLOSE] = TEXT("No connection. The state after every ending."),
	[TCP_STATE_CLOSE_WAIT] = TEXT(
		"The peer has closed, the application here has not. Many of them mean that it\n"
		"leaks sockets."),
	[TCP_STATE_LAST_ACK] = TEXT("The peer closed first; this end's FIN awaits its ACK."),
	[TCP_STATE_LISTEN] = TEXT("Waits for connections."),
	[TCP_STATE_CLOSING] = TEXT("Both sent FIN at the same time; this one awaits its ACK."),
	[TCP_STATE_NEW_SYN_RECV] =
		TEXT("A handshake that is kept as a small request, not yet as a socket."),
};

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
	{ "reset reason", "reset reasons", &reset_reason_words, explain_reasons, 0,
	  EXPLAIN_MEANING },
	{ "drop reason", "drop reasons", &drop_reason_words, explain_drops, 0, EXPLAIN_MEANING },
	{ "TCP state", "TCP states", &tcp_state_words, explain_states, 0, EXPLAIN_MEANING },
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
