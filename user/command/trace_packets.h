/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flight recorder of `trace`: the last packets of every abnormal close, into a pcapng file. */
#ifndef USER_COMMAND_TRACE_PACKETS_H
#define USER_COMMAND_TRACE_PACKETS_H

#include "user/base/clock.h"
#include "user/kernel/tracer.h"
#include "user/model/connection.h"

struct trace_packets;

/**
 * Open the file and the kernel's memory.
 *
 * @path      Borrowed. An older file is replaced.
 * @max_bytes A file that is longer becomes PATH.1, in the place of the one before.
 * @return    0; a negative errno after a sentence.
 */
int trace_packets_open(const char *path, uint64_t max_bytes, const struct tracer *tracer,
		       struct trace_packets **ret);

/* Says on stderr what was written, when anything was. */
void trace_packets_close(struct trace_packets **packets);

/* Write the packets of a connection that was shown. After an error nothing more is written. */
void trace_packets_write(struct trace_packets *packets, const struct clock_map *clock,
			 const struct closed_connection *c);

#endif
