// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The forms of output, of any type of row, and the choice of columns. */
#include "user/render/forms.h"

#include <errno.h>

#include "tests/harness/filter_rows.h"
#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/model/fields.h"

static struct strbuf text;

/* Rows in a form, with the columns of `list`; NULL: those that it shows unasked. */
static const char *written(const struct form_ops *ops, const struct row_type *type,
			   const char *list, const void *row)
{
	_cleanup_(form_close) struct form *form = NULL;
	_cleanup_(strbuf_release) struct strbuf error = STRBUF_INIT;
	struct form_options options = { .type = type };
	static struct columns columns;

	setenv("TZ", "UTC", 1);
	if (list) {
		assert_int_equal(columns_parse(type, list, &columns, &error), 0);
		options.columns = &columns;
	}
	assert_int_equal(form_open(ops, &options, &form), 0);
	strbuf_reset(&text);
	if (ops->head)
		ops->head(form, &text);
	form_append(form, &text, row);
	assert_false(text.failed);
	return text.data;
}

static const char *error_of(const struct row_type *type, const char *list)
{
	static struct strbuf error;
	static struct columns columns;

	strbuf_reset(&error);
	assert_int_equal(columns_parse(type, list, &columns, &error), -EINVAL);
	return error.data;
}

TEST(columns_are_fields_and_what_tables_make_of_them)
{
	struct closed_connection c = sample_connection();
	const struct row_type *type = &connection_row_type;

	assert_string_equal(
		written(&table_form_ops, type, "time,verdict,process,rst.count,age", &c),
		"TIME      VERDICT                PROCESS               RST_COUNT  AGE\n"
		"05:06:07  local_app_abort        nginx[812]@web               11  1.2s\n");
	assert_string_equal(written(&wide_form_ops, type, "time,idle", &c),
			    "TIME          IDLE\n05:06:07.000  12ms\n");
	assert_string_equal(written(&ndjson_form_ops, type, "pid,process,idle,bytes", &c),
			    "{\"pid\":812,\"process\":\"nginx[812]@web\",\"idle_us\":12000,"
			    "\"bytes\":\"123456/98765/4312/21\"}\n");
	assert_string_equal(written(&csv_form_ops, type, "pid,process,time", &c),
			    "pid,process,time\r\n"
			    "812,nginx[812]@web,2026-03-04T05:06:07.000000089Z\r\n");
}

TEST(a_column_that_is_not_there_says_what_is_meant)
{
	assert_string_equal(error_of(&connection_row_type, "time,verdit"),
			    "a closed connection has no field \"verdit\"; did you mean verdict?");
	assert_non_null(strstr(error_of(&connection_row_type, "time,,pid"), "no field \"\""));
	assert_non_null(strstr(error_of(&connection_row_type, "local_addr,port"), "\"port\""));
	assert_non_null(strstr(error_of(&filter_row_type, "x\033[2J"), "\"x\\x1b[2J\""));
	assert_non_null(strstr(error_of(&connection_row_type,
					"pid,pid,pid,pid,pid,pid,pid,pid,pid,pid,pid,pid,pid,"
					"0123456789012345678901234567890123456789012345678901234567"
					"8901234567890123456789"),
			       "no field \"0123"));
}

/* A type without a layout: every field is a column, and every form writes it. */
TEST(any_type_of_row_is_written_in_any_form)
{
	struct random_stream random = { 7 };
	struct filter_row row;

	random_row(&random, &row);
	for (size_t i = 0; form_ops_at(i); i++) {
		struct form_options options = { .type = &filter_row_type };
		struct form *form = NULL;

		if (form_ops_at(i) == &zeek_form_ops) {
			assert_int_equal(form_open(&zeek_form_ops, &options, &form), -EINVAL);
			continue;
		}
		written(form_ops_at(i), &filter_row_type, NULL, &row);
		assert_int_equal(text.data[text.len - 1], '\n');
		assert_ptr_equal(form_ops_find(form_ops_at(i)->name), form_ops_at(i));
	}
	assert_null(form_ops_find("xml"));
}

static const char *csv_of_text(const char *value, size_t len)
{
	static struct filter_row row;

	memset(&row, 0, sizeof(row));
	row.is_known[ROW_text] = value != NULL;
	row.values[ROW_text] = (struct field_value){ .text = value, .len = len };
	return written(&csv_form_ops, &filter_row_type, "text,word", &row) +
	       sizeof("text,word\r\n") - 1;
}

TEST(csv_quotes_what_would_end_a_value_and_disarms_formulas)
{
	assert_string_equal(csv_of_text(NULL, 0), ",\r\n");
	assert_string_equal(csv_of_text("", 0), "\"\",\r\n");
	assert_string_equal(csv_of_text("plain text", 10), "plain text,\r\n");
	assert_string_equal(csv_of_text("a,b", 3), "\"a,b\",\r\n");
	assert_string_equal(csv_of_text("say \"hi\"", 8), "\"say \"\"hi\"\"\",\r\n");
	assert_string_equal(csv_of_text("a\r\nb", 4), "a\\x0d\\x0ab,\r\n");
	assert_string_equal(csv_of_text("=cmd|' /C calc'!A0", 18), "\"'=cmd|' /C calc'!A0\",\r\n");
	assert_string_equal(csv_of_text("@SUM(1)", 7), "\"'@SUM(1)\",\r\n");
	assert_string_equal(csv_of_text("a\0\xff", 3), "a\\x00\\xff,\r\n");
}

TEST(csv_has_values_as_json_has_them)
{
	struct closed_connection c = sample_connection_with_stacks();

	assert_string_equal(
		written(&csv_form_ops, &connection_row_type,
			"local_addr,local_port,benign,bytes_sent,rst_seq_offset,user_stack,error",
			&c),
		"local_addr,local_port,benign,bytes_sent,rst_seq_offset,user_stack,error\r\n"
		"10.0.0.9,443,false,123456,-7,\"[\"\"main+0x3 [nginx]\"\"]\",EHOSTUNREACH\r\n");
}

TEST(numbers_stand_right_and_long_values_push_the_next)
{
	static struct filter_row row;

	memset(&row, 0, sizeof(row));
	row.is_known[ROW_count_a] = row.is_known[ROW_offset] = true;
	row.values[ROW_count_a].number = UINT64_C(12345678901);
	row.values[ROW_offset].integer = -3;
	assert_string_equal(written(&table_form_ops, &filter_row_type, "count_a,offset,port_a",
				    &row),
			    " COUNT_A    OFFSET  PORT_A\n"
			    "12345678901     -3       -\n");
}

TEST_MAIN()
