// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Timers that ran out. */
#include "user/model/explainers.h"

#include "user/model/duration_text.h"
#include "user/model/say.h"

void explain_timeout_handshake(struct strbuf *b, const struct closed_connection *c)
{
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
}

void explain_timeout_data(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_evidence *e = evidence_of(c);

	if (c->record.decision.cause == CLOSE_CAUSE_ZERO_WINDOW) {
		connection_append_peer(b, c);
		say(b, " kept its window closed");
		if (e->unsent_bytes) {
			say(b, " with ");
			say_bytes(b, e->unsent_bytes, " waiting to be sent");
		}
		say_error(b, c);
		return;
	}
	connection_append_peer(b, c);
	if (e->unacked_bytes) {
		say(b, " never acknowledged the last ");
		say_bytes(b, e->unacked_bytes, "");
	} else {
		say(b, " no longer acknowledged anything");
	}
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
}

void explain_timeout_keepalive(struct strbuf *b, const struct closed_connection *c)
{
	connection_append_peer(b, c);
	say(b, " answered no keepalive probe");
	if (evidence_of(c)->probes > 1) {
		say(b, " of ");
		strbuf_append_u64(b, evidence_of(c)->probes);
	}
	say_idle(b, c);
	say(b, ", so the kernel gave up and sent RST");
}
