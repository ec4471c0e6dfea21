// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Fields of a connection and columns of its table. Text only; docs/records.md has them as tables. */
#include "user/command/explain_texts.h"

#define NEVER "Never."
#define OF_DECISION "Decided from the evidence; where several rules hold, the first of them."
#define NO_FULL_SOCKET                                                                             \
	"Live, without a full socket: a half-open handshake, an answer without\n"                  \
	"socket, a forwarded connection."
#define OF_SOCKET "Counted by the socket (struct tcp_sock), read as it closed."
#define OF_PACKETS "Counted on the interfaces, each packet once however many it crosses."
#define UNWATCHED "Packets were not watched, and none was counted."
#define OF_SIDE UNWATCHED "\nOr which end is the client is not known."
#define UNWATCHED_SYN "Packets were not watched from the first SYN on, and none was counted."
#define NO_CLIENT "It is not known which end opened it."
#define NO_PEER "A listener whose accept queue was full: it has no peer."
#define NO_PID "The owner is not known."
#define NO_CLOSER                                                                                  \
	"No process closed it (the peer, a timer, a packet did), or none that is\n"                \
	"certain."
#define NO_CONTAINER "The cgroup is not known, or is none of a container."
#define NO_RST "No RST of the peer belongs to the ending."
#define OF_ISN "SYN and SYN-ACK on an interface."
#define LIVE "In a live trace."

const struct explain_field explain_fields[FIELD_COUNT] = {
	/* -- what ---------------------------------------------------------------------------- */
	[FIELD_ID_time] = { "The kernel's clock when it ended, as time of this host; in a replay the\n"
			    "packet's.",
			    NEVER, NULL },
	[FIELD_ID_host] = { "gethostname().", "In a replay.", "host = web1" },
	[FIELD_ID_class] = { "The verdict: each belongs to one class.", NEVER,
			     "class = reset_peer" },
	[FIELD_ID_verdict] = { OF_DECISION, NEVER, "verdict = peer_reset" },
	[FIELD_ID_cause] = { OF_DECISION, NEVER, "cause = unread_data" },
	[FIELD_ID_initiator] = { OF_DECISION, NEVER, "initiator = local_app" },
	[FIELD_ID_stage] = { "The states that the socket went through, or its packets.", NEVER,
			     "stage = established" },
	[FIELD_ID_confidence] = { "What the rule of the verdict needs, and how much of it was seen.",
				  NEVER, "confidence = proved" },
	[FIELD_ID_benign] = { "A few rules, such as a move in TCP_REPAIR mode.", NEVER,
			      "not benign" },
	[FIELD_ID_evidence] = { "What was observed and used by the rule; `closetrace explain WORD`.",
				NEVER, "evidence has rst_in" },
	[FIELD_ID_explanation] = { "All other fields, in one sentence.", NEVER,
				   "explanation ~ \"*unread*\"" },
	/* -- kernel -------------------------------------------------------------------------- */
	[FIELD_ID_state] = { "Tracepoint inet_sock_set_state: the state before CLOSE.",
			     "No full socket: a half-open handshake, an answer without socket, a\n"
			     "forwarded connection.",
			     "state = CLOSE_WAIT" },
	[FIELD_ID_reason] = { "Tracepoint tcp_send_reset (sk_rst_reason, Linux 6.10); derived before.",
			      "No RST of this host belongs to the ending.",
			      "reason = TCP_ABORT_ON_CLOSE" },
	[FIELD_ID_reason_source] = { "Whether the kernel gave the reason.", "Where `reason` is.",
				     "reason_source = kernel" },
	[FIELD_ID_reason_derived] = { "The same evidence, without the kernel's own word.",
				      "Where `reason` is; or the evidence tells none.",
				      "reason_derived = TCP_STATE" },
	[FIELD_ID_drop_reason] = { "Tracepoint kfree_skb, for packets of this socket (Linux 5.17).",
				   "It dropped nothing of it, or the kernel names no reasons.",
				   "drop_reason = NETFILTER_DROP" },
	[FIELD_ID_error] = { "sk_err of the socket, else sk_err_soft; `closetrace explain ECONNRESET`.",
			     "The socket had no error.", "error = ECONNRESET" },
	[FIELD_ID_kernel_stack] = { "bpf_get_stack() at the decisive event.",
				    "Without --stacks; the peer ended it; a timeout without RST.",
				    "kernel_stack has tcp_close" },
	[FIELD_ID_user_stack] = { "bpf_get_stack() of the task, and the symbols of its files.",
				  "Without --stacks; no task did it; the process was gone when the\n"
				  "record was read.",
				  "user_stack ~ \"*close*\"" },
	/* -- connection ---------------------------------------------------------------------- */
	[FIELD_ID_role] = { "connect() or a listener; in a replay the SYN.",
			    "Forwarded; or not known, as of a socket older than the trace.",
			    "role = server" },
	[FIELD_ID_ip_version] = { "The addresses. IPv4 over an IPv6 socket is 4.", NEVER,
				  "ip_version = 6" },
	[FIELD_ID_local_addr] = { "The socket; of a forwarded connection, its packets.",
				  "A full accept queue whose listener is not known.", NULL },
	[FIELD_ID_local_port] = { "The socket; of a forwarded connection, its packets.",
				  "As local_addr; or connect() found no free port.", NULL },
	[FIELD_ID_peer_addr] = { "The socket; of a forwarded connection, its packets.", NO_PEER,
				 NULL },
	[FIELD_ID_peer_port] = { "The socket; of a forwarded connection, its packets.", NO_PEER,
				 NULL },
	[FIELD_ID_client_addr] = { "local_addr or peer_addr, by `role` or the SYN.", NO_CLIENT,
				   NULL },
	[FIELD_ID_client_port] = { "local_port or peer_port, by `role` or the SYN.", NO_CLIENT,
				   NULL },
	[FIELD_ID_server_addr] = { "local_addr or peer_addr, by `role` or the SYN.", NO_CLIENT,
				   NULL },
	[FIELD_ID_server_port] = { "local_port or peer_port, by `role` or the SYN.", NO_CLIENT,
				   NULL },
	[FIELD_ID_zone_client] = { "The smallest network that has client_addr, of --zones and the built-in ones.",
				   "Without --zones; or which end that is is not known.",
				   "zone_client = office" },
	[FIELD_ID_zone_server] = { "The smallest network that has server_addr, of --zones and the built-in ones.",
				   "Without --zones; or which end that is is not known.",
				   "zone_server = dmz" },
	[FIELD_ID_netns] = { "The socket's namespace; `ip netns`, `lsns -t net` show the numbers.",
			     "In a replay.", "netns = 4026531840" },
	[FIELD_ID_interface] = { "The interface on which the local end's packets were seen.",
				 "None was seen, or the interface has gone.", "interface = eth0" },
	[FIELD_ID_community_id] = { "SHA-1 of addresses and ports, as Zeek and Suricata have it.",
				    NO_PEER, "community_id ~ \"1:*\"" },
	[FIELD_ID_conn_state] = { "The packets, by Zeek's rules.",
				  "Live: packets were not watched from the first SYN on, or which end\n"
				  "is the client is not known.",
				  "conn_state = RSTO" },
	[FIELD_ID_history] = { "The packets, by Zeek's rules.",
			       "Live: it takes every packet, and only `replay` looks at those.",
			       "history ~ \"*R*\"" },
	/* -- who ----------------------------------------------------------------------------- */
	[FIELD_ID_pid] = { "The task that called into the socket; owner_source tells how. A number of\n"
			   "the initial pid namespace.",
			   NO_PID, "pid = 4711" },
	[FIELD_ID_comm] = { "task->comm, 15 characters, of that moment.", NO_PID, "comm = nginx" },
	[FIELD_ID_uid] = { "The user of that task, of the initial user namespace.", NO_PID,
			   "uid = 1000" },
	[FIELD_ID_closer_pid] = { "The task inside which the socket became CLOSE or sent its FIN.",
				  NO_CLOSER, "closer_pid = 4711" },
	[FIELD_ID_closer_comm] = { "task->comm of that task.", NO_CLOSER, "closer_comm = ss" },
	[FIELD_ID_death] = { "The closing task's flags and exit code, and the tracepoints of signals and of\n"
			     "the OOM killer.",
			     "It closed by a call of its own; or closer_pid is null.",
			     "death is not null" },
	[FIELD_ID_exit_code] = { "exit_code of the closing task.", "`death` is not \"exit\".",
				 "exit_code != 0" },
	[FIELD_ID_killer_pid] = { "Tracepoint signal_generate, of fatal signals.",
				  "No process did (a crash, the kernel), or it was not seen.",
				  "killer_pid is not null" },
	[FIELD_ID_killer_comm] = { "task->comm of that process.",
				   "No process did (a crash, the kernel), or it was not seen.",
				   "killer_comm = systemd" },
	[FIELD_ID_owner_source] = { "The place at which the owner was noted.", NO_PID,
				    "owner_source = connect" },
	[FIELD_ID_cgroup] = { "The cgroup2 of the socket, its path found by its id.",
			      "No socket; no cgroup2 mount; or the cgroup went before it was looked up.",
			      "cgroup ~ \"*nginx.service\"" },
	[FIELD_ID_container_id] = { "The path of the cgroup.", NO_CONTAINER,
				    "container_id is not null" },
	[FIELD_ID_container_name] = { "Files that the runtime keeps of its containers.",
				      NO_CONTAINER "\nOr the runtime left no file that says it.",
				      "container_name = web" },
	[FIELD_ID_container_runtime] = { "The path of the cgroup, and whose files know the container.",
					 NO_CONTAINER, "container_runtime = docker" },
	[FIELD_ID_pod] = { "Labels in the runtime's files.",
			   "Not made by Kubernetes, or not known.", "pod ~ \"web-*\"" },
	[FIELD_ID_pod_namespace] = { "Labels in the runtime's files.",
				     "Not made by Kubernetes, or not known.",
				     "pod_namespace = default" },
	[FIELD_ID_peer_pid] = { "The record of the other end, which came just before.",
				"The other end is elsewhere, has no socket, or its ending was not sent\n"
				"here before (a normal one without --all, one that a filter kept back).",
				"peer_pid is not null" },
	[FIELD_ID_peer_comm] = { "The record of the other end.", "Where peer_pid is.",
				 "peer_comm = haproxy" },
	[FIELD_ID_peer_container_name] = { "The record of the other end.",
					   "Where peer_pid is; or it is in no container, or its name is not\n"
					   "known.",
					   "peer_container_name = db" },
	/* -- how it went --------------------------------------------------------------------- */
	[FIELD_ID_duration_us] = { "The socket's birth, or the first SYN, and the end.",
				   "Its beginning was not seen.", "duration > 5m" },
	[FIELD_ID_idle_us] = { "The socket's times of last data, in ticks of the kernel (1 to 10 ms), up to\n"
			       "the end; in a replay the packets'.",
			       "No full socket, or the handshake was not complete.", "idle > 60s" },
	[FIELD_ID_idle_before_us] = { "The gap that the timers of peers, balancers and firewalls saw.",
				      "All data was acknowledged, or part of what was sent last; no full\n"
				      "socket.",
				      "idle_before > 60s" },
	[FIELD_ID_peer_fin_us] = { "The moment at which the socket took the peer's FIN.",
				   "The socket took none.", "peer_fin > 1s" },
	[FIELD_ID_rtt_us] = { "srtt_us of the socket.", "Never measured.", "rtt > 200ms" },
	[FIELD_ID_retransmits] = { OF_SOCKET, NO_FULL_SOCKET, "retransmits >= 3" },
	[FIELD_ID_bytes_sent] = { "What was acknowledged or is in flight, each byte once.",
				  NO_FULL_SOCKET, NULL },
	[FIELD_ID_bytes_received] = { OF_SOCKET, NO_FULL_SOCKET, "bytes_received = 0" },
	[FIELD_ID_bytes_unread] = { OF_SOCKET, NO_FULL_SOCKET, "bytes_unread > 0" },
	[FIELD_ID_bytes_unsent] = { OF_SOCKET, NO_FULL_SOCKET, "bytes_unsent > 0" },
	[FIELD_ID_bytes_unacked] = { OF_SOCKET, NO_FULL_SOCKET, "bytes_unacked > 0" },
	/* -- counts -------------------------------------------------------------------------- */
	[FIELD_ID_syn_count] = { OF_PACKETS, UNWATCHED_SYN, "syn.count > 2" },
	[FIELD_ID_syn_count_clt] = { OF_PACKETS,
				     UNWATCHED_SYN "\nOr which end is the client is not known.",
				     "syn.count.clt > 1" },
	[FIELD_ID_syn_count_srv] = { OF_PACKETS,
				     UNWATCHED_SYN "\nOr which end is the client is not known.",
				     "syn.count.srv = 0" },
	[FIELD_ID_fin_count] = { OF_PACKETS, UNWATCHED, "fin.count = 0" },
	[FIELD_ID_fin_count_clt] = { OF_PACKETS, OF_SIDE, "fin.count.clt = 0" },
	[FIELD_ID_fin_count_srv] = { OF_PACKETS, OF_SIDE, "fin.count.srv = 0" },
	[FIELD_ID_rst_count] = { OF_PACKETS, UNWATCHED, "rst.count > 0" },
	[FIELD_ID_rst_count_clt] = { OF_PACKETS, OF_SIDE, "rst.count.clt > 0" },
	[FIELD_ID_rst_count_srv] = { OF_PACKETS, OF_SIDE, "rst.count.srv > 0" },
	[FIELD_ID_ct_count] = { "The socket's states; of a forwarded one, its packets.",
				"Not known whether the handshake was complete.", "ct.count = 0" },
	[FIELD_ID_rst_ignored] = { "RSTs of the peer on an interface, less the one that ended it.",
				   "Packets were not watched.", "rst_ignored > 0" },
	[FIELD_ID_incident] = { OF_ISN, "No SYN was seen on an interface.",
				"incident = 1f2e3d4c0b1a2938" },
	[FIELD_ID_follows] = { "Inferred: an ending of the same process, just before, in the other role.",
			       "None is known, or more than one comes into question.",
			       "follows is not null" },
	/* -- wire ---------------------------------------------------------------------------- */
	[FIELD_ID_isn_local] = { OF_ISN, "Its SYN was not seen on an interface.",
				 "isn_local is not null" },
	[FIELD_ID_isn_peer] = { OF_ISN, "Its SYN was not seen on an interface.",
				"isn_peer is not null" },
	[FIELD_ID_ttl_min] = { "The peer's SYN and FIN (IPv6: hop limit).",
			       "Neither SYN nor FIN of the peer was seen.", "ttl_min < 64" },
	[FIELD_ID_ttl_max] = { "The peer's SYN and FIN (IPv6: hop limit).",
			       "Neither SYN nor FIN of the peer was seen.", "ttl_max > 64" },
	[FIELD_ID_rst_ttl] = { "The RST itself. Far from ttl_min to ttl_max: somebody else made it.",
			       NO_RST, "rst_ttl > 200" },
	[FIELD_ID_rst_ip_id] = { "The RST itself. 0 is usual where the kernel of Linux answers.",
				 NO_RST "\nAlways for IPv6.", "rst_ip_id = 0" },
	[FIELD_ID_rst_seq_offset] = { "The RST, against rcv_nxt of the socket. 0 is exact.",
				      NO_RST "\nOr there is no socket.", "rst_seq_offset != 0" },
	/* -- storm, and captures ------------------------------------------------------------- */
	[FIELD_ID_repeated] = { "Counted in the kernel beyond --storm-rate, one record a second for all.",
				"Never: 1 when it stands for itself.", "repeated > 1" },
	[FIELD_ID_first_time] = { "The first ending that this record stands for.",
				  "It stands for itself.", NULL },
	[FIELD_ID_frame] = { "The capture, as Wireshark counts: from 1. Where silence ended it, its last\n"
			     "packet.",
			     LIVE, "frame > 1000" },
	[FIELD_ID_first_frame] = { "The capture, as Wireshark counts: from 1.", LIVE,
				   "first_frame = 1" },
	[FIELD_ID_capture_file] = { "The name of the file, as it was given.", LIVE,
				    "capture_file ~ \"*.pcap\"" },
	[FIELD_ID_display_filter] = { "Addresses, ports and frames of the connection.", LIVE,
				      "display_filter ~ \"*10.0.0.7*\"" },
};

/* Columns of the table that are not one field under its own name. */
const struct explain_column explain_columns[] = {
	{ "BY", "initiator, without \"local_\": app, kernel and firewall are this host's." },
	{ "PROCESS", "comm[pid] of the owner and, behind @, its container." },
	{ "CONTAINER", "container_name, else container_id." },
	{ "LOCAL", "local_addr:local_port. The sign behind it points the way the end went." },
	{ "PEER", "peer_addr:peer_port. < before it: the peer ended it." },
	{ "AGE", "duration_us." },
	{ "IDLE", "idle_us." },
	{ "REASON", "reason; ~ before it: derived, because the kernel named none." },
	{ "BYTES", "bytes_sent/bytes_received/bytes_unread/bytes_unsent." },
	{ "SYN/FIN/RST", "syn_count/fin_count/rst_count." },
	{ "WHY", "explanation." },
};

const size_t explain_column_count = sizeof(explain_columns) / sizeof(explain_columns[0]);
