// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the peer, or the path, ended. */
#include "user/model/explainers.h"

#include "user/model/idle_hint.h"
#include "user/model/names.h"
#include "user/model/say.h"

void explain_refused_there(struct strbuf *b, const struct closed_connection *c)
{
	say(b, is_inferred(c) && !is_forwarded(c) ?
		       "connection refused: probably nothing listens on " :
	       is_inferred(c) ? "SYN answered by RST: probably nothing listens on " :
				"SYN answered by RST: nothing listens on ");
	connection_append_peer(b, c);
	say(b, ", or a firewall rejects it");
}

/* Who sent it, where that end is of this host, too, in the words of its own record. */
static void say_other_end(struct strbuf *b, const struct closed_connection *c)
{
	if (!c->other_end)
		return;
	say(b, "; at that end, on this host, is ");
	other_end_append(b, c->other_end);
	say(b, ": ");
	say(b, verdict_name(c->other_end->verdict));
	if (c->other_end->cause) {
		say(b, ", ");
		say(b, cause_name(c->other_end->cause));
	}
}

static bool sender_had_sent_fin(const struct closed_connection *c, bool by_client)
{
	if (by_client)
		return connection_saw(c, EVIDENCE(FIN_OUT));
	return connection_saw(c, EVIDENCE(PEER_FIN)) || connection_saw(c, EVIDENCE(FIN_IN));
}

void explain_peer_reset(struct strbuf *b, const struct closed_connection *c)
{
	bool by_client = c->record.decision.initiator == CLOSE_BY_CLIENT;

	if (c->record.decision.cause == CLOSE_CAUSE_KEEPALIVE_RACE) {
		explain_keepalive_race(b, c);
		say_unsent(b, c);
		say_idle_habit(b, c);
		say_other_end(b, c);
		return;
	}
	if (c->record.decision.cause == CLOSE_CAUSE_STALE_POOL) {
		explain_stale_pool(b, c);
		say_unsent(b, c);
		say_idle_habit(b, c);
		say_other_end(b, c);
		return;
	}
	say_end(b, c, by_client);
	say(b, is_inferred(c) && !is_forwarded(c) ? " probably sent RST" : " sent RST");
	say_idle_before(b, c);
	if (sender_had_sent_fin(c, by_client))
		say(b, " after its own FIN");
	if (c->record.decision.cause == CLOSE_CAUSE_PEER_APP)
		say(b, ", in the shape of an application's abort");
	else if (c->record.decision.cause == CLOSE_CAUSE_PEER_KERNEL)
		say(b, ", in the shape of a kernel's reply to a packet that it did not want");
	if (evidence_of(c)->unread_bytes) {
		say(b, "; ");
		say_bytes(b, evidence_of(c)->unread_bytes,
			  evidence_of(c)->unread_bytes == 1 ? " was still unread" :
							      " were still unread");
	}
	say_unacked(b, c);
	say_unsent(b, c);
	say_slow_reader(b, c);
	say_other_end(b, c);
	if (c->record.detail.timer_us)
		say_idle_habit(b, c);
	else
		idle_hint_append(b, c);
}

void explain_reset_handshake(struct strbuf *b, const struct closed_connection *c)
{
	connection_append_peer(b, c);
	say(b, is_inferred(c) ? " probably sent RST" : " sent RST");
	say(b, " instead of finishing the handshake with ");
	connection_append_local(b, c);
}

static void say_rst_ttl(struct strbuf *b, const struct close_evidence *e)
{
	say(b, " with TTL ");
	strbuf_append_u64(b, e->rst_ttl);
	if (!e->peer_ttl_min)
		return;
	say(b, ", while the peer's packets have ");
	strbuf_append_u64(b, e->peer_ttl_min);
	if (e->peer_ttl_max != e->peer_ttl_min) {
		say(b, "-");
		strbuf_append_u64(b, e->peer_ttl_max);
	}
}

void explain_path_reset(struct strbuf *b, const struct closed_connection *c)
{
	say(b, is_inferred(c) ? "inferred: something on the path sent RST in the name of " :
				"something on the path sent RST in the name of ");
	connection_append_peer(b, c);
	if (connection_saw(c, EVIDENCE(RST_TTL_OFF)))
		say_rst_ttl(b, evidence_of(c));
	if (connection_saw(c, EVIDENCE(RSTS_DISAGREE)))
		say(b, "; several RSTs contradict each other");
	if (connection_saw(c, EVIDENCE(RST_TOO_EARLY)))
		say(b, "; it acknowledges data that cannot have been there and back so soon");
	if (connection_saw(c, EVIDENCE(RST_IP_ID_OFF)))
		say(b, "; its IP ID is not what the stack of the peer gives to such a RST");
	if (connection_saw(c, EVIDENCE(PEER_AFTER_RST)))
		say(b, "; the peer went on sending after it");
	idle_hint_append(b, c);
}

/* "ICMP host unreachable (type 3, code 1) of the router 10.0.0.1" */
static void explain_icmp_seen(struct strbuf *b, const struct closed_connection *c)
{
	bool is_here = connection_saw(c, EVIDENCE(ICMP_FROM_HERE));

	say(b, is_here ? "this host itself answered the SYN of " : "the SYN of ");
	if (is_forwarded(c))
		say_end(b, c, true);
	else
		say_closer(b, c, "this host");
	say(b, " to ");
	connection_append_peer(b, c);
	say(b, is_here ? " with " : " was answered by ");
	say_icmp(b, c);
	say_error(b, c);
	if (is_here && evidence_never_left(evidence_of(c))) {
		say(b, ", and it never left");
		say_own_drop(b, c);
	}
}

void explain_path_icmp(struct strbuf *b, const struct closed_connection *c)
{
	if (connection_saw(c, EVIDENCE(ICMP_IN))) {
		explain_icmp_seen(b, c);
		if (!evidence_of(c)->error && !evidence_of(c)->error_soft && !is_forwarded(c)) {
			say(b, ", and ");
			say_closer(b, c, "the application");
			say(b, " closed the socket");
			say_duration(b, c, " after ");
		}
		return;
	}
	say(b, "the SYN to ");
	connection_append_peer(b, c);
	if (evidence_never_left(evidence_of(c))) {
		say(b, " never left this host");
		say_error(b, c);
		say_own_drop(b, c);
		return;
	}
	say(b, " failed, probably by ");
	say(b, c->record.decision.cause == CLOSE_CAUSE_ICMP_OTHER ?
		       "an ICMP error" :
		       cause_meaning(c->record.decision.cause));
	if (evidence_of(c)->error == EVIDENCE_EHOSTUNREACH)
		say(b, " or because nobody answers for the address on the link");
	say_error(b, c);
}
