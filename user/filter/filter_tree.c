// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/filter/filter_tree.h"

#include <errno.h>
#include <stdlib.h>

#include "user/base/cleanup.h"

void filter_node_free(struct filter_node **node)
{
	struct filter_node *member, *next;
	size_t i;

	if (!*node)
		return;
	for (member = (*node)->first; member; member = next) {
		next = member->next;
		filter_node_free(&member);
	}
	for (i = 0; i < (*node)->value_count; i++)
		free((*node)->values[i].text);
	free((*node)->values);
	free(*node);
	*node = NULL;
}

void filter_node_negate(struct filter_node *node)
{
	struct filter_node *member;

	if (node->kind == FILTER_TEST) {
		node->negated = !node->negated;
		return;
	}
	node->kind = node->kind == FILTER_AND ? FILTER_OR : FILTER_AND;
	for (member = node->first; member; member = member->next)
		filter_node_negate(member);
}

/* The members that a tree brings into a group of this kind, and the last of them. */
static struct filter_node *members_of(struct filter_node *node, uint8_t kind,
				      struct filter_node **ret_last)
{
	struct filter_node *first = node, *last;

	if (node->kind == kind) {
		first = node->first;
		node->first = NULL;
		filter_node_free(&node);
	}
	for (last = first; last->next; last = last->next)
		;
	*ret_last = last;
	return first;
}

int filter_node_join(uint8_t kind, struct filter_node **a, struct filter_node **b,
		     struct filter_node **ret)
{
	struct filter_node *group = calloc(1, sizeof(*group)), *last, *unused;

	if (!group)
		return -ENOMEM;
	group->kind = kind;
	group->first = members_of(TAKE_PTR(*a), kind, &last);
	last->next = members_of(TAKE_PTR(*b), kind, &unused);
	*ret = group;
	return 0;
}

void filter_node_count(const struct filter_node *node, size_t *ret_tests, size_t *ret_values)
{
	const struct filter_node *member;

	if (node->kind == FILTER_TEST) {
		(*ret_tests)++;
		*ret_values += node->value_count;
	}
	for (member = node->first; member; member = member->next)
		filter_node_count(member, ret_tests, ret_values);
}

static uint16_t test_count(const struct filter_node *node)
{
	size_t tests = 0, values = 0;

	filter_node_count(node, &tests, &values);
	return (uint16_t)tests;
}

/* A member of a group that does not settle it leads to the next member; the last one settles. */
static void node_compile(struct filter_step *steps, const struct filter_node *node, uint16_t at,
			 uint16_t on_true, uint16_t on_false)
{
	const struct filter_node *member;
	bool is_and = node->kind == FILTER_AND;
	uint16_t next;

	if (node->kind == FILTER_TEST) {
		steps[at] = (struct filter_step){ node, on_true, on_false };
		return;
	}
	for (member = node->first; member; member = member->next, at = next) {
		next = (uint16_t)(at + test_count(member));
		node_compile(steps, member, at, is_and && member->next ? next : on_true,
			     !is_and && member->next ? next : on_false);
	}
}

int filter_new(const struct row_type *row_type, struct filter_node **root, struct filter **ret)
{
	_cleanup_(filter_free) struct filter *filter = calloc(1, sizeof(*filter));

	if (!filter)
		return -ENOMEM;
	filter->row_type = row_type;
	filter->step_count = test_count(*root);
	filter->steps = calloc(filter->step_count, sizeof(*filter->steps));
	if (!filter->steps)
		return -ENOMEM;
	node_compile(filter->steps, *root, 0, FILTER_STEP_YES, FILTER_STEP_NO);
	filter->root = TAKE_PTR(*root);
	*ret = TAKE_PTR(filter);
	return 0;
}

void filter_free(struct filter **filter)
{
	if (!*filter)
		return;
	filter_node_free(&(*filter)->root);
	free((*filter)->steps);
	free(*filter);
	*filter = NULL;
}

int filter_and(struct filter **a, struct filter **b, struct filter **ret)
{
	const struct row_type *row_type = (*a)->row_type;
	size_t tests = 0, values = 0;
	struct filter_node *root;
	struct filter *joined;
	int err;

	filter_node_count((*a)->root, &tests, &values);
	filter_node_count((*b)->root, &tests, &values);
	if (tests > FILTER_TESTS_MAX || values > FILTER_VALUES_MAX)
		return -E2BIG;
	joined = calloc(1, sizeof(*joined));
	if (!joined)
		return -ENOMEM;
	joined->steps = calloc(tests, sizeof(*joined->steps));
	err = joined->steps ? filter_node_join(FILTER_AND, &(*a)->root, &(*b)->root, &root) :
			      -ENOMEM;
	if (err) {
		filter_free(&joined);
		return err;
	}
	joined->row_type = row_type;
	joined->root = root;
	joined->step_count = (uint16_t)tests;
	node_compile(joined->steps, root, 0, FILTER_STEP_YES, FILTER_STEP_NO);
	filter_free(a);
	filter_free(b);
	*ret = joined;
	return 0;
}

bool filter_uses(const struct filter *filter, unsigned int field)
{
	size_t i;

	for (i = 0; i < filter->step_count; i++) {
		if (filter->steps[i].test->field == field)
			return true;
	}
	return false;
}
