// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/filter_options.h"

#include <errno.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"

static int parse_filter(const struct option_row *row, const char *value, void *target)
{
	struct filter_options *options = target;

	if (options->count == FILTER_OPTIONS_MAX)
		return log_error(-EINVAL, "--%s can be given %d times; join the parts with \"and\"",
				 row->name, FILTER_OPTIONS_MAX);
	options->texts[options->count++] = value;
	return 0;
}

static const struct option_row filter_rows[] = {
	{ .name = "filter",
	  .letter = 'f',
	  .metavar = "EXPR",
	  .section = SECTION_WHICH,
	  .type = OPTION_TEXT,
	  .parse = parse_filter,
	  .help = "only what this expression takes, such as 'rst.count > 0 and port = 443'",
	  .more = "Several are combined: all must hold. The manual page has the language under "
		  "FILTER LANGUAGE, docs/filter.md the whole of it." },
	{ .name = "zones",
	  .metavar = "FILE",
	  .section = SECTION_WHICH,
	  .type = OPTION_FILE,
	  OPTION_TARGET(struct filter_options, zones_path),
	  .help = "read names of networks, lines of `name network...`" },
};

const struct option_group filter_option_group = { OPTION_ROWS(filter_rows) };

int filter_options_parse(const struct filter_options *options, const struct row_type *row_type,
			 struct filter **ret)
{
	_cleanup_(filter_free) struct filter *all = NULL;
	struct filter_error error;

	for (size_t i = 0; i < options->count; i++) {
		_cleanup_(filter_free) struct filter *one = NULL;
		int err = filter_parse(options->texts[i], row_type, &one, &error);

		if (err == -EINVAL && options->count > 1)
			return log_error(err, "--filter number %zu, column %zu: %s", i + 1,
					 error.column, error.sentence);
		if (err == -EINVAL)
			return log_error(err, "--filter, column %zu: %s", error.column,
					 error.sentence);
		if (!err && all)
			err = filter_and(&all, &one, &all);
		else if (!err)
			all = TAKE_PTR(one);
		if (err == -E2BIG)
			return log_error(-EINVAL, "the filters together have more than %d tests",
					 FILTER_TESTS_MAX);
		if (err)
			return log_error(err, "not enough memory for the filter");
	}
	*ret = TAKE_PTR(all);
	return 0;
}
