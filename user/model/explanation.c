// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One small function per verdict. Literals are appended whole: no printf on this path. */
#include "user/model/explanation.h"

#include <string.h>

#include "include/storm.h"
#include "user/model/duration_text.h"
#include "user/model/idle_hint.h"
#include "user/model/names.h"

#define US_PER_SECOND UINT64_C(1000000)

static void say(struct strbuf *b, const char *text)
{
	strbuf_append_str(b, text);
}

static const struct close_evidence *evidence_of(const struct closed_connection *c)
{
	return &c->record.evidence;
}

static bool is_inferred(const struct closed_connection *c)
{
	return c->record.decision.confidence != CLOSE_IS_PROVED;
}

static void say_probably(struct strbuf *b, const struct closed_connection *c)
{
	if (is_inferred(c))
		say(b, "probably ");
}

static void say_owner(struct strbuf *b, const struct closed_connection *c, const char *otherwise)
{
	if (c->record.owner.pid)
		connection_append_owner(b, c);
	else
		say(b, otherwise);
}

/* Who closed: the task that did, else the owner. */
static void say_closer(struct strbuf *b, const struct closed_connection *c, const char *otherwise)
{
	if (c->record.closer.pid && c->record.closer.pid != c->record.owner.pid)
		task_append(b, &c->record.closer);
	else
		say_owner(b, c, otherwise);
}

static void say_bytes(struct strbuf *b, uint64_t bytes, const char *what)
{
	strbuf_append_u64_grouped(b, bytes);
	say(b, bytes == 1 ? " byte" : " bytes");
	say(b, what);
}

static void say_times(struct strbuf *b, uint32_t count)
{
	if (count < 2)
		return;
	say(b, ", sent ");
	strbuf_append_u64_grouped(b, count);
	say(b, " times");
}

static void say_duration(struct strbuf *b, const struct closed_connection *c, const char *before)
{
	if (!connection_has(c, CONNECTION_HAS_DURATION))
		return;
	say(b, before);
	duration_append(b, c->duration_us, " ");
}

/* Below a second nobody waits: it would only be noise. */
static void say_idle(struct strbuf *b, const struct closed_connection *c)
{
	if (!connection_has(c, CONNECTION_HAS_IDLE) || c->idle_us < US_PER_SECOND)
		return;
	say(b, " after ");
	duration_append(b, c->idle_us, " ");
	say(b, " idle");
}

/* (TCP_ABORT_ON_CLOSE) */
static void say_reason(struct strbuf *b, const struct closed_connection *c)
{
	if (!c->record.decision.reset_reason)
		return;
	say(b, " (");
	say(b, reset_reason_name(c->record.decision.reset_reason));
	say(b, ")");
}

static void say_so_rst(struct strbuf *b, const struct closed_connection *c, const char *more)
{
	say(b, ", so the kernel ");
	say_probably(b, c);
	say(b, "sent RST");
	say(b, more);
	say_reason(b, c);
}

static void say_error(struct strbuf *b, const struct closed_connection *c)
{
	uint16_t error = evidence_of(c)->error ? evidence_of(c)->error : evidence_of(c)->error_soft;

	if (!error)
		return;
	say(b, " (");
	say(b, error_name(error));
	say(b, ")");
}

static void say_traffic(struct strbuf *b, const struct closed_connection *c)
{
	if (!connection_has(c, CONNECTION_HAS_SOCKET))
		return;
	say(b, "; ");
	say_bytes(b, c->record.bytes_sent, " sent, ");
	strbuf_append_u64_grouped(b, c->record.bytes_received);
	say(b, " received");
	say_duration(b, c, " in ");
}

static bool is_forwarded(const struct closed_connection *c)
{
	return evidence_of(c)->subject == SUBJECT_FORWARDED;
}

static void say_end(struct strbuf *b, const struct closed_connection *c, bool is_local)
{
	if (is_forwarded(c))
		say(b, is_local ? "client " : "server ");
	if (is_local)
		connection_append_local(b, c);
	else
		connection_append_peer(b, c);
}

static void explain_fin_normal(struct strbuf *b, const struct closed_connection *c)
{
	bool peer_first = c->record.decision.initiator == CLOSE_BY_PEER ||
			  c->record.decision.initiator == CLOSE_BY_SERVER;

	if (is_forwarded(c)) {
		say_end(b, c, !peer_first);
		say(b, " closed first, ");
		say_end(b, c, peer_first);
		say(b, " followed");
		say_duration(b, c, " after ");
		return;
	}
	if (c->record.decision.cause == CLOSE_CAUSE_SIMULTANEOUS) {
		say_closer(b, c, "this host");
		say(b, " and ");
		connection_append_peer(b, c);
		say(b, " closed at the same time");
	} else if (peer_first) {
		connection_append_peer(b, c);
		say(b, " closed first, ");
		say_closer(b, c, "this host");
		say(b, " followed");
	} else {
		say_closer(b, c, "this host");
		say(b, " closed first, ");
		connection_append_peer(b, c);
		say(b, is_inferred(c) ? " probably followed" : " followed");
	}
	say_traffic(b, c);
}

static void explain_half_close_timeout(struct strbuf *b, const struct closed_connection *c)
{
	if (is_forwarded(c)) {
		bool local_sent = connection_saw(c, EVIDENCE(FIN_OUT));

		say_end(b, c, local_sent);
		say(b, " sent FIN, ");
		say_end(b, c, !local_sent);
		say(b, " was not seen closing");
		return;
	}
	say_closer(b, c, "this host");
	say(b, " closed, but ");
	connection_append_peer(b, c);
	say(b, is_inferred(c) ? " probably did not close its side" :
				" did not close its side within tcp_fin_timeout");
}

static void explain_fin_unacked(struct strbuf *b, const struct closed_connection *c)
{
	say_closer(b, c, "this host");
	say(b, " closed, but ");
	connection_append_peer(b, c);
	say(b, " never acknowledged the FIN");
	say_times(b, evidence_of(c)->local_fin_count);
	say_error(b, c);
}

static void say_unsent(struct strbuf *b, const struct closed_connection *c)
{
	if (!evidence_of(c)->unsent_bytes)
		return;
	say(b, "; ");
	say_bytes(b, evidence_of(c)->unsent_bytes, " were never sent");
}

static void explain_app_abort(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_evidence *e = evidence_of(c);

	say_closer(b, c, "the application");
	switch (c->record.decision.cause) {
	case CLOSE_CAUSE_UNREAD_DATA:
		say(b, " closed with ");
		if (e->unread_bytes)
			say_bytes(b, e->unread_bytes, " unread");
		else
			say(b, "unread data");
		say_so_rst(b, c, "");
		return;
	case CLOSE_CAUSE_LINGER0:
		say(b, " closed with SO_LINGER set to 0 s");
		say_so_rst(b, c, " instead of FIN");
		say_unsent(b, c);
		return;
	case CLOSE_CAUSE_LINGER2:
		say(b, " closed with a negative TCP_LINGER2");
		say_so_rst(b, c, " instead of waiting for the peer's FIN");
		return;
	case CLOSE_CAUSE_DISCONNECT:
		say(b, " disconnected the socket with connect(AF_UNSPEC)");
		say_so_rst(b, c, "");
		say_unsent(b, c);
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
	}
}

static void explain_unaccepted(struct strbuf *b, const struct closed_connection *c)
{
	say_closer(b, c, "the application");
	say(b, " stopped listening on ");
	connection_append_local(b, c);
	say(b, " before it accepted the connection of ");
	connection_append_peer(b, c);
	say_so_rst(b, c, "");
}

static void explain_admin_kill(struct strbuf *b, const struct closed_connection *c)
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
}

static void explain_late_data(struct strbuf *b, const struct closed_connection *c)
{
	say(b, "data of ");
	connection_append_peer(b, c);
	say(b, is_inferred(c) ? " probably came after " : " came after ");
	say_closer(b, c, "the application");
	say(b, c->record.decision.cause == CLOSE_CAUSE_DATA_AFTER_CLOSE ? " had closed" :
									  " had stopped reading");
	if (c->record.local_fin_ns && c->record.local_fin_ns < c->record.head.time_ns) {
		say(b, " ");
		duration_append(b, (c->record.head.time_ns - c->record.local_fin_ns) / 1000, " ");
		say(b, " earlier");
	}
	say_so_rst(b, c, "");
}

static void explain_refused_here(struct strbuf *b, const struct closed_connection *c)
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

static void explain_no_socket(struct strbuf *b, const struct closed_connection *c)
{
	say(b, trigger_noun(evidence_of(c)));
	say(b, " of ");
	connection_append_peer(b, c);
	say(b, " came to ");
	connection_append_local(b, c);
	say(b, is_inferred(c) ? ", but probably no socket has this connection" :
				", but no socket has this connection");
	say_so_rst(b, c, "");
}

static void explain_listen_overflow(struct strbuf *b, const struct closed_connection *c)
{
	say(b, "the accept queue of ");
	say_owner(b, c, "the listener");
	say(b, " on ");
	connection_append_local(b, c);
	say(b, " was full, so the kernel answered ");
	connection_append_peer(b, c);
	say(b, " with RST (tcp_abort_on_overflow)");
}

static void explain_bad_segment(struct strbuf *b, const struct closed_connection *c)
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

static void explain_resource(struct strbuf *b, const struct closed_connection *c)
{
	say(b, "the kernel sent RST for the connection of ");
	say_owner(b, c, "an application");
	say(b, is_inferred(c) ? " unasked, probably because " : " because ");
	say(b, "tcp_mem or tcp_max_orphans was reached");
	say_reason(b, c);
}

static void explain_firewall(struct strbuf *b, const struct closed_connection *c)
{
	say_probably(b, c);
	say(b, "a REJECT rule of this host sent the RST between ");
	say_end(b, c, true);
	say(b, " and ");
	say_end(b, c, false);
	if (connection_saw(c, EVIDENCE(SOCKET_ALIVE)))
		say(b, "; the local socket is still open");
}

static void explain_cancel(struct strbuf *b, const struct closed_connection *c)
{
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
	say(b, " while ");
	connection_append_peer(b, c);
	say(b, " had not answered the SYN");
	say_times(b, evidence_of(c)->local_syn_count);
}

static void explain_refused_there(struct strbuf *b, const struct closed_connection *c)
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

static void explain_peer_reset(struct strbuf *b, const struct closed_connection *c)
{
	bool by_client = c->record.decision.initiator == CLOSE_BY_CLIENT;

	say_end(b, c, by_client);
	say(b, is_inferred(c) && !is_forwarded(c) ? " probably sent RST" : " sent RST");
	say_idle(b, c);
	if (c->record.decision.benign)
		say(b, " after its own FIN, because data was still coming");
	else if (c->record.decision.cause == CLOSE_CAUSE_PEER_APP)
		say(b, ", in the shape of an application's abort");
	else if (c->record.decision.cause == CLOSE_CAUSE_PEER_KERNEL)
		say(b, ", in the shape of a kernel's reply to a packet that it did not want");
	if (evidence_of(c)->unread_bytes) {
		say(b, "; ");
		say_bytes(b, evidence_of(c)->unread_bytes, " were still unread");
	}
	if (evidence_of(c)->unacked_bytes) {
		say(b, "; ");
		say_bytes(b, evidence_of(c)->unacked_bytes, " were not acknowledged");
	}
	say_other_end(b, c);
	idle_hint_append(b, c);
}

static void explain_reset_handshake(struct strbuf *b, const struct closed_connection *c)
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

static void explain_path_reset(struct strbuf *b, const struct closed_connection *c)
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

static void explain_path_icmp(struct strbuf *b, const struct closed_connection *c)
{
	bool saw_icmp = connection_saw(c, EVIDENCE(ICMP_IN));

	say(b, "the SYN to ");
	connection_append_peer(b, c);
	say(b, saw_icmp ? " was answered by " : " failed, probably by ");
	say(b, c->record.decision.cause == CLOSE_CAUSE_ICMP_OTHER ?
		       "an ICMP error" :
		       cause_meaning(c->record.decision.cause));
	if (saw_icmp)
		say(b, connection_saw(c, EVIDENCE(ICMP_FROM_PEER)) ? " of the peer itself" :
								     " of a host on the path");
	else if (evidence_of(c)->error == EVIDENCE_EHOSTUNREACH)
		say(b, " or because nobody answers for the address on the link");
	say_error(b, c);
}

static void explain_timeout_handshake(struct strbuf *b, const struct closed_connection *c)
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

static void explain_timeout_data(struct strbuf *b, const struct closed_connection *c)
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

static void explain_timeout_keepalive(struct strbuf *b, const struct closed_connection *c)
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

static void explain_port_reuse(struct strbuf *b, const struct closed_connection *c)
{
	say(b, "a new SYN between ");
	say_end(b, c, true);
	say(b, " and ");
	say_end(b, c, false);
	say(b, " took over a connection that was still in use");
}

static void explain_orphan(struct strbuf *b, const struct closed_connection *c)
{
	say(b, "the connection");
	if (c->record.owner.pid) {
		say(b, " of ");
		connection_append_owner(b, c);
	}
	if (c->record.decision.cause == CLOSE_CAUSE_SILENT) {
		say(b, " ended");
		if (evidence_of(c)->state) {
			say(b, " in state ");
			say(b, tcp_state_name(evidence_of(c)->state));
		}
		say(b, connection_saw(c, EVIDENCE(CLOSE_NOT_SHOWN)) ?
			       ", and the kernel did not show how" :
			       " without an error, a RST or a full exchange of FINs");
		return;
	}
	say(b, " ended, but what was seen of it does not tell how");
}

static void (*const explainers[CLOSE_VERDICT_COUNT])(struct strbuf *b,
						     const struct closed_connection *c) = {
	[CLOSE_FIN_NORMAL] = explain_fin_normal,
	[CLOSE_HALF_CLOSE_TIMEOUT] = explain_half_close_timeout,
	[CLOSE_FIN_UNACKED_TIMEOUT] = explain_fin_unacked,
	[CLOSE_LOCAL_APP_ABORT] = explain_app_abort,
	[CLOSE_LOCAL_UNACCEPTED] = explain_unaccepted,
	[CLOSE_LOCAL_ADMIN_KILL] = explain_admin_kill,
	[CLOSE_LOCAL_LATE_DATA_RST] = explain_late_data,
	[CLOSE_LOCAL_REFUSED] = explain_refused_here,
	[CLOSE_LOCAL_NO_SOCKET] = explain_no_socket,
	[CLOSE_LOCAL_LISTEN_OVERFLOW] = explain_listen_overflow,
	[CLOSE_LOCAL_BAD_SEGMENT_RST] = explain_bad_segment,
	[CLOSE_LOCAL_RESOURCE] = explain_resource,
	[CLOSE_LOCAL_FIREWALL] = explain_firewall,
	[CLOSE_LOCAL_CANCEL] = explain_cancel,
	[CLOSE_PEER_REFUSED] = explain_refused_there,
	[CLOSE_PEER_RESET] = explain_peer_reset,
	[CLOSE_PEER_RESET_HANDSHAKE] = explain_reset_handshake,
	[CLOSE_PATH_RESET] = explain_path_reset,
	[CLOSE_PATH_ICMP] = explain_path_icmp,
	[CLOSE_TIMEOUT_HANDSHAKE] = explain_timeout_handshake,
	[CLOSE_TIMEOUT_DATA] = explain_timeout_data,
	[CLOSE_TIMEOUT_KEEPALIVE] = explain_timeout_keepalive,
	[CLOSE_PORT_REUSE] = explain_port_reuse,
	[CLOSE_ORPHAN_MID] = explain_orphan,
};

/* Before the sentence about one of them. */
static void say_storm(struct strbuf *b, const struct closed_connection *c)
{
	static const char *const whose[STORM_LEVEL_COUNT] = {
		[STORM_PEER_NETWORK] = "",
		[STORM_LISTENER] = ", of many peers or ports",
		[STORM_VERDICT] = ", of many addresses",
	};

	strbuf_append_u64_grouped(b, c->repeated);
	say(b, c->repeated == 1 ? " ending" : " endings");
	if (c->wall_ns > c->first_wall_ns) {
		say(b, " within ");
		duration_append(b, (c->wall_ns - c->first_wall_ns) / CLOCK_NS_PER_US, " ");
	}
	say(b, whose[c->storm_level]);
	say(b, ", such as: ");
}

void explanation_append(struct strbuf *b, const struct closed_connection *c)
{
	uint8_t verdict = c->record.decision.verdict;

	if (c->first_wall_ns)
		say_storm(b, c);
	if (verdict < CLOSE_VERDICT_COUNT && explainers[verdict])
		explainers[verdict](b, c);
	else
		say(b, "the connection ended");
	if (c->habit_closes)
		strbuf_appendf(b, "; it closes so by habit (%llu of %llu times)",
			       (unsigned long long)c->habit_resets,
			       (unsigned long long)c->habit_closes);
}
