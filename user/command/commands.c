// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/base/strbuf.h"
#include "user/command/doctor_options.h"
#include "user/command/flows_options.h"
#include "user/command/help.h"
#include "user/command/replay_options.h"
#include "user/command/trace_options.h"
#include "user/model/nearest_name.h"

/* Of commands that have no options but --help. */
static const struct option_table names_table = {
	.size = sizeof(struct option_common),
	.words = "[NAME...]",
};
static const struct option_table command_table = {
	.size = sizeof(struct option_common),
	.words = "[COMMAND]",
};
static const struct option_table nothing_table = { .size = sizeof(struct option_common) };

static const struct command commands[] = {
	{ "trace", "print abnormal TCP closes as they happen (the default)",
	  "Records go to the standard output and nothing else does. When everything is attached, "
	  "one line on the standard error begins with \"closetrace: ready\". At the end the ledger "
	  "follows there: how many endings and resets there were, what became of each, and how "
	  "that compares with the kernel's own counters (/proc/net/snmp, /proc/net/netstat).",
	  &trace_option_table, trace_command },
	{ "flows", "count SYN, FIN, RST and closes per conversation or group",
	  "Who resets whom, and how often: counts of packets in both directions, of handshakes, and "
	  "of the ways in which connections closed, once per interval or once at the end.",
	  &flows_option_table, flows_command },
	{ "replay", "print the abnormal TCP closes of capture files",
	  "Reads pcap and pcapng, plain or packed with gzip or zstd; - is the standard input. "
	  "Several files are merged in the order of their times. Needs no privilege. A connection "
	  "has no process and no kernel reason there, \"local\" is its client, and the time is the "
	  "capture's. At the end the standard error says what was read and what became of it. A "
	  "file that cannot be read to its end counts up to there; the exit status is 1. With "
	  "--all what was still open when the capture ended is shown, too, as orphan_mid with the "
	  "cause capture_end. With --by there is one table instead of records, with the rows of "
	  "flows; --filter is then one of rows.",
	  &replay_option_table, replay_command },
	{ "top", "the same counts as a live screen",
	  "Enter opens a row, down to the last records of a connection with their explanation; Esc "
	  "goes back; ? lists the keys.",
	  &top_option_table, top_command },
	{ "doctor", "say what this host can do, and why not",
	  "Lists the kernel's features and the hook that each interface would get.",
	  &doctor_option_table, doctor_command },
	{ "explain", "explain a verdict, cause, kernel reason, state or class",
	  "What a word in the output means, its usual causes, what to check next. Without a name, "
	  "all names by group.",
	  &names_table, explain_command },
	{ "help", "show this help", NULL, &command_table, help_command },
	{ "version", "show the version", NULL, &nothing_table, version_command },
};

const struct command *command_at(size_t index)
{
	return index < sizeof(commands) / sizeof(commands[0]) ? &commands[index] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; command_at(i); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

int command_unknown(const char *name)
{
	struct nearest_name nearest = { .wanted = name };

	for (size_t i = 0; command_at(i); i++)
		nearest_name_offer(&nearest, command_at(i)->name);
	if (nearest.name)
		log_error(-EINVAL, "there is no command \"%s\"; did you mean \"%s\"?", name,
			  nearest.name);
	else
		log_error(-EINVAL, "there is no command \"%s\"; `closetrace help` lists them",
			  name);
	return EXIT_USAGE;
}

/* -- options that a command has not ---------------------------------------------------------- */
/* The row of "--by" or "-b". */
static const struct option_row *find_word(const struct option_table *table, const char *word)
{
	return word[1] == '-' ? option_find(table, word + 2) : option_find_letter(table, word[1]);
}

/* All commands that know the word, with commas between; *ret_first is the first one. */
static void append_owners(struct strbuf *b, const char *word, const struct command **ret_first)
{
	const struct command *owner, *last = NULL;

	*ret_first = NULL;
	for (size_t i = 0; (owner = command_at(i)); i++) {
		if (!find_word(owner->table, word))
			continue;
		if (last)
			strbuf_appendf(b, "%s%s", *ret_first == last ? "" : ", ", last->name);
		else
			*ret_first = owner;
		last = owner;
	}
	if (last)
		strbuf_appendf(b, "%s%s", *ret_first == last ? "" : " and ", last->name);
}

static int option_unknown(const struct command *command, const char *word)
{
	_cleanup_(strbuf_release) struct strbuf owners = STRBUF_INIT;
	struct nearest_name nearest = { .wanted = word + strspn(word, "-") };
	const struct option_row *row;
	const struct command *owner;
	struct option_place place;

	append_owners(&owners, word, &owner);
	if (owner && !owners.failed) {
		row = find_word(owner->table, word);
		return log_error(EXIT_USAGE, "%s is an option of %s: closetrace %s %s%s%s ...",
				 word, owners.data, owner->name, word, row->metavar ? " " : "",
				 row->metavar ?: "");
	}
	for (size_t i = 0; word[1] == '-' && option_place_at(command->table, i, &place); i++)
		nearest_name_offer(&nearest, place.row->name);
	if (nearest.name)
		return log_error(EXIT_USAGE, "there is no option \"%s\"; did you mean --%s?", word,
				 nearest.name);
	return log_error(EXIT_USAGE, "there is no option \"%s\"; `closetrace help %s` lists them",
			 word, command->name);
}

int command_run(const struct command *command, int argc, char **argv)
{
	struct option_unknown unknown;
	struct option_common *options;
	int err, code;

	options = calloc(1, command->table->size);
	if (!options) {
		log_error(-ENOMEM, "not enough memory");
		return EXIT_RUNTIME;
	}
	err = option_parse(command->table, argc, argv, options, &unknown);
	if (!err && options->debug)
		log_set_level(LOG_LEVEL_DEBUG);
	if (err == -ENOENT)
		code = option_unknown(command, unknown.word);
	else if (err)
		code = err == -EINVAL ? EXIT_USAGE : EXIT_RUNTIME;
	else
		code = options->help ? help_print(command) : command->run(options);
	option_release(command->table, options);
	free(options);
	return code;
}

int version_command(const void *options)
{
	(void)options;
	printf("closetrace " CLOSETRACE_VERSION "\n");
	if (fflush(stdout)) {
		log_error(-errno, "cannot write to stdout: %s", strerror(errno));
		return EXIT_RUNTIME;
	}
	return EXIT_OK;
}

int exit_code_of(int err)
{
	if (!err)
		return EXIT_OK;
	if (err == -EOPNOTSUPP)
		return EXIT_HOST;
	return err == -EINVAL || err == -ENODEV ? EXIT_USAGE : EXIT_RUNTIME;
}
