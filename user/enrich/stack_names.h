/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the addresses of a close to the names that a record shows; for --stacks alone. */
#ifndef USER_ENRICH_STACK_NAMES_H
#define USER_ENRICH_STACK_NAMES_H

#include <stdint.h>

#include "include/close_stacks.h"
#include "user/model/connection.h"

struct stack_names;

/* Reads nothing before the first stack. *ret on success only. 0 or -ENOMEM. */
int stack_names_new(struct stack_names **ret);
void stack_names_free(struct stack_names **names);

/**
 * Set the stacks of a connection. What cannot be had stays as it was: null.
 *
 * Takes at most half of a second's time: of those that come beyond, none is named.
 * The frames of the tracing itself are left out, and those of the stranger below a softirq.
 *
 * @c  Borrows the names until the next call.
 */
void stack_names_add(struct stack_names *names, const struct close_stacks *stacks,
		     struct closed_connection *c);

/* Stacks that were there, but whose process was gone, or that came when there was no time. */
uint64_t stack_names_unnamed(const struct stack_names *names);

#endif
