/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* With a router between the ends, which sees all and has no socket. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>

#include "tests/e2e/recipes.h"

#define REJECT_REQUESTS "tcp dport 8080 reject with tcp reset"

/* Let B look as if it were a few hops further away than it is. */
static enum recipe_result move_server_away(struct scenario_run *run)
{
	char name[64];

	snprintf(name, sizeof(name), "ipv6/conf/%s/hop_limit", run->lab->side[SIDE_B].interface);
	STEP(netlab_sysctl(run->lab, SIDE_B, "ipv4/ip_default_ttl", "60"), 0);
	STEP(netlab_sysctl(run->lab, SIDE_B, name, "60"), 0);
	return RECIPE_DONE;
}

/* The router answers data in B's name, and B's own data contradict it afterwards. */
enum recipe_result recipe_router_resets(struct scenario_run *run)
{
	STEPS(move_server_away(run));
	STEPS(recipe_exchange(run));
	STEPS(recipe_filter(run, SIDE_M, REJECT_REQUESTS, NULL));
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	STEP(actor_wait_state(&run->server, CONNECTION, TCP_ESTABLISHED), 0);
	STEP(actor_set_option(&run->server, CONNECTION, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000), 0);
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_wait_error(&run->server, CONNECTION), -ETIMEDOUT);
	return RECIPE_DONE;
}

enum recipe_result recipe_router_refuses(struct scenario_run *run)
{
	STEPS(recipe_listen(run));
	STEPS(recipe_filter(run, SIDE_M, REJECT_REQUESTS, NULL));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), -ECONNREFUSED);
	return RECIPE_DONE;
}

/* A rule that drops in silence. */
enum recipe_result recipe_router_drops(struct scenario_run *run)
{
	STEPS(recipe_listen(run));
	STEPS(recipe_filter(run, SIDE_M, "tcp dport 8080 drop", NULL));
	STEPS(recipe_client_socket(run));
	STEP(actor_set_option(&run->client, CONNECTION, IPPROTO_TCP, TCP_SYNCNT, 1), 0);
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), -ETIMEDOUT);
	return RECIPE_DONE;
}
