/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The bookkeeping of the mix: which record belongs to which connection, and what it should say. */
#ifndef TESTS_E2E_MIX_MATRIX_H
#define TESTS_E2E_MIX_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/e2e/mix.h"

#define MATRIX_NAMES_MAX 48

struct matrix_pair {
	const struct mix_pair *pair;
	pid_t client_pid;
	pid_t server_pid;
	uint8_t *seen[2]; /* [of the server][connection]: a record has come */
};

struct mix_matrix {
	struct matrix_pair pairs[MIX_PAIRS_MAX];
	unsigned int pair_count;
	char names[MATRIX_NAMES_MAX][32]; /* verdicts */
	unsigned int name_count;
	uint64_t cells[MATRIX_NAMES_MAX][MATRIX_NAMES_MAX]; /* [expected][reported] */
	uint64_t expected[MATRIX_NAMES_MAX];
	uint64_t wanted; /* records */
	uint64_t found;
	uint64_t records;
	uint64_t extra;
	uint64_t wrong;
	uint64_t misnamed;
	uint64_t ownerless;
	char first_extra[2048];
	char first_wrong[2048];
	char first_misnamed[2048];
};

/* The processes of this pair run: their records may come. */
void matrix_expect(struct mix_matrix *matrix, const struct mix_pair *pair);

/* Take one line of NDJSON. */
void matrix_take(struct mix_matrix *matrix, const char *line);

static inline bool matrix_is_complete(const struct mix_matrix *matrix)
{
	return matrix->found == matrix->wanted;
}

/* What never came, one line per kind; "" when all came. To be freed. */
char *matrix_missing_text(const struct mix_matrix *matrix);

/* As comment lines: expected verdicts down, reported ones across. */
void matrix_print(const struct mix_matrix *matrix);

void matrix_clear(struct mix_matrix *matrix);

#endif
