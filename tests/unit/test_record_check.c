// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/record_check.h"

#include <errno.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"

static int check(const void *data, size_t size)
{
	enum record_type type = (enum record_type)99;
	int err = record_check(data, size, &type);

	/* Outputs are untouched on failure and set on success. */
	assert_int_equal(type == 99, err != 0);
	return err;
}

/* A record in exactly `size` bytes of heap, so that the sanitizer sees a byte too many. */
static int check_exactly(const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);
	int err;

	memcpy(copy, data, size);
	err = check(copy, size);
	free(copy);
	return err;
}

TEST(good_records_pass)
{
	struct close_record close = sample_record(), empty = sample_record_empty();
	struct amend_record amend = { .head = { RECORD_ABI_VERSION, RECORD_AMEND, 0, sizeof(amend),
						1 } };
	struct netns_record netns = { .head = { RECORD_ABI_VERSION, RECORD_NETNS, 0, sizeof(netns),
						1 } };
	enum record_type type;

	assert_int_equal(record_check(&close, sizeof(close), &type), 0);
	assert_int_equal(type, RECORD_CLOSE);
	assert_int_equal(record_check(&empty, sizeof(empty), &type), 0);
	assert_int_equal(record_check(&amend, sizeof(amend), &type), 0);
	assert_int_equal(type, RECORD_AMEND);
	assert_int_equal(record_check(&netns, sizeof(netns), &type), 0);
	assert_int_equal(type, RECORD_NETNS);
}

TEST(a_storm_stands_for_something_and_ends_after_it_began)
{
	struct storm_record storm = { .close = sample_record(), .repeated = 1 };
	enum record_type type;

	storm.close.head.type = RECORD_STORM;
	storm.close.head.size = sizeof(storm);
	storm.last_ns = storm.close.head.time_ns;
	assert_int_equal(record_check(&storm, sizeof(storm), &type), 0);
	assert_int_equal(type, RECORD_STORM);
	assert_int_equal(check_exactly(&storm, sizeof(storm) - 1), -EBADMSG);
	storm.last_ns--;
	assert_int_equal(check(&storm, sizeof(storm)), -EBADMSG);
	storm.last_ns++;
	storm.repeated = 0;
	assert_int_equal(check(&storm, sizeof(storm)), -EBADMSG);
	storm.repeated = UINT64_MAX;
	storm.level = 3;
	assert_int_equal(check(&storm, sizeof(storm)), -EBADMSG);
	storm.level = 2;
	storm.close.decision.verdict = 0;
	assert_int_equal(check(&storm, sizeof(storm)), -EBADMSG);
}

static struct cgroup_record sample_cgroup(const char *path)
{
	struct cgroup_record r = { .head = { RECORD_ABI_VERSION, RECORD_CGROUP, 0, sizeof(r), 1 },
				   .cgroup_id = 7 };

	memset(r.path, 0xff, sizeof(r.path));
	memcpy(r.path, path, strlen(path) + 1);
	return r;
}

TEST(a_cgroup_has_an_id_and_a_path_that_ends)
{
	struct cgroup_record r = sample_cgroup("/docker/x");
	enum record_type type;

	assert_int_equal(record_check(&r, sizeof(r), &type), 0);
	assert_int_equal(type, RECORD_CGROUP);
	r.head.flags = CGROUP_REMOVED | CGROUP_PATH_CUT;
	assert_int_equal(check(&r, sizeof(r)), 0);
	r.head.flags = 0x4;
	assert_int_equal(check(&r, sizeof(r)), -EBADMSG);
	r = sample_cgroup("");
	assert_int_equal(check(&r, sizeof(r)), -EBADMSG);
	r = sample_cgroup("x");
	assert_int_equal(check(&r, sizeof(r)), -EBADMSG);
	r = sample_cgroup("/");
	memset(r.path, '/', sizeof(r.path));
	assert_int_equal(check(&r, sizeof(r)), -EBADMSG);
	r = sample_cgroup("/");
	assert_int_equal(check(&r, sizeof(r) - 1), -EBADMSG);
	r.cgroup_id = 0;
	assert_int_equal(check(&r, sizeof(r)), -EBADMSG);
}

TEST(any_alignment_will_do)
{
	struct close_record close = sample_record();
	char buffer[sizeof(close) + 8];
	size_t shift;

	for (shift = 0; shift < 8; shift++) {
		memcpy(buffer + shift, &close, sizeof(close));
		assert_int_equal(check(buffer + shift, sizeof(close)), 0);
	}
}

TEST(a_record_cut_short_at_any_byte_fails)
{
	struct close_record close = sample_record();
	size_t size;

	for (size = 0; size < sizeof(close); size++)
		assert_int_equal(check_exactly(&close, size), -EBADMSG);
}

TEST(the_size_in_the_head_is_checked_both_ways)
{
	struct close_record close = sample_record();
	char longer[sizeof(close) + 16] = { 0 };

	close.head.size = sizeof(close) - 1;
	assert_int_equal(check(&close, sizeof(close)), -EBADMSG);
	close.head.size = sizeof(close) + 1;
	assert_int_equal(check(&close, sizeof(close)), -EBADMSG);
	close.head.size = 0xffffffff;
	assert_int_equal(check(&close, sizeof(close)), -EBADMSG);

	/* A newer tracer appended members: fine. */
	close.head.size = sizeof(longer);
	memcpy(longer, &close, sizeof(close));
	assert_int_equal(check(longer, sizeof(longer)), 0);
}

TEST(other_versions_and_types_fail)
{
	struct close_record close = sample_record();

	close.head.abi_version = RECORD_ABI_VERSION + 1;
	assert_int_equal(check(&close, sizeof(close)), -EPROTO);
	close = sample_record();
	close.head.type = 0;
	assert_int_equal(check(&close, sizeof(close)), -EBADMSG);
	close.head.type = 4;
	assert_int_equal(check(&close, sizeof(close)), -EBADMSG);
	close.head.type = 255;
	assert_int_equal(check(&close, sizeof(close)), -EBADMSG);
}

#define ASSERT_LIMIT(member, last_good)                                                            \
	do {                                                                                       \
		struct close_record limit_ = sample_record();                                      \
		limit_.member = (last_good);                                                       \
		assert_int_equal(check(&limit_, sizeof(limit_)), 0);                               \
		limit_.member = (last_good) + 1;                                                   \
		if (check(&limit_, sizeof(limit_)) != -EBADMSG)                                    \
			fail_msg("%s may be out of range", #member);                               \
	} while (0)

TEST(every_number_with_a_list_is_checked)
{
	ASSERT_LIMIT(local_side, 1);
	ASSERT_LIMIT(owner_source, OWNER_SOURCE_COUNT - 1);
	ASSERT_LIMIT(hook, WIRE_HOOK_TC_OUT);
	ASSERT_LIMIT(evidence.subject, SUBJECT_LISTENER);
	ASSERT_LIMIT(evidence.state, TCP_STATE_COUNT - 1);
	ASSERT_LIMIT(evidence.reply_state, TCP_STATE_COUNT - 1);
	ASSERT_LIMIT(evidence.reset_reason, RESET_REASON_COUNT - 1);
	ASSERT_LIMIT(evidence.trigger_data, 1);
	ASSERT_LIMIT(evidence.fin_first, 2);
	ASSERT_LIMIT(evidence.ip_version, 6);
	ASSERT_LIMIT(evidence.seen, (1ULL << EVIDENCE_BIT_COUNT) - 1);
	ASSERT_LIMIT(decision.used, (1ULL << EVIDENCE_BIT_COUNT) - 1);
	ASSERT_LIMIT(decision.verdict, CLOSE_VERDICT_COUNT - 1);
	ASSERT_LIMIT(decision.cause, CLOSE_CAUSE_COUNT - 1);
	ASSERT_LIMIT(decision.initiator, CLOSE_INITIATOR_COUNT - 1);
	ASSERT_LIMIT(decision.stage, CLOSE_STAGE_COUNT - 1);
	ASSERT_LIMIT(decision.confidence, CLOSE_CONFIDENCE_COUNT - 1);
	ASSERT_LIMIT(decision.benign, 1);
	ASSERT_LIMIT(decision.reset_reason, RESET_REASON_COUNT - 1);
	ASSERT_LIMIT(decision.reason_derived, 1);
}

TEST(an_undecided_record_or_one_without_subject_fails)
{
	struct close_record close = sample_record();

	close.decision.verdict = CLOSE_UNDECIDED;
	assert_int_equal(check(&close, sizeof(close)), -EBADMSG);
	close = sample_record();
	close.evidence.subject = 0;
	assert_int_equal(check(&close, sizeof(close)), -EBADMSG);
	close = sample_record();
	close.evidence.ip_version = 5;
	assert_int_equal(check(&close, sizeof(close)), -EBADMSG);
}

TEST(amend_records_are_checked)
{
	struct amend_record good = { .head = { RECORD_ABI_VERSION, RECORD_AMEND, 0, sizeof(good),
					       1 } };
	struct amend_record bad = good;

	bad.local_side = 2;
	assert_int_equal(check(&bad, sizeof(bad)), -EBADMSG);
	bad = good;
	bad.reset_reason = RESET_REASON_COUNT;
	assert_int_equal(check(&bad, sizeof(bad)), -EBADMSG);
	bad = good;
	bad.seen = 1ULL << EVIDENCE_BIT_COUNT;
	assert_int_equal(check(&bad, sizeof(bad)), -EBADMSG);
	assert_int_equal(check_exactly(&good, sizeof(good) - 1), -EBADMSG);
}

/* What passes is safe to read: flip every bit of a record and use what is still accepted. */
TEST(whatever_passes_can_be_used)
{
	struct close_record good = sample_record();
	struct record_context context = sample_context();
	size_t bit, passed = 0;

	for (bit = 0; bit < sizeof(good) * 8; bit++) {
		struct close_record record = good;
		struct closed_connection c;
		enum record_type type;

		((unsigned char *)&record)[bit / 8] ^= (unsigned char)(1 << bit % 8);
		if (record_check(&record, sizeof(record), &type) != 0 || type != RECORD_CLOSE)
			continue;
		connection_from_record(&record, &context, &c);
		assert_ptr_not_equal(connection_local_addr(&c), connection_peer_addr(&c));
		passed++;
	}
	assert_in_range(passed, 1000, sizeof(good) * 8 - 50);
}

TEST_MAIN()
