// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `closetrace replay FILE...`: captures through the same rules, to the same outputs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/input_file.h"
#include "user/base/log.h"
#include "user/base/text_print.h"
#include "user/command/command.h"
#include "user/command/replay_groups.h"
#include "user/command/replay_options.h"
#include "user/engine/engine.h"
#include "user/kernel/privilege.h"
#include "user/model/fields.h"
#include "user/model/flow_row.h"
#include "user/outlet/call_outlet.h"
#include "user/replay/annotator.h"
#include "user/replay/capture_set.h"
#include "user/replay/capture_summary.h"
#include "user/replay/kernel_engine.h"
#include "user/replay/replay.h"

#define IDLE_TICKS_PER_SECOND 1000 /* what replay counts close_record.idle_jiffies in */
#define PROGRESS_INTERVAL_NS (CLOCK_NS_PER_SECOND / 2)
#define PACKETS_BETWEEN_LOOKS 4096

/* The source of an engine, which is the captures. */
struct replay_run {
	struct source source; /* first */
	const struct replay_command_options *options;
	bool for_zeek; /* which tells of connections, not of endings */
	struct engine *engine;
	struct pipeline *pipeline; /* the engine's */
	struct capture_set *captures;
	struct replay *replay;
	struct replay_program *program; /* NULL without --in-kernel */
	struct kernel_engine kernel_engine;
	struct replay_groups *groups; /* NULL without --by */
	struct annotator *annotator; /* NULL without -w */
	struct capture_summary *summary_of_all;
	bool is_live; /* something is read that may still be written */
	struct filter *filter; /* NULL without --filter; of rows with --by */
	struct columns columns; /* with --columns */
	/* Of the record that is on its way to the outlets. */
	const struct zeek_summary *summary;
	const struct capture_story *story;
	uint64_t progress_ns; /* when the progress was shown last; 0 = no terminal */
	bool progress_shown;
};

static void run_release(struct replay_run *run)
{
	engine_free(&run->engine);
	replay_free(&run->replay);
	replay_program_free(&run->program);
	capture_set_free(&run->captures);
	filter_free(&run->filter);
	replay_groups_free(&run->groups);
	annotator_free(&run->annotator);
	capture_summary_free(&run->summary_of_all);
}

static void run_enrich(struct source *source, struct closed_connection *c)
{
	const struct replay_run *run = (const struct replay_run *)source;

	c->zeek = run->summary;
	c->capture = run->story;
}

/* A connection on its way to the pipeline, whose answer decides whether to go on. */
static int run_take(void *data, const struct close_record *record,
		    const struct zeek_summary *summary, const struct capture_story *story)
{
	struct replay_run *run = data;

	run->summary = summary;
	run->story = story;
	if (story)
		capture_summary_add(run->summary_of_all, record, story);
	return pipeline_feed(run->pipeline, record, sizeof(*record));
}

/* One of Zeek's, which need not have ended. */
static int run_take_for_zeek(void *data, const struct close_record *record,
			     const struct zeek_summary *summary)
{
	return run_take(data, record, summary, NULL);
}

/* What is shown, beside where it is shown: for the summary, and for -w. */
static int shown_take(void *data, const struct closed_connection *c)
{
	struct replay_run *run = data;

	capture_summary_shown(run->summary_of_all, c);
	return run->annotator ? annotator_note(run->annotator, c) : 0;
}

static int open_shown(struct replay_run *run)
{
	struct outlet *shown;

	if (call_outlet_new("packets", shown_take, run, &shown))
		return log_error(-ENOMEM, "not enough memory");
	return outlets_add(engine_outlets(run->engine), shown);
}

/* -- counting instead of writing (--by) --------------------------------------------------------- */
static int groups_take(void *data, const struct closed_connection *c)
{
	replay_groups_add(((struct replay_run *)data)->groups, c);
	return 0;
}

static int open_groups(struct replay_run *run)
{
	struct outlet *counts;
	int err = replay_groups_new(run->options, engine_outlets(run->engine), &run->groups);

	if (err)
		return err;
	if (call_outlet_new("counts", groups_take, run, &counts))
		return log_error(-ENOMEM, "not enough memory");
	return outlets_add(engine_outlets(run->engine), counts);
}

static int open_replay(struct replay_run *run)
{
	bool for_zeek = !run->groups && run->for_zeek;
	struct replay_options options = {
		.engine = &replay_native_engine,
		.max_flows = run->options->max_flows,
		.files = (const char *const *)run->options->common.words,
		.is_live = run->is_live,
		.decap = run->options->decap,
		.checksums = run->options->no_checksums ?
				     CHECKSUMS_OFF :
				     (enum checksum_mode)run->options->checksums,
		.tell_open = run->options->output.show_all || run->groups,
		.any_order = run->groups,
		.ended = for_zeek ? NULL : run_take,
		.connection = for_zeek ? run_take_for_zeek : NULL,
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
	const char *const *files = (const char *const *)options->common.words;
	size_t count = options->common.word_count;

	if (input_files_open(files, count) ||
	    (options->write_path && input_files_open(files, count)) || /* the second time */
	    input_files_open(&options->filter.zones_path, 1))
		return log_error(-ENOMEM, "not enough memory");
	return 0;
}

/* What is not a file may be a capture in the making: its endings are wanted as they come. */
static bool reads_pipes(const struct replay_command_options *options)
{
	struct stat info;

	for (size_t i = 0; i < options->common.word_count; i++) {
		const char *path = options->common.words[i];
		int err = strcmp(path, "-") ? stat(path, &info) : fstat(STDIN_FILENO, &info);

		if (!err && !S_ISREG(info.st_mode))
			return true;
	}
	return false;
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

/* Whose checksums were wrong, and were not minded. */
static void append_habit(struct strbuf *b, const struct replay_run *run)
{
	if (!replay_counters(run->replay)->wrong_by_habit)
		return;
	strbuf_append_str(b, "closetrace: ");
	replay_append_checksum_habit(b, run->replay);
	strbuf_append_str(b, ", as on a host that leaves them to its interface: they count in "
			     "(--checksums strict leaves them out)\n");
}

/* What was read, and what became of it. */
static void print_account(const struct replay_run *run)
{
	const struct replay_counters *counters = replay_counters(run->replay);
	const struct pipeline_account *account;
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct ledger ledger = {};
	uint64_t unwritten;

	engine_fill_ledger(run->engine, &ledger);
	account = &ledger.account;
	unwritten = run->groups ? 0 : outlet_account_lost(&ledger.outlets[0]);
#define COUNTER_LINE(id, words)                                                                    \
	if (counters->id)                                                                          \
		strbuf_appendf(&text, "%s%llu %s",                                                 \
			       text.len ? ", " : "closetrace: ", (unsigned long long)counters->id, \
			       words);
	REPLAY_COUNTERS(COUNTER_LINE)
	if (text.len)
		strbuf_append_char(&text, '\n');
	strbuf_appendf(&text, "closetrace: records = %llu shown + %llu normal + %llu filtered out",
		       (unsigned long long)(account->shown - unwritten),
		       (unsigned long long)account->normal, (unsigned long long)account->filtered);
	if (account->beyond)
		strbuf_appendf(&text, " + %llu beyond --count",
			       (unsigned long long)account->beyond);
	if (unwritten)
		strbuf_appendf(&text, " + %llu not written", (unsigned long long)unwritten);
	strbuf_append_char(&text, '\n');
	if (run->options->output.request_count > 1 && !run->groups)
		ledger_append_outlets(&text, &ledger);
	append_habit(&text, run);
	if (!run->groups && !run->for_zeek)
		capture_summary_append(&text, run->summary_of_all);
	text_print(stderr, &text);
}

static int run_read(struct source *source)
{
	struct replay_run *run = (struct replay_run *)source;
	struct captured_packet packet;
	unsigned int until_look = PACKETS_BETWEEN_LOOKS;
	int link_type, err = 0;

	while (!err && !engine_interrupted &&
	       capture_set_next(run->captures, &packet, &link_type)) {
		err = replay_take(run->replay, &packet, link_type);
		if (--until_look)
			continue;
		until_look = PACKETS_BETWEEN_LOOKS;
		show_progress(run);
		err = pipeline_flush(run->pipeline);
	}
	if (!err)
		err = replay_finish(run->replay);
	return err < 0 ? err : 0;
}

/* The files once more, for -w: now it is known what went wrong. */
static int write_packets(struct replay_run *run)
{
	const struct replay_command_options *options = run->options;
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	int err;

	capture_set_free(&run->captures);
	err = capture_set_open(options->common.words, options->common.word_count, &run->captures);
	if (!err)
		err = annotator_write(run->annotator, run->captures, options->decap,
				      &engine_interrupted);
	if (err < 0)
		return err;
	strbuf_append_str(&text, "closetrace: ");
	annotator_append_account(&text, run->annotator);
	strbuf_append_char(&text, '\n');
	return text_print(stderr, &text);
}

static int print_groups(struct replay_run *run)
{
	uint64_t first_ns = 0, last_ns = 0;

	replay_times(run->replay, &first_ns, &last_ns);
	return replay_groups_print(run->groups, run->filter, last_ns, last_ns - first_ns);
}

static int run_files(struct replay_run *run)
{
	int err = engine_run(run->engine), outlets_err;

	hide_progress(run);
	engine_stop(run->engine);
	if (!err && run->groups)
		err = print_groups(run);
	outlets_err = engine_drain(run->engine);
	if (replay_counters(run->replay)->packets || !capture_set_error(run->captures))
		print_account(run);
	if (!err && run->annotator && !engine_interrupted && write_packets(run))
		return EXIT_RUNTIME;
	if (err == -ENOMEM) {
		log_error(err, "not enough memory; --max-flows N remembers fewer connections");
		return EXIT_RUNTIME;
	}
	if (err || outlets_err)
		return EXIT_RUNTIME;
	return capture_set_error(run->captures) && !engine_interrupted ? EXIT_RUNTIME : EXIT_OK;
}

/*
 * Tables of captures have the day and the packet, and no process. NULL: what the form shows unasked,
 * as on a terminal, where a person gets lines for people.
 */
static const struct columns *columns_for(const struct replay_run *run,
					 const struct outlet_request *request, struct columns *ret)
{
	_cleanup_(strbuf_release) struct strbuf list = STRBUF_INIT, error = STRBUF_INIT;
	bool is_relative = run->options->time_style == REPLAY_TIME_RELATIVE;
	bool is_wide = request->form == &wide_form_ops;

	if (run->options->output.columns)
		return &run->columns;
	if (!is_wide && (request->form != &table_form_ops ||
			 (!request->path && isatty(STDOUT_FILENO) && !is_relative)))
		return NULL;
	strbuf_appendf(&list,
		       "%s,frame,verdict,by,local,arrow,peer,duration_us,idle_us,%sexplanation",
		       is_relative ? "since" : "when",
		       is_wide ? "cause,confidence,bytes,packets," : "");
	if (list.failed || columns_parse(&connection_row_type, list.data, ret, &error))
		return NULL;
	return ret;
}

static int open_output(struct replay_run *run)
{
	const struct output_options *output = &run->options->output;
	struct columns columns;
	int err = 0;

	if (run->options->counts.by_was_said)
		return open_groups(run);
	for (size_t i = 0; !err && i < output->request_count; i++)
		err = outlets_open(engine_outlets(run->engine), &output->requests[i],
				   columns_for(run, &output->requests[i], &columns));
	return err ? err : open_shown(run);
}

static int open_engine(struct replay_run *run)
{
	const struct replay_command_options *options = run->options;
	struct engine_options engine = {
		.outlets = { .queue_bytes = options->output.queue_bytes,
			     .parts = options->output.request_count,
			     .source_waits = true,
			     .full_time = true },
		.filter = options->counts.by_was_said ? NULL : run->filter, /* of rows then */
		.zones_path = options->filter.zones_path,
		.with_zones = options->counts.by_was_said,
		.show_all =
			options->counts.by_was_said || run->for_zeek || options->output.show_all,
		.count_limit = options->output.count,
	};

	return engine_new(&engine, &run->engine);
}

static const struct tracer_config *run_config(const struct source *source)
{
	return &((const struct replay_run *)source)->options->source.tracer.config;
}

static int run_start(struct source *source, struct event_loop *loop, struct pipeline *pipeline,
		     struct record_context *context)
{
	struct replay_run *run = (struct replay_run *)source;
	const struct option_common *common = &run->options->common;
	int err;

	(void)loop;
	run->pipeline = pipeline;
	context->jiffies_hz = IDLE_TICKS_PER_SECOND;
	err = capture_set_open(common->words, common->word_count, &run->captures);
	return err ? err : open_replay(run);
}

/* It is the command's own, which frees it. */
static void run_close(struct source **source)
{
	*source = NULL;
}

static const struct source_ops replay_source_ops = {
	.name = "captures",
	.config = run_config,
	.start = run_start,
	.run = run_read,
	.enrich = run_enrich,
	.close = run_close,
};

/* Its records are of connections, those of all others of endings: one run makes either. */
static int choose_records(struct replay_run *run)
{
	const struct output_options *output = &run->options->output;

	run->for_zeek = output_options_use(output, &zeek_form_ops);
	for (size_t i = 0; run->for_zeek && i < output->request_count; i++)
		if (output->requests[i].form != &zeek_form_ops)
			return log_error(-EINVAL,
					 "zeek has connections and the other forms have endings: "
					 "-o zeek needs a replay of its own");
	return 0;
}

int replay_command(const void *data)
{
	const struct replay_command_options *options = data;
	_cleanup_(run_release) struct replay_run run = {
		.source = { &replay_source_ops },
		.options = options,
	};
	const struct row_type *rows =
		options->counts.by_was_said ? &flow_row_type : &connection_row_type;
	int err;

	if (filter_options_parse(&options->filter, rows, &run.filter) ||
	    output_options_columns(&options->output, rows, &run.columns) < 0 ||
	    choose_records(&run))
		return EXIT_USAGE;
	run.is_live = reads_pipes(options);
	if (capture_summary_new(&run.summary_of_all))
		return EXIT_RUNTIME;
	err = open_program(&run);
	if (err)
		return exit_code_of(err);
	if (options->write_path &&
	    annotator_open(options->write_path, (const char *const *)options->common.words,
			   options->common.word_count, &run.annotator))
		return EXIT_RUNTIME;
	/* What is written is made by who runs this, what is read is read by nobody. */
	if (open_files_early(options) || open_engine(&run) || open_output(&run))
		return EXIT_RUNTIME;
	privilege_drop_everything(run.program ? PRIVILEGE_FOR_TRACE : 0);
	if (engine_open_zones(run.engine))
		return EXIT_USAGE;
	if (run.groups)
		replay_groups_set_zones(run.groups, engine_zones(run.engine));
	if (isatty(STDERR_FILENO))
		run.progress_ns = clock_monotonic_ns();
	return engine_start(run.engine, &run.source) ? EXIT_RUNTIME : run_files(&run);
}
