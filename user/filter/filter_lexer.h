/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The text of a filter as tokens. */
#ifndef USER_FILTER_FILTER_LEXER_H
#define USER_FILTER_FILTER_LEXER_H

#include "user/filter/filter.h"

enum filter_token_kind {
	FILTER_TOKEN_END,
	FILTER_TOKEN_WORD, /* a name, a keyword, or a value without quotes */
	FILTER_TOKEN_STRING, /* a value in quotes */
	FILTER_TOKEN_OPEN,
	FILTER_TOKEN_CLOSE,
	FILTER_TOKEN_COMMA,
	FILTER_TOKEN_EQUAL,
	FILTER_TOKEN_NOT_EQUAL,
	FILTER_TOKEN_LESS,
	FILTER_TOKEN_LESS_OR_EQUAL,
	FILTER_TOKEN_GREATER,
	FILTER_TOKEN_GREATER_OR_EQUAL,
	FILTER_TOKEN_LIKE,
	FILTER_TOKEN_NOT_LIKE,
	FILTER_TOKEN_AND, /* && */
	FILTER_TOKEN_OR, /* || */
	FILTER_TOKEN_NOT, /* ! */
};

/**
 * @kind @start @len  Of the token that was read last; start and len as it stands in the text.
 * @word      WORD and STRING: what it says, quotes and escapes undone, NUL-terminated.
 */
struct filter_lexer {
	const char *text;
	const char *start;
	size_t len;
	enum filter_token_kind kind;
	size_t word_len;
	char word[FILTER_TEXT_MAX + 1];
};

/* Stands before the first token. -EINVAL and *error when the text is too long. */
int filter_lexer_init(struct filter_lexer *lexer, const char *text, struct filter_error *error);

/* Read the next token; behind the last one it is END, for ever. 0; -EINVAL and *error. */
int filter_lexer_next(struct filter_lexer *lexer, struct filter_error *error);

/* Whether the token is this keyword, in any case. */
bool filter_lexer_is(const struct filter_lexer *lexer, const char *keyword);

/* Set *error to a sentence about the place `at` in the text. -EINVAL. */
int filter_lexer_fail(const struct filter_lexer *lexer, const char *at, struct filter_error *error,
		      const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The token as a message quotes it: at most 40 bytes of it, or "the end". `buffer` holds it. */
const char *filter_lexer_quote(const struct filter_lexer *lexer, char buffer[64]);

#endif
