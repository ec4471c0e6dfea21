/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The engine of `replay --in-kernel`: the flows live in the kernel, every packet runs there. */
#ifndef USER_REPLAY_KERNEL_ENGINE_H
#define USER_REPLAY_KERNEL_ENGINE_H

#include "user/kernel/replay_program.h"
#include "user/replay/replay.h"

struct kernel_engine {
	struct replay_engine engine;
	struct replay_program *program;
};

/* `program` stays with the caller. */
void kernel_engine_init(struct kernel_engine *self, struct replay_program *program);

#endif
