// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One small function per verdict. Literals are appended whole: no printf on this path. */
#include "user/model/explanation.h"

#include "include/storm.h"
#include "user/model/duration_text.h"
#include "user/model/explainers.h"
#include "user/model/say_follows.h"
#include "user/model/say.h"

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
	if (c->capture)
		explain_captured(b, c);
	else if (verdict < CLOSE_VERDICT_COUNT && explainers[verdict])
		explainers[verdict](b, c);
	else
		say(b, "the connection ended");
	say_follows(b, c);
	if (c->habit_closes)
		strbuf_appendf(b, "; it closes so by habit (%llu of %llu times)",
			       (unsigned long long)c->habit_resets,
			       (unsigned long long)c->habit_closes);
}
