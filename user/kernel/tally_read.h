/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The counts of conversations and flows, as the programs have them now. */
#ifndef USER_KERNEL_TALLY_READ_H
#define USER_KERNEL_TALLY_READ_H

#include "include/flow_tally.h"
#include "user/kernel/tracer.h"

typedef void (*tally_callback)(void *data, const struct tally_key *key,
			       const struct tally_counts *counts);
typedef void (*flow_callback)(void *data, const struct flow_key *key,
			      const struct flow_state *flow);

/**
 * With TRACER_TALLY: every conversation and its counts since the start. Events that come in the
 * meantime are fed to the pipeline between two pieces of the map.
 *
 * @ret_rest  What found no room in the map.
 * @return    0; negative errno, also that of the pipeline.
 */
int tally_read(struct tracer *tracer, tally_callback callback, void *data,
	       struct tally_counts *ret_rest);

/* The same for the flows that are in the flow map. */
int tally_read_flows(struct tracer *tracer, flow_callback callback, void *data);

#endif
