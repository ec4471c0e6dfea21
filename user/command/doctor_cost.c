// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/doctor_cost.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/command/command.h"
#include "user/engine/engine.h"
#include "user/engine/live_source.h"
#include "user/kernel/program_cost.h"
#include "user/model/duration_text.h"

#define COST_DURATION_NS (10 * CLOCK_NS_PER_SECOND)
/* One run of it for every TCP socket that went. */
#define COST_SOCKET_PROGRAM "ct_destroy"
#define COST_FLOWS_MANY 1000000

/* -- the measurement ------------------------------------------------------------------------- */
struct cost_run {
	struct engine *engine;
	struct tracer *tracer;
	int stats_fd;
	uint64_t begin_ns, took_ns;
	uint64_t own_cpu_us;
};

static void cost_run_release(struct cost_run *run)
{
	engine_free(&run->engine);
	if (run->stats_fd >= 0)
		close(run->stats_fd);
}

static uint64_t own_cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int cost_run_open(struct cost_run *run, const struct doctor_options *options)
{
	struct engine_options engine = {
		.duration_ns = options->output.duration_ns ?: COST_DURATION_NS,
	};
	struct live_source_options live = {
		.tracer = options->source.tracer,
		.names_nothing = true,
	};
	struct source *source;
	int err;

	err = engine_new(&engine, &run->engine);
	if (!err)
		err = live_source_open(&live, &source);
	if (err)
		return err;
	run->tracer = live_source_tracer(source);
	err = engine_start(run->engine, source);
	if (err)
		return err;
	/* Before: it takes a capability that is not kept. */
	run->stats_fd = program_cost_begin();
	if (run->stats_fd == -EPERM)
		return log_error(-EOPNOTSUPP,
				 "to measure what programs cost takes CAP_SYS_ADMIN; run "
				 "it as root");
	if (run->stats_fd < 0)
		return log_error(run->stats_fd, "the kernel does not measure its BPF programs: %s",
				 strerror(-run->stats_fd));
	tracer_drop_privilege(run->tracer, 0);
	log_info("measuring for %.0f s; Ctrl-C ends it sooner", (double)engine.duration_ns / 1e9);
	run->begin_ns = clock_monotonic_ns();
	run->own_cpu_us = own_cpu_us();
	return 0;
}

/* -- the report ------------------------------------------------------------------------------ */
static int cost_compare(const void *a, const void *b)
{
	const struct program_cost *x = a, *y = b;

	return x->time_ns < y->time_ns ? 1 : x->time_ns > y->time_ns ? -1 : 0;
}

static void append_percent(struct strbuf *b, uint64_t part_ns, uint64_t whole_ns)
{
	strbuf_appendf(b, "%.3f %% of one processor",
		       whole_ns ? 100.0 * (double)part_ns / (double)whole_ns : 0.0);
}

static void append_programs(struct strbuf *b, const struct cost_run *run,
			    struct program_cost *costs, size_t count)
{
	uint64_t runs = 0, time_ns = 0, sockets = 0;

	qsort(costs, count, sizeof(*costs), cost_compare);
	strbuf_appendf(b, "  %-16s %12s %8s %12s\n", "program", "runs", "ns/run", "us/s");
	for (size_t i = 0; i < count; i++) {
		if (!costs[i].runs)
			continue;
		strbuf_appendf(b, "  %-16s %12llu %8llu %12.1f\n", costs[i].name,
			       (unsigned long long)costs[i].runs,
			       (unsigned long long)(costs[i].time_ns / costs[i].runs),
			       (double)costs[i].time_ns / 1e3 / ((double)run->took_ns / 1e9));
		runs += costs[i].runs;
		time_ns += costs[i].time_ns;
		if (!strcmp(costs[i].name, COST_SOCKET_PROGRAM))
			sockets = costs[i].runs;
	}
	strbuf_appendf(b, "  all programs: %llu runs, ", (unsigned long long)runs);
	append_percent(b, time_ns, run->took_ns);
	strbuf_append_str(b, "; about 45 ns of each run are the measurement's own\n");
	if (sockets)
		strbuf_appendf(
			b,
			"  %llu TCP sockets ended: %llu ns each; a connection has one at each "
			"end\n",
			(unsigned long long)sockets, (unsigned long long)(time_ns / sockets));
	else
		strbuf_append_str(b, "  no TCP socket ended: nothing to divide by\n");
	strbuf_append_str(b, "  this process: ");
	append_percent(b, (own_cpu_us() - run->own_cpu_us) * CLOCK_NS_PER_US, run->took_ns);
	strbuf_append_char(b, '\n');
}

static double megabytes(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static void append_memory(struct strbuf *b, const struct cost_run *run)
{
	struct map_cost maps[PROGRAM_COST_MAX];
	size_t count = map_cost_read(tracer_object(run->tracer), maps);
	struct rusage usage;
	uint64_t all = 0;

	getrusage(RUSAGE_SELF, &usage);
	for (size_t i = 0; i < count; i++)
		all += maps[i].bytes;
	strbuf_appendf(b, "memory: this process %.1f MB at most; maps of the kernel %.1f MB\n",
		       megabytes((uint64_t)usage.ru_maxrss * 1024), megabytes(all));
	strbuf_appendf(b, "  %-16s %12s %8s\n", "map", "entries", "MB");
	for (size_t i = 0; i < count; i++) {
		uint64_t each = maps[i].entries ? maps[i].bytes / maps[i].entries : 0;

		if (maps[i].bytes < 64 * 1024)
			continue;
		strbuf_appendf(b, "  %-16s %12u %8.1f", maps[i].name, maps[i].entries,
			       megabytes(maps[i].bytes));
		if (!strcmp(maps[i].name, "ct_flows"))
			strbuf_appendf(b, "  %llu bytes a flow; --max-flows %d would take %.0f MB",
				       (unsigned long long)each, COST_FLOWS_MANY,
				       megabytes(each * COST_FLOWS_MANY));
		strbuf_append_char(b, '\n');
	}
}

int doctor_cost(const struct doctor_options *options)
{
	_cleanup_(cost_run_release) struct cost_run run = { .stats_fd = -1 };
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct program_cost costs[PROGRAM_COST_MAX];
	int fds[TRACER_PROGRAM_MAX];
	size_t count;
	int err;

	err = cost_run_open(&run, options);
	if (err)
		return exit_code_of(err);
	err = engine_run(run.engine);
	run.took_ns = clock_monotonic_ns() - run.begin_ns;
	count = program_cost_read(fds, tracer_program_fds(run.tracer, fds), costs);
	if (err)
		return exit_code_of(err);
	strbuf_append_str(&text, "cost of tracing this host, measured for ");
	duration_append(&text, run.took_ns / CLOCK_NS_PER_US, " ");
	strbuf_append_char(&text, '\n');
	append_programs(&text, &run, costs, count);
	append_memory(&text, &run);
	return command_print(&text);
}
