/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the process went that closed: close(), an exit, a signal, the OOM killer, an exec. */
#ifndef USER_MODEL_SAY_DEATH_H
#define USER_MODEL_SAY_DEATH_H

#include "user/base/strbuf.h"
#include "user/model/connection.h"

/**
 * What the closer did, behind its name: " closed", " exited (code 3)", " crashed (SIGSEGV, core
 * dumped)", " was killed (SIGKILL by kill[99])", " became sleep[77] by exec".
 */
void say_closed(struct strbuf *b, const struct closed_connection *c);

/* The same of the time before another event: " had closed". */
void say_had_closed(struct strbuf *b, const struct closed_connection *c);

/* Whether say_closed() says more than that it closed. */
bool closer_died(const struct closed_connection *c);

/**
 * "exit", "SIGKILL", "oom", "exec"; NULL where the task that closed did so by a call of its own, or
 * where nobody knows.
 */
const char *death_name(const struct close_detail *detail);

#endif
