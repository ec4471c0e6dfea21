/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Help text, made from the tables of commands and options. */
#ifndef USER_COMMAND_HELP_H
#define USER_COMMAND_HELP_H

#include "user/command/command.h"

/* Print the help of one command, or the general one for NULL. Returns an exit code. */
int help_print(const struct command *command);

#endif
