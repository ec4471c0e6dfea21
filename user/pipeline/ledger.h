/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The account at exit: every ending and every RST, and where it went. */
#ifndef USER_PIPELINE_LEDGER_H
#define USER_PIPELINE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "include/counters.h"
#include "user/base/strbuf.h"
#include "user/pipeline/pipeline.h"

/**
 * What the kernel's own counters say of the same time, over all watched namespaces.
 *
 * @is_known    Everything below is.
 * @gained      By counter; @present has a bit for each that this kernel has.
 * @namespaces  Read at both ends of the time. @came after its begin: counted from their
 *              first sight. @went before its end: not counted. @unread: not allowed to.
 * @is_moving   Even the most quiet moment was not: ours changed while theirs were read.
 * @before @after  Our own counters when the first and the last look was taken.
 */
struct kernel_account {
	bool is_known;
	bool is_moving;
	uint64_t gained[SNMP_COUNT];
	uint32_t present;
	unsigned int namespaces;
	unsigned int came;
	unsigned int went;
	unsigned int unread;
	struct tracer_counters before;
	struct tracer_counters after;
};

/**
 * @counters       The kernel's half.
 * @account        The pipeline's half, after pipeline_finish().
 * @outlets        `outlet_count` accounts of what it offered, with @outlet_names, borrowed. The
 *                 first one is of what is shown.
 * @kernel         The kernel's counters, to be held against ours.
 * @flows_present  Entries in the flow map: what was inserted and is not there was evicted.
 * @waiting        Closes that still waited for the peer at the end, in the watch map.
 * @skipped_runs   Program runs that the kernel left out, for they would have interrupted
 *                 themselves (bpf_prog_info.recursion_misses).
 * @hooks_repaired  Packet hooks that somebody else took off, and that were put on again.
 * @interfaces_*   Watched at the end; that would have been, later; that could not be.
 * @namespaces_closed  That may not be entered: their interfaces are not even known.
 * @wire_hooked    Packets were watched; @wire_partly: not on all interfaces.
 */
struct ledger {
	struct tracer_counters counters;
	struct pipeline_account account;
	struct outlet_account outlets[OUTLETS_MOST];
	const char *outlet_names[OUTLETS_MOST];
	size_t outlet_count;
	struct kernel_account kernel;
	uint64_t flows_present;
	uint64_t waiting;
	uint64_t skipped_runs;
	uint64_t hooks_repaired;
	uint64_t interfaces_hooked;
	uint64_t interfaces_waiting;
	uint64_t interfaces_failed;
	uint64_t namespaces_closed;
	bool wire_hooked;
	bool wire_partly;
};

/* Endings with this verdict, as they were decided at last. */
uint64_t ledger_verdict_total(const struct ledger *ledger, int verdict);

/* Counted by the kernel side, and in no record that came: their groups made room for others. */
uint64_t ledger_grouped_untold(const struct ledger *ledger);

/* Endings that were decided but never reached the outlets for want of room or memory. */
unsigned long long ledger_lost(const struct ledger *ledger);

/**
 * Some lines, each starting with "closetrace: ":
 * endings = shown + grouped + normal + filtered + not written + lost; what each outlet wrote and
 * lost, where there are several or something was lost; RSTs in and out by what became of them; the
 * totals by verdict; the kernel's counters beside ours, with the difference; and, if any,
 * every kind of loss with its name. What does not add up is printed, too.
 */
void ledger_append(struct strbuf *b, const struct ledger *ledger);

/* What each outlet was offered, wrote and lost, and why: one line each. */
void ledger_append_outlets(struct strbuf *b, const struct ledger *ledger);

/* Every counter that is not 0, one a line: for --debug. */
void ledger_append_counters(struct strbuf *b, const struct tracer_counters *counters);

#endif
