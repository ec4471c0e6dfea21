// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A row that waits, is stored and read back says what it said live: the same bytes in every form,
 * and the same answer to any filter.
 */
#include "user/model/connection_copy.h"

#include "tests/bpf/random.h"
#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/base/json_text.h"
#include "user/filter/filter.h"
#include "user/model/field_text.h"
#include "user/model/fields.h"
#include "user/model/idle_hint.h"
#include "user/model/oom_kill.h"
#include "user/model/zeek_summary.h"
#include "user/render/forms.h"
#include "user/store/store_endings.h"
#include "user/store/store_runs.h"

#define ROWS 5
#define FILTERS 4000
#define HOST "web-1" /* as of sample_context() */

static const struct host_timeouts timeouts = { .keepalive_time = 7200 };
static const struct oom_kill oom = { .pid = 813, .limit_bytes = 60 << 20, .cgroup = "/web" };

/* What is known of an ending in all ways, and little. Zeek's summary is of captures, not stored. */
static void rows_make(struct closed_connection *rows)
{
	rows[0] = sample_connection();
	rows[1] = sample_connection_with_stacks();
	rows[2] = sample_connection();
	rows[2].first_wall_ns = rows[2].wall_ns - 436000000;
	rows[2].repeated = 1070;
	rows[3] = sample_connection();
	rows[3].record.detail.death = CLOSE_DEATH_OOM;
	rows[3].oom_kill = &oom;
	rows[3].container = NULL;
	rows[3].zone_local = rows[3].zone_peer = rows[3].cgroup = rows[3].interface = NULL;
	rows[4] = sample_connection_empty();
	rows[4].host = HOST;
	for (int i = 0; i < ROWS; i++)
		rows[i].timeouts = &timeouts;
}

static void append_in_form(struct strbuf *b, const struct form_ops *ops,
			   const struct closed_connection *c)
{
	_cleanup_(form_close) struct form *form = NULL;

	assert_int_equal(form_open(ops, &(struct form_options){ .colour = true }, &form), 0);
	form_append(form, b, c);
	assert_false(b->failed);
}

static void assert_same_text(const struct closed_connection *live,
			     const struct closed_connection *other)
{
	for (size_t i = 0; form_ops_at(i); i++) {
		_cleanup_(strbuf_release) struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;

		append_in_form(&a, form_ops_at(i), live);
		append_in_form(&b, form_ops_at(i), other);
		assert_string_equal(a.data, b.data);
		assert_int_equal(a.len, b.len);
	}
}

/* `field op value`, the value one that a row has; it may be one that no filter accepts. */
static void append_test(struct strbuf *b, struct random_stream *random,
			const struct closed_connection *rows)
{
	static const char *const ops[] = { " = ", " != ", " < ", " >= ", " ~ ", " in ", " has " };
	const struct field *field = &connection_fields[random_below(random, FIELD_COUNT)];
	_cleanup_(strbuf_release) struct strbuf scratch = STRBUF_INIT, text = STRBUF_INIT;
	struct field_value value;

	strbuf_append_str(b, random_one_in(random, 4) ? "not " : "");
	strbuf_append_str(b, field->name);
	if (random_one_in(random, 5) ||
	    !row_get(&connection_row_type, &rows[random_below(random, ROWS)], field->id, &scratch,
		     &value)) {
		strbuf_append_str(b, " is null");
		return;
	}
	if (field->type == FIELD_BOOL)
		return;
	strbuf_append_str(b, RANDOM_PICK(random, ops));
	if (field->type == FIELD_DURATION_US)
		strbuf_appendf(b, "%lluus", (unsigned long long)value.number);
	else if (field->type == FIELD_WORD_LIST)
		strbuf_append_str(b, field->words->name((uint8_t)random_below(random, 8)));
	else if (field->type == FIELD_STRING_LIST)
		json_append_string(b, value.text, strlen(value.text));
	else
		field_append_json(b, field, &value, NULL);
}

/* Random filters that parse, asked about both. How many did. */
static size_t assert_same_answers(const struct closed_connection *live,
				  const struct closed_connection *const *others)
{
	struct random_stream random = { 20260304 };
	size_t asked = 0, taken = 0;

	for (int n = 0; n < FILTERS; n++) {
		_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT, scratch = STRBUF_INIT;
		_cleanup_(filter_free) struct filter *filter = NULL;
		struct filter_error error;

		append_test(&text, &random, live);
		for (; random_one_in(&random, 2); append_test(&text, &random, live))
			strbuf_append_str(&text, random_one_in(&random, 2) ? " and " : " or ");
		if (filter_parse(text.data, &connection_row_type, &filter, &error))
			continue;
		for (int i = 0; i < ROWS; i++) {
			bool answer = filter_matches(filter, &live[i], &scratch);

			if (filter_matches(filter, others[i], &scratch) != answer)
				fail_msg("row %d: %s", i, text.data);
			taken += answer;
			asked++;
		}
	}
	assert_true(taken > asked / 10 && taken < asked - asked / 10);
	return asked;
}

TEST(a_copy_says_the_same_when_the_row_is_gone)
{
	static struct zeek_summary zeek = { .packets = { 3, 4 }, .state = "SF", .history = "ShAF" };
	struct closed_connection rows[ROWS];
	const struct closed_connection *copies[ROWS];
	size_t size;

	rows_make(rows);
	rows[0].zeek = &zeek;
	for (int i = 0; i < ROWS; i++) {
		struct closed_connection *first = connection_copy(&rows[i], NULL);

		assert_non_null(first);
		copies[i] = connection_copy(first, &size);
		assert_non_null(copies[i]);
		assert_true(size > sizeof(rows[i]) && size < 4096);
		free(first); /* with every string that the copy could have borrowed */
		assert_same_text(&rows[i], copies[i]);
		for (unsigned int field = 0; field < FIELD_COUNT; field++)
			assert_int_equal(
				row_compare(&connection_row_type, &rows[i], copies[i], field), 0);
	}
	assert_true(assert_same_answers(rows, copies) > FILTERS);
	for (int i = 0; i < ROWS; i++)
		free((void *)copies[i]);
}

/* -- stored and read back -------------------------------------------------------------------- */
struct read_back {
	const struct closed_connection *rows[ROWS];
	int count;
};

static int take(void *data, const struct closed_connection *c)
{
	struct read_back *back = data;

	assert_true(back->count < ROWS);
	back->rows[back->count++] = connection_copy(c, NULL);
	return 0;
}

static void store_rows(const char *path, const struct closed_connection *rows)
{
	struct stored_run run = { .jiffies_hz = 250, .host = (char *)HOST };
	_cleanup_(store_close) struct store *store = NULL;
	struct ending_writer *writer = NULL;
	int64_t id;

	assert_int_equal(store_open_writer(path, &store), 0);
	assert_int_equal(store_run_begin(store, &run, &id), 0);
	assert_int_equal(ending_writer_new(store, id, &writer), 0);
	assert_int_equal(store_exec(store, "BEGIN"), 0);
	for (int i = 0; i < ROWS; i++) {
		_cleanup_free_ struct stored_ending *ending = stored_ending_of(&rows[i]);

		assert_non_null(ending);
		assert_int_equal(ending_writer_put(writer, ending), 0);
	}
	assert_int_equal(store_exec(store, "COMMIT"), 0);
	ending_writer_free(&writer);
}

TEST(what_was_stored_says_the_same_when_it_is_read_back)
{
	struct ending_query query = { .until_ns = INT64_MAX, .timeouts = &timeouts, .take = take };
	char folder[] = "/tmp/closetrace-copy-XXXXXX", path[64];
	struct closed_connection rows[ROWS];
	struct read_back back = { .count = 0 };
	struct store *store = NULL;
	uint64_t damaged;

	rows_make(rows);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/closes.db", folder);
	store_rows(path, rows);
	query.data = &back;
	assert_int_equal(store_open_reader(path, &store), 0);
	assert_int_equal(store_read_endings(store, &query, &damaged), 0);
	store_close(&store);
	assert_int_equal(back.count, ROWS);
	for (int i = 0; i < ROWS; i++)
		assert_same_text(&rows[i], back.rows[i]);
	assert_same_answers(rows, back.rows);
	for (int i = 0; i < ROWS; i++)
		free((void *)back.rows[i]);
	remove(path);
	remove(folder);
}

TEST_MAIN()
