/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The live source: owns the loaded programs, puts them on tracepoints and interfaces,
 * and feeds what they send into the pipeline. Everything it attaches goes with it.
 */
#ifndef USER_KERNEL_TRACER_H
#define USER_KERNEL_TRACER_H

#include <stddef.h>
#include <stdint.h>

#include "include/close_stacks.h"
#include "include/counters.h"
#include "include/tracer_config.h"
#include "user/base/event_loop.h"
#include "user/kernel/attach_wire.h"
#include "user/kernel/features.h"
#include "user/kernel/privilege.h"
#include "user/pipeline/ledger.h"
#include "user/pipeline/pipeline.h"

/**
 * @config      Filters, TRACER_SHOW_ALL, TRACER_STACKS, trail_packets; the other flags are set here.
 * @interfaces  Names, count 0 = all.
 * @netns       Names or inode numbers, or "self"; count 0 = all namespaces.
 * @max_flows   Entries of the flow map, 0 = the default.
 * @ring_bytes  Size of the ring buffer, 0 = the default; a power of two.
 * @max_conversations  With TRACER_TALLY: entries of the map of conversations.
 */
struct tracer_options {
	struct tracer_config config;
	enum hook_choice hook;
	const char *const *interfaces;
	size_t interface_count;
	const char *const *netns;
	size_t netns_count;
	uint32_t max_flows;
	uint32_t ring_bytes;
	uint32_t max_conversations;
};

struct bpf_object;
struct tracer;

/**
 * Probe the kernel, resolve the names, load the programs. Nothing is attached yet.
 *
 * @options  Borrowed for the life of *ret.
 * @return   0; -EOPNOTSUPP when this host cannot be traced; -EINVAL when a namespace that
 *           was named does not exist; another negative errno. Logged.
 */
int tracer_new(const struct tracer_options *options, struct tracer **ret);

/* Detaches everything. */
void tracer_free(struct tracer **tracer);

/**
 * Attach the tracepoints, take the snapshot, hook the interfaces, register with the loop.
 * From the return on nothing is missed.
 *
 * @pipeline  Borrowed; fed from the loop's callbacks. When it returns 1 the loop is
 *            stopped.
 * @return    0; -ENODEV or -EBUSY for a named interface; another negative errno. Logged.
 */
int tracer_start(struct tracer *tracer, struct event_loop *loop, struct pipeline *pipeline);

/**
 * Give up, in all threads and for good, what is not needed after the start (user/kernel/privilege.h).
 * What cannot be is kept, and said.
 *
 * @uses  PRIVILEGE_FOR_*, beside those that the options of the tracer tell of.
 */
void tracer_drop_privilege(struct tracer *tracer, uint32_t uses);

/* Whom to tell of a cgroup that came or went; before tracer_start(). */
void tracer_on_cgroup(struct tracer *tracer,
		      void (*callback)(void *data, const struct cgroup_record *record), void *data);

/* Detach the programs, then feed what is left in the ring. */
void tracer_stop(struct tracer *tracer);

/**
 * With TRACER_FILTER_CGROUP: have the kernel side drop, and count as filtered out, the endings
 * of a cgroup. It does so while it remembers; what it sends must be looked at anyway.
 */
void tracer_drop_cgroup(struct tracer *tracer, uint64_t cgroup_id);

/* Sum over all CPUs. 0 or negative errno; *ret untouched on failure. */
int tracer_read_counters(const struct tracer *tracer, struct tracer_counters *ret);

/**
 * The stacks of a record's close, which are forgotten then: each can be had once.
 *
 * @return  False, *ret untouched, when there are none: not asked for, no task ended it, or
 *          (counted as stack_evicted) they made room for others.
 */
bool tracer_take_stacks(struct tracer *tracer, const struct close_record *record,
			struct close_stacks *ret);

/**
 * Everything of the ledger but the pipeline's account. After tracer_stop().
 *
 * @return  0 or negative errno; *ret is then of no use.
 */
int tracer_fill_ledger(const struct tracer *tracer, struct ledger *ret);

/* Descriptors, for user/kernel/tally_read.h. */
struct tracer_maps {
	int flows;
	int tally;
	int tally_rest;
};

void tracer_maps(const struct tracer *tracer, struct tracer_maps *ret);

/* Feed what is in the ring to the pipeline now: for who does something long in the loop. */
void tracer_feed(struct tracer *tracer);

/* Ticks per second of the kernel, measured. */
uint32_t tracer_jiffies_hz(const struct tracer *tracer);

const struct tracer_config *tracer_config_in_use(const struct tracer *tracer);

#define TRACER_PROGRAM_MAX 64

/* Descriptors of what is loaded by now, for who wants to know what it costs; returns how many. */
size_t tracer_program_fds(const struct tracer *tracer, int ret[TRACER_PROGRAM_MAX]);
/* The maps. Stays the tracer's. */
struct bpf_object *tracer_object(const struct tracer *tracer);
/* NULL with HOOK_NONE. Stays the tracer's. */
struct wire *tracer_wire(const struct tracer *tracer);

#endif
