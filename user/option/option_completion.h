/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What shells offer while a command line is typed, as scripts for them. */
#ifndef USER_OPTION_OPTION_COMPLETION_H
#define USER_OPTION_OPTION_COMPLETION_H

#include "user/base/strbuf.h"
#include "user/option/option_table.h"

/* A command, as its completion shows it. The first one is the default. */
struct completed_command {
	const char *name;
	const char *summary;
	const struct option_table *table;
};

/* For bash, which asks a function of the program's name; sourced, or put where bash looks. */
void completion_append_bash(struct strbuf *b, const struct completed_command *commands,
			    size_t count);

/* For zsh: a file _closetrace in $fpath. */
void completion_append_zsh(struct strbuf *b, const struct completed_command *commands,
			   size_t count);

#endif
