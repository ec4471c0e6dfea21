/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a source's records to the outlets: check, hold what may still be amended, decide,
 * filter, offer, and keep account of every one.
 */
#ifndef USER_PIPELINE_PIPELINE_H
#define USER_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/record.h"
#include "include/snmp.h"
#include "include/tracer_config.h"
#include "user/model/connection.h"
#include "user/pipeline/outlet.h"

/* Evidence that comes later than this is not waited for: reset and drop follow at once. */
#define PIPELINE_GRACE_NS (50 * CLOCK_NS_PER_MS)

/**
 * What became of the records; the user-space half of the ledger.
 *
 * @shown       Offered to the outlets, each as one; what they wrote is in their own accounts.
 * @normal      Clean or benign, kept back without --all.
 * @filtered    Kept back by the short filters after user space had its say.
 * @bad         Records that did not pass record_check().
 * @amended     Amendments that found their record; @amend_late those that did not.
 * @verdicts    Changes to the kernel's counts by verdict: what an amendment turned
 *              into something else. @snmp the same for tracer_counters.snmp.
 * @beyond      What came after --count was reached.
 * @grouped     Endings for which the storm records that were offered stand; @storms is how many
 *              of these there were, @taken the endings of all that came.
 */
struct pipeline_account {
	__u64 shown;
	__u64 normal;
	__u64 filtered;
	__u64 bad;
	__u64 amended;
	__u64 amend_late;
	__u64 beyond;
	__u64 grouped;
	__u64 storms;
	__u64 taken;
	int64_t verdicts[CLOSE_VERDICT_COUNT];
	int64_t snmp[SNMP_OF_ENDINGS_COUNT];
};

/**
 * @context      Borrowed; may be refreshed between calls.
 * @config       The filters, as the kernel has them. Borrowed.
 * @outlets      `outlet_count` of them, borrowed. Without any everything is decided and counted.
 * @show_all     Normal and benign endings too.
 * @count_limit  Stop after so many records; 0 = none.
 * @enrich       Adds to a connection before it is offered; may be NULL.
 * @wants        Whether a connection is shown, asked after `enrich`: what only user space can
 *               tell; may be NULL.
 */
struct pipeline_options {
	const struct record_context *context;
	const struct tracer_config *config;
	struct outlet *const *outlets;
	size_t outlet_count;
	bool show_all;
	uint64_t count_limit;
	void (*enrich)(void *data, struct closed_connection *c);
	bool (*wants)(void *data, const struct closed_connection *c);
	void *data;
};

struct pipeline;

/* `options` is copied. *ret is set on success only. 0 or -ENOMEM. */
int pipeline_new(const struct pipeline_options *options, struct pipeline **ret);
void pipeline_free(struct pipeline **pipeline);

/**
 * Take one record in the form of include/record.h. Those that tell of no ending are their source's
 * to dispatch, and ignored here.
 *
 * @return  0; 1 when count_limit is reached and nothing more is wanted. What is fed after that is
 *          counted.
 */
int pipeline_feed(struct pipeline *pipeline, const void *data, size_t size);

/* Let go of what was held for longer than the grace at `now_ns`. Returns as pipeline_feed(). */
int pipeline_expire(struct pipeline *pipeline, uint64_t now_ns);

/**
 * Have the outlets pass on what they took: after each gulp of records.
 *
 * @return  0; 1 when there are outlets and none of them takes anything any more.
 */
int pipeline_flush(struct pipeline *pipeline);

/* Let go of all that is held, and finish the outlets: the last call before they are drained. */
void pipeline_finish(struct pipeline *pipeline);

/* Whether anything is held: then pipeline_expire() wants to be called soon. */
bool pipeline_is_holding(const struct pipeline *pipeline);

const struct pipeline_account *pipeline_account(const struct pipeline *pipeline);

#endif
