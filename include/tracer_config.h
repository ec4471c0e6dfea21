/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What user space tells the programs before they are loaded; read-only afterwards, so
 * the verifier removes the branches that are not wanted.
 */
#ifndef CLOSETRACE_TRACER_CONFIG_H
#define CLOSETRACE_TRACER_CONFIG_H

#include "include/record.h"

/* tracer_config.flags */
#define TRACER_SHOW_ALL 0x01 /* send normal and benign endings too */
#define TRACER_NETNS_LISTED 0x02 /* only namespaces in the netns map */
#define TRACER_WIRE_HOOKED 0x04 /* packets are watched on interfaces */
#define TRACER_FILTER_PID 0x08
#define TRACER_FILTER_COMM 0x10
#define TRACER_FILTER_PORT 0x20
#define TRACER_FILTER_HOST 0x40
#define TRACER_FILTER_CGROUP 0x80 /* not those in the map of unwanted cgroups */
#define TRACER_STACKS 0x100 /* take the stacks of closes and aborts */
#define TRACER_FILTER_VERDICT 0x200
#define TRACER_TALLY 0x400 /* count per conversation */
#define TRACER_WIRE_PARTIAL 0x10000 /* but not on all: --interface names some */
#define TRACER_STANDBYS 0x800 /* every program has its standbys: bpf/standby.bpf.h */

/* Values in the netns map. */
#define NETNS_KNOWN 1 /* told to user space, or user space knew it */
#define NETNS_TRACED 2 /* asked for by --netns */

/*
 * Key of the map that says since when (CLOCK_MONOTONIC) packets are seen that leave on an interface.
 * Interface 0 stands for one of its namespace that could not be hooked.
 */
struct hooked_key {
	__u32 netns;
	__u32 ifindex;
};
ABI_SIZE(struct hooked_key, 8);

/**
 * @host_mask  What of an address must equal `host_addr`; IPv4 is mapped.
 * @port       Network byte order; either end.
 * @trail_packets  Headers to keep of each flow (include/packet_trail.h), even; 0 = none.
 * @storm_rate  How many endings of a group are sent one by one per second; 0 = all
 *              (include/storm.h).
 * @verdicts   Bit n for verdict n.
 */
struct tracer_config {
	__u32 flags;
	__u32 pid;
	__u8 host_addr[16];
	__u8 host_mask[16];
	char comm[TASK_COMM_BYTES];
	__be16 port;
	__u8 trail_packets;
	__u8 reserved;
	__u32 storm_rate;
	__u32 verdicts;
};
ABI_SIZE(struct tracer_config, 68);
_Static_assert(CLOSE_VERDICT_COUNT <= 32, "a verdict is a bit of tracer_config.verdicts");

/* A verdict that late evidence may change is none yet: it is for user space to ask again. */
ALWAYS_INLINE int tracer_config_verdict_matches(const struct tracer_config *config,
						const struct close_record *record)
{
	return (record->head.flags & RECORD_MAY_BE_AMENDED) ||
	       (config->verdicts >> (record->decision.verdict & 31) & 1);
}

ALWAYS_INLINE int tracer_config_host_matches(const struct tracer_config *config, const __u8 *addr)
{
	return (flow_addr_half(addr, 0) & flow_addr_half(config->host_mask, 0)) ==
		       flow_addr_half(config->host_addr, 0) &&
	       (flow_addr_half(addr, 1) & flow_addr_half(config->host_mask, 1)) ==
		       flow_addr_half(config->host_addr, 1);
}

ALWAYS_INLINE int tracer_config_comm_matches(const struct tracer_config *config,
					     const struct task_identity *task)
{
	return flow_addr_equal((const __u8 *)config->comm, (const __u8 *)task->comm);
}

/* Non-zero when the record passes --pid --comm --port --host and what --filter added to them. */
ALWAYS_INLINE int tracer_config_passes(const struct tracer_config *config,
				       const struct close_record *record)
{
	if ((config->flags & TRACER_FILTER_VERDICT) &&
	    !tracer_config_verdict_matches(config, record))
		return 0;
	if ((config->flags & TRACER_FILTER_PORT) && record->key.port[0] != config->port &&
	    record->key.port[1] != config->port)
		return 0;
	if ((config->flags & TRACER_FILTER_HOST) &&
	    !tracer_config_host_matches(config, record->key.addr[0]) &&
	    !tracer_config_host_matches(config, record->key.addr[1]))
		return 0;
	if ((config->flags & TRACER_FILTER_PID) && record->owner.pid != config->pid &&
	    record->closer.pid != config->pid)
		return 0;
	if ((config->flags & TRACER_FILTER_COMM) &&
	    !tracer_config_comm_matches(config, &record->owner) &&
	    !tracer_config_comm_matches(config, &record->closer))
		return 0;
	return 1;
}

#endif
