/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * user_symbols in a process of its own: what it reads are other programs' files, on whatever file
 * system, and a file system that has stopped keeps its reader for ever. A thread within a request
 * to it cannot be ended, and with it no process that has it; a process can be left behind.
 */
#ifndef USER_ENRICH_USER_NAMER_H
#define USER_ENRICH_USER_NAMER_H

#include "include/close_stacks.h"
#include "user/base/strbuf.h"

/* How long the caller waits for one answer. */
#define USER_NAMER_WAIT_NS (100 * CLOCK_NS_PER_MS)
/* How long the process may take for one; then it is killed, and another one begins. */
#define USER_NAMER_PATIENCE_NS (5 * CLOCK_NS_PER_SECOND)

struct user_namer;

/* Starts nothing yet: the process begins with the first stack, with what rights are left then. */
int user_namer_new(struct user_namer **ret);

/* Kills the process; does not wait for one that cannot be killed. */
void user_namer_free(struct user_namer **namer);

/**
 * As user_symbols_append_stack(). An answer that is late is dropped, but not what was read for it.
 *
 * @return  As user_symbols_append_stack(); -ETIMEDOUT when there was no answer in time; -EBUSY while
 *          the process is still with an earlier one; another negative errno when there is none.
 */
int user_namer_append_stack(struct strbuf *b, struct user_namer *namer,
			    const struct close_stacks *stacks);

/* The process that reads, 0 = none now. For tests. */
int user_namer_pid(const struct user_namer *namer);

#endif
