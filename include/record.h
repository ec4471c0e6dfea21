/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What goes through the ring buffer. Raise RECORD_ABI_VERSION when a member moves,
 * changes its meaning or goes; a member appended at a record's end needs no raise:
 * readers take `size` and ignore what they do not know.
 */
#ifndef CLOSETRACE_RECORD_H
#define CLOSETRACE_RECORD_H

#include "include/close_detail.h"
#include "include/decide.h"
#include "include/flow_key.h"
#include "include/flow_tally.h"

#define RECORD_ABI_VERSION 3

enum record_type {
	RECORD_CLOSE = 1, /* struct close_record */
	RECORD_AMEND = 2, /* struct amend_record: late evidence about a close */
	RECORD_NETNS = 3, /* struct netns_record: a namespace that was not known */
	RECORD_CGROUP = 4, /* struct cgroup_record: a cgroup was made or removed */
	RECORD_STORM = 5, /* struct storm_record: endings that were only counted */
	RECORD_OOM = 6, /* struct oom_record: a process that the kernel kills for its memory */
};

/* close_record.head.flags */
#define RECORD_MAY_BE_AMENDED 0x1 /* hold it for the grace period: evidence may follow */
#define RECORD_FROM_SNAPSHOT 0x2 /* the socket is older than the tracer: no birth time */
#define RECORD_HAS_STACKS 0x4 /* in the stacks map, by the cookie */
#define RECORD_MAY_FOLLOW 0x8 /* a clean one that may follow from an abnormal one; else not sent */
#define RECORD_FROM_CAPTURE 0x10 /* replayed: bytes and retransmits as the packets show them */

struct record_head {
	__u16 abi_version;
	__u8 type; /* enum record_type */
	__u8 flags;
	__u32 size; /* of the whole record, bytes */
	__u64 time_ns; /* CLOCK_MONOTONIC */
};
ABI_SIZE(struct record_head, 16);

/**
 * One ending.
 *
 * @local_side     Which endpoint of `key` is "local": the socket's, or the client's
 *                 for a forwarded connection.
 * @socket_cookie  0 without a socket.
 * @birth_ns       CLOCK_MONOTONIC of the SYN (client) or of the child socket (server);
 *                 0 = unknown.
 * @idle_jiffies   Since the last data either way, in ticks of the running kernel;
 *                 IDLE_UNKNOWN when there was no socket.
 * @rtt_us         Smoothed; 0 = never measured.
 * @local_isn @peer_isn  Initial sequence numbers as seen on the wire, 0 = unknown. They pass
 *                 through address translation unchanged, so both ends of a connection agree.
 * @local_fin_ns   CLOCK_MONOTONIC of the local end's first FIN on the wire, 0 = none seen.
 * @cgroup_id      Of the socket (sk_cgrp_data), 0 = unknown.
 * @owner          pid 0 = unknown; `owner_source` says how it became known.
 * @closer         The task that closed, when a task did; pid 0 otherwise.
 */
struct close_record {
	struct record_head head;
	struct flow_key key;
	__u8 local_side;
	__u8 owner_source; /* enum owner_source */
	__u8 hook; /* enum wire_hook that reported it, NONE for the stack */
	__u8 reserved;
	__u32 ifindex; /* home of the local end's packets, 0 = unknown */
	__u64 socket_cookie;
	__u64 birth_ns;
	__u64 cgroup_id;
	__u64 bytes_sent;
	__u64 bytes_received;
	__u32 rtt_us;
	__u32 idle_jiffies;
	__u32 local_isn;
	__u32 peer_isn;
	__u64 local_fin_ns;
	struct task_identity owner;
	struct task_identity closer;
	struct close_evidence evidence;
	struct close_decision decision;
	struct close_detail detail;
};
ABI_SIZE(struct close_record, 400);

#define IDLE_UNKNOWN 0xffffffffu

/* Evidence that arrived after its close record, found by the key and the local side. */
struct amend_record {
	struct record_head head;
	struct flow_key key;
	__u64 seen;
	__u32 local_rst_count; /* as it is now, 0 = unknown */
	__u8 local_side;
	__u8 reset_reason;
	__u8 reserved[2];
};
ABI_SIZE(struct amend_record, 72);

/**
 * A close that waits for the wire: a socket that went to TIME_WAIT before the peer's
 * FIN, or a handshake whose SYN-ACK is being retransmitted. Value of the watch map.
 *
 * @deadline_ns  CLOCK_MONOTONIC; ct_watch_expire tells it when nothing came by then.
 */
struct watched_close {
	struct close_record record;
	__u64 deadline_ns;
};
ABI_SIZE(struct watched_close, 408);

struct netns_record {
	struct record_head head;
	__u32 netns;
	__u32 pid;
};
ABI_SIZE(struct netns_record, 24);

/**
 * Sums over endings.
 *
 * @counts  By enum tally_count.
 * @bytes_sent @bytes_received  Payload, by sockets of this host.
 */
struct ending_sums {
	__u64 counts[TALLY_COUNT];
	__u64 bytes_sent;
	__u64 bytes_received;
};
ABI_SIZE(struct ending_sums, 152);

/**
 * Endings of a group that were not sent by themselves: include/storm.h.
 *
 * @close     The oldest of them; its head is this record's, with its own time.
 * @repeated  How many they are, from 1 up.
 * @last_ns   CLOCK_MONOTONIC of the youngest of them.
 * @level     enum storm_level: what they have in common.
 * @sums      Over all of them.
 */
struct storm_record {
	struct close_record close;
	struct ending_sums sums;
	__u64 repeated;
	__u64 last_ns;
	__u8 level;
	__u8 reserved[7];
};
ABI_SIZE(struct storm_record, 576);

#define CGROUP_PATH_BYTES 256

/* cgroup_record.head.flags */
#define CGROUP_REMOVED 0x1 /* else made */
#define CGROUP_PATH_CUT 0x2 /* the path was longer than fits */

/**
 * A cgroup of the version 2 hierarchy that came or went.
 *
 * @cgroup_id  kn->id, as in close_record; never used again after the removal.
 * @path       From the root of the hierarchy, whatever the cgroup namespace; NUL-terminated
 *             and without meaning behind that. Any other bytes may occur.
 */
struct cgroup_record {
	struct record_head head;
	__u64 cgroup_id;
	char path[CGROUP_PATH_BYTES];
};
ABI_SIZE(struct cgroup_record, 280);

#define OOM_CGROUP_DEPTH 6
#define OOM_CGROUP_NAME_BYTES 72

/**
 * The kernel has chosen this process to free memory. Comes before the endings of its sockets.
 *
 * @pid          As in struct task_identity.
 * @limit_bytes  Of the cgroup that had reached its limit; 0: none had, the whole host ran short.
 * @names        The path of that cgroup, from the leaf up; NUL-terminated unless cut, an empty name
 *               ends it. Any other bytes may occur.
 */
struct oom_record {
	struct record_head head;
	__u64 limit_bytes;
	__u32 pid;
	__u32 reserved;
	char names[OOM_CGROUP_DEPTH][OOM_CGROUP_NAME_BYTES];
};
ABI_SIZE(struct oom_record, 464);

#endif
