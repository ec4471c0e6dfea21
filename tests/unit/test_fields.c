// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/capture_story.h"
#include "user/model/fields.h"
#include "user/model/field_text.h"
#include "user/model/zeek_summary.h"

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"

/* The value of a field as JSON text, in a buffer that the next call overwrites. */
static const char *json_of(const struct closed_connection *c, const char *name)
{
	static struct strbuf scratch, text;
	const struct field *field = row_type_field(&connection_row_type, name);
	struct field_value value;

	assert_non_null(field);
	strbuf_reset(&text);
	field_append_json(&text, field,
			  row_get(&connection_row_type, c, field->id, &scratch, &value) ? &value :
											  NULL,
			  NULL);
	assert_false(text.failed);
	return text.data;
}

struct expected {
	const char *name;
	const char *json;
};

static const struct expected full[] = {
	{ "time", "\"2026-03-04T05:06:07.000000089Z\"" },
	{ "host", "\"web-1\"" },
	{ "class", "\"reset_local\"" },
	{ "verdict", "\"local_app_abort\"" },
	{ "cause", "\"unread_data\"" },
	{ "initiator", "\"local_app\"" },
	{ "stage", "\"established\"" },
	{ "confidence", "\"proved\"" },
	{ "benign", "false" },
	{ "evidence", "[\"tcp_send_reset\",\"sk_rst_reason\",\"unread_data\"]" },
	{ "explanation", "\"nginx-worker-16[813] closed with 4,312 bytes unread, so the kernel "
			 "sent RST (TCP_ABORT_ON_CLOSE); 22 bytes were not acknowledged; "
			 "21 bytes were never sent\"" },
	{ "state", "\"ESTABLISHED\"" },
	{ "reason", "\"TCP_ABORT_ON_CLOSE\"" },
	{ "reason_source", "\"kernel\"" },
	{ "reason_derived", "\"TCP_ABORT_ON_CLOSE\"" },
	{ "drop_reason", "\"NETFILTER_DROP\"" },
	{ "error", "\"EHOSTUNREACH\"" },
	{ "kernel_stack", "[\"tcp_disconnect+0x1\",\"say \\\"hi\\\"\\n+0x2 [m]\"]" },
	{ "user_stack", "[\"main+0x3 [nginx]\"]" },
	{ "role", "\"server\"" },
	{ "ip_version", "4" },
	{ "local_addr", "\"10.0.0.9\"" },
	{ "local_port", "443" },
	{ "peer_addr", "\"10.0.0.5\"" },
	{ "peer_port", "45012" },
	{ "client_addr", "\"10.0.0.5\"" },
	{ "client_port", "45012" },
	{ "server_addr", "\"10.0.0.9\"" },
	{ "server_port", "443" },
	{ "zone_client", "\"office\"" },
	{ "zone_server", "\"web\"" },
	{ "netns", "4026531840" },
	{ "interface", "\"eth0\"" },
	{ "community_id", "\"1:YvWy6TKWK1to4I1oXK4jzDx+zYE=\"" },
	{ "conn_state", "\"SF\"" },
	{ "history", "\"ShADadFfR\"" },
	{ "pid", "812" },
	{ "comm", "\"nginx\"" },
	{ "uid", "33" },
	{ "closer_pid", "813" },
	{ "closer_comm", "\"nginx-worker-16\"" },
	{ "death", "null" },
	{ "exit_code", "null" },
	{ "killer_pid", "null" },
	{ "killer_comm", "null" },
	{ "owner_source", "\"owned_call\"" },
	{ "cgroup", "\"/system.slice/nginx.service\"" },
	{ "container_id", "\"4f5e\"" },
	{ "container_name", "\"web\"" },
	{ "container_runtime", "\"containerd\"" },
	{ "pod", "\"web-7d9f\"" },
	{ "pod_namespace", "\"shop\"" },
	{ "peer_pid", "4410" },
	{ "peer_comm", "\"psql\"" },
	{ "peer_container_name", "\"db\"" },
	{ "duration_us", "1234567" },
	{ "idle_us", "12000" },
	{ "idle_before_us", "4000" },
	{ "peer_fin_us", "7000" },
	{ "rtt_us", "345" },
	{ "retransmits", "4" },
	{ "bytes_sent", "123456" },
	{ "bytes_received", "98765" },
	{ "bytes_unread", "4312" },
	{ "bytes_unsent", "21" },
	{ "bytes_unacked", "22" },
	{ "syn_count", "3" },
	{ "syn_count_clt", "2" },
	{ "syn_count_srv", "1" },
	{ "fin_count", "7" },
	{ "fin_count_clt", "4" },
	{ "fin_count_srv", "3" },
	{ "rst_count", "11" },
	{ "rst_count_clt", "6" },
	{ "rst_count_srv", "5" },
	{ "ct_count", "1" },
	{ "rst_ignored", "6" },
	{ "incident", "\"89abcdef01234567\"" },
	{ "follows", "null" },
	{ "isn_local", "19088743" },
	{ "isn_peer", "2309737967" },
	{ "ttl_min", "52" },
	{ "ttl_max", "53" },
	{ "rst_ttl", "211" },
	{ "rst_ip_id", "4711" },
	{ "rst_seq_offset", "-7" },
	{ "repeated", "1" },
	{ "first_time", "null" },
	{ "frame", "null" },
	{ "first_frame", "null" },
	{ "capture_file", "null" },
	{ "display_filter", "null" },
};

TEST(a_full_record_gives_every_field)
{
	struct closed_connection c = sample_connection_with_stacks();
	struct zeek_summary zeek = { .state = "SF", .history = "ShADadFfR" };
	size_t i;

	c.zeek = &zeek;
	/* A field without a row here is a field without a test. */
	assert_int_equal(sizeof(full) / sizeof(full[0]), FIELD_COUNT);
	for (i = 0; i < FIELD_COUNT; i++) {
		assert_string_equal(full[i].name, connection_fields[i].name);
		if (strcmp(json_of(&c, full[i].name), full[i].json) != 0)
			fail_msg("%s is %s, expected %s", full[i].name, json_of(&c, full[i].name),
				 full[i].json);
	}
}

TEST(a_capture_has_the_places_of_packets)
{
	struct closed_connection c = sample_connection_with_stacks();
	struct capture_story story = {
		.frame = 8, .first_frame = 3, .file = "a\n.pcap", .rst_ignored = { 1, 2 }
	};

	c.capture = &story;
	assert_string_equal(json_of(&c, "frame"), "8");
	assert_string_equal(json_of(&c, "first_frame"), "3");
	assert_string_equal(json_of(&c, "capture_file"), "\"a\\n.pcap\"");
	assert_string_equal(json_of(&c, "rst_ignored"), "3");
	assert_non_null(strstr(json_of(&c, "display_filter"), " && tcp.port == "));
}

TEST(a_death_is_told_by_its_fields)
{
	struct closed_connection c = sample_connection();
	struct close_detail *detail = &c.record.detail;

	detail->death = CLOSE_DEATH_EXIT;
	detail->exit_code = 0;
	assert_string_equal(json_of(&c, "death"), "\"exit\"");
	assert_string_equal(json_of(&c, "exit_code"), "0");
	detail->death = CLOSE_DEATH_SIGNAL;
	detail->death_signal = 9;
	sample_set_task(&detail->killer, 99, 0, "kill");
	assert_string_equal(json_of(&c, "death"), "\"SIGKILL\"");
	assert_string_equal(json_of(&c, "exit_code"), "null");
	assert_string_equal(json_of(&c, "killer_pid"), "99");
	assert_string_equal(json_of(&c, "killer_comm"), "\"kill\"");
	detail->death = CLOSE_DEATH_OOM;
	assert_string_equal(json_of(&c, "death"), "\"oom\"");
	detail->death = CLOSE_DEATH_EXEC;
	assert_string_equal(json_of(&c, "death"), "\"exec\"");
}

TEST(a_fin_that_is_younger_than_the_end_is_not_known)
{
	struct closed_connection c = sample_connection();

	c.record.detail.peer_fin_ns = c.record.head.time_ns + 1;
	assert_string_equal(json_of(&c, "peer_fin_us"), "null");
}

/* These are always known. Everything else must be null in a record that knows nothing. */
static const char *const never_null[] = { "time",	 "class",	"verdict",    "cause",
					  "initiator",	 "stage",	"confidence", "benign",
					  "evidence",	 "explanation", "ip_version", "local_addr",
					  "local_port",	 "peer_addr",	"peer_port",  "repeated",
					  "community_id" };

TEST(an_empty_record_gives_null_for_what_is_unknown)
{
	struct closed_connection c = sample_connection_empty();
	size_t i, j;

	for (i = 0; i < FIELD_COUNT; i++) {
		const char *name = connection_fields[i].name;
		bool is_known = false;

		for (j = 0; j < sizeof(never_null) / sizeof(never_null[0]); j++)
			is_known |= strcmp(never_null[j], name) == 0;
		if (is_known != (strcmp(json_of(&c, name), "null") != 0))
			fail_msg("%s is %s", name, json_of(&c, name));
	}
}

TEST(the_registry_is_whole)
{
	size_t i, j;

	for (i = 0; i < FIELD_COUNT; i++) {
		const struct field *field = &connection_fields[i];

		assert_int_equal(field->id, i);
		assert_ptr_equal(row_type_field(&connection_row_type, field->name), field);
		assert_true(strlen(field->meaning) > 3);
		assert_in_range(field->type, 0, FIELD_TYPE_COUNT - 1);
		assert_string_not_equal(field_type_name(field->type), "unknown");
		assert_int_equal(field->words != NULL,
				 field->type == FIELD_WORD || field->type == FIELD_WORD_LIST);
		for (j = 0; j < i; j++)
			assert_string_not_equal(field->name, connection_fields[j].name);
	}
	assert_string_equal(field_type_name(FIELD_TYPE_COUNT), "unknown");
}

TEST(dots_are_underscores_in_names)
{
	assert_ptr_equal(row_type_field(&connection_row_type, "rst.count.srv"),
			 &connection_fields[FIELD_ID_rst_count_srv]);
	assert_ptr_equal(row_type_field(&connection_row_type, "rst_count.srv"),
			 &connection_fields[FIELD_ID_rst_count_srv]);
	assert_null(row_type_field(&connection_row_type, "rst.count.srv."));
	assert_null(row_type_field(&connection_row_type, "rst.coun"));
	assert_null(row_type_field(&connection_row_type, ""));
	assert_null(row_type_field(&connection_row_type, "RST_COUNT"));
}

TEST(counts_go_to_client_and_server_by_role)
{
	struct close_record r = sample_record();
	struct closed_connection c;

	r.evidence.seen = (r.evidence.seen & ~EVIDENCE(SERVER)) | EVIDENCE(CLIENT);
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "role"), "\"client\"");
	assert_string_equal(json_of(&c, "rst_count_clt"), "5");
	assert_string_equal(json_of(&c, "rst_count_srv"), "6");
	assert_string_equal(json_of(&c, "client_addr"), "\"10.0.0.9\"");
	assert_string_equal(json_of(&c, "client_port"), "443");
	assert_string_equal(json_of(&c, "server_addr"), "\"10.0.0.5\"");
	assert_string_equal(json_of(&c, "server_port"), "45012");

	r.evidence.seen &= ~EVIDENCE(CLIENT);
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "role"), "null");
	assert_string_equal(json_of(&c, "rst_count_clt"), "null");
	assert_string_equal(json_of(&c, "rst_count_srv"), "null");
	assert_string_equal(json_of(&c, "rst_count"), "11");
	assert_string_equal(json_of(&c, "client_addr"), "null");
	assert_string_equal(json_of(&c, "server_port"), "null");
}

TEST(forwarded_the_local_end_is_the_client_and_has_no_role)
{
	struct close_record r = sample_record();
	struct closed_connection c;

	r.evidence.subject = SUBJECT_FORWARDED;
	r.evidence.seen = EVIDENCE(SYN_ACK_IN);
	r.socket_cookie = 0;
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "role"), "null");
	assert_string_equal(json_of(&c, "syn_count_clt"), "1");
	assert_string_equal(json_of(&c, "syn_count_srv"), "2");
	assert_string_equal(json_of(&c, "ct_count"), "1");
	assert_string_equal(json_of(&c, "bytes_unread"), "null");
	assert_string_equal(json_of(&c, "retransmits"), "null");
}

TEST(nobody_watched_so_zero_packets_are_unknown)
{
	struct close_record r = sample_record();
	struct closed_connection c;

	r.hook = WIRE_HOOK_NONE;
	r.evidence.seen &= ~EVIDENCE(WIRE_HOOKED);
	r.evidence.local_rst_count = 1;
	r.evidence.peer_rst_count = 0;
	r.evidence.local_syn_count = r.evidence.peer_syn_count = 0;
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "syn_count"), "null");
	assert_string_equal(json_of(&c, "rst_count_srv"), "1");
	assert_string_equal(json_of(&c, "rst_count_clt"), "null");

	r.evidence.seen |= EVIDENCE(WIRE_HOOKED);
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "syn_count"), "0");
	assert_string_equal(json_of(&c, "rst_count_clt"), "0");

	/* Older than the tracer: its SYN was before. Its RST would have been seen. */
	r.head.flags = RECORD_FROM_SNAPSHOT;
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "syn_count"), "null");
	assert_string_equal(json_of(&c, "rst_count_clt"), "0");
}

TEST(a_failed_handshake_counts_as_none)
{
	struct close_record r = sample_record();
	struct closed_connection c;

	r.evidence.seen = EVIDENCE(CLIENT);
	r.evidence.state = TCP_STATE_SYN_SENT;
	r.evidence.error = EVIDENCE_ETIMEDOUT;
	close_decide(&r.evidence, &r.decision);
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "ct_count"), "0");
	assert_string_equal(json_of(&c, "error"), "\"ETIMEDOUT\"");
	r.evidence.error = 4000;
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "error"), "\"unknown\"");
}

TEST(the_roles_that_follow_from_the_subject)
{
	struct close_record r = sample_record_empty();
	struct closed_connection c;

	r.evidence.subject = SUBJECT_REQUEST;
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "role"), "\"server\"");
	r.evidence.subject = SUBJECT_REPLY;
	r.evidence.trigger_flags = TCP_FLAG_SYN;
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "role"), "\"server\"");
	r.evidence.trigger_flags = TCP_FLAG_SYN | TCP_FLAG_ACK;
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "role"), "null");
	r.evidence.reply_state = TCP_STATE_LISTEN;
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "role"), "\"server\"");
}

TEST(times_that_make_no_sense_are_unknown)
{
	struct close_record r = sample_record();
	struct record_context context = sample_context();
	struct closed_connection c;

	r.birth_ns = r.head.time_ns + 1;
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "duration_us"), "null");
	r.birth_ns = r.head.time_ns;
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "duration_us"), "0");
	context.jiffies_hz = 0;
	connection_from_record(&r, &context, &c);
	assert_string_equal(json_of(&c, "idle_us"), "null");
	context.jiffies_hz = 1000;
	r.idle_jiffies = 0xfffffffe;
	connection_from_record(&r, &context, &c);
	assert_string_equal(json_of(&c, "idle_us"), "0");
	/* Nobody is idle for longer than he lives; of unknown life, as the ticks say. */
	r.birth_ns = 0;
	connection_from_record(&r, &context, &c);
	assert_string_equal(json_of(&c, "idle_us"), "4294967294000");
}

TEST(ipv6_has_no_identification)
{
	struct close_record r = sample_record();
	struct closed_connection c;

	sample_set_key(&r, "2001:db8::1", 443, "2001:db8::2", 45012);
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "ip_version"), "6");
	assert_string_equal(json_of(&c, "local_addr"), "\"2001:db8::1\"");
	assert_string_equal(json_of(&c, "rst_ip_id"), "null");
	assert_string_equal(json_of(&c, "rst_ttl"), "211");
}

TEST(hostile_names_stay_inside_their_string)
{
	struct close_record r = sample_record();
	struct closed_connection c;

	sample_set_task(&r.owner, 1, 0, "\",\"x\":\"\n\033[2J\xff");
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "comm"),
			    "\"\\\",\\\"x\\\":\\\"\\n\\u001b[2J\xef\xbf\xbd\"");
	/* All sixteen bytes used: no NUL to end it. */
	memset(r.owner.comm, 'a', sizeof(r.owner.comm));
	c = sample_connection_of(&r);
	assert_string_equal(json_of(&c, "comm"), "\"aaaaaaaaaaaaaaaa\"");
}

TEST(a_storm_has_a_number_a_beginning_and_an_end)
{
	struct closed_connection plain = sample_connection(), c;
	struct record_context context = {};
	struct storm_record storm = { .close = plain.record, .repeated = 12345 };

	storm.last_ns = storm.close.head.time_ns + 2000000000;
	clock_map_refresh(&context.clock);
	connection_from_storm(&storm, &context, &c);
	assert_string_equal(json_of(&c, "repeated"), "12345");
	assert_int_equal(c.wall_ns - c.first_wall_ns, 2000000000);
	assert_string_not_equal(json_of(&c, "first_time"), "null");
	/* What it tells of the one is not stretched to the end of the storm. */
	assert_int_equal(c.duration_us, plain.duration_us);
	assert_non_null(strstr(json_of(&c, "explanation"), "12,345 endings within 2 s, such as: "));
	c.storm_level = 2;
	assert_non_null(strstr(json_of(&c, "explanation"), "within 2 s, of many addresses, such"));
}

TEST(text_for_people)
{
	static const struct expected texts[] = {
		{ "time", "2026-03-04T05:06:07.000000089Z" },
		{ "benign", "no" },
		{ "evidence", "tcp_send_reset,sk_rst_reason,unread_data" },
		{ "bytes_unread", "4,312" },
		{ "pid", "812" },
		{ "peer_port", "45012" },
		{ "duration_us", "1.2 s" },
		{ "rst_seq_offset", "-7" },
		{ "local_addr", "10.0.0.9" },
		{ "comm", "nginx" },
	};
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT;
	struct closed_connection c = sample_connection();
	struct field_value value;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct field *field = row_type_field(&connection_row_type, texts[i].name);

		assert_true(row_get(&connection_row_type, &c, field->id, NULL, &value));
		strbuf_reset(&b);
		field_append_text(&b, field, &value, NULL);
		assert_string_equal(b.data, texts[i].json);
	}
	strbuf_reset(&b);
	field_append_text(&b, &connection_fields[FIELD_ID_pid], NULL, NULL);
	assert_string_equal(b.data, "-");
	value.bits = 0;
	strbuf_reset(&b);
	field_append_text(&b, &connection_fields[FIELD_ID_evidence], &value, NULL);
	assert_string_equal(b.data, "-");
	strbuf_reset(&b);
	field_append_json(&b, &connection_fields[FIELD_ID_evidence], &value, NULL);
	assert_string_equal(b.data, "[]");
}

TEST_MAIN()
