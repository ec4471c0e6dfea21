// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/filter/filter_lexer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define QUOTED_BYTES_MAX 40

/* Everything else may be in a word: addresses, times, patterns and paths need no quotes. */
static const char blanks[] = " \t\n\r";
static const char not_in_words[] = " \t\n\r(),\"'=!<>~&|";

static const struct symbol {
	const char *text;
	enum filter_token_kind kind;
} symbols[] = {
	/* Of two that begin alike, the longer one first. */
	{ "==", FILTER_TOKEN_EQUAL },
	{ "!=", FILTER_TOKEN_NOT_EQUAL },
	{ "<>", FILTER_TOKEN_NOT_EQUAL },
	{ "<=", FILTER_TOKEN_LESS_OR_EQUAL },
	{ ">=", FILTER_TOKEN_GREATER_OR_EQUAL },
	{ "!~", FILTER_TOKEN_NOT_LIKE },
	{ "&&", FILTER_TOKEN_AND },
	{ "||", FILTER_TOKEN_OR },
	{ "=", FILTER_TOKEN_EQUAL },
	{ "<", FILTER_TOKEN_LESS },
	{ ">", FILTER_TOKEN_GREATER },
	{ "~", FILTER_TOKEN_LIKE },
	{ "!", FILTER_TOKEN_NOT },
	{ "(", FILTER_TOKEN_OPEN },
	{ ")", FILTER_TOKEN_CLOSE },
	{ ",", FILTER_TOKEN_COMMA },
};

int filter_lexer_fail(const struct filter_lexer *lexer, const char *at, struct filter_error *error,
		      const char *fmt, ...)
{
	const char *c;
	va_list args;

	error->column = 1;
	for (c = lexer->text; c < at; c++)
		error->column += ((uint8_t)*c & 0xc0) != 0x80;
	va_start(args, fmt);
	vsnprintf(error->sentence, sizeof(error->sentence), fmt, args);
	va_end(args);
	return -EINVAL;
}

const char *filter_lexer_quote(const struct filter_lexer *lexer, char buffer[64])
{
	size_t len = lexer->len;

	if (lexer->kind == FILTER_TOKEN_END)
		return "the end";
	if (lexer->kind == FILTER_TOKEN_STRING)
		snprintf(buffer, 64, "%.*s%s", len > QUOTED_BYTES_MAX ? QUOTED_BYTES_MAX : (int)len,
			 lexer->start, len > QUOTED_BYTES_MAX ? "..." : "");
	else
		snprintf(buffer, 64, "\"%.*s%s\"",
			 len > QUOTED_BYTES_MAX ? QUOTED_BYTES_MAX : (int)len, lexer->start,
			 len > QUOTED_BYTES_MAX ? "..." : "");
	return buffer;
}

int filter_lexer_init(struct filter_lexer *lexer, const char *text, struct filter_error *error)
{
	lexer->text = lexer->start = text;
	lexer->len = 0;
	lexer->kind = FILTER_TOKEN_END;
	if (strnlen(text, FILTER_TEXT_MAX + 1) > FILTER_TEXT_MAX)
		return filter_lexer_fail(lexer, text + FILTER_TEXT_MAX, error,
					 "a filter has at most %d bytes", FILTER_TEXT_MAX);
	return 0;
}

static int hex_digit(char c)
{
	int low = c | 0x20;

	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* One character behind a backslash, into the word. Returns its length, 0 when it is none. */
static size_t escape_read(struct filter_lexer *lexer, const char *at)
{
	int high, low;

	switch (*at) {
	case '\\':
	case '"':
	case '\'':
		lexer->word[lexer->word_len++] = *at;
		return 1;
	case 'n':
		lexer->word[lexer->word_len++] = '\n';
		return 1;
	case 't':
		lexer->word[lexer->word_len++] = '\t';
		return 1;
	case 'x':
		high = hex_digit(at[1]);
		low = high < 0 ? -1 : hex_digit(at[2]);
		/* A NUL would end the word for some and not for others. */
		if (low < 0 || (high == 0 && low == 0))
			return 0;
		lexer->word[lexer->word_len++] = (char)(high << 4 | low);
		return 3;
	default:
		return 0;
	}
}

static int string_read(struct filter_lexer *lexer, struct filter_error *error)
{
	const char *at = lexer->start + 1;
	char quote = *lexer->start;
	size_t escape;

	lexer->kind = FILTER_TOKEN_STRING;
	for (; *at != quote; at++) {
		if (!*at)
			return filter_lexer_fail(lexer, lexer->start, error,
						 "the quote that begins here is not closed");
		if (*at != '\\') {
			lexer->word[lexer->word_len++] = *at;
			continue;
		}
		escape = escape_read(lexer, at + 1);
		if (!escape)
			return filter_lexer_fail(lexer, at, error,
						 "in quotes a backslash stands before \\ \" ' n t "
						 "or xNN with two hexadecimal digits, not 00");
		at += escape;
	}
	lexer->word[lexer->word_len] = '\0';
	lexer->len = (size_t)(at + 1 - lexer->start);
	return 0;
}

static int symbol_read(struct filter_lexer *lexer, struct filter_error *error)
{
	size_t i;

	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		size_t len = strlen(symbols[i].text);

		if (strncmp(lexer->start, symbols[i].text, len) == 0) {
			lexer->kind = symbols[i].kind;
			lexer->len = len;
			return 0;
		}
	}
	return filter_lexer_fail(lexer, lexer->start, error,
				 *lexer->start == '&' ? "a single & means nothing: write and" :
							"a single | means nothing: write or");
}

int filter_lexer_next(struct filter_lexer *lexer, struct filter_error *error)
{
	size_t i, len;

	lexer->start += lexer->len;
	lexer->start += strspn(lexer->start, blanks);
	lexer->len = lexer->word_len = 0;
	lexer->word[0] = '\0';
	if (!*lexer->start) {
		lexer->kind = FILTER_TOKEN_END;
		return 0;
	}
	if (*lexer->start == '"' || *lexer->start == '\'')
		return string_read(lexer, error);
	len = strcspn(lexer->start, not_in_words);
	if (!len)
		return symbol_read(lexer, error);
	for (i = 0; i < len; i++) {
		if ((uint8_t)lexer->start[i] < ' ' || lexer->start[i] == 0x7f)
			return filter_lexer_fail(lexer, lexer->start + i, error,
						 "a control character needs quotes and \\xNN");
	}
	lexer->kind = FILTER_TOKEN_WORD;
	lexer->len = lexer->word_len = len;
	memcpy(lexer->word, lexer->start, len);
	lexer->word[len] = '\0';
	return 0;
}

bool filter_lexer_is(const struct filter_lexer *lexer, const char *keyword)
{
	return lexer->kind == FILTER_TOKEN_WORD && strcasecmp(lexer->word, keyword) == 0;
}
