/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What installation takes from the tables: parts of the manual page, completions of shells. */
#ifndef USER_COMMAND_HELP_PARTS_H
#define USER_COMMAND_HELP_PARTS_H

#include "user/base/strbuf.h"
#include "user/command/command.h"

/* What the command does, as text in lines. */
void help_append_summary(struct strbuf *b, const struct command *command);

/* For packaging/closetrace.8.in, in mdoc(7). */
void help_append_synopsis(struct strbuf *b);
void help_append_commands(struct strbuf *b);
void help_append_examples(struct strbuf *b);

void help_append_completion(struct strbuf *b, bool is_zsh);

#endif
