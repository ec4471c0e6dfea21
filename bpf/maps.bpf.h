/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Declarations of all maps and of the configuration. Definitions: maps.bpf.c. */
#ifndef BPF_MAPS_BPF_H
#define BPF_MAPS_BPF_H

#include "vmlinux/vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "include/capture_flow.h"
#include "include/close_stacks.h"
#include "include/counters.h"
#include "include/flow_evidence.h"
#include "include/flow_fold.h"
#include "include/flow_tally.h"
#include "include/idle_habit.h"
#include "include/packet_trail.h"
#include "include/record.h"
#include "include/storm.h"
#include "include/tracer_config.h"

enum socket_phase {
	SOCKET_OPEN = 0,
	SOCKET_CLOSED = 1, /* went to CLOSE; its record waits for the last event */
	SOCKET_REPORTED = 2,
};

/**
 * What is known of one socket, kept in its sk_storage from birth to destruction.
 *
 * @watched   The record as it grows; passed whole to the watch map.
 * @rcv_nxt @snd_nxt @snd_una  At ->CLOSE: tcp_disconnect() clears the socket's own.
 * @fin_snd_una @fin_snd_nxt  When the peer's FIN was taken.
 * @state     As the last inet_sock_set_state said; LISTEN in the clone that a child starts
 *            with. The kernel skips a tracepoint program that would run on top of itself
 *            (softirq over a task), so a transition may be missing: this tells.
 */
struct socket_state {
	struct watched_close watched;
	__u32 rcv_nxt;
	__u32 snd_nxt;
	__u32 drops_told; /* of a listener: bpf/accept_queue.bpf.c */
	__u32 fin_snd_una;
	__u32 fin_snd_nxt;
	__u32 snd_una;
	__u8 phase; /* enum socket_phase */
	__u8 state;
	__u8 stack_rank; /* enum stack_rank */
	__u8 sent_just_now; /* at ->CLOSE: the last data cannot have been answered yet */
	__u8 is_translated; /* its SYN left under other addresses or ports than its own */
	__u8 reserved[3];
};

/* Shapes shared by definition and declaration: the linker insists that they agree. */
struct sockets_map {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct socket_state);
};

/*
 * The same for sockets that refuse a storage, because their owner has filled their option memory, or
 * allows none in the namespace (net.core.optmem_max): by cookie, until they are destroyed.
 */
struct spares_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, struct socket_state);
};

struct flows_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct flow_key);
	__type(value, struct flow_state);
};

struct watch_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct flow_key);
	__type(value, struct watched_close);
};

struct events_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
};

struct counters_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tracer_counters);
};

struct netns_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u8);
};

struct hooked_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct hooked_key);
	__type(value, __u64);
};

/**
 * Packets of one socket that this host dropped; by the address of the socket.
 *
 * @last_ns   CLOCK_MONOTONIC. Before the birth of the socket that has the address now: of another.
 * @snd_una   The socket's, when it was counted; `count` begins anew when it moves on.
 * @count     Packets other than RST since then.
 * @rst_count RSTs.
 * @reason    Of the last one: enum drop_reason.
 */
struct own_drop {
	__u64 last_ns;
	__u32 snd_una;
	__u32 count;
	__u32 rst_count;
	__u8 reason;
	__u8 reserved[3];
};

/**
 * The last ICMP error about a flow.
 *
 * @source        Its sender, from the outer header; IPv4 mapped.
 * @seq           Of the packet that it quotes.
 * @is_from_here  It came over loopback: this host's own.
 */
struct icmp_error {
	__u8 source[16] __attribute__((aligned(8)));
	__u32 seq;
	__u8 is_from_here;
	__u8 reserved[3];
};

struct icmp_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow_key);
	__type(value, struct icmp_error);
};

struct own_drops_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct own_drop);
};

/*
 * Connections that ended lately, by a hash of their key: what still comes for them is a
 * consequence. A slot holds 32 more bits of the hash and the second; old ones are overwritten.
 */
#define ENDED_SLOTS 65536

struct ended_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ENDED_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
};

/*
 * Where a program builds a record. Packet programs run with softirqs off, one at a time, and have
 * the first place. The others are interrupted by softirqs, or where tracepoints are preemptible by
 * other tasks, which run programs of the same kind: each takes a place and gives it back.
 */
enum scratch_place {
	SCRATCH_PACKETS = 0,
	SCRATCH_TAKEN = 1,
	SCRATCH_COUNT = 8,
};

struct scratch {
	struct watched_close close;
	__u32 is_taken;
};

struct scratch_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_COUNT);
	__type(key, __u32);
	__type(value, struct scratch);
};

/* Cgroups whose endings user space does not want; what is not in it, it looks at itself. */
struct unwanted_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u8);
};

/* User space makes it bigger when stacks are wanted. */
struct stacks_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct close_stacks);
};

/* Like the places for records: taken and given back. */
#define STACK_SLOTS 4

struct stack_slot {
	struct close_stacks stacks;
	__u32 is_taken;
};

struct stack_slots_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STACK_SLOTS);
	__type(key, __u32);
	__type(value, struct stack_slot);
};

/* Groups of endings that are alike. User space makes it smaller when none are wanted. */
struct storms_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct storm_key);
	__type(value, struct storm_group);
};

struct storm_rest_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CLOSE_VERDICT_COUNT);
	__type(key, __u32);
	__type(value, struct storm_group);
};

/*
 * The counts of conversations, and what found no room there. Not preallocated: a host with ten
 * conversations pays for ten. User space makes it, and the origins, bigger when it counts.
 */
struct tally_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tally_key);
	__type(value, struct tally_counts);
};

struct tally_rest_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tally_counts);
};

struct origins_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct flow_key);
	__type(value, struct tally_origin);
};

/* Of --packets: user space makes both bigger, and reads them by mmap(2). */
struct trails_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct packet_trail);
};

struct trail_pkts_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct trail_packet);
};

/* Of `replay --in-kernel` alone: user space makes the first one bigger. */
struct replay_flows_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct flow_key);
	__type(value, struct capture_flow);
};

struct replay_exchange_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct capture_exchange);
};

/*
 * The way from a standby to the program that it stands by for, one program each: bpf/standby.bpf.h.
 * User space fills it.
 */
struct standby_map {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};

/* Packets whose RST in reply was told a moment ago, so that no standby tells it again. */
#define ANSWERED_SLOTS 16

struct answered_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ANSWERED_SLOTS);
	__type(key, __u32);
	__type(value, __u64); /* the address of its data */
};

/* Who sent a signal, by its target: bpf/death.bpf.c. */
struct killer_key {
	__u32 pid;
	__u32 signal;
};

struct killer {
	struct task_identity task;
	__u64 time_ns;
	__u8 is_oom;
	__u8 flags; /* DEATH_* */
	__u8 reserved[6];
};

/* A task that is closing a listener, by pid_tgid: bpf/socket.bpf.h. */
struct stopping_listener {
	__u64 time_ns;
	__u32 netns;
	__be16 port;
	__u16 reserved;
};

struct stopping_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, struct stopping_listener);
};

struct idle_habits_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct idle_habit_key);
	__type(value, struct idle_habit);
};

/* Processes with an abnormal ending, and its CLOCK_MONOTONIC: a clean one may follow from it. */
struct troubled_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
};

struct killers_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct killer_key);
	__type(value, struct killer);
};

/*
 * Every map, once: X(shape, name). To add one: its shape above, and a row.
 */
#define MAPS(X)                                                                                    \
	X(sockets_map, ct_sockets)                                                                 \
	X(spares_map, ct_spares)                                                                   \
	X(flows_map, ct_flows)                                                                     \
	X(watch_map, ct_watch)                                                                     \
	X(events_map, ct_events)                                                                   \
	X(counters_map, ct_counters)                                                               \
	X(netns_map, ct_netns)                                                                     \
	X(hooked_map, ct_hooked)                                                                   \
	X(icmp_map, ct_icmp)                                                                       \
	X(own_drops_map, ct_own_drops)                                                             \
	X(ended_map, ct_ended)                                                                     \
	X(scratch_map, ct_scratch)                                                                 \
	X(stacks_map, ct_stacks)                                                                   \
	X(stack_slots_map, ct_stack_slots)                                                         \
	X(unwanted_map, ct_unwanted)                                                               \
	X(storms_map, ct_storms)                                                                   \
	X(storm_rest_map, ct_storm_rest)                                                           \
	X(trails_map, ct_trails)                                                                   \
	X(trail_pkts_map, ct_trail_pkts)                                                           \
	X(replay_flows_map, ct_replay_flows)                                                       \
	X(replay_exchange_map, ct_replay_io)                                                       \
	X(tally_map, ct_tally)                                                                     \
	X(tally_rest_map, ct_tally_rest)                                                           \
	X(origins_map, ct_origins)                                                                 \
	X(answered_map, ct_answered)                                                               \
	X(killers_map, ct_killers)                                                                 \
	X(stopping_map, ct_stopping)                                                               \
	X(idle_habits_map, ct_idle_habits)                                                         \
	X(troubled_map, ct_troubled)                                                               \
	X(standby_map, ct_to_set_state)                                                            \
	X(standby_map, ct_to_recv_rst)                                                             \
	X(standby_map, ct_to_send_rst)                                                             \
	X(standby_map, ct_to_error)                                                                \
	X(standby_map, ct_to_destroy)                                                              \
	X(standby_map, ct_to_recv)

#define MAP_DECLARE(shape, name) extern struct shape name SEC(".maps");
MAPS(MAP_DECLARE)
#undef MAP_DECLARE

extern const volatile struct tracer_config tracer_config;

/* Ticks per second of the running kernel: user space sets it right after the load. */
extern volatile __u32 tracer_hz;
/* Some socket has refused a storage: only then are spares looked for. */
extern volatile __u32 spares_are_used;
extern const __u64 socket_state_zero[sizeof(struct socket_state) / 8];

/* Of one processor, but programs interrupt each other there: what is counted at once is not lost. */
static __always_inline void counter_add(enum tracer_counter id)
{
	struct tracer_counters *counters;
	__u32 zero = 0;

	counters = bpf_map_lookup_elem(&ct_counters, &zero);
	if (counters)
		__sync_fetch_and_add(&counters->counts[id], 1);
}

/* For what was counted under a wrong name before. */
static __always_inline void counter_take_back(enum tracer_counter id)
{
	struct tracer_counters *counters;
	__u32 zero = 0;

	counters = bpf_map_lookup_elem(&ct_counters, &zero);
	if (counters)
		__sync_fetch_and_add(&counters->counts[id], -1);
}

static __always_inline void counter_add_snmp(__u32 raised)
{
	struct tracer_counters *counters;
	__u32 zero = 0;

	counters = raised ? bpf_map_lookup_elem(&ct_counters, &zero) : NULL;
	if (!counters)
		return;
	for (int i = 0; i < SNMP_OF_ENDINGS_COUNT; i++)
		if (raised >> i & 1)
			__sync_fetch_and_add(&counters->snmp[i], 1);
}

static __always_inline void counter_add_verdict(__u8 verdict)
{
	struct tracer_counters *counters;
	__u32 zero = 0;

	counters = bpf_map_lookup_elem(&ct_counters, &zero);
	if (counters && verdict < CLOSE_VERDICT_COUNT)
		__sync_fetch_and_add(&counters->verdicts[verdict], 1);
}

/* The packet programs' own. */
static __always_inline struct watched_close *scratch_of_packets(void)
{
	struct scratch *scratch;
	__u32 place = SCRATCH_PACKETS;

	scratch = bpf_map_lookup_elem(&ct_scratch, &place);
	return scratch ? &scratch->close : NULL;
}

/* NULL when as many programs as there are places have interrupted each other: counted. */
static __always_inline struct scratch *scratch_take(void)
{
	struct scratch *scratch;

	for (__u32 place = SCRATCH_TAKEN; place < SCRATCH_COUNT; place++) {
		__u32 index = place;

		scratch = bpf_map_lookup_elem(&ct_scratch, &index);
		if (scratch && !__sync_lock_test_and_set(&scratch->is_taken, 1))
			return scratch;
	}
	counter_add(COUNTER_SCRATCH_FAILED);
	return NULL;
}

static __always_inline void scratch_give_back(struct scratch *scratch)
{
	scratch->is_taken = 0;
}

#endif
