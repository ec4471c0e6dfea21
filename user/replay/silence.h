/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When silence is an ending. A capture knows no socket that gives up, but it knows the time: what a
 * stack would have sent again by now, and has not, was given up; and what no stack waits for any
 * longer cannot go on.
 */
#ifndef USER_REPLAY_SILENCE_H
#define USER_REPLAY_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "include/capture_flow.h"
#include "user/base/clock.h"

/**
 * @due_ns       From here on the silence is an ending, if the capture shows no more of it.
 * @patience_ns  From here on none of the known stacks goes on: it is told.
 * @seen         EVIDENCE() bits for capture_judge().
 */
struct silence {
	uint64_t due_ns;
	uint64_t patience_ns;
	uint64_t seen;
};

/* No silence is told before. */
#define SILENCE_PATIENCE_LEAST_NS (128 * CLOCK_NS_PER_SECOND)

/* What the silence of a flow means that has not ended. False: it is no ending, however long. */
bool silence_of(const struct capture_flow *flow, struct silence *ret);

/* Whether it waits for an answer that does not come, be it for how short a time. */
bool silence_is_stall(const struct capture_flow *flow);

#endif
