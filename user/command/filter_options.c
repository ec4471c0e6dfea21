// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/filter_options.h"

#include <errno.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/filter/filter_words.h"

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

/* One more that must hold; takes over `one`. */
static int filter_add(struct filter **all, struct filter **one)
{
	int err = 0;

	if (*all)
		err = filter_and(all, one, all);
	else
		*all = TAKE_PTR(*one);
	if (err == -E2BIG)
		return log_error(-EINVAL, "the filters together have more than %d tests",
				 FILTER_TESTS_MAX);
	return err ? log_error(err, "not enough memory for the filter") : 0;
}

static int parse_words(const struct filter_options *options, const struct row_type *row_type,
		       struct filter **ret)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct filter_error error;
	int err = filter_words_append(&text, options->word_count, options->words, row_type, &error);

	if (!err)
		err = filter_parse(text.data, row_type, ret, &error);
	if (err == -EINVAL)
		return log_error(err, "the filter, column %zu: %s", error.column, error.sentence);
	return err ? log_error(err, "not enough memory for the filter") : 0;
}

int filter_options_parse(const struct filter_options *options, const struct row_type *row_type,
			 struct filter **ret)
{
	_cleanup_(filter_free) struct filter *all = NULL, *words = NULL;
	struct filter_error error;
	int err;

	for (size_t i = 0; i < options->count; i++) {
		_cleanup_(filter_free) struct filter *one = NULL;

		err = filter_parse(options->texts[i], row_type, &one, &error);
		if (err == -EINVAL && options->count > 1)
			return log_error(err, "--filter number %zu, column %zu: %s", i + 1,
					 error.column, error.sentence);
		if (err == -EINVAL)
			return log_error(err, "--filter, column %zu: %s", error.column,
					 error.sentence);
		if (err)
			return log_error(err, "not enough memory for the filter");
		err = filter_add(&all, &one);
		if (err)
			return err;
	}
	if (options->word_count) {
		err = parse_words(options, row_type, &words) ?: filter_add(&all, &words);
		if (err)
			return err;
	}
	*ret = TAKE_PTR(all);
	return 0;
}
