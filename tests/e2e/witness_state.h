/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the witness's program counts: shared with its user side. */
#ifndef TESTS_E2E_WITNESS_STATE_H
#define TESTS_E2E_WITNESS_STATE_H

#include "include/compiler.h"

#define WITNESS_PROTOCOL_TCP 6

/* @netns inode number; @state enum of include/net/tcp_states.h. */
struct witness_key {
	__u32 netns;
	__u32 state;
};

struct witness_count {
	__u32 entered;
	__u32 left;
};

#endif
