/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For `trace`: cgroup and container of a connection, kept up to date, and the --container filter. */
#ifndef USER_COMMAND_TRACE_CONTAINERS_H
#define USER_COMMAND_TRACE_CONTAINERS_H

#include <stdbool.h>

#include "user/base/event_loop.h"
#include "user/kernel/tracer.h"
#include "user/model/connection.h"

struct trace_containers;

/* @wanted  Borrowed; NULL = all. *ret is set on success only. 0 or -ENOMEM. */
int trace_containers_new(const char *wanted, struct trace_containers **ret);
void trace_containers_free(struct trace_containers **containers);

/**
 * Learn the containers that are there, first thing in the loop. Call it when the tracer runs, so
 * that none falls between.
 *
 * @loop, @tracer  Borrowed.
 */
void trace_containers_start(struct trace_containers *containers, struct event_loop *loop,
			    struct tracer *tracer);

/* For the pipeline. */
void trace_containers_take_event(struct trace_containers *containers,
				 const struct cgroup_record *record);
void trace_containers_enrich(struct trace_containers *containers, struct closed_connection *c);
bool trace_containers_wants(struct trace_containers *containers, const struct closed_connection *c);

#endif
