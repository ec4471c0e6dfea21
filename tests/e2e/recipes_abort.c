/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A process or an administrator ends the connection by RST. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/recipes.h"
#include "tests/e2e/tool.h"

enum recipe_result recipe_linger0(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_set_linger(&run->client, CONNECTION, 0), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

static enum recipe_result recipe_leave_unread(struct scenario_run *run)
{
	STEPS(recipe_establish(run));
	STEP(actor_send(&run->client, CONNECTION, UNREAD_BYTES), UNREAD_BYTES);
	STEP(actor_wait_unread(&run->server, CONNECTION, UNREAD_BYTES), 0);
	STEP(actor_wait_acked(&run->client, CONNECTION), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_unread_close(struct scenario_run *run)
{
	STEPS(recipe_leave_unread(run));
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_unread_killed(struct scenario_run *run)
{
	STEPS(recipe_leave_unread(run));
	STEP(actor_kill(&run->server), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_linger2(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_set_option(&run->client, CONNECTION, IPPROTO_TCP, TCP_LINGER2, -1), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_wait_error(&run->server, CONNECTION), -EPIPE);
	return RECIPE_DONE;
}

enum recipe_result recipe_admin_kill(struct scenario_run *run)
{
	char filter[32];
	const char *const argv[] = { "ss", "-K", "-t", "-n", filter, NULL };
	struct tool_result result;

	STEPS(recipe_exchange(run));
	snprintf(filter, sizeof(filter), "dport = :%d", SERVER_PORT);
	STEP(tool_run(argv, run->lab->side[SIDE_A].netns_fd, NULL, &result), 0);
	if (result.status == 127)
		return recipe_skip(run, "there is no ss here");
	if (strstr(result.output, "not supported"))
		return recipe_skip(run, "this kernel has no CONFIG_INET_DIAG_DESTROY");
	run->helper_pid = result.pid;
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNABORTED);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_unaccepted(struct scenario_run *run)
{
	STEPS(recipe_listen(run));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	STEP(actor_wait_acceptable(&run->server, LISTENER), 0);
	STEP(actor_close(&run->server, LISTENER), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_disconnect(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_disconnect(&run->client, CONNECTION), 0);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_linger0_after_fin(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_shutdown(&run->client, CONNECTION, SHUT_WR), 0);
	STEP(actor_receive(&run->server, CONNECTION, 1), 0);
	STEP(actor_wait_state(&run->client, CONNECTION, TCP_FIN_WAIT2), 0);
	STEP(actor_set_linger(&run->client, CONNECTION, 0), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_wait_error(&run->server, CONNECTION), -EPIPE);
	return RECIPE_DONE;
}

enum recipe_result recipe_unread_after_fin(struct scenario_run *run)
{
	STEPS(recipe_leave_unread(run));
	STEP(actor_shutdown(&run->client, CONNECTION, SHUT_WR), 0);
	STEP(actor_wait_state(&run->server, CONNECTION, TCP_CLOSE_WAIT), 0);
	STEP(actor_wait_state(&run->client, CONNECTION, TCP_FIN_WAIT2), 0);
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_unread_linger0(struct scenario_run *run)
{
	STEPS(recipe_leave_unread(run));
	STEP(actor_set_linger(&run->server, CONNECTION, 0), 0);
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}
