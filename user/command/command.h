/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands that exist. To add one: its options, its file, and a row in commands.c. */
#ifndef USER_COMMAND_COMMAND_H
#define USER_COMMAND_COMMAND_H

#include <stddef.h>

#include "user/option/option_table.h"

/* Exit codes, the same for every command. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_RUNTIME = 1, /* something failed while running */
	EXIT_USAGE = 2, /* the words of the call are wrong */
	EXIT_HOST = 77, /* this host cannot: too old, or no privilege */
};

#define COMMAND_EXAMPLES_MAX 8

/* A call as it is typed, without the program's name, and what it does, in lower case. */
struct command_example {
	const char *words;
	const char *meaning;
};

/**
 * @summary  One line, in lower case, without a full stop. @more Whole sentences behind it.
 * @columns  What the columns of its table mean, by lines; NULL = there is none of its own.
 * @examples Ended by NULL.
 * @run      `options` are those of @table, parsed; --help and --debug are done with. Returns an
 *           exit code.
 */
struct command {
	const char *name;
	const char *summary;
	const char *more;
	const char *columns;
	struct command_example examples[COMMAND_EXAMPLES_MAX];
	const struct option_table *table;
	int (*run)(const void *options);
};

/* NULL when `index` is past the last one. The first is the default command. */
const struct command *command_at(size_t index);
/* NULL when there is none of that name. */
const struct command *command_find(const char *name);

/* The command that somebody meant by this word; NULL when none is near. */
const char *command_nearest(const char *name);

/* Log the sentence about a command that there is not, with the nearest one. EXIT_USAGE. */
int command_unknown(const char *name);

/* argv[0] is the command's name. Returns an exit code. */
int command_run(const struct command *command, int argc, char **argv);

int trace_command(const void *options);
int flows_command(const void *options);
int replay_command(const void *options);
int record_command(const void *options);
int report_command(const void *options);
int top_command(const void *options);
int doctor_command(const void *options);
int explain_command(const void *options);
int help_command(const void *options);
int version_command(const void *options);

/* The kernel-facing negative errno of a failed start as an exit code. */
int exit_code_of(int err);

/* To stdout, escaped (user/base/text_print.h). An exit code; what failed is logged. */
struct strbuf;
int command_print(const struct strbuf *text);

#endif
