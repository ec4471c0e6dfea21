/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Segments that somebody else put into a connection in the name of one of its ends. */
#include <errno.h>
#include <poll.h>

#include "tests/e2e/recipes.h"

#define FAR_TTL 59
#define SEVERAL 3

/* A segment in B's name that follows what B has sent; to be put onto the link at B. */
static struct rawtcp_segment forge_as_server(struct scenario_run *run, uint8_t flags)
{
	struct tap *tap = &run->tap[SIDE_B];
	struct rawtcp_segment segment = { .from = SIDE_B, .flags = flags };

	tap_drain(tap);
	segment.client_port = tap->client_port;
	segment.seq = tap->from[SIDE_B].next_seq;
	segment.ack = tap->from[SIDE_A].next_seq;
	return segment;
}

static int put_onto_link(struct scenario_run *run, const struct rawtcp_segment *segment)
{
	return rawtcp_send(&run->tap[SIDE_B], run->lab, segment);
}

/* It lived on: another exchange, then both close, the client first. */
static enum recipe_result go_on_and_close(struct scenario_run *run)
{
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

enum recipe_result recipe_forged_rst(struct scenario_run *run)
{
	struct rawtcp_segment rst;

	STEPS(recipe_exchange(run));
	rst = forge_as_server(run, RAWTCP_RST);
	STEP(put_onto_link(run, &rst), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

/* B stays silent, so that nothing contradicts it: only what it looks like can tell. */
enum recipe_result recipe_forged_rst_from_afar(struct scenario_run *run)
{
	struct rawtcp_segment rst;

	STEPS(recipe_exchange(run));
	rst = forge_as_server(run, RAWTCP_RST);
	rst.ttl = FAR_TTL;
	rst.ip_id = 0x4d3a;
	STEP(put_onto_link(run, &rst), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_forged_rst_contradicted(struct scenario_run *run)
{
	STEPS(recipe_forged_rst(run));
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEPS(recipe_wait_rst(run, SIDE_B, SIDE_A, 1));
	return RECIPE_DONE;
}

enum recipe_result recipe_rst_out_of_window(struct scenario_run *run)
{
	struct rawtcp_segment rst;

	STEPS(recipe_exchange(run));
	rst = forge_as_server(run, RAWTCP_RST);
	rst.seq -= 100000;
	STEP(put_onto_link(run, &rst), 0);
	STEPS(recipe_wait_rst(run, SIDE_A, SIDE_B, 1));
	return go_on_and_close(run);
}

static bool has_two_syns(const struct tap *tap, uint32_t argument)
{
	(void)argument;
	return tap->from[SIDE_A].syn_count > 1;
}

/* RFC 5961 section 4: challenge ACK. The forger sits at A, so that B is the one asked. */
enum recipe_result recipe_syn_in_window(struct scenario_run *run)
{
	struct tap *tap = &run->tap[SIDE_A];
	struct rawtcp_segment syn = { .from = SIDE_A, .flags = RAWTCP_SYN };

	STEPS(recipe_exchange(run));
	tap_drain(tap);
	syn.client_port = tap->client_port;
	syn.seq = tap->from[SIDE_A].next_seq + 100;
	STEP(rawtcp_send(tap, run->lab, &syn), 0);
	STEP(tap_wait(&run->tap[SIDE_B], has_two_syns, 0, ACTOR_STEP_MS), 0);
	/* The forged sequence number is no part of the connection. */
	run->tap[SIDE_B].from[SIDE_A].next_seq = tap->from[SIDE_A].next_seq;
	return go_on_and_close(run);
}

/* Three that fit by their sequence number and disagree on what they acknowledge; B goes on. */
enum recipe_result recipe_rsts_disagree(struct scenario_run *run)
{
	struct rawtcp_segment rst;

	STEPS(recipe_exchange(run));
	rst = forge_as_server(run, RAWTCP_RST | RAWTCP_ACK);
	for (int i = 0; i < SEVERAL; i++) {
		STEP(put_onto_link(run, &rst), 0);
		rst.ack += 1460;
	}
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEPS(recipe_wait_rst(run, SIDE_B, SIDE_A, 1));
	return RECIPE_DONE;
}

/* What censors do after the first request: RST and RST|ACK, from another distance. */
enum recipe_result recipe_rst_pair(struct scenario_run *run)
{
	struct rawtcp_segment rst;

	STEPS(recipe_establish(run));
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_receive(&run->server, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEPS(recipe_wait_acked(run, SIDE_A, SIDE_A));
	rst = forge_as_server(run, RAWTCP_RST | RAWTCP_ACK);
	rst.ttl = FAR_TTL;
	rst.ip_id = 0x4d3a;
	STEP(put_onto_link(run, &rst), 0);
	rst.flags = RAWTCP_RST;
	rst.ip_id = 0x4d3b;
	STEP(put_onto_link(run, &rst), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEPS(recipe_wait_rst(run, SIDE_B, SIDE_A, 1));
	return RECIPE_DONE;
}

/* RFC 1337: it ends the wait, and nothing else. */
enum recipe_result recipe_rst_in_time_wait(struct scenario_run *run)
{
	struct rawtcp_segment rst;

	STEPS(recipe_client_closes_first(run));
	rst = forge_as_server(run, RAWTCP_RST);
	STEP(put_onto_link(run, &rst), 0);
	STEPS(recipe_wait_rst(run, SIDE_A, SIDE_B, 1));
	return RECIPE_DONE;
}

static enum recipe_result recipe_fragmented_rst(struct scenario_run *run, unsigned int first_bytes)
{
	struct rawtcp_segment rst;

	STEPS(recipe_exchange(run));
	rst = forge_as_server(run, RAWTCP_RST);
	rst.payload_bytes = 40;
	rst.fragment_bytes = first_bytes;
	rst.ip_id = 0x5eed;
	STEP(put_onto_link(run, &rst), 0);
	STEP(actor_wait_error(&run->client, CONNECTION), -ECONNRESET);
	return RECIPE_DONE;
}

enum recipe_result recipe_rst_in_fragments(struct scenario_run *run)
{
	return recipe_fragmented_rst(run, 24);
}

/* The first fragment ends before the flags: no packet filter can know that this is a RST. */
enum recipe_result recipe_rst_in_tiny_fragments(struct scenario_run *run)
{
	return recipe_fragmented_rst(run, 8);
}
