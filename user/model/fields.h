/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The registry of fields of a connection: table, JSON, filters, SQL columns, labels and the field
 * reference are made from this one list. To add a field: a row here and a getter field_get_<name>
 * in fields.c.
 */
#ifndef USER_MODEL_FIELDS_H
#define USER_MODEL_FIELDS_H

#include "user/model/connection.h"
#include "user/model/row.h"

/* X(name, type, unit, list of words or NULL, meaning). The order is the order of output. */
#define CONNECTION_FIELDS(X)                                                                       \
	X(time, TIME, "", NULL, "when the connection ended")                                       \
	X(host, STRING, "", NULL, "name of the host that saw it")                                  \
	X(class, WORD, "", &class_words, "group of the verdict")                                   \
	X(verdict, WORD, "", &verdict_words, "how the connection ended")                           \
	X(cause, WORD, "", &cause_words, "detail of the verdict")                                  \
	X(initiator, WORD, "", &initiator_words, "who ended it")                                   \
	X(stage, WORD, "", &stage_words, "how far the connection was")                             \
	X(confidence, WORD, "", &confidence_words, "how sure the verdict is")                      \
	X(benign, BOOL, "", NULL, "a reset that is nobody's trouble")                              \
	X(evidence, WORD_LIST, "", &evidence_words, "the observations that decided")               \
	X(explanation, STRING, "", NULL, "the ending in one sentence")                             \
	X(state, WORD, "", &tcp_state_words, "TCP state of the socket before it closed")           \
	X(reason, WORD, "", &reset_reason_words, "why the kernel sent RST (sk_rst_reason)")        \
	X(reason_source, WORD, "", &reason_source_words, "whether the kernel named that reason")   \
	X(reason_derived, WORD, "", &reset_reason_words, "the reason as the evidence tells it")    \
	X(drop_reason, WORD, "", &drop_reason_words, "why this host dropped what it had to send")  \
	X(error, STRING, "", NULL, "error of the socket, by its errno name")                       \
	X(kernel_stack, STRING_LIST, "", NULL, "kernel functions in which it ended (--stacks)")    \
	X(user_stack, STRING_LIST, "", NULL, "functions of the process that ended it (--stacks)")  \
	X(role, WORD, "", &role_words, "what the local end is; null when forwarded")               \
	X(ip_version, U64, "", NULL, "4 or 6")                                                     \
	X(local_addr, IP, "", NULL, "address of this host, or of the client when forwarded")       \
	X(local_port, PORT, "", NULL, "port that belongs to local_addr")                           \
	X(peer_addr, IP, "", NULL, "address of the other end")                                     \
	X(peer_port, PORT, "", NULL, "port that belongs to peer_addr")                             \
	X(client_addr, IP, "", NULL, "address of the end that opened the connection")              \
	X(client_port, PORT, "", NULL, "port that belongs to client_addr")                         \
	X(server_addr, IP, "", NULL, "address of the end that was called")                         \
	X(server_port, PORT, "", NULL, "port that belongs to server_addr")                         \
	X(zone_client, STRING, "", NULL, "zone of client_addr (--zones)")                          \
	X(zone_server, STRING, "", NULL, "zone of server_addr (--zones)")                          \
	X(netns, U64, "", NULL, "network namespace, by inode number")                              \
	X(interface, STRING, "", NULL, "interface of the local end's packets")                     \
	X(community_id, STRING, "", NULL, "hash of the flow that other tools print, too")          \
	X(conn_state, WORD, "", &conn_state_words, "what Zeek calls this ending")                  \
	X(history, STRING, "", NULL, "the packets, as Zeek's letters")                             \
	X(pid, U64, "", NULL, "process that owned the socket")                                     \
	X(comm, STRING, "", NULL, "name of that process")                                          \
	X(uid, U64, "", NULL, "user of that process")                                              \
	X(closer_pid, U64, "", NULL, "process that closed the socket")                             \
	X(closer_comm, STRING, "", NULL, "name of that process")                                   \
	X(death, STRING, "", NULL, "how it went when it closed: exit, a signal, oom or exec")      \
	X(exit_code, U64, "", NULL, "code with which it exited")                                   \
	X(killer_pid, U64, "", NULL, "process that sent the signal of which it died")              \
	X(killer_comm, STRING, "", NULL, "name of that process")                                   \
	X(owner_source, WORD, "", &owner_source_words, "how the owner became known")               \
	X(cgroup, STRING, "", NULL, "cgroup of the socket, as a path")                             \
	X(container_id, STRING, "", NULL, "container of the socket, by its full id")               \
	X(container_name, STRING, "", NULL, "name of that container")                              \
	X(container_runtime, WORD, "", &container_runtime_words, "who runs that container")        \
	X(pod, STRING, "", NULL, "Kubernetes pod of that container")                               \
	X(pod_namespace, STRING, "", NULL, "Kubernetes namespace of that pod")                     \
	X(peer_pid, U64, "", NULL, "process at the other end, where that is of this host, too")    \
	X(peer_comm, STRING, "", NULL, "name of that process")                                     \
	X(peer_container_name, STRING, "", NULL, "its container")                                  \
	X(duration_us, DURATION_US, "us", NULL, "from the first SYN to the end")                   \
	X(idle_us, DURATION_US, "us", NULL, "since the last data in either direction")             \
	X(idle_before_us, DURATION_US, "us", NULL,                                                 \
	  "from the last data before to the first that was never acknowledged")                    \
	X(peer_fin_us, DURATION_US, "us", NULL, "since the peer's FIN was taken")                  \
	X(rtt_us, DURATION_US, "us", NULL, "smoothed round-trip time")                             \
	X(retransmits, U64, "packets", NULL, "segments that were sent again")                      \
	X(bytes_sent, BYTES, "bytes", NULL, "payload that was sent")                               \
	X(bytes_received, BYTES, "bytes", NULL, "payload that came in")                            \
	X(bytes_unread, BYTES, "bytes", NULL, "payload that the application had not read")         \
	X(bytes_unsent, BYTES, "bytes", NULL, "written by the application but never sent")         \
	X(bytes_unacked, BYTES, "bytes", NULL, "sent but never acknowledged")                      \
	X(syn_count, U64, "packets", NULL, "SYN seen, SYN-ACK included")                           \
	X(syn_count_clt, U64, "packets", NULL, "SYN sent by the client")                           \
	X(syn_count_srv, U64, "packets", NULL, "SYN-ACK sent by the server")                       \
	X(fin_count, U64, "packets", NULL, "FIN seen")                                             \
	X(fin_count_clt, U64, "packets", NULL, "FIN sent by the client")                           \
	X(fin_count_srv, U64, "packets", NULL, "FIN sent by the server")                           \
	X(rst_count, U64, "packets", NULL, "RST seen")                                             \
	X(rst_count_clt, U64, "packets", NULL, "RST sent by the client")                           \
	X(rst_count_srv, U64, "packets", NULL, "RST sent by the server")                           \
	X(ct_count, U64, "handshakes", NULL,                                                       \
	  "1 when the handshake was complete, 0 when it failed")                                   \
	X(rst_ignored, U64, "packets", NULL, "RST of the peer that ended nothing")                 \
	X(incident, STRING, "", NULL,                                                              \
	  "the same for every record of one connection, at both ends and through NAT")             \
	X(follows, STRING, "", NULL, "incident of the ending that most probably caused this one")  \
	X(isn_local, U64, "", NULL, "initial sequence number of the local end")                    \
	X(isn_peer, U64, "", NULL, "initial sequence number of the peer")                          \
	X(ttl_min, U64, "hops", NULL, "lowest TTL of the peer's packets that are no RST")          \
	X(ttl_max, U64, "hops", NULL, "highest TTL of the peer's packets that are no RST")         \
	X(rst_ttl, U64, "hops", NULL, "TTL of the peer's RST")                                     \
	X(rst_ip_id, U64, "", NULL, "IPv4 identification of the peer's RST")                       \
	X(rst_seq_offset, I64, "bytes", NULL, "sequence number of that RST less the expected one") \
	X(repeated, U64, "endings", NULL, "how many endings like it this record stands for")       \
	X(first_time, TIME, "", NULL, "when the first of them ended")                              \
	X(frame, U64, "", NULL, "number of the packet that ended it, in a capture")                \
	X(first_frame, U64, "", NULL, "number of its first packet, in a capture")                  \
	X(capture_file, STRING, "", NULL, "the capture that has that frame")                       \
	X(display_filter, STRING, "", NULL, "what shows its packets in Wireshark, of a capture")

#define FIELD_ENUM(name, ...) FIELD_ID_##name,
enum field_id { CONNECTION_FIELDS(FIELD_ENUM) FIELD_COUNT };

/* Rows are struct closed_connection; a field's id is its enum field_id. */
extern const struct row_type connection_row_type;

extern const struct field connection_fields[FIELD_COUNT];
extern const struct word_list role_words, reason_source_words, container_runtime_words,
	conn_state_words;

#endif
