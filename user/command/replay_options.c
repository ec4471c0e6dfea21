// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/replay_options.h"

#include <errno.h>

#include "user/base/log.h"
#include "user/render/forms.h"
#include "user/replay/checksum_habit.h"

#define MAX_FLOWS_LEAST 16
#define MAX_FLOWS_MOST (16 * 1024 * 1024)
#define MAX_FLOWS_DEFAULT 262144

static const char *checksum_word(size_t index)
{
	static const char *const words[] = {
		[CHECKSUMS_STRICT] = "strict",
		[CHECKSUMS_AUTO] = "auto",
		[CHECKSUMS_OFF] = "off",
	};

	return index < sizeof(words) / sizeof(words[0]) ? words[index] : NULL;
}

static const char *time_word(size_t index)
{
	static const char *const words[] = {
		[REPLAY_TIME_DATE] = "date",
		[REPLAY_TIME_RELATIVE] = "relative",
	};

	return index < sizeof(words) / sizeof(words[0]) ? words[index] : NULL;
}

static const struct option_row replay_rows[] = {
	{ .name = "decap",
	  .section = SECTION_CAPTURE,
	  OPTION_TARGET(struct replay_command_options, decap),
	  .help = "look into VXLAN, Geneve, GRE, IP in IP, GTP-U and Teredo" },
	{ .name = "checksums",
	  .metavar = "MODE",
	  .section = SECTION_CAPTURE,
	  .type = OPTION_WORD,
	  .words = checksum_word,
	  OPTION_TARGET(struct replay_command_options, checksums),
	  .help = "packets with a wrong checksum: auto, strict or off (default auto)",
	  .more = "auto leaves them out and counts them, but where most of a sender, or of the "
		  "capture, are wrong, as they are on a host whose interface computes them: then "
		  "they are counted in, and that is said. strict always leaves them out, off never." },
	{ .name = "time",
	  .metavar = "STYLE",
	  .section = SECTION_OUTPUT,
	  .type = OPTION_WORD,
	  .words = time_word,
	  OPTION_TARGET(struct replay_command_options, time_style),
	  .help = "times in tables: date, or relative to the first packet (default date)" },
	{ .name = "write",
	  .letter = 'w',
	  .metavar = "FILE",
	  .section = SECTION_OUTPUT,
	  .type = OPTION_FILE,
	  OPTION_TARGET(struct replay_command_options, write_path),
	  .help = "write the packets of what is shown to this pcapng file, with comments",
	  .more = "The packet that ended a connection has the verdict and its sentence as its "
		  "comment. With --all the file has all connections. The captures are read twice." },
	{ .name = "no-checksums",
	  .section = SECTION_CAPTURE,
	  OPTION_TARGET(struct replay_command_options, no_checksums),
	  .help = "the same as --checksums off" },
	{ .name = "in-kernel",
	  .section = SECTION_CAPTURE,
	  OPTION_TARGET(struct replay_command_options, in_kernel),
	  .help = "run the packets through the kernel's BPF program; root",
	  .more = "The records are the same; a test compares them byte by byte." },
	{ .name = "max-flows",
	  .metavar = "N",
	  .section = SECTION_LIMITS,
	  .type = OPTION_NUMBER,
	  .least = MAX_FLOWS_LEAST,
	  .most = MAX_FLOWS_MOST,
	  OPTION_TARGET(struct replay_command_options, max_flows),
	  .help = "remember N connections (default 262144)",
	  .more = "When there are more, the one whose timer runs out first is forgotten, and "
		  "counted." },
};

static void replay_init(void *data)
{
	struct replay_command_options *options = data;

	options->max_flows = MAX_FLOWS_DEFAULT;
	options->checksums = CHECKSUMS_AUTO;
}

static const struct option_group replay_option_group = {
	OPTION_ROWS(replay_rows),
	.init = replay_init,
};

static int replay_finish(void *data)
{
	struct replay_command_options *options = data;

	if (options->output.show_all)
		options->source.tracer.config.flags |= TRACER_SHOW_ALL;
	if (!options->common.word_count)
		return log_error(-EINVAL, "replay needs a capture file; - reads from stdin");
	if (options->counts.by_was_said && output_options_use(&options->output, &zeek_form_ops))
		return log_error(
			-EINVAL,
			"--by makes rows, and Zeek's log has connections: -o zeek does not "
			"go with it");
	if (options->counts.by_was_said && options->write_path)
		return log_error(-EINVAL, "--by makes rows, and -w writes the packets of records: "
					  "they do not go together");
	return 0;
}

static const struct option_use replay_uses[] = {
	{ &source_option_group, offsetof(struct replay_command_options, source), "port host" },
	{ &filter_option_group, offsetof(struct replay_command_options, filter), NULL },
	{ &replay_option_group, 0, NULL },
	{ &count_option_group, offsetof(struct replay_command_options, counts), "by sort top" },
	{ &output_option_group, offsetof(struct replay_command_options, output),
	  "output columns all count" },
	{ &option_debug_group, 0, NULL },
};

const struct option_table replay_option_table = {
	.size = sizeof(struct replay_command_options),
	.words = "FILE...",
	.words_type = OPTION_FILE,
	OPTION_USES(replay_uses),
	.finish = replay_finish,
};
