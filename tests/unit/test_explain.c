// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/command.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/command/explain_texts.h"
#include "user/filter/filter.h"
#include "user/model/fields.h"
#include "user/model/flow_row.h"
#include "user/render/columns.h"

static char output[65536], messages[4096];

static void fd_swap_begin(int fd, const char *name, int *ret_saved, int *ret_file)
{
	*ret_saved = dup(fd);
	*ret_file = memfd_create(name, 0);
	dup2(*ret_file, fd);
}

static void fd_swap_end(int fd, int saved, int file, char *text, size_t size)
{
	ssize_t len = pread(file, text, size - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	dup2(saved, fd);
	close(saved);
	close(file);
}

/* Run the command with up to two names; what it printed is in `output` and `messages`. */
static int explain(const char *first, const char *second)
{
	char *words[] = { (char *)first, (char *)second };
	struct option_common options = { .words = words, .word_count = !!first + !!second };
	int out[2], err[2], code;

	fflush(stdout);
	fd_swap_begin(1, "out", &out[0], &out[1]);
	fd_swap_begin(2, "err", &err[0], &err[1]);
	code = explain_command(&options);
	fd_swap_end(1, out[0], out[1], output, sizeof(output));
	fd_swap_end(2, err[0], err[1], messages, sizeof(messages));
	return code;
}

static void assert_lines_are_short(const char *text, size_t max)
{
	while (text && *text) {
		size_t len = strcspn(text, "\n");

		if (len > max)
			fail_msg("%zu characters: %.*s", len, (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static bool is_word(const struct explain_group *group, size_t number)
{
	return strcmp(group->words->name((uint8_t)number), "unknown") != 0 ||
	       word_list_has_unknown(group->words);
}

static void assert_has_its_parts(const struct explain_group *group, size_t number)
{
	const struct explain_text *text = &group->texts[number];
	const char *name = group->words->name((uint8_t)number);

	if (!text->means || strlen(text->means) < 12)
		fail_msg("%s %s has no text", group->noun, name);
	assert_lines_are_short(text->means, 78);
	assert_lines_are_short(text->causes, 78);
	assert_lines_are_short(text->check, 78);
	assert_lines_are_short(text->setting, 78);
	if (group->parts != EXPLAIN_ALL || strcmp(name, "none") == 0)
		return;
	if (!text->causes || strlen(text->causes) < 12)
		fail_msg("%s %s has no causes", group->noun, name);
	if (!text->check || strlen(text->check) < 8)
		fail_msg("%s %s has nothing to check", group->noun, name);
	if (!text->setting)
		fail_msg("%s %s: what to change? (or NO_SETTING)", group->noun, name);
}

TEST(every_word_of_every_list_has_the_parts_of_its_kind)
{
	const struct explain_group *group;
	size_t i, number, whole = 0;

	for (i = 0; (group = explain_group_at(i)); i++) {
		for (number = group->first; number < group->words->count; number++) {
			if (is_word(group, number))
				assert_has_its_parts(group, number);
			else
				assert_null(group->texts[number].means);
		}
		whole += group->parts == EXPLAIN_ALL;
	}
	assert_int_equal(i, 13);
	assert_int_equal(whole, 6);
}

/* A name that error_name() gets one day needs a text, in a table that is long enough. */
TEST(every_errno_with_a_name_is_explained)
{
	size_t number, count = 0;

	for (number = 1; number < 4096; number++) {
		if (strcmp(error_name((uint16_t)number), "unknown") == 0)
			continue;
		assert_true(number < EXPLAIN_ERRNO_COUNT);
		assert_non_null(explain_errnos[number].means);
		count++;
	}
	assert_true(count >= 34);
}

TEST(every_word_and_field_is_explained_by_the_command)
{
	const struct explain_group *group;
	char head[128];
	size_t i, number;

	for (i = 0; (group = explain_group_at(i)); i++) {
		for (number = group->first; number < group->words->count; number++) {
			const char *name = group->words->name((uint8_t)number);

			if (!is_word(group, number))
				continue;
			assert_int_equal(explain(name, NULL), 0);
			snprintf(head, sizeof(head), "%s (%s", name, group->noun);
			assert_non_null(strstr(output, head));
		}
	}
	for (i = 0; i < FIELD_COUNT; i++) {
		assert_int_equal(explain(connection_fields[i].name, NULL), 0);
		assert_non_null(strstr(output, connection_fields[i].meaning));
	}
}

/* What stands between `head` and the next quote must be a filter. */
static void assert_filters_parse(const char *text, const char *head)
{
	for (const char *at = text; at && (at = strstr(at, head));) {
		struct filter_error error = { .column = 0 };
		struct filter *filter = NULL;
		char expression[256];

		at += strlen(head);
		snprintf(expression, sizeof(expression), "%.*s", (int)strcspn(at, "'"), at);
		if (filter_parse(expression, &connection_row_type, &filter, &error) < 0)
			fail_msg("%s: %s", expression, error.sentence);
		filter_free(&filter);
	}
}

TEST(every_field_tells_its_source_its_null_and_a_filter_that_asks_for_it)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const struct explain_field *text = &explain_fields[i];

		if (!text->source || !text->null_if)
			fail_msg("%s has no text", connection_fields[i].name);
		assert_lines_are_short(text->source, 78);
		assert_lines_are_short(text->null_if, 78);
		assert_int_equal(explain(connection_fields[i].name, NULL), 0);
		assert_non_null(strstr(output, "\n  Comes from\n    "));
		assert_non_null(strstr(output, "\n  Null\n    "));
		assert_non_null(strstr(output, "\n  Filter\n    closetrace -f '"));
		assert_filters_parse(output, "closetrace -f '");
	}
}

/* The test of a field must ask for that field. */
TEST(the_filter_of_a_field_uses_it)
{
	for (unsigned int i = 0; i < FIELD_COUNT; i++) {
		struct filter_error error = { .column = 0 };
		struct filter *filter = NULL;

		if (!explain_fields[i].test)
			continue;
		if (filter_parse(explain_fields[i].test, &connection_row_type, &filter, &error) < 0)
			fail_msg("%s: %s", explain_fields[i].test, error.sentence);
		if (!filter_uses(filter, i))
			fail_msg("%s does not ask for %s", explain_fields[i].test,
				 connection_fields[i].name);
		filter_free(&filter);
	}
}

TEST(every_column_of_the_table_is_explained)
{
	for (size_t i = 0; i < connection_layout.column_count; i++) {
		const char *title = connection_layout.columns[i].title;

		if (strcmp(title, " ") != 0)
			assert_int_equal(explain(title, NULL), 0);
	}
	assert_int_equal(explain("process", NULL), 0);
	assert_non_null(strstr(output, "PROCESS (column)\n  Shows comm[pid]"));
}

TEST(fields_of_flows_and_words_of_zeek_are_explained)
{
	for (size_t i = 0; i < flow_row_type.field_count; i++) {
		assert_int_equal(explain(flow_row_type.fields[i].name, NULL), 0);
		assert_non_null(strstr(output, " (field of flows, "));
		assert_non_null(strstr(output, flow_row_type.fields[i].meaning));
	}
	assert_int_equal(explain("RSTO", NULL), 0);
	assert_non_null(strstr(output, "RSTO (Zeek state)"));
}

/* Commands that nobody can type are worse than none. */
TEST(filters_in_commands_are_right)
{
	const struct explain_group *group;

	for (size_t i = 0; (group = explain_group_at(i)); i++)
		for (size_t number = group->first; number < group->words->count; number++) {
			assert_filters_parse(group->texts[number].check, "closetrace -f '");
			assert_filters_parse(group->texts[number].check, "closetrace --all -f '");
		}
}

TEST(an_errno_tells_meaning_causes_commands_and_settings)
{
	assert_int_equal(explain("econnreset", NULL), 0);
	assert_non_null(strstr(output, "ECONNRESET (error)"));
	assert_non_null(strstr(output, "Usual causes"));
	assert_non_null(strstr(output, "Check next"));
	assert_non_null(strstr(output, "\n  Change\n    "));
	assert_int_equal(explain("EISCONN", NULL), 0);
	assert_null(strstr(output, "Change"));
}

TEST(commands_are_filled_in)
{
	assert_int_equal(explain("timeout_data", "PEER=2001:db8::7"), 0);
	assert_non_null(strstr(output, "ss -tino dst 2001:db8::7 "));
	assert_null(strstr(output, "PEER"));
	assert_int_equal(explain("PID=4711", "linger0"), 0);
	assert_non_null(strstr(output, "-p 4711 "));
	assert_int_equal(explain("local_admin_kill", "PID=4711"), 0);
	assert_non_null(strstr(output, "ps -fp CLOSER_PID"));
}

TEST(what_cannot_be_filled_in_is_refused)
{
	static const char *const bad[] = { "PEER=",	 "PEER=-rf", "PEER=a b",     "PEER=a;b",
					   "PEER=$(id)", "PID=`id`", "PORT=1\n2",    "PEER=a'b",
					   "FOO=1",	 "=",	     "peer=10.0.0.7" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(explain("timeout_data", bad[i]), 2);
		assert_string_equal(output, "");
		assert_non_null(strstr(messages, "closetrace: "));
	}
	assert_int_equal(explain("PEER=10.0.0.7", NULL), 2);
	assert_non_null(strstr(messages, "name the word"));
}

TEST(a_verdict_tells_meaning_causes_and_commands)
{
	assert_int_equal(explain("timeout_keepalive", NULL), 0);
	assert_non_null(strstr(output, "timeout_keepalive (verdict, class timeout)"));
	assert_non_null(strstr(output, "Usual causes"));
	assert_non_null(strstr(output, "Check next"));
	assert_non_null(strstr(output, "sysctl net.ipv4.tcp_keepalive_time"));
	assert_string_equal(messages, "");
}

TEST(case_and_dashes_do_not_matter)
{
	assert_int_equal(explain("Peer-Reset", NULL), 0);
	assert_non_null(strstr(output, "peer_reset (verdict"));
	assert_int_equal(explain("tcp_abort_on_close", NULL), 0);
	assert_non_null(strstr(output, "TCP_ABORT_ON_CLOSE (reset reason)"));
}

TEST(a_word_of_several_lists_is_explained_for_each)
{
	assert_int_equal(explain("established", "linger0"), 0);
	assert_non_null(strstr(output, "ESTABLISHED (TCP state)"));
	assert_non_null(strstr(output, "established (stage)"));
	assert_non_null(strstr(output, "established (evidence)"));
	assert_non_null(strstr(output, "linger0 (cause)"));
}

TEST(a_wrong_name_suggests_the_nearest_and_exits_2)
{
	assert_int_equal(explain("local_ap_abort", NULL), 2);
	assert_string_equal(output, "");
	assert_non_null(strstr(messages, "did you mean local_app_abort?"));
	assert_int_equal(explain("peer_reset", "qqqqqqqqq"), 2);
	assert_string_equal(output, "");
	assert_null(strstr(messages, "did you mean"));
	assert_non_null(strstr(messages, "qqqqqqqqq"));
	assert_int_equal(explain("", NULL), 2);
}

TEST(a_hostile_name_is_escaped_in_the_message)
{
	assert_int_equal(explain("\033[31mred\n", NULL), 2);
	assert_null(strchr(messages, '\033'));
}

TEST(a_full_disk_is_exit_1)
{
	char *words[] = { (char *)"peer_reset" };
	struct option_common options = { .words = words, .word_count = 1 };
	int saved = dup(1), full = open("/dev/full", O_WRONLY), err[2], code;

	assert_true(full >= 0);
	fflush(stdout);
	dup2(full, 1);
	fd_swap_begin(2, "err", &err[0], &err[1]);
	code = explain_command(&options);
	fd_swap_end(2, err[0], err[1], messages, sizeof(messages));
	__fpurge(stdout);
	clearerr(stdout);
	dup2(saved, 1);
	close(saved);
	close(full);
	assert_int_equal(code, 1);
	assert_non_null(strstr(messages, "cannot write to stdout: No space left on device"));
}

TEST(without_a_name_every_word_is_listed_once_per_group)
{
	const struct explain_group *group;
	size_t i, number;

	assert_int_equal(explain(NULL, NULL), 0);
	assert_lines_are_short(output, 78);
	for (i = 0; (group = explain_group_at(i)); i++) {
		assert_non_null(strstr(output, group->plural));
		for (number = group->first; number < group->words->count; number++)
			if (is_word(group, number))
				assert_non_null(
					strstr(output, group->words->name((uint8_t)number)));
	}
	assert_non_null(strstr(output, "\n\nfields\n  time host class"));
}

TEST_MAIN()
