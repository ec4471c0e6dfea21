/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The data struct in the middle: one connection that ended. Sources make it from a record,
 * enrichment adds what only user space knows, filters and forms read it.
 */
#ifndef USER_MODEL_CONNECTION_H
#define USER_MODEL_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "include/ending_counts.h"
#include "include/record.h"
#include "user/base/clock.h"
#include "user/base/strbuf.h"

/* closed_connection.present */
#define CONNECTION_HAS_DURATION 0x1
#define CONNECTION_HAS_IDLE 0x2
#define CONNECTION_HAS_SOCKET 0x4 /* byte counts, retransmits and state are facts */
#define CONNECTION_HAS_WIRE 0x8 /* packets were counted: a count of 0 is a fact */
#define CONNECTION_HAS_SYN 0x10 /* and so were the SYNs: the tracer is older than the socket */
#define CONNECTION_HAS_BYTES 0x20 /* bytes sent and received, and retransmits, are facts */

struct host_timeouts;
struct oom_kill;
struct zeek_summary;
struct capture_story;

/**
 * What a record does not say but every record of a host shares.
 *
 * @jiffies_hz      Ticks per second of the running kernel, CONFIG_HZ; 0 = unknown.
 * @host            Name of the host, borrowed for as long as connections live; may be NULL.
 * @timeouts        Settings that end idle connections (user/model/idle_hint.h), borrowed as
 *                  `host`; may be NULL.
 * @interface_name  Resolve an interface of a namespace; the result is borrowed like `host`. NULL
 *                  when it is not known. The callback itself may be NULL.
 */
struct record_context {
	struct clock_map clock;
	uint32_t jiffies_hz;
	const char *host;
	const struct host_timeouts *timeouts;
	const char *(*interface_name)(void *data, uint32_t netns, uint32_t ifindex);
	void *interface_data;
};

/* Who made a container; X(ID, "word"). Number 0 is none. */
#define CONTAINER_RUNTIMES(X)                                                                      \
	X(NONE, "unknown")                                                                         \
	X(DOCKER, "docker")                                                                        \
	X(PODMAN, "podman")                                                                        \
	X(CONTAINERD, "containerd")                                                                \
	X(CRIO, "crio")                                                                            \
	X(NERDCTL, "nerdctl")

#define CONTAINER_RUNTIME_ENUM(id, ...) CONTAINER_RUNTIME_##id,
enum container_runtime { CONTAINER_RUNTIMES(CONTAINER_RUNTIME_ENUM) CONTAINER_RUNTIME_COUNT };

/**
 * The container of a socket. Strings are text from outside, without NUL; NULL when unknown.
 *
 * @id            As its runtime says it, whole.
 * @pod           Of Kubernetes, as is `pod_namespace`.
 */
struct container {
	const char *id;
	const char *name;
	const char *pod;
	const char *pod_namespace;
	uint8_t runtime; /* enum container_runtime */
};

#define OTHER_END_NAME_BYTES 64

/**
 * What is known of the other end of a connection when that is of this host, too.
 *
 * @container_name  Empty outside of containers, and where it is not known.
 */
struct other_end {
	struct task_identity owner;
	char container_name[OTHER_END_NAME_BYTES];
	uint8_t verdict;
	uint8_t cause;
};

/* Strings one after the other, each with a NUL behind it; any other bytes may be in them. */
struct string_list {
	const char *text;
	size_t len; /* of all, NULs included; 0 = unknown */
};

/**
 * Holds no pointer into itself: may be copied. Owns nothing that it points to.
 *
 * @record       As it came; a struct amend_record changes it before it is shown.
 * @wall_ns      When it ended; of a storm's record, when the youngest of them did.
 * @repeated     How many endings it stands for; above 0. Everything else is one of them.
 * @first_wall_ns  When the oldest of them ended; 0 when it stands for itself.
 * @duration_us  From the first SYN to the end.
 * @idle_us      Since the last data either way.
 * @interface    May be NULL.
 * @zone_local @zone_peer  Zones of both ends, set by enrichment; NULL when zones were not asked for.
 * @habit_closes @habit_resets  When the reset is a habit of its application: its closes so far, and
 *               those of them by RST. 0 otherwise.
 * @kernel_stack @user_stack  Names of the frames, innermost first, set by enrichment.
 * @cgroup       Path below the cgroup root, set by enrichment; may be NULL.
 * @container    Of the socket, set by enrichment; may be NULL.
 * @other_end    Set by the pipeline when both ends are of this host; may be NULL.
 * @follows      The ending that most probably caused this one, `follows_gap_us` before; set by the
 *               pipeline; may be NULL.
 * @oom_kill     Of the process that closed, set by the pipeline; may be NULL.
 * @sums         Over all endings that a storm's record stands for; NULL for any other.
 * @zeek @capture  Set by a replay; NULL for what was seen live.
 */
struct closed_connection {
	struct close_record record;
	uint64_t wall_ns;
	uint64_t repeated;
	uint64_t first_wall_ns;
	uint64_t duration_us;
	uint64_t idle_us;
	const char *host;
	const struct host_timeouts *timeouts; /* for hints; may be NULL */
	const char *interface;
	const char *cgroup;
	const struct container *container;
	const struct other_end *other_end;
	const struct oom_kill *oom_kill;
	const struct close_record *follows;
	uint64_t follows_gap_us;
	const char *zone_local;
	const char *zone_peer;
	uint64_t habit_closes;
	uint64_t habit_resets;
	const struct zeek_summary *zeek;
	const struct capture_story *capture;
	const struct ending_sums *sums;
	struct string_list kernel_stack;
	struct string_list user_stack;
	uint32_t present; /* CONNECTION_HAS_* */
	uint8_t role; /* enum connection_role */
	uint8_t client; /* enum connection_client */
	uint8_t storm_level; /* enum storm_level, when first_wall_ns is set */
};

/**
 * @record  Must have passed record_check(). Copied.
 * @ret     Overwritten whole.
 */
void connection_from_record(const struct close_record *record, const struct record_context *context,
			    struct closed_connection *ret);

/* As above, for a record that stands for many; `ret` borrows its sums. */
void connection_from_storm(const struct storm_record *storm, const struct record_context *context,
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

/* 10.0.0.8:9 or [2001:db8::1]:9; without a port 10.0.0.8, and "*" where nothing is known. */
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

/* The name of a container; without one its pod, or twelve digits of its id. As above. */
void container_append(struct strbuf *b, const struct container *container);

/* The same of the other end, which must be known. */
void other_end_append(struct strbuf *b, const struct other_end *end);

/* nginx[812]@web, or nginx[812] outside of containers. The owner's pid must not be 0. As above. */
void connection_append_owner(struct strbuf *b, const struct closed_connection *c);

#endif
