/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets that no stack sent. */
#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "tests/e2e/recipes.h"

#define RAW_CLIENT_PORT 40000
#define RAW_CLIENT_SEQ 1000
#define RAW_SERVER_SEQ 2000

/* RFC 5961: a RST in the window but not at rcv_nxt is answered by a challenge ACK, no more. */
enum recipe_result recipe_ignored_rst(struct scenario_run *run)
{
	struct rawtcp_segment rst = { .from = SIDE_B, .flags = RAWTCP_RST };

	STEPS(recipe_exchange(run));
	tap_drain(&run->tap[SIDE_B]);
	rst.client_port = run->tap[SIDE_B].client_port;
	rst.seq = run->tap[SIDE_B].from[SIDE_B].next_seq + 100;
	STEP(rawtcp_send(&run->tap[SIDE_B], run->lab, &rst), 0);
	STEPS(recipe_wait_rst(run, SIDE_A, SIDE_B, 1));
	/* It lives on. */
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_receive(&run->server, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_receive(&run->client, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_close(&run->client, CONNECTION), 0);
	STEP(actor_receive(&run->server, CONNECTION, 1), 0);
	STEP(actor_close(&run->server, CONNECTION), 0);
	STEPS(recipe_wait_acked(run, SIDE_B, SIDE_B));
	return RECIPE_DONE;
}

/* Somebody near B forges a RST that fits; B knows nothing of it and goes on. */
enum recipe_result recipe_injected_rst(struct scenario_run *run)
{
	struct rawtcp_segment rst = {
		.from = SIDE_B, .flags = RAWTCP_RST, .ttl = 59, .ip_id = 0x4d3a
	};

	STEPS(recipe_exchange(run));
	tap_drain(&run->tap[SIDE_B]);
	rst.client_port = run->tap[SIDE_B].client_port;
	rst.seq = run->tap[SIDE_B].from[SIDE_B].next_seq;
	STEP(rawtcp_send(&run->tap[SIDE_B], run->lab, &rst), 0);
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

static bool has_syn_ack(const struct tap *tap, uint32_t argument)
{
	(void)argument;
	return tap->from[SIDE_B].syn_count > 0;
}

/* A scanner's half-open handshake. The filter keeps A's own stack from answering the SYN-ACK. */
enum recipe_result recipe_rst_in_handshake(struct scenario_run *run)
{
	struct rawtcp_segment segment = { .from = SIDE_A,
					  .client_port = RAW_CLIENT_PORT,
					  .seq = RAW_CLIENT_SEQ,
					  .flags = RAWTCP_SYN };

	STEPS(recipe_filter(run, SIDE_A, NULL, "tcp dport 8080 tcp flags & rst == rst drop"));
	STEPS(recipe_listen(run));
	STEP(rawtcp_send(&run->tap[SIDE_A], run->lab, &segment), 0);
	STEP(tap_wait(&run->tap[SIDE_A], has_syn_ack, 0, ACTOR_STEP_MS), 0);
	segment.flags = RAWTCP_RST;
	segment.seq++;
	STEP(rawtcp_send(&run->tap[SIDE_A], run->lab, &segment), 0);
	STEPS(recipe_wait_rst(run, SIDE_B, SIDE_A, 1));
	return RECIPE_DONE;
}

#define FAR_MS 100
#define NEAR_TTL 59

static bool is_sent_up_to(const struct tap *tap, uint32_t argument)
{
	return tap->from[SIDE_A].next_seq == argument;
}

/*
 * A server far away, whose request somebody nearby resets at once. The link has no delay: the late
 * answer of a raw server is what makes the distance, so this pause is no wait for an event.
 */
enum recipe_result recipe_rst_too_early(struct scenario_run *run)
{
	struct tap *tap = &run->tap[SIDE_B];
	struct rawtcp_segment segment = { .from = SIDE_B,
					  .seq = RAW_SERVER_SEQ,
					  .flags = RAWTCP_SYN | RAWTCP_ACK,
					  .window = 65535 };

	STEPS(recipe_filter(run, SIDE_B, "tcp dport 8080 drop", NULL));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect_start(&run->client, CONNECTION, &run->server_address), -EINPROGRESS);
	STEPS(recipe_wait_syn(run, SIDE_B, SIDE_A, 1));
	usleep(FAR_MS * 1000);
	segment.client_port = tap->client_port;
	segment.ack = tap->from[SIDE_A].next_seq;
	STEP(rawtcp_send(tap, run->lab, &segment), 0);
	STEP(actor_wait_state(&run->client, CONNECTION, TCP_ESTABLISHED), 0);
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	segment.ack += REQUEST_BYTES;
	STEP(tap_wait(tap, is_sent_up_to, segment.ack, ACTOR_STEP_MS), 0);
	segment.seq++;
	segment.flags = RAWTCP_RST | RAWTCP_ACK;
	segment.ttl = NEAR_TTL;
	STEP(rawtcp_send(tap, run->lab, &segment), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}
