// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/render/flow_columns.h"

#include <jansson.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/base/clock.h"

static struct flow_row row_of(uint8_t client, uint64_t rst)
{
	struct flow_row row = {
		.by = FLOW_KEY(CLIENT) | FLOW_KEY(COMM),
		.elapsed_ns = 2 * CLOCK_NS_PER_SECOND,
		.time_ns = UINT64_C(1772600767000000089),
	};

	row.identity.known = FLOW_KEY(CLIENT);
	memcpy(row.identity.client, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0", 15);
	row.identity.client[15] = client;
	row.counts[TALLY_OPENED] = 4;
	row.counts[TALLY_RST_SRV] = rst;
	return row;
}

/* Rows of these keys as the form writes them, as wide as what is in them. */
static void append_rows(struct strbuf *b, const struct form_ops *ops, const void *const *rows,
			size_t count, uint32_t by, unsigned int width)
{
	_cleanup_(form_close) struct form *form = NULL;
	struct columns columns;
	struct form_options options = {
		.type = &flow_row_type,
		.columns = &columns,
		.is_terminal = width != 0,
		.width = width,
	};

	flow_columns(ops, by, &columns);
	assert_int_equal(form_open(ops, &options, &form), 0);
	if (ops->fit)
		ops->fit(form, rows, count);
	if (ops->head)
		ops->head(form, b);
	for (size_t i = 0; i < count; i++)
		form_append(form, b, rows[i]);
}

TEST(columns_are_as_wide_as_what_is_in_them)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct flow_row first = row_of(1, 123456), second = row_of(200, 0);
	const void *rows[] = { &first, &second };

	second.identity.comm = "na\x1b[me";
	second.identity.known |= FLOW_KEY(COMM);
	append_rows(&b, &table_form_ops, rows, 2, first.by, 0);
	assert_string_equal(b.data,
			    "CLIENT      COMM       CONN  SYN>  <SYN  CT  FIN>  <FIN  RST>    "
			    "<RST  RST/CONN\n"
			    "10.0.0.1    -             4     0     0   0     0     0     0  "
			    "123456  30864.00\n"
			    "10.0.0.200  na\\x1b[me     4     0     0   0     0     0     0       0"
			    "      0.00\n");
}

TEST(lines_end_at_the_terminals_edge)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct flow_row row = row_of(1, 5);
	const void *rows[] = { &row };

	append_rows(&b, &table_form_ops, rows, 1, FLOW_KEY(CLIENT), 14);
	assert_string_equal(b.data, "CLIENT    CONN\n10.0.0.1     4\n");
}

TEST(json_has_the_keys_that_were_asked_for_and_every_count)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct flow_row row = row_of(7, 6);
	const void *rows[] = { &row };
	json_t *json;

	append_rows(&b, &ndjson_form_ops, rows, 1, row.by, 0);
	json = json_loads(b.data, 0, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "client_addr")), "10.0.0.7");
	assert_true(json_is_null(json_object_get(json, "comm")));
	assert_null(json_object_get(json, "server_addr"));
	assert_null(json_object_get(json, "rest"));
	assert_int_equal(json_integer_value(json_object_get(json, "elapsed_us")), 2000000);
	assert_string_equal(json_string_value(json_object_get(json, "time")),
			    "2026-03-04T05:06:07.000000089Z");
	for (int i = FLOW_FIELD_syn_count; i < FLOW_FIELD_COUNT; i++)
		assert_non_null(json_object_get(json, flow_fields[i].name));
	assert_true(json_real_value(json_object_get(json, "rst_per_connection")) == 1.5);
	assert_int_equal(json_integer_value(json_object_get(json, "rst_rate")), 3);
	json_decref(json);

	strbuf_reset(&b);
	memset(&row.identity, 0, sizeof(row.identity));
	row.is_rest = true;
	append_rows(&b, &ndjson_form_ops, rows, 1, row.by, 0);
	json = json_loads(b.data, 0, NULL);
	assert_true(json_is_true(json_object_get(json, "rest")));
	assert_true(json_is_null(json_object_get(json, "client_addr")));
	json_decref(json);
}

TEST(rows_are_ordered_and_the_rest_is_last)
{
	struct flow_row rows[] = { row_of(3, 1), row_of(2, 9), row_of(9, 1), row_of(1, 1),
				   row_of(0, 1000) };
	static const uint8_t wanted[] = { 2, 1, 3, 9, 0 };
	const void **ordered = NULL;

	rows[4].is_rest = true;
	assert_int_equal(rows_order(&flow_row_type, FLOW_FIELD_rst_count, rows, sizeof(rows[0]), 5,
				    &ordered),
			 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(((const struct flow_row *)ordered[i])->identity.client[15],
				 wanted[i]);
	assert_int_equal(rows_order(&flow_row_type, FLOW_FIELD_client_addr, rows, sizeof(rows[0]),
				    0, &ordered),
			 0);
	free(ordered);
}

TEST_MAIN()
