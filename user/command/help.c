// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/base/strbuf.h"
#include "user/command/command.h"
#include "user/command/help.h"
#include "user/command/options.h"
#include "user/model/flow_text.h"
#include "user/sink/sinks.h"

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
	options_append_help(b, OPTION_FOR_TRACE);
	strbuf_append_char(b, '\n');
	strbuf_append_str(b, sink_table_help);
	strbuf_append_char(b, '\n');
	strbuf_append_str(b, exit_codes);
}

static void append_command(struct strbuf *b, const struct command *command)
{
	unsigned int options = command->run == trace_command  ? OPTION_FOR_TRACE :
			       command->run == flows_command  ? OPTION_FOR_FLOWS :
			       command->run == top_command    ? OPTION_FOR_TOP :
			       command->run == replay_command ? OPTION_FOR_REPLAY :
			       command->run == doctor_command ? OPTION_FOR_DOCTOR :
								0;

	strbuf_appendf(b, "Usage: closetrace %s %s\n\n%s\n", command->name, command->arguments,
		       command->summary);
	if (!options)
		return;
	strbuf_append_str(b, "\nOptions:\n");
	options_append_help(b, options);
	if (options != OPTION_FOR_TRACE && options != OPTION_FOR_FLOWS)
		return;
	strbuf_append_char(b, '\n');
	strbuf_append_str(b, options == OPTION_FOR_TRACE ? sink_table_help : flow_table_help);
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

int help_command(int argc, char **argv)
{
	const struct command *command = NULL;

	if (argc > 1) {
		command = command_find(argv[1]);
		if (!command)
			return command_unknown(argv[1]);
	}
	return help_print(command);
}
