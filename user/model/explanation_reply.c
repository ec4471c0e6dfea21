// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* RSTs of this host that no full socket sent. */
#include "user/model/explainers.h"

#include "user/model/say.h"

void explain_refused_here(struct strbuf *b, const struct closed_connection *c)
{
	say_probably(b, c);
	say(b, "nothing listens on ");
	connection_append_local(b, c);
	say(b, ": the SYN of ");
	connection_append_peer(b, c);
	say(b, " was answered by RST");
	say_reason(b, c);
}

static const char *trigger_noun(const struct close_evidence *e)
{
	uint8_t flags = e->trigger_flags;

	if (e->trigger_data)
		return "data";
	if ((flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == (TCP_FLAG_SYN | TCP_FLAG_ACK))
		return "a SYN-ACK";
	if (flags & TCP_FLAG_FIN)
		return "a FIN";
	return flags & TCP_FLAG_ACK ? "an ACK" : "a packet";
}

void explain_no_socket(struct strbuf *b, const struct closed_connection *c)
{
	say(b, trigger_noun(evidence_of(c)));
	say(b, " of ");
	connection_append_peer(b, c);
	say(b, " came to ");
	connection_append_local(b, c);
	say(b, is_inferred(c) ? ", but probably no socket has this connection" :
				", but no socket has this connection");
	say_so_rst(b, c, "");
	if (!(evidence_of(c)->trigger_flags & TCP_FLAG_SYN))
		say(b, ": it ended before, this host restarted, or it was moved here");
}

void explain_listen_overflow(struct strbuf *b, const struct closed_connection *c)
{
	if (evidence_of(c)->subject == SUBJECT_LISTENER) {
		explain_accept_queue(b, c);
		return;
	}
	say(b, "the accept queue of ");
	say_owner(b, c, "the listener");
	say(b, " on ");
	connection_append_local(b, c);
	if (evidence_of(c)->subject == SUBJECT_REPLY) {
		say(b, " was full, so the kernel answered ");
		connection_append_peer(b, c);
		say(b, " with RST (tcp_abort_on_overflow)");
	} else {
		say(b, " was full, so the kernel dropped the final ACK of ");
		connection_append_peer(b, c);
	}
}

void explain_bad_segment(struct strbuf *b, const struct closed_connection *c)
{
	switch (c->record.decision.cause) {
	case CLOSE_CAUSE_STRAY_ACK:
		say(b, "an ACK of ");
		connection_append_peer(b, c);
		say(b, " reached the listener on ");
		connection_append_local(b, c);
		say(b, " but belongs to no handshake");
		break;
	case CLOSE_CAUSE_OLD_SEGMENT:
		say(b, "a segment of ");
		connection_append_peer(b, c);
		say(b, " had an old timestamp or sequence number during the handshake");
		break;
	default:
		say(b, "a segment of ");
		connection_append_peer(b, c);
		say(b, is_inferred(c) ? " does not fit the handshake" :
					" acknowledges what was never sent");
	}
	say_so_rst(b, c, "");
}

void explain_firewall(struct strbuf *b, const struct closed_connection *c)
{
	say_probably(b, c);
	say(b, "a REJECT rule of this host sent the RST between ");
	say_end(b, c, true);
	say(b, " and ");
	say_end(b, c, false);
	if (connection_saw(c, EVIDENCE(SOCKET_ALIVE)))
		say(b, "; the local socket is still open");
}
