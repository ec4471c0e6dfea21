/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A capture of what went wrong, made of the captures that were read: their packets as they were,
 * and on the packet that ended a connection the verdict and its sentence as a comment. The files are
 * read a second time, for what is wrong is known at the end.
 */
#ifndef USER_REPLAY_ANNOTATOR_H
#define USER_REPLAY_ANNOTATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/model/connection.h"
#include "user/replay/capture_set.h"

#define ANNOTATOR_CONNECTIONS_MOST (1024 * 1024)

struct annotator;

/**
 * Open the file to be written. Nothing that is there is touched before it is known to be none of
 * the inputs.
 *
 * @path    Borrowed, as are the inputs' paths for the call.
 * @return  0; a negative errno after one sentence.
 */
int annotator_open(const char *path, const char *const *inputs, size_t count,
		   struct annotator **ret);
void annotator_free(struct annotator **annotator);

/* A connection that is to be in it; c->capture is set. What is beyond the most is counted. 0, -ENOMEM. */
int annotator_note(struct annotator *annotator, const struct closed_connection *c);

/**
 * Write the packets of what was noted.
 *
 * @captures  The same files as before, from their beginning.
 * @return    0; 1 when it was interrupted; a negative errno after one sentence.
 */
int annotator_write(struct annotator *annotator, struct capture_set *captures, bool decap,
		    const volatile int *is_interrupted);

/* "120 packets of 7 connections are in OUT"; a sentence's end without full stop. */
void annotator_append_account(struct strbuf *b, const struct annotator *annotator);

#endif
