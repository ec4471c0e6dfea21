/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The filter language (docs/filter.md): text is parsed once against a table of fields into a typed
 * tree; the tree is asked about rows, printed, or turned into SQL. It knows no kind of row itself.
 */
#ifndef USER_FILTER_FILTER_H
#define USER_FILTER_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/strbuf.h"
#include "user/model/row.h"

/* Bounds of one filter. What is beyond is an error of the parser, never a surprise later. */
#define FILTER_TEXT_MAX 4096 /* bytes of text */
#define FILTER_DEPTH_MAX 32 /* parentheses and `not` inside each other */
#define FILTER_TESTS_MAX 128 /* comparisons */
#define FILTER_LIST_MAX 256 /* values of one list */

/**
 * What is wrong, and where.
 *
 * @column    1 for the first character; one past the last when something is missing.
 * @sentence  Without column; quotes the place. May hold bytes of the text: escape it (log_error does).
 */
struct filter_error {
	size_t column;
	char sentence[256];
};

struct filter;

/**
 * @text      Any bytes up to its NUL. Not kept.
 * @row_type  Of the rows it will be asked about. Kept.
 * @error     Set when -EINVAL is returned.
 * @return    0, and *ret is the caller's; -EINVAL; -ENOMEM.
 */
int filter_parse(const char *text, const struct row_type *row_type, struct filter **ret,
		 struct filter_error *error);

/* Both must hold. Takes over `a` and `b` when it succeeds. -E2BIG beyond FILTER_TESTS_MAX; -ENOMEM. */
int filter_and(struct filter **a, struct filter **b, struct filter **ret);

void filter_free(struct filter **filter);

/**
 * Whether a row is one that the filter asks for. A test of a null is false, and `not` turns the
 * answer of a test around. Allocates nothing; a filter may be asked by several threads at once.
 *
 * @scratch  For the type's getter. May be NULL if that allows it.
 */
bool filter_matches(const struct filter *filter, const void *row, struct strbuf *scratch);

/* Whether any test looks at this field. */
bool filter_uses(const struct filter *filter, unsigned int field);

/* The typed tree as text: full field names, one spelling. Parsed again, it gives the same tree. */
void filter_append_text(struct strbuf *b, const struct filter *filter);

enum filter_sql_type {
	FILTER_SQL_INTEGER,
	FILTER_SQL_TEXT, /* UTF-8 as it was given */
	FILTER_SQL_BLOB,
};

/**
 * One parameter.
 *
 * @data   Of TEXT and BLOB, `len` bytes; of the filter, or `owned`.
 * @owned  Freed by filter_sql_values_release(); may be NULL.
 */
struct filter_sql_value {
	enum filter_sql_type type;
	int64_t integer;
	const void *data;
	size_t len;
	void *owned;
};

struct filter_sql_values {
	struct filter_sql_value *items;
	size_t count;
	size_t capacity;
};

void filter_sql_values_release(struct filter_sql_values *values);

/**
 * The same question as a condition of SQLite, for WHERE: columns are called as the fields, values
 * are ?, nothing of the text is pasted. It holds for exactly the rows that filter_matches() takes.
 * Columns are encoded so: IP a BLOB of 16 bytes in network order, IPv4 mapped; STRING and WORD
 * TEXT; STRING_LIST TEXT, a JSON array; WORD_LIST INTEGER, bit n for word n; BOOL 0 or 1; TIME
 * INTEGER, nanoseconds; all other types INTEGER; null is NULL.
 *
 * @where   Appended to.
 * @values  Of the parameters, in their order; appended to. Valid as long as the filter.
 * @return  0 or -ENOMEM.
 */
int filter_append_sql(struct strbuf *where, struct filter_sql_values *values,
		      const struct filter *filter);

#endif
