/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands that exist. To add one: a file here and a row in commands.c. */
#ifndef USER_COMMAND_COMMAND_H
#define USER_COMMAND_COMMAND_H

#include <stddef.h>

/* Exit codes, the same for every command. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_RUNTIME = 1, /* something failed while running */
	EXIT_USAGE = 2, /* the words of the call are wrong */
	EXIT_HOST = 77, /* this host cannot: too old, or no privilege */
};

/**
 * @arguments  What follows the name in the synopsis, "" for nothing.
 * @run        argv[0] is the command's name. Returns an exit code.
 */
struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	int (*run)(int argc, char **argv);
};

/* NULL when `index` is past the last one. The first is the default command. */
const struct command *command_at(size_t index);
/* NULL when there is none of that name. */
const struct command *command_find(const char *name);

/* Log the sentence about a command that there is not, with the nearest one. EXIT_USAGE. */
int command_unknown(const char *name);

int trace_command(int argc, char **argv);
int flows_command(int argc, char **argv);
int replay_command(int argc, char **argv);
int top_command(int argc, char **argv);
int doctor_command(int argc, char **argv);
int help_command(int argc, char **argv);
int version_command(int argc, char **argv);

/* The kernel-facing negative errno of a failed start as an exit code. */
int exit_code_of(int err);

#endif
