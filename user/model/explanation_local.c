// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What this host's own process or kernel ended. */
#include "user/model/explainers.h"

#include "user/model/duration_text.h"
#include "user/model/say.h"
#include "user/model/say_death.h"

static bool fin_had_left(const struct close_evidence *e)
{
	return e->local_fin_count ||
	       (e->state != TCP_STATE_ESTABLISHED && e->state != TCP_STATE_CLOSE_WAIT);
}

void explain_app_abort(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_evidence *e = evidence_of(c);

	say_closer(b, c, "the application");
	switch (c->record.decision.cause) {
	case CLOSE_CAUSE_UNREAD_DATA:
		say_closed(b, c);
		say(b, " with ");
		if (e->unread_bytes)
			say_bytes(b, e->unread_bytes, " unread");
		else
			say(b, "unread data");
		say_so_rst(b, c, "");
		say_unacked(b, c);
		say_unsent(b, c);
		return;
	case CLOSE_CAUSE_LINGER0:
		say_closed(b, c);
		say(b, " with SO_LINGER set to 0 s");
		say_so_rst(b, c, fin_had_left(e) ? "" : " instead of FIN");
		say_unacked(b, c);
		say_unsent(b, c);
		say_slow_reader(b, c);
		return;
	case CLOSE_CAUSE_LINGER2:
		say_closed(b, c);
		say(b, " with a negative TCP_LINGER2");
		say_so_rst(b, c, " instead of waiting for the peer's FIN");
		say_unacked(b, c);
		say_unsent(b, c);
		return;
	case CLOSE_CAUSE_DISCONNECT:
		say(b, " disconnected the socket with connect(AF_UNSPEC)");
		say_so_rst(b, c, "");
		say_unacked(b, c);
		say_unsent(b, c);
		say_slow_reader(b, c);
		return;
	case CLOSE_CAUSE_UNSENT_DATA:
		say(b, " disconnected with ");
		if (e->unsent_bytes)
			say_bytes(b, e->unsent_bytes, " unsent");
		else
			say(b, "unsent data");
		say_so_rst(b, c, "");
		return;
	default:
		say(b, " aborted the connection");
		say_so_rst(b, c, "");
		say_unacked(b, c);
		say_unsent(b, c);
	}
}

void explain_unaccepted(struct strbuf *b, const struct closed_connection *c)
{
	say_closer(b, c, "the application");
	if (closer_died(c)) {
		say_closed(b, c);
		say(b, ", which closed the listener on ");
	} else {
		say(b, " stopped listening on ");
	}
	connection_append_local(b, c);
	say(b, " before it accepted the connection of ");
	connection_append_peer(b, c);
	say_so_rst(b, c, "");
}

void explain_admin_kill(struct strbuf *b, const struct closed_connection *c)
{
	if (c->record.decision.cause == CLOSE_CAUSE_REPAIR) {
		say_closer(b, c, "the application");
		say(b,
		    " closed the socket in repair mode (checkpoint/restore), so nothing was sent");
		return;
	}
	if (c->record.closer.pid && c->record.closer.pid != c->record.owner.pid) {
		task_append(b, &c->record.closer);
		say(b, " destroyed the socket of ");
		say_owner(b, c, "another process");
		say(b, " from outside (SOCK_DESTROY)");
	} else {
		say(b, "the socket");
		if (c->record.owner.pid) {
			say(b, " of ");
			connection_append_owner(b, c);
		}
		say(b, " was destroyed from outside (ss -K, SOCK_DESTROY or bpf_sock_destroy)");
	}
	say_unacked(b, c);
	say_unsent(b, c);
}

void explain_late_data(struct strbuf *b, const struct closed_connection *c)
{
	say(b, "data of ");
	connection_append_peer(b, c);
	say(b, is_inferred(c) ? " probably came after " : " came after ");
	say_closer(b, c, "the application");
	/* After close() nobody holds the socket; after shutdown() somebody does. */
	if (closer_died(c) || connection_saw(c, EVIDENCE(ORPHAN)) ||
	    c->record.decision.cause == CLOSE_CAUSE_DATA_AFTER_CLOSE)
		say_had_closed(b, c);
	else
		say(b, " had stopped reading");
	if (c->record.local_fin_ns && c->record.local_fin_ns < c->record.head.time_ns) {
		say(b, " ");
		duration_append(b, (c->record.head.time_ns - c->record.local_fin_ns) / 1000, " ");
		say(b, " earlier");
	}
	say_so_rst(b, c, "");
}

void explain_resource(struct strbuf *b, const struct closed_connection *c)
{
	say(b, "the kernel sent RST for the connection of ");
	say_owner(b, c, "an application");
	say(b, is_inferred(c) ? " unasked, probably because " : " because ");
	say(b, "tcp_mem or tcp_max_orphans was reached");
	say_reason(b, c);
}

void explain_cancel(struct strbuf *b, const struct closed_connection *c)
{
	if (c->record.decision.cause == CLOSE_CAUSE_NO_LOCAL_PORT) {
		explain_no_local_port(b, c);
		return;
	}
	say_closer(b, c, "the application");
	if (c->record.decision.cause == CLOSE_CAUSE_CONNECT_FAILED) {
		say(b, " could not connect to ");
		connection_append_peer(b, c);
		say(b, ": the SYN could not be sent");
		say_error(b, c);
		return;
	}
	say(b, " gave up");
	say_duration(b, c, " after ");
	if (c->record.decision.cause == CLOSE_CAUSE_NEVER_LEFT) {
		say(b, ": its SYN to ");
		connection_append_peer(b, c);
		say(b, " never left this host");
		say_own_drop(b, c);
		return;
	}
	say(b, " while ");
	connection_append_peer(b, c);
	say(b, " had not answered the SYN");
	say_times(b, evidence_of(c)->local_syn_count);
	say_syn_unseen(b, c);
}
