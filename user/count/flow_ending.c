// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/count/flow_ending.h"

#include <string.h>

/* Whether the local end is the client, as the record tells it or as the ports suggest. */
static bool ending_client_is_local(const struct closed_connection *c)
{
	if (c->client != CONNECTION_CLIENT_UNKNOWN)
		return c->client == CONNECTION_CLIENT_LOCAL;
	return connection_local_port(c) > connection_peer_port(c);
}

void flow_identity_of_ending(struct flow_identity *identity, const struct closed_connection *c)
{
	bool client_is_local = ending_client_is_local(c);

	memcpy(identity->client,
	       client_is_local ? connection_local_addr(c) : connection_peer_addr(c), 16);
	memcpy(identity->server,
	       client_is_local ? connection_peer_addr(c) : connection_local_addr(c), 16);
	identity->client_port =
		client_is_local ? connection_local_port(c) : connection_peer_port(c);
	identity->server_port =
		client_is_local ? connection_peer_port(c) : connection_local_port(c);
	identity->netns = c->record.key.netns;
	identity->verdict = c->record.decision.verdict;
}

static bool ending_had_handshake(const struct closed_connection *c)
{
	const struct close_evidence *e = &c->record.evidence;

	return connection_saw(c, EVIDENCE(ESTABLISHED)) ||
	       (e->subject == SUBJECT_FORWARDED && connection_saw(c, EVIDENCE(SYN_ACK_IN)));
}

static enum tally_count ending_mode(const struct closed_connection *c)
{
	const struct close_evidence *e = &c->record.evidence;
	uint32_t timed = tally_bits_of_verdict(c->record.decision.verdict);
	bool peer_fin = e->peer_fin_count || connection_saw(c, EVIDENCE(PEER_FIN));

	if (timed)
		return __builtin_ctz(timed);
	if (c->record.decision.verdict == CLOSE_FIN_NORMAL || (e->local_fin_count && peer_fin))
		return TALLY_CLOSED_FIN;
	if (!ending_had_handshake(c))
		return TALLY_RST_NO_CT;
	return e->local_fin_count || peer_fin ? TALLY_CLOSED_FIN_RST : TALLY_CLOSED_RST;
}

void flow_counts_add_ending(uint64_t *counts, const struct closed_connection *c)
{
	const struct close_evidence *e = &c->record.evidence;
	bool client_is_local = ending_client_is_local(c);
	uint32_t client_fin = client_is_local ? e->local_fin_count : e->peer_fin_count;
	uint32_t server_fin = client_is_local ? e->peer_fin_count : e->local_fin_count;
	uint32_t client_rst = client_is_local ? e->local_rst_count : e->peer_rst_count;

	counts[TALLY_SYN_CLT] += client_is_local ? e->local_syn_count : e->peer_syn_count;
	counts[TALLY_SYN_SRV] += client_is_local ? e->peer_syn_count : e->local_syn_count;
	counts[TALLY_FIN_CLT] += client_fin;
	counts[TALLY_FIN_SRV] += server_fin;
	counts[TALLY_RST_CLT] += client_rst;
	counts[TALLY_RST_SRV] += client_is_local ? e->peer_rst_count : e->local_rst_count;
	counts[TALLY_CT] += ending_had_handshake(c);
	counts[TALLY_OPENED]++;
	counts[ending_mode(c)]++;
	counts[TALLY_RST_OWN_FIN] += client_rst && client_fin && !server_fin;
	counts[TALLY_GUESSED] += c->client == CONNECTION_CLIENT_UNKNOWN;
}
