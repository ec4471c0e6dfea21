// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `closetrace report`: questions to the database. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/kernel/privilege.h"
#include "user/command/command.h"
#include "user/command/report_options.h"
#include "user/model/fields.h"
#include "user/model/nearest_name.h"
#include "user/report/report.h"

/* Over time one group has several lines: more than these are for a file. */
#define OVER_TOP_DEFAULT 10

struct question {
	const char *word;
	const struct row_type *type;
	int (*ask)(const struct report_options *options, struct report_query *query);
};

static int ask_incidents(const struct report_options *options, struct report_query *query)
{
	(void)options;
	return report_incidents(query);
}

static int ask_records(const struct report_options *options, struct report_query *query)
{
	(void)options;
	return report_records(query);
}

static int ask_counts(const struct report_options *options, struct report_query *query)
{
	if (options->over_ns && !query->top)
		query->top = OVER_TOP_DEFAULT;
	return report_counts(query, options->counts.by, (enum flow_field)options->counts.sort,
			     options->over_ns);
}

static int ask_diff(const struct report_options *options, struct report_query *query)
{
	return report_diff(query, options->against_ns, options->since_ns);
}

static const struct question questions[] = {
	{ "incidents", &connection_row_type, ask_incidents },
	{ "records", &connection_row_type, ask_records },
	{ "counts", &flow_row_type, ask_counts },
	{ "diff", &connection_row_type, ask_diff },
};

static const struct question *question_find(const struct option_common *common)
{
	const char *word = common->word_count ? common->words[0] : questions[0].word;
	struct nearest_name nearest = { .wanted = word };

	if (common->word_count > 1) {
		log_error(-EINVAL, "one question at a time; \"%s\" is one too many",
			  common->words[1]);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (!strcmp(questions[i].word, word))
			return &questions[i];
		nearest_name_offer(&nearest, questions[i].word);
	}
	log_error(-EINVAL,
		  "report has no question \"%s\"; it has incidents, records, counts and diff"
		  "%s%s%s",
		  word, nearest.name ? "; did you mean " : "", nearest.name ?: "",
		  nearest.name ? "?" : "");
	return NULL;
}

static int report_ask(const struct report_options *options, const struct question *question)
{
	_cleanup_(strbuf_release) struct strbuf error = STRBUF_INIT;
	_cleanup_(filter_free) struct filter *filter = NULL;
	_cleanup_(store_close) struct store *store = NULL;
	struct report_query query = {
		.since_ns = options->since_ns,
		.until_ns = options->until_ns,
		.with_benign = options->show_all,
		.top = options->counts.top,
		.fd = STDOUT_FILENO,
		.form = options->form,
		.options = form_options_of(STDOUT_FILENO),
	};
	struct columns columns;
	int err = filter_options_parse(&options->filter, question->type, &filter);

	if (!err && options->columns) {
		err = columns_parse(question->type, options->columns, &columns, &error);
		query.options.columns = &columns;
		if (err)
			return log_error(err, "--columns: %s", error.data ?: "not enough memory");
	}
	if (!err)
		privilege_drop_but_file(options->path);
	err = err ?: store_open_reader(options->path, &store);
	if (err)
		return err;
	query.filter = filter;
	query.store = store;
	return question->ask(options, &query);
}

int report_command(const void *data)
{
	const struct report_options *options = data;
	const struct question *question = question_find(&options->common);
	int err;

	if (!question)
		return EXIT_USAGE;
	/* A reader that goes away is an error of write(2), not a death. */
	signal(SIGPIPE, SIG_IGN);
	err = report_ask(options, question);
	return err == -EPIPE ? EXIT_OK : err == -EINVAL ? EXIT_USAGE : err ? EXIT_RUNTIME : EXIT_OK;
}
