// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/nearest_name.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define NAME_LEN_MAX 63

static unsigned char name_fold(char c)
{
	return c == '-' || c == '.' ? '_' : (unsigned char)tolower((unsigned char)c);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: three rows of the usual matrix. */
size_t name_distance(const char *a, const char *b)
{
	size_t rows[3][NAME_LEN_MAX + 1], i, j;
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > NAME_LEN_MAX || b_len > NAME_LEN_MAX)
		return SIZE_MAX;
	for (j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *over = rows[(i + 1) % 3];

		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			unsigned char x = name_fold(a[i - 1]), y = name_fold(b[j - 1]);

			row[j] =
				smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == name_fold(b[j - 2]) && y == name_fold(a[i - 2]))
				row[j] = smaller(row[j], over[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

void nearest_name_offer(struct nearest_name *nearest, const char *candidate)
{
	size_t distance = name_distance(nearest->wanted, candidate);
	size_t longer = strlen(candidate), wanted_len = strlen(nearest->wanted);

	if (wanted_len > longer)
		longer = wanted_len;
	if (distance > longer / 3 || (nearest->name && distance >= nearest->distance))
		return;
	nearest->name = candidate;
	nearest->distance = distance;
}
