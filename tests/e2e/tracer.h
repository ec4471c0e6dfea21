/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The closetrace under test: start it, wait until it is ready, take its lines, end it. */
#ifndef TESTS_E2E_TRACER_H
#define TESTS_E2E_TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tracer {
	pid_t pid;
	int stdout_fd;
	int stderr_fd;
	char *pending; /* the start of a line of stdout whose end has not come */
	size_t pending_bytes;
	char *messages; /* all of stderr so far, NUL-terminated */
	size_t message_bytes;
	int exit_status; /* valid once it has ended: exit status, or 128 + signal */
};

/**
 * Start `path trace -o ndjson --all --netns <netns_list>` and wait until it says it is ready.
 *
 * @ret_tracer   Set whenever it was started; end it with tracer_stop().
 * @timeout_ms   For the ready line.
 * @return       0; -ESRCH when it ended instead (exit_status is valid); -ETIME; another errno.
 */
int tracer_start(struct tracer *ret_tracer, const char *path, const char *netns_list,
		 int timeout_ms);

/**
 * Take in what came and hand out whole lines of stdout.
 *
 * @handle_line  Called with each line, NUL-terminated, without its newline.
 * @return       true while the tracer's stdout is open.
 */
bool tracer_read(struct tracer *tracer, void (*handle_line)(void *context, char *line),
		 void *context);

/* SIGINT, take in the rest of its output, reap it. SIGKILL after 30 s; exit_status tells. */
void tracer_stop(struct tracer *tracer, void (*handle_line)(void *context, char *line),
		 void *context);

/**
 * Look up a number of the ledger on stderr: the one before `word` in the line with `line_word`.
 *
 * @return  it, or -1 when there is none.
 */
long long tracer_ledger_number(const struct tracer *tracer, const char *line_word,
			       const char *word);

/**
 * Look in the ledger on stderr for losses.
 *
 * @ret_line  The line that tells of a loss; NULL when there is none. Valid as long as the tracer.
 * @return    true when there is a ledger that says that nothing was lost.
 */
bool tracer_lost_nothing(struct tracer *tracer, const char **ret_line);

#endif
