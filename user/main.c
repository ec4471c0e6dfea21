// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the words of the call to a command. */
#include <errno.h>
#include <string.h>

#include "user/base/log.h"
#include "user/command/command.h"
#include "user/model/nearest_name.h"

static int unknown_command(const char *name)
{
	struct nearest_name nearest = { .wanted = name };

	for (size_t i = 0; command_at(i); i++)
		nearest_name_offer(&nearest, command_at(i)->name);
	if (nearest.name)
		log_error(-EINVAL, "there is no command \"%s\"; did you mean \"%s\"?", name,
			  nearest.name);
	else
		log_error(-EINVAL, "there is no command \"%s\"; `closetrace help` lists them", name);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const struct command *command = command_at(0);

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		command = command_find("help");
	else if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")))
		command = command_find("version");
	else if (argc > 1 && argv[1][0] != '-') {
		command = command_find(argv[1]);
		if (!command)
			return unknown_command(argv[1]);
	} else {
		/* No command: all words belong to the default one. */
		return command->run(argc, argv);
	}
	return command->run(argc - 1, argv + 1);
}
