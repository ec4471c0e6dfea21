/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * battery: makes every kind of ending between network namespaces of its own, with real processes
 * on both ends, and checks what closetrace says about each. Prints TAP. See README.md beside.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/instance.h"
#include "tests/e2e/mix.h"
#include "tests/e2e/noise.h"
#include "tests/e2e/tool.h"
#include "tests/e2e/tracer.h"
#include "tests/e2e/witness.h"
#include "user/base/cleanup.h"

#define READY_MS 60000
#define TICK_MS 20
#define MIX_DEFAULT 20000
#define MIX_PAIRS_DEFAULT 6

struct battery {
	const char *closetrace;
	bool is_traced;
	bool is_verbose;
	bool is_list;
	bool is_noisy;
	int jobs;
	int deadline_seconds;
	long mix_count; /* -1: not said */
	int mix_pairs;
	uint64_t mix_seed;
	struct instance *instances;
	size_t instance_count;
	struct score score;
	struct tracer tracer;
	FILE *kept; /* --keep: every record as it came */
	unsigned int stray_records;
	char first_stray[512];
	long long slowest_ms; /* from the time in a record to its arrival */
};

static volatile sig_atomic_t is_interrupted;

static void note_signal(int number)
{
	(void)number;
	is_interrupted = 1;
}

static void print_usage(FILE *out)
{
	fputs("usage: battery [--list] [--closetrace PATH | --untraced] [--jobs N]\n"
	      "               [--deadline SECONDS] [--noise] [--verbose] [NAME | ID | ID:4 | ID:6]...\n"
	      "       battery --mix N [--threads T] [--seed S]\n"
	      "\n"
	      "  --mix         only a random mix of N connections (20,000 behind the scenarios; 0: none)\n"
	      "  --threads     pairs of processes that make the mix (6)\n"
	      "  --seed        the same mix again\n"
	      "  --untraced    only make the endings and check sockets and packets\n"
	      "  --noise       with heavy traffic in a namespace that closetrace is not asked about\n"
	      "  --keep FILE   write the records to FILE, as they came\n"
	      "  --deadline    how long a record may take, in seconds (10)\n"
	      "  --jobs        how many scenarios run at once (16)\n",
	      out);
}

/* "31" also selects 31a and 31b, "5" selects 05. */
static bool is_selected(const struct scenario *scenario, int family, char *const names[])
{
	size_t digits = strspn(scenario->id, "0123456789");
	char with_family[16];

	if (!names[0])
		return true;
	snprintf(with_family, sizeof(with_family), "%s:%c", scenario->id,
		 family == AF_INET6 ? '6' : '4');
	for (; *names; names++) {
		if (!strcmp(*names, scenario->id) || !strcmp(*names, scenario->name) ||
		    !strcmp(*names, with_family) ||
		    (digits && strlen(*names) == digits &&
		     !strncmp(*names, scenario->id, digits)) ||
		    (scenario->id[0] == '0' && !strcmp(*names, scenario->id + 1)))
			return true;
	}
	return false;
}

static void battery_plan_one(struct battery *battery, const struct scenario *scenario, int family)
{
	struct instance *instance = &battery->instances[battery->instance_count];
	char tag[24];

	*instance = (struct instance){ .scenario = scenario, .family = family };
	instance->is_traced = battery->is_traced;
	instance->deadline_seconds = battery->deadline_seconds;
	instance->runner.fd = -1;
	snprintf(tag, sizeof(tag), "%s%s", scenario->id, family == AF_INET6 ? "v6" : "v4");
	netlab_plan(&instance->lab, battery->instance_count, tag, scenario->lab);
	battery->instance_count++;
}

static void battery_plan(struct battery *battery, char *const names[])
{
	static const int families[] = { AF_INET, AF_INET6 };
	size_t total = 0;

	for (size_t t = 0; scenario_tables[t]; t++)
		total += scenario_tables[t]->count * 2;
	battery->instances = calloc(total, sizeof(*battery->instances));
	if (!battery->instances)
		abort();
	for (size_t t = 0; scenario_tables[t]; t++) {
		for (size_t i = 0; i < scenario_tables[t]->count * 2; i++) {
			const struct scenario *scenario = &scenario_tables[t]->rows[i / 2];
			int family = families[i % 2];

			if (scenario->families != (family == AF_INET ? IPV6_ONLY : IPV4_ONLY) &&
			    is_selected(scenario, family, names))
				battery_plan_one(battery, scenario, family);
		}
	}
	if (battery->instance_count > NETLAB_INDEX_MAX) {
		fprintf(stderr, "battery: more scenarios than addresses\n");
		abort();
	}
}

static void battery_list(const struct battery *battery)
{
	for (size_t i = 0; i < battery->instance_count; i++) {
		const struct instance *instance = &battery->instances[i];
		const struct scenario *scenario = instance->scenario;

		printf("%s:%d  %s\n", scenario->id, instance->family == AF_INET6 ? 6 : 4,
		       scenario->name);
		for (int s = 0; s < PLACE_COUNT && battery->is_verbose; s++) {
			const char *words = scenario_expectation(scenario, s);

			if (!netlab_has(&instance->lab, s))
				continue;
			printf("      %c: %s\n", "ABM"[s],
			       !words ? "(anything)" :
			       *words ? words :
					"(no record)");
		}
	}
}

/* One more than there are instances when there is noise: the last. */
static size_t battery_lab_count(const struct battery *battery)
{
	return battery->instance_count + battery->is_noisy;
}

/* The runners and the tools need the labs one by one; netlab_build() wants an array. */
static int battery_build(struct battery *battery, struct netlab *labs)
{
	int err;

	for (size_t i = 0; i < battery->instance_count; i++)
		labs[i] = battery->instances[i].lab;
	if (battery->is_noisy)
		netlab_plan(&labs[battery->instance_count], battery->instance_count, "noise",
			    LAB_LINK);
	err = netlab_build(labs, battery_lab_count(battery));
	for (size_t i = 0; i < battery->instance_count; i++)
		battery->instances[i].lab = labs[i];
	return err;
}

static char *netns_list(const struct battery *battery)
{
	char *list = NULL;
	size_t length;
	FILE *out = open_memstream(&list, &length);

	if (!out)
		abort();
	for (size_t i = 0; i < battery->instance_count; i++) {
		const struct netlab *lab = &battery->instances[i].lab;

		for (int s = 0; s < PLACE_COUNT; s++) {
			if (netlab_has(lab, s))
				fprintf(out, "%s%s", i || s ? "," : "", lab->side[s].netns);
		}
	}
	fclose(out);
	return list;
}

static void print_messages(const struct tracer *tracer)
{
	const char *line = tracer->messages;

	while (line && *line) {
		size_t length = strcspn(line, "\n");

		printf("# closetrace said: %.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
}

/* 0, or the exit status of the battery. */
static int battery_start_tracer(struct battery *battery)
{
	_cleanup_free_ char *list = netns_list(battery);
	int err = tracer_start(&battery->tracer, battery->closetrace, list, READY_MS);

	if (!err)
		return 0;
	if (err == -ESRCH && battery->tracer.exit_status == 77) {
		printf("1..0 # SKIP closetrace cannot run on this host\n");
		print_messages(&battery->tracer);
		return 77;
	}
	printf("Bail out! closetrace did not become ready: %s\n",
	       err == -ESRCH ? "it ended" : strerror(-err));
	print_messages(&battery->tracer);
	if (battery->tracer.pid > 0)
		kill(battery->tracer.pid, SIGKILL);
	return 1;
}

static void note_lateness(struct battery *battery, const json_t *record)
{
	const char *text = json_string_value(json_object_get(record, "time"));
	struct timespec now;
	struct tm parts = {};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
	long long late_ms;

	if (!rest || *rest != '.')
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	late_ms = (now.tv_sec - timegm(&parts)) * 1000LL +
		  (long long)((now.tv_nsec / 1e9 - strtod(rest, NULL)) * 1000);
	if (late_ms > battery->slowest_ms)
		battery->slowest_ms = late_ms;
}

static void battery_take_line(void *context, char *line)
{
	struct battery *battery = context;
	json_error_t error;
	json_t *record = json_loads(line, 0, &error);

	note_lateness(battery, record);
	if (battery->kept)
		fprintf(battery->kept, "%s\n", line);

	if (battery->is_verbose)
		printf("# %s\n", line);
	for (size_t i = 0; record && i < battery->instance_count; i++) {
		if (instance_take_record(&battery->instances[i], record)) {
			json_decref(record);
			return;
		}
	}
	if (!battery->stray_records++)
		snprintf(battery->first_stray, sizeof(battery->first_stray), "%s%s",
			 record ? "" : "not JSON: ", line);
	json_decref(record);
}

/* Which may start now: those that share nothing first, then the others one by one. */
static bool may_start(const struct instance *instance, int running, bool has_shareable)
{
	if (instance->phase != PHASE_PLANNED && instance->phase != PHASE_PREPARED)
		return false;
	return !instance->scenario->is_exclusive || (running == 0 && !has_shareable);
}

static bool battery_step(struct battery *battery)
{
	bool has_shareable = false, has_exclusive = false;
	int running = 0, open = 0;

	for (size_t i = 0; i < battery->instance_count; i++) {
		struct instance *instance = &battery->instances[i];
		bool is_waiting;

		if (instance->phase != PHASE_PLANNED && instance->phase != PHASE_PREPARED)
			instance_advance(instance, &battery->score);
		is_waiting = instance->phase == PHASE_PLANNED || instance->phase == PHASE_PREPARED;
		running += !is_waiting && instance->phase != PHASE_JUDGED;
		has_shareable |= is_waiting && !instance->scenario->is_exclusive;
		has_exclusive |= !is_waiting && instance->phase != PHASE_JUDGED &&
				 instance->scenario->is_exclusive;
	}
	for (size_t i = 0; i < battery->instance_count; i++) {
		struct instance *instance = &battery->instances[i];

		if (running < battery->jobs && !has_exclusive &&
		    may_start(instance, running, has_shareable)) {
			has_exclusive = instance->scenario->is_exclusive;
			if (instance->phase == PHASE_PREPARED)
				instance_go_on(instance);
			else
				instance_start(instance, &battery->score);
			running += instance->phase != PHASE_JUDGED;
		}
		open += instance->phase != PHASE_JUDGED;
	}
	return open > 0;
}

/* What must be there before the tracer: run the preludes to their end. */
static void battery_prepare(struct battery *battery)
{
	for (size_t i = 0; i < battery->instance_count && battery->is_traced; i++) {
		struct instance *instance = &battery->instances[i];

		if (!instance->scenario->prelude)
			continue;
		instance_start(instance, &battery->score);
		instance_take_answer(instance, &battery->score);
	}
}

static void battery_run(struct battery *battery)
{
	struct pollfd *fds = calloc(battery->instance_count + 2, sizeof(*fds));

	if (!fds)
		abort();
	while (battery_step(battery) && !is_interrupted) {
		for (size_t i = 0; i < battery->instance_count; i++) {
			struct instance *instance = &battery->instances[i];

			fds[i].fd = instance->phase != PHASE_JUDGED ? instance->runner.fd : -1;
			fds[i].events = POLLIN;
		}
		fds[battery->instance_count].fd =
			battery->is_traced ? battery->tracer.stdout_fd : -1;
		fds[battery->instance_count].events = POLLIN;
		if (poll(fds, battery->instance_count + 1, TICK_MS) < 0)
			continue;
		if (battery->is_traced &&
		    !tracer_read(&battery->tracer, battery_take_line, battery)) {
			printf("Bail out! closetrace ended in the middle\n");
			break;
		}
		for (size_t i = 0; i < battery->instance_count; i++) {
			if (fds[i].revents)
				instance_take_answer(&battery->instances[i], &battery->score);
		}
	}
	free(fds);
}

/* What ends nothing makes no record: the ledger must have counted it. */
static void battery_judge_ignored(struct battery *battery)
{
	long long ignored = 0, time_wait = 0, got_ignored, got_time_wait;
	char diagnosis[160];

	for (size_t i = 0; i < battery->instance_count; i++) {
		const struct instance *instance = &battery->instances[i];

		if (instance->answer.result != RECIPE_DONE)
			continue;
		ignored += instance->scenario->ledger_ignored;
		time_wait += instance->scenario->ledger_time_wait;
	}
	got_ignored = tracer_ledger_number(&battery->tracer, "RSTs in", "ignored");
	got_time_wait = tracer_ledger_number(&battery->tracer, "RSTs in", "TIME_WAIT");
	snprintf(diagnosis, sizeof(diagnosis),
		 "got %lld ignored and %lld in TIME_WAIT, wanted at least %lld and %lld",
		 got_ignored, got_time_wait, ignored, time_wait);
	score_add(&battery->score, got_ignored >= ignored && got_time_wait >= time_wait, NULL,
		  diagnosis, "the ledger counts the RSTs that ended nothing");
}

static void battery_judge_tracer(struct battery *battery)
{
	struct tracer *tracer = &battery->tracer;
	const char *loss = NULL;
	char status[64];
	bool is_kept;

	tracer_stop(tracer, battery_take_line, battery);
	snprintf(status, sizeof(status), "status %d", tracer->exit_status);
	score_add(&battery->score, tracer->exit_status == 0, NULL, status,
		  "closetrace ends with status 0 after SIGINT");
	is_kept = tracer_lost_nothing(tracer, &loss);
	score_add(&battery->score, is_kept, NULL, loss ? loss : "no ledger on stderr",
		  "the ledger says that nothing was lost");
	battery_judge_ignored(battery);
	score_add(&battery->score, battery->stray_records == 0, NULL, battery->first_stray,
		  "no record of a connection that is not ours");
	printf("# the slowest record came %lld ms after the ending\n", battery->slowest_ms);
	if (battery->is_verbose || battery->score.failed)
		print_messages(tracer);
}

static int battery_main(struct battery *battery, struct netlab *labs)
{
	unsigned int planned = battery->is_traced ? 4 : 0;
	pid_t noise = 0;
	int status;

	if (battery_build(battery, labs)) {
		printf("Bail out! cannot make network namespaces\n");
		return 1;
	}
	for (size_t i = 0; i < battery->instance_count; i++)
		planned += instance_line_count(&battery->instances[i]);
	planned += battery->mix_count > 0 ? MIX_LINES : 0;
	if (battery->is_traced && witness_start())
		printf("# no witness: nothing is excused\n");
	battery_prepare(battery);
	if (battery->is_traced) {
		status = battery_start_tracer(battery);
		if (status)
			return status;
	}
	printf("1..%u\n", planned);
	fflush(stdout);
	if (battery->is_noisy)
		noise = noise_start(labs[battery->instance_count].side[SIDE_A].netns_fd);
	battery_run(battery);
	noise_stop(noise);
	witness_stop();
	for (size_t i = 0; i < battery->instance_count; i++)
		instance_clear(&battery->instances[i]);
	if (battery->is_traced)
		battery_judge_tracer(battery);
	if (battery->mix_count > 0 && !is_interrupted &&
	    mix_run(battery->closetrace, battery->mix_count, battery->mix_pairs, battery->mix_seed,
		    &battery->score))
		return 1;
	return battery->score.failed || battery->score.count != planned;
}

static int parse_options(struct battery *battery, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "closetrace", required_argument, NULL, 'c' },
		{ "untraced", no_argument, NULL, 'u' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "deadline", required_argument, NULL, 'd' },
		{ "mix", required_argument, NULL, 'm' },
		{ "threads", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "keep", required_argument, NULL, 'k' },
		{ "noise", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "+c:j:d:vh", options, NULL)) != -1) {
		switch (option) {
		case 'l':
			battery->is_list = true;
			break;
		case 'c':
			battery->closetrace = optarg;
			break;
		case 'u':
			battery->is_traced = false;
			break;
		case 'j':
			battery->jobs = atoi(optarg);
			break;
		case 'd':
			battery->deadline_seconds = atoi(optarg);
			break;
		case 'k':
			battery->kept = fopen(optarg, "we");
			if (battery->kept)
				break;
			perror(optarg);
			return 2;
		case 'n':
			battery->is_noisy = true;
			break;
		case 'm':
			battery->mix_count = atol(optarg);
			break;
		case 't':
			battery->mix_pairs = atoi(optarg);
			break;
		case 's':
			battery->mix_seed = strtoull(optarg, NULL, 0);
			break;
		case 'v':
			battery->is_verbose = true;
			break;
		case 'h':
			print_usage(stdout);
			exit(0);
		default:
			print_usage(stderr);
			return 2;
		}
	}
	if (battery->mix_pairs < 1 || battery->mix_pairs > MIX_PAIRS_MAX ||
	    battery->mix_count > (long)battery->mix_pairs * MIX_CLIENT_COUNT * MIX_ROUNDS_MAX)
		fprintf(stderr, "battery: 1 to %d threads, and at most %d connections for each\n",
			MIX_PAIRS_MAX, MIX_CLIENT_COUNT * MIX_ROUNDS_MAX);
	else if (battery->jobs > 0 && battery->deadline_seconds > 0)
		return 0;
	print_usage(stderr);
	return 2;
}

static int mix_only(struct battery *battery)
{
	int status;

	if (geteuid()) {
		printf("1..0 # SKIP the battery needs root\n");
		return 77;
	}
	signal(SIGPIPE, SIG_IGN);
	netlab_sweep_stale();
	printf("1..%d\n", MIX_LINES);
	status = mix_run(battery->closetrace, battery->mix_count, battery->mix_pairs,
			 battery->mix_seed, &battery->score);
	return status || battery->score.failed;
}

int main(int argc, char *argv[])
{
	const char *closetrace = getenv("CLOSETRACE");
	struct battery battery = { .closetrace = closetrace ? closetrace : "build/closetrace",
				   .is_traced = true,
				   .jobs = 16,
				   .mix_count = -1,
				   .mix_pairs = MIX_PAIRS_DEFAULT,
				   .mix_seed = getpid(),
				   .deadline_seconds = 10 };
	_cleanup_free_ struct netlab *labs = NULL;
	struct sigaction action = { .sa_handler = note_signal };
	int status = parse_options(&battery, argc, argv);

	if (status)
		return status;
	battery.score.is_verbose = battery.is_verbose;
	if (battery.mix_count > 0 && !argv[optind])
		return mix_only(&battery);
	/* Behind all scenarios, not behind chosen ones. */
	if (battery.mix_count < 0)
		battery.mix_count = battery.is_traced && !argv[optind] ? MIX_DEFAULT : 0;
	battery_plan(&battery, argv + optind);
	if (battery.is_list || !battery.instance_count) {
		battery_list(&battery);
		free(battery.instances);
		return battery.instance_count ? 0 : 2;
	}
	if (geteuid()) {
		printf("1..0 # SKIP the battery needs root\n");
		return 77;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	labs = calloc(battery_lab_count(&battery), sizeof(*labs));
	if (!labs)
		abort();
	netlab_sweep_stale();
	status = battery_main(&battery, labs);
	netlab_destroy(labs, battery_lab_count(&battery));
	if (battery.kept && fclose(battery.kept)) {
		perror("battery: the file of --keep");
		status = 1;
	}
	free(battery.tracer.pending);
	free(battery.tracer.messages);
	free(battery.instances);
	return status;
}
