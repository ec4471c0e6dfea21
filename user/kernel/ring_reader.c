// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/ring_reader.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/model/record_check.h"

/*
 * The ring is read at most this often. A record that comes alone is read at once; in a
 * storm one wakeup, which costs the traced host an interrupt, serves a whole gulp.
 */
#define RING_INTERVAL_NS (5 * CLOCK_NS_PER_MS)
/* Whoever fills the ring as fast as it is read must not keep the loop from everything else. */
#define GULP_MOST 4096

/**
 * @gulp_left  Records that this gulp may still take.
 * @is_done    The pipeline wants no more. @is_draining It gets it all the same, to be counted.
 * @hold_timer @ring_timer  -1 = not running.
 */
struct ring_reader {
	struct ring_buffer *ring;
	struct event_loop *loop;
	struct pipeline *pipeline;
	struct ring_events events;
	uint64_t read_ns;
	unsigned int gulp_left;
	bool is_done;
	bool is_draining;
	int hold_timer;
	int ring_timer;
};

/* True: it was no ending, and was taken. What makes no sense is counted by the pipeline. */
static bool take_event(const struct ring_reader *reader, const void *record, size_t size)
{
	const struct ring_events *events = &reader->events;
	enum record_type type;

	if (record_check(record, size, &type))
		return false;
	if (type == RECORD_NETNS && events->netns_found)
		events->netns_found(events->data, record);
	if (type == RECORD_CGROUP && events->cgroup)
		events->cgroup(events->data, record);
	return type == RECORD_NETNS || type == RECORD_CGROUP;
}

static int take_record(void *data, void *record, size_t size)
{
	const struct record_head *head = record;
	struct ring_reader *reader = data;

	if (size < sizeof(*head) || head->type == RECORD_CLOSE || !take_event(reader, record, size))
		reader->is_done |= pipeline_feed(reader->pipeline, record, size) != 0;
	if (reader->is_done && !reader->is_draining)
		return -ECANCELED;
	return --reader->gulp_left ? 0 : -ECANCELED;
}

static void end_gulp(struct ring_reader *reader)
{
	reader->is_done |= pipeline_flush(reader->pipeline) != 0;
	if (reader->is_done)
		event_loop_stop(reader->loop, 0);
}

static int on_hold_timer(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct ring_reader *reader = data;

	(void)events;
	reader->is_done |= pipeline_expire(reader->pipeline, clock_monotonic_ns()) != 0;
	if (!pipeline_is_holding(reader->pipeline)) {
		event_loop_remove_fd(loop, fd);
		reader->hold_timer = -1;
	}
	end_gulp(reader);
	return 0;
}

void ring_reader_read(struct ring_reader *reader)
{
	reader->gulp_left = GULP_MOST;
	ring_buffer__consume(reader->ring);
	/* More is there: no pause. */
	reader->read_ns = reader->gulp_left ? clock_monotonic_ns() : 0;
	end_gulp(reader);
	if (!reader->is_done && reader->hold_timer < 0 && pipeline_is_holding(reader->pipeline))
		reader->hold_timer = event_loop_add_timer(reader->loop, PIPELINE_GRACE_NS / 2,
							  on_hold_timer, reader);
}

static int on_ring_timer(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct ring_reader *reader = data;

	(void)events;
	event_loop_remove_fd(loop, fd);
	reader->ring_timer = -1;
	event_loop_set_events(loop, ring_buffer__epoll_fd(reader->ring), EPOLLIN);
	ring_reader_read(reader);
	return 0;
}

static int on_ring(struct event_loop *loop, int fd, uint32_t events, void *data)
{
	struct ring_reader *reader = data;
	uint64_t next_ns = reader->read_ns + RING_INTERVAL_NS, now_ns = clock_monotonic_ns();

	(void)events;
	if (now_ns < next_ns)
		reader->ring_timer =
			event_loop_add_timer(loop, next_ns - now_ns, on_ring_timer, reader);
	if (reader->ring_timer >= 0)
		event_loop_set_events(loop, fd, 0);
	else
		ring_reader_read(reader);
	return 0;
}

int ring_reader_new(int map_fd, struct event_loop *loop, struct pipeline *pipeline,
		    const struct ring_events *events, struct ring_reader **ret)
{
	_cleanup_(ring_reader_free) struct ring_reader *reader = calloc(1, sizeof(*reader));
	int err;

	if (!reader)
		return -ENOMEM;
	reader->loop = loop;
	reader->pipeline = pipeline;
	reader->events = *events;
	reader->hold_timer = reader->ring_timer = -1;
	reader->ring = ring_buffer__new(map_fd, take_record, reader, NULL);
	if (!reader->ring)
		return -errno;
	err = event_loop_add_fd(loop, ring_buffer__epoll_fd(reader->ring), EPOLLIN, on_ring,
				reader);
	if (err)
		return err;
	*ret = TAKE_PTR(reader);
	return 0;
}

void ring_reader_free(struct ring_reader **reader)
{
	if (!*reader)
		return;
	ring_buffer__free((*reader)->ring);
	free(*reader);
	*reader = NULL;
}

void ring_reader_drain(struct ring_reader *reader)
{
	reader->is_draining = true;
	do {
		reader->gulp_left = GULP_MOST;
		ring_buffer__consume(reader->ring);
		pipeline_flush(reader->pipeline);
	} while (!reader->gulp_left);
}

bool ring_reader_is_done(const struct ring_reader *reader)
{
	return reader->is_done;
}
