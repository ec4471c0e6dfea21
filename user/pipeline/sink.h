/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where connections go: one table of operations per destination. */
#ifndef USER_PIPELINE_SINK_H
#define USER_PIPELINE_SINK_H

#include <stdbool.h>

#include "user/model/connection.h"
#include "user/render/forms.h"

/**
 * @fd           Where text goes; stays open and with the caller.
 * @is_terminal  `table` fits its columns to `width` and cuts its lines there.
 * @colour       Escape sequences are wanted.
 * @width        Cells of the terminal, 0 = unknown: nothing is cut.
 * @columns      What is shown; NULL: what the form shows unasked.
 * @file_name_for_messages  What to call `fd` when a write fails: "stdout", a path.
 */
struct sink_options {
	int fd;
	bool is_terminal;
	bool colour;
	unsigned int width;
	const struct columns *columns;
	const char *file_name_for_messages;
};

struct sink_ops;

/* First member of every sink's own struct. */
struct sink {
	const struct sink_ops *ops;
};

/**
 * @open   Sets *ret on success only; borrows `options` for the call, its strings for the life of
 *         the sink. Prepares a header where the format has one.
 * @write  Take one connection. Text is collected and written when there is much of it.
 * @flush  Write out everything that was taken.
 * @close  Free the sink and set *sink to NULL; accepts NULL. flush first: what is still held is
 *         dropped, with a message.
 *
 * open, write and flush return 0 or a negative errno. After -EPIPE, -ENOSPC and the like nothing
 * that was taken is lost: it is held, in order, and the next write or flush tries again. A caller
 * that goes on without end must stop at an error, because what is held grows. -ENOMEM from write
 * means that this one connection was not taken.
 */
struct sink_ops {
	const char *name;
	const struct form_ops *form; /* NULL when it writes no text */
	int (*open)(const struct sink_options *options, struct sink **ret);
	int (*write)(struct sink *sink, const struct closed_connection *c);
	int (*flush)(struct sink *sink);
	void (*close)(struct sink **sink);
};

static inline int sink_write(struct sink *sink, const struct closed_connection *c)
{
	return sink->ops->write(sink, c);
}

static inline int sink_flush(struct sink *sink)
{
	return sink->ops->flush(sink);
}

/* Fit for _cleanup_(sink_close). */
static inline void sink_close(struct sink **sink)
{
	if (*sink)
		(*sink)->ops->close(sink);
}

#endif
