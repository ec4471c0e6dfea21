// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/log.h"

#include <errno.h>
#include <stdio.h>
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

static void log_write(const char *data, size_t len)
{
	ssize_t written;

	/* A short write is not continued: it would be a second line for other writers. */
	do {
		written = write(STDERR_FILENO, data, len);
	} while (written < 0 && errno == EINTR);
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
