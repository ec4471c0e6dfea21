/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One epoll loop for descriptors, timers and signals, with one type of callback. One thread. */
#ifndef USER_BASE_EVENT_LOOP_H
#define USER_BASE_EVENT_LOOP_H

#include <stddef.h>
#include <stdint.h>

struct event_loop;

/**
 * @fd      What event_loop_add_*() was given or returned.
 * @events  Of a descriptor: the EPOLL* bits that are ready. Of a timer: how many intervals have
 *          passed since the last call (1 unless late). Of signals: the number of the signal; the
 *          callback is called once for each that arrived.
 * @return  0 or more to go on; a negative errno stops the loop, and event_loop_run() returns it.
 *
 * A callback may add and remove any source, its own too. It must not free the loop.
 */
typedef int (*event_callback)(struct event_loop *loop, int fd, uint32_t events, void *data);

/* *ret is set on success only. 0 or negative errno. */
int event_loop_new(struct event_loop **ret);

/**
 * Close the timers and the signal descriptor, leave the descriptors of the caller open, and set
 * *loop to NULL. Signals stay blocked: a second ^C must not kill the process while it flushes.
 */
void event_loop_free(struct event_loop **loop);

/**
 * Watch a descriptor, level-triggered unless `events` says EPOLLET. Closing it stays with the
 * caller, who removes it first.
 *
 * @return  0; -EEXIST when it is watched already; -EPERM for files that are always ready;
 *          -ENOMEM or another negative errno of epoll_ctl(2).
 */
int event_loop_add_fd(struct event_loop *loop, int fd, uint32_t events, event_callback callback,
		      void *data);

/**
 * Change what a descriptor is watched for; 0 = only errors, for a pause.
 *
 * @return  0; -ENOENT when it is not watched; another negative errno of epoll_ctl(2).
 */
int event_loop_set_events(struct event_loop *loop, int fd, uint32_t events);

/**
 * Stop watching, at once: an event of the same batch that was not delivered yet is dropped, also
 * when the number is used again by a new descriptor. Also takes what event_loop_add_timer() and
 * event_loop_add_signals() returned, and closes it.
 *
 * @return  0; -ENOENT when it is not watched.
 */
int event_loop_remove_fd(struct event_loop *loop, int fd);

/**
 * Call back every `interval_ns`, first after one interval. A late loop gets one call, not many.
 *
 * @return  A descriptor that names the timer for event_loop_remove_fd(); -EINVAL for an interval
 *          of 0; another negative errno.
 */
int event_loop_add_timer(struct event_loop *loop, uint64_t interval_ns, event_callback callback,
			 void *data);

/**
 * Block the `n` signals in this thread and deliver them as events from now on. Call it before
 * starting other threads, which inherit the mask.
 *
 * @return  A descriptor that names the source; negative errno, with the mask as it was.
 */
int event_loop_add_signals(struct event_loop *loop, const int *signals, size_t n,
			   event_callback callback, void *data);

/**
 * Deliver events until event_loop_stop() or until a callback fails. May be called again after.
 *
 * @return  The `result` of event_loop_stop(); the negative value of a callback; -EDEADLK when
 *          nothing is watched, so nothing could ever stop it; negative errno of epoll_wait(2).
 */
int event_loop_run(struct event_loop *loop);

/**
 * Make event_loop_run() return `result` as soon as the running callback returned, other events of
 * the batch stay for the next run. Outside of a callback it ends the next run before it waits.
 */
void event_loop_stop(struct event_loop *loop, int result);

#endif
