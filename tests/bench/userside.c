// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * userside FORM FILE RECORDS: the user side alone. Records as they come from the ring are checked,
 * decided again where they waited, rendered and written to FILE; prints how many a second of
 * processor time, and of wall time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tests/harness/sample_connection.h"
#include "user/base/clock.h"
#include "user/outlet/outlets.h"
#include "user/pipeline/pipeline.h"

/* As many as a gulp of the ring mostly has under load. */
#define GULP 256

static double processor_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
	struct outlets_options outlets_options = { .source_waits = true };
	struct outlet_request request = {};
	struct pipeline_options options = { .show_all = true };
	struct record_context context = sample_context();
	struct tracer_config config = {};
	struct close_record record = sample_record();
	struct outlet_account account;
	struct pipeline *pipeline;
	struct outlets *outlets;
	unsigned long count;
	double cpu, wall;
	uint64_t begin_ns;

	if (argc != 4 || !(request.form = form_ops_find(argv[1])))
		return 2;
	request.path = argv[2];
	count = strtoul(argv[3], NULL, 10);
	if (outlets_new(&outlets_options, &outlets) || outlets_open(outlets, &request, NULL))
		return 1;
	options.context = &context;
	options.config = &config;
	options.outlets = outlets_list(outlets, &options.outlet_count);
	if (pipeline_new(&options, &pipeline))
		return 1;
	begin_ns = clock_monotonic_ns();
	cpu = processor_seconds();
	for (unsigned long i = 0; i < count; i++) {
		record.head.time_ns++;
		record.socket_cookie = i;
		record.key.port[!record.local_side] = (uint16_t)i;
		pipeline_feed(pipeline, &record, sizeof(record));
		if (i % GULP == 0)
			pipeline_flush(pipeline);
	}
	pipeline_finish(pipeline);
	outlets_drain(outlets, UINT64_MAX);
	cpu = processor_seconds() - cpu;
	wall = (double)(clock_monotonic_ns() - begin_ns) / 1e9;
	outlet_account(options.outlets[0], &account);
	printf("%s: %.0f records a second of processor time, %.0f a second; written %llu\n",
	       argv[1], (double)count / cpu, (double)count / wall,
	       (unsigned long long)account.written);
	return account.written != count;
}
