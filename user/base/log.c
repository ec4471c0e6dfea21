// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/json_text.h"
#include "user/base/strbuf.h"

static enum log_level log_level_now = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	log_level_now = level;
}

bool log_level_is_enabled(enum log_level level)
{
	return level <= log_level_now;
}

/* How long a message waits for a reader that does not read; the ones behind it do not. */
#define WAIT_MS 50
/* What a pipe that is ready takes without waiting (PIPE_BUF). */
#define PIECE_BYTES 4096

static bool is_blocked;
static uint64_t lines_lost;

static bool stderr_is_ready(void)
{
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
	int n;

	do {
		n = poll(&ready, 1, __atomic_load_n(&is_blocked, __ATOMIC_RELAXED) ? 0 : WAIT_MS);
	} while (n < 0 && errno == EINTR);
	__atomic_store_n(&is_blocked, n == 0, __ATOMIC_RELAXED);
	return n != 0;
}

/* False when it is to be dropped. A short write is not continued: it would be a second line. */
static bool log_write_piece(const char *data, size_t len)
{
	ssize_t written;

	if (!stderr_is_ready())
		return false;
	do {
		written = write(STDERR_FILENO, data, len);
	} while (written < 0 && errno == EINTR);
	return true;
}

static bool stderr_is_pipe(void)
{
	struct stat status;

	return !fstat(STDERR_FILENO, &status) && S_ISFIFO(status.st_mode);
}

static bool log_write_line(const char *data, size_t len)
{
	size_t piece = len > PIECE_BYTES && stderr_is_pipe() ? PIECE_BYTES : len;
	bool is_out = true;

	for (size_t at = 0; is_out && at < len; at += piece)
		is_out = log_write_piece(data + at, len - at < piece ? len - at : piece);
	return is_out;
}

static void log_write(const char *data, size_t len)
{
	uint64_t missing = __atomic_exchange_n(&lines_lost, 0, __ATOMIC_RELAXED);
	char sentence[128];
	int made;

	if (missing) {
		made = snprintf(sentence, sizeof(sentence),
				"closetrace: %" PRIu64 " messages are missing here: nobody read "
				"them\n",
				missing);
		if (!log_write_line(sentence, (size_t)made)) {
			__atomic_fetch_add(&lines_lost, missing + 1, __ATOMIC_RELAXED);
			return;
		}
	}
	if (!log_write_line(data, len))
		__atomic_fetch_add(&lines_lost, 1, __ATOMIC_RELAXED);
}

void log_text(const char *text, size_t len)
{
	_cleanup_(strbuf_release) struct strbuf line = STRBUF_INIT;

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t line_len = end ? (size_t)(end - text) : len;

		strbuf_reset(&line);
		text_append_printable(&line, text, line_len);
		strbuf_append_char(&line, '\n');
		if (!line.failed)
			log_write(line.data, line.len);
		line_len += end != NULL;
		text += line_len;
		len -= line_len;
	}
}

void log_valist(enum log_level level, const char *fmt, va_list args)
{
	static const char no_memory[] = "closetrace: out of memory for a message\n";
	_cleanup_(strbuf_release) struct strbuf sentence = STRBUF_INIT;
	_cleanup_(strbuf_release) struct strbuf line = STRBUF_INIT;
	int saved_errno = errno;

	if (!log_level_is_enabled(level))
		return;

	strbuf_appendv(&sentence, fmt, args);
	while (sentence.len > 0 && sentence.data[sentence.len - 1] == '\n')
		sentence.len--;

	strbuf_append_str(&line, "closetrace: ");
	text_append_printable(&line, sentence.data, sentence.len);
	strbuf_append_char(&line, '\n');

	if (sentence.failed || line.failed)
		log_write(no_memory, sizeof(no_memory) - 1);
	else
		log_write(line.data, line.len);
	errno = saved_errno;
}

int log_error(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_valist(LOG_LEVEL_ERROR, fmt, args);
	va_end(args);
	return err;
}

void log_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_valist(LOG_LEVEL_WARN, fmt, args);
	va_end(args);
}

void log_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_valist(LOG_LEVEL_INFO, fmt, args);
	va_end(args);
}

void log_debug(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_valist(LOG_LEVEL_DEBUG, fmt, args);
	va_end(args);
}
