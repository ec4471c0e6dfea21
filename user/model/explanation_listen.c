// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a listener, or a namespace of listeners, dropped because an accept queue was full. */
#include "user/model/explainers.h"

#include "user/model/say.h"

static void say_number(struct strbuf *b, uint64_t number)
{
	strbuf_append_u64_grouped(b, number);
}

static void say_dropped(struct strbuf *b, const struct close_detail *detail)
{
	say(b, "the kernel dropped ");
	say_number(b, detail->dropped);
	say(b, detail->dropped == 1 ? " SYN or final ACK" : " SYNs or final ACKs");
}

/* Which of the two limits to raise: listen() takes the smaller. */
static void say_whose_limit(struct strbuf *b, const struct close_detail *detail)
{
	if (!detail->somaxconn && detail->backlog_max)
		return;
	if (detail->backlog_max >= detail->somaxconn) {
		say(b, ", which is net.core.somaxconn");
		return;
	}
	say(b, ", the backlog that it gave to listen(); net.core.somaxconn would allow ");
	say_number(b, detail->somaxconn);
}

void explain_accept_queue(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_detail *detail = &c->record.detail;
	bool is_full = connection_saw(c, EVIDENCE(LISTEN_OVERFLOW));

	if (!connection_local_port(c)) {
		say_dropped(b, detail);
		say(b,
		    " for accept queues that were full, of listeners that are gone or not known");
		return;
	}
	say(b, "the accept queue of ");
	say_owner(b, c, "the listener");
	say(b, " on ");
	connection_append_local(b, c);
	say(b, is_full ? " is full: it holds " : " was probably full: it now holds ");
	say_number(b, detail->backlog);
	say(b, detail->backlog == 1 ? " connection" : " connections");
	say(b, ", its limit is ");
	say_number(b, detail->backlog_max);
	say_whose_limit(b, detail);
	say(b, "; ");
	say_dropped(b, detail);
}
