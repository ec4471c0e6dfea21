/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Handshakes that a listener never finishes, and segments that belong to none. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "tests/e2e/recipes.h"

#define RAW_PORT 40000
#define RAW_SEQ 1000
#define SYN_FLOOD 3
#define OTHER_CONNECTION 2

/* A's own stack knows nothing of what is put onto the link in its name: keep it quiet. */
static enum recipe_result keep_client_stack_quiet(struct scenario_run *run)
{
	return recipe_filter(run, SIDE_A, NULL, "tcp dport 8080 tcp flags & rst == rst drop");
}

static struct rawtcp_segment raw_segment(uint16_t port, uint8_t flags)
{
	return (struct rawtcp_segment){
		.from = SIDE_A, .client_port = port, .seq = RAW_SEQ, .flags = flags
	};
}

/* Forget what came before, and from now on only count one client port. */
static void watch_only(struct scenario_run *run, uint16_t port)
{
	run->client_port = port;
	for (int s = 0; s < SIDE_COUNT; s++)
		tap_watch_only(&run->tap[s], port);
}

/* Sends the SYN; *ret_ack is the segment that would complete the handshake. */
static enum recipe_result raw_half_open(struct scenario_run *run, uint16_t port,
					struct rawtcp_segment *ret_ack)
{
	struct rawtcp_segment syn = raw_segment(port, RAWTCP_SYN);

	watch_only(run, port);
	STEP(rawtcp_send(&run->tap[SIDE_A], run->lab, &syn), 0);
	STEPS(recipe_wait_syn(run, SIDE_A, SIDE_B, 1));
	*ret_ack = raw_segment(port, RAWTCP_ACK);
	ret_ack->seq++;
	ret_ack->ack = run->tap[SIDE_A].from[SIDE_B].next_seq;
	return RECIPE_DONE;
}

/* Two accepted-to-be fill the queue but for one; of two half-open ones only one can get in. */
static enum recipe_result recipe_fill_queue(struct scenario_run *run,
					    struct rawtcp_segment *ret_ack)
{
	struct rawtcp_segment first;

	STEPS(keep_client_stack_quiet(run));
	STEP(actor_socket(&run->server, LISTENER, run->family), 0);
	STEP(actor_listen(&run->server, LISTENER, &run->server_address, 2), 0);
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	STEP(actor_socket(&run->client, OTHER_CONNECTION, run->family), 0);
	STEP(actor_connect(&run->client, OTHER_CONNECTION, &run->server_address), 0);
	STEPS(raw_half_open(run, RAW_PORT, &first));
	STEPS(raw_half_open(run, RAW_PORT + 1, ret_ack));
	STEP(rawtcp_send(&run->tap[SIDE_A], run->lab, &first), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_overflow_reset(struct scenario_run *run)
{
	struct rawtcp_segment ack;

	STEP(netlab_sysctl(run->lab, SIDE_B, "ipv4/tcp_abort_on_overflow", "1"), 0);
	STEPS(recipe_fill_queue(run, &ack));
	STEP(rawtcp_send(&run->tap[SIDE_A], run->lab, &ack), 0);
	STEPS(recipe_wait_rst(run, SIDE_A, SIDE_B, 1));
	return RECIPE_DONE;
}

/* The ACK is dropped, the SYN-ACK comes again and again, and in the end it is forgotten. */
enum recipe_result recipe_overflow_silent(struct scenario_run *run)
{
	struct rawtcp_segment ack;

	STEP(netlab_sysctl(run->lab, SIDE_B, "ipv4/tcp_synack_retries", "1"), 0);
	STEPS(recipe_fill_queue(run, &ack));
	STEP(rawtcp_send(&run->tap[SIDE_A], run->lab, &ack), 0);
	STEPS(recipe_wait_syn(run, SIDE_A, SIDE_B, 2));
	return RECIPE_DONE;
}

enum recipe_result recipe_syn_flood(struct scenario_run *run)
{
	struct rawtcp_segment ack;

	STEP(netlab_sysctl(run->lab, SIDE_B, "ipv4/tcp_synack_retries", "1"), 0);
	STEPS(keep_client_stack_quiet(run));
	STEPS(recipe_listen(run));
	for (int i = 0; i < SYN_FLOOD; i++)
		STEPS(raw_half_open(run, RAW_PORT + i, &ack));
	STEPS(recipe_wait_syn(run, SIDE_A, SIDE_B, 2));
	return RECIPE_DONE;
}

enum recipe_result recipe_stray_ack(struct scenario_run *run)
{
	struct rawtcp_segment ack = raw_segment(RAW_PORT, RAWTCP_ACK);

	ack.ack = 77777;
	STEPS(recipe_listen(run));
	watch_only(run, RAW_PORT);
	STEP(rawtcp_send(&run->tap[SIDE_A], run->lab, &ack), 0);
	STEPS(recipe_wait_rst(run, SIDE_A, SIDE_B, 1));
	return RECIPE_DONE;
}

/* Somebody sent SYNs in A's name: the server answers A, which knows nothing of it. */
enum recipe_result recipe_reflected_syn_ack(struct scenario_run *run)
{
	struct rawtcp_segment syn_ack = raw_segment(RAW_PORT, RAWTCP_SYN | RAWTCP_ACK);

	syn_ack.from = SIDE_B;
	syn_ack.ack = 77777;
	watch_only(run, RAW_PORT);
	STEP(rawtcp_send(&run->tap[SIDE_B], run->lab, &syn_ack), 0);
	STEPS(recipe_wait_rst(run, SIDE_B, SIDE_A, 1));
	return RECIPE_DONE;
}

/* RFC 9293 section 3.10.7.3: an ACK of what was never sent is answered by RST; the socket stays. */
enum recipe_result recipe_old_ack_while_connecting(struct scenario_run *run)
{
	struct rawtcp_segment ack = raw_segment(0, RAWTCP_ACK);

	STEPS(recipe_filter(run, SIDE_B, "tcp dport 8080 drop", NULL));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect_start(&run->client, CONNECTION, &run->server_address), -EINPROGRESS);
	STEPS(recipe_wait_syn(run, SIDE_B, SIDE_A, 1));
	ack.from = SIDE_B;
	ack.client_port = run->tap[SIDE_B].client_port;
	ack.ack = run->tap[SIDE_B].from[SIDE_A].next_seq - 1000;
	STEP(rawtcp_send(&run->tap[SIDE_B], run->lab, &ack), 0);
	STEPS(recipe_wait_rst(run, SIDE_B, SIDE_A, 1));
	STEP(actor_wait_state(&run->client, CONNECTION, TCP_SYN_SENT), 0);
	STEP(actor_close(&run->client, CONNECTION), 0);
	return RECIPE_DONE;
}
