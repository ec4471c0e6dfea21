// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "include/storm.h"

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"

#define SECOND STORM_NS_PER_SECOND

static int taken(__u64 *bucket, __u64 now_ns, __u32 rate, int tries)
{
	int count = 0;

	for (int i = 0; i < tries; i++)
		count += storm_bucket_take(bucket, now_ns, rate);
	return count;
}

TEST(a_bucket_gives_its_rate_at_once_and_then_one_by_one)
{
	__u64 bucket = 0, now = 7 * SECOND;

	assert_int_equal(taken(&bucket, now, 10, 100), 10);
	assert_int_equal(taken(&bucket, now + SECOND / 10 - 1, 10, 100), 0);
	assert_int_equal(taken(&bucket, now + SECOND / 10, 10, 100), 1);
	assert_int_equal(taken(&bucket, now + SECOND / 2, 10, 100), 4);
	/* Full again after a second of quiet, and no fuller after an hour. */
	assert_int_equal(taken(&bucket, now + 2 * SECOND, 10, 100), 10);
	assert_int_equal(taken(&bucket, now + 3600 * SECOND, 10, 100), 10);
}

TEST(a_second_of_a_storm_gives_no_more_than_twice_the_rate_whatever_it_is)
{
	static const __u32 rates[] = { 1, 3, 7, 10, 999, STORM_RATE_MOST };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		__u64 bucket = 0, now = SECOND;
		int count = 0;

		for (int step = 0; step < 4000; step++)
			count += taken(&bucket, now + step * SECOND / 4000, rates[i], 1000);
		assert_true(count >= (int)rates[i]);
		assert_true(count <= 2 * (int)rates[i]);
	}
}

TEST(a_clock_that_stands_or_begins_at_zero_gives_no_more)
{
	__u64 bucket = 0;

	assert_int_equal(taken(&bucket, 0, 5, 100), 5);
	assert_int_equal(taken(&bucket, 0, 5, 100), 0);
}

static struct storm_key key_of(const struct close_record *record)
{
	struct storm_key key;

	storm_key_make(&key, record, 0);
	return key;
}

/* An ending at the server 10.0.0.9:443, of a client at the address and port. */
static struct close_record ending_of(const char *local, const char *peer, uint16_t port)
{
	struct close_record record = sample_record();

	sample_set_key(&record, local, 443, peer, port);
	return record;
}

static void assert_same_group(const struct close_record *a, const struct close_record *b, bool same)
{
	struct storm_key x = key_of(a), y = key_of(b);

	assert_int_equal(memcmp(&x, &y, sizeof(x)) == 0, same);
}

TEST(neighbours_are_one_group_and_others_are_not)
{
	struct close_record first = ending_of("10.0.0.9", "10.1.2.3", 45012), other;

	other = ending_of("10.0.0.9", "10.1.2.200", 999);
	assert_same_group(&first, &other, true);
	other = ending_of("10.0.0.9", "10.1.3.3", 45012);
	assert_same_group(&first, &other, false);
	other = ending_of("10.0.0.10", "10.1.2.3", 45012);
	assert_same_group(&first, &other, false);
	other = first;
	other.decision.verdict = CLOSE_PEER_RESET;
	assert_same_group(&first, &other, false);
	other = first;
	other.cgroup_id++;
	assert_same_group(&first, &other, false);
	other = first;
	other.key.netns++;
	assert_same_group(&first, &other, false);
}

TEST(of_ipv6_the_first_64_bits_count)
{
	struct close_record first = ending_of("2001:db8::9", "2001:db8:1:2::3", 45012), other;

	other = ending_of("2001:db8::9", "2001:db8:1:2:ffff::", 1);
	assert_same_group(&first, &other, true);
	other = ending_of("2001:db8::9", "2001:db8:1:3::3", 45012);
	assert_same_group(&first, &other, false);
}

TEST(both_ends_of_a_connection_name_the_same_listener)
{
	struct close_record server = ending_of("10.0.0.9", "10.1.2.3", 45012), client = server;
	struct storm_key a, b;

	client.local_side ^= 1;
	client.evidence.seen ^= EVIDENCE(SERVER) | EVIDENCE(CLIENT);
	a = key_of(&server);
	b = key_of(&client);
	assert_memory_equal(a.listener_addr, b.listener_addr, 16);
	assert_int_equal(a.listener_port, htons(443));
	assert_int_equal(b.listener_port, htons(443));
}

TEST(without_a_role_the_packet_or_the_lower_port_tells_who_listens)
{
	struct close_record record = ending_of("10.0.0.9", "10.1.2.3", 7);

	record.evidence.seen = 0;
	record.evidence.state = 0;
	record.evidence.subject = SUBJECT_REPLY;
	record.evidence.trigger_flags = TCP_FLAG_ACK;
	assert_int_equal(key_of(&record).listener_port, htons(7));
	record.evidence.trigger_flags = TCP_FLAG_SYN;
	assert_int_equal(key_of(&record).listener_port, htons(443));
	record.evidence.subject = SUBJECT_REQUEST;
	assert_int_equal(key_of(&record).listener_port, htons(443));
	/* Forwarded: "local" is the client. */
	record.evidence.subject = SUBJECT_FORWARDED;
	assert_int_equal(key_of(&record).listener_port, htons(7));
}

TEST(a_program_and_where_it_is_asked_for_an_address_is_a_group_of_its_own)
{
	struct close_record first = ending_of("10.0.0.9", "10.1.2.3", 45012);
	struct close_record other = ending_of("10.0.0.9", "10.1.2.4", 45012);
	struct storm_key a, b;

	storm_key_make(&a, &first, 1);
	storm_key_make(&b, &other, 1);
	assert_memory_not_equal(&a, &b, sizeof(a));
	storm_key_widen(&a);
	storm_key_widen(&b);
	assert_memory_equal(&a, &b, sizeof(a));
	other = first;
	sample_set_task(&other.owner, 7, 0, "curl");
	assert_same_group(&first, &other, false);
	a = key_of(&first);
	b = key_of(&other);
	storm_key_widen(&a);
	storm_key_widen(&b);
	assert_memory_equal(&a, &b, sizeof(a));
}

TEST(a_wider_group_has_neither_port_nor_peer)
{
	struct close_record first = ending_of("10.0.0.9", "10.1.2.3", 45012);
	struct close_record other = ending_of("10.0.0.9", "192.0.2.1", 9);
	struct storm_key a = key_of(&first), b = key_of(&other);

	b.listener_port = htons(22);
	storm_key_widen(&a);
	storm_key_widen(&b);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(a.level, STORM_LISTENER);
}

TEST_MAIN()
