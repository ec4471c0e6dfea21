// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `closetrace replay FILE...`: captures through the same rules, to the same outputs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/input_file.h"
#include "user/base/log.h"
#include "user/command/command.h"
#include "user/command/replay_groups.h"
#include "user/command/replay_options.h"
#include "user/kernel/privilege.h"
#include "user/model/fields.h"
#include "user/model/flow_row.h"
#include "user/pipeline/pipeline.h"
#include "user/replay/capture_set.h"
#include "user/replay/kernel_engine.h"
#include "user/replay/replay.h"
#include "user/sink/sinks.h"

#define IDLE_TICKS_PER_SECOND 1000 /* what replay counts close_record.idle_jiffies in */
#define PROGRESS_INTERVAL_NS (CLOCK_NS_PER_SECOND / 2)
#define PACKETS_BETWEEN_LOOKS 4096

struct replay_run {
	const struct replay_command_options *options;
	const struct sink_ops *form;
	struct record_context context;
	struct sink *sink;
	struct pipeline *pipeline;
	struct capture_set *captures;
	struct replay *replay;
	struct replay_program *program; /* NULL without --in-kernel */
	struct kernel_engine kernel_engine;
	struct replay_groups *groups; /* NULL without --by */
	struct zones *zones; /* NULL without --zones and --by */
	struct filter *filter; /* NULL without --filter; of rows with --by */
	struct strbuf scratch; /* the filter's */
	struct columns columns; /* with --columns */
	const struct zeek_summary *summary; /* of the record that is on its way to the sink */
	uint64_t progress_ns; /* when the progress was shown last; 0 = no terminal */
	bool progress_shown;
};

static volatile sig_atomic_t is_interrupted;

static void on_signal(int signal)
{
	(void)signal;
	is_interrupted = 1;
}

static void run_release(struct replay_run *run)
{
	replay_free(&run->replay);
	replay_program_free(&run->program);
	capture_set_free(&run->captures);
	pipeline_free(&run->pipeline);
	sink_close(&run->sink);
	filter_free(&run->filter);
	replay_groups_free(&run->groups);
	zones_free(&run->zones);
	strbuf_release(&run->scratch);
}

static void run_enrich(void *data, struct closed_connection *c)
{
	const struct replay_run *run = data;

	c->zeek = run->summary;
	if (run->zones) {
		c->zone_local = zones_lookup(run->zones, connection_local_addr(c));
		c->zone_peer = zones_lookup(run->zones, connection_peer_addr(c));
	}
}

static bool run_wants(void *data, const struct closed_connection *c)
{
	struct replay_run *run = data;

	if (run->groups) /* the filter is one of rows */
		return true;
	return !run->filter || filter_matches(run->filter, c, &run->scratch);
}

/* A connection on its way to the pipeline, whose answer decides whether to go on. */
static int run_take(void *data, const struct close_record *record,
		    const struct zeek_summary *summary)
{
	struct replay_run *run = data;

	run->summary = summary;
	return pipeline_feed(run->pipeline, record, sizeof(*record));
}

/* -- counting instead of writing (--by) --------------------------------------------------------- */
struct groups_sink {
	struct sink sink;
	struct replay_run *run;
};

static int groups_write(struct sink *sink, const struct closed_connection *c)
{
	replay_groups_add(((struct groups_sink *)sink)->run->groups, c);
	return 0;
}

static int groups_flush(struct sink *sink)
{
	(void)sink;
	return 0;
}

static void groups_close(struct sink **sink)
{
	free(*sink);
	*sink = NULL;
}

static const struct sink_ops groups_sink_ops = {
	.name = "groups",
	.write = groups_write,
	.flush = groups_flush,
	.close = groups_close,
};

static int open_groups(struct replay_run *run)
{
	struct groups_sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return log_error(-ENOMEM, "not enough memory");
	sink->sink.ops = &groups_sink_ops;
	sink->run = run;
	run->sink = &sink->sink;
	return replay_groups_new(run->options, run->zones, &run->groups);
}

static int open_zones(struct replay_run *run)
{
	if (run->options->filter.zones_path)
		return zones_load(run->options->filter.zones_path, &run->zones) ? -EINVAL : 0;
	if (run->options->counts.by_was_said && zones_new(&run->zones))
		return log_error(-ENOMEM, "not enough memory");
	return 0;
}

/* Zeek's log has all connections, and so do counts. */
static bool shows_all(const struct replay_run *run)
{
	return run->groups || run->form == &zeek_sink_ops;
}

static int open_pipeline(struct replay_run *run)
{
	struct pipeline_options options = {
		.context = &run->context,
		.config = &run->options->source.tracer.config,
		.sink = run->sink,
		.show_all = shows_all(run) || run->options->output.show_all,
		.count_limit = run->options->output.count,
		.enrich = run_enrich,
		.wants = run_wants,
		.data = run,
	};

	run->context.jiffies_hz = IDLE_TICKS_PER_SECOND;
	return pipeline_new(&options, &run->pipeline) ? log_error(-ENOMEM, "not enough memory") : 0;
}

static int open_replay(struct replay_run *run)
{
	bool for_zeek = !run->groups && run->form == &zeek_sink_ops;
	struct replay_options options = {
		.engine = &replay_native_engine,
		.max_flows = run->options->max_flows,
		.decap = run->options->decap,
		.ignore_checksums = run->options->no_checksums,
		.tell_open = run->options->output.show_all || run->groups,
		.tell_late = run->groups,
		.ended = for_zeek ? NULL : run_take,
		.connection = for_zeek ? run_take : NULL,
		.data = run,
	};

	if (run->program)
		options.engine = &run->kernel_engine.engine;
	return replay_new(&options, &run->replay) ? log_error(-ENOMEM, "not enough memory") : 0;
}

/* The program is loaded before anything is read: what fails here fails at once. */
static int open_program(struct replay_run *run)
{
	int err;

	if (!run->options->in_kernel)
		return 0;
	err = replay_program_load(run->options->max_flows, &run->program);
	if (!err)
		kernel_engine_init(&run->kernel_engine, run->program);
	return err;
}

/* Nothing of them is read before privilege is gone. */
static int open_files_early(const struct replay_command_options *options)
{
	if (input_files_open((const char *const *)options->common.words,
			     options->common.word_count) ||
	    input_files_open(&options->filter.zones_path, 1))
		return log_error(-ENOMEM, "not enough memory");
	return 0;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	/* Without SA_RESTART: a read of a pipe ends, too. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void show_progress(struct replay_run *run)
{
	uint64_t now = clock_monotonic_ns(), done, size;

	if (!run->progress_ns || now - run->progress_ns < PROGRESS_INTERVAL_NS)
		return;
	run->progress_ns = now;
	run->progress_shown = true;
	capture_set_progress(run->captures, &done, &size);
	if (size)
		fprintf(stderr, "\rclosetrace: %3u%%, %llu packets ",
			(unsigned int)(100 * done / size),
			(unsigned long long)replay_counters(run->replay)->packets);
	else
		fprintf(stderr, "\rclosetrace: %llu packets ",
			(unsigned long long)replay_counters(run->replay)->packets);
	fflush(stderr);
}

static void hide_progress(const struct replay_run *run)
{
	if (run->progress_shown)
		fprintf(stderr, "\r\033[K");
}

/* What was read, and what became of it. */
static void print_account(const struct replay_run *run)
{
	const struct replay_counters *counters = replay_counters(run->replay);
	const struct pipeline_account *account = pipeline_account(run->pipeline);
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

#define COUNTER_LINE(id, words)                                                                    \
	if (counters->id)                                                                          \
		strbuf_appendf(&text, "%s%llu %s",                                                 \
			       text.len ? ", " : "closetrace: ", (unsigned long long)counters->id, \
			       words);
	REPLAY_COUNTERS(COUNTER_LINE)
	if (text.len)
		strbuf_append_char(&text, '\n');
	strbuf_appendf(&text, "closetrace: records = %llu shown + %llu normal + %llu filtered out",
		       (unsigned long long)account->shown, (unsigned long long)account->normal,
		       (unsigned long long)account->filtered);
	if (account->beyond)
		strbuf_appendf(&text, " + %llu beyond --count",
			       (unsigned long long)account->beyond);
	if (account->unwritten)
		strbuf_appendf(&text, " + %llu not written",
			       (unsigned long long)account->unwritten);
	strbuf_append_char(&text, '\n');
	if (!text.failed)
		fwrite(text.data, text.len, 1, stderr);
}

static int take_all(struct replay_run *run)
{
	struct captured_packet packet;
	unsigned int until_look = PACKETS_BETWEEN_LOOKS;
	int link_type, err = 0;

	while (!err && !is_interrupted && capture_set_next(run->captures, &packet, &link_type)) {
		err = replay_take(run->replay, &packet, link_type);
		if (--until_look)
			continue;
		until_look = PACKETS_BETWEEN_LOOKS;
		show_progress(run);
	}
	if (!err)
		err = replay_finish(run->replay);
	return err < 0 ? err : 0;
}

static int print_groups(struct replay_run *run)
{
	uint64_t first_ns = 0, last_ns = 0;

	replay_times(run->replay, &first_ns, &last_ns);
	return replay_groups_print(run->groups, run->filter, last_ns, last_ns - first_ns);
}

static int run_files(struct replay_run *run)
{
	int err = take_all(run), finish_err;

	hide_progress(run);
	finish_err = pipeline_finish(run->pipeline);
	if (!err && run->groups)
		err = print_groups(run);
	if (!err)
		err = finish_err;
	if (replay_counters(run->replay)->packets || !capture_set_error(run->captures))
		print_account(run);
	if (err == -EPIPE)
		return EXIT_OK;
	if (err == -ENOMEM) {
		log_error(err, "not enough memory; --max-flows N remembers fewer connections");
		return EXIT_RUNTIME;
	}
	if (err) {
		log_error(err, "cannot write to stdout: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	return capture_set_error(run->captures) && !is_interrupted ? EXIT_RUNTIME : EXIT_OK;
}

static int open_output(struct replay_run *run)
{
	const struct columns *columns = run->options->output.columns ? &run->columns : NULL;

	return run->options->counts.by_was_said ? open_groups(run) :
						  sink_open_stdout(run->form, columns, &run->sink);
}

int replay_command(const void *data)
{
	const struct replay_command_options *options = data;
	_cleanup_(run_release) struct replay_run run = {
		.options = options,
		.form = output_options_stdout(&options->output),
	};
	const struct row_type *rows =
		options->counts.by_was_said ? &flow_row_type : &connection_row_type;
	int err;

	if (filter_options_parse(&options->filter, rows, &run.filter) ||
	    output_options_columns(&options->output, rows, &run.columns) < 0)
		return EXIT_USAGE;
	err = open_program(&run);
	if (err)
		return exit_code_of(err);
	if (open_files_early(options))
		return EXIT_RUNTIME;
	privilege_drop_everything(run.program ? PRIVILEGE_FOR_TRACE : 0);
	if (open_zones(&run))
		return EXIT_USAGE;
	catch_signals();
	if (isatty(STDERR_FILENO))
		run.progress_ns = clock_monotonic_ns();
	err = capture_set_open(options->common.words, options->common.word_count, &run.captures);
	if (!err)
		err = open_output(&run);
	if (!err)
		err = open_pipeline(&run);
	if (!err)
		err = open_replay(&run);
	return err ? EXIT_RUNTIME : run_files(&run);
}
