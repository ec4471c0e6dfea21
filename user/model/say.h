/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The clauses that sentences share. Each says one observation, or nothing where it was not made:
 * what is unknown is never printed as 0.
 */
#ifndef USER_MODEL_SAY_H
#define USER_MODEL_SAY_H

#include "user/base/strbuf.h"
#include "user/model/connection.h"

static inline void say(struct strbuf *b, const char *text)
{
	strbuf_append_str(b, text);
}

static inline const struct close_evidence *evidence_of(const struct closed_connection *c)
{
	return &c->record.evidence;
}

static inline bool is_inferred(const struct closed_connection *c)
{
	return c->record.decision.confidence != CLOSE_IS_PROVED;
}

/* Both ends are elsewhere: "local" is the client. */
static inline bool is_forwarded(const struct closed_connection *c)
{
	return evidence_of(c)->subject == SUBJECT_FORWARDED;
}

/* "probably ", unless the ending is proved. */
void say_probably(struct strbuf *b, const struct closed_connection *c);

/* nginx[812]@web, or `otherwise`. */
void say_owner(struct strbuf *b, const struct closed_connection *c, const char *otherwise);

/* Who closed: the task that did, else the owner, or `otherwise`. */
void say_closer(struct strbuf *b, const struct closed_connection *c, const char *otherwise);

/* "1 byte" or "4,312 bytes", and `what` behind it. */
void say_bytes(struct strbuf *b, uint64_t bytes, const char *what);

/* ", sent 3 times", from two on. */
void say_times(struct strbuf *b, uint32_t count);

/* `before` and the age of the connection, where it is known. */
void say_duration(struct strbuf *b, const struct closed_connection *c, const char *before);

/* " after 350 s idle". Below a second nobody waits: it would only be noise. */
void say_idle(struct strbuf *b, const struct closed_connection *c);

/* " to the first data after 350 s idle", where that data was never acknowledged; else say_idle(). */
void say_idle_before(struct strbuf *b, const struct closed_connection *c);

/* " (TCP_ABORT_ON_CLOSE)" */
void say_reason(struct strbuf *b, const struct closed_connection *c);

/* ", so the kernel sent RST", `more`, and the reason. */
void say_so_rst(struct strbuf *b, const struct closed_connection *c, const char *more);

/* ": a rule of this host drops it (NETFILTER_DROP)", of what was dropped here. */
void say_own_drop(struct strbuf *b, const struct closed_connection *c);

/* "ICMP host unreachable (type 3, code 1) of the router 10.0.0.1" */
void say_icmp(struct strbuf *b, const struct closed_connection *c);

/* "; what was answered is ICMP ...", where an ICMP error came for what was in flight. */
void say_icmp_answer(struct strbuf *b, const struct closed_connection *c);

/* "; whether the SYN left this host was not seen" */
void say_syn_unseen(struct strbuf *b, const struct closed_connection *c);

/* " (ETIMEDOUT)" */
void say_error(struct strbuf *b, const struct closed_connection *c);

/* "; 10 bytes sent, 20 received in 3 s" */
void say_traffic(struct strbuf *b, const struct closed_connection *c);

/* "; 7 bytes were not acknowledged" */
void say_unacked(struct strbuf *b, const struct closed_connection *c);

/* "; 9 bytes were never sent" */
void say_unsent(struct strbuf *b, const struct closed_connection *c);

/* The address of an end; "client " or "server " before it where both are elsewhere. */
void say_end(struct strbuf *b, const struct closed_connection *c, bool is_local);

#endif
