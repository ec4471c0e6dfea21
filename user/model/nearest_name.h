/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* "Did you mean ...": the known name that a mistyped one is nearest to. */
#ifndef USER_MODEL_NEAREST_NAME_H
#define USER_MODEL_NEAREST_NAME_H

#include <stddef.h>

/**
 * Edits that turn one name into the other: insert, delete, replace, swap of neighbours. Case, and
 * whether it is `-`, `.` or `_`, costs nothing.
 *
 * @return  The number of edits; SIZE_MAX when a name has more than 63 characters.
 */
size_t name_distance(const char *a, const char *b);

/**
 * The search for the nearest name, one candidate after the other:
 *	struct nearest_name nearest = { .wanted = word };
 *	for (...) nearest_name_offer(&nearest, candidate);
 *	if (nearest.name) ... did you mean nearest.name
 *
 * @name  NULL as long as no candidate is near enough: a third of its letters may be wrong. Of two
 *        equally near ones the first stays.
 */
struct nearest_name {
	const char *wanted;
	const char *name;
	size_t distance;
};

void nearest_name_offer(struct nearest_name *nearest, const char *candidate);

#endif
