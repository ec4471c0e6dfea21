// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/command.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/command/explain_texts.h"
#include "user/model/fields.h"

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

TEST(every_word_of_every_list_has_a_text)
{
	const struct explain_group *group;
	size_t i, number;

	for (i = 0; (group = explain_group_at(i)); i++) {
		for (number = group->first; number < group->words->count; number++) {
			const struct explain_text *text = &group->texts[number];

			if (!text->means || strlen(text->means) < 12)
				fail_msg("%s %s has no text", group->noun,
					 group->words->name((uint8_t)number));
			assert_lines_are_short(text->means, 78);
			assert_lines_are_short(text->causes, 78);
			assert_lines_are_short(text->check, 78);
			if (group->words == &verdict_words)
				assert_true(text->causes && text->check);
		}
	}
	assert_int_equal(i, 11);
}

TEST(every_word_and_field_is_explained_by_the_command)
{
	const struct explain_group *group;
	char head[128];
	size_t i, number;

	for (i = 0; (group = explain_group_at(i)); i++) {
		for (number = group->first; number < group->words->count; number++) {
			const char *name = group->words->name((uint8_t)number);

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
			assert_non_null(strstr(output, group->words->name((uint8_t)number)));
	}
	assert_non_null(strstr(output, "\n\nfields\n  time host class"));
}

TEST_MAIN()
