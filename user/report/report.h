/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Questions to the database: what happened, each ending, counts over time, and what is different
 * from before. Answers are text for a person or a program; rows are those of live output.
 */
#ifndef USER_REPORT_REPORT_H
#define USER_REPORT_REPORT_H

#include "user/filter/filter.h"
#include "user/model/flow_row.h"
#include "user/render/forms.h"
#include "user/store/store.h"

/**
 * @since_ns @until_ns  Wall times: from, and up to but not with.
 * @filter   Of connections for incidents and records, of rows of counts for counts; NULL = all.
 * @with_benign  Benign endings, too.
 * @top      So many at most; 0 = all.
 * @fd       Where the answer goes. A reader that has gone ends it with -EPIPE.
 * @form     For records and counts.
 * @options  Of the form, its type left to the report.
 */
struct report_query {
	struct store *store;
	uint64_t since_ns;
	uint64_t until_ns;
	const struct filter *filter;
	bool with_benign;
	uint64_t top;
	int fd;
	const struct form_ops *form;
	struct form_options options;
};

/* Each returns 0; a negative errno after one sentence. */

/* What happened, the most hurtful first, and when nobody was looking. */
int report_incidents(const struct report_query *query);

/* Each ending, in order of time, as live output shows it. */
int report_records(const struct report_query *query);

/**
 * Counts of a grouping: one table, or with `over_ns` a line of bars per group and count.
 *
 * @by    FLOW_KEY() bits.
 * @sort  enum flow_field.
 */
int report_counts(const struct report_query *query, uint32_t by, enum flow_field sort,
		  uint64_t over_ns);

/**
 * What is new, gone, more and less than in another time: kinds of endings, per hour, and whether
 * the difference is more than chance makes (Poisson counts, three standard deviations).
 */
int report_diff(const struct report_query *query, uint64_t against_since_ns,
		uint64_t against_until_ns);

#endif
