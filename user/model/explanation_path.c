// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Clauses about the shape of the path: what of it passed, and who held back. */
#include "user/model/explainers.h"

#include "user/model/duration_text.h"
#include "user/model/say.h"

#define US_PER_SECOND UINT64_C(1000000)

void explain_black_hole(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_detail *detail = &c->record.detail;

	connection_append_peer(b, c);
	if (detail->stuck_bytes) {
		say(b, " never acknowledged segments of ");
		say_bytes(b, detail->stuck_bytes, "");
	} else {
		say(b, " never acknowledged full segments");
	}
	if (evidence_of(c)->timer_retransmits) {
		say(b, ", sent again ");
		strbuf_append_u64(b, evidence_of(c)->timer_retransmits);
		say(b, evidence_of(c)->timer_retransmits == 1 ? " time" : " times");
	}
	say(b, ", while smaller ones ");
	if (detail->passed_bytes && detail->passed_bytes < detail->stuck_bytes) {
		say(b, "of ");
		say_bytes(b, detail->passed_bytes, " on average ");
	}
	say(b, "passed: probably an MTU black hole on the path; lower the MTU or the MSS, or set "
	       "net.ipv4.tcp_mtu_probing to 1");
	say_error(b, c);
}

void say_slow_reader(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_detail *detail = &c->record.detail;

	if (detail->window_us < US_PER_SECOND || !evidence_of(c)->unsent_bytes)
		return;
	say(b, "; the peer read too slowly: its window held data back for ");
	duration_append(b, detail->window_us, " ");
}

void say_one_way(struct strbuf *b, const struct closed_connection *c)
{
	uint32_t syn_acks = evidence_of(c)->peer_syn_count;

	if (connection_saw(c, EVIDENCE(CLIENT) | EVIDENCE(ESTABLISHED)) && syn_acks > 1) {
		say(b, "; the peer sent its SYN-ACK ");
		strbuf_append_u64(b, syn_acks);
		say(b, " times although it was acknowledged: what is sent from here does not "
		       "arrive there");
	} else if (connection_saw(c, EVIDENCE(PEER_REPEATS))) {
		say(b,
		    "; the peer sent again what was acknowledged: what is sent from here does not "
		    "arrive there");
	}
}

void explain_no_local_port(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_detail *detail = &c->record.detail;

	say_closer(b, c, "the application");
	say(b, " could not connect to ");
	connection_append_peer(b, c);
	say(b, ": probably no local port was free (EADDRNOTAVAIL)");
	if (detail->port_low && detail->port_high >= detail->port_low) {
		say(b, "; all ");
		strbuf_append_u64_grouped(b, detail->port_high - detail->port_low + 1u);
		say(b, " of net.ipv4.ip_local_port_range, ");
		strbuf_append_u64(b, detail->port_low);
		say(b, " to ");
		strbuf_append_u64(b, detail->port_high);
		say(b, ", are in use towards it");
	}
}

/* In numbers, where it is narrow: no list of known products is needed. */
void say_idle_habit(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_detail *detail = &c->record.detail;

	if (!detail->timer_us)
		return;
	strbuf_appendf(b, "; connections of this server end after %llu.%02llu s idle (%u of %u)",
		       (unsigned long long)(detail->timer_us / US_PER_SECOND),
		       (unsigned long long)(detail->timer_us / 10000 % 100), detail->timer_hits,
		       detail->timer_closes);
}
