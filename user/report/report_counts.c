// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/json_text.h"
#include "user/base/log.h"
#include "user/base/string_pool.h"
#include "user/model/field_text.h"
#include "user/model/text_cells.h"
#include "user/render/flow_columns.h"
#include "user/render/sparkline.h"
#include "user/report/report.h"
#include "user/report/report_output.h"
#include "user/store/store_counts.h"

#define BARS_MOST 60
#define NAME_CELLS 28

/* The rows of an answer, with the strings they point into. */
struct counted {
	const struct report_query *query;
	struct flow_row *rows;
	size_t count, capacity;
	struct string_pool *pool;
	struct strbuf scratch;
};

static void counted_release(struct counted *counted)
{
	free(counted->rows);
	string_pool_free(&counted->pool);
	strbuf_release(&counted->scratch);
}

static const char *pooled(struct counted *counted, const char *text)
{
	return text ? string_pool_get(counted->pool, text, strlen(text)) : NULL;
}

static int counted_take(void *data, const struct flow_row *row)
{
	struct counted *counted = data;
	struct flow_identity *identity;

	if (counted->query->filter &&
	    !filter_matches(counted->query->filter, row, &counted->scratch))
		return 0;
	if (counted->count == counted->capacity) {
		size_t capacity = counted->capacity ? counted->capacity * 2 : 256;
		struct flow_row *rows = realloc(counted->rows, capacity * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		counted->rows = rows;
		counted->capacity = capacity;
	}
	counted->rows[counted->count] = *row;
	identity = &counted->rows[counted->count++].identity;
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++) {
		const char **text = flow_identity_text(identity, key);

		if (text)
			*text = pooled(counted, *text);
	}
	return 0;
}

/* -- one table -------------------------------------------------------------------------------- */
static int counts_table(struct counted *counted, uint32_t by, enum flow_field sort,
			struct report_output *output)
{
	const struct report_query *query = counted->query;
	_cleanup_free_ const void **ordered = NULL;
	_cleanup_(form_close) struct form *form = NULL;
	struct form_options options = query->options;
	struct columns columns;
	size_t shown = counted->count;
	int err;

	err = rows_order(&flow_row_type, sort, counted->rows, sizeof(*counted->rows),
			 counted->count, &ordered);
	if (err)
		return err;
	if (query->top && query->top < shown)
		shown = query->top;
	options.type = &flow_row_type;
	if (!options.columns) {
		flow_columns(query->form, by, &columns);
		options.columns = &columns;
	}
	err = form_open(query->form, &options, &form);
	if (err)
		return err;
	if (query->form->fit)
		query->form->fit(form, ordered, shown);
	if (query->form->head && shown)
		query->form->head(form, &output->text);
	for (size_t i = 0; i < shown && !err; i++) {
		form_append(form, &output->text, ordered[i]);
		err = report_output_pass(output);
	}
	if (query->form->tail)
		query->form->tail(form, &output->text);
	return err;
}

/* -- over time --------------------------------------------------------------------------------- */
struct series {
	const char *title;
	uint64_t (*value)(const struct flow_row *row, uint64_t over_ns);
};

/* Thousandths per second. */
static uint64_t per_second(uint64_t count, uint64_t over_ns)
{
	return over_ns ?
		       (uint64_t)((unsigned __int128)count * 1000 * CLOCK_NS_PER_SECOND / over_ns) :
		       0;
}

#define SERIES_RATE(name, count)                                                                   \
	static uint64_t series_##name(const struct flow_row *row, uint64_t over_ns)                \
	{                                                                                          \
		return per_second(row->counts[count], over_ns);                                    \
	}
SERIES_RATE(syn, TALLY_SYN_CLT)
SERIES_RATE(fin_clt, TALLY_FIN_CLT)
SERIES_RATE(fin_srv, TALLY_FIN_SRV)
SERIES_RATE(rst_clt, TALLY_RST_CLT)
SERIES_RATE(rst_srv, TALLY_RST_SRV)

static uint64_t series_ratio(const struct flow_row *row, uint64_t over_ns)
{
	uint64_t resets = row->counts[TALLY_RST_CLT] + row->counts[TALLY_RST_SRV];
	uint64_t opened = row->counts[TALLY_OPENED];

	(void)over_ns;
	return opened ? resets * 1000 / opened : 0;
}

static const struct series all_series[] = {
	{ "SYN>/s", series_syn },     { "FIN>/s", series_fin_clt }, { "<FIN/s", series_fin_srv },
	{ "RST>/s", series_rst_clt }, { "<RST/s", series_rst_srv }, { "RST/CONN", series_ratio },
};

static void append_thousandths(struct strbuf *b, uint64_t value)
{
	strbuf_appendf(b, "%llu.%02llu", (unsigned long long)(value / 1000),
		       (unsigned long long)(value % 1000 / 10));
}

static void append_name(struct strbuf *b, const struct flow_row *row, uint32_t by)
{
	_cleanup_(strbuf_release) struct strbuf cell = STRBUF_INIT;
	bool is_first = true;

	if (row->is_rest)
		strbuf_append_str(b, "all others");
	for (unsigned int key = 0; key < FLOW_KEY_COUNT && !row->is_rest; key++) {
		const struct field *field;
		struct field_value value;
		bool known;

		if (!(by & 1u << key))
			continue;
		field = &flow_fields[flow_key_field(key)];
		known = row_get(&flow_row_type, row, field->id, NULL, &value);
		strbuf_append_str(b, is_first ? "" : " ");
		is_first = false;
		strbuf_reset(&cell);
		field_append_text(&cell, field, known ? &value : NULL, NULL);
		text_append_escaped(b, cell.data ? cell.data : "", cell.len);
	}
}

/* The rows of one group, spread over the times in which nothing was counted. */
static void series_fill(struct history *history, const struct counted *counted,
			const struct flow_row *group, const struct series *series, uint64_t over_ns,
			uint64_t *ret_highest)
{
	const struct report_query *query = counted->query;
	uint64_t from_ns = query->since_ns - query->since_ns % over_ns;

	memset(history, 0, sizeof(*history));
	*ret_highest = 0;
	for (uint64_t at = from_ns; at < query->until_ns; at += over_ns) {
		uint64_t value = 0;

		for (size_t i = 0; i < counted->count; i++)
			if (counted->rows[i].time_ns == at &&
			    counted->rows[i].is_rest == group->is_rest &&
			    !memcmp(&counted->rows[i].identity, &group->identity,
				    sizeof(group->identity)))
				value = series->value(&counted->rows[i], over_ns);
		history_add(history, value);
		if (value > *ret_highest)
			*ret_highest = value;
	}
}

static void append_group(struct strbuf *b, const struct counted *counted,
			 const struct flow_row *group, uint32_t by, uint64_t over_ns)
{
	const struct report_query *query = counted->query;
	size_t times = (size_t)((query->until_ns - query->since_ns + over_ns - 1) / over_ns) + 1;
	static struct history history;
	uint64_t highest;

	append_name(b, group, by);
	strbuf_append_char(b, '\n');
	for (size_t i = 0; i < sizeof(all_series) / sizeof(all_series[0]); i++) {
		series_fill(&history, counted, group, &all_series[i], over_ns, &highest);
		if (!highest)
			continue;
		strbuf_appendf(b, "  %-9s", all_series[i].title);
		sparkline_append(b, &history, times < BARS_MOST ? times : BARS_MOST,
				 query->options.is_terminal);
		strbuf_append_str(b, "  at most ");
		append_thousandths(b, highest);
		strbuf_append_char(b, '\n');
	}
}

/* Groups in the order of what they have most of over all the time. */
static int counts_over(struct counted *counted, uint32_t by, enum flow_field sort, uint64_t over_ns,
		       struct report_output *output)
{
	_cleanup_free_ struct flow_row *groups = calloc(counted->count + 1, sizeof(*groups));
	_cleanup_free_ const void **ordered = NULL;
	size_t count = 0;
	int err = groups ? 0 : -ENOMEM;

	for (size_t i = 0; i < counted->count && !err; i++) {
		size_t at = 0;

		while (at < count && (groups[at].is_rest != counted->rows[i].is_rest ||
				      memcmp(&groups[at].identity, &counted->rows[i].identity,
					     sizeof(groups[at].identity)) != 0))
			at++;
		if (at == count)
			groups[count++] = counted->rows[i];
		else
			flow_counts_add(groups[at].counts, counted->rows[i].counts);
	}
	err = err ?: rows_order(&flow_row_type, sort, groups, sizeof(*groups), count, &ordered);
	for (size_t i = 0; i < count && !err; i++) {
		if (counted->query->top && i == counted->query->top)
			break;
		append_group(&output->text, counted, ordered[i], by, over_ns);
		err = report_output_pass(output);
	}
	return err;
}

int report_counts(const struct report_query *query, uint32_t by, enum flow_field sort,
		  uint64_t over_ns)
{
	_cleanup_(counted_release) struct counted counted = { .query = query };
	struct report_output output = { .fd = query->fd };
	struct counts_query asked = {
		.since_ns = query->since_ns,
		.until_ns = query->until_ns,
		.over_ns = over_ns,
		.by = by,
		.take = counted_take,
		.data = &counted,
	};
	int err = string_pool_new(&counted.pool);

	err = err ?: store_read_counts(query->store, &asked);
	if (err == -ENOENT)
		return log_error(err, "nothing was counted by that from --since to --until in %s",
				 query->store->path);
	/* A program reads rows of each time; bars are for people. */
	if (!err && over_ns && query->form->fit)
		err = counts_over(&counted, by, sort, over_ns, &output);
	else if (!err)
		err = counts_table(&counted, by, over_ns ? FLOW_FIELD_time : sort, &output);
	err = err ?: report_output_flush(&output);
	strbuf_release(&output.text);
	return report_fail(query->store->path, err);
}
