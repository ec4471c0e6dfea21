/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose socket it was, and who closed it. A wrong name is a failure. */
#include "tests/e2e/recipes.h"
#include "tests/e2e/scenario_words.h"
#include "tests/e2e/scenarios.h"

#define BY_WORKER "pid=@helper comm=ct_worker closer_pid=@helper closer_comm=ct_worker "
#define NORMAL_AT_A "verdict=fin_normal initiator=peer " CAUSE_PEER_FIRST BY_CLIENT CLOSED_BY_CLIENT
#define NORMAL_AT_B "verdict=fin_normal initiator=local_app " CAUSE_LOCAL_FIRST
#define RESET_AT_A "verdict=local_app_abort " CAUSE_LINGER0 BY_CLIENT CLOSED_BY_CLIENT
#define RESET_AT_B                                                                                 \
	"verdict=peer_reset initiator=peer error=ECONNRESET closer_pid=null closer_comm=null "

static const struct scenario owner_rows[] = {
	{
		.id = "O1",
		.name = "nginx: the master listens, a worker accepts",
		.recipe = recipe_nginx,
		.at_a = NORMAL_AT_A "ct_count=1",
		.at_b = NORMAL_AT_B "pid=@helper comm=nginx closer_pid=@helper closer_comm=nginx",
	},
	{
		.id = "O2",
		.name = "accepted in another thread than listened",
		.recipe = recipe_accept_in_thread,
		.at_a = NORMAL_AT_A CLIENT_BYTES,
		.at_b = NORMAL_AT_B BY_SERVER CLOSED_BY_SERVER SERVER_BYTES,
	},
	{
		.id = "O2b",
		.name = "accepted and closed in other threads",
		.recipe = recipe_close_in_thread,
		.at_a = "verdict=peer_reset closer_pid=null " BY_CLIENT RST_SERVER,
		.at_b = "verdict=local_app_abort " CAUSE_UNREAD_DATA BY_SERVER CLOSED_BY_SERVER
			RST_SERVER,
	},
	{
		.id = "O3",
		.name = "accepted in a child of the one that listened",
		.recipe = recipe_accept_in_child,
		.at_a = NORMAL_AT_A CLIENT_BYTES,
		.at_b = NORMAL_AT_B BY_WORKER SERVER_BYTES,
	},
	{
		.id = "O4",
		.name = "passed to another process",
		.recipe = recipe_passed_socket,
		.at_a = NORMAL_AT_A CLIENT_BYTES,
		.at_b = NORMAL_AT_B BY_WORKER SERVER_BYTES,
	},
	{
		.id = "O5a",
		.name = "older than the tracer, reset",
		.prelude = recipe_exchange,
		.recipe = recipe_linger0_close,
		.at_a = RESET_AT_A "role=client|null rst_count=1 ",
		.at_b = RESET_AT_B BY_SERVER "role=server|null owner_source=snapshot rst_count=1",
	},
	{
		.id = "O5b",
		.name = "older than the tracer, closed",
		.prelude = recipe_exchange,
		.recipe = recipe_server_close,
		.at_a = NORMAL_AT_A "role=client|null fin_count=2",
		.at_b = NORMAL_AT_B BY_SERVER CLOSED_BY_SERVER "role=server|null fin_count=2",
	},
	{
		.id = "O6a",
		.name = "reset over loopback on one busy CPU",
		.recipe = recipe_reset_on_shared_cpu,
		.is_loopback = true,
		.is_unordered = true,
		.at_a = NO_RECORD,
		.at_b = "role=client " RESET_AT_A SHAKEN NO_FIN RST_CLIENT THEN
			"role=server " RESET_AT_B BY_SERVER SHAKEN NO_FIN RST_CLIENT,
	},
	{
		.id = "O6b",
		.name = "reset on one busy CPU",
		.recipe = recipe_reset_on_shared_cpu,
		.at_a = RESET_AT_A SHAKEN NO_FIN RST_CLIENT,
		.at_b = RESET_AT_B BY_SERVER SHAKEN NO_FIN RST_CLIENT,
	},
	{
		.id = "O6c",
		.name = "timer on a busy CPU",
		.recipe = recipe_timeout_on_shared_cpu,
		.at_a = "verdict=timeout_data closer_pid=null closer_comm=null error=ETIMEDOUT " BY_CLIENT
			SHAKEN,
		.at_b = NO_RECORD,
	},
	{
		.id = "O7",
		.name = "exit with unread bytes",
		.recipe = recipe_unread_exit,
		.at_a = "verdict=peer_reset closer_pid=null " BY_CLIENT RST_SERVER,
		.at_b = "verdict=local_app_abort " CAUSE_UNREAD_DATA BY_SERVER CLOSED_BY_SERVER
			RST_SERVER "bytes_unread=1000",
	},
	{
		.id = "O9",
		.name = "gone before its record is read",
		.recipe = recipe_short_lived,
		.at_a = RESET_AT_A SHAKEN NO_FIN RST_CLIENT,
		.at_b = RESET_AT_B BY_SERVER SHAKEN NO_FIN RST_CLIENT,
	},
};

const struct scenario_table owner_scenarios = SCENARIO_TABLE(owner_rows);
