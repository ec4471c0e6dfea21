// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/conn_state.h"

#include "user/model/zeek_summary.h"

const char *conn_state_name(uint8_t state)
{
#define CONN_STATE_NAME(name) [CONN_STATE_##name] = #name,
	static const char *const names[] = { CONN_STATES(CONN_STATE_NAME) };

	return state < CONN_STATE_COUNT ? names[state] : "unknown";
}

/* Packets of the originator, who is the client, and of the responder. */
struct seen {
	bool syn, answer;
	bool originator_fin, responder_fin;
	bool originator_rst, responder_rst;
};

static struct seen seen_of(const struct closed_connection *c)
{
	const struct close_evidence *e = &c->record.evidence;

	if (c->client == CONNECTION_CLIENT_LOCAL)
		return (struct seen){ e->local_syn_count, e->peer_syn_count,  e->local_fin_count,
				      e->peer_fin_count,  e->local_rst_count, e->peer_rst_count };
	return (struct seen){ e->peer_syn_count,  e->local_syn_count, e->peer_fin_count,
			      e->local_fin_count, e->peer_rst_count,  e->local_rst_count };
}

const char *conn_state_of(const struct closed_connection *c)
{
	struct seen seen;

	if (c->zeek)
		return c->zeek->state;
	if (!c->client || !connection_has(c, CONNECTION_HAS_WIRE | CONNECTION_HAS_SYN))
		return NULL;
	seen = seen_of(c);
	if (!seen.syn)
		return NULL;
	if (seen.originator_fin && seen.responder_fin)
		return "SF";
	if (seen.responder_rst)
		return seen.answer ? "RSTR" : "REJ";
	if (seen.originator_rst)
		return seen.answer ? "RSTO" : "RSTOS0";
	if (seen.originator_fin)
		return seen.answer ? "S2" : "SH";
	if (seen.responder_fin)
		return "S3";
	return seen.answer ? "S1" : "S0";
}
