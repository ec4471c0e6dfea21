// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/strbuf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define STRBUF_FIRST_CAPACITY 255
#define U64_DIGITS_MAX 20
#define IPV4_TEXT_MAX 15
#define IPV6_TEXT_MAX 39
#define IPV6_GROUPS 8

static const char digit_pairs[200] = "00010203040506070809"
				     "10111213141516171819"
				     "20212223242526272829"
				     "30313233343536373839"
				     "40414243444546474849"
				     "50515253545556575859"
				     "60616263646566676869"
				     "70717273747576777879"
				     "80818283848586878889"
				     "90919293949596979899";

static const char hex_digits[16] = "0123456789abcdef";

void strbuf_release(struct strbuf *b)
{
	free(b->data);
	*b = (struct strbuf)STRBUF_INIT;
}

void strbuf_reset(struct strbuf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

static int strbuf_fail(struct strbuf *b)
{
	b->failed = true;
	/* No room left on paper: later appends come here too and the fast path needs no test. */
	b->capacity = b->len;
	return -ENOMEM;
}

int strbuf_grow(struct strbuf *b, size_t extra)
{
	size_t capacity = b->capacity < STRBUF_FIRST_CAPACITY ? STRBUF_FIRST_CAPACITY : b->capacity;
	size_t needed;
	char *data;

	if (b->failed)
		return -ENOMEM;
	if (__builtin_add_overflow(b->len, extra, &needed) || needed > PTRDIFF_MAX - 1)
		return strbuf_fail(b);

	while (capacity < needed)
		capacity = capacity > PTRDIFF_MAX / 2 ? needed : capacity * 2 + 1;
	data = realloc(b->data, capacity + 1);
	if (!data)
		return strbuf_fail(b);

	data[b->len] = '\0';
	b->data = data;
	b->capacity = capacity;
	return 0;
}

/* Two's logarithm times log10(2) is right or one too large; the table tells which. */
static unsigned int decimal_digit_count(uint64_t value)
{
	static const uint64_t powers[U64_DIGITS_MAX] = {
		0ULL,
		10ULL,
		100ULL,
		1000ULL,
		10000ULL,
		100000ULL,
		1000000ULL,
		10000000ULL,
		100000000ULL,
		1000000000ULL,
		10000000000ULL,
		100000000000ULL,
		1000000000000ULL,
		10000000000000ULL,
		100000000000000ULL,
		1000000000000000ULL,
		10000000000000000ULL,
		100000000000000000ULL,
		1000000000000000000ULL,
		10000000000000000000ULL,
	};
	unsigned int guess = (unsigned int)(64 - __builtin_clzll(value | 1)) * 1233 >> 12;

	return guess - (value < powers[guess]) + 1;
}

/* Writes exactly `count` digits in front of `end`. */
static void digits_write_before(char *end, uint64_t value, unsigned int count)
{
	while (count >= 2) {
		end -= 2;
		count -= 2;
		memcpy(end, digit_pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (count)
		*--end = (char)('0' + value);
}

static void strbuf_advance(struct strbuf *b, size_t len)
{
	b->len += len;
	b->data[b->len] = '\0';
}

void strbuf_append_u64(struct strbuf *b, uint64_t value)
{
	unsigned int count;

	if (strbuf_reserve(b, U64_DIGITS_MAX) != 0)
		return;
	if (value < 10) {
		b->data[b->len] = (char)('0' + value);
		strbuf_advance(b, 1);
		return;
	}
	count = decimal_digit_count(value);
	digits_write_before(b->data + b->len + count, value, count);
	strbuf_advance(b, count);
}

void strbuf_append_s64(struct strbuf *b, int64_t value)
{
	uint64_t magnitude = (uint64_t)value;

	if (value < 0) {
		strbuf_append_char(b, '-');
		magnitude = 0 - magnitude;
	}
	strbuf_append_u64(b, magnitude);
}

void strbuf_append_u64_grouped(struct strbuf *b, uint64_t value)
{
	char text[U64_DIGITS_MAX];
	unsigned int count = decimal_digit_count(value);
	unsigned int head = (count - 1) % 3 + 1;
	unsigned int i;

	digits_write_before(text + count, value, count);
	strbuf_append(b, text, head);
	for (i = head; i < count; i += 3) {
		strbuf_append_char(b, ',');
		strbuf_append(b, text + i, 3);
	}
}

void strbuf_append_hex(struct strbuf *b, uint64_t value, unsigned int min_digits)
{
	unsigned int count = (unsigned int)(64 - __builtin_clzll(value | 1) + 3) / 4;
	unsigned int i;

	if (min_digits > 16)
		min_digits = 16;
	if (count < min_digits)
		count = min_digits;
	if (strbuf_reserve(b, count) != 0)
		return;
	for (i = 0; i < count; i++)
		b->data[b->len + i] = hex_digits[value >> (count - 1 - i) * 4 & 15];
	strbuf_advance(b, count);
}

static char *octet_write(char *out, unsigned int octet)
{
	if (octet >= 100) {
		*out++ = (char)('0' + octet / 100);
		memcpy(out, digit_pairs + octet % 100 * 2, 2);
		return out + 2;
	}
	if (octet >= 10) {
		memcpy(out, digit_pairs + octet * 2, 2);
		return out + 2;
	}
	*out++ = (char)('0' + octet);
	return out;
}

static void strbuf_append_ipv4(struct strbuf *b, const uint8_t octets[4])
{
	char *out;

	if (strbuf_reserve(b, IPV4_TEXT_MAX) != 0)
		return;
	out = octet_write(b->data + b->len, octets[0]);
	*out++ = '.';
	out = octet_write(out, octets[1]);
	*out++ = '.';
	out = octet_write(out, octets[2]);
	*out++ = '.';
	out = octet_write(out, octets[3]);
	strbuf_advance(b, (size_t)(out - (b->data + b->len)));
}

/* The first of the longest runs of zero groups; a length of 0 when none has two or more. */
static void ipv6_find_zero_run(const uint16_t groups[IPV6_GROUPS], int *ret_start, int *ret_len)
{
	int start = -1, len = 0, i, j;

	for (i = 0; i < IPV6_GROUPS; i = j + 1) {
		for (j = i; j < IPV6_GROUPS && groups[j] == 0; j++)
			;
		if (j - i > len) {
			start = i;
			len = j - i;
		}
	}
	*ret_start = len >= 2 ? start : -1;
	*ret_len = len >= 2 ? len : 0;
}

static void strbuf_append_ipv6(struct strbuf *b, const uint8_t addr[16])
{
	uint16_t groups[IPV6_GROUPS];
	int run_start, run_len, i;

	for (i = 0; i < IPV6_GROUPS; i++)
		groups[i] = (uint16_t)(addr[i * 2] << 8 | addr[i * 2 + 1]);
	ipv6_find_zero_run(groups, &run_start, &run_len);

	if (strbuf_reserve(b, IPV6_TEXT_MAX) != 0)
		return;
	for (i = 0; i < IPV6_GROUPS; i++) {
		if (i == run_start) {
			strbuf_append(b, "::", 2);
			i += run_len - 1;
			continue;
		}
		if (i > 0 && i != run_start + run_len)
			strbuf_append_char(b, ':');
		strbuf_append_hex(b, groups[i], 1);
	}
}

void strbuf_append_ip(struct strbuf *b, const uint8_t addr[16])
{
	static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(addr, v4_mapped, sizeof(v4_mapped)) == 0)
		strbuf_append_ipv4(b, addr + sizeof(v4_mapped));
	else
		strbuf_append_ipv6(b, addr);
}

void strbuf_appendv(struct strbuf *b, const char *fmt, va_list args)
{
	va_list again;
	int len;

	if (strbuf_reserve(b, 0) != 0)
		return;
	va_copy(again, args);
	len = vsnprintf(b->data + b->len, b->capacity - b->len + 1, fmt, args);
	if (len < 0) {
		b->data[b->len] = '\0';
		strbuf_fail(b);
	} else if ((size_t)len <= b->capacity - b->len) {
		b->len += (size_t)len;
	} else if (strbuf_reserve(b, (size_t)len) == 0) {
		vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
		b->len += (size_t)len;
	} else {
		b->data[b->len] = '\0';
	}
	va_end(again);
}

void strbuf_appendf(struct strbuf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	strbuf_appendv(b, fmt, args);
	va_end(args);
}
