/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where endings come from, as the engine sees it: the live host, or a capture. A source feeds the
 * pipeline with endings and dispatches by itself what is none (namespaces, cgroups).
 */
#ifndef USER_ENGINE_SOURCE_H
#define USER_ENGINE_SOURCE_H

#include <stdbool.h>

#include "user/base/event_loop.h"
#include "user/pipeline/ledger.h"
#include "user/pipeline/pipeline.h"

struct source;

/**
 * @config   The filters that the pipeline asks again; of the source.
 * @start    Begin to feed; *context gets what only the source knows (clock rate, names of
 *           interfaces). 0 or a negative errno, logged.
 * @run      Feed all there is, and return; NULL: it feeds from the loop, until that is stopped.
 *           0 or a negative errno, not logged.
 * @enrich   Add to a connection what only the source knows. May be NULL.
 * @wants    Whether it is asked for by what only the source knows. May be NULL: yes.
 * @stop     The last records are fed, and then no more. NULL: there is nothing to stop.
 * @fill_ledger  Its half of the ledger. 0 or negative errno. May be NULL.
 * @close    Free it and set *source to NULL.
 */
struct source_ops {
	const char *name;
	const struct tracer_config *(*config)(const struct source *source);
	int (*start)(struct source *source, struct event_loop *loop, struct pipeline *pipeline,
		     struct record_context *context);
	int (*run)(struct source *source);
	void (*enrich)(struct source *source, struct closed_connection *c);
	bool (*wants)(struct source *source, const struct closed_connection *c);
	void (*stop)(struct source *source);
	int (*fill_ledger)(const struct source *source, struct ledger *ret);
	void (*close)(struct source **source);
};

/* First member of every source's own struct. */
struct source {
	const struct source_ops *ops;
};

/* Fit for _cleanup_(source_close). */
static inline void source_close(struct source **source)
{
	if (*source)
		(*source)->ops->close(source);
}

#endif
