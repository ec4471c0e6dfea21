// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Outlets that are slow, full, blocked, gone and well, at once: none of them may touch another. */
#include "user/outlet/outlets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/outlet/call_outlet.h"
#include "user/outlet/rows_outlet.h"
#include "user/render/flow_columns.h"

#define SOON_NS (50 * CLOCK_NS_PER_MS)

static uint64_t soon(void)
{
	return clock_monotonic_ns() + SOON_NS;
}

static struct writer_options to_fd(int fd)
{
	return (struct writer_options){ .fd = fd, .queue_bytes = 1 << 20, .event_fd = -1 };
}

static struct writer *writer_to(const struct writer_options *options)
{
	struct writer *writer = NULL;

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(writer_open(options, &writer), 0);
	return writer;
}

/* False when there was no room. */
static bool put(struct writer *writer, const char *text)
{
	struct strbuf *b = writer_begin(writer, 1);

	if (!b)
		return false;
	strbuf_append_str(b, text);
	writer_end(writer, 1, false);
	return true;
}

static struct outlet_account account_of(const struct writer *writer)
{
	struct outlet_account account = {};

	writer_account(writer, &account);
	return account;
}

static char *temporary(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/tmp/closetrace-test-%d-%s", getpid(), name);
	unlink(path);
	return path;
}

static void assert_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_RDONLY);
	static char got[4096];
	ssize_t len = read(fd, got, sizeof(got) - 1);

	assert_true(fd >= 0 && len >= 0);
	got[len] = '\0';
	assert_string_equal(got, text);
}

TEST(what_is_put_in_comes_out_in_its_order)
{
	_cleanup_close_ int fd = memfd_create("out", 0);
	struct writer_options options = to_fd(fd);
	_cleanup_(writer_close) struct writer *writer = writer_to(&options);
	char expected[8], got[8];

	for (int i = 0; i < 5000; i++) {
		snprintf(expected, sizeof(expected), "%06d\n", i);
		assert_true(put(writer, expected));
		if (i % 7 == 0)
			writer_flush(writer);
	}
	writer_drain(writer, UINT64_MAX);
	assert_int_equal(account_of(writer).written, 5000);
	assert_int_equal(lseek(fd, 0, SEEK_END), 5000 * 7);
	for (int i = 0; i < 5000; i++) {
		snprintf(expected, sizeof(expected), "%06d\n", i);
		assert_int_equal(pread(fd, got, 7, 7 * i), 7);
		assert_memory_equal(got, expected, 7);
	}
}

TEST(a_full_disk_ends_it_and_everything_is_counted)
{
	_cleanup_close_ int full = open("/dev/full", O_WRONLY), event_fd = -1;
	struct writer_options options = to_fd(full);
	_cleanup_(writer_close) struct writer *writer = NULL;
	struct outlet_account account;

	writer = writer_to(&options);
	for (int i = 0; i < 10; i++)
		assert_true(put(writer, "line\n"));
	writer_drain(writer, UINT64_MAX);
	assert_true(writer_has_ended(writer));
	assert_false(put(writer, "line\n"));
	account = account_of(writer);
	assert_int_equal(account.error, -ENOSPC);
	assert_int_equal(account.written, 0);
	assert_int_equal(account.lost[OUTLET_LOSS_FAILED], 11);
}

/* The records before the failure are whole, the one that it cut is not counted as written. */
TEST(after_a_failure_in_the_middle_only_whole_records_count)
{
	int fds[2];
	struct writer_options options;
	struct outlet_account account;
	struct writer *writer;
	char got[64];

	assert_int_equal(pipe(fds), 0);
	options = to_fd(fds[1]);
	writer = writer_to(&options);
	assert_true(put(writer, "one\n"));
	writer_drain(writer, UINT64_MAX);
	assert_int_equal(read(fds[0], got, sizeof(got)), 4);
	close(fds[0]);
	assert_true(put(writer, "two\n"));
	assert_true(put(writer, "three\n"));
	writer_drain(writer, UINT64_MAX);
	account = account_of(writer);
	assert_int_equal(account.error, -EPIPE);
	assert_int_equal(account.written, 1);
	assert_int_equal(account.lost[OUTLET_LOSS_FAILED], 2);
	writer_close(&writer);
	close(fds[1]);
}

/* Nobody reads: what is in the pipe is written, what waits is bounded, the rest is dropped. */
TEST(a_reader_that_does_not_read_costs_bounded_memory_and_no_time)
{
	static const char line[] =
		"0123456789012345678901234567890123456789012345678901234567890\n";
	uint64_t begin_ns = clock_monotonic_ns(), offered = 200000, in_pipe = 0;
	struct outlet_account account;
	struct writer_options options;
	struct writer *writer;
	static char got[65536];
	int fds[2];
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	options = to_fd(fds[1]);
	options.queue_bytes = 256 * 1024;
	writer = writer_to(&options);
	for (uint64_t i = 0; i < offered; i++) {
		put(writer, line);
		if (i % 100 == 0)
			writer_flush(writer);
	}
	writer_drain(writer, soon());
	account = account_of(writer);
	assert_int_equal(account.written + outlet_account_lost(&account), offered);
	assert_true(account.lost[OUTLET_LOSS_FULL] > offered / 2);
	assert_true(account.lost[OUTLET_LOSS_LATE] > 0);
	assert_true(account.lost[OUTLET_LOSS_LATE] * (sizeof(line) - 1) <= options.queue_bytes);
	writer_close(&writer);
	assert_null(writer);
	/* Ten seconds are for a machine that does much else. */
	assert_true(clock_monotonic_ns() - begin_ns < 10 * CLOCK_NS_PER_SECOND);
	close(fds[1]);
	while ((n = read(fds[0], got, sizeof(got))) > 0)
		in_pipe += (uint64_t)n;
	close(fds[0]);
	assert_int_equal(in_pipe / (sizeof(line) - 1), account.written);
}

TEST(small_gulps_do_not_take_the_memory_of_large_ones)
{
	struct outlet_account account;
	struct writer_options options;
	struct writer *writer;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	options = to_fd(fds[1]);
	options.queue_bytes = 1 << 20;
	writer = writer_to(&options);
	/* One record a gulp, far more than the pipe holds, far less than the queue does. */
	for (int i = 0; i < 5000; i++) {
		assert_true(put(writer, "a record of some thirty bytes\n"));
		writer_flush(writer);
	}
	writer_drain(writer, soon());
	account = account_of(writer);
	assert_int_equal(account.lost[OUTLET_LOSS_FULL], 0);
	assert_int_equal(account.written + account.lost[OUTLET_LOSS_LATE], 5000);
	writer_close(&writer);
	close(fds[0]);
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
		for (ssize_t i = 0; i < n; i++)
			reader->lines += text[i] == '\n';
		reader->bytes += (size_t)n;
		if (reader->bytes % 5 == 0)
			usleep(100);
	}
	return NULL;
}

/* Short writes and EAGAIN, a source that can wait, a queue that is much smaller than the whole. */
TEST(a_source_that_can_wait_loses_nothing_to_a_slow_reader)
{
	struct slow_reader reader = { 0 };
	struct writer_options options;
	struct writer *writer;
	pthread_t thread;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	fcntl(fds[1], F_SETPIPE_SZ, 4096);
	reader.fd = fds[0];
	assert_int_equal(pthread_create(&thread, NULL, read_slowly, &reader), 0);
	options = to_fd(fds[1]);
	options.queue_bytes = 64 * 1024;
	options.waits = true;
	writer = writer_to(&options);
	for (int i = 0; i < 20000; i++)
		assert_true(put(writer, "a line of some length, as lines are\n"));
	writer_drain(writer, UINT64_MAX);
	assert_int_equal(account_of(writer).written, 20000);
	writer_close(&writer);
	close(fds[1]);
	pthread_join(thread, NULL);
	close(fds[0]);
	assert_int_equal(reader.lines, 20000);
}

TEST(a_record_without_memory_is_taken_back_whole_and_counted)
{
	_cleanup_close_ int fd = memfd_create("out", 0);
	struct writer_options options = to_fd(fd);
	_cleanup_(writer_close) struct writer *writer = writer_to(&options);
	char text[16] = "";
	struct strbuf *b;

	assert_true(put(writer, "kept\n"));
	b = writer_begin(writer, 7);
	strbuf_append_str(b, "half of");
	assert_int_equal(strbuf_reserve(b, SIZE_MAX / 2), -ENOMEM);
	writer_end(writer, 7, true);
	assert_true(put(writer, "next\n"));
	writer_drain(writer, UINT64_MAX);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 10);
	assert_memory_equal(text, "kept\nnext\n", 10);
	assert_int_equal(account_of(writer).lost[OUTLET_LOSS_MEMORY], 7);
	assert_int_equal(account_of(writer).written, 2);
}

TEST(a_fifo_without_reader_is_opened_and_waits_for_one)
{
	const char *path = temporary("fifo");
	struct writer_options options = to_fd(-1);
	struct outlet_account account;
	struct writer *writer;
	char got[16];
	int fd;

	options.path = path;
	assert_int_equal(mkfifo(path, 0600), 0);
	writer = writer_to(&options);
	assert_true(put(writer, "early\n"));
	writer_drain(writer, soon());
	account = account_of(writer);
	assert_int_equal(account.error, 0);
	assert_int_equal(account.lost[OUTLET_LOSS_LATE], 1);
	writer_close(&writer);

	writer = writer_to(&options);
	assert_true(put(writer, "early\n"));
	writer_flush(writer);
	fd = open(path, O_RDONLY);
	writer_drain(writer, UINT64_MAX);
	assert_int_equal(account_of(writer).written, 1);
	assert_int_equal(read(fd, got, sizeof(got)), 6);
	assert_memory_equal(got, "early\n", 6);
	close(fd);
	writer_close(&writer);
	unlink(path);
}

TEST(a_long_file_is_begun_anew_between_two_records)
{
	const char *path = temporary("file");
	char *older = NULL;
	struct strbuf head = STRBUF_INIT;
	struct writer_options options = to_fd(-1);
	struct writer *writer;

	assert_true(asprintf(&older, "%s.1", path) > 0);
	strbuf_append_str(&head, "head\n");
	options.path = path;
	options.max_bytes = 12;
	options.head = &head;
	writer = writer_to(&options);
	for (int i = 0; i < 7; i++)
		assert_true(put(writer, (char[]){ 'a', (char)('0' + i), '\n', '\0' }));
	writer_drain(writer, UINT64_MAX);
	assert_int_equal(writer_rotations(writer), 2);
	assert_int_equal(account_of(writer).written, 7);
	writer_close(&writer);
	assert_file(older, "head\na3\na4\na5\n");
	assert_file(path, "head\na6\n");
	unlink(path);
	unlink(older);
	free(older);
	strbuf_release(&head);
}

TEST(a_file_that_cannot_be_opened_says_why)
{
	struct writer_options options = to_fd(-1);
	struct writer *writer = NULL;

	options.path = "/nonexistent/file";
	assert_int_equal(writer_open(&options, &writer), -ENOENT);
	options.path = "/tmp";
	assert_int_equal(writer_open(&options, &writer), -EISDIR);
	options.path = "/proc/self/fd/0";
	assert_int_equal(writer_open(&options, &writer), -ELOOP);
	assert_null(writer);
}

static int taken;

static int count_take(void *data, const struct closed_connection *c)
{
	(void)data;
	(void)c;
	return taken++ % 2 ? -ENOMEM : 0;
}

static void offer_all(const struct outlets *outlets, const struct closed_connection *c)
{
	size_t count;
	struct outlet *const *list = outlets_list(outlets, &count);

	for (size_t i = 0; i < count; i++)
		outlet_offer(list[i], c);
}

static void flush_all(const struct outlets *outlets)
{
	size_t count;
	struct outlet *const *list = outlets_list(outlets, &count);

	for (size_t i = 0; i < count; i++)
		outlet_flush(list[i]);
}

/* One fails, one blocks, one works, one counts: each has its own fate, and none another's. */
TEST(every_outlet_has_its_own_fate)
{
	struct outlets_options options = { .queue_bytes = 4 << 20, .parts = 4 };
	struct closed_connection c = sample_connection();
	struct outlet_request failing = { .form = &ndjson_form_ops, .path = "/dev/full" };
	struct outlet_request blocked = { .form = &ndjson_form_ops, .path = NULL };
	struct outlet_request working = { .form = &table_form_ops, .path = NULL };
	char *fifo = strdup(temporary("blocked")), *file = strdup(temporary("working"));
	_cleanup_(outlets_free) struct outlets *outlets = NULL;
	struct pollfd event = { .events = POLLIN };
	struct ledger ledger = {};
	struct outlet *counts;

	blocked.path = fifo;
	working.path = file;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(outlets_new(&options, &outlets), 0);
	assert_int_equal(outlets_open(outlets, &failing, NULL), 0);
	assert_int_equal(outlets_open(outlets, &blocked, NULL), 0);
	assert_int_equal(outlets_open(outlets, &working, NULL), 0);
	assert_int_equal(call_outlet_new("counts", count_take, NULL, &counts), 0);
	assert_int_equal(outlets_add(outlets, counts), 0);
	c.repeated = 3;
	/* It has failed before its queue can be full: however late its thread runs. */
	offer_all(outlets, &c);
	flush_all(outlets);
	event.fd = outlets_event_fd(outlets);
	assert_int_equal(poll(&event, 1, 10000), 1);
	for (int i = 1; i < 1000; i++) {
		offer_all(outlets, &c);
		if (i % 10 == 0)
			flush_all(outlets);
	}
	flush_all(outlets);
	assert_int_equal(outlets_check(outlets), 0);
	assert_int_equal(outlets_drain(outlets, clock_monotonic_ns() + CLOCK_NS_PER_SECOND),
			 -ENOSPC);
	outlets_fill_ledger(outlets, &ledger);
	assert_int_equal(ledger.outlet_count, 4);
	for (size_t i = 0; i < ledger.outlet_count; i++) {
		assert_int_equal(ledger.outlets[i].offered, 3000);
		assert_int_equal(
			ledger.outlets[i].written + outlet_account_lost(&ledger.outlets[i]), 3000);
	}
	assert_int_equal(ledger.outlets[0].lost[OUTLET_LOSS_FAILED], 3000);
	assert_int_equal(ledger.outlets[1].written, 0);
	assert_true(ledger.outlets[1].lost[OUTLET_LOSS_FULL] > 0);
	assert_true(ledger.outlets[1].lost[OUTLET_LOSS_LATE] > 0);
	assert_int_equal(ledger.outlets[2].written, 3000);
	assert_int_equal(ledger.outlets[3].lost[OUTLET_LOSS_MEMORY], 1500);
	assert_string_equal(ledger.outlet_names[3], "counts");
	unlink(fifo);
	unlink(file);
	free(fifo);
	free(file);
}

TEST(the_run_is_over_when_the_last_outlet_has_ended)
{
	struct outlets_options options = {};
	struct closed_connection c = sample_connection();
	struct outlet_request failing = { .form = &zeek_form_ops, .path = "/dev/full" };
	_cleanup_(outlets_free) struct outlets *outlets = NULL;
	struct pollfd event = { .events = POLLIN };

	assert_int_equal(outlets_new(&options, &outlets), 0);
	assert_int_equal(outlets_check(outlets), 0);
	assert_int_equal(outlets_open(outlets, &failing, NULL), 0);
	assert_int_equal(outlets_check(outlets), 0);
	offer_all(outlets, &c);
	flush_all(outlets);
	event.fd = outlets_event_fd(outlets);
	assert_int_equal(poll(&event, 1, 10000), 1);
	assert_int_equal(outlets_check(outlets), 1);
	assert_int_equal(poll(&event, 1, 0), 0);
}

TEST(rows_of_a_command_have_an_account_too)
{
	const char *path = temporary("rows");
	struct outlets_options options = {};
	struct outlet_request request = { .form = &csv_form_ops, .path = path };
	_cleanup_(outlets_free) struct outlets *outlets = NULL;
	const struct flow_row row = {};
	const void *list[] = { &row, &row };
	struct ledger ledger = {};
	struct columns columns;
	struct outlet *rows;
	FILE *file;
	int lines = 0, c;

	assert_int_equal(outlets_new(&options, &outlets), 0);
	flow_columns(&csv_form_ops, FLOW_KEY(CLIENT), &columns);
	assert_int_equal(outlets_open_rows(outlets, &request, &flow_row_type, &columns, &rows), 0);
	rows_outlet_write(rows, "a title is for people", list, 0);
	rows_outlet_write(rows, "a title is for people", list, 2);
	rows_outlet_write(rows, "a title is for people", list, 1);
	assert_int_equal(outlets_drain(outlets, UINT64_MAX), 0);
	outlets_fill_ledger(outlets, &ledger);
	assert_int_equal(ledger.outlets[0].offered, 3);
	assert_int_equal(ledger.outlets[0].written, 3);
	file = fopen(path, "r");
	assert_non_null(file);
	while ((c = fgetc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	assert_int_equal(lines, 1 + 3); /* one head */
	unlink(path);
}

TEST(there_is_an_end_to_outlets)
{
	struct outlets_options options = {};
	_cleanup_(outlets_free) struct outlets *outlets = NULL;
	struct outlet *counts;

	assert_int_equal(outlets_new(&options, &outlets), 0);
	for (int i = 0; i <= OUTLETS_MOST; i++) {
		assert_int_equal(call_outlet_new("counts", count_take, NULL, &counts), 0);
		assert_int_equal(outlets_add(outlets, counts), i < OUTLETS_MOST ? 0 : -E2BIG);
	}
}

TEST_MAIN()
