/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of commands that trace: where to look, at which connections, with how much memory. */
#ifndef USER_COMMAND_SOURCE_OPTIONS_H
#define USER_COMMAND_SOURCE_OPTIONS_H

#include "user/kernel/tracer.h"
#include "user/option/option_table.h"

/**
 * @tracer      Complete after parsing; its names point into the lists.
 * @container   Name, or the beginning of an id; NULL = all.
 * @port        Host byte order, 0 = all; tracer.config has it, too.
 */
struct source_options {
	struct tracer_options tracer;
	const char *container;
	struct option_list interfaces;
	struct option_list netns;
	uint16_t port;
};

/* --interface --hook --netns --pid --comm --port --host --container --storm-rate --max-flows --ring */
extern const struct option_group source_option_group;

#endif
