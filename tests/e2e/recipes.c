/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/recipes.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#define WIRE_WAIT_MS 10000

static const char *result_text(int result, char *buffer, size_t size)
{
	if (result < 0)
		return strerrorname_np(-result) ? strerrorname_np(-result) : "unknown error";
	snprintf(buffer, size, "%d", result);
	return buffer;
}

bool recipe_step(struct scenario_run *run, const char *step, int result, int expected)
{
	char got[16], wanted[16];

	if (result == expected)
		return true;
	snprintf(run->why, sizeof(run->why), "%s: got %s, wanted %s", step,
		 result_text(result, got, sizeof(got)),
		 result_text(expected, wanted, sizeof(wanted)));
	return false;
}

enum recipe_result recipe_skip(struct scenario_run *run, const char *reason)
{
	snprintf(run->why, sizeof(run->why), "%s", reason);
	return RECIPE_SKIPPED;
}

enum recipe_result recipe_listen(struct scenario_run *run)
{
	STEP(actor_socket(&run->server, LISTENER, run->family), 0);
	STEP(actor_listen(&run->server, LISTENER, &run->server_address, 16), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_client_socket(struct scenario_run *run)
{
	STEP(actor_socket(&run->client, CONNECTION, run->family), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_establish(struct scenario_run *run)
{
	STEPS(recipe_listen(run));
	STEPS(recipe_client_socket(run));
	STEP(actor_connect(&run->client, CONNECTION, &run->server_address), 0);
	STEP(actor_accept(&run->server, LISTENER, CONNECTION), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_exchange(struct scenario_run *run)
{
	STEPS(recipe_establish(run));
	STEP(actor_send(&run->client, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_receive(&run->server, CONNECTION, REQUEST_BYTES), REQUEST_BYTES);
	STEP(actor_send(&run->server, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_receive(&run->client, CONNECTION, REPLY_BYTES), REPLY_BYTES);
	STEP(actor_wait_acked(&run->client, CONNECTION), 0);
	STEP(actor_wait_acked(&run->server, CONNECTION), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_filter(struct scenario_run *run, enum lab_side side, const char *input,
				 const char *output)
{
	int err = netlab_filter(run->lab, side, input, output);

	if (err == -EOPNOTSUPP)
		return recipe_skip(run, "this host has no usable nftables");
	STEP(err, 0);
	return RECIPE_DONE;
}

/* The condition for tap_wait(): `from` in the highest byte, the count below. */
static bool has_rsts(const struct tap *tap, uint32_t argument)
{
	return tap->from[argument >> 24].rst_count >= (argument & 0xffffff);
}

static bool has_fins(const struct tap *tap, uint32_t argument)
{
	return tap->from[argument >> 24].fin_count >= (argument & 0xffffff);
}

static bool has_syns(const struct tap *tap, uint32_t argument)
{
	return tap->from[argument >> 24].syn_count >= (argument & 0xffffff);
}

static bool is_acked(const struct tap *tap, uint32_t to)
{
	const struct tap_direction *sender = &tap->from[to];
	const struct tap_direction *other = &tap->from[to == SIDE_A ? SIDE_B : SIDE_A];

	return sender->is_seen && other->last_ack == sender->next_seq;
}

enum recipe_result recipe_wait_rst(struct scenario_run *run, enum lab_side seen_at,
				   enum lab_side from, unsigned int count)
{
	STEP(tap_wait(&run->tap[seen_at], has_rsts, from << 24 | count, WIRE_WAIT_MS), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_wait_fin(struct scenario_run *run, enum lab_side seen_at,
				   enum lab_side from, unsigned int count)
{
	STEP(tap_wait(&run->tap[seen_at], has_fins, from << 24 | count, WIRE_WAIT_MS), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_wait_syn(struct scenario_run *run, enum lab_side seen_at,
				   enum lab_side from, unsigned int count)
{
	STEP(tap_wait(&run->tap[seen_at], has_syns, from << 24 | count, WIRE_WAIT_MS), 0);
	return RECIPE_DONE;
}

enum recipe_result recipe_wait_acked(struct scenario_run *run, enum lab_side seen_at,
				     enum lab_side to)
{
	STEP(tap_wait(&run->tap[seen_at], is_acked, to, WIRE_WAIT_MS), 0);
	return RECIPE_DONE;
}
