/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Listeners, connections that one end has closed or forgotten, other protocols, variants. */
#include "tests/e2e/recipes.h"
#include "tests/e2e/scenario_words.h"
#include "tests/e2e/scenarios.h"

static const struct scenario late_rows[] = {
	{
		.id = "10b",
		.name = "data after close acknowledge the FIN",
		.recipe = recipe_late_data_acks_fin,
		.at_a = "verdict=local_late_data_rst initiator=local_kernel stage=closing "
			"state=FIN_WAIT1|FIN_WAIT2 cause=data_after_shutdown|data_after_close " BY_CLIENT
				CLOSED_BY_CLIENT SHAKEN FIN_CLIENT RST_CLIENT "bytes_sent=100",
		.at_b = "verdict=peer_reset initiator=peer stage=closing state=CLOSE_WAIT " BY_SERVER
			SHAKEN FIN_CLIENT RST_CLIENT "error=EPIPE",
	},
	{
		.id = "29",
		.name = "bpf_sock_destroy()",
		.recipe = recipe_bpf_destroy,
		.at_a = "verdict=local_admin_kill initiator=local_app stage=established state=ESTABLISHED " CAUSE_SOCKET_DESTROY
			PROVED BY_CLIENT "closer_pid=@helper closer_comm=ct_destroy " SHAKEN NO_FIN
				RST_CLIENT CLIENT_BYTES "error=ECONNABORTED",
		.at_b = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_SERVER
			SHAKEN NO_FIN RST_CLIENT SERVER_BYTES "error=ECONNRESET",
	},
	{
		.id = "31",
		.name = "accept queue full, reset",
		.recipe = recipe_overflow_reset,
		.at_a = ANYTHING,
		.at_b = "verdict=local_listen_overflow initiator=local_kernel stage=handshake closer_pid=null " CAUSE_ACCEPT_QUEUE
			"pid=null|@server syn_count_clt=1 syn_count_srv=1 " NO_FIN RST_SERVER THEN
			"verdict=local_listen_overflow initiator=local_kernel stage=handshake closer_pid=null " CAUSE_ACCEPT_QUEUE
				PROVED "pid=@server peer_addr=null peer_port=null client_addr=null",
		.is_unordered = true,
	},
	{
		.id = "32",
		.name = "accept queue full, silence",
		.recipe = recipe_overflow_silent,
		.at_a = ANYTHING,
		.at_b = "verdict=local_listen_overflow initiator=local_kernel stage=handshake closer_pid=null " CAUSE_ACCEPT_QUEUE
			"pid=null|@server syn_count_clt=1 syn_count_srv=>=2 " NO_FIN NO_RST THEN
			"verdict=local_listen_overflow initiator=local_kernel stage=handshake closer_pid=null " CAUSE_ACCEPT_QUEUE
				PROVED "pid=@server peer_addr=null peer_port=null client_addr=null",
		.is_unordered = true,
	},
	{
		.id = "34a",
		.name = "link of the peer goes down",
		.recipe = recipe_link_down,
		.at_a = "verdict=timeout_data initiator=timeout stage=established state=ESTABLISHED closer_pid=null " CAUSE_USER_TIMEOUT
			BY_CLIENT SHAKEN NO_FIN NO_RST "error=ETIMEDOUT bytes_received=200",
		.at_b = NO_RECORD,
	},
	{
		.id = "34b",
		.name = "link of the peer goes down and the peer reboots",
		.recipe = recipe_link_down_and_reboot,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " CAUSE_PEER_KERNEL
			BY_CLIENT SHAKEN NO_FIN RST_SERVER "error=ECONNRESET bytes_received=200",
		.at_b = "verdict=local_admin_kill initiator=local_app stage=established state=ESTABLISHED benign=true " CAUSE_REPAIR
			BY_SERVER CLOSED_BY_SERVER SHAKEN NO_FIN SERVER_BYTES THEN
			"verdict=local_no_socket initiator=local_kernel " CAUSE_NO_SOCKET NO_FIN
				RST_SERVER,
	},
	{
		.id = "43",
		.name = "SYN flood",
		.recipe = recipe_syn_flood,
		.is_unordered = true,
		.at_a = ANYTHING,
		.at_b = "verdict=timeout_handshake initiator=timeout stage=handshake closer_pid=null " CAUSE_SYN_ACK_UNANSWERED
			"pid=null|@server peer_port=40000 ct_count=0 syn_count_clt=1 syn_count_srv=>=2 " NO_FIN
				NO_RST THEN
			"verdict=timeout_handshake initiator=timeout stage=handshake closer_pid=null " CAUSE_SYN_ACK_UNANSWERED
			"pid=null|@server peer_port=40001 ct_count=0 syn_count_clt=1 syn_count_srv=>=2 " NO_FIN
				NO_RST THEN
			"verdict=timeout_handshake initiator=timeout stage=handshake closer_pid=null " CAUSE_SYN_ACK_UNANSWERED
			"pid=null|@server peer_port=40002 ct_count=0 syn_count_clt=1 syn_count_srv=>=2 " NO_FIN
				NO_RST,
	},
	{
		.id = "44",
		.name = "stray ACK to a listener",
		.recipe = recipe_stray_ack,
		.at_a = NO_RECORD,
		.at_b = "verdict=local_bad_segment_rst initiator=local_kernel stage=handshake role=server|null " CAUSE_STRAY_ACK
			"pid=null|@server closer_pid=null reason=TCP_FLAGS rst_count=1",
	},
	{
		.id = "45",
		.name = "SYN-ACK that nobody asked for",
		.recipe = recipe_reflected_syn_ack,
		.at_a = "verdict=local_no_socket initiator=local_kernel role=client|null state=null reason=NO_SOCKET " CAUSE_NO_SOCKET
			BY_NOBODY "rst_count=1",
		.at_b = NO_RECORD,
	},
	{
		.id = "46",
		.name = "old ACK while connecting",
		.recipe = recipe_old_ack_while_connecting,
		.at_a = "verdict=local_bad_segment_rst initiator=local_kernel stage=handshake state=SYN_SENT reason=TCP_INVALID_ACK_SEQUENCE closer_pid=null " CAUSE_BAD_ACK
			"pid=null|@client " THEN
			"verdict=local_cancel initiator=local_app stage=handshake state=SYN_SENT " CAUSE_CLOSED_EARLY
				BY_CLIENT CLOSED_BY_CLIENT NO_FIN "rst_count_clt=1",
		.at_b = NO_RECORD,
	},
	{
		.id = "49",
		.name = "RST into FIN_WAIT2",
		.recipe = recipe_rst_in_fin_wait2,
		.ledger_time_wait = 1,
		.at_a = "verdict=peer_reset initiator=peer stage=closing|after_close state=FIN_WAIT2 closer_pid=null|@client " BY_CLIENT
			SHAKEN FIN_CLIENT RST_SERVER CLIENT_BYTES,
		.at_b = "verdict=local_app_abort initiator=local_app stage=closing state=CLOSE_WAIT " CAUSE_LINGER0
			PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN FIN_CLIENT RST_SERVER SERVER_BYTES,
	},
	{
		.id = "50",
		.name = "RST into TIME_WAIT",
		.recipe = recipe_rst_in_time_wait,
		.ledger_time_wait = 1,
		.at_a = "verdict=fin_normal initiator=local_app stage=closing state=FIN_WAIT2 " CAUSE_LOCAL_FIRST
			PROVED BY_CLIENT CLOSED_BY_CLIENT SHAKEN FINS_BOTH CLIENT_BYTES
			"error=null",
		.at_b = "verdict=fin_normal initiator=peer stage=closing state=LAST_ACK " CAUSE_PEER_FIRST
			PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN FINS_BOTH NO_RST SERVER_BYTES
			"error=null",
	},
	{
		.id = "51",
		.name = "new connection on a tuple in TIME_WAIT",
		.recipe = recipe_reuse_in_time_wait,
		.at_a = "verdict=fin_normal initiator=peer stage=closing " CAUSE_PEER_FIRST
			BY_CLIENT SHAKEN FINS_BOTH NO_RST CLIENT_BYTES THEN
			"verdict=fin_normal initiator=local_app stage=closing " CAUSE_LOCAL_FIRST
				BY_CLIENT SHAKEN FINS_BOTH NO_RST "bytes_sent=300 bytes_received=0",
		.at_b = "verdict=fin_normal initiator=local_app stage=closing " CAUSE_LOCAL_FIRST
			BY_SERVER SHAKEN FINS_BOTH NO_RST SERVER_BYTES THEN
			"verdict=fin_normal initiator=peer stage=closing " CAUSE_PEER_FIRST
				BY_SERVER SHAKEN FINS_BOTH NO_RST "bytes_sent=0 bytes_received=300",
	},
	{
		.id = "54",
		.name = "FIN never acknowledged",
		.recipe = recipe_fin_never_acked,
		.at_a = NO_RECORD,
		.at_b = "verdict=fin_unacked_timeout initiator=timeout stage=closing state=FIN_WAIT1 " CAUSE_FIN_UNACKED
			BY_SERVER CLOSED_BY_SERVER SHAKEN NO_RST SERVER_BYTES
			"fin_count_clt=0 fin_count_srv=>=2 error=ETIMEDOUT",
	},
	{
		.id = "55",
		.name = "too many orphans",
		.recipe = recipe_too_many_orphans,
		.is_exclusive = true,
		.at_a = "verdict=local_resource initiator=local_kernel stage=closing " CAUSE_MEMORY
			BY_CLIENT SHAKEN RST_CLIENT "fin_count_clt=1 fin_count_srv=0",
		.at_b = "verdict=peer_reset initiator=peer stage=closing state=CLOSE_WAIT closer_pid=null " BY_SERVER
			SHAKEN FIN_CLIENT RST_CLIENT "error=EPIPE",
	},
	{
		.id = "56a",
		.name = "Fast Open, closed with unread bytes",
		.recipe = recipe_fast_open_unread,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_CLIENT
			SHAKEN NO_FIN RST_SERVER "error=ECONNRESET bytes_sent=100 bytes_received=0",
		.at_b = "verdict=local_app_abort initiator=local_app stage=established state=ESTABLISHED " CAUSE_UNREAD_DATA
			PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN NO_FIN RST_SERVER
			"bytes_unread=100 bytes_received=100 bytes_sent=0",
	},
	{
		.id = "56b",
		.name = "Fast Open, listener closed",
		.recipe = recipe_fast_open_unaccepted,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_CLIENT
			SHAKEN NO_FIN RST_SERVER "error=ECONNRESET bytes_sent=100",
		.at_b = "verdict=local_unaccepted initiator=local_app stage=established state=ESTABLISHED " CAUSE_LISTENER_CLOSED
			BY_SERVER CLOSED_BY_SERVER SHAKEN NO_FIN RST_SERVER "bytes_received=100",
	},
	{
		.id = "56c",
		.name = "Fast Open, linger 0",
		.recipe = recipe_fast_open_linger0,
		.at_a = "verdict=local_app_abort initiator=local_app stage=established state=ESTABLISHED " CAUSE_LINGER0
			PROVED BY_CLIENT CLOSED_BY_CLIENT SHAKEN NO_FIN RST_CLIENT "bytes_sent=100",
		.at_b = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_SERVER
			SHAKEN NO_FIN RST_CLIENT "error=ECONNRESET bytes_received=100",
	},
	{
		.id = "57",
		.name = "MPTCP subflow refused",
		.recipe = recipe_mptcp_subflow_refused,
		.at_a = "verdict=peer_reset initiator=peer local_addr=* pid=null|@client closer_pid=null|@client",
		.at_b = "verdict=local_refused initiator=local_kernel stage=handshake peer_addr=* reason=MPTCP_RST_EPROHIBIT pid=null|@server",
	},
	{
		.id = "V2",
		.name = "linger 0 and close after the FIN of the peer",
		.recipe = recipe_linger0_after_peer_fin,
		.at_a = "verdict=peer_reset initiator=peer stage=closing state=FIN_WAIT2 closer_pid=null|@client " BY_CLIENT
			SHAKEN FIN_CLIENT RST_SERVER CLIENT_BYTES "error=ECONNRESET",
		.at_b = "verdict=local_app_abort initiator=local_app stage=closing state=CLOSE_WAIT " CAUSE_LINGER0
			PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN FIN_CLIENT RST_SERVER SERVER_BYTES
			"bytes_unread=0",
	},
	{
		.id = "V3",
		.name = "data and FIN read, then close",
		.recipe = recipe_read_all_then_close,
		.at_a = "verdict=fin_normal initiator=local_app stage=closing state=FIN_WAIT2 " CAUSE_LOCAL_FIRST
			PROVED BY_CLIENT CLOSED_BY_CLIENT SHAKEN FINS_BOTH NO_RST
			"bytes_sent=200 bytes_received=200 bytes_unread=0",
		.at_b = "verdict=fin_normal initiator=peer stage=closing state=LAST_ACK " CAUSE_PEER_FIRST
			PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN FINS_BOTH NO_RST
			"bytes_sent=200 bytes_received=200 bytes_unread=0",
	},
	{
		.id = "V4",
		.name = "connect to AF_UNSPEC with unread bytes",
		.recipe = recipe_disconnect_unread,
		.at_a = "verdict=local_app_abort initiator=local_app stage=established state=ESTABLISHED " CAUSE_DISCONNECT
			PROVED BY_CLIENT CLOSED_BY_CLIENT SHAKEN NO_FIN RST_CLIENT
			"bytes_sent=100 bytes_received=400",
		.at_b = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_SERVER
			SHAKEN NO_FIN RST_CLIENT
			"error=ECONNRESET bytes_sent=400 bytes_received=100",
	},
	{
		.id = "V6",
		.name = "listener closed before accept, with data",
		.recipe = recipe_unaccepted_data,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_CLIENT
			SHAKEN NO_FIN RST_SERVER "error=ECONNRESET bytes_sent=1000",
		.at_b = "verdict=local_unaccepted initiator=local_app stage=established state=ESTABLISHED " CAUSE_LISTENER_CLOSED
			BY_SERVER CLOSED_BY_SERVER SHAKEN NO_FIN RST_SERVER "bytes_received=1000",
	},
};

const struct scenario_table late_scenarios = SCENARIO_TABLE(late_rows);
