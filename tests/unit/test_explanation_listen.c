// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A full accept queue: each clause true once, and false once. */
#include "user/model/explanation.h"

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/model/fields.h"

static struct close_record record_of(uint64_t seen, struct close_detail detail)
{
	struct close_record record = sample_record();

	sample_set_key(&record, "10.0.0.9", 443, "0.0.0.0", 0);
	record.evidence = (struct close_evidence){ .subject = SUBJECT_LISTENER,
						   .ip_version = 4,
						   .seen = EVIDENCE(SERVER) | seen };
	record.closer.pid = 0;
	record.detail = detail;
	close_decide(&record.evidence, &record.decision);
	return record;
}

static const char *said_of(const struct close_record *record)
{
	static struct strbuf b;
	struct closed_connection c = sample_connection_of(record);

	strbuf_reset(&b);
	explanation_append(&b, &c);
	assert_false(b.failed);
	return b.data;
}

#define ASSERT_SAID(text, seen, ...)                                                               \
	do {                                                                                       \
		struct close_record said_ = record_of(seen, (struct close_detail){ __VA_ARGS__ }); \
		assert_string_equal(said_of(&said_), text);                                        \
	} while (0)

TEST(the_limit_is_the_application_s)
{
	ASSERT_SAID(
		"the accept queue of nginx[812] on 10.0.0.9:443 is full: it holds 129 connections, "
		"its limit is 128, the backlog that it gave to listen(); net.core.somaxconn would "
		"allow 4,096; the kernel dropped 3 SYNs or final ACKs",
		EVIDENCE(LISTEN_OVERFLOW), .backlog = 129, .backlog_max = 128, .somaxconn = 4096,
		.dropped = 3);
}

TEST(the_limit_is_somaxconn)
{
	ASSERT_SAID(
		"the accept queue of nginx[812] on 10.0.0.9:443 is full: it holds 1 connection, its "
		"limit is 0, which is net.core.somaxconn; the kernel dropped 1 SYN or final ACK",
		EVIDENCE(LISTEN_OVERFLOW), .backlog = 1, .somaxconn = 0, .dropped = 1);
	ASSERT_SAID(
		"the accept queue of nginx[812] on 10.0.0.9:443 is full: it holds 129 connections, "
		"its limit is 128, which is net.core.somaxconn; the kernel dropped 3 SYNs or final "
		"ACKs",
		EVIDENCE(LISTEN_OVERFLOW), .backlog = 129, .backlog_max = 128, .somaxconn = 128,
		.dropped = 3);
}

TEST(a_queue_that_has_room_again)
{
	ASSERT_SAID(
		"the accept queue of nginx[812] on 10.0.0.9:443 was probably full: it now holds 0 "
		"connections, its limit is 128, which is net.core.somaxconn; the kernel dropped 3 "
		"SYNs or final ACKs",
		0, .backlog_max = 128, .somaxconn = 128, .dropped = 3);
}

TEST(what_belongs_to_no_known_listener_is_the_namespace_s)
{
	struct close_record record = record_of(0, (struct close_detail){ .dropped = 3 });

	sample_set_key(&record, "0.0.0.0", 0, "0.0.0.0", 0);
	assert_string_equal(
		said_of(&record),
		"the kernel dropped 3 SYNs or final ACKs for accept queues that were full, "
		"of listeners that are gone or not known");
}

static bool is_null(const struct closed_connection *c, enum field_id id)
{
	struct strbuf scratch = STRBUF_INIT;
	struct field_value value;
	bool known = row_get(&connection_row_type, c, id, &scratch, &value);

	strbuf_release(&scratch);
	return !known;
}

TEST(a_listener_has_no_peer)
{
	struct close_record record = record_of(0, (struct close_detail){ .dropped = 3 });
	struct closed_connection c = sample_connection_of(&record);

	assert_int_equal(c.role, CONNECTION_ROLE_SERVER);
	assert_true(is_null(&c, FIELD_ID_peer_addr));
	assert_true(is_null(&c, FIELD_ID_peer_port));
	assert_true(is_null(&c, FIELD_ID_client_addr));
	assert_true(is_null(&c, FIELD_ID_client_port));
	assert_true(is_null(&c, FIELD_ID_community_id));
	assert_false(is_null(&c, FIELD_ID_server_addr));
	assert_false(is_null(&c, FIELD_ID_local_port));
	sample_set_key(&record, "0.0.0.0", 0, "0.0.0.0", 0);
	c = sample_connection_of(&record);
	assert_true(is_null(&c, FIELD_ID_local_addr));
	assert_true(is_null(&c, FIELD_ID_local_port));
	assert_true(is_null(&c, FIELD_ID_server_addr));
}

TEST(an_endpoint_without_a_port_is_an_address_or_nothing)
{
	struct close_record record = record_of(0, (struct close_detail){});
	struct closed_connection c = sample_connection_of(&record);
	struct strbuf b = STRBUF_INIT;

	connection_append_peer(&b, &c);
	assert_string_equal(b.data, "*");
	sample_set_key(&record, "2001:db8::1", 0, "::", 0);
	c = sample_connection_of(&record);
	strbuf_reset(&b);
	connection_append_local(&b, &c);
	connection_append_peer(&b, &c);
	assert_string_equal(b.data, "2001:db8::1*");
	strbuf_release(&b);
}

TEST_MAIN()
