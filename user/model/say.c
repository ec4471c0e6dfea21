// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/say.h"

#include "user/model/duration_text.h"
#include "user/model/names.h"

#define US_PER_SECOND UINT64_C(1000000)

void say_probably(struct strbuf *b, const struct closed_connection *c)
{
	if (is_inferred(c))
		say(b, "probably ");
}

void say_owner(struct strbuf *b, const struct closed_connection *c, const char *otherwise)
{
	if (c->record.owner.pid)
		connection_append_owner(b, c);
	else
		say(b, otherwise);
}

void say_closer(struct strbuf *b, const struct closed_connection *c, const char *otherwise)
{
	if (c->record.closer.pid && c->record.closer.pid != c->record.owner.pid)
		task_append(b, &c->record.closer);
	else
		say_owner(b, c, otherwise);
}

void say_bytes(struct strbuf *b, uint64_t bytes, const char *what)
{
	strbuf_append_u64_grouped(b, bytes);
	say(b, bytes == 1 ? " byte" : " bytes");
	say(b, what);
}

void say_times(struct strbuf *b, uint32_t count)
{
	if (count < 2)
		return;
	say(b, ", sent ");
	strbuf_append_u64_grouped(b, count);
	say(b, " times");
}

void say_duration(struct strbuf *b, const struct closed_connection *c, const char *before)
{
	if (!connection_has(c, CONNECTION_HAS_DURATION))
		return;
	say(b, before);
	duration_append(b, c->duration_us, " ");
}

void say_idle_before(struct strbuf *b, const struct closed_connection *c)
{
	if (c->record.detail.idle_before_us < US_PER_SECOND) {
		say_idle(b, c);
		return;
	}
	say(b, " to the first data after ");
	duration_append(b, c->record.detail.idle_before_us, " ");
	say(b, " idle");
}

void say_idle(struct strbuf *b, const struct closed_connection *c)
{
	if (!connection_has(c, CONNECTION_HAS_IDLE) || c->idle_us < US_PER_SECOND)
		return;
	say(b, " after ");
	duration_append(b, c->idle_us, " ");
	say(b, " idle");
}

void say_reason(struct strbuf *b, const struct closed_connection *c)
{
	if (!c->record.decision.reset_reason)
		return;
	say(b, " (");
	say(b, reset_reason_name(c->record.decision.reset_reason));
	say(b, ")");
}

/* Its own packets are seen where they leave, and this one was not. */
static bool rst_never_left(const struct closed_connection *c)
{
	if (evidence_of(c)->local_rst_count || !connection_saw(c, EVIDENCE(SEND_RESET)))
		return false;
	return c->record.detail.rst_dropped ||
	       connection_saw(c, EVIDENCE(WIRE_WHOLE) | EVIDENCE(WIRE_OUT));
}

void say_so_rst(struct strbuf *b, const struct closed_connection *c, const char *more)
{
	bool is_stuck = rst_never_left(c);

	say(b, ", so the kernel ");
	say_probably(b, c);
	say(b, is_stuck ? "made a RST" : "sent RST");
	say(b, more);
	say_reason(b, c);
	if (!is_stuck)
		return;
	say(b, ", which never left this host");
	say_own_drop(b, c);
}

void say_own_drop(struct strbuf *b, const struct closed_connection *c)
{
	uint8_t reason = evidence_of(c)->drop_reason;

	if (!reason)
		return;
	if (drop_reason_is_rule(reason)) {
		say(b, ": a rule of this host drops it");
	} else if (drop_reason_is_no_route(reason)) {
		say(b, ": no route, or ");
		strbuf_append_ip(b, connection_local_addr(c));
		say(b, " is no longer an address of this host");
	} else if (drop_reason_is_neighbour(reason)) {
		say(b, ": nobody on the link answers for the next hop");
	} else if (reason == DROP_REASON_QDISC_DROP) {
		say(b, ": the interface's queue drops it");
	}
	say(b, " (");
	say(b, drop_reason_name(reason));
	say(b, ")");
}

void say_icmp(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_evidence *e = evidence_of(c);
	const uint8_t *source = c->record.detail.icmp_source;
	uint8_t cause = cause_from_icmp(e);

	say(b, cause == CLOSE_CAUSE_ICMP_OTHER ? "an ICMP error" : cause_meaning(cause));
	strbuf_appendf(b, " (type %u, code %u)", e->icmp_type, e->icmp_code);
	if (connection_saw(c, EVIDENCE(ICMP_FROM_HERE)))
		return;
	if (connection_saw(c, EVIDENCE(ICMP_FROM_PEER))) {
		say(b, " of the peer itself");
		return;
	}
	say(b, " of the router ");
	if (flow_addr_half(source, 0) | flow_addr_half(source, 1))
		strbuf_append_ip(b, source);
	else
		say(b, "on the path");
}

void say_icmp_answer(struct strbuf *b, const struct closed_connection *c)
{
	if (!connection_saw(c, EVIDENCE(ICMP_IN)))
		return;
	say(b, connection_saw(c, EVIDENCE(ICMP_FROM_HERE)) ? "; this host itself answered with " :
							     "; what was answered is ");
	say_icmp(b, c);
}

void say_syn_unseen(struct strbuf *b, const struct closed_connection *c)
{
	if (evidence_of(c)->state == TCP_STATE_SYN_SENT && !evidence_of(c)->local_syn_count)
		say(b, "; whether the SYN left this host was not seen");
}

void say_error(struct strbuf *b, const struct closed_connection *c)
{
	uint16_t error = evidence_of(c)->error ? evidence_of(c)->error : evidence_of(c)->error_soft;

	if (!error)
		return;
	say(b, " (");
	say(b, error_name(error));
	say(b, ")");
}

void say_traffic(struct strbuf *b, const struct closed_connection *c)
{
	if (!connection_has(c, CONNECTION_HAS_SOCKET))
		return;
	say(b, "; ");
	say_bytes(b, c->record.bytes_sent, " sent, ");
	strbuf_append_u64_grouped(b, c->record.bytes_received);
	say(b, " received");
	say_duration(b, c, " in ");
}

void say_end(struct strbuf *b, const struct closed_connection *c, bool is_local)
{
	if (is_forwarded(c))
		say(b, is_local ? "client " : "server ");
	if (is_local)
		connection_append_local(b, c);
	else
		connection_append_peer(b, c);
}

void say_unacked(struct strbuf *b, const struct closed_connection *c)
{
	uint32_t bytes = evidence_of(c)->unacked_bytes;

	if (!bytes)
		return;
	say(b, "; ");
	say_bytes(b, bytes, bytes == 1 ? " was not acknowledged" : " were not acknowledged");
}

void say_unsent(struct strbuf *b, const struct closed_connection *c)
{
	uint32_t bytes = evidence_of(c)->unsent_bytes;
	bool fin_too = connection_saw(c, EVIDENCE(FIN_UNSENT));

	if (!bytes && !fin_too)
		return;
	say(b, "; ");
	if (bytes)
		say_bytes(b, bytes, fin_too ? " and the FIN" : "");
	else
		say(b, "the FIN");
	say(b, bytes + fin_too == 1 ? " was never sent" : " were never sent");
}
