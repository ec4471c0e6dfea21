// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/count/reset_habit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct application_key {
	uint32_t netns; /* 0 for a client: its habit does not depend on where */
	uint16_t port; /* it listens on, host order; 0 for a client */
	uint16_t role;
	char comm[TASK_COMM_BYTES];
};

struct application {
	struct application_key key;
	struct reset_habit_numbers numbers;
	UT_hash_handle hh;
};

struct reset_habit {
	struct application *applications; /* the quietest first */
};

int reset_habit_new(struct reset_habit **ret)
{
	struct reset_habit *habit = calloc(1, sizeof(*habit));

	if (!habit)
		return -ENOMEM;
	*ret = habit;
	return 0;
}

void reset_habit_free(struct reset_habit **habit)
{
	struct application *application, *next;

	if (!*habit)
		return;
	HASH_ITER(hh, (*habit)->applications, application, next)
	{
		HASH_DEL((*habit)->applications, application);
		free(application);
	}
	free(*habit);
	*habit = NULL;
}

static struct application *application_find_or_add(struct reset_habit *habit,
						   const struct application_key *key)
{
	struct application *application;

	HASH_FIND(hh, habit->applications, key, sizeof(*key), application);
	if (application) {
		/* To the end: the order is that of the last ending. */
		HASH_DEL(habit->applications, application);
		HASH_ADD(hh, habit->applications, key, sizeof(*key), application);
		return application;
	}
	if (HASH_COUNT(habit->applications) >= RESET_HABIT_APPLICATIONS_MAX) {
		application = habit->applications;
		HASH_DEL(habit->applications, application);
		free(application);
	}
	application = calloc(1, sizeof(*application));
	if (!application)
		return NULL;
	application->key = *key;
	HASH_ADD(hh, habit->applications, key, sizeof(*key), application);
	return application;
}

/* Closed by the application itself, whatever the other end did before. */
static bool ending_is_own_close(const struct closed_connection *c, bool *ret_is_reset)
{
	const struct close_decision *d = &c->record.decision;

	if (!c->record.owner.pid || c->role == CONNECTION_ROLE_UNKNOWN)
		return false;
	*ret_is_reset = d->verdict == CLOSE_LOCAL_APP_ABORT;
	return *ret_is_reset ||
	       (d->verdict == CLOSE_FIN_NORMAL && connection_saw(c, EVIDENCE(ESTABLISHED)));
}

bool reset_habit_learn(struct reset_habit *habit, const struct closed_connection *c,
		       struct reset_habit_numbers *ret)
{
	struct application_key key = {};
	struct application *application;
	bool is_reset;

	if (!ending_is_own_close(c, &is_reset))
		return false;
	key.role = c->role;
	if (c->role == CONNECTION_ROLE_SERVER) {
		key.netns = c->record.key.netns;
		key.port = connection_local_port(c);
	}
	memcpy(key.comm, c->record.owner.comm, task_comm_len(&c->record.owner));
	application = application_find_or_add(habit, &key);
	if (!application)
		return false;
	application->numbers.closes += c->repeated;
	application->numbers.resets += is_reset ? c->repeated : 0;
	if (!is_reset || application->numbers.closes < RESET_HABIT_CLOSES_MIN ||
	    application->numbers.resets * 100 < application->numbers.closes * RESET_HABIT_PERCENT)
		return false;
	*ret = application->numbers;
	return true;
}

void reset_habit_mark(struct reset_habit *habit, struct closed_connection *c)
{
	struct reset_habit_numbers numbers;

	if (!reset_habit_learn(habit, c, &numbers))
		return;
	/* A byte that was lost is somebody's trouble, whoever is used to it. */
	c->record.decision.benign = ending_lost_nothing(&c->record.evidence);
	c->habit_closes = numbers.closes;
	c->habit_resets = numbers.resets;
}
