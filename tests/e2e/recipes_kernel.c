/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel resets: nobody listens, nobody is there any more, or nobody reads any more. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "tests/e2e/recipes.h"

enum recipe_result recipe_refused(struct scenario_run *run)
{
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), -ECONNREFUSED);
	return RECIPE_DONE;
}

/* The acknowledged FIN of a closed socket: what answers is a TIME_WAIT mini-socket. */
enum recipe_result recipe_late_data_time_wait(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_receive(&run->server, CONNECTION, 1), 0);
	STEPS(recipe_wait_acked(run, SIDE_A, SIDE_A));
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_wait_error(&run->server, CONNECTION), -EPIPE);
	return RECIPE_DONE;
}

/* The FIN never arrives, so that the closed socket is still whole when data come. */
enum recipe_result recipe_late_data_fin_wait(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEPS(recipe_filter(run, SIDE_B, "tcp flags & fin == fin drop", NULL));
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEPS(recipe_wait_fin(run, SIDE_B, SIDE_A, 1));
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_wait_error(&run->server, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_late_data_shutdown(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_shutdown(&run->client, CONNECTION, SHUT_RDWR), 0);
	STEP(actor_receive(&run->server, CONNECTION, 1), 0);
	STEP(actor_wait_state(&run->client, CONNECTION, TCP_FIN_WAIT2), 0);
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_wait_error(&run->server, CONNECTION), -EPIPE);
	return RECIPE_DONE;
}

/* Like a server that was rebooted: it forgets the connection without a word. */
enum recipe_result recipe_repair_close(struct scenario_run *run)
{
	int err;

	STEPS(recipe_exchange(run));
	/* Or the listener would answer instead of nobody. */
	STEP(actor_close(&run->server, LISTENER), 0);
	err = actor_set_option(&run->server, CONNECTION, IPPROTO_TCP, TCP_REPAIR, 1);
	if (err == -EPERM || err == -ENOPROTOOPT)
		return recipe_skip(run, "this kernel has no TCP_REPAIR");
	STEP(err, 0);
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}
