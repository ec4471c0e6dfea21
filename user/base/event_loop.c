// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/event_loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"

#define EVENT_BATCH 64

enum event_source_kind {
	EVENT_SOURCE_FD,
	EVENT_SOURCE_TIMER,
	EVENT_SOURCE_SIGNALS,
};

struct event_source {
	struct event_source *next;
	event_callback callback;
	void *data;
	enum event_source_kind kind;
	int fd;
	bool is_removed;
};

/* Removed sources wait in `removed` while a batch may still point to them. */
struct event_loop {
	struct event_source *sources;
	struct event_source *removed;
	int epoll_fd;
	int result;
	bool is_stopping;
	bool is_in_batch;
};

int event_loop_new(struct event_loop **ret)
{
	_cleanup_free_ struct event_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return -errno;
	*ret = TAKE_PTR(loop);
	return 0;
}

static void event_loop_free_removed(struct event_loop *loop)
{
	struct event_source *source;

	while ((source = loop->removed)) {
		loop->removed = source->next;
		free(source);
	}
}

void event_loop_free(struct event_loop **loop)
{
	if (!*loop)
		return;
	while ((*loop)->sources)
		event_loop_remove_fd(*loop, (*loop)->sources->fd);
	event_loop_free_removed(*loop);
	close((*loop)->epoll_fd);
	free(*loop);
	*loop = NULL;
}

static struct event_source **event_loop_find(struct event_loop *loop, int fd)
{
	struct event_source **link = &loop->sources;

	while (*link && (*link)->fd != fd)
		link = &(*link)->next;
	return *link ? link : NULL;
}

static void event_loop_forget(struct event_loop *loop, struct event_source **link)
{
	struct event_source *source = *link;

	*link = source->next;
	source->is_removed = true;
	source->next = loop->removed;
	loop->removed = source;
	if (!loop->is_in_batch)
		event_loop_free_removed(loop);
}

static int event_loop_add(struct event_loop *loop, const struct event_source *template,
			  uint32_t events)
{
	_cleanup_free_ struct event_source *source = malloc(sizeof(*source));
	struct epoll_event event = { .events = events, .data.ptr = source };
	struct event_source **stale;

	if (!source)
		return -ENOMEM;
	*source = *template;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0)
		return -errno;

	/* The kernel did not know the number: an older source of it was closed unremoved. */
	stale = event_loop_find(loop, source->fd);
	if (stale)
		event_loop_forget(loop, stale);

	source->next = loop->sources;
	loop->sources = TAKE_PTR(source);
	return 0;
}

int event_loop_add_fd(struct event_loop *loop, int fd, uint32_t events, event_callback callback,
		      void *data)
{
	struct event_source source = {
		.callback = callback,
		.data = data,
		.kind = EVENT_SOURCE_FD,
		.fd = fd,
	};

	return event_loop_add(loop, &source, events);
}

int event_loop_set_events(struct event_loop *loop, int fd, uint32_t events)
{
	struct event_source **link = event_loop_find(loop, fd);
	struct epoll_event event = { .events = events };

	if (!link)
		return -ENOENT;
	event.data.ptr = *link;
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) ? -errno : 0;
}

int event_loop_remove_fd(struct event_loop *loop, int fd)
{
	struct event_source **link = event_loop_find(loop, fd);

	if (!link)
		return -ENOENT;
	/* Fails only when the caller closed it already, which removed it as well. */
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	if ((*link)->kind != EVENT_SOURCE_FD)
		close(fd);
	event_loop_forget(loop, link);
	return 0;
}

int event_loop_add_timer(struct event_loop *loop, uint64_t interval_ns, event_callback callback,
			 void *data)
{
	_cleanup_close_ int fd = -EBADF;
	struct event_source source = {
		.callback = callback,
		.data = data,
		.kind = EVENT_SOURCE_TIMER,
	};
	struct itimerspec spec;
	int err;

	if (interval_ns == 0)
		return -EINVAL;
	spec.it_interval.tv_sec = (time_t)(interval_ns / CLOCK_NS_PER_SECOND);
	spec.it_interval.tv_nsec = (long)(interval_ns % CLOCK_NS_PER_SECOND);
	spec.it_value = spec.it_interval;

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL) < 0)
		return -errno;
	source.fd = fd;
	err = event_loop_add(loop, &source, EPOLLIN);
	return err ? err : TAKE_FD(fd);
}

int event_loop_add_signals(struct event_loop *loop, const int *signals, size_t n,
			   event_callback callback, void *data)
{
	_cleanup_close_ int fd = -EBADF;
	struct event_source source = {
		.callback = callback,
		.data = data,
		.kind = EVENT_SOURCE_SIGNALS,
	};
	sigset_t mask, old_mask;
	size_t i;
	int err;

	sigemptyset(&mask);
	for (i = 0; i < n; i++) {
		if (sigaddset(&mask, signals[i]) < 0)
			return -errno;
	}
	fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	err = pthread_sigmask(SIG_BLOCK, &mask, &old_mask);
	if (err)
		return -err;
	source.fd = fd;
	err = event_loop_add(loop, &source, EPOLLIN);
	if (err) {
		pthread_sigmask(SIG_SETMASK, &old_mask, NULL);
		return err;
	}
	return TAKE_FD(fd);
}

/* Nothing to read is no error: another reader, or an event that was taken back. */
static int event_read_error(ssize_t got)
{
	if (got >= 0)
		return -EIO;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int event_dispatch_timer(struct event_loop *loop, struct event_source *source)
{
	uint64_t expirations;
	ssize_t got = read(source->fd, &expirations, sizeof(expirations));

	if (got != (ssize_t)sizeof(expirations))
		return event_read_error(got);
	if (expirations > UINT32_MAX)
		expirations = UINT32_MAX;
	return source->callback(loop, source->fd, (uint32_t)expirations, source->data);
}

static int event_dispatch_signals(struct event_loop *loop, struct event_source *source)
{
	struct signalfd_siginfo info;
	ssize_t got;
	int err;

	/* One by one: a signal not read yet survives when the callback stops the loop. */
	do {
		got = read(source->fd, &info, sizeof(info));
		if (got != (ssize_t)sizeof(info))
			return event_read_error(got);
		err = source->callback(loop, source->fd, info.ssi_signo, source->data);
	} while (err >= 0 && !source->is_removed && !loop->is_stopping);
	return err;
}

static int event_dispatch(struct event_loop *loop, struct event_source *source, uint32_t events)
{
	switch (source->kind) {
	case EVENT_SOURCE_TIMER:
		return event_dispatch_timer(loop, source);
	case EVENT_SOURCE_SIGNALS:
		return event_dispatch_signals(loop, source);
	case EVENT_SOURCE_FD:
		break;
	}
	return source->callback(loop, source->fd, events, source->data);
}

static int event_loop_run_batch(struct event_loop *loop)
{
	struct epoll_event events[EVENT_BATCH];
	struct event_source *source;
	int count, i, err = 0;

	count = epoll_wait(loop->epoll_fd, events, EVENT_BATCH, -1);
	if (count < 0)
		return errno == EINTR ? 0 : -errno;

	loop->is_in_batch = true;
	for (i = 0; i < count && err >= 0 && !loop->is_stopping; i++) {
		source = events[i].data.ptr;
		if (!source->is_removed)
			err = event_dispatch(loop, source, events[i].events);
	}
	loop->is_in_batch = false;
	event_loop_free_removed(loop);
	return err;
}

int event_loop_run(struct event_loop *loop)
{
	int err = 0;

	while (!loop->is_stopping && err >= 0)
		err = loop->sources ? event_loop_run_batch(loop) : -EDEADLK;
	if (err >= 0)
		err = loop->result;
	loop->is_stopping = false;
	return err;
}

void event_loop_stop(struct event_loop *loop, int result)
{
	loop->is_stopping = true;
	loop->result = result;
}
