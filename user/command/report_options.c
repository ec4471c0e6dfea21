// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/report_options.h"

#include <errno.h>
#include <string.h>

#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/option/option_value.h"
#include "user/report/when.h"
#include "user/store/store.h"

#define DAY_NS (86400 * CLOCK_NS_PER_SECOND)
/* Around --at. */
#define AT_NS (300 * CLOCK_NS_PER_SECOND)

#define WHEN "1h or 2d (ago), 02:40, 2026-11-27 or \"2026-11-27 02:40\""

static const char *form_word(size_t index)
{
	const struct form_ops *ops;

	for (size_t i = 0; (ops = form_ops_at(i)); i++)
		if (ops != &zeek_form_ops && !index--)
			return ops->name;
	return NULL;
}

static int parse_form(const struct option_row *row, const char *value, void *target)
{
	const struct form_ops **form = target;

	if (!strcmp(value, "json"))
		value = "ndjson";
	for (size_t i = 0; form_word(i); i++)
		if (!strcmp(form_word(i), value)) {
			*form = form_ops_find(value);
			return 0;
		}
	return option_value_wrong(row, value);
}

static const struct option_row report_rows[] = {
	{ .name = "from",
	  .metavar = "FILE",
	  .section = SECTION_WHERE,
	  .type = OPTION_FILE,
	  OPTION_TARGET(struct report_options, path),
	  .help = "the database (default " STORE_PATH_DEFAULT ")" },
	{ .name = "since",
	  .metavar = "WHEN",
	  .section = SECTION_WHERE,
	  .type = OPTION_TEXT,
	  OPTION_TARGET(struct report_options, since),
	  .help = "from then on: 1h (ago), 02:40, 2026-11-27 (default 1d)",
	  .more = "Also \"2026-11-27 02:40\", in the local time zone, or with a zone: "
		  "2026-11-27T02:40:00Z." },
	{ .name = "until",
	  .metavar = "WHEN",
	  .section = SECTION_WHERE,
	  .type = OPTION_TEXT,
	  OPTION_TARGET(struct report_options, until),
	  .help = "up to then (default: now)" },
	{ .name = "at",
	  .metavar = "WHEN",
	  .section = SECTION_WHERE,
	  .type = OPTION_TEXT,
	  OPTION_TARGET(struct report_options, at),
	  .help = "the five minutes before and after that time" },
	{ .name = "against",
	  .metavar = "WHEN",
	  .section = SECTION_WHERE,
	  .type = OPTION_TEXT,
	  OPTION_TARGET(struct report_options, against),
	  .help = "diff: compare with the time from then up to --since" },
	{ .name = "over",
	  .metavar = "TIME",
	  .section = SECTION_COUNTS,
	  .type = OPTION_TIME,
	  .least = 60 * CLOCK_NS_PER_SECOND,
	  OPTION_TARGET(struct report_options, over_ns),
	  .takes = "a time from 1m up",
	  .help = "counts: rates over time, one bar for each TIME" },
	{ .name = "output",
	  .letter = 'o',
	  .metavar = "FORM",
	  .section = SECTION_OUTPUT,
	  .type = OPTION_WORD,
	  .words = form_word,
	  .parse = parse_form,
	  OPTION_TARGET(struct report_options, form),
	  .help = "table, wide, ndjson or csv (default table)" },
	{ .name = "columns",
	  .metavar = "LIST",
	  .section = SECTION_OUTPUT,
	  .type = OPTION_TEXT,
	  OPTION_TARGET(struct report_options, columns),
	  .help = "show these fields, in this order" },
	{ .name = "all",
	  .letter = 'a',
	  .section = SECTION_OUTPUT,
	  OPTION_TARGET(struct report_options, show_all),
	  .help = "benign endings too" },
};

static void report_init(void *data)
{
	struct report_options *options = data;

	options->path = STORE_PATH_DEFAULT;
	options->form = &table_form_ops;
}

static const struct option_group report_option_group = {
	OPTION_ROWS(report_rows),
	.init = report_init,
};

static int parse_when(const char *option, const char *text, uint64_t now_ns, uint64_t *ret)
{
	if (when_parse(text, now_ns, ret))
		return log_error(-EINVAL, "--%s %s is no time; it takes " WHEN, option, text);
	return 0;
}

static int report_finish(void *data)
{
	struct report_options *options = data;
	uint64_t now_ns = clock_realtime_ns(), at_ns;
	int err = 0;

	options->until_ns = now_ns;
	options->since_ns = now_ns - DAY_NS;
	if (options->at && (options->since || options->until))
		return log_error(-EINVAL,
				 "--at has a begin and an end of its own: leave out --since "
				 "and --until");
	if (options->since)
		err = parse_when("since", options->since, now_ns, &options->since_ns);
	if (!err && options->until)
		err = parse_when("until", options->until, now_ns, &options->until_ns);
	if (!err && options->at) {
		err = parse_when("at", options->at, now_ns, &at_ns);
		options->since_ns = at_ns > AT_NS ? at_ns - AT_NS : 0;
		options->until_ns = at_ns + AT_NS;
	}
	if (!err && options->since_ns > now_ns)
		err = log_error(-EINVAL, "--since is in the future: nothing is recorded there");
	if (!err && options->since_ns >= options->until_ns)
		err = log_error(-EINVAL, "--since is not before --until");
	options->against_ns = options->since_ns > DAY_NS ? options->since_ns - DAY_NS : 0;
	if (!err && options->against)
		err = parse_when("against", options->against, now_ns, &options->against_ns);
	if (!err && options->against_ns >= options->since_ns)
		err = log_error(-EINVAL, "--against is not before --since");
	return err;
}

static const struct option_use report_uses[] = {
	{ &report_option_group, 0, NULL },
	{ &filter_option_group, offsetof(struct report_options, filter), "filter" },
	{ &count_option_group, offsetof(struct report_options, counts), "by sort top" },
	{ &option_debug_group, 0, NULL },
};

const struct option_table report_option_table = {
	.size = sizeof(struct report_options),
	.words = "[incidents|records|counts|diff]",
	OPTION_USES(report_uses),
	.finish = report_finish,
};
