/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The vocabulary of endings, each word once: X(ID, number, "name", ...). Numbers are
 * permanent (records and databases hold them); a retired one stays reserved.
 */
#ifndef CLOSETRACE_VERDICT_H
#define CLOSETRACE_VERDICT_H

#include "include/compiler.h"

#define CLOSE_CLASSES(X)                                                                           \
	X(NONE, 0, "none")                                                                         \
	X(CLOSED, 1, "closed")                                                                     \
	X(HALF_CLOSED, 2, "half_closed")                                                           \
	X(REFUSED, 3, "refused")                                                                   \
	X(RESET_LOCAL, 4, "reset_local")                                                           \
	X(RESET_PEER, 5, "reset_peer")                                                             \
	X(PATH, 6, "path")                                                                         \
	X(TIMEOUT, 7, "timeout")                                                                   \
	X(CANCELLED, 8, "cancelled")                                                               \
	X(UNKNOWN, 9, "unknown")

/* X(ID, number, name, class, meaning) */
#define CLOSE_VERDICTS(X)                                                                          \
	X(FIN_NORMAL, 1, "fin_normal", CLOSED, "both ends sent FIN and had it acknowledged")       \
	X(HALF_CLOSE_TIMEOUT, 2, "half_close_timeout", HALF_CLOSED,                                \
	  "this host closed, the peer acknowledged but never closed its side")                     \
	X(FIN_UNACKED_TIMEOUT, 3, "fin_unacked_timeout", HALF_CLOSED,                              \
	  "this host's FIN was never acknowledged")                                                \
	X(LOCAL_APP_ABORT, 4, "local_app_abort", RESET_LOCAL,                                      \
	  "an application on this host closed in a way that sends RST")                            \
	X(LOCAL_UNACCEPTED, 5, "local_unaccepted", RESET_LOCAL,                                    \
	  "the listener closed before it accepted the connection")                                 \
	X(LOCAL_ADMIN_KILL, 6, "local_admin_kill", RESET_LOCAL,                                    \
	  "somebody on this host destroyed the socket from outside")                               \
	X(LOCAL_LATE_DATA_RST, 7, "local_late_data_rst", RESET_LOCAL,                              \
	  "data came after the application had closed, so the kernel sent RST")                    \
	X(LOCAL_REFUSED, 8, "local_refused", REFUSED,                                              \
	  "a SYN came to a port where nothing listens, so the kernel sent RST")                    \
	X(LOCAL_NO_SOCKET, 9, "local_no_socket", RESET_LOCAL,                                      \
	  "a packet came for a connection that this host does not know")                           \
	X(LOCAL_LISTEN_OVERFLOW, 10, "local_listen_overflow", REFUSED,                             \
	  "the listener's accept queue was full")                                                  \
	X(LOCAL_BAD_SEGMENT_RST, 11, "local_bad_segment_rst", REFUSED,                             \
	  "a segment that fits no handshake state made the kernel send RST")                       \
	X(LOCAL_RESOURCE, 12, "local_resource", RESET_LOCAL,                                       \
	  "the kernel ran out of TCP memory or of orphan sockets")                                 \
	X(LOCAL_FIREWALL, 13, "local_firewall", PATH, "this host's packet filter sent the RST")    \
	X(LOCAL_CANCEL, 14, "local_cancel", CANCELLED,                                             \
	  "the application gave up before the connection was established")                         \
	X(PEER_REFUSED, 15, "peer_refused", REFUSED, "the peer answered the SYN with RST")         \
	X(PEER_RESET, 16, "peer_reset", RESET_PEER, "the peer sent a RST that was accepted")       \
	X(PEER_RESET_HANDSHAKE, 17, "peer_reset_handshake", RESET_PEER,                            \
	  "the client sent RST instead of finishing the handshake")                                \
	X(PATH_RESET, 18, "path_reset", PATH,                                                      \
	  "a RST that something between the ends sent in the peer's name")                         \
	X(PATH_ICMP, 19, "path_icmp", PATH, "an ICMP error ended the connection attempt")          \
	X(TIMEOUT_HANDSHAKE, 20, "timeout_handshake", TIMEOUT, "the handshake was never answered") \
	X(TIMEOUT_DATA, 21, "timeout_data", TIMEOUT, "data was never acknowledged")                \
	X(TIMEOUT_KEEPALIVE, 22, "timeout_keepalive", TIMEOUT,                                     \
	  "keepalive probes were never answered")                                                  \
	X(PORT_REUSE, 23, "port_reuse", UNKNOWN, "a new SYN took over a tuple still in use")       \
	X(ORPHAN_MID, 24, "orphan_mid", UNKNOWN,                                                   \
	  "the connection ended, but what was seen of it does not tell how")

#define CLOSE_INITIATORS(X)                                                                        \
	X(UNKNOWN, 0, "unknown")                                                                   \
	X(LOCAL_APP, 1, "local_app")                                                               \
	X(LOCAL_KERNEL, 2, "local_kernel")                                                         \
	X(LOCAL_FIREWALL, 3, "local_firewall")                                                     \
	X(PEER, 4, "peer")                                                                         \
	X(CLIENT, 5, "client")                                                                     \
	X(SERVER, 6, "server")                                                                     \
	X(PATH, 7, "path")                                                                         \
	X(TIMEOUT, 8, "timeout")

#define CLOSE_STAGES(X)                                                                            \
	X(NONE, 0, "none")                                                                         \
	X(HANDSHAKE, 1, "handshake")                                                               \
	X(ESTABLISHED, 2, "established")                                                           \
	X(CLOSING, 3, "closing")                                                                   \
	X(AFTER_CLOSE, 4, "after_close")

#define CLOSE_CONFIDENCES(X)                                                                       \
	X(UNKNOWN, 0, "unknown")                                                                   \
	X(INFERRED, 1, "inferred")                                                                 \
	X(PROVED, 2, "proved")

/* X(ID, number, name, meaning) */
#define CLOSE_CAUSES(X)                                                                            \
	X(NONE, 0, "none", "no further detail")                                                    \
	X(UNREAD_DATA, 1, "unread_data", "closed while received data was unread (RFC 2525 2.17)")  \
	X(LINGER0, 2, "linger0", "closed with SO_LINGER set to zero seconds")                      \
	X(LINGER2, 3, "linger2", "closed with a negative TCP_LINGER2")                             \
	X(DISCONNECT, 4, "disconnect", "connect(AF_UNSPEC) on a connected socket")                 \
	X(UNSENT_DATA, 5, "unsent_data", "disconnected while data was waiting to be sent")         \
	X(LISTENER_CLOSED, 6, "listener_closed",                                                   \
	  "still in the accept queue when the listener closed")                                    \
	X(SOCKET_DESTROY, 7, "socket_destroy", "ss -K, SOCK_DESTROY or bpf_sock_destroy")          \
	X(REPAIR, 8, "repair", "closed silently in TCP_REPAIR mode (checkpoint/restore)")          \
	X(DATA_AFTER_SHUTDOWN, 9, "data_after_shutdown",                                           \
	  "the socket was still there but had stopped reading")                                    \
	X(DATA_AFTER_CLOSE, 10, "data_after_close",                                                \
	  "the socket was closed; its TIME_WAIT answered")                                         \
	X(NO_LISTENER, 11, "no_listener", "nothing listens on the port")                           \
	X(NO_SOCKET, 12, "no_socket", "no socket has this connection")                             \
	X(ACCEPT_QUEUE_FULL, 13, "accept_queue_full", "the accept queue of the listener was full") \
	X(STRAY_ACK, 14, "stray_ack", "an ACK for no known handshake reached a listener")          \
	X(BAD_ACK, 15, "bad_ack", "acknowledges what was never sent")                              \
	X(OLD_SEGMENT, 16, "old_segment", "a timestamp or sequence number from the past")          \
	X(MEMORY, 17, "memory", "tcp_mem or tcp_max_orphans reached")                              \
	X(REJECT, 18, "reject", "a REJECT rule")                                                   \
	X(CLOSED_EARLY, 19, "closed_early", "closed while the SYN was unanswered")                 \
	X(PEER_APP, 20, "peer_app", "the shape of the RST is that of an application's abort")      \
	X(PEER_KERNEL, 21, "peer_kernel", "the shape of the RST is that of a kernel's reply")      \
	X(INJECTED, 22, "injected", "the RST contradicts the peer's own packets")                  \
	X(ICMP_PORT, 23, "icmp_port_unreachable", "ICMP port unreachable")                         \
	X(ICMP_HOST, 24, "icmp_host_unreachable", "ICMP host unreachable")                         \
	X(ICMP_NET, 25, "icmp_net_unreachable", "ICMP network unreachable")                        \
	X(ICMP_PROHIBITED, 26, "icmp_prohibited", "ICMP administratively prohibited")              \
	X(ICMP_OTHER, 27, "icmp_other", "another ICMP error")                                      \
	X(SYN_UNANSWERED, 28, "syn_unanswered", "every SYN went unanswered")                       \
	X(SYN_ACK_UNANSWERED, 29, "syn_ack_unanswered", "every SYN-ACK went unanswered")           \
	X(RTO, 30, "rto", "retransmission gave up (tcp_retries2)")                                 \
	X(USER_TIMEOUT, 31, "user_timeout", "TCP_USER_TIMEOUT ran out")                            \
	X(ZERO_WINDOW, 32, "zero_window", "the peer's window stayed closed")                       \
	X(KEEPALIVE, 33, "keepalive", "keepalive probes went unanswered")                          \
	X(FIN_UNACKED, 34, "fin_unacked", "the FIN was retransmitted in vain")                     \
	X(FIN_WAIT2_EXPIRED, 35, "fin_wait2_expired",                                              \
	  "the peer did not close within tcp_fin_timeout")                                         \
	X(LOCAL_FIRST, 36, "local_first", "this end sent the first FIN")                           \
	X(PEER_FIRST, 37, "peer_first", "the peer sent the first FIN")                             \
	X(SIMULTANEOUS, 38, "simultaneous", "both ends sent FIN at the same time")                 \
	X(NEW_SYN, 39, "new_syn", "a SYN with a new sequence number")                              \
	X(SILENT, 40, "silent", "closed without a packet, as when a namespace goes")               \
	X(CONNECT_FAILED, 41, "connect_failed", "the SYN could not be sent at all")                \
	X(MPTCP_SUBFLOW, 42, "mptcp_subflow", "MPTCP would not have this subflow (RFC 8684)")      \
	X(CAPTURE_END, 43, "capture_end", "the capture ended before the connection did")           \
	X(PROCESS_DIED, 44, "process_died",                                                        \
	  "closed because the process crashed, was killed or exited with an error")                \
	X(KEEPALIVE_RACE, 45, "keepalive_race",                                                    \
	  "the peer closed an idle connection while a request was on its way to it")               \
	X(STALE_POOL, 46, "stale_pool",                                                            \
	  "data was sent on a connection that the peer had closed before")                         \
	X(NEVER_LEFT, 47, "never_left", "what the peer should have answered never left this host") \
	X(MTU_BLACK_HOLE, 48, "mtu_black_hole",                                                    \
	  "the path swallows full segments and tells nobody")                                      \
	X(NO_LOCAL_PORT, 49, "no_local_port", "no local port was free for this destination")

/* enum sk_rst_reason (include/net/rstreason.h, Linux 6.10) by name; the numbers are ours. */
#define KERNEL_RESET_REASONS(X)                                                                    \
	X(NOT_SPECIFIED, 1, "NOT_SPECIFIED")                                                       \
	X(NO_SOCKET, 2, "NO_SOCKET")                                                               \
	X(TCP_INVALID_ACK_SEQUENCE, 3, "TCP_INVALID_ACK_SEQUENCE")                                 \
	X(TCP_RFC7323_PAWS, 4, "TCP_RFC7323_PAWS")                                                 \
	X(TCP_TOO_OLD_ACK, 5, "TCP_TOO_OLD_ACK")                                                   \
	X(TCP_ACK_UNSENT_DATA, 6, "TCP_ACK_UNSENT_DATA")                                           \
	X(TCP_FLAGS, 7, "TCP_FLAGS")                                                               \
	X(TCP_OLD_ACK, 8, "TCP_OLD_ACK")                                                           \
	X(TCP_ABORT_ON_DATA, 9, "TCP_ABORT_ON_DATA")                                               \
	X(TCP_TIMEWAIT_SOCKET, 10, "TCP_TIMEWAIT_SOCKET")                                          \
	X(INVALID_SYN, 11, "INVALID_SYN")                                                          \
	X(TCP_ABORT_ON_CLOSE, 12, "TCP_ABORT_ON_CLOSE")                                            \
	X(TCP_ABORT_ON_LINGER, 13, "TCP_ABORT_ON_LINGER")                                          \
	X(TCP_ABORT_ON_MEMORY, 14, "TCP_ABORT_ON_MEMORY")                                          \
	X(TCP_STATE, 15, "TCP_STATE")                                                              \
	X(TCP_KEEPALIVE_TIMEOUT, 16, "TCP_KEEPALIVE_TIMEOUT")                                      \
	X(TCP_DISCONNECT_WITH_DATA, 17, "TCP_DISCONNECT_WITH_DATA")                                \
	X(MPTCP_RST_EUNSPEC, 18, "MPTCP_RST_EUNSPEC")                                              \
	X(MPTCP_RST_EMPTCP, 19, "MPTCP_RST_EMPTCP")                                                \
	X(MPTCP_RST_ERESOURCE, 20, "MPTCP_RST_ERESOURCE")                                          \
	X(MPTCP_RST_EPROHIBIT, 21, "MPTCP_RST_EPROHIBIT")                                          \
	X(MPTCP_RST_EWQ2BIG, 22, "MPTCP_RST_EWQ2BIG")                                              \
	X(MPTCP_RST_EBADPERF, 23, "MPTCP_RST_EBADPERF")                                            \
	X(MPTCP_RST_EMIDDLEBOX, 24, "MPTCP_RST_EMIDDLEBOX")                                        \
	X(ERROR, 25, "ERROR")

#define RESET_REASONS(X)                                                                           \
	X(NONE, 0, "none")                                                                         \
	KERNEL_RESET_REASONS(X)

/* include/net/tcp_states.h; the numbers are kernel ABI (sock_diag). */
#define TCP_STATES(X)                                                                              \
	X(NONE, 0, "none")                                                                         \
	X(ESTABLISHED, 1, "ESTABLISHED")                                                           \
	X(SYN_SENT, 2, "SYN_SENT")                                                                 \
	X(SYN_RECV, 3, "SYN_RECV")                                                                 \
	X(FIN_WAIT1, 4, "FIN_WAIT1")                                                               \
	X(FIN_WAIT2, 5, "FIN_WAIT2")                                                               \
	X(TIME_WAIT, 6, "TIME_WAIT")                                                               \
	X(CLOSE, 7, "CLOSE")                                                                       \
	X(CLOSE_WAIT, 8, "CLOSE_WAIT")                                                             \
	X(LAST_ACK, 9, "LAST_ACK")                                                                 \
	X(LISTEN, 10, "LISTEN")                                                                    \
	X(CLOSING, 11, "CLOSING")                                                                  \
	X(NEW_SYN_RECV, 12, "NEW_SYN_RECV")

/* How sure the owner is; later rows refine earlier ones. */
#define OWNER_SOURCES(X)                                                                           \
	X(NONE, 0, "none")                                                                         \
	X(LISTENER, 1, "listener")                                                                 \
	X(SNAPSHOT, 2, "snapshot")                                                                 \
	X(OWNED_CALL, 3, "owned_call")                                                             \
	X(CONNECT, 4, "connect")

#define CLOSE_ENUM_CLASS(id, number, ...) CLOSE_CLASS_##id = number,
#define CLOSE_ENUM_VERDICT(id, number, ...) CLOSE_##id = number,
#define CLOSE_ENUM_INITIATOR(id, number, ...) CLOSE_BY_##id = number,
#define CLOSE_ENUM_STAGE(id, number, ...) CLOSE_STAGE_##id = number,
#define CLOSE_ENUM_CONFIDENCE(id, number, ...) CLOSE_IS_##id = number,
#define CLOSE_ENUM_CAUSE(id, number, ...) CLOSE_CAUSE_##id = number,
#define CLOSE_ENUM_REASON(id, number, ...) RESET_REASON_##id = number,
#define CLOSE_ENUM_STATE(id, number, ...) TCP_STATE_##id = number,
#define CLOSE_ENUM_OWNER(id, number, ...) OWNER_FROM_##id = number,

enum close_class { CLOSE_CLASSES(CLOSE_ENUM_CLASS) CLOSE_CLASS_COUNT };
enum close_verdict { CLOSE_UNDECIDED = 0, CLOSE_VERDICTS(CLOSE_ENUM_VERDICT) CLOSE_VERDICT_COUNT };
enum close_initiator { CLOSE_INITIATORS(CLOSE_ENUM_INITIATOR) CLOSE_INITIATOR_COUNT };
enum close_stage { CLOSE_STAGES(CLOSE_ENUM_STAGE) CLOSE_STAGE_COUNT };
enum close_confidence { CLOSE_CONFIDENCES(CLOSE_ENUM_CONFIDENCE) CLOSE_CONFIDENCE_COUNT };
enum close_cause { CLOSE_CAUSES(CLOSE_ENUM_CAUSE) CLOSE_CAUSE_COUNT };
enum reset_reason { RESET_REASONS(CLOSE_ENUM_REASON) RESET_REASON_COUNT };
enum tcp_state_number { TCP_STATES(CLOSE_ENUM_STATE) TCP_STATE_COUNT };
enum owner_source { OWNER_SOURCES(CLOSE_ENUM_OWNER) OWNER_SOURCE_COUNT };

#endif
