// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From records to what takes them: what is shown, what is held, and the account of every one. */
#include "user/pipeline/pipeline.h"

#include <errno.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"

#define TAKEN_MOST 64

/* What takes the connections. */
struct taker {
	struct outlet outlet; /* first */
	struct closed_connection taken[TAKEN_MOST];
	size_t count;
	size_t flushes;
	bool is_finished;
	bool has_ended;
};

static void taker_offer(struct outlet *outlet, const struct closed_connection *c)
{
	struct taker *self = (struct taker *)outlet;

	assert_in_range(self->count, 0, TAKEN_MOST - 1);
	self->taken[self->count++] = *c;
}

static void taker_flush(struct outlet *outlet)
{
	((struct taker *)outlet)->flushes++;
}

static void taker_finish(struct outlet *outlet)
{
	((struct taker *)outlet)->is_finished = true;
}

static void taker_account(const struct outlet *outlet, struct outlet_account *ret)
{
	*ret = (struct outlet_account){ .has_ended = ((const struct taker *)outlet)->has_ended };
}

static const struct outlet_ops taker_ops = {
	.kind = "taker",
	.offer = taker_offer,
	.flush = taker_flush,
	.finish = taker_finish,
	.account = taker_account,
};

static struct taker taker, second;
static struct outlet *const outlets[] = { &taker.outlet, &second.outlet };
static struct record_context context;
static struct tracer_config config;
static struct pipeline *pipeline;

static void start(struct pipeline_options options)
{
	pipeline_free(&pipeline);
	memset(&taker, 0, sizeof(taker));
	memset(&second, 0, sizeof(second));
	taker.outlet.ops = second.outlet.ops = &taker_ops;
	context = sample_context();
	options.context = &context;
	options.config = &config;
	options.outlets = outlets;
	options.outlet_count = 2;
	assert_int_equal(pipeline_new(&options, &pipeline), 0);
}

static const struct pipeline_account *account(void)
{
	return pipeline_account(pipeline);
}

static int feed(const struct close_record *record)
{
	return pipeline_feed(pipeline, record, sizeof(*record));
}

/* Its own connection each: by the port. */
static struct close_record abnormal(uint16_t port)
{
	struct close_record record = sample_record();

	sample_set_key(&record, "10.0.0.9", port, "10.0.0.5", 45012);
	return record;
}

static struct close_record normal(void)
{
	struct close_record record = sample_record();

	record.evidence = (struct close_evidence){
		.seen = EVIDENCE(CLIENT) | EVIDENCE(ESTABLISHED) | EVIDENCE(RCV_SHUTDOWN) |
			EVIDENCE(SEND_SHUTDOWN) | EVIDENCE(FIN_OUT) | EVIDENCE(FIN_IN),
		.subject = SUBJECT_SOCKET,
		.state = TCP_STATE_LAST_ACK,
		.ip_version = 4,
	};
	close_decide(&record.evidence, &record.decision);
	assert_false(close_is_abnormal(&record.decision));
	return record;
}

static struct close_record held(uint16_t port)
{
	struct close_record record = abnormal(port);

	record.head.flags |= RECORD_MAY_BE_AMENDED;
	return record;
}

static struct storm_record storm_of(uint64_t repeated)
{
	struct storm_record storm = { .close = abnormal(80), .repeated = repeated };

	storm.close.head.type = RECORD_STORM;
	storm.close.head.size = sizeof(storm);
	storm.last_ns = storm.close.head.time_ns + 5;
	return storm;
}

TEST(an_abnormal_ending_is_shown_at_once)
{
	struct close_record record = abnormal(443);

	start((struct pipeline_options){ 0 });
	assert_int_equal(feed(&record), 0);
	assert_int_equal(taker.count, 1);
	assert_int_equal(connection_local_port(&taker.taken[0]), 443);
	assert_int_equal(taker.taken[0].wall_ns, SAMPLE_WALL_NS);
	assert_int_equal(account()->shown, 1);
	assert_int_equal(account()->normal, 0);
	assert_false(pipeline_is_holding(pipeline));
}

TEST(a_clean_ending_is_shown_with_all_only)
{
	struct close_record record = normal();

	start((struct pipeline_options){ 0 });
	assert_int_equal(feed(&record), 0);
	assert_int_equal(taker.count, 0);
	assert_int_equal(account()->normal, 1);
	start((struct pipeline_options){ .show_all = true });
	assert_int_equal(feed(&record), 0);
	assert_int_equal(taker.count, 1);
	assert_int_equal(account()->normal, 0);
	assert_int_equal(account()->shown, 1);
}

TEST(what_makes_no_sense_is_counted_and_shown_to_nobody)
{
	struct close_record record = abnormal(443);

	start((struct pipeline_options){ 0 });
	assert_int_equal(pipeline_feed(pipeline, &record, sizeof(record) - 1), 0);
	record.decision.verdict = 255;
	assert_int_equal(feed(&record), 0);
	assert_int_equal(taker.count, 0);
	assert_int_equal(account()->bad, 2);
}

TEST(the_short_filters_are_asked_again_here)
{
	struct close_record record = abnormal(443), other = abnormal(80);

	config = (struct tracer_config){ .flags = TRACER_FILTER_PORT, .port = HOST_TO_NET_16(80) };
	start((struct pipeline_options){ 0 });
	assert_int_equal(feed(&record), 0);
	assert_int_equal(feed(&other), 0);
	config = (struct tracer_config){ 0 };
	assert_int_equal(taker.count, 1);
	assert_int_equal(connection_local_port(&taker.taken[0]), 80);
	assert_int_equal(account()->filtered, 1);
}

static bool wants_port_80(void *data, const struct closed_connection *c)
{
	(void)data;
	return connection_local_port(c) == 80;
}

static void set_cgroup(void *data, struct closed_connection *c)
{
	c->cgroup = data;
}

TEST(enrichment_comes_before_the_question_whether_it_is_wanted)
{
	struct close_record record = abnormal(443), other = abnormal(80);

	start((struct pipeline_options){
		.enrich = set_cgroup, .wants = wants_port_80, .data = "/a/b" });
	assert_int_equal(feed(&record), 0);
	assert_int_equal(feed(&other), 0);
	assert_int_equal(taker.count, 1);
	assert_string_equal(taker.taken[0].cgroup, "/a/b");
	assert_int_equal(account()->filtered, 1);
	assert_int_equal(account()->shown, 1);
}

TEST(count_ends_it_and_what_comes_beyond_is_counted)
{
	struct close_record record = abnormal(443);
	struct storm_record storm = storm_of(7);

	start((struct pipeline_options){ .count_limit = 2 });
	assert_int_equal(feed(&record), 0);
	assert_int_equal(feed(&record), 1);
	assert_int_equal(feed(&record), 0);
	assert_int_equal(pipeline_feed(pipeline, &storm, sizeof(storm)), 0);
	assert_int_equal(taker.count, 2);
	assert_int_equal(account()->beyond, 1 + 7);
}

TEST(a_storm_is_one_record_that_stands_for_many)
{
	struct storm_record storm = storm_of(1070);

	start((struct pipeline_options){ 0 });
	assert_int_equal(pipeline_feed(pipeline, &storm, sizeof(storm)), 0);
	assert_int_equal(taker.count, 1);
	assert_int_equal(taker.taken[0].repeated, 1070);
	assert_int_equal(taker.taken[0].first_wall_ns, SAMPLE_WALL_NS);
	assert_int_equal(taker.taken[0].wall_ns, SAMPLE_WALL_NS + 5);
	assert_int_equal(account()->shown, 0);
	assert_int_equal(account()->storms, 1);
	assert_int_equal(account()->grouped, 1070);
	assert_int_equal(account()->taken, 1070);
}

TEST(what_may_be_amended_waits_for_the_grace)
{
	struct close_record record = held(443);
	uint64_t time_ns = record.head.time_ns;

	start((struct pipeline_options){ 0 });
	assert_int_equal(feed(&record), 0);
	assert_int_equal(taker.count, 0);
	assert_true(pipeline_is_holding(pipeline));
	assert_int_equal(pipeline_expire(pipeline, time_ns + PIPELINE_GRACE_NS), 0);
	assert_int_equal(taker.count, 0);
	assert_int_equal(pipeline_expire(pipeline, time_ns + PIPELINE_GRACE_NS + 1), 0);
	assert_int_equal(taker.count, 1);
	assert_false(pipeline_is_holding(pipeline));
	for (int i = 0; i < CLOSE_VERDICT_COUNT; i++)
		assert_int_equal(account()->verdicts[i], 0);
}

/* The peer's data after "its" RST: path_reset instead of peer_reset, and the counts follow. */
TEST(late_evidence_changes_the_verdict_and_keeps_the_counts_true)
{
	struct close_record record = held(443);
	struct amend_record amend = {
		.head = { RECORD_ABI_VERSION, RECORD_AMEND, 0, sizeof(amend), 1 },
		.seen = EVIDENCE(PEER_AFTER_RST),
	};
	uint8_t before;

	record.evidence = (struct close_evidence){
		.seen = EVIDENCE(CLIENT) | EVIDENCE(ESTABLISHED) | EVIDENCE(RECEIVE_RESET) |
			EVIDENCE(WIRE_HOOKED) | EVIDENCE(RST_IN) | EVIDENCE(RST_IN_EXACT),
		.subject = SUBJECT_SOCKET,
		.state = TCP_STATE_ESTABLISHED,
		.ip_version = 4,
		.error = EVIDENCE_ECONNRESET,
		.peer_rst_count = 1,
	};
	close_decide(&record.evidence, &record.decision);
	before = record.decision.verdict;
	amend.key = record.key;
	amend.local_side = record.local_side;
	start((struct pipeline_options){ 0 });
	assert_int_equal(feed(&record), 0);
	assert_int_equal(pipeline_feed(pipeline, &amend, sizeof(amend)), 0);
	assert_int_equal(taker.count, 1);
	assert_int_equal(account()->amended, 1);
	assert_int_equal(account()->amend_late, 0);
	assert_true(taker.taken[0].record.evidence.seen & amend.seen);
	assert_int_equal(before, CLOSE_PEER_RESET);
	assert_int_equal(taker.taken[0].record.decision.verdict, CLOSE_PATH_RESET);
	assert_int_equal(account()->verdicts[CLOSE_PEER_RESET], -1);
	assert_int_equal(account()->verdicts[CLOSE_PATH_RESET], 1);
}

TEST(evidence_that_finds_no_record_is_late)
{
	struct close_record record = abnormal(443);
	struct amend_record amend = {
		.head = { RECORD_ABI_VERSION, RECORD_AMEND, 0, sizeof(amend), 1 },
		.key = record.key,
		.local_side = record.local_side,
	};

	start((struct pipeline_options){ 0 });
	assert_int_equal(feed(&record), 0);
	assert_int_equal(pipeline_feed(pipeline, &amend, sizeof(amend)), 0);
	assert_int_equal(taker.count, 1);
	assert_int_equal(account()->amend_late, 1);
}

TEST(the_same_end_twice_in_the_hold_is_shown_twice)
{
	struct close_record record = held(443);

	start((struct pipeline_options){ 0 });
	assert_int_equal(feed(&record), 0);
	assert_int_equal(feed(&record), 0);
	assert_int_equal(taker.count, 1);
	pipeline_finish(pipeline);
	assert_int_equal(taker.count, 2);
	assert_int_equal(account()->shown, 2);
}

TEST(the_end_lets_go_of_all_that_is_held)
{
	start((struct pipeline_options){ .count_limit = 10 });
	for (uint16_t i = 0; i < 12; i++) {
		struct close_record record = held((uint16_t)(1000 + i));

		assert_int_equal(feed(&record), 0);
	}
	pipeline_finish(pipeline);
	assert_int_equal(taker.count, 10);
	assert_int_equal(account()->shown, 10);
	assert_int_equal(account()->beyond, 2);
	assert_true(taker.is_finished && second.is_finished);
	assert_int_equal(second.count, 10);
	assert_false(pipeline_is_holding(pipeline));
}

TEST(the_second_end_names_the_process_of_the_first)
{
	struct close_record first = abnormal(443), second = first;

	second.local_side = !first.local_side;
	second.local_isn = first.peer_isn;
	second.peer_isn = first.local_isn;
	sample_set_task(&second.owner, 4410, 70, "psql");
	start((struct pipeline_options){ 0 });
	assert_int_equal(feed(&first), 0);
	assert_int_equal(feed(&second), 0);
	assert_int_equal(taker.count, 2);
	assert_null(taker.taken[0].other_end);
	assert_non_null(taker.taken[1].other_end);
	assert_int_equal(taker.taken[1].other_end->owner.pid, 812);
}

TEST(one_outlet_that_has_ended_ends_no_other)
{
	struct close_record record = abnormal(443);

	start((struct pipeline_options){ 0 });
	taker.has_ended = true;
	assert_int_equal(feed(&record), 0);
	assert_int_equal(pipeline_flush(pipeline), 0);
	assert_int_equal(second.count, 1);
	assert_int_equal(second.flushes, 1);
	second.has_ended = true;
	assert_int_equal(pipeline_flush(pipeline), 1);
	/* What still comes is counted all the same. */
	assert_int_equal(feed(&record), 0);
	assert_int_equal(account()->shown, 2);
}

TEST(without_outlets_everything_is_counted)
{
	struct pipeline_options options = { .context = &context, .config = &config };
	struct close_record record = abnormal(443);

	pipeline_free(&pipeline);
	context = sample_context();
	assert_int_equal(pipeline_new(&options, &pipeline), 0);
	assert_int_equal(feed(&record), 0);
	assert_int_equal(pipeline_flush(pipeline), 0);
	pipeline_finish(pipeline);
	assert_int_equal(account()->shown, 1);
}

TEST(what_tells_of_no_ending_is_not_the_pipelines)
{
	struct netns_record netns = { .head = { RECORD_ABI_VERSION, RECORD_NETNS, 0, sizeof(netns),
						1 },
				      .netns = 4026531840u };

	start((struct pipeline_options){ 0 });
	assert_int_equal(pipeline_feed(pipeline, &netns, sizeof(netns)), 0);
	assert_int_equal(account()->bad, 0);
	assert_int_equal(taker.count, 0);
}

TEST_MAIN()
