/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of commands that count: what is a row, which rows, how often. */
#ifndef USER_COMMAND_COUNT_OPTIONS_H
#define USER_COMMAND_COUNT_OPTIONS_H

#include "user/option/option_table.h"

/**
 * @by                 FLOW_KEY() bits. @by_was_said By --by, not by default.
 * @sort               enum flow_field.
 * @top                Rows to show at most, 0 = all.
 * @interval_ns        From one table to the next.
 * @max_conversations  Entries of the kernel's map.
 */
struct count_options {
	uint32_t by;
	uint32_t sort;
	uint64_t top;
	uint64_t interval_ns;
	uint32_t max_conversations;
	bool by_was_said;
};

/* --by --sort --top --interval --max-conversations */
extern const struct option_group count_option_group;

#endif
