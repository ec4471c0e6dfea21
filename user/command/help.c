// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/help.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/base/strbuf.h"
#include "user/command/help_parts.h"
#include "user/option/option_help.h"
#include "user/option/option_text.h"

/* -- options --------------------------------------------------------------------------------- */
enum help_shell { HELP_SHELL_BASH, HELP_SHELL_ZSH };
enum manual_part { MANUAL_SYNOPSIS, MANUAL_COMMANDS, MANUAL_EXAMPLES };

#define NOT_ASKED UINT32_MAX

struct help_options {
	struct option_common common;
	unsigned int shell; /* enum help_shell or NOT_ASKED */
	unsigned int part; /* enum manual_part or NOT_ASKED */
};

static const char *shell_word(size_t index)
{
	static const char *const words[] = { "bash", "zsh" };

	return index < sizeof(words) / sizeof(words[0]) ? words[index] : NULL;
}

static const char *part_word(size_t index)
{
	static const char *const words[] = { "synopsis", "commands", "examples" };

	return index < sizeof(words) / sizeof(words[0]) ? words[index] : NULL;
}

static const char *command_word(size_t index)
{
	return command_at(index) ? command_at(index)->name : NULL;
}

static const struct option_row help_rows[] = {
	{ .name = "completion",
	  .metavar = "SHELL",
	  .section = SECTION_TASK,
	  .type = OPTION_WORD,
	  .words = shell_word,
	  OPTION_TARGET(struct help_options, shell),
	  .help = "print what completes command lines in {}",
	  .more = "For a program that was copied onto a host: source <(closetrace help --completion "
		  "bash)." },
	{ .name = "manual",
	  .metavar = "PART",
	  .section = SECTION_TASK,
	  .type = OPTION_WORD,
	  .words = part_word,
	  OPTION_TARGET(struct help_options, part),
	  .help = "print a part of the manual page: {}" },
};

static void help_init(void *data)
{
	struct help_options *options = data;

	options->shell = options->part = NOT_ASKED;
}

static const struct option_group help_option_group = {
	OPTION_ROWS(help_rows),
	.init = help_init,
};

static const struct option_use help_uses[] = { { &help_option_group, 0, NULL } };

const struct option_table help_option_table = {
	.size = sizeof(struct help_options),
	.words = "[COMMAND]",
	.words_type = OPTION_LIST,
	.word_names = command_word,
	OPTION_USES(help_uses),
};

/* -- texts ----------------------------------------------------------------------------------- */
#define EXAMPLE_WIDTH 46

static const char purpose[] =
	"closetrace says, for every TCP connection that ended on this host, who ended it,\n"
	"how, why, and which process it belonged to.\n\n";

static const char exit_codes[] =
	"\nExit status: 0 done (also after Ctrl-C); 1 failed while running; 2 wrong usage;\n"
	"77 this host cannot be traced (kernel too old, or not enough privilege).\n";

static void append_example(struct strbuf *b, const struct command_example *example)
{
	size_t begin = b->len;

	strbuf_appendf(b, "  closetrace%s%s", *example->words ? " " : "", example->words);
	if (b->len - begin > EXAMPLE_WIDTH)
		strbuf_appendf(b, "\n%*s  ", EXAMPLE_WIDTH, "");
	else
		strbuf_appendf(b, "%*s  ", (int)(EXAMPLE_WIDTH - (b->len - begin)), "");
	strbuf_appendf(b, "%s\n", example->meaning);
}

/* No more than a glance takes. */
static void append_general(struct strbuf *b)
{
	/* Whose first example; of the default command the first two. */
	static const char *const chosen[] = { "trace", "trace", "flows", "top", "explain" };
	static const char commands[] = "Commands:";
	_cleanup_(strbuf_release) struct strbuf names = STRBUF_INIT;

	strbuf_append_str(b, purpose);
	for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++)
		append_example(b, &command_find(chosen[i])->examples[i == 1]);
	for (size_t i = 0; command_at(i); i++)
		strbuf_appendf(&names, "%s%s", i ? ", " : "", command_at(i)->name);
	strbuf_appendf(b, "\n%s ", commands);
	option_append_wrapped(b, names.data ?: "", sizeof(commands), sizeof(commands),
			      OPTION_HELP_WIDTH);
	strbuf_append_str(b, "\n`closetrace help COMMAND` tells all of one, `closetrace help help` "
			     "what each does.\n");
	b->failed |= names.failed;
}

static void append_command(struct strbuf *b, const struct command *command)
{
	const char *words = command->table->words;

	strbuf_appendf(b, "Usage: closetrace %s%s%s%s\n\n", command->name,
		       command->table->use_count ? " [OPTION...]" : "", words ? " " : "",
		       words ?: "");
	help_append_summary(b, command);
	if (command->run == help_command) {
		strbuf_append_str(b, "\nCommands:\n");
		for (size_t i = 0; command_at(i); i++)
			strbuf_appendf(b, "  %-9s %s\n", command_at(i)->name,
				       command_at(i)->summary);
	}
	strbuf_append_char(b, '\n');
	option_append_help(b, command->table);
	if (command->columns)
		strbuf_appendf(b, "\n%s", command->columns);
	for (size_t i = 0; command->examples[i].words; i++) {
		strbuf_append_str(b, i ? "" : "\nExamples:\n");
		append_example(b, &command->examples[i]);
	}
	strbuf_append_str(b, exit_codes);
}

/* -- printing -------------------------------------------------------------------------------- */
int help_print(const struct command *command)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (command)
		append_command(&text, command);
	else
		append_general(&text);
	return command_print(&text);
}

static int part_print(const struct help_options *options)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (options->shell != NOT_ASKED)
		help_append_completion(&text, options->shell == HELP_SHELL_ZSH);
	else if (options->part == MANUAL_SYNOPSIS)
		help_append_synopsis(&text);
	else if (options->part == MANUAL_COMMANDS)
		help_append_commands(&text);
	else
		help_append_examples(&text);
	return command_print(&text);
}

int help_command(const void *data)
{
	const struct help_options *options = data;
	const struct command *command = NULL;

	if (options->shell != NOT_ASKED || options->part != NOT_ASKED)
		return part_print(options);
	if (options->common.word_count) {
		command = command_find(options->common.words[0]);
		if (!command)
			return command_unknown(options->common.words[0]);
	}
	return help_print(command);
}
