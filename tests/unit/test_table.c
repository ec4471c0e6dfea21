// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/base/strbuf.h"
#include "user/model/nearest_name.h"
#include "user/model/text_cells.h"
#include "user/render/forms.h"

static char text[65536];
static char *lines[16];
static size_t line_count;

static size_t frames_of(const struct string_list *stack)
{
	size_t i, count = 0;

	for (i = 0; i < stack->len; i++)
		count += stack->text[i] == '\0';
	return count;
}

/* Print the connections and split what came out into `lines`. Local time is UTC. */
static void print(const struct form_ops *ops, struct form_options options,
		  const struct closed_connection *connections, size_t count)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct form *form = NULL;
	char *at;
	size_t i, frames = 0;

	setenv("TZ", "UTC", 1);
	assert_int_equal(form_open(ops, &options, &form), 0);
	ops->head(form, &b);
	for (i = 0; i < count; i++)
		form_append(form, &b, &connections[i]);
	form_close(&form);
	assert_false(b.failed);
	assert_true(b.len > 0 && b.len < sizeof(text) && b.data[b.len - 1] == '\n');
	memcpy(text, b.data, b.len + 1);
	line_count = 0;
	for (at = strtok(text, "\n"); at && line_count < 16; at = strtok(NULL, "\n"))
		lines[line_count++] = at;
	for (i = 0; i < count; i++)
		frames += frames_of(&connections[i].kernel_stack) +
			  frames_of(&connections[i].user_stack);
	assert_int_equal(line_count, count + 1 + frames);
}

static void print_to_pipe(const struct form_ops *ops, const struct closed_connection *c)
{
	print(ops, (struct form_options){ 0 }, c, 1);
}

static void assert_at(const char *line, const char *title, const char *value)
{
	const char *place = strstr(lines[0], title);

	assert_non_null(place);
	if (strncmp(line + (place - lines[0]), value, strlen(value)) != 0)
		fail_msg("under %s of\n%s\n%s\nexpected %s", title, lines[0], line, value);
}

TEST(a_pipe_gets_stable_columns_and_all_of_the_sentence)
{
	struct closed_connection c = sample_connection();

	print_to_pipe(&table_form_ops, &c);
	assert_string_equal(lines[0],
			    "TIME      VERDICT                BY        PROCESS               "
			    "LOCAL                     PEER                   AGE     IDLE    WHY");
	assert_string_equal(
		lines[1],
		"05:06:07  local_app_abort        app       nginx[812]@web        "
		"10.0.0.9:443           >  10.0.0.5:45012         1.2s    12ms    "
		"nginx-worker-16[813] closed with 4,312 bytes unread, so the kernel sent RST "
		"(TCP_ABORT_ON_CLOSE); 22 bytes were not acknowledged; 21 bytes were never sent");
}

TEST(stacks_come_below_their_line_and_escaped)
{
	struct closed_connection c = sample_connection_with_stacks();

	print_to_pipe(&table_form_ops, &c);
	assert_int_equal(line_count, 5);
	assert_string_equal(lines[2], "    kernel  tcp_disconnect+0x1");
	assert_string_equal(lines[3], "    kernel  say \"hi\"\\x0a+0x2 [m]");
	assert_string_equal(lines[4], "    user    main+0x3 [nginx]");
	print(&table_form_ops, (struct form_options){ .is_terminal = true, .width = 80 }, &c, 1);
	assert_int_equal(line_count, 5);
	c = sample_connection();
	print_to_pipe(&table_form_ops, &c);
	assert_int_equal(line_count, 2);
}

TEST(unknown_values_are_dashes)
{
	struct closed_connection c = sample_connection_empty();

	print_to_pipe(&wide_form_ops, &c);
	assert_at(lines[1], "PROCESS", "- ");
	assert_at(lines[1], "ROLE", "- ");
	assert_at(lines[1], "AGE", "- ");
	assert_at(lines[1], "IDLE", "- ");
	assert_at(lines[1], "STATE", "- ");
	assert_at(lines[1], "REASON", "- ");
	assert_at(lines[1], "BYTES", "-/-/-/- ");
	assert_at(lines[1], "SYN/FIN/RST", "-/-/- ");
	assert_at(lines[1], "NETNS", "- ");
}

TEST(wide_has_the_other_columns)
{
	struct closed_connection c = sample_connection();

	print_to_pipe(&wide_form_ops, &c);
	assert_at(lines[1], "TIME", "05:06:07.000 ");
	assert_at(lines[1], "PROCESS", "nginx[812] ");
	assert_at(lines[1], "CONTAINER", "web ");
	assert_at(lines[1], "ROLE", "server ");
	assert_at(lines[1], "STATE", "ESTABLISHED ");
	assert_at(lines[1], "CAUSE", "unread_data ");
	assert_at(lines[1], "REASON", "TCP_ABORT_ON_CLOSE ");
	assert_at(lines[1], "CONFIDENCE", "proved ");
	assert_at(lines[1], "BYTES", "123456/98765/4312/21 ");
	assert_at(lines[1], "SYN/FIN/RST", "3/7/11 ");
	assert_at(lines[1], "NETNS", "4026531840 ");
	c.record.decision.reason_derived = 1;
	print_to_pipe(&wide_form_ops, &c);
	assert_at(lines[1], "REASON", "~TCP_ABORT_ON_CLOSE ");
	c.container = NULL;
	print_to_pipe(&wide_form_ops, &c);
	assert_at(lines[1], "CONTAINER", "- ");
}

TEST(a_container_is_named_by_what_is_known_and_escaped)
{
	struct container container = { .id = "0123456789abcdef", .runtime = 1 };
	struct closed_connection c = sample_connection();

	c.container = &container;
	print_to_pipe(&table_form_ops, &c);
	assert_at(lines[1], "PROCESS", "nginx[812]@0123456789ab ");
	container.pod = "web-7d9f";
	print_to_pipe(&table_form_ops, &c);
	assert_at(lines[1], "PROCESS", "nginx[812]@web-7d9f ");
	container.name = "\033[2J\n";
	print_to_pipe(&table_form_ops, &c);
	assert_at(lines[1], "PROCESS", "nginx[812]@\\x1b[2J\\x0a ");
	print_to_pipe(&wide_form_ops, &c);
	assert_at(lines[1], "CONTAINER", "\\x1b[2J\\x0a ");
	c.container = NULL;
	print_to_pipe(&table_form_ops, &c);
	assert_at(lines[1], "PROCESS", "nginx[812] ");
}

static char arrow_of(uint8_t initiator, uint8_t subject)
{
	struct closed_connection c = sample_connection();

	c.record.decision.initiator = initiator;
	c.record.evidence.subject = subject;
	print_to_pipe(&table_form_ops, &c);
	return lines[1][strstr(lines[0], "PEER") - lines[0] - 3];
}

TEST(the_arrow_points_the_way_the_end_went)
{
	assert_int_equal(arrow_of(CLOSE_BY_LOCAL_APP, SUBJECT_SOCKET), '>');
	assert_int_equal(arrow_of(CLOSE_BY_LOCAL_KERNEL, SUBJECT_REPLY), '>');
	assert_int_equal(arrow_of(CLOSE_BY_LOCAL_FIREWALL, SUBJECT_SOCKET), '>');
	assert_int_equal(arrow_of(CLOSE_BY_LOCAL_FIREWALL, SUBJECT_FORWARDED), 'x');
	assert_int_equal(arrow_of(CLOSE_BY_PEER, SUBJECT_SOCKET), '<');
	assert_int_equal(arrow_of(CLOSE_BY_CLIENT, SUBJECT_FORWARDED), '>');
	assert_int_equal(arrow_of(CLOSE_BY_SERVER, SUBJECT_FORWARDED), '<');
	assert_int_equal(arrow_of(CLOSE_BY_PATH, SUBJECT_SOCKET), 'x');
	assert_int_equal(arrow_of(CLOSE_BY_TIMEOUT, SUBJECT_SOCKET), '-');
	assert_int_equal(arrow_of(CLOSE_BY_UNKNOWN, SUBJECT_SOCKET), '-');
	assert_non_null(strstr(form_table_help, ">  LOCAL ended it"));
}

TEST(the_line_falls_back_into_its_columns_after_a_long_value)
{
	struct close_record r = sample_record();
	struct closed_connection c;

	sample_set_key(&r, "fe80::1", 443, "2001:db8:1111:2222:3333:4444:5555:6666", 65535);
	c = sample_connection_of(&r);
	print_to_pipe(&table_form_ops, &c);
	assert_non_null(strstr(lines[1], "[fe80::1]:443"));
	assert_non_null(
		strstr(lines[1], "[2001:db8:1111:2222:3333:4444:5555:6666]:65535  1.2s  12ms  "));

	/* One letter too many takes the room of the gap behind it and no more. */
	r = sample_record();
	sample_set_task(&r.owner, 1234567, 0, "twelve-chars");
	c = sample_connection_of(&r);
	print_to_pipe(&table_form_ops, &c);
	assert_at(lines[1], "PROCESS", "twelve-chars[1234567]  10.0.0.9:443");
	assert_at(lines[1], "PEER", "10.0.0.5:45012");
}

TEST(a_terminal_gets_no_line_wider_than_it_is)
{
	struct closed_connection c = sample_connection();
	unsigned int width;

	for (width = 1; width < 300; width++) {
		size_t i;

		print(&table_form_ops, (struct form_options){ .is_terminal = true, .width = width },
		      &c, 1);
		for (i = 0; i < 2; i++)
			assert_true(text_cells(lines[i], strlen(lines[i])) <= width);
	}
	assert_non_null(strstr(lines[1], "(TCP_ABORT_ON_CLOSE)"));
}

TEST(a_narrow_terminal_loses_the_least_important_columns_first)
{
	struct closed_connection c = sample_connection();
	struct form_options options = { .is_terminal = true, .width = 170 };

	print(&table_form_ops, options, &c, 1);
	assert_non_null(strstr(lines[0], "IDLE"));
	options.width = 164;
	print(&table_form_ops, options, &c, 1);
	assert_null(strstr(lines[0], "IDLE"));
	assert_non_null(strstr(lines[0], "AGE"));
	options.width = 100;
	print(&table_form_ops, options, &c, 1);
	assert_null(strstr(lines[0], "PROCESS"));
	assert_non_null(strstr(lines[0], "VERDICT"));
	assert_non_null(strstr(lines[0], "WHY"));
	options.width = 0; /* not known: as a pipe, nothing is cut */
	print(&table_form_ops, options, &c, 1);
	assert_non_null(strstr(lines[1], "(TCP_ABORT_ON_CLOSE)"));
}

TEST(colour_is_by_class_and_only_when_wanted)
{
	struct closed_connection c = sample_connection();
	struct form_options options = { .is_terminal = true, .width = 200, .colour = true };

	print(&table_form_ops, options, &c, 1);
	assert_null(strchr(lines[0], '\033'));
	assert_non_null(strstr(lines[1], "\033[31mlocal_app_abort\033[0m        app"));
	c.record.decision.verdict = CLOSE_PEER_RESET;
	print(&table_form_ops, options, &c, 1);
	assert_non_null(strstr(lines[1], "\033[1;31mpeer_reset\033[0m"));
	options.colour = false;
	print(&table_form_ops, options, &c, 1);
	assert_null(strchr(lines[1], '\033'));
}

TEST(hostile_names_cannot_drive_the_terminal_or_forge_a_line)
{
	struct close_record r = sample_record();
	struct closed_connection c;

	sample_set_task(&r.owner, 7, 0, "a\n\033]0;x\a\x9b\r");
	r.closer = r.owner;
	c = sample_connection_of(&r);
	print_to_pipe(&wide_form_ops, &c);
	assert_null(strpbrk(lines[1], "\033\a\r\x9b"));
	assert_at(lines[1], "PROCESS", "a\\x0a\\x1b]0;x\\x07\\x9b\\x0d[7]");
	assert_non_null(strstr(lines[1], "a\\x0a\\x1b]0;x\\x07\\x9b\\x0d[7] closed with"));
}

TEST(wide_characters_fill_two_cells)
{
	struct close_record r = sample_record();
	struct closed_connection c;
	size_t cells;

	sample_set_task(&r.owner, 7, 0, "\xe6\xbc\xa2\xe5\xad\x97");
	c = sample_connection_of(&r);
	print_to_pipe(&table_form_ops, &c);
	cells = text_cells(lines[1], (size_t)(strstr(lines[1], "10.0.0.9") - lines[1]));
	assert_int_equal(cells, strstr(lines[0], "LOCAL") - lines[0]);
}

TEST(cells_are_counted_by_character)
{
	assert_int_equal(text_cells("abc", 3), 3);
	assert_int_equal(text_cells("\xc3\xa9", 2), 1);
	assert_int_equal(text_cells("e\xcc\x81", 3), 1);
	assert_int_equal(text_cells("\xe6\xbc\xa2", 3), 2);
	assert_int_equal(text_cells("\xf0\x9f\x98\x80", 4), 2);
	assert_int_equal(text_cells("\xff\xc3", 2), 2);
	assert_int_equal(text_cells_fit("\xe6\xbc\xa2\xe5\xad\x97", 6, 3), 3);
	assert_int_equal(text_cells_fit("e\xcc\x81x", 4, 1), 3);
	assert_int_equal(text_cells_fit("abc", 3, 0), 0);
	assert_int_equal(text_cells_fit("abc", 3, 9), 3);
}

TEST(the_nearest_name_is_found_and_a_far_one_is_not)
{
	static const char *const names[] = { "peer_reset", "path_reset", "local_app_abort" };
	struct nearest_name nearest = { .wanted = "peer-rset" };
	struct nearest_name far = { .wanted = "zebra" };
	size_t i;

	for (i = 0; i < 3; i++) {
		nearest_name_offer(&nearest, names[i]);
		nearest_name_offer(&far, names[i]);
	}
	assert_string_equal(nearest.name, "peer_reset");
	assert_int_equal(nearest.distance, 1);
	assert_null(far.name);
	assert_int_equal(name_distance("Rst.Count", "rst_count"), 0);
	assert_int_equal(name_distance("abcd", "abdc"), 1);
	assert_int_equal(name_distance("", "abc"), 3);
	assert_int_equal(name_distance("kitten", "sitting"), 3);
	assert_true(
		name_distance("0123456789012345678901234567890123456789012345678901234567890123",
			      "a") == SIZE_MAX);
}

TEST_MAIN()
