/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The data struct in the middle: one connection that ended. Sources make it from a record,
 * enrichment adds what only user space knows, filters and sinks read it.
 */
#ifndef USER_MODEL_CONNECTION_H
#define USER_MODEL_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "include/record.h"
#include "user/base/clock.h"
#include "user/base/strbuf.h"

/* closed_connection.present */
#define CONNECTION_HAS_DURATION 0x1
#define CONNECTION_HAS_IDLE 0x2
#define CONNECTION_HAS_SOCKET 0x4 /* byte counts, retransmits and state are facts */
#define CONNECTION_HAS_WIRE 0x8 /* packets were counted: a count of 0 is a fact */
#define CONNECTION_HAS_SYN 0x10 /* and so were the SYNs: the tracer is older than the socket */

/* What of the local end is known; a forwarded connection has none. */
enum connection_role {
	CONNECTION_ROLE_UNKNOWN,
	CONNECTION_ROLE_CLIENT,
	CONNECTION_ROLE_SERVER,
};

/* Which end is the client. "local" for a forwarded connection, too. */
enum connection_client {
	CONNECTION_CLIENT_UNKNOWN,
	CONNECTION_CLIENT_LOCAL,
	CONNECTION_CLIENT_PEER,
};

/**
 * What a record does not say but every record of a host shares.
 *
 * @jiffies_hz      Ticks per second of the running kernel, CONFIG_HZ; 0 = unknown.
 * @host            Name of the host, borrowed for as long as connections live; may be NULL.
 * @interface_name  Resolve an interface of a namespace; the result is borrowed like `host`. NULL
 *                  when it is not known. The callback itself may be NULL.
 */
struct record_context {
	struct clock_map clock;
	uint32_t jiffies_hz;
	const char *host;
	const char *(*interface_name)(void *data, uint32_t netns, uint32_t ifindex);
	void *interface_data;
};

/**
 * Holds no pointer into itself: may be copied. Owns nothing that it points to.
 *
 * @record       As it came; a struct amend_record changes it before it is shown.
 * @wall_ns      record.head.time_ns as wall time.
 * @duration_us  From the first SYN to the end.
 * @idle_us      Since the last data either way.
 * @interface    May be NULL.
 * @cgroup       Path below the cgroup root, set by enrichment; may be NULL.
 */
struct closed_connection {
	struct close_record record;
	uint64_t wall_ns;
	uint64_t duration_us;
	uint64_t idle_us;
	const char *host;
	const char *interface;
	const char *cgroup;
	uint32_t present; /* CONNECTION_HAS_* */
	uint8_t role; /* enum connection_role */
	uint8_t client; /* enum connection_client */
};

/**
 * @record  Must have passed record_check(). Copied.
 * @ret     Overwritten whole.
 */
void connection_from_record(const struct close_record *record, const struct record_context *context,
			    struct closed_connection *ret);

static inline bool connection_has(const struct closed_connection *c, uint32_t bits)
{
	return (c->present & bits) == bits;
}

static inline bool connection_saw(const struct closed_connection *c, uint64_t evidence)
{
	return (c->record.evidence.seen & evidence) == evidence;
}

/* Network byte order, IPv4 mapped: for strbuf_append_ip(). */
static inline const uint8_t *connection_local_addr(const struct closed_connection *c)
{
	return c->record.key.addr[c->record.local_side];
}

static inline const uint8_t *connection_peer_addr(const struct closed_connection *c)
{
	return c->record.key.addr[!c->record.local_side];
}

/* Host byte order. */
static inline uint16_t connection_local_port(const struct closed_connection *c)
{
	return NET_TO_HOST_16(c->record.key.port[c->record.local_side]);
}

static inline uint16_t connection_peer_port(const struct closed_connection *c)
{
	return NET_TO_HOST_16(c->record.key.port[!c->record.local_side]);
}

/* 10.0.0.8:9 or [2001:db8::1]:9. */
void endpoint_append(struct strbuf *b, const uint8_t addr[16], uint16_t port);
void connection_append_local(struct strbuf *b, const struct closed_connection *c);
void connection_append_peer(struct strbuf *b, const struct closed_connection *c);

/* Bytes of comm before its NUL, if it has one. */
size_t task_comm_len(const struct task_identity *task);

/**
 * nginx[812]. `task->pid` must not be 0. The comm is copied as it is, any bytes: who prints the
 * text escapes it (json_append_string, text_append_escaped).
 */
void task_append(struct strbuf *b, const struct task_identity *task);

#endif
