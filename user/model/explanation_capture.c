// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sentences of endings in captures: both ends are elsewhere, and packets are all there is. "never
 * answered" is said of what the capture shows.
 */
#include "user/model/explainers.h"

#include "user/model/capture_story.h"
#include "user/model/duration_text.h"
#include "user/model/idle_hint.h"
#include "user/model/say.h"
#include "user/model/zeek_summary.h"

static void say_captured_end(struct strbuf *b, const struct closed_connection *c, uint8_t end)
{
	say_end(b, c, end == CAPTURE_END_CLIENT);
}

/* The one who did not answer. */
static void say_silent_end(struct strbuf *b, const struct closed_connection *c)
{
	say_end(b, c, c->capture->waiting != CAPTURE_END_CLIENT);
}

/* ", sent 6 times in 31 s" */
static void say_asked(struct strbuf *b, const struct closed_connection *c)
{
	say_times(b, c->capture->asked);
	if (c->capture->asked < 2 || !c->capture->asked_us)
		return;
	say(b, " in ");
	duration_append(b, c->capture->asked_us, " ");
}

static void say_then_reset(struct strbuf *b, const struct closed_connection *c)
{
	if (!c->capture->reset_name)
		return;
	say(b, "; then ");
	say_captured_end(b, c, c->capture->reset_name);
	say(b, " sent RST");
}

static void explain_captured_handshake(struct strbuf *b, const struct closed_connection *c)
{
	switch (c->record.decision.cause) {
	case CLOSE_CAUSE_ACCEPT_QUEUE_FULL:
		say_end(b, c, false);
		say(b, " sent its SYN-ACK again and again (");
		strbuf_append_u64(b, c->capture->syn_acks);
		say(b, " times) behind the ACK of it by ");
		say_end(b, c, true);
		say(b, ": its accept queue was probably full, or the ACKs do not reach it");
		return;
	case CLOSE_CAUSE_SYN_ACK_UNANSWERED:
		say_end(b, c, true);
		say(b, " never acknowledged the SYN-ACK of ");
		say_end(b, c, false);
		break;
	default:
		say_end(b, c, false);
		say(b, " never answered the SYN of ");
		say_end(b, c, true);
	}
	say_asked(b, c);
}

static void explain_captured_data(struct strbuf *b, const struct closed_connection *c)
{
	uint32_t bytes = evidence_of(c)->unacked_bytes;

	say_silent_end(b, c);
	if (c->record.decision.cause == CLOSE_CAUSE_ZERO_WINDOW)
		say(b, " kept its window closed and did not answer any more; ");
	else
		say(b, " never acknowledged ");
	if (bytes)
		say_bytes(b, bytes, " of ");
	else
		say(b, "what was sent by ");
	say_captured_end(b, c, c->capture->waiting);
	say_asked(b, c);
	say_then_reset(b, c);
}

static void explain_captured_keepalive(struct strbuf *b, const struct closed_connection *c)
{
	say_silent_end(b, c);
	say(b, " answered none of ");
	strbuf_append_u64(b, c->capture->asked);
	say(b, " keepalive probes of ");
	say_captured_end(b, c, c->capture->waiting);
	say_idle(b, c);
	say_then_reset(b, c);
}

static void explain_captured_fin(struct strbuf *b, const struct closed_connection *c)
{
	say_silent_end(b, c);
	say(b, " never acknowledged the FIN of ");
	say_captured_end(b, c, c->capture->waiting);
	say_asked(b, c);
	say_then_reset(b, c);
}

static void explain_captured_half_close(struct strbuf *b, const struct closed_connection *c)
{
	bool local_closed = connection_saw(c, EVIDENCE(FIN_OUT));

	say_end(b, c, local_closed);
	say(b, " closed its side, ");
	say_end(b, c, !local_closed);
	say(b, " acknowledged that and was not seen closing its own");
}

static void explain_captured_scan(struct strbuf *b, const struct closed_connection *c)
{
	say_end(b, c, true);
	say(b, " sent RST instead of finishing the handshake with ");
	say_end(b, c, false);
	say(b, ", as a scan for open ports does");
}

/* "with TTL 57, where its other packets have 63-64" */
static void say_captured_ttl(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_evidence *e = evidence_of(c);

	say(b, " with TTL ");
	strbuf_append_u64(b, e->rst_ttl);
	say(b, ", where its other packets have ");
	strbuf_append_u64(b, e->peer_ttl_min);
	if (e->peer_ttl_max == e->peer_ttl_min)
		return;
	say(b, "-");
	strbuf_append_u64(b, e->peer_ttl_max);
}

/* What would be a forger's sign, if another one stood beside it. */
static void say_lone_signs(struct strbuf *b, const struct closed_connection *c)
{
	if (connection_saw(c, EVIDENCE(RST_TTL_OFF))) {
		say(b, "; the RST came");
		say_captured_ttl(b, c);
		say(b, ", which alone does not prove a forger on the path");
	}
	if (connection_saw(c, EVIDENCE(RSTS_DISAGREE)))
		say(b, "; further RSTs in its name have other numbers, which alone proves nothing");
	if (c->capture->both_ns) {
		say(b, "; both ends were reset at once, ");
		duration_append(b, (c->capture->both_ns + CLOCK_NS_PER_US - 1) / CLOCK_NS_PER_US,
				" ");
		say(b, " apart, which something between them would do, but is no proof of it");
	}
}

static void explain_captured_reset(struct strbuf *b, const struct closed_connection *c)
{
	uint8_t cause = c->record.decision.cause;

	say_captured_end(b, c, c->capture->reset_name);
	say(b, " sent RST");
	say_idle(b, c);
	if (cause == CLOSE_CAUSE_ACCEPT_QUEUE_FULL) {
		say(b, "; before, it sent its SYN-ACK again ");
		strbuf_append_u64(b, c->capture->syn_acks);
		say(b, " times behind the client's ACK of it: its accept queue was probably full");
	} else if (c->record.decision.benign) {
		say(b, " when both had said everything and ");
		say_end(b, c, c->capture->reset_name != CAPTURE_END_CLIENT);
		say(b, " had closed");
	} else if (cause == CLOSE_CAUSE_PEER_APP) {
		say(b, ", in the shape of an application's abort");
	} else if (cause == CLOSE_CAUSE_PEER_KERNEL) {
		say(b, ", in the shape of a kernel's reply to a packet that it did not want");
	}
	if (c->capture->hole_bytes) {
		say(b, "; the capture lacks ");
		say_bytes(b, c->capture->hole_bytes, " before it");
	}
	say_lone_signs(b, c);
	idle_hint_append(b, c);
}

static void explain_captured_path_reset(struct strbuf *b, const struct closed_connection *c)
{
	say(b, "inferred: something on the path sent RST in the name of ");
	say_captured_end(b, c, c->capture->reset_name);
	if (connection_saw(c, EVIDENCE(RST_TTL_OFF)))
		say_captured_ttl(b, c);
	if (connection_saw(c, EVIDENCE(PEER_AFTER_RST)))
		say(b, "; that end went on after it");
	if (connection_saw(c, EVIDENCE(RST_BEHIND))) {
		say(b, "; its number lies ");
		say_bytes(b, c->capture->behind_bytes,
			  " behind what that end had sent already, and the other end took these");
	}
	if (connection_saw(c, EVIDENCE(RSTS_DISAGREE)))
		say(b, "; several RSTs contradict each other");
	if (c->capture->both_ns)
		say(b, "; both ends were reset at once");
	idle_hint_append(b, c);
}

static void explain_captured_open(struct strbuf *b, const struct closed_connection *c)
{
	bool local_only = c->zeek ? c->zeek->packets[!c->zeek->originator_is_local] != 0 : true;

	if (c->capture->is_one_way) {
		say(b, "only packets of ");
		say_end(b, c, local_only);
		say(b, " were captured: what ");
		say_end(b, c, !local_only);
		say(b, " did, and how it ended, is not known");
		return;
	}
	say(b, c->capture->is_early ? "forgotten to make room (--max-flows): the connection of " :
				      "the capture ended before the connection of ");
	say_end(b, c, true);
	say(b, " and ");
	say_end(b, c, false);
	say(b, c->capture->is_early ? " was still open" : " did");
	if (!c->capture->waiting)
		return;
	say(b, "; ");
	say_captured_end(b, c, c->capture->waiting);
	say(b, " waits for an answer");
	say_asked(b, c);
}

static void (*const explainers[CLOSE_VERDICT_COUNT])(struct strbuf *b,
						     const struct closed_connection *c) = {
	[CLOSE_FIN_NORMAL] = explain_fin_normal,
	[CLOSE_HALF_CLOSE_TIMEOUT] = explain_captured_half_close,
	[CLOSE_FIN_UNACKED_TIMEOUT] = explain_captured_fin,
	[CLOSE_PEER_REFUSED] = explain_refused_there,
	[CLOSE_PEER_RESET] = explain_captured_reset,
	[CLOSE_PEER_RESET_HANDSHAKE] = explain_captured_scan,
	[CLOSE_PATH_RESET] = explain_captured_path_reset,
	[CLOSE_PATH_ICMP] = explain_path_icmp,
	[CLOSE_TIMEOUT_HANDSHAKE] = explain_captured_handshake,
	[CLOSE_TIMEOUT_DATA] = explain_captured_data,
	[CLOSE_TIMEOUT_KEEPALIVE] = explain_captured_keepalive,
	[CLOSE_PORT_REUSE] = explain_port_reuse,
	[CLOSE_ORPHAN_MID] = explain_captured_open,
};

/* "; 2 RSTs in the name of server 10.0.0.2:80 were ignored: ..." */
static void say_ignored(struct strbuf *b, const struct closed_connection *c, uint8_t end)
{
	uint32_t count = c->capture->rst_ignored[end == CAPTURE_END_SERVER];

	if (!count)
		return;
	say(b, "; ");
	strbuf_append_u64_grouped(b, count);
	say(b, count == 1 ? " RST in the name of " : " RSTs in the name of ");
	say_captured_end(b, c, end);
	say(b, " ended nothing");
}

void explain_captured(struct strbuf *b, const struct closed_connection *c)
{
	uint8_t verdict = c->record.decision.verdict;

	if (verdict < CLOSE_VERDICT_COUNT && explainers[verdict])
		explainers[verdict](b, c);
	else
		say(b, "the connection ended");
	say_ignored(b, c, CAPTURE_END_CLIENT);
	say_ignored(b, c, CAPTURE_END_SERVER);
	if (c->capture->is_early && verdict != CLOSE_ORPHAN_MID)
		say(b, "; told early to make room (--max-flows)");
}
