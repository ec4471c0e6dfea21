/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What more is to be said of an ending: the death of its process, and what came before. */
#include "tests/e2e/recipes.h"
#include "tests/e2e/scenario_words.h"

#define ABORTED_AT_B                                                                               \
	"verdict=local_app_abort initiator=local_app stage=established state=ESTABLISHED "         \
	"bytes_unread=1000 " CAUSE_UNREAD_DATA PROVED SHAKEN NO_FIN RST_SERVER
#define RESET_AT_A                                                                                 \
	"verdict=peer_reset initiator=peer stage=established error=ECONNRESET closer_pid=null "    \
	"death=null " BY_CLIENT RST_SERVER
#define FOLLOWED_AT_A "verdict=fin_normal initiator=peer death=null " BY_CLIENT CLOSED_BY_CLIENT
#define DIED_AT_B                                                                                  \
	"verdict=fin_normal initiator=local_app " CAUSE_PROCESS_DIED PROVED BY_SERVER              \
		CLOSED_BY_SERVER SHAKEN NO_RST "evidence=has:closer_died "
#define ANOTHER_PORT "local_addr=* local_port=* peer_addr=* peer_port=* "

static const struct scenario why_rows[] = {
	{
		.id = "W1",
		.name = "the server exits with code 3",
		.recipe = recipe_server_exits,
		.at_a = FOLLOWED_AT_A,
		.at_b = DIED_AT_B "death=exit exit_code=3 killer_pid=null "
				  "explanation=says:exited_(code_3),_which_closed_the_connection",
	},
	{
		.id = "W2",
		.name = "the server crashes with nothing unread",
		.recipe = recipe_server_crashes,
		.at_a = FOLLOWED_AT_A,
		.at_b = DIED_AT_B "death=SIGSEGV exit_code=null killer_pid=null "
				  "explanation=says:crashed_(SIGSEGV",
	},
	{
		.id = "W3",
		.name = "the server crashes with data unread",
		.recipe = recipe_server_crashes_unread,
		.at_a = RESET_AT_A,
		.at_b = ABORTED_AT_B BY_SERVER CLOSED_BY_SERVER "death=SIGSEGV killer_pid=null",
	},
	{
		.id = "W4",
		.name = "the server becomes another program",
		.recipe = recipe_server_execs,
		.at_a = RESET_AT_A,
		.at_b = ABORTED_AT_B
		"pid=@server closer_pid=@server closer_comm=true death=exec exit_code=null",
	},
	{
		.id = "W5",
		.name = "the server is killed for memory, by the limit of its cgroup",
		.recipe = recipe_server_is_oom_killed,
		.at_a = RESET_AT_A,
		.at_b = ABORTED_AT_B BY_SERVER CLOSED_BY_SERVER
		"death=oom killer_pid=null "
		"explanation=says:by_the_OOM_killer_of_cgroup_/ct|says:,_limit_16_MB)",
	},
	{
		.id = "W6",
		.name = "SIGKILL of a listener with a connection not accepted",
		.recipe = recipe_listener_killed,
		.at_a = RESET_AT_A,
		.at_b = "verdict=local_unaccepted stage=established " BY_SERVER CLOSED_BY_SERVER
			"death=SIGKILL killer_comm=ct_runner "
			"explanation=says:,_which_closed_the_listener_on",
	},
	{
		.id = "W7",
		.name = "keep-alive race",
		.recipe = recipe_keepalive_race,
		.at_a = "verdict=peer_reset initiator=peer cause=keepalive_race evidence=has:fin_crossed "
			"error=EPIPE idle_before_us=>=250000 peer_fin_us=>=1 bytes_unacked=100 " BY_CLIENT
			"explanation=says:none_of_it_was_acknowledged",
		.at_b = ANYTHING,
	},
	{
		.id = "W8",
		.name = "a connection that the server had closed before is used",
		.recipe = recipe_stale_pool,
		.at_a = "verdict=peer_reset initiator=peer cause=stale_pool evidence=has:sent_after_fin "
			"error=EPIPE idle_before_us=>=250000 peer_fin_us=>=250000 bytes_unacked=100 " BY_CLIENT,
		.at_b = ANYTHING,
	},
	{
		.id = "W9",
		.name = "a proxy whose backend is refused",
		.recipe = recipe_backend_refused,
		.is_unordered = true,
		.at_a = FOLLOWED_AT_A "follows=null",
		.at_b = "verdict=peer_refused role=client client_port=* " ANOTHER_PORT BY_SERVER
			"follows=null" THEN "verdict=local_refused client_port=* " ANOTHER_PORT
			"follows=null" THEN
			"verdict=fin_normal initiator=local_app " CAUSE_LOCAL_FIRST BY_SERVER
				CLOSED_BY_SERVER
			"follows=!null explanation=says:probably_because_its_connection_to",
	},
	{
		.id = "W10",
		.name = "no local port is free",
		.recipe = recipe_no_local_port,
		.is_unordered = true,
		.at_a = "verdict=local_cancel cause=no_local_port error=EADDRNOTAVAIL confidence=inferred "
			"local_port=null client_port=null explanation=says:all_1_of " BY_CLIENT THEN
				FOLLOWED_AT_A,
		.at_b = "verdict=fin_normal initiator=local_app " CAUSE_LOCAL_FIRST BY_SERVER,
	},
	{
		.id = "W11",
		.name = "the path swallows what is larger than 900 bytes",
		.recipe = recipe_mtu_black_hole,
		.lab = LAB_ROUTED,
		.at_a = "verdict=timeout_data cause=mtu_black_hole confidence=inferred error=ETIMEDOUT "
			"evidence=has:small_pass explanation=says:MTU_black_hole " BY_CLIENT,
		.at_b = ANYTHING,
		.at_m = ANYTHING,
	},
	{
		.id = "W12",
		.name = "a reader that is too slow resets",
		.recipe = recipe_slow_reader,
		.at_a = "verdict=local_app_abort " BY_CLIENT,
		.at_b = "verdict=peer_reset error=ECONNRESET bytes_unsent=>=1 "
			"explanation=says:the_peer_read_too_slowly " BY_SERVER,
	},
};

const struct scenario_table why_scenarios = SCENARIO_TABLE(why_rows);
