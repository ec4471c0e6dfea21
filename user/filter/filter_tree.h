/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The typed tree inside a filter, for the files of this folder. There is no node for `not`: a test
 * carries it, and of a group it is moved to the tests (not (a and b) is not a or not b), which is
 * the same because every test is true or false.
 */
#ifndef USER_FILTER_FILTER_TREE_H
#define USER_FILTER_FILTER_TREE_H

#include "user/base/parse_number.h"
#include "user/filter/filter.h"

/* Of all lists of a filter together: as many parameters as every SQLite takes, CIDRs need two. */
#define FILTER_VALUES_MAX 8192

enum filter_kind {
	FILTER_TEST,
	FILTER_AND,
	FILTER_OR,
};

enum filter_op {
	FILTER_EQUAL,
	FILTER_LESS,
	FILTER_LESS_OR_EQUAL,
	FILTER_GREATER,
	FILTER_GREATER_OR_EQUAL,
	FILTER_IN, /* one of the values; of an address: within one of the networks */
	FILTER_LIKE, /* a pattern of filter_pattern_matches() */
	FILTER_HAS, /* of a list: at least one of the values is in it */
	FILTER_NULL,
};

/**
 * What a field is compared with; the member follows from the field's type.
 *
 * @text     STRING, WORD, STRING_LIST: owned, `len` bytes and a NUL. NULL for other types.
 * @number   U64, PORT, TIME, DURATION_US, BYTES: at most INT64_MAX. WORD_LIST: a set of bits.
 * @network  IP; an address is a network of 128 bits.
 */
struct filter_value {
	char *text;
	size_t len;
	union {
		uint64_t number;
		int64_t integer;
		bool truth;
		struct cidr network;
	};
};

/**
 * @negated  The answer is turned around. Never set in a group.
 * @field    Of a test, as are op, values and negated.
 * @values   IN: one or more. HAS: one or more of a STRING_LIST, one set of a WORD_LIST. NULL: none.
 *           Else one.
 * @first    Of a group: its members, two or more, linked by `next`; none is a group of its kind.
 */
struct filter_node {
	uint8_t kind; /* enum filter_kind */
	uint8_t op; /* enum filter_op */
	bool negated;
	uint8_t field;
	struct filter_value *values;
	size_t value_count;
	struct filter_node *first;
	struct filter_node *next;
};

/* A test and where to go on with its answer: to another step, or to one of the two ends. */
#define FILTER_STEP_YES 0xffff
#define FILTER_STEP_NO 0xfffe
struct filter_step {
	const struct filter_node *test;
	uint16_t on_true;
	uint16_t on_false;
};

/* @steps  The tests of the tree in their order, compiled: asking needs no recursion. */
struct filter {
	const struct row_type *row_type;
	struct filter_node *root;
	struct filter_step *steps;
	uint16_t step_count;
};

void filter_node_free(struct filter_node **node);

/* Turn the answer of a tree around, in place. */
void filter_node_negate(struct filter_node *node);

/**
 * One group of two trees; groups of the same kind inside are dissolved into it.
 *
 * @a @b    Taken over when it succeeds.
 * @return  0 or -ENOMEM.
 */
int filter_node_join(uint8_t kind, struct filter_node **a, struct filter_node **b,
		     struct filter_node **ret);

/* Tests and values below a node. */
void filter_node_count(const struct filter_node *node, size_t *ret_tests, size_t *ret_values);

/**
 * A filter of a tree that keeps the bounds.
 *
 * @root    Taken over when it succeeds.
 * @return  0 or -ENOMEM.
 */
int filter_new(const struct row_type *row_type, struct filter_node **root, struct filter **ret);

/* `pattern`: * is any bytes, ? one character of UTF-8 (or one stray byte), the rest is itself. */
bool filter_pattern_matches(const char *pattern, size_t pattern_len, const char *text, size_t len);

/* One value as filter_append_text() prints it; `field` has its type. */
void filter_value_append(struct strbuf *b, const struct field *field,
			 const struct filter_value *value);

/* The columns and values of a node as text; a group inside of another is put in parentheses. */
void filter_node_append(struct strbuf *b, const struct row_type *row_type,
			const struct filter_node *node);

#endif
