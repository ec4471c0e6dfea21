// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Endings by FIN, and those of which too little was seen. */
#include "user/model/explainers.h"

#include "user/model/names.h"
#include "user/model/say.h"
#include "user/model/say_death.h"

/* Nobody meant to close: it went with its process. */
static void say_death_first(struct strbuf *b, const struct closed_connection *c)
{
	say_closer(b, c, "the process");
	say_closed(b, c);
	say(b, ", which closed the connection; ");
	connection_append_peer(b, c);
	say(b, is_inferred(c) ? " probably followed" : " followed");
}

static void say_death_second(struct strbuf *b, const struct closed_connection *c)
{
	connection_append_peer(b, c);
	say(b, " sent FIN first, then ");
	say_closer(b, c, "the process");
	say_closed(b, c);
}

void explain_fin_normal(struct strbuf *b, const struct closed_connection *c)
{
	bool peer_first = c->record.decision.initiator == CLOSE_BY_PEER ||
			  c->record.decision.initiator == CLOSE_BY_SERVER;

	if (is_forwarded(c)) {
		say_end(b, c, !peer_first);
		say(b, " sent FIN first, ");
		say_end(b, c, peer_first);
		say(b, " followed");
		say_duration(b, c, " after ");
		return;
	}
	if (closer_died(c)) {
		if (peer_first)
			say_death_second(b, c);
		else
			say_death_first(b, c);
	} else if (c->record.decision.cause == CLOSE_CAUSE_SIMULTANEOUS) {
		say_closer(b, c, "this host");
		say(b, " and ");
		connection_append_peer(b, c);
		say(b, " sent FIN at the same time");
	} else if (peer_first) {
		connection_append_peer(b, c);
		say(b, " sent FIN first, ");
		say_closer(b, c, "this host");
		say(b, " followed");
	} else {
		say_closer(b, c, "this host");
		say(b,
		    connection_saw(c, EVIDENCE(ORPHAN)) ? " closed first, " : " sent FIN first, ");
		connection_append_peer(b, c);
		say(b, is_inferred(c) ? " probably followed" : " followed");
	}
	say_traffic(b, c);
}

void explain_half_close_timeout(struct strbuf *b, const struct closed_connection *c)
{
	if (is_forwarded(c)) {
		bool local_sent = connection_saw(c, EVIDENCE(FIN_OUT));

		say_end(b, c, local_sent);
		say(b, " sent FIN, ");
		say_end(b, c, !local_sent);
		say(b, " was not seen closing");
		return;
	}
	say_closer(b, c, "this host");
	say_closed(b, c);
	say(b, ", but ");
	connection_append_peer(b, c);
	say(b, is_inferred(c) ? " probably sent no FIN" : " sent no FIN within tcp_fin_timeout");
}

void explain_fin_unacked(struct strbuf *b, const struct closed_connection *c)
{
	say_closer(b, c, "this host");
	say_closed(b, c);
	say(b, ", but ");
	connection_append_peer(b, c);
	say(b, " never acknowledged the FIN");
	say_times(b, evidence_of(c)->local_fin_count);
	say_error(b, c);
	say_icmp_answer(b, c);
	if (evidence_of(c)->unacked_bytes) {
		say(b, "; ");
		say_bytes(b, evidence_of(c)->unacked_bytes,
			  evidence_of(c)->unacked_bytes == 1 ? " before it was not, either" :
							       " before it were not, either");
	}
}

void explain_port_reuse(struct strbuf *b, const struct closed_connection *c)
{
	say(b, "a new SYN between ");
	say_end(b, c, true);
	say(b, " and ");
	say_end(b, c, false);
	say(b, " took over a connection that was still in use");
}

void explain_orphan(struct strbuf *b, const struct closed_connection *c)
{
	say(b, "the connection");
	if (c->record.owner.pid) {
		say(b, " of ");
		connection_append_owner(b, c);
	}
	if (c->record.decision.cause == CLOSE_CAUSE_SILENT) {
		say(b, " ended");
		if (evidence_of(c)->state) {
			say(b, " in state ");
			say(b, tcp_state_name(evidence_of(c)->state));
		}
		say(b, connection_saw(c, EVIDENCE(CLOSE_NOT_SHOWN)) ?
			       ", and the kernel did not show how" :
			       " without an error, a RST or a full exchange of FINs");
		return;
	}
	say(b, " ended, but what was seen of it does not tell how");
}
