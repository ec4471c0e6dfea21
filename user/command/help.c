// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/help.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/base/strbuf.h"
#include "user/option/option_help.h"
#include "user/render/flow_columns.h"
#include "user/render/forms.h"

static const char purpose[] =
	"closetrace says, for every TCP connection that ended on this host, who ended it,\n"
	"how, why, and which process it belonged to.\n";

static const char exit_codes[] =
	"Exit codes: 0 done (also after Ctrl-C); 1 failed while running; 2 wrong usage;\n"
	"77 this host cannot be traced (kernel too old, or not enough privilege).\n";

static void append_general(struct strbuf *b)
{
	strbuf_append_str(b, purpose);
	strbuf_append_str(b, "\nUsage: closetrace [COMMAND] [OPTION...]\n\nCommands:\n");
	for (size_t i = 0; command_at(i); i++)
		strbuf_appendf(b, "  %-9s %s\n", command_at(i)->name, command_at(i)->summary);
	strbuf_append_str(b, "\nOptions of trace:\n");
	option_append_help(b, command_at(0)->table);
	strbuf_append_char(b, '\n');
	strbuf_append_str(b, form_table_help);
	strbuf_append_char(b, '\n');
	strbuf_append_str(b, exit_codes);
}

static void append_command(struct strbuf *b, const struct command *command)
{
	const char *words = command->table->words;

	strbuf_appendf(b, "Usage: closetrace %s%s%s%s\n\n%s\n", command->name,
		       command->table->use_count ? " [OPTION...]" : "", words ? " " : "",
		       words ?: "", command->summary);
	if (!command->table->use_count)
		return;
	strbuf_append_char(b, '\n');
	option_append_help(b, command->table);
	if (command->run != trace_command && command->run != flows_command)
		return;
	strbuf_append_char(b, '\n');
	strbuf_append_str(b, command->run == trace_command ? form_table_help : flow_table_help);
}

int help_print(const struct command *command)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (command)
		append_command(&text, command);
	else
		append_general(&text);
	if (text.failed || fwrite(text.data, text.len, 1, stdout) != 1 || fflush(stdout)) {
		log_error(-EIO, "cannot write the help to stdout: %s", strerror(errno));
		return EXIT_RUNTIME;
	}
	return EXIT_OK;
}

int help_command(const void *data)
{
	const struct option_common *options = data;
	const struct command *command = NULL;

	if (options->word_count) {
		command = command_find(options->words[0]);
		if (!command)
			return command_unknown(options->words[0]);
	}
	return help_print(command);
}
