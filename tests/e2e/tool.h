/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Outside programs (ip, nft, ss) and network namespaces. Knows nothing of scenarios. */
#ifndef TESTS_E2E_TOOL_H
#define TESTS_E2E_TOOL_H

#include <stddef.h>
#include <sys/types.h>

#define TOOL_OUTPUT_BYTES 4096

struct tool_result {
	pid_t pid; /* of the program that ran; it is gone */
	int status; /* exit status; 128 + N when signal N ended it; 127 when it could not start */
	char output[TOOL_OUTPUT_BYTES]; /* stdout and stderr together, cut, NUL-terminated */
};

/**
 * Run a program to its end.
 *
 * @argv        Program and arguments, NULL-terminated; found in PATH.
 * @netns_fd    The network namespace to run in, or -1 for the caller's.
 * @input       Text for its stdin, or NULL for none.
 * @ret_result  Filled on success only. "Success" is that it ran, whatever its status.
 * @return      0 or a negative errno.
 */
int tool_run(const char *const argv[], int netns_fd, const char *input,
	     struct tool_result *ret_result);

/**
 * Enter a network namespace for a moment.
 *
 * @netns_fd   Where to go.
 * @ret_saved  Descriptor of the namespace left, for netns_leave(). Set on success only.
 * @return     0 or a negative errno.
 */
int netns_enter(int netns_fd, int *ret_saved);

/* Go back and close `saved`. Ends the process when that fails: nothing after it could be right. */
void netns_leave(int saved);

/* Milliseconds on CLOCK_MONOTONIC. */
long long clock_now_ms(void);

#endif
