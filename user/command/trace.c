// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `closetrace trace`: from the live source to stdout, until told to stop; then the ledger. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/command/command.h"
#include "user/command/trace_options.h"
#include "user/engine/engine.h"
#include "user/engine/live_source.h"
#include "user/filter/push_down.h"
#include "user/model/duration_text.h"
#include "user/model/fields.h"
#include "user/outlet/packets_outlet.h"

struct trace {
	const struct trace_options *options;
	struct tracer_options source; /* what the kernel can decide of the filter is added */
	struct filter *filter; /* NULL without --filter */
	bool filters_here; /* the kernel does not decide all of it */
	struct engine *engine;
	struct tracer *tracer; /* of the engine's source */
};

static void trace_release(struct trace *trace)
{
	engine_free(&trace->engine);
	filter_free(&trace->filter);
}

/* Looking up zones costs: only where they are named, or asked for. */
static bool trace_asks_zones(const struct trace *trace)
{
	return trace->filter && (filter_uses(trace->filter, FIELD_ID_zone_client) ||
				 filter_uses(trace->filter, FIELD_ID_zone_server));
}

static int trace_open_engine(struct trace *trace)
{
	const struct trace_options *options = trace->options;
	const struct output_options *output = &options->output;
	struct engine_options engine = {
		.outlets = { .queue_bytes = output->queue_bytes,
			     .color = output->color,
			     .full_time = output->full_time,
			     .parts = output->request_count + (options->packets.path != NULL) },
		.filter = trace->filter,
		.filters_here = trace->filters_here,
		.zones_path = options->filter.zones_path,
		.with_zones = trace_asks_zones(trace),
		.with_habit = output->show_all, /* it learns from all endings only */
		.show_all = output->show_all,
		.count_limit = output->count,
		.duration_ns = output->duration_ns,
	};

	return engine_new(&engine, &trace->engine);
}

static int trace_open_packets(struct trace *trace)
{
	const struct packet_options *options = &trace->options->packets;
	struct outlets *outlets = engine_outlets(trace->engine);
	struct writer_options writer = outlets_writer_options(outlets);
	struct outlet *packets;
	int err;

	writer.path = options->path;
	writer.max_bytes = options->max_bytes;
	err = packets_outlet_open(&writer, trace->tracer, &packets);
	return err ? err : outlets_add(outlets, packets);
}

static int trace_open_outlets(struct trace *trace)
{
	const struct output_options *output = &trace->options->output;
	struct outlets *outlets = engine_outlets(trace->engine);
	struct columns columns;
	int err, chosen = output_options_columns(output, &connection_row_type, &columns);

	err = chosen < 0 ? chosen : 0;
	for (size_t i = 0; !err && i < output->request_count; i++)
		err = outlets_open(outlets, &output->requests[i], chosen ? &columns : NULL);
	if (!err && trace->options->packets.path)
		err = trace_open_packets(trace);
	return err;
}

static int trace_open(struct trace *trace)
{
	_cleanup_(source_close) struct source *source = NULL;
	struct live_source_options live = {
		.tracer = trace->source,
		.container = trace->options->source.container,
	};
	int err;

	err = trace_open_engine(trace);
	if (!err)
		err = live_source_open(&live, &source);
	if (err)
		return err;
	trace->tracer = live_source_tracer(source);
	err = trace_open_outlets(trace);
	return err ? err : engine_start(trace->engine, TAKE_PTR(source));
}

static void trace_say_ready(const struct trace *trace)
{
	_cleanup_(strbuf_release) struct strbuf watched = STRBUF_INIT;
	struct wire_status status = {};

	if (trace->options->filter.word_count) {
		_cleanup_(strbuf_release) struct strbuf filter = STRBUF_INIT;

		filter_append_text(&filter, trace->filter);
		log_info("only what this filter takes: %s", filter.failed ? "" : filter.data);
	}
	if (tracer_wire(trace->tracer))
		wire_status(tracer_wire(trace->tracer), &status);
	wire_status_append(&watched, &status);
	log_info("ready: watching every TCP socket%s and the packets of %s%s; Ctrl-C stops",
		 trace->source.netns_count ? " of the named namespaces" : "",
		 watched.failed ? "some interfaces" : watched.data,
		 trace->options->output.show_all ? "; showing all endings" : "");
}

/* Who reads a terminal has had the summary; the account is one line, if it is in order. */
static bool trace_print_short(const struct trace *trace, uint64_t elapsed_ns)
{
	_cleanup_(strbuf_release) struct strbuf line = STRBUF_INIT;
	const struct output_options *output = &trace->options->output;
	struct ledger ledger;
	uint64_t endings;

	if (output->ledger || trace->options->common.debug || !isatty(STDOUT_FILENO) ||
	    !output_options_use(output, &table_form_ops) ||
	    engine_fill_ledger(trace->engine, &ledger) || ledger_lost(&ledger))
		return false;
	for (size_t i = 0; i < ledger.outlet_count; i++)
		if (outlet_account_lost(&ledger.outlets[i]))
			return false;
	endings = ledger.account.shown + ledger.account.grouped;
	strbuf_append_u64_grouped(&line, endings);
	strbuf_append_str(&line, endings == 1 ? " ending in " : " endings in ");
	duration_append(&line, elapsed_ns / CLOCK_NS_PER_US, " ");
	strbuf_append_str(&line, ", 0 lost; ");
	strbuf_append_u64_grouped(&line, ledger.account.normal);
	strbuf_append_str(&line, " closed cleanly, ");
	strbuf_append_u64_grouped(&line, ledger.account.filtered);
	log_info("%s were filtered out; --ledger says more", line.failed ? "" : line.data);
	return true;
}

static int trace_run(struct trace *trace)
{
	uint64_t began_ns = clock_monotonic_ns();
	int err, outlets_err;

	tracer_drop_privilege(trace->tracer, 0);
	trace_say_ready(trace);
	err = engine_run(trace->engine);
	engine_stop(trace->engine);
	outlets_err = engine_drain(trace->engine);
	if (!trace_print_short(trace, clock_monotonic_ns() - began_ns))
		engine_print_ledger(trace->engine, trace->options->common.debug);
	if (err)
		log_error(err, "trace stopped: %s", strerror(-err));
	return err || outlets_err ? EXIT_RUNTIME : EXIT_OK;
}

/* What the kernel can decide goes to its configuration, before it is loaded. */
static int trace_read_filter(struct trace *trace)
{
	const struct trace_options *options = trace->options;
	int err;

	err = filter_options_parse(&options->filter, &connection_row_type, &trace->filter);
	if (err || !trace->filter)
		return err;
	filter_push_down(trace->filter, &trace->source.config);
	trace->filters_here = !filter_is_pushed_whole(trace->filter, &trace->source.config);
	if (!options->output.show_all && filter_wants_normal(trace->filter))
		log_warn("the filter asks for normal or benign endings, which are shown with "
			 "--all only");
	return 0;
}

static int trace_explain_filter(const struct trace *trace)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	filter_explain(&text, trace->filter, &trace->source.config);
	return command_print(&text);
}

int trace_command(const void *options)
{
	_cleanup_(trace_release) struct trace trace = { .options = options };
	int err;

	trace.source = trace.options->source.tracer;
	err = trace_read_filter(&trace);
	if (err)
		return exit_code_of(err);
	if (trace.options->explain_filter)
		return trace_explain_filter(&trace);
	err = trace_open(&trace);
	if (err)
		return exit_code_of(err);
	return trace_run(&trace);
}
