/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For the live source: cgroup and container of a connection, kept up to date, and the --container filter. */
#ifndef USER_ENGINE_LIVE_CONTAINERS_H
#define USER_ENGINE_LIVE_CONTAINERS_H

#include <stdbool.h>

#include "user/base/event_loop.h"
#include "user/kernel/tracer.h"
#include "user/model/connection.h"

struct live_containers;

/* @wanted  Borrowed; NULL = all. *ret is set on success only. 0 or -ENOMEM. */
int live_containers_new(const char *wanted, struct live_containers **ret);
void live_containers_free(struct live_containers **containers);

/**
 * Learn the containers that are there, first thing in the loop. Call it when the tracer runs, so
 * that none falls between.
 *
 * @loop, @tracer  Borrowed.
 */
void live_containers_start(struct live_containers *containers, struct event_loop *loop,
			   struct tracer *tracer);

/* For the pipeline. */
void live_containers_take_event(struct live_containers *containers,
				const struct cgroup_record *record);
void live_containers_enrich(struct live_containers *containers, struct closed_connection *c);
bool live_containers_wants(struct live_containers *containers, const struct closed_connection *c);

#endif
