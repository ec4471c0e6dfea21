/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flight recorder of `trace`: the last packets of every abnormal close, into a pcapng file. */
#ifndef USER_OUTLET_PACKETS_OUTLET_H
#define USER_OUTLET_PACKETS_OUTLET_H

#include "user/kernel/tracer.h"
#include "user/outlet/writer.h"

/**
 * Open the file and the kernel's memory. What was written is said on stderr when it is closed.
 *
 * @options  path, max_bytes and the place among the outlets; `head` is filled in here.
 * @tracer   Borrowed for the call.
 * @return   0; a negative errno after a sentence.
 */
int packets_outlet_open(const struct writer_options *options, const struct tracer *tracer,
			struct outlet **ret);

#endif
