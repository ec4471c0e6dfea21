// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/sink/sinks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "user/base/log.h"

static const struct sink_ops *const sinks[] = {
	&table_sink_ops, &wide_sink_ops, &ndjson_sink_ops, &csv_sink_ops, &zeek_sink_ops,
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

unsigned int sink_stdout_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}

int sink_open_stdout(const struct sink_ops *ops, const struct columns *columns, struct sink **ret)
{
	struct sink_options options = {
		.fd = STDOUT_FILENO,
		.is_terminal = isatty(STDOUT_FILENO),
		.width = sink_stdout_width(),
		.columns = columns,
		.file_name_for_messages = "stdout",
	};
	int err;

	options.colour = options.is_terminal && !getenv("NO_COLOR");
	err = ops->open(&options, ret);
	return err ? log_error(err, "cannot prepare the output: %s", strerror(-err)) : 0;
}
