// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/idle_hint.h"

#include <stdbool.h>
#include <stddef.h>

#define US_PER_SECOND UINT64_C(1000000)

static const struct idle_timeout {
	unsigned int seconds;
	const char *of;
} idle_timeouts[] = {
	{ 60, "of many proxies and load balancers" },
	{ 300, "of some firewalls and load balancers" },
	{ 350, "of some load balancers" },
	{ 600, "of some proxies" },
	{ 3600, "of many firewalls" },
};

/* Within 1 %, and never for a setting that is not known. */
static bool idle_meets(uint64_t idle_us, uint64_t seconds)
{
	uint64_t timeout_us = seconds * US_PER_SECOND;
	uint64_t off = idle_us > timeout_us ? idle_us - timeout_us : timeout_us - idle_us;

	return seconds && off <= timeout_us / 100;
}

static const struct idle_timeout *idle_timeout_find(uint64_t idle_us)
{
	for (size_t i = 0; i < sizeof(idle_timeouts) / sizeof(idle_timeouts[0]); i++)
		if (idle_meets(idle_us, idle_timeouts[i].seconds))
			return &idle_timeouts[i];
	return NULL;
}

static void hint_append(struct strbuf *b, uint64_t seconds, const char *what)
{
	strbuf_append_str(b, "; ");
	strbuf_append_u64_grouped(b, seconds);
	strbuf_append_str(b, " s is ");
	strbuf_append_str(b, what);
}

/* The settings of this host, the ones that fit its sockets' state first. */
static bool own_hint_append(struct strbuf *b, const struct closed_connection *c, uint64_t idle_us)
{
	const struct host_timeouts *own = c->timeouts;
	uint8_t state = c->record.evidence.state;
	uint32_t conntrack = 0;
	const char *what = NULL;

	if (!own)
		return false;
	if (state == TCP_STATE_ESTABLISHED) {
		conntrack = own->conntrack_established;
		what = "this host's nf_conntrack_tcp_timeout_established";
	} else if (state == TCP_STATE_CLOSE_WAIT) {
		conntrack = own->conntrack_close_wait;
		what = "this host's nf_conntrack_tcp_timeout_close_wait";
	} else if (state == TCP_STATE_FIN_WAIT1 || state == TCP_STATE_FIN_WAIT2) {
		conntrack = own->conntrack_fin_wait;
		what = "this host's nf_conntrack_tcp_timeout_fin_wait";
	}
	if (idle_meets(idle_us, conntrack)) {
		hint_append(b, conntrack, what);
		return true;
	}
	if (connection_saw(c, EVIDENCE(KEEPALIVE_ON)) && idle_meets(idle_us, own->keepalive_time)) {
		hint_append(b, own->keepalive_time,
			    "this host's tcp_keepalive_time: the first probe may have met "
			    "someone who no longer knew the connection");
		return true;
	}
	return false;
}

/* What the timers on the path saw: the gap before the data that met the end, else up to the end. */
static uint64_t idle_seen_us(const struct closed_connection *c)
{
	if (c->record.detail.idle_before_us >= US_PER_SECOND)
		return c->record.detail.idle_before_us;
	return connection_has(c, CONNECTION_HAS_IDLE) ? c->idle_us : 0;
}

void idle_hint_append(struct strbuf *b, const struct closed_connection *c)
{
	const struct idle_timeout *timeout;
	uint64_t idle_us = idle_seen_us(c);

	if (!idle_us || own_hint_append(b, c, idle_us))
		return;
	timeout = idle_timeout_find(idle_us);
	if (!timeout)
		return;
	hint_append(b, timeout->seconds, "the idle timeout ");
	strbuf_append_str(b, timeout->of);
}
