/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Messages for people, on stderr, one line each. stdout belongs to the records. */
#ifndef USER_BASE_LOG_H
#define USER_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Messages above `level` are dropped. LOG_LEVEL_INFO until called. */
void log_set_level(enum log_level level);

/* Whether a message of this level would be printed: to skip the making of costly ones. */
bool log_level_is_enabled(enum log_level level);

/**
 * Print `closetrace: <sentence>` and a newline to stderr in one write(2), and hand `err` back, so
 * that a failure is reported and returned in one expression:
 *	return log_error(-errno, "cannot open %s: %s", path, strerror(errno));
 *
 * No errno text is added. Control characters, bidi overrides and invalid UTF-8 of the whole
 * sentence are escaped (text_append_printable), newlines at its end dropped: what comes from
 * outside can neither drive the terminal nor forge a second line. errno is kept.
 *
 * @return  `err`, unchanged.
 */
int log_error(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for the other levels. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * Print lines that are complete, each escaped as above.
 *
 * Nothing here waits for a reader of stderr that does not read: after a moment lines are dropped,
 * and their number is said as soon as they can be written again.
 */
void log_text(const char *text, size_t len);

/* The same for callers that hold a va_list, such as the print hook of a library. */
void log_valist(enum log_level level, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

#endif
