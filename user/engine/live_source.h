/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The live source: the tracer, with the names of containers and the functions of stacks. */
#ifndef USER_ENGINE_LIVE_SOURCE_H
#define USER_ENGINE_LIVE_SOURCE_H

#include "user/engine/source.h"
#include "user/kernel/tracer.h"

/**
 * @tracer        Copied; its lists are borrowed. With TRACER_STACKS stacks are named.
 * @container     Name, or the beginning of an id; NULL = all. Borrowed.
 * @names_nothing  Who only counts needs no names of containers.
 */
struct live_source_options {
	struct tracer_options tracer;
	const char *container;
	bool names_nothing;
};

/**
 * Probe the kernel and load the programs. Nothing is attached yet.
 *
 * @return  As tracer_new(), logged.
 */
int live_source_open(const struct live_source_options *options, struct source **ret);

/* Of a source that live_source_open() made. Stays the source's. */
struct tracer *live_source_tracer(const struct source *source);

#endif
