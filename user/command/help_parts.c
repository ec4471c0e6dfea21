// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/help_parts.h"

#include <ctype.h>

#include "user/option/option_completion.h"
#include "user/option/option_help.h"
#include "user/option/option_manual.h"
#include "user/option/option_text.h"

#define COMMANDS_MAX 32

void help_append_summary(struct strbuf *b, const struct command *command)
{
	strbuf_append_char(b, (char)toupper((unsigned char)*command->summary));
	strbuf_appendf(b, "%s.\n", command->summary + 1);
	if (!command->more)
		return;
	option_append_wrapped(b, command->more, 0, 0, OPTION_HELP_WIDTH);
	strbuf_append_char(b, '\n');
}

/* The default command can be left out. */
void help_append_synopsis(struct strbuf *b)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		strbuf_appendf(b, ".Nm\n%s %s\n", i ? ".Cm" : ".Op Cm", command->name);
		manual_append_synopsis(b, command->table);
	}
}

void help_append_commands(struct strbuf *b)
{
	const struct command *command;

	strbuf_append_str(b, ".Bl -tag -width Ds\n");
	for (size_t i = 0; (command = command_at(i)); i++) {
		strbuf_appendf(b, ".It Cm %s\n", command->name);
		manual_append_sentence(b, command->summary);
		if (command->more)
			manual_append_text(b, command->more);
	}
	strbuf_append_str(b, ".El\n");
	for (size_t i = 0; (command = command_at(i)); i++) {
		strbuf_appendf(b, ".Ss Options of %s\n", command->name);
		manual_append_options(b, command->table);
	}
}

void help_append_examples(struct strbuf *b)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++)
		for (size_t j = 0; command->examples[j].words; j++) {
			const struct command_example *example = &command->examples[j];

			if (i || j)
				strbuf_append_str(b, ".Pp\n");
			strbuf_append_char(b, (char)toupper((unsigned char)*example->meaning));
			strbuf_appendf(b, "%s:\n.Pp\n.Dl # closetrace%s%s\n", example->meaning + 1,
				       *example->words ? " " : "", example->words);
		}
}

void help_append_completion(struct strbuf *b, bool is_zsh)
{
	struct completed_command commands[COMMANDS_MAX];
	size_t count;

	for (count = 0; count < COMMANDS_MAX && command_at(count); count++)
		commands[count] = (struct completed_command){
			.name = command_at(count)->name,
			.summary = command_at(count)->summary,
			.table = command_at(count)->table,
		};
	if (is_zsh)
		completion_append_zsh(b, commands, count);
	else
		completion_append_bash(b, commands, count);
}
