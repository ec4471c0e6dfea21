// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Timers that ran out. */
#include "user/model/explainers.h"

#include "user/model/duration_text.h"
#include "user/model/say.h"

/* Of what was tried `tries` times and got nowhere, by this host's own doing. */
static void say_never_left(struct strbuf *b, const struct closed_connection *c, uint32_t tries)
{
	say(b, " never left this host");
	if (tries > 1) {
		say(b, " in ");
		strbuf_append_u64(b, tries);
		say(b, " tries");
	}
	say_error(b, c);
	say_own_drop(b, c);
}

static void explain_syn_never_left(struct strbuf *b, const struct closed_connection *c)
{
	say(b, "the SYN of ");
	say_owner(b, c, "this host");
	say(b, " to ");
	connection_append_peer(b, c);
	say_never_left(b, c, evidence_of(c)->timer_retransmits + 1u);
	say_duration(b, c, "; given up after ");
}

void explain_timeout_handshake(struct strbuf *b, const struct closed_connection *c)
{
	if (c->record.decision.cause == CLOSE_CAUSE_NEVER_LEFT) {
		explain_syn_never_left(b, c);
		return;
	}
	if (c->record.decision.cause == CLOSE_CAUSE_SYN_ACK_UNANSWERED) {
		connection_append_peer(b, c);
		say(b, is_inferred(c) ? " probably never answered the SYN-ACK of " :
					" never answered the SYN-ACK of ");
		connection_append_local(b, c);
		say_times(b, evidence_of(c)->local_syn_count);
		return;
	}
	say_end(b, c, false);
	say(b, is_forwarded(c) ? " was not seen answering the SYN of " :
	       is_inferred(c)  ? " probably never answered the SYN" :
				 " never answered the SYN");
	if (is_forwarded(c))
		say_end(b, c, true);
	say_times(b, evidence_of(c)->local_syn_count);
	say_duration(b, c, is_forwarded(c) ? ", seen for " : "; given up after ");
	say_syn_unseen(b, c);
}

static void explain_data_never_left(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_evidence *e = evidence_of(c);

	if (e->unsent_bytes) {
		say(b, e->unsent_bytes == 1 ? "the last byte" : "the last ");
		if (e->unsent_bytes > 1)
			say_bytes(b, e->unsent_bytes, "");
		if (connection_saw(c, EVIDENCE(FIN_UNSENT)))
			say(b, " and the FIN");
	} else {
		say(b, "the FIN");
	}
	say(b, " of ");
	say_closer(b, c, "this host");
	say(b, " to ");
	connection_append_peer(b, c);
	say_never_left(b, c, 0);
}

static void say_unacked_last(struct strbuf *b, const struct close_evidence *e)
{
	if (!e->unacked_bytes) {
		say(b, " no longer acknowledged anything");
		return;
	}
	say(b, " never acknowledged the last ");
	if (e->unacked_bytes == 1)
		say(b, "byte");
	else
		say_bytes(b, e->unacked_bytes, "");
}

void explain_timeout_data(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_evidence *e = evidence_of(c);

	if (c->record.decision.cause == CLOSE_CAUSE_NEVER_LEFT) {
		explain_data_never_left(b, c);
		return;
	}
	if (c->record.decision.cause == CLOSE_CAUSE_MTU_BLACK_HOLE) {
		explain_black_hole(b, c);
		say_unsent(b, c);
		return;
	}
	connection_append_peer(b, c);
	if (c->record.decision.cause == CLOSE_CAUSE_ZERO_WINDOW) {
		say(b, " kept its window closed");
		say_error(b, c);
		say_slow_reader(b, c);
		say_unsent(b, c);
		return;
	}
	say_unacked_last(b, e);
	if (c->record.decision.cause == CLOSE_CAUSE_USER_TIMEOUT && e->user_timeout_ms) {
		say(b, " within TCP_USER_TIMEOUT of ");
		duration_append(b, (uint64_t)e->user_timeout_ms * 1000, " ");
	}
	if (e->timer_retransmits) {
		say(b, "; given up after ");
		strbuf_append_u64(b, e->timer_retransmits);
		say(b, e->timer_retransmits == 1 ? " retransmission" : " retransmissions");
	}
	say_error(b, c);
	say_icmp_answer(b, c);
	if (connection_saw(c, EVIDENCE(OWN_DROP))) {
		say(b, "; packets of it were dropped on this host");
		say_own_drop(b, c);
	}
	say_one_way(b, c);
	say_unsent(b, c);
}

void explain_timeout_keepalive(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_evidence *e = evidence_of(c);

	if (c->record.decision.cause == CLOSE_CAUSE_NEVER_LEFT) {
		say(b, e->probes == 1 ? "the keepalive probe of " : "the keepalive probes of ");
		say_owner(b, c, "this host");
		say(b, " to ");
		connection_append_peer(b, c);
		say_idle(b, c);
		say_never_left(b, c, e->probes);
		return;
	}
	connection_append_peer(b, c);
	say(b, " answered no keepalive probe");
	if (e->probes > 1) {
		say(b, " of ");
		strbuf_append_u64(b, e->probes);
	}
	say_idle(b, c);
	say_so_rst(b, c, "");
	say_icmp_answer(b, c);
}
