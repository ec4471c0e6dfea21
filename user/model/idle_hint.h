/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether a connection was idle for just as long as some known timeout. A hint, never a
 * proof: the same time may pass by chance.
 */
#ifndef USER_MODEL_IDLE_HINT_H
#define USER_MODEL_IDLE_HINT_H

#include <stdint.h>

#include "user/base/strbuf.h"
#include "user/model/connection.h"

/**
 * Settings of this host that make idle connections end, in seconds; 0 = not known. They are
 * those of the tracer's own network namespace: a container may have others.
 *
 * X(name, sysctl below /proc/sys, with dots)
 */
#define HOST_TIMEOUTS(X)                                                                           \
	X(conntrack_established, "net.netfilter.nf_conntrack_tcp_timeout_established")             \
	X(conntrack_close_wait, "net.netfilter.nf_conntrack_tcp_timeout_close_wait")               \
	X(conntrack_fin_wait, "net.netfilter.nf_conntrack_tcp_timeout_fin_wait")                   \
	X(keepalive_time, "net.ipv4.tcp_keepalive_time")

#define HOST_TIMEOUT_MEMBER(name, sysctl) uint32_t name;
struct host_timeouts {
	HOST_TIMEOUTS(HOST_TIMEOUT_MEMBER)
};

/**
 * Append "; 350 s is the idle timeout of some load balancers", or what of this host's own
 * settings (c->timeouts) fits better: conntrack's timeout for the state of the socket, or the
 * keepalive time where keepalive was on. Nothing when no timeout fits.
 */
void idle_hint_append(struct strbuf *b, const struct closed_connection *c);

#endif
