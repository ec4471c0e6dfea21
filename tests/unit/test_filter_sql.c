// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Random filters on random rows: the text that a filter prints makes the same filter, and SQLite
 * finds with its SQL exactly the rows that it takes itself.
 */
#include <sqlite3.h>

#include "tests/harness/filter_rows.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/model/field_text.h"

#define ROWS 300
#define FILTERS 3000
#define DEPTH 4

static struct filter_row rows[ROWS];

static struct filter *parsed(const char *text)
{
	struct filter_error error = { 0 };
	struct filter *filter = NULL;

	if (filter_parse(text, &filter_row_type, &filter, &error))
		fail_msg("%s: column %zu: %s", text, error.column, error.sentence);
	return filter;
}

static void random_rows(struct random_stream *random)
{
	for (size_t i = 0; i < ROWS; i++)
		random_row(random, &rows[i]);
}

TEST(printed_and_parsed_again_it_is_the_same_filter)
{
	struct random_stream random = { 20261125 };
	struct strbuf text = STRBUF_INIT, once = STRBUF_INIT, twice = STRBUF_INIT;
	size_t held = 0, failed = 0;

	random_rows(&random);
	for (size_t i = 0; i < FILTERS; i++) {
		struct filter *first, *second;

		strbuf_reset(&text);
		strbuf_reset(&once);
		strbuf_reset(&twice);
		random_filter_append(&random, &text, DEPTH);
		first = parsed(text.data);
		filter_append_text(&once, first);
		second = parsed(once.data);
		filter_append_text(&twice, second);
		assert_string_equal(once.data, twice.data);
		for (size_t row = 0; row < ROWS; row++) {
			bool holds = filter_matches(first, &rows[row], NULL);

			if (holds != filter_matches(second, &rows[row], NULL))
				fail_msg("%s is not %s", text.data, once.data);
			held += holds;
			failed += !holds;
		}
		filter_free(&first);
		filter_free(&second);
	}
	printf("# %zu answers yes, %zu no\n", held, failed);
	assert_true(held > FILTERS * ROWS / 5 && failed > FILTERS * ROWS / 5);
	strbuf_release(&text);
	strbuf_release(&once);
	strbuf_release(&twice);
}

/* -- SQLite ------------------------------------------------------------------------------------ */
static sqlite3 *db;

static void sql_run(const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

static void value_bind(sqlite3_stmt *insert, int at, const struct field *field,
		       const struct field_value *value)
{
	struct strbuf json = STRBUF_INIT;

	switch (field->type) {
	case FIELD_STRING:
	case FIELD_WORD:
		sqlite3_bind_text(insert, at, value->text, (int)value->len, SQLITE_TRANSIENT);
		break;
	case FIELD_IP:
		sqlite3_bind_blob(insert, at, value->ip, 16, SQLITE_TRANSIENT);
		break;
	case FIELD_BOOL:
		sqlite3_bind_int(insert, at, value->truth);
		break;
	case FIELD_STRING_LIST:
		field_append_json(&json, field, value, NULL);
		sqlite3_bind_text(insert, at, json.data, (int)json.len, SQLITE_TRANSIENT);
		strbuf_release(&json);
		break;
	default:
		sqlite3_bind_int64(insert, at, value->integer);
	}
}

static void rows_insert(void)
{
	struct strbuf sql = STRBUF_INIT;
	sqlite3_stmt *insert;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	strbuf_append_str(&sql, "CREATE TABLE closes(number INTEGER PRIMARY KEY");
	for (int i = 0; i < ROW_FIELD_COUNT; i++)
		strbuf_appendf(&sql, ", \"%s\"", row_fields[i].name);
	strbuf_append_str(&sql, ")");
	sql_run(sql.data);
	strbuf_reset(&sql);
	strbuf_append_str(&sql, "INSERT INTO closes VALUES(?");
	for (int i = 0; i < ROW_FIELD_COUNT; i++)
		strbuf_append_str(&sql, ", ?");
	strbuf_append_str(&sql, ")");
	assert_int_equal(sqlite3_prepare_v2(db, sql.data, -1, &insert, NULL), SQLITE_OK);
	for (int row = 0; row < ROWS; row++) {
		sqlite3_reset(insert);
		sqlite3_clear_bindings(insert);
		sqlite3_bind_int(insert, 1, row);
		for (int i = 0; i < ROW_FIELD_COUNT; i++)
			if (rows[row].is_known[i])
				value_bind(insert, i + 2, &row_fields[i], &rows[row].values[i]);
		assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
	}
	sqlite3_finalize(insert);
	strbuf_release(&sql);
}

static void parameter_bind(sqlite3_stmt *query, int at, const struct filter_sql_value *value)
{
	switch (value->type) {
	case FILTER_SQL_INTEGER:
		sqlite3_bind_int64(query, at, value->integer);
		break;
	case FILTER_SQL_TEXT:
		sqlite3_bind_text(query, at, value->data, (int)value->len, SQLITE_STATIC);
		break;
	case FILTER_SQL_BLOB:
		sqlite3_bind_blob(query, at, value->data, (int)value->len, SQLITE_STATIC);
		break;
	}
}

/* is_found[] of all rows, by SQLite. */
static void rows_find(const struct filter *filter, const char *text, bool *is_found)
{
	struct filter_sql_values values = { 0 };
	struct strbuf sql = STRBUF_INIT;
	sqlite3_stmt *query;

	strbuf_append_str(&sql, "SELECT number FROM closes WHERE ");
	assert_int_equal(filter_append_sql(&sql, &values, filter), 0);
	if (sqlite3_prepare_v2(db, sql.data, -1, &query, NULL) != SQLITE_OK)
		fail_msg("%s: %s: %s", text, sql.data, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_bind_parameter_count(query), values.count);
	for (size_t i = 0; i < values.count; i++)
		parameter_bind(query, (int)i + 1, &values.items[i]);
	memset(is_found, 0, ROWS);
	while (sqlite3_step(query) == SQLITE_ROW)
		is_found[sqlite3_column_int(query, 0)] = true;
	sqlite3_finalize(query);
	filter_sql_values_release(&values);
	strbuf_release(&sql);
}

static size_t sql_compare(const char *text)
{
	struct filter *filter = parsed(text);
	bool is_found[ROWS];
	size_t held = 0;

	rows_find(filter, text, is_found);
	for (size_t row = 0; row < ROWS; row++) {
		bool holds = filter_matches(filter, &rows[row], NULL);

		if (holds != is_found[row])
			fail_msg("row %zu: %s here, %s by SQLite: %s", row, holds ? "yes" : "no",
				 is_found[row] ? "yes" : "no", text);
		held += holds;
	}
	filter_free(&filter);
	return held;
}

TEST(sqlite_finds_the_rows_that_the_filter_takes)
{
	struct random_stream random = { 19700101 };
	struct strbuf text = STRBUF_INIT;
	size_t held = 0;

	random_rows(&random);
	rows_insert();
	for (size_t i = 0; i < FILTERS; i++) {
		strbuf_reset(&text);
		random_filter_append(&random, &text, (int)(i % (DEPTH + 1)));
		held += sql_compare(text.data);
	}
	printf("# SQLite: %d filters, %zu rows found of %d\n", FILTERS, held, FILTERS * ROWS);
	assert_true(held > FILTERS * ROWS / 5 && held < FILTERS * ROWS / 5 * 4);
	sqlite3_close(db);
	strbuf_release(&text);
}

TEST(nothing_of_the_text_is_pasted_into_sql)
{
	struct filter *filter = parsed("text = \"'; DROP TABLE closes; --\" and ip_a in 10.0.0.0/8 "
				       "and text ~ \"[*\" and not texts has zz");
	struct filter_sql_values values = { 0 };
	struct strbuf sql = STRBUF_INIT;

	assert_int_equal(filter_append_sql(&sql, &values, filter), 0);
	assert_strbuf(&sql, "(\"text\" = ? AND (\"ip_a\" BETWEEN ? AND ?) AND \"text\" GLOB ? AND "
			    "NOT ifnull(EXISTS (SELECT 1 FROM json_each(\"texts\") WHERE "
			    "json_each.value IN (?)), 0))");
	assert_int_equal(values.count, 5);
	assert_int_equal(values.items[0].len, strlen("'; DROP TABLE closes; --"));
	assert_memory_equal(values.items[1].data, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\0", 16);
	assert_memory_equal(values.items[2].data, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\xff\xff\xff",
			    16);
	assert_memory_equal(values.items[3].data, "[[]*", 4);
	filter_sql_values_release(&values);
	strbuf_release(&sql);
	filter_free(&filter);
}

TEST_MAIN()
