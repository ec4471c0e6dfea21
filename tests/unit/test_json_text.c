// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/json_text.h"

#include "tests/harness/test.h"
#include "user/base/cleanup.h"

#define _cleanup_strbuf_ _cleanup_(strbuf_release)
#define FFFD "\xef\xbf\xbd"

#define assert_json(input, expected) assert_json_bytes(input, sizeof(input) - 1, expected)
#define assert_escaped(input, expected)                                                            \
	assert_text_bytes(text_append_escaped, input, sizeof(input) - 1, expected)
#define assert_printable(input, expected)                                                          \
	assert_text_bytes(text_append_printable, input, sizeof(input) - 1, expected)

/* The input is copied to memory of its exact size: ASan sees a read behind its end. */
static void assert_text_bytes(void (*append)(struct strbuf *, const char *, size_t),
			      const char *input, size_t len, const char *expected)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;
	_cleanup_free_ char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, input, len);
	strbuf_append_char(&b, '<');
	append(&b, copy, len);
	strbuf_append_char(&b, '>');
	assert_false(b.failed);
	b.data[b.len - 1] = '\0';
	assert_string_equal(b.data + 1, expected);
	assert_int_equal(b.len, strlen(expected) + 2);
}

static void assert_json_bytes(const char *input, size_t len, const char *expected)
{
	assert_text_bytes(json_append_string, input, len, expected);
}

TEST(plain_text_is_only_quoted)
{
	assert_json("", "\"\"");
	assert_json("nginx", "\"nginx\"");
	assert_json("exactly8", "\"exactly8\"");
	assert_json("a name of more than sixteen bytes!", "\"a name of more than sixteen bytes!\"");
	assert_json("</script>", "\"</script>\"");
}

TEST(nothing_may_be_a_null_pointer)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

	json_append_string(&b, NULL, 0);
	text_append_escaped(&b, NULL, 0);
	text_append_printable(&b, NULL, 0);
	assert_strbuf(&b, "\"\"");
}

TEST(json_escapes)
{
	assert_json("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
	assert_json("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
	assert_json("\0", "\"\\u0000\"");
	assert_json("\x1b[31mred\x7f", "\"\\u001b[31mred\\u007f\"");
	assert_json("\xc2\x85\xc2\x9b", "\"\\u0085\\u009b\"");
	assert_json("\xe2\x80\xae\xe2\x80\xa8\xe2\x81\xa6\xd8\x9c",
		    "\"\\u202e\\u2028\\u2066\\u061c\"");
}

/* Each of the 256 bytes at each place of a word: the fast path and the slow one agree. */
TEST(every_byte_at_every_place)
{
	char input[20], expected[64];
	int byte, place, len;

	for (byte = 0; byte < 256; byte++) {
		for (place = 0; place < (int)sizeof(input); place++) {
			memset(input, 'a', sizeof(input));
			input[place] = (char)byte;
			len = snprintf(expected, sizeof(expected), "\"%.*s", place,
				       "aaaaaaaaaaaaaaaaaaaaa");
			if (byte >= 0x80)
				len += snprintf(expected + len, sizeof(expected) - (size_t)len,
						FFFD);
			else if (byte == '"' || byte == '\\')
				len += snprintf(expected + len, sizeof(expected) - (size_t)len,
						"\\%c", byte);
			else if (byte >= '\b' && byte <= '\r' && byte != '\v')
				len += snprintf(expected + len, sizeof(expected) - (size_t)len,
						"\\%c", "btnvfr"[byte - '\b']);
			else if (byte < 0x20 || byte == 0x7f)
				len += snprintf(expected + len, sizeof(expected) - (size_t)len,
						"\\u%04x", (unsigned int)byte);
			else
				len += snprintf(expected + len, sizeof(expected) - (size_t)len,
						"%c", byte);
			snprintf(expected + len, sizeof(expected) - (size_t)len, "%.*s\"",
				 (int)sizeof(input) - 1 - place, "aaaaaaaaaaaaaaaaaaaaa");
			assert_json_bytes(input, sizeof(input), expected);
		}
	}
}

TEST(valid_utf8_is_kept)
{
	assert_json("caf\xc3\xa9", "\"caf\xc3\xa9\"");
	assert_json("\xe2\x82\xac", "\"\xe2\x82\xac\"");
	assert_json("\xf0\x9f\x92\xa9", "\"\xf0\x9f\x92\xa9\"");
	assert_json("\xc2\x80\xc2\xa0", "\"\\u0080\xc2\xa0\"");
	assert_json("\xe0\xa0\x80", "\"\xe0\xa0\x80\"");
	assert_json("\xed\x9f\xbf\xee\x80\x80", "\"\xed\x9f\xbf\xee\x80\x80\"");
	assert_json("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
}

TEST(invalid_utf8_is_replaced_per_maximal_part)
{
	assert_json("\x80", "\"" FFFD "\"");
	assert_json("\xff\xfe", "\"" FFFD FFFD "\"");
	assert_json("a\xc3", "\"a" FFFD "\"");
	assert_json("\xe2\x82", "\"" FFFD "\"");
	assert_json("\xf0\x9f\x92", "\"" FFFD "\"");
	assert_json("\xe2\x82z", "\"" FFFD "z\"");
	/* Overlong, a surrogate, and above U+10FFFF: every byte is a part of its own. */
	assert_json("\xc0\xaf", "\"" FFFD FFFD "\"");
	assert_json("\xe0\x80\xaf", "\"" FFFD FFFD FFFD "\"");
	assert_json("\xf0\x8f\xbf\xbf", "\"" FFFD FFFD FFFD FFFD "\"");
	assert_json("\xed\xa0\x80", "\"" FFFD FFFD FFFD "\"");
	assert_json("\xf4\x90\x80\x80", "\"" FFFD FFFD FFFD FFFD "\"");
	/* The example of the Unicode standard, table 3-8. */
	assert_json("\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64",
		    "\"a" FFFD FFFD FFFD "b" FFFD "c" FFFD FFFD "d\"");
}

TEST(json_fails_as_every_append)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

	strbuf_append_str(&b, "kept");
	json_append_string(&b, "x", SIZE_MAX);
	assert_true(b.failed);
	json_append_string(&b, "lost", 4);
	text_append_escaped(&b, "lost", 4);
	assert_int_equal(b.len, 4);
}

TEST(json_at_the_end_of_the_memory)
{
	size_t room;

	for (room = 0; room <= 40; room++) {
		_cleanup_strbuf_ struct strbuf b = STRBUF_INIT;

		assert_int_equal(strbuf_reserve(&b, 1), 0);
		while (b.capacity - b.len > room)
			strbuf_append_char(&b, '.');
		json_append_string(&b, "plain text of 24 bytes..", 24);
		json_append_string(&b, "\x01\x02\x03\xff", 4);
		assert_false(b.failed);
		assert_true(b.len <= b.capacity);
		assert_int_equal(b.data[b.len], '\0');
	}
}

TEST(terminal_text_is_escaped)
{
	assert_escaped("", "");
	assert_escaped("plain \"text\"", "plain \"text\"");
	assert_escaped("\x1b]0;title\x07", "\\x1b]0;title\\x07");
	assert_escaped("two\nlines\r\t", "two\\x0alines\\x0d\\x09");
	assert_escaped("\0\x7f", "\\x00\\x7f");
	assert_escaped("C:\\dir", "C:\\\\dir");
	assert_escaped("caf\xc3\xa9 \xf0\x9f\x92\xa9", "caf\xc3\xa9 \xf0\x9f\x92\xa9");
	assert_escaped("\xc2\x9b"
		       "31m",
		       "\\u{009b}31m");
	assert_escaped("\x9b"
		       "31m",
		       "\\x9b31m");
	assert_escaped("\xe2\x80\xae"
		       "gpj.exe",
		       "\\u{202e}gpj.exe");
	assert_escaped("\xe2\x80\xa8\xe2\x81\xa9\xe2\x80\x8f", "\\u{2028}\\u{2069}\\u{200f}");
	assert_escaped("\xf0\x9f\x92", "\\xf0\\x9f\\x92");
	assert_escaped("\xed\xa0\x80", "\\xed\\xa0\\x80");
}

/* What comes in escaped must not look like what was escaped here. */
TEST(escaping_for_terminals_is_unambiguous)
{
	assert_escaped("\\x1b", "\\\\x1b");
	assert_escaped("\x1b", "\\x1b");
}

TEST(printable_text_may_be_passed_twice)
{
	assert_printable("a\\b\x1b\n", "a\\b\\x1b\\x0a");
	assert_printable("a\\b\\x1b\\x0a", "a\\b\\x1b\\x0a");
}

TEST_MAIN()
