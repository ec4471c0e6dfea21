// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/base/strbuf.h"

#define _cleanup_strbuf_ _cleanup_(strbuf_release)

/* stderr of this process, replaced by a socket that keeps the borders of each write(2). */
struct capture {
	int saved_fd;
	int read_fd;
};

static struct capture capture_begin(void)
{
	struct capture capture;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	capture.saved_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(capture.saved_fd >= 0);
	assert_int_equal(dup2(pair[1], STDERR_FILENO), STDERR_FILENO);
	close(pair[1]);
	capture.read_fd = pair[0];
	return capture;
}

/* Put stderr back before anything is asserted, so that failures can be read. */
static void capture_end(struct capture *capture)
{
	dup2(capture->saved_fd, STDERR_FILENO);
	close(capture->saved_fd);
}

/* The next write, or the empty string when there was none. */
static const char *capture_next(const struct capture *capture)
{
	static char text[8192];
	ssize_t got = recv(capture->read_fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void log_valist_of(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void log_valist_of(enum log_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_valist(level, fmt, args);
	va_end(args);
}

TEST(error_is_one_write_and_is_handed_back)
{
	struct capture capture = capture_begin();
	int err;

	err = log_error(-ENOENT, "cannot open %s: %d of %d", "/tmp/x", 1, 2);
	capture_end(&capture);
	assert_int_equal(err, -ENOENT);
	assert_string_equal(capture_next(&capture), "closetrace: cannot open /tmp/x: 1 of 2\n");
	assert_string_equal(capture_next(&capture), "");
	close(capture.read_fd);
}

TEST(level_decides_what_is_printed)
{
	struct capture capture = capture_begin();
	int level;

	for (level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
		log_set_level((enum log_level)level);
		log_error(0, "e%d", level);
		log_warn("w%d", level);
		log_info("i%d", level);
		log_debug("d%d", level);
	}
	log_set_level(LOG_LEVEL_INFO);
	capture_end(&capture);
	assert_string_equal(capture_next(&capture), "closetrace: e0\n");
	assert_string_equal(capture_next(&capture), "closetrace: e1\n");
	assert_string_equal(capture_next(&capture), "closetrace: w1\n");
	assert_string_equal(capture_next(&capture), "closetrace: e2\n");
	assert_string_equal(capture_next(&capture), "closetrace: w2\n");
	assert_string_equal(capture_next(&capture), "closetrace: i2\n");
	assert_string_equal(capture_next(&capture), "closetrace: e3\n");
	assert_string_equal(capture_next(&capture), "closetrace: w3\n");
	assert_string_equal(capture_next(&capture), "closetrace: i3\n");
	assert_string_equal(capture_next(&capture), "closetrace: d3\n");
	assert_string_equal(capture_next(&capture), "");
	close(capture.read_fd);
}

TEST(error_is_handed_back_at_any_level)
{
	log_set_level(LOG_LEVEL_ERROR);
	assert_true(log_level_is_enabled(LOG_LEVEL_ERROR));
	assert_false(log_level_is_enabled(LOG_LEVEL_WARN));
	log_set_level(LOG_LEVEL_INFO);
	assert_true(log_level_is_enabled(LOG_LEVEL_INFO));
	assert_false(log_level_is_enabled(LOG_LEVEL_DEBUG));
}

TEST(text_from_outside_can_neither_drive_nor_forge)
{
	struct capture capture = capture_begin();

	log_info("name %s", "a\x1b[2J\nclosetrace: ready\xff");
	log_info("%s", "back\\slash \xe2\x80\xae");
	capture_end(&capture);
	assert_string_equal(capture_next(&capture),
			    "closetrace: name a\\x1b[2J\\x0aclosetrace: ready\\xff\n");
	assert_string_equal(capture_next(&capture), "closetrace: back\\slash \\u{202e}\n");
	assert_string_equal(capture_next(&capture), "");
	close(capture.read_fd);
}

TEST(newlines_at_the_end_are_dropped)
{
	struct capture capture = capture_begin();

	log_valist_of(LOG_LEVEL_WARN, "libbpf: %s\n\n", "text");
	log_info("%s", "");
	capture_end(&capture);
	assert_string_equal(capture_next(&capture), "closetrace: libbpf: text\n");
	assert_string_equal(capture_next(&capture), "closetrace: \n");
	close(capture.read_fd);
}

TEST(long_sentence_is_not_cut)
{
	_cleanup_strbuf_ struct strbuf expected = STRBUF_INIT;
	struct capture capture = capture_begin();

	log_info("%05000d", 7);
	capture_end(&capture);
	strbuf_appendf(&expected, "closetrace: %05000d\n", 7);
	assert_string_equal(capture_next(&capture), expected.data);
	close(capture.read_fd);
}

/* Nobody reads: nothing waits, and what is missing is said when somebody does. */
TEST(a_reader_that_does_not_read_is_not_waited_for)
{
	struct capture capture;
	char text[4096] = "", expected[256];
	int fds[2], lines = 0;
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	capture.saved_fd = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	for (int i = 0; i < 1000; i++)
		log_info("%01000d", i);
	dup2(capture.saved_fd, STDERR_FILENO);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	while ((n = read(fds[0], text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += text[i] == '\n';
	assert_in_range(lines, 1, 999);
	dup2(fds[1], STDERR_FILENO);
	log_info("read again");
	capture_end(&capture);
	memset(text, 0, sizeof(text));
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	snprintf(expected, sizeof(expected),
		 "closetrace: %d messages are missing here: nobody read them\n"
		 "closetrace: read again\n",
		 1000 - lines);
	assert_string_equal(text, expected);
	close(fds[0]);
	close(fds[1]);
}

TEST(errno_is_kept)
{
	struct capture capture = capture_begin();

	close(capture.read_fd);
	signal(SIGPIPE, SIG_IGN);
	errno = ENOTTY;
	log_error(-1, "nobody %s", "reads this");
	capture_end(&capture);
	assert_int_equal(errno, ENOTTY);
}

TEST_MAIN()
