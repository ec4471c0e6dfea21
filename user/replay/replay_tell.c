// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/replay_tell.h"

#include <string.h>

#include "include/capture_decide.h"
#include "user/base/clock.h"

void tell_record(const struct replay_conn *conn, const struct capture_flow *flow,
		 struct close_record *ret)
{
	int client = flow->client & 1;
	const struct flow_side *own = &flow->flow.side[client], *peer = &flow->flow.side[!client];
	uint64_t last_data_ns = flow->ending.last_data_ns;
	uint64_t idle_ms = (flow->ended_ns - last_data_ns) / CLOCK_NS_PER_MS;

	memset(ret, 0, sizeof(*ret));
	ret->head.abi_version = RECORD_ABI_VERSION;
	ret->head.type = RECORD_CLOSE;
	ret->head.size = sizeof(*ret);
	ret->head.flags = RECORD_FROM_CAPTURE;
	ret->head.time_ns = flow->ended_ns;
	ret->key = conn->key;
	ret->local_side = (uint8_t)client;
	ret->birth_ns = own->syn_ns ? own->syn_ns : peer->syn_ns;
	ret->local_isn = own->isn;
	ret->peer_isn = peer->isn;
	ret->local_fin_ns = own->fin_ns;
	ret->idle_jiffies = IDLE_UNKNOWN;
	if (last_data_ns && last_data_ns <= flow->ended_ns && idle_ms < IDLE_UNKNOWN)
		ret->idle_jiffies = (uint32_t)idle_ms;
	ret->bytes_sent = flow->ending.data[client];
	ret->bytes_received = flow->ending.data[!client];
	ret->evidence = flow->evidence;
	ret->decision = flow->decision;
}

static uint8_t end_of(const struct capture_flow *flow, uint8_t index_and_one)
{
	if (!index_and_one)
		return CAPTURE_END_NONE;
	return index_and_one - 1 == flow->client ? CAPTURE_END_CLIENT : CAPTURE_END_SERVER;
}

/* How often the same was sent: the first time, and again. */
static void tell_asked(const struct capture_flow *flow, struct capture_story *ret)
{
	const struct flow_side *client = &flow->flow.side[flow->client & 1];
	const struct flow_side *server = &flow->flow.side[!(flow->client & 1)];
	const struct capture_side *side;

	ret->waiting = end_of(flow, flow->waiting);
	if (flow->waiting) {
		side = &flow->side[flow->waiting - 1];
		ret->asked = flow->evidence.probes ? side->probes : side->vain + 1u;
	} else if (flow->decision.verdict == CLOSE_TIMEOUT_HANDSHAKE) {
		ret->waiting = server->syn_count ? CAPTURE_END_SERVER : CAPTURE_END_CLIENT;
		side = &flow->side[server->syn_count ? !(flow->client & 1) : flow->client & 1];
		ret->asked = server->syn_count ? server->syn_count : client->syn_count;
	} else {
		return;
	}
	if (side->asked_ns > side->waiting_ns)
		ret->asked_us = (side->asked_ns - side->waiting_ns) / CLOCK_NS_PER_US;
}

void tell_story(const struct replay_conn *conn, struct capture_story *ret)
{
	const struct capture_flow *flow = &conn->flow;
	int client = flow->client & 1;

	memset(ret, 0, sizeof(*ret));
	ret->frame = conn->end.frame;
	ret->first_frame = conn->first.frame;
	ret->first_packet = conn->first.number;
	ret->last_packet = conn->last.number;
	ret->end_packet = conn->end.number;
	ret->reset_name = end_of(flow, flow->rst_sender);
	ret->hole_bytes = flow->ending.hole;
	ret->behind_bytes = flow->ending.behind;
	if (flow->marks & CAPTURE_RST_BOTH)
		ret->both_ns = flow->ending.both_ns ? flow->ending.both_ns : 1;
	ret->syn_acks = flow->side[!client].syn_acks;
	ret->rst_ignored[0] = flow->side[client].rst_ignored;
	ret->rst_ignored[1] = flow->side[!client].rst_ignored;
	ret->is_one_way = capture_is_one_way(flow);
	tell_asked(flow, ret);
}

void tell_zeek(const struct replay_conn *conn, struct zeek_summary *ret)
{
	const struct zeek_conn *zeek = &conn->zeek;

	memset(ret, 0, sizeof(*ret));
	ret->start_ns = zeek->start_ns;
	ret->last_ns = zeek->last_ns;
	for (int i = 0; i < 2; i++) {
		const struct zeek_endpoint *end = &zeek->end[zeek->originator ^ i];

		ret->packets[i] = end->packets;
		ret->ip_bytes[i] = end->ip_bytes;
		ret->bytes[i] = zeek_endpoint_size(end, &zeek->end[zeek->originator ^ i ^ 1]);
	}
	ret->state = zeek_conn_state(zeek);
	ret->originator = zeek->originator;
	memcpy(ret->history, zeek->history, sizeof(zeek->history));
}

_Static_assert(ZEEK_SUMMARY_HISTORY_BYTES >= ZEEK_HISTORY_MAX + 1, "a history fits");
