/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/scenarios.h"

#include "tests/e2e/recipes.h"
#include "tests/e2e/scenario_words.h"

static const struct scenario first_rows[] = {
	{
		.id = "01",
		.name = "client closes first",
		.recipe = recipe_client_closes_first,
		.at_a = "verdict=fin_normal initiator=local_app stage=closing state=FIN_WAIT2 " CAUSE_LOCAL_FIRST
			PROVED BY_CLIENT CLOSED_BY_CLIENT SHAKEN FINS_BOTH NO_RST CLIENT_BYTES
			"error=null bytes_unread=0",
		.at_b = "verdict=fin_normal initiator=peer stage=closing state=LAST_ACK " CAUSE_PEER_FIRST
			PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN FINS_BOTH NO_RST SERVER_BYTES
			"error=null bytes_unread=0",
	},
	{
		.id = "02",
		.name = "server closes first",
		.recipe = recipe_server_closes_first,
		.at_a = "verdict=fin_normal initiator=peer stage=closing state=LAST_ACK " CAUSE_PEER_FIRST
			PROVED BY_CLIENT CLOSED_BY_CLIENT SHAKEN FINS_BOTH NO_RST CLIENT_BYTES
			"error=null bytes_unread=0",
		.at_b = "verdict=fin_normal initiator=local_app stage=closing state=FIN_WAIT2 " CAUSE_LOCAL_FIRST
			PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN FINS_BOTH NO_RST SERVER_BYTES
			"error=null bytes_unread=0",
	},
	{
		.id = "03",
		.name = "simultaneous close",
		.recipe = recipe_simultaneous_close,
		.at_a = "verdict=fin_normal stage=closing state=CLOSING " CAUSE_SIMULTANEOUS
			BY_CLIENT SHAKEN NO_RST CLIENT_BYTES "fin_count_clt=>=1 fin_count_srv=>=1",
		.at_b = "verdict=fin_normal stage=closing state=CLOSING " CAUSE_SIMULTANEOUS
			BY_SERVER SHAKEN NO_RST SERVER_BYTES "fin_count_clt=>=1 fin_count_srv=>=1",
	},
	{
		.id = "04",
		.name = "connect to a closed port",
		.recipe = recipe_refused,
		.families = IPV4_ONLY,
		.at_a = "verdict=peer_refused initiator=peer stage=handshake state=SYN_SENT " PROVED
			BY_CLIENT ONE_SYN NO_FIN RST_SERVER "error=ECONNREFUSED",
		.at_b = "verdict=local_refused initiator=local_kernel stage=handshake state=null " CAUSE_NO_LISTENER
			BY_NOBODY ONE_SYN NO_FIN RST_SERVER PROVED,
	},
	{
		.id = "05",
		.name = "connect to a closed port",
		.recipe = recipe_refused,
		.families = IPV6_ONLY,
		.at_a = "verdict=peer_refused initiator=peer stage=handshake state=SYN_SENT " PROVED
			BY_CLIENT ONE_SYN NO_FIN RST_SERVER "error=ECONNREFUSED",
		.at_b = "verdict=local_refused initiator=local_kernel stage=handshake state=null " CAUSE_NO_LISTENER
			BY_NOBODY ONE_SYN NO_FIN RST_SERVER PROVED,
	},
	{
		.id = "06",
		.name = "linger 0 and close",
		.recipe = recipe_linger0,
		.at_a = "verdict=local_app_abort initiator=local_app stage=established "
			"state=ESTABLISHED " CAUSE_LINGER0 PROVED BY_CLIENT CLOSED_BY_CLIENT SHAKEN
				NO_FIN RST_CLIENT CLIENT_BYTES "bytes_unread=0",
		.at_b = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED " BY_SERVER
			SHAKEN NO_FIN RST_CLIENT SERVER_BYTES "error=ECONNRESET",
	},
	{
		.id = "07",
		.name = "close with unread bytes",
		.recipe = recipe_unread_close,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED " BY_CLIENT
			SHAKEN NO_FIN RST_SERVER
			"error=ECONNRESET bytes_sent=1000 bytes_received=0 "
			"peer_pid=@server peer_comm=ct_server",
		.at_b = "verdict=local_app_abort initiator=local_app stage=established "
			"state=ESTABLISHED " CAUSE_UNREAD_DATA PROVED BY_SERVER CLOSED_BY_SERVER
				SHAKEN NO_FIN RST_SERVER
			"bytes_unread=1000 bytes_received=1000 bytes_sent=0",
	},
	{
		.id = "08",
		.name = "SIGKILL with unread bytes",
		.recipe = recipe_unread_killed,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED " BY_CLIENT
			SHAKEN NO_FIN RST_SERVER
			"error=ECONNRESET bytes_sent=1000 bytes_received=0",
		.at_b = "verdict=local_app_abort initiator=local_app stage=established "
			"state=ESTABLISHED " CAUSE_UNREAD_DATA PROVED BY_SERVER CLOSED_BY_SERVER
				SHAKEN NO_FIN RST_SERVER
			"bytes_unread=1000 bytes_received=1000 bytes_sent=0 death=SIGKILL "
			"killer_comm=ct_runner exit_code=null",
	},
	{
		.id = "09",
		.name = "SIGKILL with nothing unread",
		.recipe = recipe_server_killed,
		.at_a = "verdict=fin_normal initiator=peer stage=closing state=LAST_ACK " CAUSE_PEER_FIRST
			PROVED BY_CLIENT CLOSED_BY_CLIENT SHAKEN FINS_BOTH NO_RST CLIENT_BYTES,
		.at_b = "verdict=fin_normal initiator=local_app stage=closing state=FIN_WAIT2 " CAUSE_PROCESS_DIED
			PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN FINS_BOTH NO_RST SERVER_BYTES
			"death=SIGKILL killer_comm=ct_runner",
	},
	{
		.id = "10",
		.name = "data after close, FIN acknowledged",
		.recipe = recipe_late_data_time_wait,
		.at_a = "verdict=local_late_data_rst initiator=local_kernel "
			"stage=closing|after_close state=FIN_WAIT2 " CAUSE_AFTER_CLOSE BY_CLIENT
				CLOSED_BY_CLIENT SHAKEN FIN_CLIENT RST_CLIENT "bytes_sent=100",
		.at_b = "verdict=peer_reset initiator=peer stage=closing state=CLOSE_WAIT " BY_SERVER
			SHAKEN FIN_CLIENT RST_CLIENT "error=EPIPE",
	},
	{
		.id = "11",
		.name = "data after close, FIN lost",
		.recipe = recipe_late_data_fin_wait,
		.at_a = "verdict=local_late_data_rst initiator=local_kernel stage=closing "
			"state=FIN_WAIT1 " CAUSE_AFTER_SHUTDOWN BY_CLIENT CLOSED_BY_CLIENT SHAKEN
				RST_CLIENT "fin_count_clt=>=1 fin_count_srv=0 bytes_sent=100",
		.at_b = "verdict=peer_reset initiator=peer state=ESTABLISHED " BY_SERVER SHAKEN
			RST_CLIENT "fin_count_srv=0 error=ECONNRESET",
	},
	{
		.id = "12",
		.name = "data after shutdown of both directions",
		.recipe = recipe_late_data_shutdown,
		.at_a = "verdict=local_late_data_rst initiator=local_kernel stage=closing "
			"state=FIN_WAIT2 " CAUSE_AFTER_SHUTDOWN BY_CLIENT SHAKEN FIN_CLIENT
				RST_CLIENT "bytes_sent=100",
		.at_b = "verdict=peer_reset initiator=peer stage=closing state=CLOSE_WAIT " BY_SERVER
			SHAKEN FIN_CLIENT RST_CLIENT "error=EPIPE",
	},
	{
		.id = "13",
		.name = "TCP_LINGER2 -1 and close",
		.recipe = recipe_linger2,
		.at_a = "verdict=local_app_abort initiator=local_app stage=closing "
			"state=FIN_WAIT2 " CAUSE_LINGER2 BY_CLIENT CLOSED_BY_CLIENT SHAKEN
				FIN_CLIENT RST_CLIENT CLIENT_BYTES,
		.at_b = "verdict=peer_reset initiator=peer stage=closing state=CLOSE_WAIT " BY_SERVER
			SHAKEN FIN_CLIENT RST_CLIENT SERVER_BYTES "error=EPIPE",
	},
	{
		.id = "14",
		.name = "close while connecting",
		.recipe = recipe_cancel,
		.at_a = "verdict=local_cancel initiator=local_app stage=handshake state=SYN_SENT " CAUSE_CLOSED_EARLY
			PROVED BY_CLIENT CLOSED_BY_CLIENT NO_FIN NO_RST
			"ct_count=0 syn_count_clt=>=1 syn_count_srv=0 bytes_sent=0 bytes_received=0",
		.at_b = NO_RECORD,
	},
	{
		.id = "15",
		.name = "SYN dropped",
		.recipe = recipe_handshake_timeout,
		.at_a = "verdict=timeout_handshake initiator=timeout stage=handshake "
			"state=SYN_SENT " CAUSE_SYN_UNANSWERED PROVED BY_CLIENT NO_FIN NO_RST
			"ct_count=0 syn_count_clt=>=2 syn_count_srv=0 error=ETIMEDOUT "
			"retransmits=>=1",
		.at_b = ANYTHING,
	},
	{
		.id = "16",
		.name = "firewall rejects the SYN by RST",
		.recipe = recipe_firewall_handshake,
		.at_a = "verdict=peer_refused initiator=peer stage=handshake state=SYN_SENT " BY_CLIENT
			ONE_SYN NO_FIN RST_SERVER "error=ECONNREFUSED",
		.at_b = "verdict=local_firewall initiator=local_firewall stage=handshake " CAUSE_REJECT
			ONE_SYN NO_FIN RST_SERVER,
	},
	{
		.id = "17",
		.name = "firewall rejects data by RST",
		.recipe = recipe_firewall_established,
		.at_a = "verdict=peer_reset|path_reset initiator=peer|path stage=established "
			"state=ESTABLISHED " BY_CLIENT SHAKEN NO_FIN RST_SERVER "error=ECONNRESET",
		.at_b = "verdict=local_firewall initiator=local_firewall stage=established "
			"state=ESTABLISHED " CAUSE_REJECT BY_SERVER SHAKEN NO_FIN RST_SERVER,
	},
	{
		.id = "19",
		.name = "ICMP port unreachable answers the SYN",
		.recipe = recipe_icmp_port,
		.at_a = "verdict=path_icmp initiator=path|peer stage=handshake state=SYN_SENT " CAUSE_ICMP_PORT
			BY_CLIENT NO_FIN NO_RST
			"ct_count=0 syn_count_clt=>=1 syn_count_srv=0 error=ECONNREFUSED",
		.at_b = ANYTHING,
	},
	{
		.id = "20",
		.name = "ICMP admin prohibited answers the SYN",
		.recipe = recipe_icmp_prohibited,
		.families = IPV4_ONLY,
		.at_a = "verdict=path_icmp initiator=path|peer stage=handshake state=SYN_SENT " CAUSE_ICMP_PROHIBITED
			BY_CLIENT NO_FIN NO_RST
			"ct_count=0 syn_count_clt=>=1 syn_count_srv=0 error=EHOSTUNREACH",
		.at_b = ANYTHING,
	},
	{
		.id = "20",
		.name = "ICMP admin prohibited answers the SYN",
		.recipe = recipe_icmp_prohibited,
		.families = IPV6_ONLY,
		.at_a = "verdict=path_icmp initiator=path|peer stage=handshake state=SYN_SENT " CAUSE_ICMP_PROHIBITED
			BY_CLIENT NO_FIN NO_RST
			"ct_count=0 syn_count_clt=>=1 syn_count_srv=0 error=EACCES",
		.at_b = ANYTHING,
	},
	{
		.id = "23",
		.name = "keepalive unanswered",
		.recipe = recipe_keepalive,
		.at_a = "verdict=timeout_keepalive initiator=timeout stage=established "
			"state=ESTABLISHED " CAUSE_KEEPALIVE PROVED BY_CLIENT SHAKEN NO_FIN
				RST_CLIENT CLIENT_BYTES "error=ETIMEDOUT",
		.at_b = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED " BY_SERVER
			SHAKEN NO_FIN RST_CLIENT SERVER_BYTES "error=ECONNRESET",
	},
	{
		.id = "24",
		.name = "TCP_USER_TIMEOUT",
		.recipe = recipe_user_timeout,
		.at_a = "verdict=timeout_data initiator=timeout stage=established "
			"state=ESTABLISHED " CAUSE_USER_TIMEOUT BY_CLIENT SHAKEN NO_FIN NO_RST
			"error=ETIMEDOUT bytes_received=200",
		.at_b = ANYTHING,
	},
	{
		.id = "25",
		.name = "retransmissions exhausted",
		.recipe = recipe_retransmission_timeout,
		.at_a = "verdict=timeout_data initiator=timeout stage=established "
			"state=ESTABLISHED " CAUSE_RTO BY_CLIENT SHAKEN NO_FIN NO_RST
			"error=ETIMEDOUT bytes_received=200 retransmits=>=3",
		.at_b = ANYTHING,
	},
	{
		.id = "26",
		.name = "window closed for ever",
		.recipe = recipe_zero_window,
		.at_a = "verdict=timeout_data initiator=timeout stage=established "
			"state=ESTABLISHED " CAUSE_ZERO_WINDOW BY_CLIENT SHAKEN NO_FIN NO_RST
			"error=ETIMEDOUT bytes_received=0",
		.at_b = ANYTHING,
	},
	{
		.id = "28",
		.name = "ss -K",
		.recipe = recipe_admin_kill,
		.at_a = "verdict=local_admin_kill initiator=local_app stage=established "
			"state=ESTABLISHED " CAUSE_SOCKET_DESTROY PROVED BY_CLIENT
			"closer_pid=@helper closer_comm=ss " SHAKEN NO_FIN RST_CLIENT CLIENT_BYTES
			"error=ECONNABORTED",
		.at_b = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED " BY_SERVER
			SHAKEN NO_FIN RST_CLIENT SERVER_BYTES "error=ECONNRESET",
	},
	{
		.id = "30",
		.name = "listener closed before accept",
		.recipe = recipe_unaccepted,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED " BY_CLIENT
			SHAKEN NO_FIN RST_SERVER "error=ECONNRESET bytes_sent=0 bytes_received=0",
		.at_b = "verdict=local_unaccepted initiator=local_app stage=established "
			"state=ESTABLISHED " CAUSE_LISTENER_CLOSED BY_SERVER CLOSED_BY_SERVER SHAKEN
				NO_FIN RST_SERVER "bytes_sent=0 bytes_received=0",
	},
	{
		.id = "33",
		.name = "data to a forgotten connection",
		.recipe = recipe_repair_close,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED " BY_CLIENT
			SHAKEN NO_FIN RST_SERVER "error=ECONNRESET bytes_received=200",
		.at_b = "verdict=local_admin_kill initiator=local_app stage=established "
			"state=ESTABLISHED benign=true " CAUSE_REPAIR BY_SERVER CLOSED_BY_SERVER
				SHAKEN NO_FIN SERVER_BYTES THEN
			"verdict=local_no_socket initiator=local_kernel " CAUSE_NO_SOCKET NO_FIN
				RST_SERVER,
	},
	{
		.id = "36",
		.name = "RST injected with another TTL",
		.recipe = recipe_injected_rst,
		.at_a = "verdict=path_reset initiator=path stage=established state=ESTABLISHED " CAUSE_INJECTED
			BY_CLIENT SHAKEN NO_FIN
			"rst_count_srv=1 rst_ttl=59 ttl_min=64 ttl_max=64 rst_seq_offset=0 "
			"error=ECONNRESET",
		.at_b = ANYTHING,
	},
	{
		.id = "37",
		.name = "RST in the window is ignored",
		.recipe = recipe_ignored_rst,
		.ledger_ignored = 1,
		.at_a = "verdict=fin_normal initiator=local_app stage=closing state=FIN_WAIT2 " BY_CLIENT
			CLOSED_BY_CLIENT SHAKEN FINS_BOTH RST_SERVER
			"rst_ignored=1 bytes_sent=200 bytes_received=400",
		.at_b = "verdict=fin_normal initiator=peer stage=closing state=LAST_ACK " BY_SERVER
			CLOSED_BY_SERVER SHAKEN FINS_BOTH NO_RST
			"rst_ignored=0 bytes_sent=400 bytes_received=200",
	},
	{
		.id = "42",
		.name = "client resets the handshake",
		.recipe = recipe_rst_in_handshake,
		.at_a = ANYTHING,
		.at_b = "verdict=peer_reset_handshake initiator=peer stage=handshake " NO_FIN
			RST_CLIENT "ct_count=0 syn_count_clt=1 syn_count_srv=1",
	},
	{
		.id = "47",
		.name = "connect to AF_UNSPEC",
		.recipe = recipe_disconnect,
		.at_a = "verdict=local_app_abort initiator=local_app stage=established "
			"state=ESTABLISHED " CAUSE_DISCONNECT PROVED BY_CLIENT CLOSED_BY_CLIENT
				SHAKEN NO_FIN RST_CLIENT CLIENT_BYTES,
		.at_b = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED " BY_SERVER
			SHAKEN NO_FIN RST_CLIENT SERVER_BYTES "error=ECONNRESET",
	},
	{
		.id = "48",
		.name = "linger 0 and close after own FIN",
		.recipe = recipe_linger0_after_fin,
		.at_a = "verdict=local_app_abort initiator=local_app stage=closing state=FIN_WAIT2 " CAUSE_LINGER0
			PROVED BY_CLIENT CLOSED_BY_CLIENT SHAKEN FIN_CLIENT RST_CLIENT CLIENT_BYTES,
		.at_b = "verdict=peer_reset initiator=peer stage=closing state=CLOSE_WAIT " BY_SERVER
			SHAKEN FIN_CLIENT RST_CLIENT SERVER_BYTES "error=EPIPE",
	},
	{
		.id = "52",
		.name = "half close in use",
		.recipe = recipe_half_close,
		.at_a = "verdict=fin_normal initiator=local_app stage=closing state=FIN_WAIT2 " CAUSE_LOCAL_FIRST
			PROVED BY_CLIENT CLOSED_BY_CLIENT SHAKEN FINS_BOTH NO_RST
			"bytes_sent=100 bytes_received=1000",
		.at_b = "verdict=fin_normal initiator=peer stage=closing state=LAST_ACK " CAUSE_PEER_FIRST
			PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN FINS_BOTH NO_RST
			"bytes_sent=1000 bytes_received=100",
	},
	{
		.id = "53",
		.name = "peer never closes",
		.recipe = recipe_half_close_timeout,
		.at_a = "verdict=half_close_timeout initiator=peer stage=closing state=FIN_WAIT2 " CAUSE_FIN_WAIT2_EXPIRED
			BY_CLIENT CLOSED_BY_CLIENT SHAKEN FIN_CLIENT NO_RST CLIENT_BYTES,
		.at_b = NO_RECORD,
	},
	{
		.id = "V1",
		.name = "close with unread bytes after the FIN",
		.recipe = recipe_unread_after_fin,
		.at_a = "verdict=peer_reset initiator=peer stage=closing state=FIN_WAIT2 " BY_CLIENT
			SHAKEN FIN_CLIENT RST_SERVER "error=ECONNRESET bytes_sent=1000",
		.at_b = "verdict=local_app_abort initiator=local_app stage=closing state=CLOSE_WAIT " CAUSE_UNREAD_DATA
			PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN FIN_CLIENT RST_SERVER
			"bytes_unread=1000",
	},
	{
		.id = "V5",
		.name = "linger 0 and close with unread bytes",
		.recipe = recipe_unread_linger0,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED " BY_CLIENT
			SHAKEN NO_FIN RST_SERVER "error=ECONNRESET bytes_sent=1000",
		.at_b = "verdict=local_app_abort initiator=local_app stage=established state=ESTABLISHED " CAUSE_UNREAD_DATA
			PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN NO_FIN RST_SERVER
			"bytes_unread=1000",
	},
};

const struct scenario_table first_scenarios = SCENARIO_TABLE(first_rows);

const struct scenario_table *const scenario_tables[] = {
	&first_scenarios, &wire_scenarios, &late_scenarios, &owner_scenarios, &why_scenarios, NULL,
};
