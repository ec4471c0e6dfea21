/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Endings by FIN. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "tests/e2e/recipes.h"

enum recipe_result recipe_client_closes_first(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_receive(&run->server, CONNECTION, 1), 0);
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEPS(recipe_wait_acked(run, SIDE_B, SIDE_B));
	return RECIPE_DONE;
}

enum recipe_result recipe_server_closes_first(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_receive(&run->client, CONNECTION, 1), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEPS(recipe_wait_acked(run, SIDE_A, SIDE_A));
	return RECIPE_DONE;
}

/*
 * Both FINs must be sent before either arrives. The filters hold both back, then the very frames
 * that were held back are put onto the link again while the filters drop bare ACKs: so both ends
 * go through CLOSING. The routes' RTO is long, so that no retransmitted FIN comes in between.
 */
enum recipe_result recipe_simultaneous_close(struct scenario_run *run)
{
	static const char *const drop_fin = "tcp flags & fin == fin drop";
	static const char *const drop_ack = "tcp flags & (fin | rst | syn) == 0 drop";
	struct tap *a = &run->tap[SIDE_A], *b = &run->tap[SIDE_B];

	STEP(netlab_rto_min(run->lab, SIDE_A, run->family, 1500), 0);
	STEP(netlab_rto_min(run->lab, SIDE_B, run->family, 1500), 0);
	STEPS(recipe_exchange(run));
	STEPS(recipe_filter(run, SIDE_A, drop_fin, NULL));
	STEPS(recipe_filter(run, SIDE_B, drop_fin, NULL));
	STEP(actor_shutdown(&run->client, CONNECTION, SHUT_WR), 0);
	STEP(actor_shutdown(&run->server, CONNECTION, SHUT_WR), 0);
	STEPS(recipe_wait_fin(run, SIDE_A, SIDE_A, 1));
	STEPS(recipe_wait_fin(run, SIDE_B, SIDE_B, 1));
	STEPS(recipe_filter(run, SIDE_A, drop_ack, NULL));
	STEPS(recipe_filter(run, SIDE_B, drop_ack, NULL));
	STEP(rawtcp_replay(a, a->from[SIDE_A].fin_frame, a->from[SIDE_A].fin_frame_bytes), 0);
	STEP(actor_wait_state(&run->server, CONNECTION, TCP_CLOSING), 0);
	STEP(rawtcp_replay(b, b->from[SIDE_B].fin_frame, b->from[SIDE_B].fin_frame_bytes), 0);
	STEP(actor_wait_state(&run->client, CONNECTION, TCP_CLOSING), 0);
	STEP(netlab_filter_clear(run->lab), 0);
	STEP(actor_wait_state(&run->client, CONNECTION, TCP_CLOSE), 0);
	STEP(actor_wait_state(&run->server, CONNECTION, TCP_CLOSE), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_close(&run->server, CONNECTION), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_server_killed(struct scenario_run *run)
{
	STEPS(recipe_exchange(run));
	STEP(actor_kill(&run->server), 0);
	STEP(actor_receive(&run->client, CONNECTION, 1), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEPS(recipe_wait_acked(run, SIDE_A, SIDE_A));
	return RECIPE_DONE;
}

/* As long as the client holds the socket, no timeout ends a half-closed connection. */
enum recipe_result recipe_half_close(struct scenario_run *run)
{
	STEP(netlab_sysctl(run->lab, SIDE_A, "ipv4/tcp_fin_timeout", "1"), 0);
	STEPS(recipe_exchange(run));
	STEP(actor_shutdown(&run->client, CONNECTION, SHUT_WR), 0);
	STEP(actor_receive(&run->server, CONNECTION, 1), 0);
	for (int i = 0; i < 4; i++) {
		poll(NULL, 0, 600);
		STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
		STEP(actor_receive(&run->client, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	}
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEP(actor_receive(&run->client, CONNECTION, 1), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEPS(recipe_wait_acked(run, SIDE_B, SIDE_B));
	return RECIPE_DONE;
}

/* The server reads the FIN and never closes: the client's orphan is dropped in silence. */
enum recipe_result recipe_half_close_timeout(struct scenario_run *run)
{
	STEP(netlab_sysctl(run->lab, SIDE_A, "ipv4/tcp_fin_timeout", "2"), 0);
	STEPS(recipe_exchange(run));
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_receive(&run->server, CONNECTION, 1), 0);
	STEPS(recipe_wait_acked(run, SIDE_A, SIDE_A));
	return RECIPE_DONE;
}
