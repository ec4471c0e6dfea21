// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/filter/filter_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "include/record.h"
#include "user/base/cleanup.h"
#include "user/base/parse_number.h"
#include "user/filter/filter_lexer.h"
#include "user/model/names.h"

/**
 * The words on their way: `out` has what was understood so far.
 *
 * @depth  Parentheses that are open.
 */
struct words {
	struct filter_lexer *lexer;
	const struct row_type *type;
	struct filter_error *error;
	struct strbuf out;
	unsigned int depth;
};

/* -- what rows have -------------------------------------------------------------------------- */
static bool type_has(const struct row_type *type, const char *name)
{
	const struct field *other;

	return row_type_find(type, name, &other) != NULL;
}

/* Fields that a word may mean, the first that rows have each; joined by `or`. */
static void append_tests(struct words *words, const char *const fields[], size_t count,
			 const char *test)
{
	struct strbuf *out = &words->out;
	size_t start, found = 0;

	strbuf_append_char(out, '(');
	start = out->len;
	for (size_t i = 0; i < count; i++) {
		if (!type_has(words->type, fields[i]))
			continue;
		if (found++)
			strbuf_append_str(out, " or ");
		strbuf_append_str(out, fields[i]);
		strbuf_append_str(out, test);
	}
	if (out->len == start) {
		strbuf_append_str(out, fields[0]); /* the parser says that there is none */
		strbuf_append_str(out, test);
	}
	strbuf_append_char(out, ')');
}

static void append_quoted(struct strbuf *b, const char *text)
{
	strbuf_append_char(b, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_append_char(b, '\\');
		if ((unsigned char)*text < 0x20)
			strbuf_appendf(b, "\\x%02x", (unsigned char)*text);
		else
			strbuf_append_char(b, *text);
	}
	strbuf_append_char(b, '"');
}

/* -- a word alone ---------------------------------------------------------------------------- */
/* The kernel keeps 15 bytes of a program's name. */
static void append_name(struct words *words, const char *name)
{
	static const char *const programs[] = { "comm" };
	static const char *const others[] = { "container", "pod" };
	const char *equals = strpbrk(name, "*?") ? " ~ " : " = ";
	_cleanup_(strbuf_release) struct strbuf test = STRBUF_INIT;
	char comm[TASK_COMM_BYTES];
	bool has_others = false;

	for (size_t i = 0; i < 2; i++)
		has_others = has_others || type_has(words->type, others[i]);
	snprintf(comm, sizeof(comm), "%s", name);
	strbuf_append_str(&test, equals);
	append_quoted(&test, strpbrk(name, "*?") ? name : comm);
	strbuf_append_char(&words->out, '(');
	append_tests(words, programs, 1, test.data ? test.data : "");
	if (has_others) {
		strbuf_reset(&test);
		strbuf_append_str(&test, equals);
		append_quoted(&test, name);
		strbuf_append_str(&words->out, " or ");
		append_tests(words, others, 2, test.data ? test.data : "");
	}
	strbuf_append_char(&words->out, ')');
	words->out.failed |= test.failed;
}

static const char *const addr_fields[] = { "client_addr", "server_addr" };
static const char *const port_fields[] = { "client_port", "server_port" };

static void append_addr(struct words *words, const char *addr)
{
	char test[80];

	snprintf(test, sizeof(test), " in %s", addr);
	if (type_has(words->type, "addr"))
		strbuf_appendf(&words->out, "addr%s", test);
	else
		append_tests(words, addr_fields, 2, test);
}

static void append_port(struct words *words, uint16_t port)
{
	char test[32];

	snprintf(test, sizeof(test), " = %u", port);
	if (type_has(words->type, "port"))
		strbuf_appendf(&words->out, "port%s", test);
	else
		append_tests(words, port_fields, 2, test);
}

/* 10.0.0.7:5432, [2001:db8::1]:443: both of one end. */
static bool append_endpoint(struct words *words, const char *word)
{
	static const char *const ends[][2] = { { "local_addr", "local_port" },
					       { "peer_addr", "peer_port" },
					       { "client_addr", "client_port" },
					       { "server_addr", "server_port" } };
	const char *colon = strrchr(word, ':');
	size_t len = colon ? (size_t)(colon - word) : 0, found = 0;
	char addr[64];
	struct cidr cidr;
	uint16_t port;

	if (!colon || len >= sizeof(addr) || parse_port(colon + 1, &port))
		return false;
	if (word[0] == '[' && len > 2 && word[len - 1] == ']')
		snprintf(addr, sizeof(addr), "%.*s", (int)len - 2, word + 1);
	else if (!memchr(word, ':', len))
		snprintf(addr, sizeof(addr), "%.*s", (int)len, word);
	else
		return false;
	if (strchr(addr, '/') || parse_cidr(addr, &cidr))
		return false;
	strbuf_append_char(&words->out, '(');
	for (size_t i = 0; i < 4; i++) {
		if (!type_has(words->type, ends[i][0]) || !type_has(words->type, ends[i][1]) ||
		    (found && i >= 2))
			continue;
		strbuf_appendf(&words->out, "%s%s = %s and %s = %u", found++ ? " or " : "",
			       ends[i][0], addr, ends[i][1], port);
	}
	strbuf_append_char(&words->out, ')');
	return found > 0;
}

static bool append_number(struct words *words, const char *word)
{
	bool has_pid = type_has(words->type, "pid");
	uint16_t port;
	uint64_t pid;

	if (parse_u64(word, UINT32_MAX, &pid))
		return false;
	if (parse_port(word, &port)) {
		strbuf_appendf(&words->out, "pid = %s", word);
		return true;
	}
	strbuf_append_char(&words->out, '(');
	append_port(words, port);
	if (has_pid)
		strbuf_appendf(&words->out, " or pid = %s", word);
	strbuf_append_char(&words->out, ')');
	return true;
}

/* A word that looks like an errno: E and capitals. */
static bool is_errno(const char *word)
{
	return word[0] == 'E' && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ2") == strlen(word) &&
	       error_from_name(word) > 0;
}

static int append_bare(struct words *words)
{
	const char *word = words->lexer->word;
	struct cidr cidr;

	if (words->lexer->kind == FILTER_TOKEN_STRING)
		append_name(words, word);
	else if (!parse_cidr(word, &cidr))
		append_addr(words, word);
	else if (append_endpoint(words, word) || append_number(words, word))
		;
	else if (verdict_from_name(word) > 0 && type_has(words->type, "verdict"))
		strbuf_appendf(&words->out, "verdict = %s", word);
	else if (class_from_name(word) > 0 && type_has(words->type, "class"))
		strbuf_appendf(&words->out, "class = %s", word);
	else if (is_errno(word) && type_has(words->type, "error"))
		strbuf_appendf(&words->out, "error = %s", word);
	else if (word[0])
		append_name(words, word);
	return filter_lexer_next(words->lexer, words->error);
}

/* -- primitives with a word before them ------------------------------------------------------ */
static int fail_here(struct words *words, const char *wants, const char *example)
{
	char quoted[64];

	return filter_lexer_fail(words->lexer, words->lexer->start, words->error, "%s, not %s: %s",
				 wants, filter_lexer_quote(words->lexer, quoted), example);
}

static int put_host(struct words *words, const char *addr_field)
{
	const char *word = words->lexer->word;
	struct cidr cidr;

	if (words->lexer->kind != FILTER_TOKEN_WORD || parse_cidr(word, &cidr))
		return fail_here(words,
				 "here an address or network is wanted (names are not looked up)",
				 "host 10.0.0.7, net 10.0.0.0/8");
	if (addr_field)
		strbuf_appendf(&words->out, "%s in %s", addr_field, word);
	else
		append_addr(words, word);
	return filter_lexer_next(words->lexer, words->error);
}

static int put_port(struct words *words, const char *port_field)
{
	uint16_t port;

	if (words->lexer->kind != FILTER_TOKEN_WORD || parse_port(words->lexer->word, &port))
		return fail_here(words, "here a port is wanted, 1 to 65535", "port 443");
	if (port_field)
		strbuf_appendf(&words->out, "%s = %u", port_field, port);
	else
		append_port(words, port);
	return filter_lexer_next(words->lexer, words->error);
}

static int put_port_range(struct words *words, const char *port_field)
{
	char *dash = strchr(words->lexer->word, '-');
	uint16_t from, to;

	if (dash)
		*dash = '\0';
	if (!dash || parse_port(words->lexer->word, &from) || parse_port(dash + 1, &to)) {
		if (dash)
			*dash = '-';
		return fail_here(words, "here two ports are wanted", "portrange 8000-8099");
	}
	if (port_field)
		strbuf_appendf(&words->out, "(%s >= %u and %s <= %u)", port_field, from, port_field,
			       to);
	else
		strbuf_appendf(&words->out,
			       "(server_port >= %u and server_port <= %u or client_port >= %u and "
			       "client_port <= %u)",
			       from, to, from, to);
	return filter_lexer_next(words->lexer, words->error);
}

static int put_field(struct words *words, const char *field)
{
	if (words->lexer->kind != FILTER_TOKEN_WORD && words->lexer->kind != FILTER_TOKEN_STRING)
		return fail_here(words, "here a value is wanted", "comm nginx");
	strbuf_append_str(&words->out, field);
	strbuf_append_str(&words->out, strpbrk(words->lexer->word, "*?") ? " ~ " : " = ");
	append_quoted(&words->out, words->lexer->word);
	return filter_lexer_next(words->lexer, words->error);
}

/* Ends of a connection that a primitive may be restricted to. */
static const struct {
	const char *word;
	const char *addr;
	const char *port;
} word_ends[] = {
	{ "client", "client_addr", "client_port" }, { "server", "server_addr", "server_port" },
	{ "src", "client_addr", "client_port" },    { "dst", "server_addr", "server_port" },
	{ "local", "local_addr", "local_port" },    { "peer", "peer_addr", "peer_port" },
};

static const char *const word_fields[][2] = {
	{ "pid", "pid" },
	{ "uid", "uid" },
	{ "comm", "comm" },
	{ "program", "comm" },
	{ "process", "comm" },
	{ "container", "container" },
	{ "pod", "pod" },
	{ "verdict", "verdict" },
	{ "class", "class" },
	{ "error", "error" },
	{ "interface", "interface" },
	{ "netns", "netns" },
};

static bool is_word(const struct words *words, const char *word)
{
	return words->lexer->kind == FILTER_TOKEN_WORD && !strcmp(words->lexer->word, word);
}

bool filter_word_is_known(const char *word)
{
	static const char *const others[] = { "host", "net", "port", "portrange",
					      "not",  "tcp", "ip",   "ip6" };
	struct cidr cidr;
	uint64_t number;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(word, others[i]))
			return true;
	for (size_t i = 0; i < sizeof(word_ends) / sizeof(word_ends[0]); i++)
		if (!strcmp(word, word_ends[i].word))
			return true;
	for (size_t i = 0; i < sizeof(word_fields) / sizeof(word_fields[0]); i++)
		if (!strcmp(word, word_fields[i][0]))
			return true;
	return strpbrk(word, "(!=<>:*? ") || !parse_cidr(word, &cidr) ||
	       !parse_u64(word, UINT32_MAX, &number) || verdict_from_name(word) > 0 ||
	       class_from_name(word) > 0 || is_errno(word);
}

static int put_primitive(struct words *words)
{
	const char *addr = NULL, *port = NULL;
	int err;

	for (size_t i = 0; i < sizeof(word_ends) / sizeof(word_ends[0]) && !addr; i++)
		if (is_word(words, word_ends[i].word)) {
			addr = word_ends[i].addr;
			port = word_ends[i].port;
		}
	if (addr) {
		err = filter_lexer_next(words->lexer, words->error);
		if (err)
			return err;
	}
	for (int kind = 0; kind < 4; kind++) {
		static const char *const kinds[] = { "host", "net", "port", "portrange" };

		if (!is_word(words, kinds[kind]))
			continue;
		err = filter_lexer_next(words->lexer, words->error);
		if (err)
			return err;
		return kind < 2	 ? put_host(words, addr) :
		       kind == 2 ? put_port(words, port) :
				   put_port_range(words, port);
	}
	if (addr) /* `server 10.0.0.7` */
		return put_host(words, addr);
	for (size_t i = 0; i < sizeof(word_fields) / sizeof(word_fields[0]); i++) {
		if (!is_word(words, word_fields[i][0]))
			continue;
		err = filter_lexer_next(words->lexer, words->error);
		return err ? err : put_field(words, word_fields[i][1]);
	}
	return append_bare(words);
}

/* -- and, or, not, parentheses ---------------------------------------------------------------- */
static int put_expression(struct words *words);

/* `tcp`, `ip` and `ip6` before a primitive are what everybody types: here all is TCP. */
static bool is_protocol(const struct words *words)
{
	return is_word(words, "tcp") || is_word(words, "ip") || is_word(words, "ip6");
}

static int put_part(struct words *words)
{
	const char *version = is_word(words, "ip")  ? "ip_version = 4" :
			      is_word(words, "ip6") ? "ip_version = 6" :
						      NULL;
	int err;

	if (is_protocol(words)) {
		err = filter_lexer_next(words->lexer, words->error);
		/* `tcp port 443`: all is TCP. */
		if (!err && !version && words->lexer->kind == FILTER_TOKEN_WORD &&
		    !filter_lexer_is(words->lexer, "and") && !filter_lexer_is(words->lexer, "or"))
			return put_part(words);
		strbuf_append_str(&words->out,
				  version ? version : "(ip_version = 4 or ip_version = 6)");
		return err;
	}
	if (words->lexer->kind == FILTER_TOKEN_NOT || filter_lexer_is(words->lexer, "not")) {
		strbuf_append_str(&words->out, "not ");
		err = filter_lexer_next(words->lexer, words->error);
		return err ? err : put_part(words);
	}
	if (words->lexer->kind == FILTER_TOKEN_OPEN) {
		if (++words->depth > FILTER_DEPTH_MAX)
			return fail_here(words, "so many parentheses are too many", "(port 443)");
		strbuf_append_char(&words->out, '(');
		err = filter_lexer_next(words->lexer, words->error);
		if (!err)
			err = put_expression(words);
		if (!err && words->lexer->kind != FILTER_TOKEN_CLOSE)
			err = fail_here(words, "here ) is wanted", "(port 80 or port 443)");
		words->depth--;
		strbuf_append_char(&words->out, ')');
		return err ? err : filter_lexer_next(words->lexer, words->error);
	}
	if ((words->lexer->kind != FILTER_TOKEN_WORD &&
	     words->lexer->kind != FILTER_TOKEN_STRING) ||
	    filter_lexer_is(words->lexer, "and") || filter_lexer_is(words->lexer, "or"))
		return fail_here(words, "here a port, host or program is wanted",
				 "port 443, host 10.0.0.7, nginx");
	return put_primitive(words);
}

static bool is_joint(const struct words *words, enum filter_token_kind kind, const char *keyword)
{
	return words->lexer->kind == kind || filter_lexer_is(words->lexer, keyword);
}

static int put_expression(struct words *words)
{
	int err = put_part(words);

	while (!err && words->lexer->kind != FILTER_TOKEN_END &&
	       words->lexer->kind != FILTER_TOKEN_CLOSE) {
		bool is_or = is_joint(words, FILTER_TOKEN_OR, "or");

		if (is_or || is_joint(words, FILTER_TOKEN_AND, "and"))
			err = filter_lexer_next(words->lexer, words->error);
		strbuf_append_str(&words->out, is_or ? " or " : " and ");
		if (!err)
			err = put_part(words);
	}
	return err;
}

/* -- the whole ------------------------------------------------------------------------------- */
/* Whether it is the filter language already: a comparison stands in it. */
static int is_language(struct filter_lexer *lexer, const char *text, struct filter_error *error)
{
	static const char *const keywords[] = { "in", "has", "is" };
	int err = filter_lexer_init(lexer, text, error);

	if (!err)
		err = filter_lexer_next(lexer, error);
	for (; !err && lexer->kind != FILTER_TOKEN_END; err = filter_lexer_next(lexer, error)) {
		if (lexer->kind >= FILTER_TOKEN_EQUAL && lexer->kind <= FILTER_TOKEN_NOT_LIKE)
			return 1;
		for (size_t i = 0; i < 3; i++)
			if (filter_lexer_is(lexer, keywords[i]))
				return 1;
	}
	return err;
}

int filter_words_append(struct strbuf *b, size_t count, char *const list[],
			const struct row_type *type, struct filter_error *error)
{
	_cleanup_free_ struct filter_lexer *lexer = malloc(sizeof(*lexer));
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
	struct words words = { .lexer = lexer, .type = type, .error = error };
	int err;

	for (size_t i = 0; i < count; i++) {
		if (i)
			strbuf_append_char(&text, ' ');
		strbuf_append_str(&text, list[i]);
	}
	if (!lexer || text.failed || !text.data)
		return -ENOMEM;
	err = is_language(lexer, text.data, error);
	if (err == 1) {
		strbuf_append(b, text.data, text.len);
		return b->failed ? -ENOMEM : 0;
	}
	if (!err)
		err = filter_lexer_init(lexer, text.data, error);
	if (!err)
		err = filter_lexer_next(lexer, error);
	if (!err)
		err = put_expression(&words);
	if (!err && lexer->kind != FILTER_TOKEN_END)
		err = fail_here(&words, "here nothing, and or or is wanted", "port 80 or port 443");
	out = words.out;
	if (!err && out.failed)
		err = -ENOMEM;
	if (!err)
		strbuf_append(b, out.data, out.len);
	return err;
}
