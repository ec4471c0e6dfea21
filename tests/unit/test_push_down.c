// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel is told of a filter never loses a connection that the filter takes. */
#include "user/filter/push_down.h"

#include "tests/bpf/random.h"
#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/model/fields.h"

#define FILTERS 4000
#define RECORDS 200

static struct filter *parsed(const char *text)
{
	struct filter_error error = { 0 };
	struct filter *filter = NULL;

	if (filter_parse(text, &connection_row_type, &filter, &error))
		fail_msg("%s: column %zu: %s", text, error.column, error.sentence);
	return filter;
}

/* -- random connections and filters of the same few values ------------------------------------- */
static const char *const comms[] = { "nginx", "curl", "a-name-of-15-by", "" };
static const char *const addresses[] = { "10.0.0.5", "10.0.0.9", "10.1.2.3", "192.168.0.1" };
static const char *const networks[] = { "10.0.0.0/8", "10.0.0.0/24", "192.168.0.1", "0.0.0.0/0" };
static const uint16_t ports[] = { 80, 443, 8080 };

static void random_record(struct random_stream *random, struct close_record *r)
{
	*r = sample_record();
	sample_set_key(r, RANDOM_PICK(random, addresses), RANDOM_PICK(random, ports),
		       RANDOM_PICK(random, addresses), RANDOM_PICK(random, ports));
	sample_set_task(&r->owner, random_below(random, 3), 0, RANDOM_PICK(random, comms));
	sample_set_task(&r->closer, random_below(random, 3), 0, RANDOM_PICK(random, comms));
	r->decision.verdict = (uint8_t)(1 + random_below(random, CLOSE_VERDICT_COUNT - 1));
	r->decision.benign = (uint8_t)random_one_in(random, 4);
	r->evidence.seen &= ~EVIDENCE(SERVER);
	if (random_one_in(random, 2))
		r->evidence.seen |= random_one_in(random, 2) ? EVIDENCE(SERVER) : EVIDENCE(CLIENT);
}

static void test_append(struct random_stream *random, struct strbuf *b)
{
	static const char *const port_names[] = { "local_port", "peer_port", "client_port",
						  "server_port", "port" };
	static const char *const addr_names[] = { "local_addr", "peer_addr", "client_addr",
						  "server_addr", "addr" };
	static const char *const classes[] = { "closed", "refused", "reset_peer", "path",
					       "unknown" };
	bool is_negated = random_one_in(random, 3);

	switch (random_below(random, 6)) {
	case 0:
		strbuf_appendf(b, "%s %s %u", RANDOM_PICK(random, port_names),
			       is_negated ? "!=" : "=", RANDOM_PICK(random, ports));
		break;
	case 1:
		strbuf_appendf(b, "%s %s %s", RANDOM_PICK(random, addr_names),
			       is_negated ? "not in" : "in", RANDOM_PICK(random, networks));
		break;
	case 2:
		strbuf_appendf(b, "%s %s %u", random_one_in(random, 2) ? "pid" : "closer_pid",
			       is_negated ? "!=" : "=", random_below(random, 3));
		break;
	case 3:
		strbuf_appendf(b, "%s %s \"%s\"", random_one_in(random, 2) ? "comm" : "closer_comm",
			       is_negated ? "!=" : "=", RANDOM_PICK(random, comms));
		break;
	case 4:
		strbuf_appendf(b, "class %s (%s, %s)", is_negated ? "not in" : "in",
			       RANDOM_PICK(random, classes), RANDOM_PICK(random, classes));
		break;
	default:
		strbuf_appendf(
			b, "verdict %s %s", is_negated ? "!=" : "=",
			verdict_name((uint8_t)(1 + random_below(random, CLOSE_VERDICT_COUNT - 1))));
	}
}

static void filter_append(struct random_stream *random, struct strbuf *b, int depth)
{
	if (!depth || random_one_in(random, 5)) {
		test_append(random, b);
		return;
	}
	strbuf_append_str(b, random_one_in(random, 5) ? "not (" : "(");
	filter_append(random, b, depth - 1);
	strbuf_append_str(b, random_one_in(random, 2) ? " and " : " or ");
	filter_append(random, b, depth - 1);
	strbuf_append_str(b, ")");
}

/* What --explain-filter says agrees. */
static bool is_whole(const struct filter *filter, const struct tracer_config *config)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	bool whole = filter_is_pushed_whole(filter, config);

	filter_explain(&b, filter, config);
	assert_int_equal(strstr(b.data, "  nothing more\n") != NULL, whole);
	return whole;
}

TEST(the_kernel_passes_all_that_the_filter_takes_and_nothing_else_where_it_says_so)
{
	struct random_stream random = { 20261126 };
	struct strbuf text = STRBUF_INIT;
	static struct close_record records[RECORDS];
	size_t taken = 0, stopped = 0, whole = 0;

	for (size_t i = 0; i < RECORDS; i++)
		random_record(&random, &records[i]);
	for (size_t i = 0; i < FILTERS; i++) {
		struct tracer_config config = { 0 };
		struct filter *filter;
		bool kernel_decides_all;

		strbuf_reset(&text);
		filter_append(&random, &text, (int)(i % 4));
		filter = parsed(text.data);
		filter_push_down(filter, &config);
		kernel_decides_all = is_whole(filter, &config);
		whole += kernel_decides_all;
		for (size_t j = 0; j < RECORDS; j++) {
			struct closed_connection c = sample_connection_of(&records[j]);
			bool takes = filter_matches(filter, &c, NULL);
			bool passes = tracer_config_passes(&config, &records[j]) != 0;

			if ((takes && !passes) || (kernel_decides_all && takes != passes))
				fail_msg("%s: record %zu is %s, the kernel %s it", text.data, j,
					 takes ? "taken" : "not taken",
					 passes ? "passes" : "stops");
			taken += takes;
			stopped += !passes;
		}
		filter_free(&filter);
	}
	printf("# of %d: %zu taken, %zu stopped by the kernel; %zu of %d filters are all its own\n",
	       FILTERS * RECORDS, taken, stopped, whole, FILTERS);
	assert_true(taken > FILTERS * RECORDS / 10 && stopped > FILTERS * RECORDS / 5);
	assert_true(whole > FILTERS / 10);
	strbuf_release(&text);
}

/* -- by example -------------------------------------------------------------------------------- */
static struct tracer_config pushed(const char *text)
{
	_cleanup_(filter_free) struct filter *filter = parsed(text);
	struct tracer_config config = { 0 };

	filter_push_down(filter, &config);
	return config;
}

TEST(what_every_match_must_have_is_pushed)
{
	struct tracer_config config =
		pushed("verdict in (peer_reset, path_reset) and port = 443 "
		       "and comm = nginx and pid = 812 and addr in 10.0.0.0/8 "
		       "and rst.count > 0");

	assert_int_equal(config.flags, TRACER_FILTER_VERDICT | TRACER_FILTER_PORT |
					       TRACER_FILTER_COMM | TRACER_FILTER_PID |
					       TRACER_FILTER_HOST);
	assert_int_equal(config.verdicts, 1u << CLOSE_PEER_RESET | 1u << CLOSE_PATH_RESET);
	assert_int_equal(config.port, HOST_TO_NET_16(443));
	assert_int_equal(config.pid, 812);
	assert_memory_equal(config.comm, "nginx\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(config.host_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\0", 16);
	assert_memory_equal(config.host_mask,
			    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0", 16);
	/* In every branch, though never alone. */
	config = pushed("(server_port = 443 and pid = 1) or (client_port = 443 and comm = a)");
	assert_int_equal(config.flags, TRACER_FILTER_PORT);
	config = pushed("local_addr = 10.1.2.3 or peer_addr in 10.0.0.0/8");
	assert_int_equal(config.flags, TRACER_FILTER_HOST);
	assert_int_equal(config.host_mask[13], 0);
}

TEST(what_only_some_matches_have_is_not_pushed)
{
	static const char *const texts[] = {
		"port = 443 or pid = 5",
		"port != 443",
		"port > 443",
		"port in (80, 443)",
		"comm != nginx",
		"comm ~ ng*",
		"comm = a-name-of-16-byte",
		"pid = 0",
		"pid is null",
		"benign",
		"verdict = peer_reset or rst.count > 0",
		"addr in 10.0.0.0/8 or addr in 192.168.0.0/16",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct tracer_config config = pushed(texts[i]);

		if (config.flags)
			fail_msg("%s: flags %#x", texts[i], config.flags);
	}
}

TEST(a_short_option_keeps_its_place)
{
	_cleanup_(filter_free) struct filter *filter = parsed("port = 443 and pid = 5");
	struct tracer_config config = { .flags = TRACER_FILTER_PORT, .port = HOST_TO_NET_16(80) };

	filter_push_down(filter, &config);
	assert_int_equal(config.flags, TRACER_FILTER_PORT | TRACER_FILTER_PID);
	assert_int_equal(config.port, HOST_TO_NET_16(80));
}

TEST(a_verdict_that_may_change_is_not_stopped)
{
	struct tracer_config config = pushed("verdict = path_reset");
	struct close_record r = sample_record();

	assert_int_equal(tracer_config_passes(&config, &r), 0);
	r.head.flags |= RECORD_MAY_BE_AMENDED;
	assert_int_not_equal(tracer_config_passes(&config, &r), 0);
}

TEST(it_is_explained_in_words)
{
	_cleanup_(filter_free) struct filter *filter =
		parsed("class = path and port = 443 and server_addr in 10.0.0.0/8 and not benign");
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct tracer_config config = { 0 };

	filter_push_down(filter, &config);
	filter_explain(&b, filter, &config);
	assert_string_equal(b.data, "filter:\n"
				    "  and\n"
				    "    class = path  [word]\n"
				    "    or\n"
				    "      local_port = 443  [port]\n"
				    "      peer_port = 443  [port]\n"
				    "    server_addr in (10.0.0.0/8)  [ip]\n"
				    "    not benign  [bool]\n"
				    "decided in the kernel:\n"
				    "  verdict local_firewall, path_reset, path_icmp\n"
				    "  port 443 at either end\n"
				    "  an address of 10.0.0.0/8 at either end\n"
				    "decided in user space:\n"
				    "  server_addr in (10.0.0.0/8)\n"
				    "  not benign\n");
}

TEST(who_asks_for_normal_endings_is_known)
{
	static const char *const wants[] = { "benign",
					     "not benign != true",
					     "benign != false",
					     "verdict = fin_normal",
					     "class in (closed, path)",
					     "pid = 1 and verdict ~ fin_*" };
	static const char *const not_wants[] = {
		"not benign",		"benign = false",      "verdict != peer_reset", "pid = 1",
		"verdict = peer_reset", "class not in (path)", "benign is null"
	};

	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		_cleanup_(filter_free) struct filter *filter = parsed(wants[i]);

		assert_true(filter_wants_normal(filter));
	}
	for (size_t i = 0; i < sizeof(not_wants) / sizeof(not_wants[0]); i++) {
		_cleanup_(filter_free) struct filter *filter = parsed(not_wants[i]);

		assert_false(filter_wants_normal(filter));
	}
}

TEST_MAIN()
