/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text on its way to a descriptor that may be slow, full or blocked for ever: collected by the
 * caller, who never waits, and written by a thread. What waits in between is bounded, by bytes.
 *
 * Why a thread: O_NONBLOCK is a flag of the open file, which the shell and other programs share,
 * and has no meaning for disks; RWF_NOWAIT is not known to terminals. docs/outlets.md has more.
 */
#ifndef USER_OUTLET_WRITER_H
#define USER_OUTLET_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/strbuf.h"
#include "user/pipeline/outlet.h"

/* What is passed on without waiting for a flush. */
#define WRITER_CHUNK_BYTES (256u * 1024)

/**
 * @path         The file to open and to begin anew; NULL = `fd`. Borrowed.
 * @fd           Stays open and with the caller.
 * @queue_bytes  Memory that what waits may take.
 * @keeps_on     After a failed write, try the same again once a second; else the first one ends it.
 * @waits        The caller can wait: a full queue makes it, and nothing is lost there.
 * @max_bytes    A longer file becomes PATH.1, in the place of an older one, at the end of a record;
 *               0 = never.
 * @head         What each file begins with, the first one too. Borrowed; may be NULL.
 * @event_fd     An eventfd(2) that is raised when it ends by a failure; -1 = none.
 */
struct writer_options {
	const char *path;
	int fd;
	size_t queue_bytes;
	bool keeps_on;
	bool waits;
	uint64_t max_bytes;
	const struct strbuf *head;
	int event_fd;
};

struct writer;

/**
 * Open the file; a FIFO without reader is waited for later. The thread starts with the first text
 * that is passed on, so that it has the privileges that are left then.
 *
 * @ret     Set on success only.
 * @return  0 or a negative errno, of open(2) too.
 */
int writer_open(const struct writer_options *options, struct writer **ret);

/**
 * Begin a record.
 *
 * @return  Where to append its text; NULL when there is no room for it, or when the writer has
 *          ended: it is counted as lost then, and writer_end() is not to be called.
 */
struct strbuf *writer_begin(struct writer *writer, uint64_t endings);

/**
 * The record is complete. A record without memory is taken back whole and counted.
 *
 * @endings     How many the record stands for, 0 = it is no record (a header).
 * @is_grouped  It stands for many.
 */
void writer_end(struct writer *writer, uint64_t endings, bool is_grouped);

/* Count endings that the caller could not make a record of. */
void writer_lose(struct writer *writer, enum outlet_loss loss, uint64_t endings);

/* Nothing waits: what is passed on now is written at once, if the reader is there. */
bool writer_is_idle(const struct writer *writer);

/* Pass on what was collected. */
void writer_flush(struct writer *writer);

/**
 * Flush, and wait until all is written or the writer has ended.
 *
 * @deadline_ns  Of CLOCK_MONOTONIC, UINT64_MAX = for ever, but no longer than until
 *               writer_interrupt(). What is not written then is given up and counted.
 */
void writer_drain(struct writer *writer, uint64_t deadline_ns);

/* For who waits in writer_begin() or writer_drain(): from a signal handler. */
void writer_interrupt(void);

/* What was written and lost so far; `offered` and `skipped` are the caller's to know. */
void writer_account(const struct writer *writer, struct outlet_account *ret);

/* Whether it takes nothing any more. */
bool writer_has_ended(const struct writer *writer);

/* How often a new file was begun. */
unsigned int writer_rotations(const struct writer *writer);

/* A thread that cannot be ended is left alone, with its memory. Accepts NULL in *writer. */
void writer_close(struct writer **writer);

#endif
