// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/sink/sinks.h"

#include <string.h>

static const struct sink_ops *const sinks[] = {
	&table_sink_ops,
	&wide_sink_ops,
	&ndjson_sink_ops,
	&zeek_sink_ops,
};

const struct sink_ops *sink_ops_at(size_t index)
{
	return index < sizeof(sinks) / sizeof(sinks[0]) ? sinks[index] : NULL;
}

const struct sink_ops *sink_ops_find(const char *name)
{
	const struct sink_ops *ops;
	size_t i;

	for (i = 0; (ops = sink_ops_at(i)); i++) {
		if (strcmp(ops->name, name) == 0)
			return ops;
	}
	return NULL;
}
