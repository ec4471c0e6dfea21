// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the words of the call to a command. */
#include <signal.h>
#include <string.h>

#include "user/command/command.h"
#include "user/filter/filter_words.h"

int main(int argc, char **argv)
{
	const struct command *command;

	/* A file that may not grow is an error of write(2), not a death. */
	signal(SIGXFSZ, SIG_IGN);
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		command = command_find("help");
	else if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")))
		command = command_find("version");
	else if (argc > 1 && argv[1][0] != '-') {
		command = command_find(argv[1]);
		if (!command && !filter_word_is_known(argv[1]) && command_nearest(argv[1]))
			return command_unknown(argv[1]);
	} else {
		command = NULL;
	}
	/* No command: all words belong to the default one. */
	if (!command)
		return command_run(command_at(0), argc, argv);
	return command_run(command, argc - 1, argv + 1);
}
