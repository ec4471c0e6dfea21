/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The destinations that exist. To add a form of text: user/render/forms.h. */
#ifndef USER_SINK_SINKS_H
#define USER_SINK_SINKS_H

#include <stddef.h>

#include "user/pipeline/sink.h"

extern const struct sink_ops table_sink_ops, wide_sink_ops, ndjson_sink_ops, csv_sink_ops,
	zeek_sink_ops;

/* The value of --output to its operations; NULL when there is none of that name. */
const struct sink_ops *sink_ops_find(const char *name);

/* For help, completion and suggestions: NULL when `index` is past the last one. */
const struct sink_ops *sink_ops_at(size_t index);

/* Cells of a line of stdout; 0 when it is no terminal, or one that does not say. */
unsigned int sink_stdout_width(void);

/**
 * Open a sink on stdout: fitted and in colour where that is a terminal (and NO_COLOR is not set),
 * stable text where it is not.
 *
 * @columns  What is shown; NULL: what the form shows unasked.
 * @ret     Set on success only.
 * @return  0 or a negative errno. Logged.
 */
int sink_open_stdout(const struct sink_ops *ops, const struct columns *columns, struct sink **ret);

#endif
