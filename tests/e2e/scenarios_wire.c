/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Endings that the path made: filters, routers, forgers; and other shapes of packets. */
#include "tests/e2e/recipes.h"
#include "tests/e2e/scenario_words.h"
#include "tests/e2e/scenarios.h"

#define LINGER0_AT_A                                                                                     \
	"verdict=local_app_abort initiator=local_app stage=established state=ESTABLISHED " CAUSE_LINGER0 \
		PROVED BY_CLIENT CLOSED_BY_CLIENT SHAKEN NO_FIN RST_CLIENT CLIENT_BYTES                  \
	"bytes_unread=0 "
#define LINGER0_AT_B                                                                                       \
	"verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_SERVER \
		SHAKEN NO_FIN RST_CLIENT SERVER_BYTES "error=ECONNRESET "
#define UNREAD_AT_A                                                                                        \
	"verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_CLIENT \
		SHAKEN NO_FIN RST_SERVER "error=ECONNRESET bytes_sent=1000 bytes_received=0 "              \
	"peer_pid=@server peer_comm=ct_server "
#define UNREAD_AT_B                                                                                          \
	"verdict=local_app_abort initiator=local_app stage=established state=ESTABLISHED " CAUSE_UNREAD_DATA \
		PROVED BY_SERVER CLOSED_BY_SERVER SHAKEN NO_FIN RST_SERVER                                   \
	"bytes_unread=1000 bytes_received=1000 bytes_sent=0 "
/* What was forged ended nothing: a normal close in the end. */
#define LIVED_ON_AT_A                                                                              \
	"verdict=fin_normal initiator=local_app stage=closing state=FIN_WAIT2 " CAUSE_LOCAL_FIRST  \
		BY_CLIENT CLOSED_BY_CLIENT FINS_BOTH                                               \
	"ct_count=1 bytes_sent=200 bytes_received=400 "
#define LIVED_ON_AT_B                                                                              \
	"verdict=fin_normal initiator=peer stage=closing state=LAST_ACK " CAUSE_PEER_FIRST         \
		BY_SERVER CLOSED_BY_SERVER FINS_BOTH                                               \
	"ct_count=1 bytes_sent=400 bytes_received=200 "
#define FORGED_AT_A                                                                                             \
	"verdict=path_reset initiator=path stage=established state=ESTABLISHED closer_pid=null " CAUSE_INJECTED \
		BY_CLIENT SHAKEN NO_FIN "error=ECONNRESET rst_seq_offset=0 "

static const struct scenario wire_rows[] = {
	{
		.id = "18",
		.name = "router rejects data by RST",
		.recipe = recipe_router_resets,
		.lab = LAB_ROUTED,
		.at_a = FORGED_AT_A "bytes_received=200 rst_count_srv=1 rst_ttl=64 ttl_max=59",
		.at_b = "verdict=timeout_data initiator=timeout stage=established state=ESTABLISHED closer_pid=null " CAUSE_USER_TIMEOUT
			BY_SERVER "ct_count=1 rst_count_srv=0 error=ETIMEDOUT bytes_received=100",
		.at_m = "verdict=local_firewall initiator=local_firewall stage=established " CAUSE_REJECT
			FORWARDED SHAKEN NO_FIN "rst_count_srv=1",
	},
	{
		.id = "18b",
		.name = "router rejects the SYN by RST",
		.recipe = recipe_router_refuses,
		.lab = LAB_ROUTED,
		.at_a = "verdict=peer_refused initiator=peer stage=handshake state=SYN_SENT " BY_CLIENT
			ONE_SYN NO_FIN RST_SERVER "error=ECONNREFUSED",
		.at_b = NO_RECORD,
		.at_m = "verdict=local_firewall initiator=local_firewall stage=handshake " CAUSE_REJECT
			FORWARDED ONE_SYN NO_FIN RST_SERVER,
	},
	{
		.id = "21",
		.name = "ICMP host unreachable while data are in flight",
		.recipe = recipe_icmp_established,
		.at_a = "verdict=timeout_data initiator=path|peer stage=established state=ESTABLISHED closer_pid=null " CAUSE_USER_TIMEOUT
			BY_CLIENT SHAKEN NO_FIN NO_RST
			"error=EHOSTUNREACH bytes_received=200 evidence=has:icmp_in",
		.at_b = NO_RECORD,
	},
	{
		.id = "22a",
		.name = "ICMPv6 admin prohibited (code 1)",
		.recipe = recipe_icmpv6_prohibited,
		.families = IPV6_ONLY,
		.at_a = "verdict=path_icmp initiator=path|peer stage=handshake state=SYN_SENT closer_pid=null|@client " CAUSE_ICMP_PROHIBITED
			BY_CLIENT NO_FIN NO_RST
			"ct_count=0 syn_count_clt=>=1 syn_count_srv=0 error=EACCES evidence=has:icmp_in",
		.at_b = NO_RECORD,
	},
	{
		.id = "22b",
		.name = "ICMPv6 address unreachable (code 3)",
		.recipe = recipe_icmpv6_address,
		.families = IPV6_ONLY,
		.at_a = "verdict=path_icmp initiator=path|peer stage=handshake state=SYN_SENT closer_pid=null|@client " CAUSE_ICMP_HOST
			BY_CLIENT NO_FIN NO_RST
			"ct_count=0 syn_count_clt=>=1 syn_count_srv=0 error=EHOSTUNREACH evidence=has:icmp_in",
		.at_b = NO_RECORD,
	},
	{
		.id = "22c",
		.name = "ICMPv6 port unreachable (code 4)",
		.recipe = recipe_icmpv6_port,
		.families = IPV6_ONLY,
		.at_a = "verdict=path_icmp initiator=path|peer stage=handshake state=SYN_SENT closer_pid=null|@client " CAUSE_ICMP_PORT
			BY_CLIENT NO_FIN NO_RST
			"ct_count=0 syn_count_clt=>=1 syn_count_srv=0 error=ECONNREFUSED evidence=has:icmp_in",
		.at_b = NO_RECORD,
	},
	{
		.id = "27",
		.name = "route becomes unreachable",
		.recipe = recipe_route_unreachable,
		.families = IPV4_ONLY,
		.at_a = "verdict=timeout_data initiator=local_kernel stage=established state=ESTABLISHED closer_pid=null " CAUSE_NEVER_LEFT
			BY_CLIENT SHAKEN NO_FIN NO_RST
			"error=ETIMEDOUT bytes_received=200 drop_reason=IP_OUTNOROUTES",
		.at_b = NO_RECORD,
	},
	{
		.id = "27",
		.name = "route becomes unreachable",
		.recipe = recipe_route_unreachable,
		.families = IPV6_ONLY,
		.at_a = "verdict=timeout_data initiator=local_kernel stage=established state=ESTABLISHED closer_pid=null " CAUSE_NEVER_LEFT
			BY_CLIENT SHAKEN NO_FIN NO_RST
			"error=EHOSTUNREACH bytes_received=200 drop_reason=NOT_SPECIFIED",
		.at_b = NO_RECORD,
	},
	{
		.id = "35a",
		.name = "forged RST that nothing contradicts",
		.recipe = recipe_forged_rst,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_CLIENT
			SHAKEN NO_FIN RST_SERVER CLIENT_BYTES
			"error=ECONNRESET rst_ttl=64 rst_seq_offset=0",
		.at_b = NO_RECORD,
	},
	{
		.id = "35b",
		.name = "forged RST that the data of the peer contradict",
		.recipe = recipe_forged_rst_contradicted,
		.at_a = FORGED_AT_A CLIENT_BYTES "rst_count_srv=1 rst_ttl=64 ttl_min=64 ttl_max=64",
		.at_b = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_SERVER
			SHAKEN NO_FIN RST_CLIENT "error=ECONNRESET",
	},
	{
		.id = "38",
		.name = "RST out of the window",
		.recipe = recipe_rst_out_of_window,
		.ledger_ignored = 1,
		.at_a = LIVED_ON_AT_A SHAKEN RST_SERVER "rst_ignored=1",
		.at_b = LIVED_ON_AT_B SHAKEN NO_RST "rst_ignored=0",
	},
	{
		.id = "39",
		.name = "SYN in the window",
		.recipe = recipe_syn_in_window,
		.at_a = LIVED_ON_AT_A SHAKEN NO_RST "rst_ignored=0",
		.at_b = LIVED_ON_AT_B "syn_count_clt=2 syn_count_srv=1 " NO_RST "rst_ignored=0",
	},
	{
		.id = "40",
		.name = "forged RSTs that disagree",
		.recipe = recipe_rsts_disagree,
		.at_a = FORGED_AT_A CLIENT_BYTES "rst_count_srv=>=1",
		.at_b = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_SERVER
			SHAKEN NO_FIN RST_CLIENT "error=ECONNRESET",
	},
	{
		.id = "41",
		.name = "forged RST|ACK and RST after the request",
		.recipe = recipe_rst_pair,
		.at_a = FORGED_AT_A
		"bytes_sent=100 bytes_received=0 rst_count_srv=>=1 rst_ttl=59 ttl_min=64 ttl_max=64",
		.at_b = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_SERVER
			SHAKEN NO_FIN RST_CLIENT "error=ECONNRESET",
	},
	{
		.id = "36b",
		.name = "RST with another TTL and an IP ID, the server silent",
		.recipe = recipe_forged_rst_from_afar,
		.families = IPV4_ONLY,
		.at_a = "verdict=path_reset confidence=inferred initiator=path stage=established "
			"state=ESTABLISHED " BY_CLIENT SHAKEN NO_FIN
			"rst_count_srv=1 rst_ttl=59 ttl_min=64 ttl_max=64 error=ECONNRESET "
			"evidence=has:rst_ip_id_off",
		.at_b = ANYTHING,
	},
	{
		.id = "36c",
		.name = "RST|ACK of a request that cannot have arrived",
		.recipe = recipe_rst_too_early,
		.at_a = "verdict=path_reset confidence=inferred initiator=path stage=established "
			"state=ESTABLISHED " BY_CLIENT SHAKEN NO_FIN
			"rst_count_srv=1 rst_ttl=59 ttl_min=64 ttl_max=64 error=ECONNRESET "
			"evidence=has:rst_too_early",
		.at_b = ANYTHING,
	},
	{
		.id = "58a",
		.name = "over VLAN: close with unread bytes",
		.recipe = recipe_unread_close,
		.lab = LAB_VLAN,
		.at_a = UNREAD_AT_A,
		.at_b = UNREAD_AT_B,
	},
	{
		.id = "58b",
		.name = "over QinQ: close with unread bytes",
		.recipe = recipe_unread_close,
		.lab = LAB_QINQ,
		.at_a = UNREAD_AT_A,
		.at_b = UNREAD_AT_B,
	},
	{
		.id = "58c",
		.name = "over VXLAN: close with unread bytes",
		.recipe = recipe_unread_close,
		.lab = LAB_VXLAN,
		.at_a = UNREAD_AT_A,
		.at_b = UNREAD_AT_B,
	},
	{
		.id = "58d",
		.name = "under IPv6 destination options: linger 0",
		.recipe = recipe_extension_header,
		.families = IPV6_ONLY,
		.at_a = LINGER0_AT_A,
		.at_b = LINGER0_AT_B,
	},
	{
		.id = "58e",
		.name = "RST in fragments",
		.recipe = recipe_rst_in_fragments,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null " BY_CLIENT
			SHAKEN NO_FIN RST_SERVER CLIENT_BYTES "error=ECONNRESET",
		.at_b = NO_RECORD,
	},
	{
		.id = "58f",
		.name = "RST in fragments too small to be seen",
		.recipe = recipe_rst_in_tiny_fragments,
		.families = IPV4_ONLY,
		.at_a = "verdict=peer_reset initiator=peer stage=established state=ESTABLISHED closer_pid=null confidence=inferred|unknown " BY_CLIENT
			SHAKEN NO_FIN NO_RST CLIENT_BYTES "error=ECONNRESET",
		.at_b = NO_RECORD,
	},
	{
		.id = "F1",
		.name = "forwarded: client closes first",
		.recipe = recipe_client_closes_first,
		.lab = LAB_ROUTED,
		.at_a = "verdict=fin_normal initiator=local_app " BY_CLIENT SHAKEN FINS_BOTH NO_RST
			CLIENT_BYTES,
		.at_b = "verdict=fin_normal initiator=peer " BY_SERVER SHAKEN FINS_BOTH NO_RST
			SERVER_BYTES,
		.at_m = "verdict=fin_normal initiator=client stage=closing " FORWARDED SHAKEN
			FINS_BOTH NO_RST "bytes_sent=null",
	},
	{
		.id = "F2",
		.name = "forwarded: server closes first",
		.recipe = recipe_server_closes_first,
		.lab = LAB_ROUTED,
		.at_a = "verdict=fin_normal initiator=peer " BY_CLIENT SHAKEN FINS_BOTH NO_RST
			CLIENT_BYTES,
		.at_b = "verdict=fin_normal initiator=local_app " BY_SERVER SHAKEN FINS_BOTH NO_RST
			SERVER_BYTES,
		.at_m = "verdict=fin_normal initiator=server stage=closing " FORWARDED SHAKEN
			FINS_BOTH NO_RST "bytes_sent=null",
	},
	{
		.id = "F3",
		.name = "forwarded: client resets",
		.recipe = recipe_linger0,
		.lab = LAB_ROUTED,
		.at_a = LINGER0_AT_A,
		.at_b = LINGER0_AT_B,
		.at_m = "verdict=peer_reset initiator=client stage=established " FORWARDED SHAKEN
			NO_FIN RST_CLIENT,
	},
	{
		.id = "F4",
		.name = "forwarded: server resets",
		.recipe = recipe_unread_close,
		.lab = LAB_ROUTED,
		.at_a = UNREAD_AT_A,
		.at_b = UNREAD_AT_B,
		.at_m = "verdict=peer_reset initiator=server stage=established " FORWARDED SHAKEN
			NO_FIN RST_SERVER,
	},
	{
		.id = "F5",
		.name = "forwarded: refused",
		.recipe = recipe_refused,
		.lab = LAB_ROUTED,
		.at_a = "verdict=peer_refused initiator=peer stage=handshake " BY_CLIENT ONE_SYN
			NO_FIN RST_SERVER "error=ECONNREFUSED",
		.at_b = "verdict=local_refused initiator=local_kernel stage=handshake " BY_NOBODY
			ONE_SYN NO_FIN RST_SERVER,
		.at_m = "verdict=peer_refused initiator=server stage=handshake " FORWARDED ONE_SYN
			NO_FIN RST_SERVER,
	},
	{
		.id = "F6",
		.name = "forwarded: late data",
		.recipe = recipe_late_data_time_wait,
		.lab = LAB_ROUTED,
		.at_a = "verdict=local_late_data_rst initiator=local_kernel " BY_CLIENT SHAKEN
			FIN_CLIENT RST_CLIENT,
		.at_b = "verdict=peer_reset initiator=peer " BY_SERVER SHAKEN FIN_CLIENT RST_CLIENT
			"error=EPIPE",
		.at_m = "verdict=peer_reset initiator=client stage=closing|after_close " FORWARDED
			SHAKEN FIN_CLIENT RST_CLIENT,
	},
	{
		.id = "F7",
		.name = "router drops the SYN",
		.recipe = recipe_router_drops,
		.lab = LAB_ROUTED,
		.at_a = "verdict=timeout_handshake initiator=timeout stage=handshake " CAUSE_SYN_UNANSWERED
			BY_CLIENT NO_FIN NO_RST "syn_count_clt=>=2 error=ETIMEDOUT",
		.at_b = NO_RECORD,
		.at_m = "verdict=timeout_handshake initiator=timeout stage=handshake " CAUSE_SYN_UNANSWERED
			FORWARDED NO_FIN NO_RST "syn_count_clt=>=2",
	},
};

const struct scenario_table wire_scenarios = SCENARIO_TABLE(wire_rows);
