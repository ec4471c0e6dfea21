// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/render/forms.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "user/model/fields.h"

static const struct form_ops *const forms[] = {
	&table_form_ops, &wide_form_ops, &ndjson_form_ops, &csv_form_ops, &zeek_form_ops,
};

const struct form_ops *form_ops_at(size_t index)
{
	return index < sizeof(forms) / sizeof(forms[0]) ? forms[index] : NULL;
}

const struct form_ops *form_ops_find(const char *name)
{
	const struct form_ops *ops;

	for (size_t i = 0; (ops = form_ops_at(i)); i++)
		if (strcmp(ops->name, name) == 0)
			return ops;
	return NULL;
}

void form_columns(const struct form_ops *ops, const struct form_options *options,
		  struct columns *ret)
{
	const struct row_type *type = options->type ? options->type : &connection_row_type;

	if (options->columns)
		*ret = *options->columns;
	else if (ops->columns)
		columns_of_layout(type, ops->columns, ret);
	else
		columns_of_fields(type, ret);
}

struct form_options form_options_of(int fd)
{
	struct form_options options = { .is_terminal = isatty(fd) };
	struct winsize size;

	if (options.is_terminal && !ioctl(fd, TIOCGWINSZ, &size))
		options.width = size.ws_col;
	options.colour = options.is_terminal && !getenv("NO_COLOR");
	return options;
}
