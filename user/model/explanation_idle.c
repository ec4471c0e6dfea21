// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Resets of a connection that the peer had closed while it was idle. */
#include "user/model/explainers.h"

#include "user/model/duration_text.h"
#include "user/model/say.h"

/* Less than this between the peer's FIN and our data, and nobody could have noticed the FIN. */
#define NOTICEABLE_US UINT64_C(100000)

/* Two timers differ by less than a tenth of a second: 1.97 s. */
static void say_idle_time(struct strbuf *b, uint64_t us)
{
	if (us >= UINT64_C(1000000) && us < UINT64_C(100000000))
		strbuf_appendf(b, "%u.%02u s", (unsigned int)(us / 1000000),
			       (unsigned int)(us / 10000 % 100));
	else
		duration_append(b, us, " ");
}

static void say_after_idle(struct strbuf *b, uint64_t idle_us)
{
	if (!idle_us)
		return;
	say(b, " after ");
	say_idle_time(b, idle_us);
	say(b, " idle");
}

static void say_lost(struct strbuf *b, const struct closed_connection *c, const char *before)
{
	say(b, before);
	if (evidence_of(c)->unacked_bytes)
		say_bytes(b, evidence_of(c)->unacked_bytes, "");
	else
		say(b, "data");
}

static void say_sender(struct strbuf *b, const struct closed_connection *c)
{
	say_owner(b, c, "this host");
}

/* The peer's stack answered by RST what its application can never have read. */
static void say_none_acknowledged(struct strbuf *b)
{
	say(b, "; none of it was acknowledged, so it is safe to send it again");
}

void explain_keepalive_race(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_detail *detail = &c->record.detail;

	say(b, "keep-alive race: ");
	connection_append_peer(b, c);
	say(b, " closed");
	say_after_idle(b, detail->fin_idle_us);
	say_lost(b, c, ", and ");
	say(b, " that ");
	say_sender(b, c);
	say(b, " sent");
	say_after_idle(b, detail->idle_before_us);
	say(b, " crossed its FIN");
	say(b, is_inferred(c) ? ", probably answered by RST" : ", answered by RST");
	say_none_acknowledged(b);
	say(b, "; make this side's idle timeout shorter than the peer's");
}

/* When the data left, counted from the peer's FIN; 0 where that is not known. */
static uint64_t sent_after_fin_us(const struct close_detail *detail)
{
	if (!detail->fin_idle_us || detail->idle_before_us <= detail->fin_idle_us)
		return 0;
	return detail->idle_before_us - detail->fin_idle_us;
}

void explain_stale_pool(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_detail *detail = &c->record.detail;
	uint64_t late_us = sent_after_fin_us(detail);

	say_sender(b, c);
	say_lost(b, c, " sent ");
	if (late_us) {
		say(b, " ");
		say_idle_time(b, late_us);
	}
	say(b, " after ");
	connection_append_peer(b, c);
	say(b, " had closed (FIN");
	say_after_idle(b, detail->fin_idle_us);
	say(b, is_inferred(c) ? "), which probably answered by RST" : "), which answered by RST");
	say_none_acknowledged(b);
	if (late_us >= NOTICEABLE_US)
		say(b, "; a pool that checks a connection before it hands it out would have seen "
		       "the FIN");
	else
		say(b, "; make this side's idle timeout shorter than the peer's");
}
