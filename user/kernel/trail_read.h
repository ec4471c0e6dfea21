/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The trails of packets that the programs keep with --packets. */
#ifndef USER_KERNEL_TRAIL_READ_H
#define USER_KERNEL_TRAIL_READ_H

#include <stdbool.h>

#include "include/packet_trail.h"
#include "user/kernel/tracer.h"

struct trails;

/**
 * @count   Packets of the flow. @kept of them are here: the first ones and the last ones, in the
 *          order in which they were seen; @first of them from its beginning on.
 * @slot    Of TRAIL_SLOTS.
 */
struct trail_copy {
	uint32_t slot;
	uint64_t count;
	unsigned int kept;
	unsigned int first;
	struct trail_packet packets[TRAIL_PACKETS_MOST];
};

/* Map the kernel's memory. 0 or negative errno. */
int trails_open(const struct tracer *tracer, struct trails **ret);
void trails_free(struct trails **trails);

/* False when another flow has taken its place, or no packet of it was seen. */
bool trails_read(const struct trails *trails, const struct flow_key *key, struct trail_copy *ret);

#endif
