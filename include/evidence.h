/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every fact that may decide an ending, and where it was observed. The decision
 * (include/decide.h) reads this and nothing else.
 */
#ifndef CLOSETRACE_EVIDENCE_H
#define CLOSETRACE_EVIDENCE_H

#include "include/compiler.h"
#include "include/drop_reason.h"

/*
 * X(ID, bit, "name", meaning). The names appear in the `evidence` field of records.
 * "local" is the end whose record this is, "peer" the other one.
 */
#define EVIDENCE_OBSERVATIONS(X)                                                                   \
	X(PROCESS_CONTEXT, 0, "process_context", "a task held the socket when it closed")          \
	X(SEND_RESET, 1, "tcp_send_reset", "the kernel sent an active RST for this socket")        \
	X(RESET_BEFORE_CLOSE, 2, "reset_before_close", "that RST left before the state was CLOSE") \
	X(REPLY_RESET, 3, "reply_reset", "the kernel answered a segment of this socket with RST")  \
	X(RECEIVE_RESET, 4, "tcp_receive_reset", "the kernel ran its RST processing")              \
	X(ERROR_REPORT, 5, "inet_sk_error_report", "the socket's error was reported")              \
	X(KERNEL_REASON, 6, "sk_rst_reason", "the kernel named its reason")                        \
	X(LINGER_ZERO, 7, "so_linger_0", "SO_LINGER was on with zero seconds")                     \
	X(LINGER2_NEGATIVE, 8, "tcp_linger2_negative", "TCP_LINGER2 was negative")                 \
	X(ORPHAN, 9, "orphan", "no process held the socket any more")                              \
	X(NO_STRUCT_SOCKET, 10, "not_accepted", "the socket had never been accepted")              \
	X(RCV_SHUTDOWN, 11, "rcv_shutdown", "the socket had stopped reading")                      \
	X(SEND_SHUTDOWN, 12, "send_shutdown", "the socket had stopped writing")                    \
	X(KEEPALIVE_ON, 13, "so_keepalive", "keepalive was on")                                    \
	X(REPAIR, 14, "tcp_repair", "the socket was in repair mode")                               \
	X(PEER_FIN, 15, "peer_fin", "the socket had received the peer's FIN")                      \
	X(UNREAD, 16, "unread_data", "received bytes were unread")                                 \
	X(ESTABLISHED, 17, "established", "the handshake was complete")                            \
	X(CLIENT, 18, "client", "the local end sent the SYN")                                      \
	X(SERVER, 19, "server", "the local end was listening")                                     \
	X(WIRE_IN, 20, "wire_in", "packets of the peer were seen on an interface")                 \
	X(WIRE_OUT, 21, "wire_out", "packets of the local end were seen on an interface")          \
	X(RST_IN, 22, "rst_in", "a RST of the peer was seen on an interface")                      \
	X(RST_IN_EXACT, 23, "rst_in_exact", "its sequence number was exactly the expected one")    \
	X(RST_OUT, 24, "rst_out", "a RST of the local end was seen on an interface")               \
	X(FIN_IN, 25, "fin_in", "a FIN of the peer was seen on an interface")                      \
	X(FIN_OUT, 26, "fin_out", "a FIN of the local end was seen on an interface")               \
	X(SYN_ACK_IN, 27, "syn_ack_in", "a SYN-ACK of the peer was seen on an interface")          \
	X(ICMP_IN, 28, "icmp_in", "an ICMP error about this connection was seen")                  \
	X(ICMP_FROM_PEER, 29, "icmp_from_peer", "the peer itself sent the ICMP error")             \
	X(RSTS_DISAGREE, 30, "rsts_disagree", "several RSTs of the peer had different numbers")    \
	X(RST_TTL_OFF, 31, "rst_ttl_off",                                                          \
	  "the RST's TTL lies outside what the peer's packets have")                               \
	X(PEER_AFTER_RST, 32, "peer_after_rst", "the peer sent new data after its RST")            \
	X(DROP_NO_SOCKET, 33, "drop_no_socket", "the stack dropped the packet: no socket")         \
	X(DROP_NETFILTER, 34, "drop_netfilter", "the packet filter dropped the packet")            \
	X(FIREWALL_RST, 35, "firewall_rst", "the RST left this host without socket and stack")     \
	X(TIME_WAIT_RESET, 36, "time_wait_reset", "TIME_WAIT answered data with RST")              \
	X(FIN_WAIT2_EXPIRED, 37, "fin_wait2_expired", "no FIN came within tcp_fin_timeout")        \
	X(SYN_ACK_RETRIED, 38, "tcp_retransmit_synack", "the SYN-ACK was retransmitted")           \
	X(SOCKET_ALIVE, 39, "socket_alive", "the local socket outlived the RST")                   \
	X(WIRE_HOOKED, 40, "wire_hooked", "the interfaces of this namespace are watched")          \
	X(NEW_SYN, 41, "new_syn", "a SYN with another sequence number took the tuple")             \
	X(ZERO_WINDOW, 42, "zero_window", "the peer's receive window was closed")                  \
	X(LISTEN_OVERFLOW, 43, "listen_overflow", "the accept queue was full")                     \
	X(CLOSE_NOT_SHOWN, 44, "close_not_shown",                                                  \
	  "the kernel did not show how the socket came to CLOSE")                                  \
	X(RST_TOO_EARLY, 45, "rst_too_early",                                                      \
	  "the RST acknowledges data that cannot have reached the peer and come back")             \
	X(RST_IP_ID_OFF, 46, "rst_ip_id_off",                                                      \
	  "the RST has an IP ID that the stack which sent the SYN-ACK does not give")              \
	X(CLOSER_DIED, 47, "closer_died",                                                          \
	  "the process that closed had crashed, was killed or exited with an error")               \
	X(FIN_CROSSED, 48, "fin_crossed",                                                          \
	  "data was on its way, none of it acknowledged, when the peer's FIN was taken")           \
	X(SENT_AFTER_FIN, 49, "sent_after_fin",                                                    \
	  "data was first sent after the peer's FIN had been taken")                               \
	X(OWN_DROP, 50, "own_drop", "this host dropped a packet that the local end had made")      \
	X(NEVER_LEFT, 51, "never_left", "what the local end had to send was dropped on this host") \
	X(FIN_UNSENT, 52, "fin_unsent", "the FIN still waited behind data that was never sent")    \
	X(WIRE_WHOLE, 53, "wire_whole",                                                            \
	  "what the local end sent was seen if it left, from the beginning and untranslated")      \
	X(SMALL_PASS, 54, "small_pass",                                                            \
	  "small segments were acknowledged, full ones repeated in vain")                          \
	X(PEER_REPEATS, 55, "peer_repeats", "the peer sent again what had been acknowledged")      \
	X(NO_LOCAL_PORT, 56, "no_local_port", "connect() ended without a local port")              \
	X(ICMP_FROM_HERE, 57, "icmp_from_here", "this host itself sent the ICMP error")            \
	X(RST_BEHIND, 58, "rst_behind",                                                            \
	  "the RST's number lies behind what its sender had sent and the other end then took")     \
	X(UNANSWERED, 59, "unanswered", "one end sent again and again and was not answered")       \
	X(SYN_ACK_AGAIN, 60, "syn_ack_again",                                                      \
	  "the SYN-ACK came again and again behind the ACK of it")

#define EVIDENCE(id) (1ULL << EVIDENCE_BIT_##id)
#define EVIDENCE_ENUM(id, bit, ...) EVIDENCE_BIT_##id = bit,
enum evidence_bit { EVIDENCE_OBSERVATIONS(EVIDENCE_ENUM) EVIDENCE_BIT_COUNT };

/* Whose ending the evidence is about. Decides which part of the table applies. */
enum evidence_subject {
	SUBJECT_SOCKET = 1, /* a full socket of this host */
	SUBJECT_REPLY = 2, /* this host sent a RST for which it has no full socket */
	SUBJECT_REQUEST = 3, /* a handshake that died as a request socket of this host */
	SUBJECT_FORWARDED = 4, /* both ends are elsewhere; "local" is the client */
	SUBJECT_LISTENER = 5, /* a listener of this host, or a namespace of listeners: no peer */
};

/* The errno values that the decision knows; the kernel's numbers on every Linux. */
enum evidence_errno {
	EVIDENCE_EACCES = 13,
	EVIDENCE_EPIPE = 32,
	EVIDENCE_ENETUNREACH = 101,
	EVIDENCE_ECONNABORTED = 103,
	EVIDENCE_ECONNRESET = 104,
	EVIDENCE_ETIMEDOUT = 110,
	EVIDENCE_ECONNREFUSED = 111,
	EVIDENCE_EHOSTUNREACH = 113,
};

/**
 * @seen            EVIDENCE(...) bits.
 * @unread_bytes    rcv_nxt - copied_seq, less the peer's FIN. What the application left.
 * @unsent_bytes    Written by the application, never sent.
 * @unacked_bytes   Sent, never acknowledged.
 * @retransmits     tcp_sock.total_retrans.
 * @user_timeout_ms TCP_USER_TIMEOUT, 0 = not set.
 * @rst_seq_offset  Sequence number of the peer's RST less rcv_nxt.
 * @error @error_soft  sk_err and sk_err_soft, positive errno.
 * @state           State before ->CLOSE (enum tcp_state_number). NONE without socket.
 * @reply_state     State of the listener or mini-socket that a reply RST was sent for.
 * @reset_reason    enum reset_reason as the kernel gave it; NONE when it gave none.
 * @trigger_flags   TCP_FLAG_* of the packet that a reply RST answers.
 * @trigger_data    1 when that packet carried payload.
 * @peer_*          Of the peer's packets as they were seen: TTL range without RSTs.
 * @*_syn_count ... Packets seen on the wire, retransmissions included.
 */
struct close_evidence {
	__u64 seen;
	__u32 unread_bytes;
	__u32 unsent_bytes;
	__u32 unacked_bytes;
	__u32 retransmits;
	__u32 user_timeout_ms;
	__s32 rst_seq_offset;
	__u32 local_syn_count;
	__u32 local_fin_count;
	__u32 local_rst_count;
	__u32 peer_syn_count;
	__u32 peer_fin_count;
	__u32 peer_rst_count;
	__u16 error;
	__u16 error_soft;
	__u16 rst_ip_id;
	__u8 subject; /* enum evidence_subject */
	__u8 state;
	__u8 reply_state;
	__u8 reset_reason;
	__u8 trigger_flags;
	__u8 trigger_data;
	__u8 probes; /* icsk_probes_out */
	__u8 timer_retransmits; /* icsk_retransmits */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 ip_version;
	__u8 rst_flags; /* TCP_FLAG_* of the peer's RST */
	__u8 rst_ttl;
	__u8 peer_ttl_min;
	__u8 peer_ttl_max;
	__u8 fin_first; /* 0 unknown, 1 local, 2 peer sent the first FIN */
	__u8 rst_origin; /* enum rst_origin of the peer's RST */
	__u8 drop_reason; /* enum drop_reason of OWN_DROP */
};
ABI_SIZE(struct close_evidence, 80);

#endif
