// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two times compared: before and after a deploy, today and yesterday. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/model/names.h"
#include "user/render/brief_lines.h"
#include "user/report/report.h"
#include "user/report/report_output.h"
#include "user/store/store_endings.h"
#include "user/store/store_runs.h"

#define KINDS_MOST 8192 /* half of the places are kept free */
#define HOUR_NS (3600.0 * 1e9)
#define SURE 3.0 /* standard deviations of Poisson counts */
#define WIDTH_DEFAULT 100

/* X(ID, word): in the order in which they are shown. */
#define CHANGES(X) X(NEW, "new") X(MORE, "more") X(GONE, "gone") X(LESS, "less") X(SAME, "the same")

#define CHANGE_ENUM(id, word) CHANGE_##id,
enum change { CHANGES(CHANGE_ENUM) CHANGE_COUNT };
#define CHANGE_WORD(id, word) word,
static const char *const change_words[] = { CHANGES(CHANGE_WORD) };

/* Endings that are alike: now, and then. */
struct kind {
	struct brief brief;
	uint64_t now, then;
	bool is_used;
};

struct diff {
	const struct report_query *query;
	struct kind *kinds;
	size_t count;
	uint64_t beyond;
	struct strbuf scratch;
	bool is_then;
	double hours_now, hours_then;
};

static void diff_release(struct diff *diff)
{
	for (size_t i = 0; diff->kinds && i < KINDS_MOST; i++)
		if (diff->kinds[i].is_used)
			brief_release(&diff->kinds[i].brief);
	free(diff->kinds);
	strbuf_release(&diff->scratch);
}

static int diff_take(void *data, const struct closed_connection *c)
{
	struct diff *diff = data;
	struct brief brief;
	struct kind *kind;
	int err;

	if ((c->record.decision.benign && !diff->query->with_benign) ||
	    (diff->query->filter && !filter_matches(diff->query->filter, c, &diff->scratch)))
		return 0;
	err = brief_from_connection(c, &brief);
	if (err)
		return err;
	kind = &diff->kinds[brief.alike % KINDS_MOST];
	while (kind->is_used && kind->brief.alike != brief.alike)
		kind = kind + 1 == diff->kinds + KINDS_MOST ? diff->kinds : kind + 1;
	if (!kind->is_used && diff->count == KINDS_MOST / 2) {
		diff->beyond += brief.repeated;
		brief_release(&brief);
		return 0;
	}
	*(diff->is_then ? &kind->then : &kind->now) += brief.repeated;
	if (kind->is_used) {
		brief_release(&brief);
		return 0;
	}
	kind->is_used = true;
	kind->brief = brief;
	diff->count++;
	return 0;
}

static double rate_now(const struct diff *diff, const struct kind *kind)
{
	return (double)kind->now / diff->hours_now;
}

static double rate_then(const struct diff *diff, const struct kind *kind)
{
	return (double)kind->then / diff->hours_then;
}

/* The variance of a Poisson count is the count. */
static bool is_more_than_chance(const struct diff *diff, const struct kind *kind)
{
	double variance = (double)kind->now / (diff->hours_now * diff->hours_now) +
			  (double)kind->then / (diff->hours_then * diff->hours_then);
	double difference = rate_now(diff, kind) - rate_then(diff, kind);

	return difference * difference > SURE * SURE * variance;
}

static enum change change_of(const struct diff *diff, const struct kind *kind)
{
	if (!kind->then)
		return CHANGE_NEW;
	if (!kind->now)
		return CHANGE_GONE;
	if (!is_more_than_chance(diff, kind))
		return CHANGE_SAME;
	return rate_now(diff, kind) > rate_then(diff, kind) ? CHANGE_MORE : CHANGE_LESS;
}

/* For qsort(), which passes nothing on. */
static const struct diff *compared;

static int compare_kinds(const void *a, const void *b)
{
	const struct kind *x = *(struct kind *const *)a, *y = *(struct kind *const *)b;
	int by_change = (int)change_of(compared, x) - (int)change_of(compared, y);
	double x_size = __builtin_fabs(rate_now(compared, x) - rate_then(compared, x));
	double y_size = __builtin_fabs(rate_now(compared, y) - rate_then(compared, y));

	if (by_change)
		return by_change;
	return x_size < y_size ? 1 : x_size > y_size ? -1 : 0;
}

static void append_kind(struct strbuf *b, const struct diff *diff, const struct kind *kind,
			const struct brief_style *style)
{
	_cleanup_(strbuf_release) struct strbuf line = STRBUF_INIT;
	enum change change = change_of(diff, kind);

	strbuf_appendf(&line, "%s: %.1f an hour, %.1f before", change_words[change],
		       rate_now(diff, kind), rate_then(diff, kind));
	if (change != CHANGE_SAME && !is_more_than_chance(diff, kind))
		strbuf_append_str(&line, " (too few to be sure)");
	strbuf_append_str(&line, "  ");
	strbuf_append_str(&line, verdict_name(kind->brief.verdict));
	if (kind->brief.program[0]) {
		strbuf_append_str(&line, "  ");
		strbuf_append_str(&line, kind->brief.program);
	}
	text_append_wrapped(b, line.data ? line.data : "", line.len, style->width, 2, 0);
	strbuf_append_str(b, "\n  ");
	text_append_wrapped(b, kind->brief.sentence, strlen(kind->brief.sentence), style->width, 2,
			    2);
	strbuf_append_char(b, '\n');
	b->failed |= line.failed;
}

static int diff_append(struct strbuf *b, struct diff *diff)
{
	_cleanup_free_ struct kind **order = calloc(diff->count + 1, sizeof(struct kind *));
	const struct brief_style style = { .width = diff->query->options.width ?: WIDTH_DEFAULT };
	size_t count = 0, same = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < KINDS_MOST; i++)
		if (diff->kinds[i].is_used)
			order[count++] = &diff->kinds[i];
	compared = diff;
	if (count)
		qsort(order, count, sizeof(struct kind *), compare_kinds);
	for (size_t i = 0; i < count; i++) {
		if (change_of(diff, order[i]) == CHANGE_SAME)
			same++;
		else if (!diff->query->top || i < diff->query->top)
			append_kind(b, diff, order[i], &style);
	}
	strbuf_appendf(b, "%zu kinds of endings changed, %zu did not\n", count - same, same);
	if (diff->beyond)
		strbuf_appendf(b, "%llu endings of other kinds are not compared\n",
			       (unsigned long long)diff->beyond);
	return 0;
}

static int diff_read(struct diff *diff, uint64_t since_ns, uint64_t until_ns)
{
	const struct ending_query query = {
		.since_ns = since_ns,
		.until_ns = until_ns,
		.take = diff_take,
		.data = diff,
	};
	uint64_t damaged;

	return store_read_endings(diff->query->store, &query, &damaged);
}

int report_diff(const struct report_query *query, uint64_t against_since_ns,
		uint64_t against_until_ns)
{
	_cleanup_(diff_release) struct diff diff = {
		.query = query,
		.kinds = calloc(KINDS_MOST, sizeof(*diff.kinds)),
		.hours_now = (double)(query->until_ns - query->since_ns) / HOUR_NS,
		.hours_then = (double)(against_until_ns - against_since_ns) / HOUR_NS,
	};
	struct report_output output = { .fd = query->fd };
	int err = diff.kinds ? 0 : -ENOMEM;

	err = err ?: diff_read(&diff, query->since_ns, query->until_ns);
	diff.is_then = true;
	err = err ?: diff_read(&diff, against_since_ns, against_until_ns);
	err = err ?: diff_append(&output.text, &diff);
	err = err   ?:
		      store_append_unseen(&output.text, query->store, against_since_ns,
					  query->until_ns);
	err = err ?: report_output_flush(&output);
	strbuf_release(&output.text);
	return report_fail(query->store->path, err);
}
