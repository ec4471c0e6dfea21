// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/record_options.h"

#include "user/base/clock.h"
#include "user/store/store.h"
#include "user/store/store_counts.h"
#include "user/store/store_keep.h"

#define KEEP_LEAST_NS (3600 * CLOCK_NS_PER_SECOND)
#define KEEP_BYTES_LEAST (1024 * 1024)
#define ROWS_MOST 1000000

/* What narrows records down does not narrow the kernel's counts. */
#define SOURCE_ONLY "interface hook netns max-flows ring"

static const struct option_row record_rows[] = {
	{ .name = "to",
	  .metavar = "FILE",
	  .section = SECTION_OUTPUT,
	  .type = OPTION_FILE,
	  OPTION_TARGET(struct record_options, path),
	  .help = "the database (default " STORE_PATH_DEFAULT ")" },
	{ .name = "keep",
	  .metavar = "TIME",
	  .section = SECTION_LIMITS,
	  .type = OPTION_TIME,
	  .least = KEEP_LEAST_NS,
	  OPTION_TARGET(struct record_options, keep_ns),
	  .takes = "a time from 1h up, such as 30d",
	  .help = "throw away what is older than TIME (default 30d)" },
	{ .name = "keep-size",
	  .metavar = "SIZE",
	  .section = SECTION_LIMITS,
	  .type = OPTION_SIZE,
	  .least = KEEP_BYTES_LEAST,
	  OPTION_TARGET(struct record_options, keep_bytes),
	  .takes = "a size from 1M up, such as 1G",
	  .help = "throw away the oldest beyond SIZE (default 1G)" },
	{ .name = "max-rows",
	  .metavar = "N",
	  .section = SECTION_LIMITS,
	  .type = OPTION_NUMBER,
	  .least = 1,
	  .most = ROWS_MOST,
	  OPTION_TARGET(struct record_options, max_rows),
	  .help = "groups of each minute that have a row of their own (default 1000)",
	  .more = "Those with the most packets; the others are one row, so that sums are exact." },
};

static void record_init(void *data)
{
	struct record_options *options = data;

	options->path = STORE_PATH_DEFAULT;
	options->keep_ns = STORE_KEEP_NS_DEFAULT;
	options->keep_bytes = STORE_KEEP_BYTES_DEFAULT;
	options->max_rows = STORE_COUNTS_MOST;
}

static const struct option_group record_option_group = {
	OPTION_ROWS(record_rows),
	.init = record_init,
};

static const struct option_use record_uses[] = {
	{ &source_option_group, offsetof(struct record_options, source), SOURCE_ONLY },
	{ &filter_option_group, offsetof(struct record_options, filter), "zones" },
	{ &record_option_group, 0, NULL },
	{ &output_option_group, offsetof(struct record_options, output), "duration" },
	{ &option_debug_group, 0, NULL },
};

const struct option_table record_option_table = {
	.size = sizeof(struct record_options),
	OPTION_USES(record_uses),
};
