// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The NDJSON sink, read back with jansson, and the output below all sinks. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/model/field_text.h"
#include "user/model/fields.h"
#include "user/sink/output.h"
#include "user/sink/sinks.h"

static struct sink *sink_to(int fd)
{
	struct sink_options options = { .fd = fd, .file_name_for_messages = "the test" };
	struct sink *sink = NULL;

	assert_int_equal(ndjson_sink_ops.open(&options, &sink), 0);
	return sink;
}

/* What the sink writes for `c`, parsed. */
static json_t *object_of(const struct closed_connection *c)
{
	_cleanup_close_ int fd = memfd_create("ndjson", 0);
	_cleanup_(sink_close) struct sink *sink = sink_to(fd);
	static char text[65536];
	json_error_t error;
	json_t *object;
	ssize_t len;

	assert_int_equal(sink_write(sink, c), 0);
	assert_int_equal(sink_flush(sink), 0);
	len = pread(fd, text, sizeof(text) - 1, 0);
	assert_in_range(len, 2, sizeof(text) - 2);
	assert_int_equal(text[len - 1], '\n');
	assert_null(memchr(text, '\n', (size_t)len - 1));
	object = json_loadb(text, (size_t)len, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		fail_msg("%s in %.*s", error.text, (int)len, text);
	return object;
}

/* One member against the getter of its field, by type. */
static void assert_member(const struct closed_connection *c, const struct field *field,
			  const json_t *member)
{
	_cleanup_(strbuf_release) struct strbuf scratch = STRBUF_INIT, text = STRBUF_INIT;
	struct field_value value;
	size_t i = 0, len;

	assert_non_null(member);
	if (!row_get(&connection_row_type, c, field->id, &scratch, &value)) {
		assert_true(json_is_null(member));
		return;
	}
	switch (field->type) {
	case FIELD_STRING:
	case FIELD_WORD:
		assert_int_equal(json_string_length(member), value.len);
		assert_memory_equal(json_string_value(member), value.text, value.len);
		break;
	case FIELD_U64:
	case FIELD_PORT:
	case FIELD_DURATION_US:
	case FIELD_BYTES:
		assert_true(json_is_integer(member));
		assert_int_equal(json_integer_value(member), value.number);
		break;
	case FIELD_I64:
		assert_int_equal(json_integer_value(member), value.integer);
		break;
	case FIELD_BOOL:
		assert_int_equal(json_is_true(member), value.truth);
		break;
	case FIELD_WORD_LIST:
		assert_int_equal(json_array_size(member), __builtin_popcountll(value.bits));
		for (; value.bits; value.bits &= value.bits - 1)
			assert_string_equal(
				json_string_value(json_array_get(member, i++)),
				field->words->name((uint8_t)__builtin_ctzll(value.bits)));
		break;
	case FIELD_STRING_LIST:
		for (; value.len; value.text += len, value.len -= len) {
			len = strlen(value.text) + 1;
			assert_string_equal(json_string_value(json_array_get(member, i++)),
					    value.text);
		}
		assert_int_equal(json_array_size(member), i);
		break;
	default:
		field_append_text(&text, field, &value, NULL);
		assert_string_equal(json_string_value(member), text.data);
	}
}

static void assert_round_trip(const struct closed_connection *c)
{
	json_t *object = object_of(c);
	size_t i;

	assert_int_equal(json_object_size(object), FIELD_COUNT);
	for (i = 0; i < FIELD_COUNT; i++)
		assert_member(c, &connection_fields[i],
			      json_object_get(object, connection_fields[i].name));
	json_decref(object);
}

TEST(a_full_record_comes_back_as_it_was)
{
	struct closed_connection c = sample_connection_with_stacks();

	assert_round_trip(&c);
}

TEST(an_empty_record_comes_back_with_its_nulls)
{
	struct closed_connection c = sample_connection_empty();
	json_t *object = object_of(&c);

	assert_true(json_is_null(json_object_get(object, "pid")));
	assert_true(json_is_null(json_object_get(object, "bytes_unread")));
	assert_true(json_is_null(json_object_get(object, "reason")));
	json_decref(object);
	assert_round_trip(&c);
}

TEST(ipv6_and_extreme_numbers_come_back)
{
	struct close_record r = sample_record();
	struct closed_connection c;

	sample_set_key(&r, "fe80::1", 65535, "2001:db8::", 1);
	r.bytes_sent = INT64_MAX;
	r.evidence.rst_seq_offset = INT32_MIN;
	r.evidence.unread_bytes = UINT32_MAX;
	c = sample_connection_of(&r);
	assert_round_trip(&c);
}

TEST(hostile_names_come_back_and_forge_nothing)
{
	static const char *const names[] = {
		"\",\"pid\":1,\"x\":\"", "}\n{\"pid\":1}",	"\\", "a\tb\nc\rd",
		"\x01\x1f\x7f",		 "\xc3\xa9\xe2\x82\xac"
	};
	struct closed_connection c;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct close_record r = sample_record();

		sample_set_task(&r.owner, 4, 0, names[i]);
		sample_set_task(&r.closer, 5, 0, names[i]);
		c = sample_connection_of(&r);
		c.cgroup = names[i];
		c.host = names[i];
		assert_round_trip(&c);
	}
}

TEST(bytes_that_are_no_text_become_replacement_characters)
{
	struct close_record r = sample_record();
	struct closed_connection c;
	json_t *object;

	sample_set_task(&r.owner, 4, 0, "a\xff\xc3");
	c = sample_connection_of(&r);
	object = object_of(&c);
	assert_string_equal(json_string_value(json_object_get(object, "comm")),
			    "a\xef\xbf\xbd\xef\xbf\xbd");
	json_decref(object);
}

/* -- output ---------------------------------------------------------------------------------- */
TEST(a_full_disk_is_reported_and_nothing_is_lost)
{
	_cleanup_close_ int full = open("/dev/full", O_WRONLY), fd = memfd_create("out", 0);
	struct closed_connection c = sample_connection();
	struct sink_options options = { .fd = full, .file_name_for_messages = "/dev/full" };
	struct output output;
	char text[16] = "";

	assert_true(full >= 0);
	output_init(&output, &options);
	output_begin(&output);
	strbuf_append_str(&output.text, "first\n");
	assert_int_equal(output_end(&output), 0);
	assert_int_equal(output_flush(&output), -ENOSPC);
	output_begin(&output);
	strbuf_append_str(&output.text, "second\n");
	assert_int_equal(output_end(&output), 0);
	output.fd = fd;
	assert_int_equal(output_flush(&output), 0);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 13);
	assert_memory_equal(text, "first\nsecond\n", 13);
	output_release(&output);

	{
		_cleanup_(sink_close) struct sink *sink = sink_to(full);
		int i, err = 0;

		for (i = 0; i < 1000 && !err; i++)
			err = sink_write(sink, &c);
		assert_int_equal(err, -ENOSPC);
		assert_in_range(i, OUTPUT_FLUSH_BYTES / 4096, OUTPUT_FLUSH_BYTES / 1000);
	}
}

/* Part of the text is out when the error comes: the next try goes on behind it. */
TEST(after_half_a_write_the_rest_follows_and_nothing_twice)
{
	_cleanup_close_ int fd = memfd_create("out", 0);
	struct sink_options options = { .fd = fd, .file_name_for_messages = "out" };
	struct rlimit before, small;
	struct output output;
	char text[32];
	int err;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 7;
	output_init(&output, &options);
	output_begin(&output);
	strbuf_append_str(&output.text, "one two three\n");
	assert_int_equal(output_end(&output), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	err = output_flush(&output);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(err, -EFBIG);
	output_begin(&output);
	strbuf_append_str(&output.text, "four\n");
	assert_int_equal(output_end(&output), 0);
	assert_int_equal(output_flush(&output), 0);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 19);
	assert_memory_equal(text, "one two three\nfour\n", 19);
	output_release(&output);
}

TEST(a_reader_that_left_is_epipe)
{
	struct closed_connection c = sample_connection();
	struct sink *sink;
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	sink = sink_to(fds[1]);
	assert_int_equal(sink_write(sink, &c), 0);
	assert_int_equal(sink_flush(sink), -EPIPE);
	sink_close(&sink);
	assert_null(sink);
	sink_close(&sink);
	close(fds[1]);
}

struct slow_reader {
	int fd;
	size_t bytes;
	size_t lines;
};

static void *read_slowly(void *data)
{
	struct slow_reader *reader = data;
	char text[1777];
	ssize_t n;

	while ((n = read(reader->fd, text, sizeof(text))) > 0) {
		ssize_t i;

		for (i = 0; i < n; i++)
			reader->lines += text[i] == '\n';
		reader->bytes += (size_t)n;
		if (reader->bytes % 5 == 0)
			usleep(100);
	}
	return NULL;
}

/* Short writes and EAGAIN: a non-blocking pipe that is smaller than what is written. */
TEST(a_slow_reader_gets_every_line)
{
	struct closed_connection c = sample_connection();
	struct slow_reader reader = { 0 };
	struct sink *sink;
	pthread_t thread;
	int fds[2], i;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	fcntl(fds[1], F_SETPIPE_SZ, 4096);
	reader.fd = fds[0];
	assert_int_equal(pthread_create(&thread, NULL, read_slowly, &reader), 0);
	sink = sink_to(fds[1]);
	for (i = 0; i < 500; i++)
		assert_int_equal(sink_write(sink, &c), 0);
	assert_int_equal(sink_flush(sink), 0);
	sink_close(&sink);
	close(fds[1]);
	pthread_join(thread, NULL);
	close(fds[0]);
	assert_int_equal(reader.lines, 500);
}

TEST(a_record_without_memory_is_taken_back_whole)
{
	_cleanup_close_ int fd = memfd_create("out", 0);
	struct sink_options options = { .fd = fd, .file_name_for_messages = "out" };
	struct output output;
	char text[16];

	output_init(&output, &options);
	output_begin(&output);
	strbuf_append_str(&output.text, "kept\n");
	assert_int_equal(output_end(&output), 0);
	output_begin(&output);
	strbuf_append_str(&output.text, "half of");
	assert_int_equal(strbuf_reserve(&output.text, SIZE_MAX / 2), -ENOMEM);
	assert_int_equal(output_end(&output), -ENOMEM);
	output_begin(&output);
	strbuf_append_str(&output.text, "next\n");
	assert_int_equal(output_end(&output), 0);
	assert_int_equal(output_flush(&output), 0);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 10);
	assert_memory_equal(text, "kept\nnext\n", 10);
	output_release(&output);
}

TEST(sinks_are_found_by_name)
{
	size_t i;

	assert_ptr_equal(sink_ops_find("ndjson"), &ndjson_sink_ops);
	assert_ptr_equal(sink_ops_find("table"), &table_sink_ops);
	assert_ptr_equal(sink_ops_find("wide"), &wide_sink_ops);
	assert_null(sink_ops_find("json"));
	assert_null(sink_ops_find(""));
	for (i = 0; sink_ops_at(i); i++)
		assert_ptr_equal(sink_ops_find(sink_ops_at(i)->name), sink_ops_at(i));
	assert_ptr_equal(sink_ops_find("zeek"), &zeek_sink_ops);
	assert_ptr_equal(sink_ops_find("csv"), &csv_sink_ops);
	assert_int_equal(i, 5);
}

TEST_MAIN()
