/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a source's records to a sink: check, hold what may still be amended, decide,
 * filter, write, and keep account of every one.
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
#include "user/pipeline/sink.h"

/* Evidence that comes later than this is not waited for: reset and drop follow at once. */
#define PIPELINE_GRACE_NS (50 * CLOCK_NS_PER_MS)

/**
 * What became of the records; the user-space half of the ledger.
 *
 * @shown       Written to the sink.
 * @normal      Clean or benign, kept back without --all.
 * @filtered    Kept back by the short filters after user space had its say.
 * @bad         Records that did not pass record_check().
 * @amended     Amendments that found their record; @amend_late those that did not.
 * @verdicts    Changes to the kernel's counts by verdict: what an amendment turned
 *              into something else. @snmp the same for tracer_counters.snmp.
 * @beyond      What came after --count was reached.
 * @unwritten   What the sink refused: disk full, reader gone.
 * @grouped     Endings for which the storm records that were written stand; @storms is how many
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
	__u64 unwritten;
	__u64 grouped;
	__u64 storms;
	__u64 taken;
	int64_t verdicts[CLOSE_VERDICT_COUNT];
	int64_t snmp[SNMP_OF_ENDINGS_COUNT];
};

/**
 * @context      Borrowed; may be refreshed between calls.
 * @config       The filters, as the kernel has them. Borrowed.
 * @sink         Borrowed.
 * @show_all     Normal and benign endings too.
 * @count_limit  Stop after so many records; 0 = none.
 * @enrich       Adds to a connection before it is written; may be NULL.
 * @wants        Whether a connection is shown, asked after `enrich`: what only user space can
 *               tell; may be NULL.
 * @shown        Called for a connection that the sink has taken; may be NULL.
 * @cgroup_event Called for a cgroup that came or went; may be NULL.
 * @netns_found  Called for a namespace that the kernel side did not know; may be NULL.
 */
struct pipeline_options {
	const struct record_context *context;
	const struct tracer_config *config;
	struct sink *sink;
	bool show_all;
	uint64_t count_limit;
	void (*enrich)(void *data, struct closed_connection *c);
	bool (*wants)(void *data, const struct closed_connection *c);
	void (*shown)(void *data, const struct closed_connection *c);
	void (*cgroup_event)(void *data, const struct cgroup_record *record);
	void (*netns_found)(void *data, uint32_t netns, uint32_t pid);
	void *data;
};

struct pipeline;

/* `options` is copied. *ret is set on success only. 0 or -ENOMEM. */
int pipeline_new(const struct pipeline_options *options, struct pipeline **ret);
void pipeline_free(struct pipeline **pipeline);

/**
 * Take one record in the form of include/record.h.
 *
 * @return  0; 1 when count_limit is reached and nothing more is wanted; the sink's error, once:
 *          what is fed after that is counted as unwritten.
 */
int pipeline_feed(struct pipeline *pipeline, const void *data, size_t size);

/* Let go of what was held for longer than the grace at `now_ns`. Returns as pipeline_feed(). */
int pipeline_expire(struct pipeline *pipeline, uint64_t now_ns);

/* Write out what was shown so far: after each gulp of records. 0 or the sink's error. */
int pipeline_flush(struct pipeline *pipeline);

/* Let go of all that is held, and flush the sink: the last call before the ledger. */
int pipeline_finish(struct pipeline *pipeline);

/* Whether anything is held: then pipeline_expire() wants to be called soon. */
bool pipeline_is_holding(const struct pipeline *pipeline);

const struct pipeline_account *pipeline_account(const struct pipeline *pipeline);

#endif
