// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/json_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BYTES_OF(byte) (0x0101010101010101ULL * (byte))
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* Whether one of eight bytes is zero. Bytes above a zero one may be misjudged, never all. */
static uint64_t word_has_zero(uint64_t word)
{
	return (word - BYTES_OF(0x01)) & ~word & BYTES_OF(0x80);
}

/* Eight bytes of ASCII that mean themselves in JSON and on a terminal: no control, " or \. */
static bool word_is_plain(uint64_t word)
{
	uint64_t below_space = (word - BYTES_OF(0x20)) & ~word & BYTES_OF(0x80);

	return ((word & BYTES_OF(0x80)) | below_space | word_has_zero(word ^ BYTES_OF('"')) |
		word_has_zero(word ^ BYTES_OF('\\')) | word_has_zero(word ^ BYTES_OF(0x7f))) == 0;
}

static bool byte_is_plain(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

/* Controls, line separators, and the characters that turn the direction of text. */
static bool code_point_is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e ||
	       code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

/*
 * Decode one character of at least one byte. *ret_used is its length; when false is returned, the
 * length of the maximal invalid part. Ranges of the second byte: Unicode, table 3-7.
 */
static bool utf8_decode(const uint8_t *s, size_t len, uint32_t *ret_code, size_t *ret_used)
{
	uint8_t first = s[0], low = 0x80, high = 0xbf;
	size_t total, i;
	uint32_t code;

	*ret_used = 1;
	*ret_code = first;
	if (first < 0x80)
		return true;
	if (first < 0xc2 || first > 0xf4)
		return false;

	total = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	code = first & (0x7fU >> total);
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;

	for (i = 1; i < total; i++) {
		if (i == len || s[i] < low || s[i] > high) {
			*ret_used = i;
			return false;
		}
		code = code << 6 | (s[i] & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	*ret_code = code;
	*ret_used = total;
	return true;
}

/* Every unsafe character fits four digits. */
static void json_append_escape(struct strbuf *b, uint32_t code)
{
	static const char short_forms[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	size_t i;

	strbuf_append_char(b, '\\');
	for (i = 0; i + 1 < sizeof(short_forms); i += 2) {
		if (code == (uint8_t)short_forms[i]) {
			strbuf_append_char(b, short_forms[i + 1]);
			return;
		}
	}
	strbuf_append_char(b, 'u');
	strbuf_append_hex(b, code, 4);
}

static void json_append_rest(struct strbuf *b, const char *s, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)s;
	size_t i = 0, used;
	uint32_t code;

	while (i < len) {
		if (byte_is_plain(bytes[i])) {
			strbuf_append_char(b, s[i++]);
			continue;
		}
		if (!utf8_decode(bytes + i, len - i, &code, &used))
			strbuf_append_str(b, UTF8_REPLACEMENT);
		else if (code == '"' || code == '\\' || code_point_is_unsafe(code))
			json_append_escape(b, code);
		else
			strbuf_append(b, s + i, used);
		i += used;
	}
	strbuf_append_char(b, '"');
}

void json_append_string(struct strbuf *b, const char *s, size_t len)
{
	uint64_t word;
	size_t i = 0;
	char *out;

	if (len > SIZE_MAX - 2 || strbuf_reserve(b, len + 2) != 0) {
		/* Impossible length and no memory look the same to the caller. */
		(void)strbuf_reserve(b, SIZE_MAX);
		return;
	}
	out = b->data + b->len;
	*out++ = '"';

	for (; len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		if (!word_is_plain(word))
			break;
		memcpy(out + i, &word, sizeof(word));
	}
	for (; i < len && byte_is_plain((uint8_t)s[i]); i++)
		out[i] = s[i];

	b->len += 1 + i;
	if (i == len) {
		out[i] = '"';
		out[i + 1] = '\0';
		b->len++;
		return;
	}
	json_append_rest(b, s + i, len - i);
}

static void text_append_byte_escape(struct strbuf *b, uint8_t byte)
{
	strbuf_append_str(b, "\\x");
	strbuf_append_hex(b, byte, 2);
}

static void text_append_unsafe(struct strbuf *b, uint32_t code)
{
	if (code < 0x80) {
		text_append_byte_escape(b, (uint8_t)code);
		return;
	}
	strbuf_append_str(b, "\\u{");
	strbuf_append_hex(b, code, 4);
	strbuf_append_char(b, '}');
}

static void text_append(struct strbuf *b, const char *s, size_t len, bool is_backslash_doubled)
{
	const uint8_t *bytes = (const uint8_t *)s;
	size_t i, j, plain, used;
	uint32_t code;

	for (i = 0; i < len; i += used) {
		for (plain = i; plain < len && byte_is_plain(bytes[plain]); plain++)
			;
		strbuf_append(b, s + i, plain - i);
		used = plain - i;
		if (used > 0)
			continue;

		if (!utf8_decode(bytes + i, len - i, &code, &used)) {
			for (j = 0; j < used; j++)
				text_append_byte_escape(b, bytes[i + j]);
		} else if (code_point_is_unsafe(code)) {
			text_append_unsafe(b, code);
		} else {
			if (code == '\\' && is_backslash_doubled)
				strbuf_append_char(b, '\\');
			strbuf_append(b, s + i, used);
		}
	}
}

void text_append_escaped(struct strbuf *b, const char *s, size_t len)
{
	text_append(b, s, len, true);
}

void text_append_printable(struct strbuf *b, const char *s, size_t len)
{
	text_append(b, s, len, false);
}
