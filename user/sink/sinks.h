/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The destinations that exist. To add one: a file here and a row in sinks.c. */
#ifndef USER_SINK_SINKS_H
#define USER_SINK_SINKS_H

#include <stddef.h>

#include "user/pipeline/sink.h"

extern const struct sink_ops table_sink_ops, wide_sink_ops, ndjson_sink_ops, zeek_sink_ops;

/* The value of --output to its operations; NULL when there is none of that name. */
const struct sink_ops *sink_ops_find(const char *name);

/* For help, completion and suggestions: NULL when `index` is past the last one. */
const struct sink_ops *sink_ops_at(size_t index);

/* For --help: what the columns of `table` and `wide` mean, the arrow above all. */
extern const char sink_table_help[];

#endif
