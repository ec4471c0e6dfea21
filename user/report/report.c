// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/report/report.h"

#include <errno.h>
#include <stdlib.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/model/fields.h"
#include "user/report/incidents.h"
#include "user/report/report_output.h"
#include "user/store/store_endings.h"
#include "user/store/store_runs.h"

#define WIDTH_DEFAULT 100

/* What is asked of every ending that is read. */
struct asking {
	const struct report_query *query;
	struct strbuf scratch;
	struct incidents *incidents;
	struct form *form;
	struct report_output output;
	uint64_t shown;
	uint64_t endings;
};

static bool is_wanted(struct asking *asking, const struct closed_connection *c)
{
	const struct report_query *query = asking->query;

	if (c->record.decision.benign && !query->with_benign)
		return false;
	return !query->filter || filter_matches(query->filter, c, &asking->scratch);
}

static void asking_release(struct asking *asking)
{
	incidents_free(&asking->incidents);
	form_close(&asking->form);
	strbuf_release(&asking->scratch);
	strbuf_release(&asking->output.text);
}

static int read_all(struct asking *asking,
		    int (*take)(void *data, const struct closed_connection *c))
{
	const struct ending_query query = {
		.since_ns = asking->query->since_ns,
		.until_ns = asking->query->until_ns,
		.take = take,
		.data = asking,
	};
	uint64_t damaged;
	int err = store_read_endings(asking->query->store, &query, &damaged);

	if (damaged)
		log_warn("%s: %llu endings are damaged and left out", asking->query->store->path,
			 (unsigned long long)damaged);
	return err;
}

/* -- incidents -------------------------------------------------------------------------------- */
static int take_for_incidents(void *data, const struct closed_connection *c)
{
	struct asking *asking = data;

	if (!is_wanted(asking, c))
		return 0;
	asking->endings += c->repeated;
	return incidents_add(asking->incidents, c);
}

static void append_incidents(struct asking *asking, struct incident **list, size_t count,
			     uint64_t beyond)
{
	struct strbuf *b = &asking->output.text;
	const struct brief_style style = {
		.width = asking->query->options.width ?: WIDTH_DEFAULT,
		.colour = asking->query->options.colour,
	};
	size_t shown =
		asking->query->top && asking->query->top < count ? asking->query->top : count;

	for (size_t i = 0; i < shown; i++) {
		incident_append_text(b, list[i], &style);
		strbuf_append_char(b, '\n');
	}
	if (shown < count)
		strbuf_appendf(b, "and %zu smaller incidents; --top shows more\n", count - shown);
	if (beyond)
		strbuf_appendf(b, "and %llu endings of other kinds\n", (unsigned long long)beyond);
	strbuf_append_u64_grouped(b, asking->endings);
	strbuf_append_str(b, asking->endings == 1 ? " record" : " endings recorded");
	strbuf_append_str(b, count == 1 ? ", 1 incident\n" : ", ");
	if (count != 1)
		strbuf_appendf(b, "%zu incidents\n", count);
}

int report_incidents(const struct report_query *query)
{
	_cleanup_(asking_release) struct asking asking = {
		.query = query,
		.output = { .fd = query->fd },
	};
	struct incident **list = NULL;
	uint64_t beyond = 0;
	size_t count = 0;
	int err = incidents_new(&asking.incidents);

	err = err ?: read_all(&asking, take_for_incidents);
	err = err ?: incidents_finish(asking.incidents, &list, &count, &beyond);
	if (!err) {
		append_incidents(&asking, list, count, beyond);
		err = store_append_unseen(&asking.output.text, query->store, query->since_ns,
					  query->until_ns);
	}
	err = err ?: report_output_flush(&asking.output);
	return report_fail(query->store->path, err);
}

/* -- records ---------------------------------------------------------------------------------- */
static int take_for_records(void *data, const struct closed_connection *c)
{
	struct asking *asking = data;

	if (!is_wanted(asking, c))
		return 0;
	form_append(asking->form, &asking->output.text, c);
	asking->shown++;
	if (asking->query->top && asking->shown == asking->query->top)
		return -ECANCELED;
	return report_output_pass(&asking->output);
}

int report_records(const struct report_query *query)
{
	_cleanup_(asking_release) struct asking asking = {
		.query = query,
		.output = { .fd = query->fd },
	};
	struct form_options options = query->options;
	int err;

	options.type = &connection_row_type;
	err = form_open(query->form, &options, &asking.form);
	if (!err && query->form->head)
		query->form->head(asking.form, &asking.output.text);
	err = err ?: read_all(&asking, take_for_records);
	if (err == -ECANCELED)
		err = 0;
	if (!err && query->form->tail)
		query->form->tail(asking.form, &asking.output.text);
	err = err ?: report_output_flush(&asking.output);
	return report_fail(query->store->path, err);
}
