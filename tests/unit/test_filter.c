// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The filter language on closed connections: what holds, what is refused, and how it is printed. */
#include "user/filter/filter.h"

#include <errno.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/model/fields.h"

static struct filter *parsed(const char *text)
{
	struct filter_error error = { 0 };
	struct filter *filter = NULL;
	int err = filter_parse(text, &connection_row_type, &filter, &error);

	if (err)
		fail_msg("%s: %d, column %zu: %s", text, err, error.column, error.sentence);
	return filter;
}

static bool holds(const char *text, const struct closed_connection *c)
{
	_cleanup_(filter_free) struct filter *filter = parsed(text);
	_cleanup_(strbuf_release) struct strbuf scratch = STRBUF_INIT;

	return filter_matches(filter, c, &scratch);
}

static const char *printed(const char *text)
{
	_cleanup_(filter_free) struct filter *filter = parsed(text);
	static struct strbuf b;

	strbuf_reset(&b);
	filter_append_text(&b, filter);
	assert_false(b.failed);
	return b.data;
}

/* Of the sample: nginx on 10.0.0.9:443 called by 10.0.0.5:45012, closed with 4,312 bytes unread. */
static const char *const true_of_the_sample[] = {
	"rst.count > 0",
	"rst_count = 11 and fin.count=7",
	"rst.count.srv >= 5 and rst.count.srv <= 5 and rst.count.clt < 7",
	"rst.count == 11 && !(fin.count <> 7) || benign",
	"not benign",
	"!benign",
	"benign = false",
	"benign != true",
	"verdict in (peer_reset, local_app_abort)",
	"verdict = local_app_abort and class = reset_local",
	"verdict not in (peer_reset, fin_normal)",
	"verdict != peer_reset",
	"verdict ~ local_*",
	"verdict !~ peer_*",
	"evidence has unread_data",
	"evidence has (rst_in, unread_data)",
	"evidence not has fin_in",
	"not evidence has fin_in",
	"evidence ~ unread*",
	"comm = nginx",
	"comm = \"nginx\"",
	"comm = 'nginx'",
	"comm = \"n\\x67inx\"",
	"comm ~ ng?n*",
	"closer_comm ~ *worker*",
	"comm in (apache, nginx)",
	"comm !~ *[a-z]*",
	"pid = 812 or pid = 5",
	"pid in (5, 812)",
	"uid is not null",
	"not (uid is null)",
	"local_addr in 10.0.0.0/8",
	"local_addr in (192.168.0.0/16, 10.0.0.0/8)",
	"peer_addr = 10.0.0.5",
	"peer_addr not in 192.168.0.0/16",
	"peer_addr != 10.0.0.6",
	"peer_addr in ::/0 and peer_addr in 0.0.0.0/0 and peer_addr not in ::/128",
	"client_addr = 10.0.0.5 and client = 10.0.0.5",
	"server_port = 443 and client_port = 45012 and server in 10.0.0.8/29",
	"port = 443 and port = 45012 and addr = 10.0.0.5 and addr = 10.0.0.9",
	"port != 80",
	"port not in (80, 8080) and addr not in 192.168.0.0/16",
	"not port = 80",
	"not (port = 443 and port = 80)",
	"not (port = 80 or benign)",
	"duration > 1s and duration < 1.5s",
	"duration_us = 1234567",
	"duration_us >= 1234ms",
	"idle = 12ms and rtt > 0 and rtt < 1ms",
	"bytes_unread > 4KiB and bytes_unread < 1M and bytes_unread = 4312",
	"time > 2026-03-04 and time < 2026-03-05",
	"time = \"2026-03-04T05:06:07.000000089Z\"",
	"time >= 2026-03-04T07:06:07+02:00",
	"rst_seq_offset = -7 and rst_seq_offset < 0 and rst_seq_offset in (-7, 3)",
	"container = web and container_runtime = containerd",
	"kernel_stack has \"tcp_disconnect+0x1\"",
	"user_stack ~ *main*",
	"user_stack ~ \"main*[nginx]\"",
	"user_stack not has main",
	"comm Is Not Null AND NOT comm IN (a)",
	"state = ESTABLISHED and reason = TCP_ABORT_ON_CLOSE",
	"explanation ~ \"*4,312 bytes unread*\"",
	"ip_version = 4 and netns > 0",
};

TEST(what_is_true_holds_and_its_negation_does_not)
{
	struct closed_connection c = sample_connection_with_stacks();
	char negation[512];

	for (size_t i = 0; i < sizeof(true_of_the_sample) / sizeof(true_of_the_sample[0]); i++) {
		if (!holds(true_of_the_sample[i], &c))
			fail_msg("does not hold: %s", true_of_the_sample[i]);
		snprintf(negation, sizeof(negation), "not (%s)", true_of_the_sample[i]);
		if (holds(negation, &c))
			fail_msg("holds: %s", negation);
		snprintf(negation, sizeof(negation), "not not (%s)", true_of_the_sample[i]);
		if (!holds(negation, &c))
			fail_msg("does not hold: %s", negation);
	}
}

static const char *const false_of_the_empty[] = {
	"pid = 0",
	"pid < 5",
	"pid >= 0",
	"comm = \"\"",
	"comm ~ *",
	"pid in (0, 1)",
	"rst_seq_offset < 0",
	"duration >= 0",
	"client_addr in ::/0",
	"server_port <= 65535",
	"bytes_unread >= 0",
	"host ~ *",
	"kernel_stack has a",
	"kernel_stack ~ *",
	"role = client",
	"container ~ *",
};

TEST(no_comparison_with_null_holds_and_every_negated_one_does)
{
	struct closed_connection c = sample_connection_empty();
	char negation[512];

	for (size_t i = 0; i < sizeof(false_of_the_empty) / sizeof(false_of_the_empty[0]); i++) {
		if (holds(false_of_the_empty[i], &c))
			fail_msg("holds: %s", false_of_the_empty[i]);
		snprintf(negation, sizeof(negation), "not %s", false_of_the_empty[i]);
		if (!holds(negation, &c))
			fail_msg("does not hold: %s", negation);
	}
	assert_true(holds("comm != nginx", &c));
	assert_true(holds("comm !~ nginx*", &c));
	assert_true(holds("comm not in (nginx)", &c));
	assert_true(holds("client_addr not in 10.0.0.0/8", &c));
	assert_false(holds("comm != nginx and comm is not null", &c));
	assert_true(holds("pid is null and client is null", &c));
	assert_false(holds("addr is null", &c));
}

TEST(and_binds_before_or_and_not_before_and)
{
	struct closed_connection c = sample_connection();

	assert_true(holds("pid = 812 or pid = 1 and pid = 2", &c));
	assert_false(holds("(pid = 812 or pid = 1) and pid = 2", &c));
	assert_true(holds("not pid = 1 and pid = 812", &c));
	assert_false(holds("not (pid = 1 or pid = 812)", &c));
	assert_true(holds("pid = 1 and pid = 2 or pid = 3 and pid = 4 or pid = 812", &c));
	assert_true(
		holds("(pid = 1 or pid = 812) and (pid = 2 or (pid = 812 and not benign))", &c));
}

struct spelling {
	const char *text;
	const char *canonical;
};

static const struct spelling spellings[] = {
	{ "rst.count>0 AND fin.count==0", "rst_count > 0 and fin_count = 0" },
	{ "not(pid=1 or pid=2)", "pid != 1 and pid != 2" },
	{ "not (pid < 1 and benign)", "not pid < 1 or not benign" },
	{ "not not pid=1", "pid = 1" },
	{ "(pid=1 and pid=2) and pid=3", "pid = 1 and pid = 2 and pid = 3" },
	{ "pid=1 and (pid=2 or pid=3 and pid=4)",
	  "pid = 1 and (pid = 2 or (pid = 3 and pid = 4))" },
	{ "port=443", "local_port = 443 or peer_port = 443" },
	{ "port!=443", "local_port != 443 and peer_port != 443" },
	{ "duration>1500ms", "duration_us > 1500ms" },
	{ "duration>2000ms", "duration_us > 2s" },
	{ "duration>0", "duration_us > 0us" },
	{ "bytes.sent >= 4096", "bytes_sent >= 4KiB" },
	{ "bytes.sent >= 1G", "bytes_sent >= 1GiB" },
	{ "bytes.sent >= 4097", "bytes_sent >= 4097" },
	{ "peer.addr in 10.1.2.3/8", "peer_addr in (10.0.0.0/8)" },
	{ "peer.addr in (2001:DB8::/32,::1)", "peer_addr in (2001:db8::/32, ::1)" },
	{ "peer.addr in (::/0, 0.0.0.0/0)", "peer_addr in (::/0, 0.0.0.0/0)" },
	{ "verdict~timeout_*", "verdict in (timeout_handshake, timeout_data, timeout_keepalive)" },
	{ "evidence~rst_in*", "evidence has (rst_in, rst_in_exact)" },
	{ "evidence has rst_in", "evidence has rst_in" },
	{ "evidence not has (rst_in,fin_in)", "evidence not has (rst_in, fin_in)" },
	{ "benign=yes or not benign=true", "benign or not benign" },
	{ "benign=no", "benign = false" },
	{ "comm='a\"b\\\\' ", "comm = \"a\\\"b\\\\\"" },
	{ "comm=\"a\\x07\\n\"", "comm = \"a\\x07\\x0a\"" },
	{ "comm=grün", "comm = \"grün\"" },
	{ "time>=2026-03-04", "time >= \"2026-03-04T00:00:00.000000000Z\"" },
	{ "user.stack has (a,b)", "user_stack has (\"a\", \"b\")" },
};

TEST(one_spelling_is_printed_and_parses_to_itself)
{
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		char once[512];

		snprintf(once, sizeof(once), "%s", printed(spellings[i].text));
		assert_string_equal(once, spellings[i].canonical);
		assert_string_equal(printed(once), once);
	}
}

struct mistake {
	const char *text;
	size_t column;
	const char *part; /* of the sentence */
};

static const struct mistake mistakes[] = {
	{ "", 1, "empty" },
	{ "  ", 3, "empty" },
	{ "rst.coutn > 0", 1, "did you mean rst_count?" },
	{ "pid = 1 and durration > 5s", 13, "did you mean duration" },
	{ "zzzzzz = 5", 1,
	  "a closed connection has no field \"zzzzzz\"; `closetrace explain` lists" },
	{ "verdict = zzzzzz", 11, "verdict has no word \"zzzzzz\"; `closetrace explain` lists" },
	{ "pid in 5,6", 9, "in parentheses" },
	{ "verdict = peer_rest", 11, "did you mean peer_reset?" },
	{ "verdict in (peer_reset, path_rest)", 25, "did you mean path_reset?" },
	{ "verdict = unknown", 11, "verdict is null" },
	{ "verdict ~ zz*", 11, "no word of verdict is like \"zz*\"" },
	{ "evidence = rst_in", 10, "write evidence has VALUE" },
	{ "role = servant", 8, "role has no word \"servant\", only client, server" },
	{ "evidence has rst_inn", 14, "did you mean rst_in?" },
	{ "peer_addr = 10.0.0.0/8", 13, "write peer_addr in 10.0.0.0/8" },
	{ "peer_addr = 10.0.0.256", 13, "takes an address" },
	{ "peer_addr in 10.0.0.0/33", 14, "takes an address" },
	{ "peer_addr < 10.0.0.1", 11, "no order" },
	{ "peer_addr ~ 10.*", 11, "with a network" },
	{ "comm < a", 6, "no order" },
	{ "comm ~ nginx", 8, "\"*nginx*\"" },
	{ "pid ~ 5*", 5, "is a number" },
	{ "pid has 5", 5, "no list" },
	{ "benign > 1", 8, "true or false" },
	{ "benign = 1", 10, "true or false" },
	{ "duration > 5", 12, "with a unit" },
	{ "duration > 5 s", 12, "with a unit" },
	{ "duration > 99999999999999999999s", 12, "with a unit" },
	{ "bytes_sent > 4KB", 14, "4KiB" },
	{ "rst_count > 4K", 13, "whole number" },
	{ "rst_count > -1", 13, "whole number" },
	{ "rst_count > 9223372036854775808", 13, "whole number" },
	{ "port = 65536", 8, "0 to 65535" },
	{ "port = http", 8, "0 to 65535" },
	{ "time > 2026-02-30", 8, "2026-03-04T05:06:07Z" },
	{ "time > 2026-02-03T01:02", 8, "2026-03-04T05:06:07Z" },
	{ "pid = null", 7, "pid is null" },
	{ "pid is 5", 8, "null or not null" },
	{ "pid not = 5", 9, "in or has" },
	{ "pid 5", 5, "after pid comes" },
	{ "pid", 4, "not the end" },
	{ "pid =", 6, "not the end" },
	{ "pid = and pid = 5", 7, "put it in quotes" },
	{ "pid = 5 and", 12, "name is expected here, not the end" },
	{ "pid = 5 or or pid = 6", 12, "missing before \"or\"" },
	{ "and pid = 5", 1, "missing before \"and\"" },
	{ "pid = 5 pid = 6", 9, "and, or or the end" },
	{ "comm = my prog", 11, "needs quotes" },
	{ "(pid = 5", 1, "not closed" },
	{ "pid = 5)", 8, "closes nothing" },
	{ "(pid = 5, 6)", 9, "and, or or )" },
	{ "()", 2, "name is expected" },
	{ "pid in ()", 9, "value for pid is expected" },
	{ "pid in (5", 10, "a comma or )" },
	{ "pid in (5 6)", 11, "a comma or )" },
	{ "pid in (5,)", 11, "a value for pid" },
	{ "comm = \"nginx", 8, "not closed" },
	{ "comm = \"a\\q\"", 10, "backslash" },
	{ "comm = \"a\\x00\"", 10, "not 00" },
	{ "comm = \"a\\x4\"", 10, "two hexadecimal" },
	{ "\"pid\" = 5", 1, "without quotes" },
	{ "pid = 5 & pid = 6", 9, "write and" },
	{ "pid = 5 | pid = 6", 9, "write or" },
	{ "5 = pid", 1, "no field \"5\"" },
	{ "pid > > 5", 7, "expected here, not \">\"" },
	{ "comm = grün und", 13, "and, or or the end" },
	{ "comm = a\x01", 9, "control character" },
};

TEST(mistakes_are_told_with_their_column)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct filter_error error = { 0 };
		struct filter *filter = (void *)0x5a;
		int err = filter_parse(mistakes[i].text, &connection_row_type, &filter, &error);

		if (err != -EINVAL || error.column != mistakes[i].column ||
		    !strstr(error.sentence, mistakes[i].part))
			fail_msg("%s: %d, column %zu: %s", mistakes[i].text, err, error.column,
				 error.sentence);
		assert_ptr_equal(filter, (void *)0x5a);
	}
}

/* -- bounds ------------------------------------------------------------------------------------ */
static int parse_repeated(const char *before, const char *middle, size_t count, const char *after,
			  struct filter_error *error)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	_cleanup_(filter_free) struct filter *filter = NULL;

	strbuf_append_str(&b, before);
	for (size_t i = 0; i < count; i++)
		strbuf_append_str(&b, middle);
	strbuf_append_str(&b, after);
	return filter_parse(b.data, &connection_row_type, &filter, error);
}

TEST(text_depth_tests_and_lists_are_bounded)
{
	struct filter_error error;

	assert_int_equal(parse_repeated("", "(", FILTER_DEPTH_MAX, "benign", &error), -EINVAL);
	assert_non_null(strstr(error.sentence, "not closed"));
	assert_int_equal(parse_repeated("", "(", FILTER_DEPTH_MAX + 1, "benign", &error), -EINVAL);
	assert_non_null(strstr(error.sentence, "inside each other"));
	assert_int_equal(parse_repeated("", "not ", FILTER_DEPTH_MAX, "benign", &error), 0);
	assert_int_equal(parse_repeated("", "not ", FILTER_DEPTH_MAX + 1, "benign", &error),
			 -EINVAL);
	assert_int_equal(parse_repeated("benign", " or benign", FILTER_TESTS_MAX - 1, "", &error),
			 0);
	assert_int_equal(parse_repeated("benign", " or benign", FILTER_TESTS_MAX, "", &error),
			 -EINVAL);
	assert_non_null(strstr(error.sentence, "at most 128 tests"));
	assert_int_equal(parse_repeated("pid in (1", ",1", FILTER_LIST_MAX - 1, ")", &error), 0);
	assert_int_equal(parse_repeated("pid in (1", ",1", FILTER_LIST_MAX, ")", &error), -EINVAL);
	assert_non_null(strstr(error.sentence, "at most 256 values"));
	assert_int_equal(parse_repeated("benign", " ", FILTER_TEXT_MAX - 6, "", &error), 0);
	assert_int_equal(parse_repeated("benign", " ", FILTER_TEXT_MAX - 5, "", &error), -EINVAL);
	assert_non_null(strstr(error.sentence, "at most 4096 bytes"));
	assert_int_equal(error.column, 4097);
}

/* A pattern of many stars, on a text that never matches, ends at once. */
TEST(patterns_do_not_explode)
{
	struct closed_connection c = sample_connection();
	static char cgroup[4001];
	char pattern[512] = "cgroup ~ \"";

	memset(cgroup, 'a', sizeof(cgroup) - 1);
	c.cgroup = cgroup;
	for (size_t i = strlen(pattern); i < 400; i += 2)
		memcpy(pattern + i, "*a", 3);
	memcpy(pattern + strlen(pattern), "*b\"", 4);
	assert_false(holds(pattern, &c));
}

struct pattern_case {
	const char *pattern;
	const char *text;
	bool matches;
};

static const struct pattern_case patterns[] = {
	{ "*", "", true },	     { "?", "", false },	  { "?*", "", false },
	{ "*?*", "a", true },	     { "a*", "a", true },	  { "*a", "ba", true },
	{ "a*b*c", "aXbXbc", true }, { "a*b*c", "aXbXb", false }, { "??", "gr", true },
	{ "?", "ü", true },	     { "*??", "€", false },	  { "gr?n", "grün", true },
	{ "*.?s", "a.b.xs", true },  { "a?c*", "abd", false },	  { "*[a]*", "x[a]", true },
	{ "*[a]*", "xa", false },
};

TEST(patterns_match_whole_texts)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct closed_connection c = sample_connection();
		char text[64];

		c.cgroup = patterns[i].text;
		snprintf(text, sizeof(text), "cgroup ~ '%s'", patterns[i].pattern);
		if (holds(text, &c) != patterns[i].matches)
			fail_msg("%s on \"%s\"", text, patterns[i].text);
	}
}

/* -- the rest of the interface ----------------------------------------------------------------- */
TEST(a_filter_says_which_fields_it_uses)
{
	_cleanup_(filter_free) struct filter *filter = parsed("port = 5 and not (pid is null)");
	size_t used = 0;

	for (unsigned int field = 0; field < FIELD_COUNT; field++)
		used += filter_uses(filter, field);
	assert_int_equal(used, 3);
	assert_true(filter_uses(filter, FIELD_ID_local_port));
	assert_true(filter_uses(filter, FIELD_ID_peer_port));
	assert_true(filter_uses(filter, FIELD_ID_pid));
}

TEST(two_filters_make_one_that_asks_for_both)
{
	struct filter *a = parsed("pid = 812 or pid = 5"), *b = parsed("port = 443"), *both = NULL;
	struct closed_connection c = sample_connection();
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	assert_int_equal(filter_and(&a, &b, &both), 0);
	assert_null(a);
	assert_null(b);
	assert_true(filter_matches(both, &c, NULL));
	c.record.owner.pid = 6;
	assert_false(filter_matches(both, &c, NULL));
	filter_append_text(&text, both);
	assert_strbuf(&text, "(pid = 812 or pid = 5) and (local_port = 443 or peer_port = 443)");
	filter_free(&both);
}

TEST(joining_is_bounded_as_well)
{
	struct filter *all = parsed("benign"), *next, *joined = NULL;
	int err = 0;

	for (size_t tests = 1; tests < FILTER_TESTS_MAX; tests++) {
		next = parsed("benign");
		assert_int_equal(filter_and(&all, &next, &joined), 0);
		all = TAKE_PTR(joined);
	}
	next = parsed("benign");
	err = filter_and(&all, &next, &joined);
	assert_int_equal(err, -E2BIG);
	assert_non_null(all);
	assert_non_null(next);
	filter_free(&all);
	filter_free(&next);
}

TEST_MAIN()
