/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Growing text buffer. Appending is void: a failure sticks in `failed` and is looked at once, when
 * the text is used. Numbers and addresses are written without printf: this is the hot path.
 */
#ifndef USER_BASE_STRBUF_H
#define USER_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * @data      NULL until the first append or reserve; from then on NUL-terminated at data[len].
 * @len       Bytes of text. The text may hold NUL bytes.
 * @capacity  Bytes of text that fit without growing; the final NUL is not counted.
 * @failed    Memory ran out: the text is cut somewhere and must not be used. Sticky; every later
 *            append does nothing. Cleared by strbuf_reset() and strbuf_release().
 */
struct strbuf {
	char *data;
	size_t len;
	size_t capacity;
	bool failed;
};

/* clang-format off */
#define STRBUF_INIT { NULL, 0, 0, false }
/* clang-format on */

/* Free the memory; the buffer is as new. Fit for _cleanup_(strbuf_release). */
void strbuf_release(struct strbuf *b);

/* Forget the text and the failure, keep the memory. */
void strbuf_reset(struct strbuf *b);

/* The slow half of strbuf_reserve(): always grows. Not for callers. */
int strbuf_grow(struct strbuf *b, size_t extra);

/**
 * Make room for `extra` more bytes: after success that many may be written at data + len, and len
 * moved (data[len] must then be set to 0 again).
 *
 * @return  0; -ENOMEM, and then `failed` is set.
 */
static inline int strbuf_reserve(struct strbuf *b, size_t extra)
{
	if (__builtin_expect(b->capacity - b->len >= extra && b->data != NULL, 1))
		return 0;
	return strbuf_grow(b, extra);
}

/* `data` must not lie inside the buffer itself. It may be NULL when `len` is 0. */
static inline void strbuf_append(struct strbuf *b, const void *data, size_t len)
{
	if (len == 0 || strbuf_reserve(b, len) != 0)
		return;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

static inline void strbuf_append_str(struct strbuf *b, const char *s)
{
	strbuf_append(b, s, strlen(s));
}

static inline void strbuf_append_char(struct strbuf *b, char c)
{
	if (strbuf_reserve(b, 1) != 0)
		return;
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}

/* Decimal. */
void strbuf_append_u64(struct strbuf *b, uint64_t value);
void strbuf_append_s64(struct strbuf *b, int64_t value);

/* Decimal with a comma between groups of three: 4,312. For people, never for JSON. */
void strbuf_append_u64_grouped(struct strbuf *b, uint64_t value);

/* Lower-case hexadecimal, no prefix, zeros in front up to `min_digits` (at most 16). */
void strbuf_append_hex(struct strbuf *b, uint64_t value, unsigned int min_digits);

/**
 * @addr  Network byte order. IPv4 is ::ffff:a.b.c.d here and is printed as a.b.c.d.
 * Source: RFC 5952 section 4 (lower case, the first longest run of two or more zero groups is ::).
 */
void strbuf_append_ip(struct strbuf *b, const uint8_t addr[16]);

/* printf, for the cold paths. */
void strbuf_appendf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_appendv(struct strbuf *b, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

#endif
