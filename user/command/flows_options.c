// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/flows_options.h"

#include "user/model/flow_row.h"

/* The kernel's counts are of all connections: what narrows records down does not narrow these. */
#define SOURCE_ONLY "interface hook netns max-flows ring"

static const struct option_row flows_rows[] = {
	{ .name = "once",
	  .letter = '1',
	  .section = SECTION_COUNTS,
	  OPTION_TARGET(struct flows_options, once),
	  .help = "show one table, at the end" },
};

static const struct option_group flows_option_group = { OPTION_ROWS(flows_rows) };

static const struct option_use flows_uses[] = {
	{ &source_option_group, offsetof(struct flows_options, source), SOURCE_ONLY },
	{ &filter_option_group, offsetof(struct flows_options, filter), NULL },
	{ &count_option_group, offsetof(struct flows_options, counts), NULL },
	{ &flows_option_group, 0, NULL },
	{ &output_rows_option_group, offsetof(struct flows_options, output), NULL },
	{ &option_debug_group, 0, NULL },
};

const struct option_table flows_option_table = {
	.size = sizeof(struct flows_options),
	OPTION_USES(flows_uses),
};

static int top_finish(void *data)
{
	struct top_options *options = data;

	if (!options->counts.by_was_said)
		options->counts.by = FLOW_KEY(CLIENT);
	return 0;
}

static const struct option_use top_uses[] = {
	{ &source_option_group, offsetof(struct top_options, source), SOURCE_ONLY },
	{ &filter_option_group, offsetof(struct top_options, filter), NULL },
	{ &count_option_group, offsetof(struct top_options, counts),
	  "by sort interval max-conversations" },
	{ &option_debug_group, 0, NULL },
};

const struct option_table top_option_table = {
	.size = sizeof(struct top_options),
	OPTION_USES(top_uses),
	.finish = top_finish,
};
