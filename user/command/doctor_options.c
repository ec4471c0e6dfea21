// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/doctor_options.h"

static const struct option_row doctor_rows[] = {
	{ .name = "cost",
	  .section = SECTION_TASK,
	  OPTION_TARGET(struct doctor_options, cost),
	  .help = "trace for a while (10 s, or --duration) and say what that cost",
	  .more = "Runs and time of each BPF program as the kernel measures them, per TCP socket that "
		  "ended; the processor time of this process; the memory of both. While it runs, the "
		  "kernel measures every BPF program of the host." },
	{ .name = "clean",
	  .section = SECTION_TASK,
	  OPTION_TARGET(struct doctor_options, clean),
	  .help = "remove the filters that a killed closetrace left (kernels before 6.6)" },
};

static const struct option_group doctor_option_group = { OPTION_ROWS(doctor_rows) };

static const struct option_use doctor_uses[] = {
	{ &doctor_option_group, 0, NULL },
	{ &source_option_group, offsetof(struct doctor_options, source), "interface hook netns" },
	{ &output_option_group, offsetof(struct doctor_options, output), "duration" },
	{ &option_debug_group, 0, NULL },
};

const struct option_table doctor_option_table = {
	.size = sizeof(struct doctor_options),
	OPTION_USES(doctor_uses),
};
