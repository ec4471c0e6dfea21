/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Applications that close every connection with RST by habit, learned from their endings: per
 * listener (namespace, port and name of the process), and per name for clients. Such a reset is
 * nobody's trouble: benign.
 */
#ifndef USER_COUNT_RESET_HABIT_H
#define USER_COUNT_RESET_HABIT_H

#include <stdbool.h>
#include <stdint.h>

#include "user/model/connection.h"

/* So many closes at least, and so many of a hundred of them by RST. */
#define RESET_HABIT_CLOSES_MIN 20
#define RESET_HABIT_PERCENT 95
/* Applications that are remembered; others make the one that was quiet the longest forgotten. */
#define RESET_HABIT_APPLICATIONS_MAX 4096

struct reset_habit;

/* The numbers that lead to the judgement. */
struct reset_habit_numbers {
	uint64_t closes; /* that the application made */
	uint64_t resets; /* of these, by RST */
};

/* *ret is set on success only. 0 or -ENOMEM. */
int reset_habit_new(struct reset_habit **ret);
void reset_habit_free(struct reset_habit **habit);

/**
 * Learn from an ending, and say whether it is one of the habit. Endings that the application did
 * not make, and those of unknown owners, teach nothing. All endings must be shown to it, clean
 * ones too: a habit is told from its exceptions.
 *
 * @ret  The numbers so far, this one included; set when true is returned.
 */
bool reset_habit_learn(struct reset_habit *habit, const struct closed_connection *c,
		       struct reset_habit_numbers *ret);

/* Learn from it, and mark it when it is one of the habit: benign, with the numbers. */
void reset_habit_mark(struct reset_habit *habit, struct closed_connection *c);

#endif
