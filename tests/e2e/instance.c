/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/instance.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/expect.h"
#include "tests/e2e/tool.h"
#include "tests/e2e/witness.h"
#include "user/base/cleanup.h"

static const char *const side_names[PLACE_COUNT] = { "A", "B", "M" };

void score_add(struct score *score, bool is_good, const char *reason, const char *diagnosis,
	       const char *name_format, ...)
{
	va_list arguments;

	score->count++;
	score->failed += !is_good;
	printf("%s %u - ", is_good ? "ok" : "not ok", score->count);
	va_start(arguments, name_format);
	vprintf(name_format, arguments);
	va_end(arguments);
	if (reason)
		printf(" # SKIP %s", reason);
	putchar('\n');
	if (diagnosis && *diagnosis && (!is_good || score->is_verbose)) {
		while (*diagnosis) {
			size_t length = strcspn(diagnosis, "\n");

			printf("#   %.*s\n", (int)length, diagnosis);
			diagnosis += length + (diagnosis[length] == '\n');
		}
	}
	fflush(stdout);
}

unsigned int instance_line_count(const struct instance *instance)
{
	unsigned int count = 1;

	for (int s = 0; s < PLACE_COUNT && instance->is_traced; s++)
		count += scenario_expectation(instance->scenario, s) != ANYTHING;
	return count;
}

static const char *family_name(const struct instance *instance)
{
	return instance->family == AF_INET6 ? "IPv6" : "IPv4";
}

static unsigned int wanted_records(const struct instance *instance, enum lab_side side)
{
	return expect_count(scenario_expectation(instance->scenario, side));
}

/* Failed or skipped before there was anything to judge: every line says so. */
static void instance_give_up(struct instance *instance, struct score *score)
{
	bool is_skip = instance->answer.result == RECIPE_SKIPPED;
	unsigned int lines = instance_line_count(instance);

	for (unsigned int i = 0; i < lines; i++)
		score_add(score, is_skip, is_skip ? instance->answer.why : NULL,
			  instance->answer.why, "%s %s (%s)", instance->scenario->id,
			  instance->scenario->name, family_name(instance));
	instance->phase = PHASE_JUDGED;
	runner_stop(&instance->runner);
}

void instance_start(struct instance *instance, struct score *score)
{
	int err;

	if (instance->lab.is_unsupported) {
		instance->answer.result = RECIPE_SKIPPED;
		snprintf(instance->answer.why, sizeof(instance->answer.why),
			 "this kernel has no such interfaces");
		instance_give_up(instance, score);
		return;
	}
	err = runner_start(&instance->runner, instance->scenario, &instance->lab, instance->family);

	instance->phase = instance->scenario->prelude ? PHASE_PRELUDE : PHASE_RECIPE;
	instance->deadline_ms = clock_now_ms() + instance->deadline_seconds * 6000LL;
	if (err) {
		perror("battery: cannot start a runner");
		exit(1);
	}
}

void instance_go_on(struct instance *instance)
{
	instance->phase = PHASE_RECIPE;
	instance->deadline_ms = clock_now_ms() + instance->deadline_seconds * 6000LL;
	runner_go_on(&instance->runner);
}

void instance_take_answer(struct instance *instance, struct score *score)
{
	struct runner_answer answer;

	if (runner_read(&instance->runner, &answer)) {
		instance->answer.result = RECIPE_FAILED;
		snprintf(instance->answer.why, sizeof(instance->answer.why), "the runner died");
		instance_give_up(instance, score);
		return;
	}
	if (instance->phase == PHASE_SENTINEL) {
		if (answer.result != RECIPE_DONE)
			printf("# %s (%s): %s\n", instance->scenario->id, family_name(instance),
			       answer.why);
		return;
	}
	instance->answer = answer;
	if (answer.result != RECIPE_DONE) {
		instance_give_up(instance, score);
		return;
	}
	if (instance->phase == PHASE_PRELUDE) {
		instance->phase = PHASE_PREPARED;
		return;
	}
	score_add(score, true, NULL, NULL, "%s %s (%s): sockets and packets as intended",
		  instance->scenario->id, instance->scenario->name, family_name(instance));
	instance->phase = instance->is_traced ? PHASE_RECORDS : PHASE_JUDGED;
	instance->deadline_ms = clock_now_ms() + instance->deadline_seconds * 1000LL;
	if (!instance->is_traced)
		runner_stop(&instance->runner);
}

static bool is_sentinel(const json_t *record)
{
	return json_integer_value(json_object_get(record, "local_port")) == SENTINEL_PORT ||
	       json_integer_value(json_object_get(record, "peer_port")) == SENTINEL_PORT;
}

bool instance_take_record(struct instance *instance, json_t *record)
{
	enum lab_side place = SIDE_A;
	unsigned int *count;

	while (!expect_is_from(&instance->lab, place, record)) {
		if (++place == PLACE_COUNT)
			return false;
	}
	if (is_sentinel(record)) {
		instance->has_sentinel[place] = true;
		return true;
	}
	count = &instance->record_counts[place];
	if (*count < INSTANCE_RECORDS_MAX)
		instance->records[place][*count] = json_incref(record);
	++*count;
	return true;
}

static void print_records(const struct instance *instance, enum lab_side side, FILE *out)
{
	for (unsigned int i = 0; i < instance->record_counts[side]; i++) {
		_cleanup_free_ char *text = NULL;

		if (i == INSTANCE_RECORDS_MAX)
			break;
		text = json_dumps(instance->records[side][i], JSON_COMPACT);
		fprintf(out, "record: %s\n", text ? text : "?");
	}
}

/* Swap into place `at` the first of the records from there on that says what is wanted. */
static void bring_matching_record(struct instance *instance, enum lab_side side, const char *words,
				  const struct expect_facts *facts, unsigned int at)
{
	json_t **records = instance->records[side];

	for (unsigned int i = at; i < instance->record_counts[side] && i < INSTANCE_RECORDS_MAX;
	     i++) {
		_cleanup_free_ char *ignored = NULL;
		size_t length;
		FILE *out = open_memstream(&ignored, &length);
		json_t *found = records[i];
		bool is_it;

		if (!out)
			abort();
		is_it = expect_record(words, facts, found, out);
		fclose(out);
		if (is_it) {
			records[i] = records[at];
			records[at] = found;
			return;
		}
	}
}

/* At either end: what is hidden from one may be missed in the record of the other. */
static bool was_blind(const struct instance *instance)
{
	for (int s = 0; s < PLACE_COUNT; s++) {
		const struct netlab_side *place = &instance->lab.side[s];

		if (netlab_has(&instance->lab, s) &&
		    witness_was_blind(place->netns_fd, place->netns_inode))
			return true;
	}
	return false;
}

static void judge_side(struct instance *instance, enum lab_side side, struct score *score)
{
	const char *words = scenario_expectation(instance->scenario, side);
	unsigned int count = instance->record_counts[side];
	unsigned int wanted = wanted_records(instance, side);
	struct expect_facts facts = { .lab = &instance->lab,
				      .side = side,
				      .family = instance->family,
				      .client_port = instance->answer.client_port,
				      .server_port = SERVER_PORT,
				      .client_pid = instance->answer.client_pid,
				      .server_pid = instance->answer.server_pid,
				      .helper_pid = instance->answer.helper_pid,
				      .is_loopback = instance->scenario->is_loopback };
	_cleanup_free_ char *diagnosis = NULL;
	size_t length;
	FILE *out = open_memstream(&diagnosis, &length);
	bool is_good = count == wanted, is_hidden;

	if (!out)
		abort();
	if (count != wanted)
		fprintf(out, "got %u records, wanted %u\n", count, wanted);
	for (unsigned int i = 0; i < count && i < wanted && i < INSTANCE_RECORDS_MAX; i++) {
		_cleanup_free_ char *one = expect_words(words, i);

		if (instance->scenario->is_unordered)
			bring_matching_record(instance, side, one, &facts, i);
		is_good &= expect_record(one, &facts, instance->records[side][i], out);
	}
	if (!instance->has_sentinel[side]) {
		fprintf(out, "no record of the refused connection that came after it\n");
		is_good = false;
	}
	print_records(instance, side, out);
	fclose(out);
	is_hidden = !is_good && was_blind(instance);
	score_add(score, is_good, NULL, diagnosis, "%s %s (%s) at %s%s", instance->scenario->id,
		  instance->scenario->name, family_name(instance), side_names[side],
		  is_hidden ? ", which the kernel did not show" : "");
}

void instance_advance(struct instance *instance, struct score *score)
{
	bool is_late = clock_now_ms() > instance->deadline_ms;
	bool is_complete = true;

	if ((instance->phase == PHASE_RECIPE || instance->phase == PHASE_PRELUDE) && is_late) {
		instance->answer.result = RECIPE_FAILED;
		snprintf(instance->answer.why, sizeof(instance->answer.why), "the recipe hangs");
		instance_give_up(instance, score);
	}
	if (instance->phase != PHASE_RECORDS && instance->phase != PHASE_SENTINEL)
		return;
	for (int s = 0; s < PLACE_COUNT; s++) {
		if (!netlab_has(&instance->lab, s))
			continue;
		if (instance->phase == PHASE_SENTINEL)
			is_complete &= instance->has_sentinel[s];
		else
			is_complete &= instance->record_counts[s] >= wanted_records(instance, s);
	}
	if (!is_complete && !is_late)
		return;
	if (instance->phase == PHASE_RECORDS) {
		instance->phase = PHASE_SENTINEL;
		instance->deadline_ms = clock_now_ms() + instance->deadline_seconds * 1000LL;
		runner_send_sentinel(&instance->runner);
		return;
	}
	for (int s = 0; s < PLACE_COUNT; s++) {
		if (scenario_expectation(instance->scenario, s) != ANYTHING)
			judge_side(instance, s, score);
	}
	instance->phase = PHASE_JUDGED;
	runner_stop(&instance->runner);
}

void instance_clear(struct instance *instance)
{
	for (int s = 0; s < PLACE_COUNT; s++) {
		for (int i = 0; i < INSTANCE_RECORDS_MAX; i++)
			json_decref(instance->records[s][i]);
		memset(instance->records[s], 0, sizeof(instance->records[s]));
	}
	runner_stop(&instance->runner);
}
