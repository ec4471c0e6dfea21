/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The account at exit: every ending and every RST, and where it went. */
#ifndef USER_PIPELINE_LEDGER_H
#define USER_PIPELINE_LEDGER_H

#include "include/counters.h"
#include "user/base/strbuf.h"
#include "user/pipeline/pipeline.h"

/**
 * @counters       The kernel's half.
 * @account        The pipeline's half, after pipeline_finish().
 * @flows_present  Entries in the flow map: what was inserted and is not there was evicted.
 */
struct ledger {
	struct tracer_counters counters;
	struct pipeline_account account;
	uint64_t flows_present;
	bool wire_hooked;
};

/* Endings that were decided but never reached the sink for want of room or memory. */
unsigned long long ledger_lost(const struct ledger *ledger);

/**
 * Some lines, each starting with "closetrace: ":
 * endings = shown + normal + filtered + lost; RSTs in and out by what became of them; the
 * totals by verdict; and, if any, every kind of loss with its name.
 */
void ledger_append(struct strbuf *b, const struct ledger *ledger);

#endif
