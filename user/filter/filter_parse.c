// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * or:    and { "or" and }
 * and:   unary { "and" unary }
 * unary: "not" unary | "(" or ")" | test
 * test:  FIELD [ OP VALUE | ["not"] "in" VALUES | ["not"] "has" VALUES | "is" ["not"] "null" ]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/filter/filter_lexer.h"
#include "user/filter/filter_value.h"
#include "user/model/nearest_name.h"

struct parser {
	const struct row_type *row_type;
	struct filter_error *error;
	size_t depth;
	size_t tests;
	size_t values;
	struct filter_lexer lexer;
};

/**
 * What a name in a filter stands for.
 *
 * @other  NULL, or the second of two fields that it stands for.
 */
struct named_field {
	const struct field *field;
	const struct field *other;
	bool is_unit_said;
};

static int parse_or(struct parser *parser, struct filter_node **ret);

#define FAIL_HERE(parser, ...)                                                                     \
	filter_lexer_fail(&(parser)->lexer, (parser)->lexer.start, (parser)->error, __VA_ARGS__)

static int advance(struct parser *parser)
{
	return filter_lexer_next(&parser->lexer, parser->error);
}

/* -- names ------------------------------------------------------------------------------------- */
static bool is_duration(const struct field *field)
{
	return field->type == FIELD_DURATION_US;
}

static bool name_find(const struct row_type *row_type, const char *name, struct named_field *ret)
{
	ret->field = row_type_find(row_type, name, &ret->other);
	ret->is_unit_said = row_type_field(row_type, name) != NULL;
	return ret->field != NULL;
}

/* The name of a duration without its unit. False when it has none. */
static bool name_strip(const struct field *field, char *ret, size_t size)
{
	size_t len = strlen(field->name);

	if (!is_duration(field) || len <= 3 || len - 3 >= size ||
	    strcmp(field->name + len - 3, "_us") != 0)
		return false;
	memset(ret, 0, size);
	memcpy(ret, field->name, len - 3);
	return true;
}

static int fail_name(struct parser *parser)
{
	const struct row_type *row_type = parser->row_type;
	struct nearest_name nearest = { .wanted = parser->lexer.word };
	char quote[64], stripped[64], nearest_stripped[64];
	size_t i;

	filter_lexer_quote(&parser->lexer, quote);
	for (i = 0; i < row_type->field_count; i++) {
		nearest_name_offer(&nearest, row_type->fields[i].name);
		if (!name_strip(&row_type->fields[i], stripped, sizeof(stripped)))
			continue;
		nearest_name_offer(&nearest, stripped);
		if (nearest.name == stripped)
			nearest.name = memcpy(nearest_stripped, stripped, sizeof(stripped));
	}
	for (i = 0; i < row_type->alias_count; i++)
		nearest_name_offer(&nearest, row_type->aliases[i].name);
	if (nearest.name)
		return FAIL_HERE(parser, "%s has no field %s; did you mean %s?", row_type->what,
				 quote, nearest.name);
	return FAIL_HERE(parser, "%s has no field %s%s%s", row_type->what, quote,
			 row_type->hint ? "; " : "", row_type->hint ? row_type->hint : "");
}

static int parse_name(struct parser *parser, struct named_field *ret)
{
	static const char *const keywords[] = { "and", "or", "in", "has", "is", "null" };
	struct filter_lexer *lexer = &parser->lexer;
	char quote[64];
	size_t i;

	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (filter_lexer_is(lexer, keywords[i]))
			return FAIL_HERE(parser, "a field's name is missing before %s",
					 filter_lexer_quote(lexer, quote));
	}
	if (lexer->kind != FILTER_TOKEN_WORD)
		return FAIL_HERE(parser, "a field's name is expected here, not %s%s",
				 filter_lexer_quote(lexer, quote),
				 lexer->kind == FILTER_TOKEN_STRING ?
					 ", and names stand without quotes" :
					 "");
	if (!name_find(parser->row_type, lexer->word, ret))
		return fail_name(parser);
	return advance(parser);
}

/* -- values ------------------------------------------------------------------------------------ */
static int parse_value(struct parser *parser, struct filter_values *values)
{
	static const char *const keywords[] = { "and", "or", "not", "in", "is", "has" };
	struct filter_lexer *lexer = &parser->lexer;
	char quote[64];
	size_t i;
	int err;

	if (filter_lexer_is(lexer, "null"))
		return FAIL_HERE(parser, "nothing compares with null: write %s is null",
				 values->field->name);
	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (filter_lexer_is(lexer, keywords[i]))
			return FAIL_HERE(parser,
					 "a value is missing before %s; if it is the value, "
					 "put it in quotes",
					 filter_lexer_quote(lexer, quote));
	}
	if (lexer->kind != FILTER_TOKEN_WORD && lexer->kind != FILTER_TOKEN_STRING)
		return FAIL_HERE(parser, "a value for %s is expected here, not %s",
				 values->field->name, filter_lexer_quote(lexer, quote));
	err = filter_values_add(values, lexer, parser->error);
	if (!err && values->count > FILTER_LIST_MAX)
		err = FAIL_HERE(parser, "a list has at most %d values", FILTER_LIST_MAX);
	return err ? err : advance(parser);
}

static int parse_list(struct parser *parser, struct filter_values *values)
{
	struct filter_lexer *lexer = &parser->lexer;
	char quote[64];
	int err;

	if (lexer->kind != FILTER_TOKEN_OPEN)
		return parse_value(parser, values);
	do {
		err = advance(parser);
		if (!err)
			err = parse_value(parser, values);
	} while (!err && lexer->kind == FILTER_TOKEN_COMMA);
	if (!err && lexer->kind != FILTER_TOKEN_CLOSE)
		err = FAIL_HERE(parser, "in the list of %s a comma or ) is expected, not %s",
				values->field->name, filter_lexer_quote(lexer, quote));
	return err ? err : advance(parser);
}

/* -- tests ------------------------------------------------------------------------------------- */
/* Bits: 1 << enum filter_op. */
static unsigned int ops_of(uint8_t type)
{
	const unsigned int equal = 1u << FILTER_EQUAL | 1u << FILTER_IN | 1u << FILTER_NULL;
	const unsigned int order = 1u << FILTER_LESS | 1u << FILTER_LESS_OR_EQUAL |
				   1u << FILTER_GREATER | 1u << FILTER_GREATER_OR_EQUAL;

	switch (type) {
	case FIELD_STRING:
	case FIELD_WORD:
		return equal | 1u << FILTER_LIKE;
	case FIELD_BOOL:
		return 1u << FILTER_EQUAL | 1u << FILTER_NULL;
	case FIELD_IP:
		return equal;
	case FIELD_WORD_LIST:
	case FIELD_STRING_LIST:
		return 1u << FILTER_HAS | 1u << FILTER_LIKE | 1u << FILTER_NULL;
	default:
		return equal | order;
	}
}

static int fail_op(struct parser *parser, const char *at, const struct field *field,
		   enum filter_op op)
{
	const char *why = "it has no order: use = != or in";

	if (field->type == FIELD_WORD_LIST || field->type == FIELD_STRING_LIST)
		return filter_lexer_fail(&parser->lexer, at, parser->error,
					 "%s is a list: write %s has VALUE, or %s ~ PATTERN",
					 field->name, field->name, field->name);
	if (field->type == FIELD_BOOL)
		why = "it is true or false: write it alone, or behind not";
	else if (op == FILTER_HAS)
		why = "it is no list: use = or in";
	else if (op == FILTER_LIKE)
		why = field->type == FIELD_IP ? "it is an address: use in, with a network" :
						"it is a number: use = < > or in";
	return filter_lexer_fail(&parser->lexer, at, parser->error,
				 "%s cannot be compared like this; %s", field->name, why);
}

/* The operator at the token. False: there is none. */
static bool op_read(const struct filter_lexer *lexer, enum filter_op *ret, bool *ret_negated)
{
	static const struct {
		enum filter_token_kind kind;
		enum filter_op op;
		bool negated;
	} rows[] = {
		{ FILTER_TOKEN_EQUAL, FILTER_EQUAL, false },
		{ FILTER_TOKEN_NOT_EQUAL, FILTER_EQUAL, true },
		{ FILTER_TOKEN_LESS, FILTER_LESS, false },
		{ FILTER_TOKEN_LESS_OR_EQUAL, FILTER_LESS_OR_EQUAL, false },
		{ FILTER_TOKEN_GREATER, FILTER_GREATER, false },
		{ FILTER_TOKEN_GREATER_OR_EQUAL, FILTER_GREATER_OR_EQUAL, false },
		{ FILTER_TOKEN_LIKE, FILTER_LIKE, false },
		{ FILTER_TOKEN_NOT_LIKE, FILTER_LIKE, true },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].kind == lexer->kind) {
			*ret = rows[i].op;
			*ret_negated = rows[i].negated;
			return true;
		}
	}
	return false;
}

/* Behind the field's name: the operator, read over. */
static int parse_op(struct parser *parser, const struct field *field, enum filter_op *ret,
		    bool *ret_negated)
{
	struct filter_lexer *lexer = &parser->lexer;
	bool is_negated = false;
	char quote[64];
	int err = 0;

	if (filter_lexer_is(lexer, "is")) {
		*ret = FILTER_NULL;
		err = advance(parser);
		*ret_negated = !err && filter_lexer_is(lexer, "not");
		if (!err && *ret_negated)
			err = advance(parser);
		if (!err && !filter_lexer_is(lexer, "null"))
			err = FAIL_HERE(parser, "after is comes null or not null, not %s",
					filter_lexer_quote(lexer, quote));
		return err ? err : advance(parser);
	}
	if (filter_lexer_is(lexer, "not")) {
		is_negated = true;
		err = advance(parser);
	}
	if (err)
		return err;
	if (filter_lexer_is(lexer, "in"))
		*ret = FILTER_IN;
	else if (filter_lexer_is(lexer, "has"))
		*ret = FILTER_HAS;
	else if (is_negated)
		return FAIL_HERE(parser, "after \"%s not\" comes in or has, not %s", field->name,
				 filter_lexer_quote(lexer, quote));
	else if (!op_read(lexer, ret, &is_negated))
		return FAIL_HERE(parser,
				 "after %s comes = != < <= > >= ~ in, has or is null, not %s",
				 field->name, filter_lexer_quote(lexer, quote));
	*ret_negated = is_negated;
	return advance(parser);
}

/* The test of one field. Takes over the values. */
static int node_new_test(struct parser *parser, struct filter_values *values, enum filter_op op,
			 struct filter_node **ret)
{
	struct filter_node *node = calloc(1, sizeof(*node));

	if (!node)
		return -ENOMEM;
	node->kind = FILTER_TEST;
	node->op = (uint8_t)op;
	node->field = values->field->id;
	node->values = TAKE_PTR(values->items);
	node->value_count = values->count;
	values->count = 0;
	parser->tests++;
	parser->values += node->value_count;
	*ret = node;
	return 0;
}

/* A pattern of words has become those words. */
static enum filter_op op_of_values(const struct field *field, enum filter_op op)
{
	if (op != FILTER_LIKE || !field->words)
		return op;
	return field->type == FIELD_WORD_LIST ? FILTER_HAS : FILTER_IN;
}

static int parse_test_of(struct parser *parser, const struct field *field, bool is_unit_said,
			 struct filter_node **ret)
{
	_cleanup_(filter_values_release) struct filter_values values = {
		.field = field,
		.is_unit_said = is_unit_said,
	};
	const struct filter_value is_true = { .truth = true };
	struct filter_lexer *lexer = &parser->lexer;
	const char *at = lexer->start;
	bool is_negated = false;
	enum filter_op op = FILTER_EQUAL;
	int err;

	if (field->type == FIELD_BOOL &&
	    (lexer->kind == FILTER_TOKEN_END || lexer->kind == FILTER_TOKEN_CLOSE ||
	     lexer->kind == FILTER_TOKEN_AND || lexer->kind == FILTER_TOKEN_OR ||
	     filter_lexer_is(lexer, "and") || filter_lexer_is(lexer, "or"))) {
		values.items = calloc(1, sizeof(*values.items));
		if (!values.items)
			return -ENOMEM;
		values.items[values.count++] = is_true;
	} else {
		err = parse_op(parser, field, &op, &is_negated);
		if (err)
			return err;
		if (!(ops_of(field->type) & 1u << op))
			return fail_op(parser, at, field, op);
		values.op = op;
		if (op == FILTER_IN || op == FILTER_HAS)
			err = parse_list(parser, &values);
		else if (op != FILTER_NULL)
			err = parse_value(parser, &values);
		if (err)
			return err;
	}
	err = node_new_test(parser, &values, op_of_values(field, op), ret);
	if (!err)
		(*ret)->negated = is_negated;
	return err;
}

/* A name of two fields: what stands behind it is read once for each. */
static int parse_test_of_either(struct parser *parser, const struct named_field *named,
				struct filter_node **ret)
{
	_cleanup_(filter_node_free) struct filter_node *first = NULL, *second = NULL;
	struct filter_lexer *lexer = &parser->lexer;
	const char *start = lexer->start;
	bool is_negated;
	int err;

	err = parse_test_of(parser, named->field, named->is_unit_said, &first);
	if (err)
		return err;
	lexer->start = start;
	lexer->len = 0;
	err = advance(parser);
	if (!err)
		err = parse_test_of(parser, named->other, named->is_unit_said, &second);
	if (err)
		return err;
	is_negated = first->negated;
	first->negated = second->negated = false;
	err = filter_node_join(FILTER_OR, &first, &second, ret);
	if (!err && is_negated)
		filter_node_negate(*ret);
	return err;
}

static int parse_test(struct parser *parser, struct filter_node **ret)
{
	const char *at = parser->lexer.start;
	struct named_field named = { .field = NULL };
	int err;

	err = parse_name(parser, &named);
	if (!err && !named.other)
		err = parse_test_of(parser, named.field, named.is_unit_said, ret);
	else if (!err)
		err = parse_test_of_either(parser, &named, ret);
	if (err)
		return err;
	if (parser->tests <= FILTER_TESTS_MAX && parser->values <= FILTER_VALUES_MAX)
		return 0;
	filter_node_free(ret);
	return filter_lexer_fail(&parser->lexer, at, parser->error,
				 "a filter has at most %d tests and %d values", FILTER_TESTS_MAX,
				 FILTER_VALUES_MAX);
}

/* -- groups ------------------------------------------------------------------------------------ */
static int parse_parentheses(struct parser *parser, struct filter_node **ret)
{
	struct filter_lexer *lexer = &parser->lexer;
	const char *open = lexer->start;
	struct filter_node *node = NULL;
	char quote[64];
	int err;

	err = advance(parser);
	if (!err)
		err = parse_or(parser, &node);
	if (err)
		return err;
	if (lexer->kind == FILTER_TOKEN_CLOSE)
		err = advance(parser);
	else if (lexer->kind == FILTER_TOKEN_END)
		err = filter_lexer_fail(lexer, open, parser->error,
					"the parenthesis that begins here is not closed");
	else
		err = FAIL_HERE(parser, "and, or or ) is expected here, not %s",
				filter_lexer_quote(lexer, quote));
	if (err)
		filter_node_free(&node);
	else
		*ret = node;
	return err;
}

static int parse_unary(struct parser *parser, struct filter_node **ret)
{
	struct filter_lexer *lexer = &parser->lexer;
	bool is_not = lexer->kind == FILTER_TOKEN_NOT || filter_lexer_is(lexer, "not");
	int err;

	if (!is_not && lexer->kind != FILTER_TOKEN_OPEN)
		return parse_test(parser, ret);
	if (++parser->depth > FILTER_DEPTH_MAX)
		return FAIL_HERE(parser, "more than %d parentheses and nots inside each other",
				 FILTER_DEPTH_MAX);
	if (is_not) {
		err = advance(parser);
		if (!err)
			err = parse_unary(parser, ret);
		if (!err)
			filter_node_negate(*ret);
	} else {
		err = parse_parentheses(parser, ret);
	}
	parser->depth--;
	return err;
}

static bool at_operator(const struct filter_lexer *lexer, uint8_t kind)
{
	return kind == FILTER_AND ?
		       lexer->kind == FILTER_TOKEN_AND || filter_lexer_is(lexer, "and") :
		       lexer->kind == FILTER_TOKEN_OR || filter_lexer_is(lexer, "or");
}

/* One member, or members with the operator of `kind` between them. */
static int parse_group(struct parser *parser, uint8_t kind,
		       int (*parse_member)(struct parser *parser, struct filter_node **ret),
		       struct filter_node **ret)
{
	_cleanup_(filter_node_free) struct filter_node *left = NULL, *right = NULL;
	int err;

	err = parse_member(parser, &left);
	while (!err && at_operator(&parser->lexer, kind)) {
		err = advance(parser);
		if (!err)
			err = parse_member(parser, &right);
		if (!err)
			err = filter_node_join(kind, &left, &right, &left);
	}
	if (!err)
		*ret = TAKE_PTR(left);
	return err;
}

static int parse_and(struct parser *parser, struct filter_node **ret)
{
	return parse_group(parser, FILTER_AND, parse_unary, ret);
}

static int parse_or(struct parser *parser, struct filter_node **ret)
{
	return parse_group(parser, FILTER_OR, parse_and, ret);
}

static int parse_all(struct parser *parser, struct filter_node **ret)
{
	struct filter_lexer *lexer = &parser->lexer;
	char quote[64];
	int err;

	err = advance(parser);
	if (!err && lexer->kind == FILTER_TOKEN_END)
		return FAIL_HERE(parser, "the filter is empty");
	if (!err)
		err = parse_or(parser, ret);
	if (err || lexer->kind == FILTER_TOKEN_END)
		return err;
	if (lexer->kind == FILTER_TOKEN_CLOSE)
		return FAIL_HERE(parser, "this ) closes nothing");
	if (lexer->kind == FILTER_TOKEN_COMMA)
		return FAIL_HERE(parser, "several values stand in parentheses: in (5, 6)");
	return FAIL_HERE(parser,
			 "and, or or the end is expected here, not %s; a value with a space needs "
			 "quotes",
			 filter_lexer_quote(lexer, quote));
}

int filter_parse(const char *text, const struct row_type *row_type, struct filter **ret,
		 struct filter_error *error)
{
	_cleanup_(filter_node_free) struct filter_node *root = NULL;
	_cleanup_free_ struct parser *parser = malloc(sizeof(*parser));
	int err;

	if (!parser)
		return -ENOMEM;
	*parser = (struct parser){ .row_type = row_type, .error = error };
	err = filter_lexer_init(&parser->lexer, text, error);
	if (!err)
		err = parse_all(parser, &root);
	return err ? err : filter_new(row_type, &root, ret);
}
