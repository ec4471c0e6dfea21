// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/flow_order.h"

#include <errno.h>
#include <stdlib.h>

#include "user/base/cleanup.h"

/* The number that decides most comparisons, found once per row: small is first. */
struct ordered_row {
	uint64_t rank;
	const struct flow_row *row;
};

static uint64_t rank_of(const struct flow_row *row, enum flow_field field)
{
	struct field_value value;

	switch (flow_fields[field].type) {
	case FIELD_U64:
	case FIELD_RATIO:
		return flow_row_get(row, field, NULL, &value) ? ~value.number : UINT64_MAX;
	default:
		return 0;
	}
}

static int compare(const void *a, const void *b, void *data)
{
	const struct ordered_row *left = a, *right = b;
	const enum flow_field *field = data;

	/* The rest is last, whatever its numbers. */
	if (left->row->is_rest == right->row->is_rest && left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return flow_row_compare(left->row, right->row, *field);
}

int flow_rows_order(const struct flow_row *rows, size_t count, enum flow_field field,
		    const struct flow_row ***ret)
{
	_cleanup_free_ struct ordered_row *ordered = calloc(count + 1, sizeof(*ordered));
	const struct flow_row **pointers = realloc(*ret, (count + 1) * sizeof(*pointers));

	if (pointers)
		*ret = pointers;
	if (!ordered || !pointers)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		ordered[i].row = &rows[i];
		ordered[i].rank = rank_of(&rows[i], field);
	}
	qsort_r(ordered, count, sizeof(*ordered), compare, &field);
	for (size_t i = 0; i < count; i++)
		pointers[i] = ordered[i].row;
	return 0;
}
