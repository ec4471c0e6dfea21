// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a filter: refused with a column inside the text, or accepted, and then what it
 * prints is the same filter, and the SQL of both is the same. The kernel gets no more than that.
 */
#include <errno.h>

#include "tests/fuzz/fuzz.h"
#include "tests/harness/filter_rows.h"
#include "tests/harness/sample_connection.h"
#include "user/base/cleanup.h"
#include "user/filter/push_down.h"
#include "user/model/fields.h"

#define ROWS 8

static struct filter *text_parse(const char *text, const struct row_type *subject)
{
	struct filter_error error = { 0 };
	struct filter *filter = NULL;
	int err = filter_parse(text, subject, &filter, &error);

	if (!err)
		return filter;
	FUZZ_REQUIRE(err == -EINVAL);
	FUZZ_REQUIRE(error.column >= 1 && error.column <= strlen(text) + 1);
	FUZZ_REQUIRE(error.sentence[0]);
	return NULL;
}

static void sql_check(const struct filter *a, const struct filter *b)
{
	_cleanup_(strbuf_release) struct strbuf one = STRBUF_INIT, other = STRBUF_INIT;
	_cleanup_(filter_sql_values_release) struct filter_sql_values values = { 0 },
								      others = { 0 };

	FUZZ_REQUIRE(!filter_append_sql(&one, &values, a));
	FUZZ_REQUIRE(!filter_append_sql(&other, &others, b));
	FUZZ_REQUIRE(!strcmp(one.data, other.data));
	FUZZ_REQUIRE(values.count == others.count);
	for (size_t i = 0; i < values.count; i++) {
		FUZZ_REQUIRE(values.items[i].integer == others.items[i].integer);
		FUZZ_REQUIRE(values.items[i].len == others.items[i].len);
	}
}

/* NULL when the text is none. The printed text may be longer than a filter may be. */
static struct filter *filter_check(const char *text, const struct row_type *subject,
				   struct filter **ret_again)
{
	_cleanup_(strbuf_release) struct strbuf once = STRBUF_INIT, twice = STRBUF_INIT;
	struct filter *filter = text_parse(text, subject);

	if (!filter)
		return NULL;
	filter_append_text(&once, filter);
	FUZZ_REQUIRE(!once.failed);
	if (once.len > FILTER_TEXT_MAX)
		return filter;
	*ret_again = text_parse(once.data, subject);
	FUZZ_REQUIRE(*ret_again);
	filter_append_text(&twice, *ret_again);
	FUZZ_REQUIRE(!strcmp(once.data, twice.data));
	sql_check(filter, *ret_again);
	return filter;
}

static void rows_check(const char *text)
{
	_cleanup_(filter_free) struct filter *again = NULL;
	_cleanup_(filter_free) struct filter *filter = filter_check(text, &filter_row_type, &again);
	struct random_stream random = { 1 };

	for (int i = 0; filter && again && i < ROWS; i++) {
		struct filter_row row;

		random_row(&random, &row);
		FUZZ_REQUIRE(filter_matches(filter, &row, NULL) ==
			     filter_matches(again, &row, NULL));
	}
}

/* The kernel's part is never stronger than the filter. */
static void push_down_check(const struct filter *filter, const struct closed_connection *c,
			    bool takes)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct tracer_config config = { 0 };

	filter_push_down(filter, &config);
	FUZZ_REQUIRE(!takes || tracer_config_passes(&config, &c->record));
	filter_explain(&b, filter, &config);
	FUZZ_REQUIRE(!b.failed && b.len);
}

static void connections_check(const char *text)
{
	_cleanup_(filter_free) struct filter *again = NULL;
	_cleanup_(filter_free) struct filter *filter =
		filter_check(text, &connection_row_type, &again);
	_cleanup_(strbuf_release) struct strbuf scratch = STRBUF_INIT;
	struct closed_connection connections[] = { sample_connection_with_stacks(),
						   sample_connection_empty() };

	for (int i = 0; filter && i < 2; i++) {
		bool takes = filter_matches(filter, &connections[i], &scratch);

		FUZZ_REQUIRE(!again || takes == filter_matches(again, &connections[i], &scratch));
		push_down_check(filter, &connections[i], takes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);

	FUZZ_REQUIRE(text);
	memcpy(text, data, size);
	text[size] = '\0';
	connections_check(text);
	rows_check(text);
	return 0;
}
