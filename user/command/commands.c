// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/base/strbuf.h"
#include "user/command/doctor_options.h"
#include "user/command/explain.h"
#include "user/command/flows_options.h"
#include "user/command/help.h"
#include "user/command/replay_options.h"
#include "user/command/record_options.h"
#include "user/command/report_options.h"
#include "user/command/trace_options.h"
#include "user/model/nearest_name.h"
#include "user/render/flow_columns.h"
#include "user/render/forms.h"
#include "user/store/store.h"

static const struct option_table nothing_table = { .size = sizeof(struct option_common) };

static const struct command commands[] = {
	{ .name = "trace",
	  .summary = "print abnormal TCP closes as they happen (the default)",
	  .more = "Records go to the standard output and nothing else does. When everything is "
		  "attached, one line on the standard error begins with \"closetrace: ready\". At "
		  "the end the ledger follows there: how many endings and resets there were, what "
		  "became of each, and how that compares with the kernel's own counters "
		  "(/proc/net/snmp, /proc/net/netstat). Words without an option are a filter in "
		  "tcpdump's manner: port, host, net, portrange, behind client, server, local or "
		  "peer where one end is meant; pid, comm, container, pod; and, or, not. A word "
		  "alone is what it looks like: an address, a port, a verdict, an errno, else the "
		  "name of a program, container or pod.",
	  .columns = form_table_help,
	  .examples = { { "", "watch this host until Ctrl-C" },
			{ "port 443 and host 10.0.0.7", "as one would tell tcpdump" },
			{ "nginx", "of one program, container or pod" },
			{ "--port 5432 -d 5m", "one port, five minutes" },
			{ "-f 'rst.count > 0 and idle > 5m'", "resets after a long silence" },
			{ "trace --netns web -a -o wide", "all that ends in a namespace" },
			{ "-i none", "without hooks on interfaces" } },
	  .table = &trace_option_table,
	  .run = trace_command },
	{ .name = "flows",
	  .summary = "count SYN, FIN, RST and closes per conversation or group",
	  .more = "Who resets whom, and how often: counts of packets in both directions, of "
		  "handshakes, and of the ways in which connections closed, once per interval or "
		  "once at the end.",
	  .columns = flow_table_help,
	  .examples = { { "flows --once -d 10s --by client", "counts per client over ten seconds" },
			{ "flows -b server,server_port -s rst_count_srv -t 10",
			  "the ten servers that reset most, every second" } },
	  .table = &flows_option_table,
	  .run = flows_command },
	{ .name = "replay",
	  .summary = "print the abnormal TCP closes of capture files",
	  .more = "Reads pcap and pcapng, plain or packed with gzip or zstd; - is the standard input. "
		  "Several files are merged in the order of their times. Needs no privilege. A "
		  "connection has no process and no kernel reason there, \"local\" is its client, and "
		  "the time is the capture's. At the end the standard error says what was read and "
		  "what became of it. A file that cannot be read to its end counts up to there; the "
		  "exit status is 1. With --all what was still open when the capture ended is shown, "
		  "too, as orphan_mid with the cause capture_end. With --by there is one table "
		  "instead of records, with the rows of flows; --filter is then one of rows. -o zeek "
		  "writes all connections by Zeek's rules as a conn.log; the other forms write "
		  "endings by those of the kernel.",
	  .examples = { { "replay -a office.pcapng", "every ending of a capture" },
			{ "replay --by server,verdict -",
			  "counts of a capture on the standard input" } },
	  .table = &replay_option_table,
	  .run = replay_command },
	{ .name = "record",
	  .summary = "keep what ends in a database, for months",
	  .more = "Abnormal endings with all their evidence, and what was counted of every conversation "
		  "in each minute. `closetrace report` asks it, also while it records. A full disk "
		  "stops nothing: what is missing is counted, and told by the report.",
	  .examples = { { "record", "into " STORE_PATH_DEFAULT },
			{ "record --to closes.db --keep 7d --keep-size 200M",
			  "a week at most, 200 MB at most" } },
	  .table = &record_option_table,
	  .run = record_command },
	{ .name = "report",
	  .summary = "ask the database what happened",
	  .more = "incidents, the default: what happened in the last day, the most hurtful first. "
		  "records: each ending. counts: what was counted, at once or with --over as bars "
		  "over time. diff: what is new, gone, more or less than from --against up to "
		  "--since. Needs no privilege but to read the file.",
	  .examples = { { "report", "what happened in the last day" },
			{ "report records --at 02:40 -f 'class = reset_peer'",
			  "the resets around a time" },
			{ "report counts --over 1m --by server --since 1h",
			  "resets over the last hour, a bar a minute" },
			{ "report diff --since 1h --against 25h",
			  "the last hour against the day before" } },
	  .table = &report_option_table,
	  .run = report_command },
	{ .name = "top",
	  .summary = "the same counts as a live screen",
	  .more = "Enter opens a row, down to the last records of a connection with their explanation; "
		  "Esc goes back; ? lists the keys.",
	  .examples = { { "top --by server,server_port", "which server resets most, now" } },
	  .table = &top_option_table,
	  .run = top_command },
	{ .name = "doctor",
	  .summary = "say what this host can do, and why not",
	  .more = "Lists the kernel's features and the hook that each interface would get.",
	  .examples = { { "doctor --cost", "what tracing this host takes, measured on it" } },
	  .table = &doctor_option_table,
	  .run = doctor_command },
	{ .name = "explain",
	  .summary = "explain a verdict, cause, error, kernel reason, state or field",
	  .more = "What a word in the output means, its usual causes, what to check next and what to "
		  "change. Without a name, all names by group. PEER=, PORT=, PID=, CLOSER_PID=, "
		  "IFACE= and UNIT= fill in the commands.",
	  .examples = { { "explain local_app_abort", "what a word means" },
			{ "explain ECONNRESET PEER=10.0.0.7",
			  "an errno, its commands filled in" } },
	  .table = &explain_option_table,
	  .run = explain_command },
	{ .name = "help",
	  .summary = "say how to use it, or one command",
	  .examples = { { "help flows", "all of one command" } },
	  .table = &help_option_table,
	  .run = help_command },
	{ .name = "version",
	  .summary = "show the version",
	  .table = &nothing_table,
	  .run = version_command },
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

/* Whether the word is a command or a file, which is no filter; said, then. */
static bool word_is_misplaced(const char *word)
{
	if (command_find(word))
		log_error(-EINVAL, "\"%s\" is a command, and that comes first: closetrace %s ...",
			  word, word);
	else if (strpbrk(word, "./") && !access(word, R_OK))
		log_error(-EINVAL, "\"%s\" is a file; a capture is read by: closetrace replay %s",
			  word, word);
	else
		return false;
	return true;
}

const char *command_nearest(const char *name)
{
	struct nearest_name nearest = { .wanted = name };

	for (size_t i = 0; command_at(i); i++)
		nearest_name_offer(&nearest, command_at(i)->name);
	return nearest.name;
}

int command_unknown(const char *name)
{
	const char *nearest = command_nearest(name);

	if (nearest)
		log_error(-EINVAL, "there is no command \"%s\"; did you mean \"%s\"?", name,
			  nearest);
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

static int word_unexpected(const char *word)
{
	if (!word_is_misplaced(word))
		log_error(-EINVAL, "unexpected word \"%s\"; options start with - or --", word);
	return EXIT_USAGE;
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
	if (!err && command == command_at(0) && options->word_count &&
	    word_is_misplaced(options->words[0]))
		err = -EINVAL;
	if (err == -ENOENT && options->word_count)
		code = word_unexpected(options->words[0]);
	else if (err == -ENOENT)
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
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	(void)options;
	strbuf_append_str(&text, "closetrace " CLOSETRACE_VERSION "\n");
	return command_print(&text);
}

int exit_code_of(int err)
{
	if (!err)
		return EXIT_OK;
	if (err == -EOPNOTSUPP)
		return EXIT_HOST;
	return err == -EINVAL || err == -ENODEV ? EXIT_USAGE : EXIT_RUNTIME;
}
