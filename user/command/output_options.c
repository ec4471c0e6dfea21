// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/output_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/option/option_value.h"
#include "user/render/forms.h"

#define FORM_NAME_MAX 16

static const char *form_word(size_t index)
{
	return form_ops_at(index) ? form_ops_at(index)->name : NULL;
}

/* Rows of counts are no connections: Zeek's log has no place for them. */
static const char *rows_form_word(size_t index)
{
	const struct form_ops *ops;

	for (size_t i = 0; (ops = form_ops_at(i)); i++)
		if (ops != &zeek_form_ops && !index--)
			return ops->name;
	return NULL;
}

/* "json" is what people say, and one object a line what they get everywhere. */
static const struct form_ops *find_form(const struct option_row *row, const char *name)
{
	if (!strcmp(name, "json"))
		name = "ndjson";
	for (size_t i = 0; row->words(i); i++)
		if (!strcmp(row->words(i), name))
			return form_ops_find(name);
	return NULL;
}

static int parse_output(const struct option_row *row, const char *value, void *target)
{
	struct output_options *output = target;
	struct outlet_request request = {};
	size_t len = strcspn(value, ":");
	char name[FORM_NAME_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)len, value);
	if (len < sizeof(name))
		request.form = find_form(row, name);
	if (!request.form)
		return option_value_wrong(row, value);
	if (value[len])
		request.path = value + len + 1;
	if (request.path && !*request.path)
		return log_error(-EINVAL, "--%s %s needs the name of a file behind the colon",
				 row->name, value);
	if (output->request_count == OUTPUT_REQUESTS_MAX)
		return log_error(-EINVAL, "--%s can be given %d times", row->name,
				 OUTPUT_REQUESTS_MAX);
	output->requests[output->request_count++] = request;
	return 0;
}

/* What --columns takes: the columns that are more than a field, and all fields. */
static const char *column_word(const struct table_layout *layout, size_t index)
{
	for (size_t i = 0; i < layout->column_count; i++)
		if (layout->columns[i].name && !index--)
			return layout->columns[i].name;
	return index < layout->type->field_count ? layout->type->fields[index].name : NULL;
}

static const char *connection_column_word(size_t index)
{
	return column_word(&connection_layout, index);
}

static const char *flow_column_word(size_t index)
{
	return column_word(&flow_layout, index);
}

/* Which words are columns is known with the type of the rows: output_options_columns(). */
static int parse_columns(const struct option_row *row, const char *value, void *target)
{
	if (!*value)
		return option_value_wrong(row, value);
	*(const char **)target = value;
	return 0;
}

/* In the order of enum outlets_color. */
static const char *color_word(size_t index)
{
	static const char *const words[] = { "auto", "always", "never" };

	return index < sizeof(words) / sizeof(words[0]) ? words[index] : NULL;
}

#define OUTPUT_ROW                                                                                 \
	.name = "output", .letter = 'o', .metavar = "FORM[:FILE]", .section = SECTION_OUTPUT,      \
	.type = OPTION_WORD, .parse = parse_output
#define COLUMNS_ROW                                                                                \
	.name = "columns", .metavar = "LIST", .section = SECTION_OUTPUT, .type = OPTION_LIST,      \
	.parse = parse_columns, OPTION_TARGET(struct output_options, columns),                     \
	.takes = "names of fields, with commas between",                                           \
	.help = "show these fields, in this order"
#define QUEUE_ROW                                                                                  \
	.name = "queue", .metavar = "SIZE", .section = SECTION_OUTPUT, .type = OPTION_SIZE,        \
	.least = OUTLETS_QUEUE_BYTES_LEAST, .takes = "a size from 256K up, such as 64M",           \
	OPTION_TARGET(struct output_options, queue_bytes),                                         \
	.help = "memory for what waits to be written, of all outputs (default 64M)",               \
	.more = "Each output has an equal part. When it is full, what comes is dropped and "       \
		"counted in the ledger; nothing else waits for it. An output that fails ends; "    \
		"when all have, so does the run."
#define COLOR_ROW                                                                                  \
	.name = "color", .metavar = "WHEN", .section = SECTION_OUTPUT, .type = OPTION_WORD,        \
	.words = color_word, OPTION_TARGET(struct output_options, color),                          \
	.help = "auto, always or never (default auto: on a terminal)",                             \
	.more = "auto follows NO_COLOR, too. docs/terminal.md says what the colours mean."
#define DURATION_ROW                                                                               \
	.name = "duration", .letter = 'd', .metavar = "TIME", .section = SECTION_OUTPUT,           \
	.type = OPTION_TIME, .least = 1, OPTION_TARGET(struct output_options, duration_ns),        \
	.help = "stop after TIME (10s, 5m)"

static const struct option_row output_rows[] = {
	{ OUTPUT_ROW, .words = form_word, .help = "write records as {} (default table)",
	  .more = "Can be given several times, each for another file or FIFO and at most one for "
		  "stdout: one that fails, is full or is not read takes nothing from the others, "
		  "and the ledger has an account of each. zeek is Zeek's conn.log." },
	{ COLUMNS_ROW, .words = connection_column_word,
	  .more = "Names of fields, and those of the columns of table and wide (by, process, "
		  "local, peer, age, why, ...)." },
	{ .name = "all",
	  .letter = 'a',
	  .section = SECTION_OUTPUT,
	  OPTION_TARGET(struct output_options, show_all),
	  .help = "show clean and benign endings too" },
	{ .name = "count",
	  .letter = 'n',
	  .metavar = "N",
	  .section = SECTION_OUTPUT,
	  .type = OPTION_NUMBER,
	  .least = 1,
	  OPTION_TARGET(struct output_options, count),
	  .takes = "a number of records from 1 up",
	  .help = "stop after N records" },
	{ COLOR_ROW },
	{ .name = "full-time",
	  .section = SECTION_OUTPUT,
	  OPTION_TARGET(struct output_options, full_time),
	  .help = "times with their date and milliseconds, on a terminal" },
	{ .name = "ledger",
	  .section = SECTION_OUTPUT,
	  OPTION_TARGET(struct output_options, ledger),
	  .help = "at the end the whole ledger, on a terminal too",
	  .more = "Without it a terminal gets a summary and one line, unless something was lost." },
	{ QUEUE_ROW },
	{ DURATION_ROW },
};

static const struct option_row output_rows_rows[] = {
	{ OUTPUT_ROW, .words = rows_form_word, .help = "write rows as {} (default table)" },
	{ COLUMNS_ROW, .words = flow_column_word },
	{ COLOR_ROW },
	{ QUEUE_ROW },
	{ DURATION_ROW },
};

static int output_finish(void *options)
{
	struct output_options *output = options;
	size_t on_stdout = 0;

	if (!output->request_count)
		output->requests[output->request_count++].form = form_ops_at(0);
	for (size_t i = 0; i < output->request_count; i++)
		on_stdout += !output->requests[i].path;
	if (output->columns && output_options_use(output, &zeek_form_ops))
		return log_error(-EINVAL, "Zeek's log has columns of its own: --columns does not "
					  "go with -o zeek");
	if (on_stdout > 1)
		return log_error(-EINVAL, "only one --output can go to stdout; give the others a "
					  "file: --output FORM:FILE");
	return 0;
}

int output_options_columns(const struct output_options *output, const struct row_type *type,
			   struct columns *ret)
{
	_cleanup_(strbuf_release) struct strbuf error = STRBUF_INIT;

	if (!output->columns)
		return 0;
	if (!columns_parse(type, output->columns, ret, &error))
		return 1;
	return log_error(-EINVAL, "--columns: %s", error.failed ? "a name is wrong" : error.data);
}

bool output_options_use(const struct output_options *output, const struct form_ops *form)
{
	for (size_t i = 0; i < output->request_count; i++)
		if (output->requests[i].form == form)
			return true;
	return false;
}

const struct option_group output_option_group = {
	OPTION_ROWS(output_rows),
	.finish = output_finish,
};

const struct option_group output_rows_option_group = {
	OPTION_ROWS(output_rows_rows),
	.finish = output_finish,
};
