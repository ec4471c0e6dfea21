/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The reading end of the ring buffer: endings go to the pipeline, in gulps; what tells of something
 * else goes to who wants to know. Nothing in it waits.
 */
#ifndef USER_KERNEL_RING_READER_H
#define USER_KERNEL_RING_READER_H

#include <stdbool.h>

#include "user/base/event_loop.h"
#include "user/pipeline/pipeline.h"

/**
 * What tells of no ending; NULL = ignored.
 *
 * @netns_found  A namespace that the kernel side did not know.
 * @cgroup       A cgroup that came or went.
 */
struct ring_events {
	void (*netns_found)(void *data, const struct netns_record *record);
	void (*cgroup)(void *data, const struct cgroup_record *record);
	void *data;
};

struct ring_reader;

/**
 * @map_fd    Of the ring buffer.
 * @loop, @pipeline  Borrowed. The loop is stopped when the pipeline wants no more.
 * @events    Copied.
 * @return    0 or negative errno.
 */
int ring_reader_new(int map_fd, struct event_loop *loop, struct pipeline *pipeline,
		    const struct ring_events *events, struct ring_reader **ret);
void ring_reader_free(struct ring_reader **reader);

/* Read a gulp of what is there now, and have the outlets pass it on. */
void ring_reader_read(struct ring_reader *reader);

/* Read all that is there, however much: after the programs were detached. */
void ring_reader_drain(struct ring_reader *reader);

/* The pipeline wants no more, and the loop is about to stop. */
bool ring_reader_is_done(const struct ring_reader *reader);

#endif
