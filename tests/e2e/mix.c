/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/mix.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/e2e/mix_matrix.h"
#include "tests/e2e/tool.h"
#include "tests/e2e/tracer.h"
#include "tests/e2e/witness.h"
#include "user/base/cleanup.h"

#define READY_MS 60000
#define QUIET_MS 5000 /* without a record: those that are missing will not come */
#define PROGRESS_MS 60000 /* the pairs must make their connections in this time per 20,000 */

struct mix {
	struct mix_pair pairs[MIX_PAIRS_MAX];
	struct netlab labs[MIX_PAIRS_MAX]; /* the same, in a row */
	uint8_t *kinds;
	unsigned int pair_count;
	size_t count;
	uint64_t seed;
	bool has_filter;
	bool has_ss;
	struct mix_matrix matrix;
	struct tracer tracer;
	long long last_record_ms;
	unsigned int broken_pairs;
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static unsigned int weight_of(const struct mix *mix, const struct mix_kind *kind)
{
	if ((kind->port == MIX_PORT_DROPPED && !mix->has_filter) ||
	    (kind->port == MIX_PORT_KILLED && !mix->has_ss))
		return 0;
	return kind->weight;
}

static void mix_choose_kinds(struct mix *mix)
{
	uint64_t state = mix->seed * 0x9e3779b97f4a7c15ULL + 1;
	unsigned int total = 0;

	for (size_t k = 0; k < mix_kind_count; k++)
		total += weight_of(mix, &mix_kinds[k]);
	for (size_t i = 0; i < mix->count; i++) {
		unsigned int left = next_random(&state) % total;
		size_t k = 0;

		while (left >= weight_of(mix, &mix_kinds[k]))
			left -= weight_of(mix, &mix_kinds[k++]);
		mix->kinds[i] = k;
	}
}

/* What a pair's namespaces need: room for every TIME_WAIT, and a port that answers nothing. */
static int mix_prepare_lab(struct mix *mix, const struct mix_pair *pair)
{
	char rule[128];
	int err = 0, used = snprintf(rule, sizeof(rule), "tcp dport { ");

	for (int r = 0; r < MIX_ROUNDS_MAX; r++)
		used += snprintf(rule + used, sizeof(rule) - used, "%d, ",
				 MIX_SERVER_PORTS + r * MIX_SERVER_STRIDE + MIX_PORT_DROPPED);
	snprintf(rule + used, sizeof(rule) - used, "} drop");
	for (int s = 0; s < SIDE_COUNT && !err; s++)
		err = netlab_sysctl(&pair->lab, s, "ipv4/tcp_max_tw_buckets", "262144");
	if (err)
		return err;
	err = netlab_filter(&pair->lab, SIDE_B, rule, NULL);
	if (err == -EOPNOTSUPP)
		mix->has_filter = false;
	return err == -EOPNOTSUPP ? 0 : err;
}

static int mix_plan(struct mix *mix)
{
	const char *const argv[] = { "ss", "-V", NULL };
	struct tool_result result;
	size_t given = 0;
	int err;

	for (unsigned int i = 0; i < mix->pair_count; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "mix%u", i);
		netlab_plan(&mix->labs[i], i, tag, LAB_LINK);
	}
	err = netlab_build(mix->labs, mix->pair_count);
	mix->has_filter = true;
	mix->has_ss = !tool_run(argv, -1, NULL, &result) && !result.status;
	for (unsigned int i = 0; i < mix->pair_count && !err; i++) {
		struct mix_pair *pair = &mix->pairs[i];

		pair->lab = mix->labs[i];
		pair->is_loopback = i % 3 == 2;
		pair->kinds = mix->kinds + given;
		pair->count = (mix->count - given) / (mix->pair_count - i);
		given += pair->count;
		err = mix_prepare_lab(mix, pair);
	}
	return err;
}

static void mix_take_line(void *context, char *line)
{
	struct mix *mix = context;

	mix->last_record_ms = clock_now_ms();
	matrix_take(&mix->matrix, line);
}

/* Reap those that ended; returns how many still run. */
static unsigned int mix_reap(struct mix *mix)
{
	unsigned int running = 0;

	for (unsigned int i = 0; i < mix->pair_count; i++) {
		pid_t *pids[] = { &mix->pairs[i].client_pid, &mix->pairs[i].server_pid };

		for (int p = 0; p < 2; p++) {
			int status;

			if (*pids[p] <= 0)
				continue;
			if (waitpid(*pids[p], &status, WNOHANG) != *pids[p]) {
				running++;
				continue;
			}
			mix->broken_pairs += status != 0;
			*pids[p] = 0;
		}
	}
	return running;
}

/* Until all pairs have ended and all their records have come, or none comes any more. */
static void mix_watch(struct mix *mix)
{
	long long deadline = clock_now_ms() + PROGRESS_MS * (1 + (long long)mix->count / 20000);
	unsigned int running = 1;

	mix->last_record_ms = clock_now_ms();
	for (;;) {
		struct pollfd fd = { .fd = mix->tracer.stdout_fd, .events = POLLIN };
		long long now;

		poll(&fd, 1, 20);
		if (!tracer_read(&mix->tracer, mix_take_line, mix))
			return;
		if (running) {
			running = mix_reap(mix);
			mix->last_record_ms = clock_now_ms();
		}
		now = clock_now_ms();
		if (now > deadline || (!running && (matrix_is_complete(&mix->matrix) ||
						    now > mix->last_record_ms + QUIET_MS)))
			break;
	}
	for (unsigned int i = 0; i < mix->pair_count; i++) {
		if (mix->pairs[i].client_pid > 0)
			kill(mix->pairs[i].client_pid, SIGKILL);
		if (mix->pairs[i].server_pid > 0)
			kill(mix->pairs[i].server_pid, SIGKILL);
	}
	mix->broken_pairs += running;
}

/* Said behind a claim that failed, if the kernel did not show everything: tests/run.sh tries again. */
static const char *mix_excuse(const struct mix *mix, bool has_failed)
{
	for (unsigned int i = 0; has_failed && i < mix->pair_count; i++)
		for (int s = SIDE_A; s <= SIDE_B; s++)
			if (witness_was_blind(mix->labs[i].side[s].netns_fd,
					      mix->labs[i].side[s].netns_inode))
				return ", which the kernel did not show";
	return "";
}

static void mix_judge(struct mix *mix, long long made_ms, struct score *score)
{
	_cleanup_free_ char *diagnosis = NULL;
	const struct mix_matrix *matrix = &mix->matrix;
	const char *loss = NULL;
	char status[64];
	bool is_kept;

	matrix_print(matrix);
	printf("# %zu connections by %u pairs in %lld ms, seed %llu; %llu records, %llu of no owner\n",
	       mix->count, mix->pair_count, made_ms, (unsigned long long)mix->seed,
	       (unsigned long long)matrix->records, (unsigned long long)matrix->ownerless);
	snprintf(status, sizeof(status), "%u processes say otherwise", mix->broken_pairs);
	score_add(score, mix->broken_pairs == 0, NULL, status,
		  "mix: every connection went as intended");
	diagnosis = matrix_missing_text(matrix);
	score_add(score, !*diagnosis, NULL, diagnosis, "mix: no record is missing%s",
		  mix_excuse(mix, *diagnosis));
	score_add(score, matrix->extra == 0, NULL, matrix->first_extra, "mix: no record too many%s",
		  mix_excuse(mix, matrix->extra));
	score_add(score, matrix->wrong == 0, NULL, matrix->first_wrong,
		  "mix: every ending is told right%s", mix_excuse(mix, matrix->wrong));
	score_add(score, matrix->misnamed == 0, NULL, matrix->first_misnamed,
		  "mix: no wrong process is named");
	snprintf(status, sizeof(status), "status %d", mix->tracer.exit_status);
	score_add(score, mix->tracer.exit_status == 0, NULL, status,
		  "mix: closetrace ends with status 0 after SIGINT");
	is_kept = tracer_lost_nothing(&mix->tracer, &loss);
	score_add(score, is_kept, NULL, loss ? loss : "no ledger on stderr",
		  "mix: the ledger says that nothing was lost");
}

static int mix_trace(struct mix *mix, const char *closetrace, struct score *score)
{
	_cleanup_free_ char *list = NULL;
	size_t length;
	FILE *out = open_memstream(&list, &length);
	long long started, made_ms;
	int err;

	if (!out)
		abort();
	for (unsigned int i = 0; i < mix->pair_count; i++)
		fprintf(out, "%s%s,%s", i ? "," : "", mix->labs[i].side[SIDE_A].netns,
			mix->labs[i].side[SIDE_B].netns);
	fclose(out);
	err = tracer_start(&mix->tracer, closetrace, list, READY_MS);
	if (err) {
		printf("Bail out! closetrace did not become ready for the mix: %s\n",
		       mix->tracer.messages ? mix->tracer.messages : strerror(-err));
		if (mix->tracer.pid > 0)
			kill(mix->tracer.pid, SIGKILL);
		return 1;
	}
	started = clock_now_ms();
	for (unsigned int i = 0; i < mix->pair_count && !err; i++) {
		err = mix_pair_start(&mix->pairs[i]);
		matrix_expect(&mix->matrix, &mix->pairs[i]);
	}
	if (!err)
		mix_watch(mix);
	made_ms = clock_now_ms() - started;
	tracer_stop(&mix->tracer, mix_take_line, mix);
	mix_reap(mix);
	mix_judge(mix, made_ms, score);
	return err ? 1 : 0;
}

int mix_run(const char *closetrace, size_t count, unsigned int pair_count, uint64_t seed,
	    struct score *score)
{
	struct mix *mix = calloc(1, sizeof(*mix));
	int err;

	if (!mix)
		return 1;
	if (witness_start())
		printf("# no witness: nothing is excused\n");
	mix->count = count;
	mix->pair_count = pair_count;
	mix->seed = seed;
	mix->kinds = calloc(count, 1);
	err = mix->kinds ? mix_plan(mix) : -ENOMEM;
	if (err) {
		printf("Bail out! cannot make namespaces for the mix: %s\n", strerror(-err));
	} else {
		mix_choose_kinds(mix);
		err = mix_trace(mix, closetrace, score);
	}
	witness_stop();
	netlab_destroy(mix->labs, pair_count);
	matrix_clear(&mix->matrix);
	free(mix->tracer.pending);
	free(mix->tracer.messages);
	free(mix->kinds);
	free(mix);
	return err ? 1 : 0;
}
