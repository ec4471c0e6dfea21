/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One scenario over one address family: its lab, its runner, the records that came for it, and the
 * judgement. Driven by events; nothing here waits.
 */
#ifndef TESTS_E2E_INSTANCE_H
#define TESTS_E2E_INSTANCE_H

#include <jansson.h>
#include <stdbool.h>

#include "tests/e2e/netlab.h"
#include "tests/e2e/runner.h"
#include "tests/e2e/scenarios.h"

#define INSTANCE_RECORDS_MAX 8

enum instance_phase {
	PHASE_PLANNED,
	PHASE_PRELUDE, /* the runner prepares what must be there before the tracer */
	PHASE_PREPARED,
	PHASE_RECIPE, /* the runner works */
	PHASE_RECORDS, /* the recipe is done, records are awaited */
	PHASE_SENTINEL, /* those that had to come came or are late; strays are awaited */
	PHASE_JUDGED,
};

/* The TAP that this process prints. */
struct score {
	unsigned int count;
	unsigned int failed;
	bool is_verbose;
};

struct instance {
	const struct scenario *scenario;
	struct netlab lab;
	int family;
	bool is_traced; /* or only the recipe is judged */
	int deadline_seconds; /* for the records of a phase; a recipe has six times as long */
	enum instance_phase phase;
	long long deadline_ms; /* of the phase */
	struct runner runner;
	struct runner_answer answer;
	json_t *records[PLACE_COUNT][INSTANCE_RECORDS_MAX];
	unsigned int record_counts[PLACE_COUNT]; /* also those beyond the array */
	bool has_sentinel[PLACE_COUNT];
};

/* Print one line of TAP. `reason` is of a skip, or NULL; `diagnosis` is printed when not good. */
void score_add(struct score *score, bool is_good, const char *reason, const char *diagnosis,
	       const char *name_format, ...) __attribute__((format(printf, 5, 6)));

/* How many lines of TAP an instance will print. */
unsigned int instance_line_count(const struct instance *instance);

/* Begin: with the prelude if there is one (until PHASE_PREPARED), else with the recipe. */
void instance_start(struct instance *instance, struct score *score);

/* Go on from PHASE_PREPARED with the recipe. */
void instance_go_on(struct instance *instance);

/* The runner has answered. */
void instance_take_answer(struct instance *instance, struct score *score);

/* Take a record (a new reference) when it is about this lab. */
bool instance_take_record(struct instance *instance, json_t *record);

/* Go on when the records of the phase have come or its deadline has passed. */
void instance_advance(struct instance *instance, struct score *score);

/* Drop the records and end the runner. */
void instance_clear(struct instance *instance);

#endif
