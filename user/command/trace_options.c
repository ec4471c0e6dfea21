// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/trace_options.h"

#include <errno.h>

#include "include/packet_trail.h"
#include "user/base/log.h"
#include "user/option/option_value.h"

#define PACKETS_BYTES_LEAST 4096
#define PACKETS_BYTES_DEFAULT (64 * 1024 * 1024)

static int parse_packets(const struct option_row *row, const char *value, void *target)
{
	uint8_t *kept = target;
	struct option_row number = *row;
	int err;

	number.parse = NULL;
	err = option_value_parse(&number, value, target);
	if (!err && *kept % 2)
		return option_value_wrong(row, value);
	return err;
}

static const struct option_row trace_rows[] = {
	{ .name = "explain-filter",
	  .section = SECTION_WHICH,
	  OPTION_TARGET(struct trace_options, explain_filter),
	  .help = "show how the filter is read and what the kernel decides of it, and stop" },
	{ .name = "stacks",
	  .section = SECTION_OUTPUT,
	  OPTION_TARGET(struct trace_options, stacks),
	  .help = "show the kernel and user stack of who closed or aborted",
	  .more = "Innermost frame first; in a file without symbols a frame is the file's name and "
		  "the address in it that addr2line takes. User stacks are followed by frame "
		  "pointers: of programs built without them little is seen. They get their names "
		  "while the process lives: of one that has gone at once no user stack is shown." },
	{ .name = "packets",
	  .metavar = "K",
	  .section = SECTION_OUTPUT,
	  .type = OPTION_NUMBER,
	  .least = TRAIL_PACKETS_LEAST,
	  .most = TRAIL_PACKETS_MOST,
	  .parse = parse_packets,
	  OPTION_TARGET(struct trace_options, packets.kept),
	  .takes = "an even number from 2 to 64",
	  .help = "keep the headers of the first and last K/2 packets of each flow (with -w; 16)",
	  .more = "Even, from 2 to 64. Every TCP packet is then looked at, which costs; 4096 flows "
		  "have a place, and a younger flow may take that of an older one." },
	{ .name = "write",
	  .letter = 'w',
	  .metavar = "FILE",
	  .section = SECTION_OUTPUT,
	  .type = OPTION_FILE,
	  OPTION_TARGET(struct trace_options, packets.path),
	  .help = "write those of abnormal closes to this pcapng file",
	  .more = "The first packet and the one that ended the connection carry a comment with the "
		  "verdict, the explanation and the process." },
	{ .name = "write-size",
	  .metavar = "SIZE",
	  .section = SECTION_OUTPUT,
	  .type = OPTION_SIZE,
	  .least = PACKETS_BYTES_LEAST,
	  OPTION_TARGET(struct trace_options, packets.max_bytes),
	  .takes = "a size from 4K up, such as 64M",
	  .help = "begin a new file behind SIZE and keep one older, FILE.1 (default 64M)" },
};

_Static_assert(TRAIL_PACKETS_LEAST == 2 && TRAIL_PACKETS_MOST == 64, "what --packets says");

static const struct option_group trace_option_group = { OPTION_ROWS(trace_rows) };

/* Each of the two wants the other one. */
static int check_packets(struct trace_options *options)
{
	struct packet_options *packets = &options->packets;

	if (packets->kept && !packets->path)
		return log_error(-EINVAL, "--packets needs a file to write them to: -w FILE");
	if (packets->max_bytes && !packets->path)
		return log_error(-EINVAL, "--write-size needs a file: -w FILE");
	if (!packets->path)
		return 0;
	if (options->source.tracer.hook == HOOK_NONE)
		return log_error(-EINVAL, "-w needs packets to be watched, not --hook none");
	if (!packets->kept)
		packets->kept = TRAIL_PACKETS_DEFAULT;
	if (!packets->max_bytes)
		packets->max_bytes = PACKETS_BYTES_DEFAULT;
	options->source.tracer.config.trail_packets = packets->kept;
	return 0;
}

static int trace_finish(void *data)
{
	struct trace_options *options = data;
	struct tracer_config *config = &options->source.tracer.config;

	if (options->output.show_all)
		config->flags |= TRACER_SHOW_ALL;
	if (options->stacks)
		config->flags |= TRACER_STACKS;
	options->filter.words = options->common.words;
	options->filter.word_count = options->common.word_count;
	if (options->explain_filter && !options->filter.count && !options->filter.word_count)
		return log_error(-EINVAL, "--explain-filter needs a --filter to explain");
	return check_packets(options);
}

static const struct option_use trace_uses[] = {
	{ &source_option_group, offsetof(struct trace_options, source), NULL },
	{ &filter_option_group, offsetof(struct trace_options, filter), NULL },
	{ &output_option_group, offsetof(struct trace_options, output), NULL },
	{ &trace_option_group, 0, NULL },
	{ &option_debug_group, 0, NULL },
};

const struct option_table trace_option_table = {
	.size = sizeof(struct trace_options),
	.words = "[FILTER...]",
	OPTION_USES(trace_uses),
	.finish = trace_finish,
};
