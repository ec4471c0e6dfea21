/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The program of `replay --in-kernel` (bpf/replay.bpf.c): loaded, and fed packet by packet. */
#ifndef USER_KERNEL_REPLAY_PROGRAM_H
#define USER_KERNEL_REPLAY_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "include/capture_flow.h"

struct replay_program;

/**
 * Load it, with room for `max_flows` flows.
 *
 * @return  0; -EOPNOTSUPP after a sentence when this host cannot (no privilege, no BTF); another
 *          negative errno after a sentence.
 */
int replay_program_load(size_t max_flows, struct replay_program **ret);
void replay_program_free(struct replay_program **program);

/* What the program reads (now_ns, open_payload) and writes: shared memory. */
struct capture_exchange *replay_program_exchange(struct replay_program *program);

/**
 * Run one IP packet.
 *
 * @ip @len  From the IP header on; what is behind the headers does not matter and is not passed.
 * @return   0 with the exchange written; a negative errno after a sentence.
 */
int replay_program_run(struct replay_program *program, const uint8_t *ip, uint32_t len);

/* Change, or drop, what the kernel has of a flow. */
void replay_program_store(struct replay_program *program, const struct flow_key *key,
			  const struct capture_flow *flow);
void replay_program_forget(struct replay_program *program, const struct flow_key *key);

#endif
