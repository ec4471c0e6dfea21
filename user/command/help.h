/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Help, the manual page and the completions, made from the tables of commands and options. */
#ifndef USER_COMMAND_HELP_H
#define USER_COMMAND_HELP_H

#include "user/command/command.h"

extern const struct option_table help_option_table;

/* Print the help of one command, or the general one for NULL. Returns an exit code. */
int help_print(const struct command *command);

#endif
