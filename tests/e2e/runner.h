/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One process per scenario: it owns the actors, runs the recipe, and keeps the actors and their
 * sockets as they are until it is told to stop. So many scenarios can run at once.
 */
#ifndef TESTS_E2E_RUNNER_H
#define TESTS_E2E_RUNNER_H

#include <sys/types.h>

#include "tests/e2e/scenarios.h"

struct runner {
	pid_t pid;
	int fd; /* readable when an answer has come; -1 when it does not run */
};

/* When the prelude, if there is one, and when the recipe has ended; also the only one to a sentinel. */
struct runner_answer {
	enum recipe_result result;
	uint16_t client_port;
	pid_t client_pid;
	pid_t server_pid;
	pid_t helper_pid;
	char why[512];
};

/*
 * Start the process, which begins at once: with the prelude, else with the recipe.
 * 0 or a negative errno.
 */
int runner_start(struct runner *ret_runner, const struct scenario *scenario,
		 const struct netlab *lab, int family);

/* Read the next answer. 0, or -ESRCH when the process died. */
int runner_read(struct runner *runner, struct runner_answer *ret_answer);

/* The prelude has been answered: begin with the recipe. */
int runner_go_on(struct runner *runner);

/*
 * Ask for a connection from A to B that is refused: a record of it comes behind all records of the
 * scenario. It removes the packet filters first. The answer says how it went.
 */
int runner_send_sentinel(struct runner *runner);

/* End the process and its actors. Fine to call twice. */
void runner_stop(struct runner *runner);

#endif
