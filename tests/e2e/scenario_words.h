/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words that rows of the tables share. A cause is spelled here and nowhere else. */
#ifndef TESTS_E2E_SCENARIO_WORDS_H
#define TESTS_E2E_SCENARIO_WORDS_H

#define CAUSE_LINGER0 "cause=linger0 "
#define CAUSE_LINGER2 "cause=linger2 "
#define CAUSE_UNREAD_DATA "cause=unread_data "
#define CAUSE_DISCONNECT "cause=disconnect "
#define CAUSE_LISTENER_CLOSED "cause=listener_closed "
#define CAUSE_AFTER_CLOSE "cause=data_after_close "
#define CAUSE_AFTER_SHUTDOWN "cause=data_after_shutdown "
#define CAUSE_RTO "cause=rto "
#define CAUSE_USER_TIMEOUT "cause=user_timeout "
#define CAUSE_NEVER_LEFT "cause=never_left "
#define CAUSE_KEEPALIVE "cause=keepalive "
#define CAUSE_NO_LISTENER "cause=no_listener "
#define CAUSE_NO_SOCKET "cause=no_socket "
#define CAUSE_REJECT "cause=reject "
#define CAUSE_CLOSED_EARLY "cause=closed_early "
#define CAUSE_SYN_UNANSWERED "cause=syn_unanswered "
#define CAUSE_ICMP_PORT "cause=icmp_port_unreachable "
#define CAUSE_ICMP_PROHIBITED "cause=icmp_prohibited "
#define CAUSE_SOCKET_DESTROY "cause=socket_destroy "
#define CAUSE_LOCAL_FIRST "cause=local_first "
#define CAUSE_PROCESS_DIED "cause=process_died "
#define CAUSE_PEER_FIRST "cause=peer_first "
#define CAUSE_SIMULTANEOUS "cause=simultaneous "
#define CAUSE_ZERO_WINDOW "cause=zero_window "
#define CAUSE_REPAIR "cause=repair "
#define CAUSE_INJECTED "cause=injected "
#define CAUSE_FIN_WAIT2_EXPIRED "cause=fin_wait2_expired "

#define BY_CLIENT "pid=@client comm=ct_client "
#define BY_SERVER "pid=@server comm=ct_server "
#define BY_NOBODY "pid=null comm=null "
#define CLOSED_BY_CLIENT "closer_pid=@client closer_comm=ct_client "
#define CLOSED_BY_SERVER "closer_pid=@server closer_comm=ct_server "

#define SHAKEN "ct_count=1 syn_count=2 syn_count_clt=1 syn_count_srv=1 "
#define ONE_SYN "ct_count=0 syn_count=1 syn_count_clt=1 syn_count_srv=0 "
#define FINS_BOTH "fin_count=2 fin_count_clt=1 fin_count_srv=1 "
#define FIN_CLIENT "fin_count=1 fin_count_clt=1 fin_count_srv=0 "
#define NO_FIN "fin_count=0 fin_count_clt=0 fin_count_srv=0 "
#define RST_CLIENT "rst_count=1 rst_count_clt=1 rst_count_srv=0 "
#define RST_SERVER "rst_count=1 rst_count_clt=0 rst_count_srv=1 "
#define NO_RST "rst_count=0 rst_count_clt=0 rst_count_srv=0 "

#define CLIENT_BYTES "bytes_sent=100 bytes_received=200 "
#define SERVER_BYTES "bytes_sent=200 bytes_received=100 "

#define PROVED "confidence=proved "
#define FIN_SERVER "fin_count=1 fin_count_clt=0 fin_count_srv=1 "
#define CAUSE_ACCEPT_QUEUE "cause=accept_queue_full "
#define CAUSE_STRAY_ACK "cause=stray_ack "
#define CAUSE_BAD_ACK "cause=bad_ack "
#define CAUSE_FIN_UNACKED "cause=fin_unacked "
#define CAUSE_MEMORY "cause=memory "
#define CAUSE_ICMP_HOST "cause=icmp_host_unreachable "
#define CAUSE_SYN_ACK_UNANSWERED "cause=syn_ack_unanswered "
#define CAUSE_PEER_KERNEL "cause=peer_kernel "
#define CAUSE_PEER_APP "cause=peer_app "

/* A connection that this place forwards has no process. */
#define FORWARDED "role=null state=null error=null closer_pid=null owner_source=null " BY_NOBODY

#endif
