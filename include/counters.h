/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Everything that is counted in the kernel, one row each: X(ID, "name", kind, meaning).
 * The ledger, `doctor` and later the metrics are made from this list. kind: LOSS for
 * what was lost, WIRE for packets, CLOSE for endings, NOTE for the rest.
 */
#ifndef CLOSETRACE_COUNTERS_H
#define CLOSETRACE_COUNTERS_H

#include "include/snmp.h"
#include "include/verdict.h"

#define TRACER_COUNTERS(X)                                                                         \
	X(CLOSE_LOST, "close_lost", LOSS, "endings that found the ring buffer full")               \
	X(AMEND_LOST, "amend_lost", LOSS, "late evidence that found the ring buffer full")         \
	X(CGROUP_LOST, "cgroup_lost", LOSS,                                                        \
	  "cgroups that came or went and found the ring buffer full")                              \
	X(NETNS_LOST, "netns_lost", LOSS, "new namespaces that found the ring buffer full")        \
	X(FLOW_INSERT_FAILED, "flow_insert_failed", LOSS, "flows that could not be stored")        \
	X(SOCKET_STORAGE_FAILED, "socket_storage_failed", LOSS,                                    \
	  "sockets whose state could not be stored")                                               \
	X(SOCKET_SPARED, "socket_spared", NOTE,                                                    \
	  "sockets that refused to keep their state, which was kept elsewhere")                    \
	X(TOMBSTONE_FAILED, "tombstone_failed", LOSS,                                              \
	  "closed sockets that could not be remembered")                                           \
	X(SCRATCH_FAILED, "scratch_failed", LOSS,                                                  \
	  "records for which no place was left to build them in")                                  \
	X(KILLER_FAILED, "killer_failed", LOSS,                                                    \
	  "deaths by the kernel, or by somebody, that could not be noted")                         \
	X(HABIT_FAILED, "habit_failed", LOSS,                                                      \
	  "endings that could not be noted for what may follow, or for their idle time")           \
	X(TRANSITION_MISSED, "transition_missed", NOTE,                                            \
	  "state changes that the kernel did not show, made up for by later events")               \
	X(DESTROY_CAUGHT, "destroy_caught", NOTE,                                                  \
	  "ends of sockets that the kernel showed to a standby program only")                      \
	X(SOCKET_UNKNOWN, "socket_unknown", LOSS, "sockets that closed without having been seen")  \
	X(STACK_FAILED, "stack_failed", LOSS, "stacks that the kernel could not take")             \
	X(STACK_EVICTED, "stack_evicted", LOSS,                                                    \
	  "stacks that made room for others before they were read")                                \
	X(STACK_UNNAMED, "stack_unnamed", LOSS,                                                    \
	  "stacks without names: the process was gone, or too many came at once")                  \
	X(FLOWS_INSERTED, "flows_inserted", NOTE, "flows that entered the flow map")               \
	X(FLOWS_DELETED, "flows_deleted", NOTE,                                                    \
	  "flows that left it when their connection had ended")                                    \
	X(SYN_COUNTED, "syn", WIRE, "SYN without ACK")                                             \
	X(FIN_COUNTED, "fin", WIRE, "first FIN of a direction")                                    \
	X(RST_IN_SOCKET, "rst_in_socket", WIRE, "RSTs in for which a socket was there")            \
	X(RST_IN_REQUEST, "rst_in_request", WIRE, "RSTs in for a half-open handshake")             \
	X(RST_IN_TIME_WAIT, "rst_in_time_wait", WIRE, "RSTs in for TIME_WAIT")                     \
	X(RST_IN_NO_SOCKET, "rst_in_no_socket", WIRE, "RSTs in for which there was no socket")     \
	X(RST_IN_FORWARDED, "rst_in_forwarded", WIRE, "RSTs in that went on to another host")      \
	X(RST_OUT_SOCKET, "rst_out_active", WIRE, "RSTs out that a socket sent")                   \
	X(RST_OUT_STACK, "rst_out_reply", WIRE, "RSTs out that the stack sent in reply")           \
	X(RST_OUT_FIREWALL, "rst_out_netfilter", WIRE, "RSTs out that the packet filter sent")     \
	X(RST_OUT_FORWARDED, "rst_out_forwarded", WIRE, "RSTs out of other hosts")                 \
	X(RST_REPLY_TRACED, "rst_reply_traced", NOTE,                                              \
	  "RSTs that the stack made in reply, before they reached an interface")                   \
	X(RST_ACCEPTED, "rst_accepted", WIRE, "RSTs in that ended a socket")                       \
	X(RST_REFUSED, "rst_ignored", WIRE, "RSTs in that a socket ignored (challenge ACK)")       \
	X(RST_AFTER_CLOSE, "rst_after_close", WIRE,                                                \
	  "RSTs that only follow from an ending reported before")                                  \
	X(CLOSE_REPORTED, "close_reported", CLOSE, "endings sent to user space")                   \
	X(CLOSE_NORMAL, "close_normal", CLOSE, "endings that were clean or benign")                \
	X(CLOSE_FILTERED, "close_filtered", CLOSE, "endings that a filter kept back")              \
	X(CLOSE_GROUPED, "close_grouped", CLOSE, "endings of a storm that were only counted")      \
	X(CLOSE_ELSEWHERE, "close_elsewhere", NOTE,                                                \
	  "endings in namespaces that were not asked for")                                         \
	X(CLOSE_JOINED, "close_joined", CLOSE, "sockets whose ending was reported before")         \
	X(CLOSE_AWAITING_FIN, "close_awaiting_fin", CLOSE,                                         \
	  "sockets in TIME_WAIT that await the peer's FIN")                                        \
	X(OWN_DROP_LOST, "own_drop_lost", NOTE,                                                    \
	  "packets dropped on this host that found no place to be noted")                          \
	X(NETNS_ANNOUNCED, "netns_announced", NOTE, "namespaces found by their sockets")

#define COUNTER_ENUM(id, ...) COUNTER_##id,
enum tracer_counter { TRACER_COUNTERS(COUNTER_ENUM) COUNTER_COUNT };

/**
 * One per CPU.
 *
 * @verdicts  Endings by verdict, before any filter.
 * @snmp      What the kernel's own counters must have gained by them: snmp_of_ending().
 */
struct tracer_counters {
	__u64 counts[COUNTER_COUNT];
	__u64 verdicts[CLOSE_VERDICT_COUNT];
	__u64 snmp[SNMP_OF_ENDINGS_COUNT];
};

#endif
