// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/log.h"
#include "user/command/explain.h"
#include "user/model/nearest_name.h"

static const struct command commands[] = {
	{ "trace", "[OPTION...]", "print abnormal TCP closes as they happen (the default)",
	  trace_command },
	{ "flows", "[OPTION...]", "count SYN, FIN, RST and closes per conversation or group",
	  flows_command },
	{ "replay", "[OPTION...] FILE...", "print the abnormal TCP closes of capture files",
	  replay_command },
	{ "top", "[OPTION...]", "the same counts as a live screen", top_command },
	{ "doctor", "[OPTION...]", "say what this host can do, and why not", doctor_command },
	{ "explain", "[NAME...]", "explain a verdict, cause, kernel reason, state or class",
	  explain_command },
	{ "help", "[COMMAND]", "show this help", help_command },
	{ "version", "", "show the version", version_command },
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

int version_command(int argc, char **argv)
{
	if (argc > 1) {
		log_error(-EINVAL, "%s takes no arguments, but got \"%s\"", argv[0], argv[1]);
		return EXIT_USAGE;
	}
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
