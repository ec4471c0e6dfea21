/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What of a filter of closed connections the kernel can decide before it sends a record. What it
 * lets pass is asked the whole filter again, so the kernel's part may be weaker, never stronger:
 * a process is there the owner or the closer, a port or an address that of either end.
 */
#ifndef USER_FILTER_PUSH_DOWN_H
#define USER_FILTER_PUSH_DOWN_H

#include "include/tracer_config.h"
#include "user/filter/filter.h"

/**
 * @filter  Of connection_row_type.
 * @config  Gets what every row must have that the filter takes. What is set already (--pid ...)
 *          stays: there is room for one of each.
 */
void filter_push_down(const struct filter *filter, struct tracer_config *config);

/**
 * The typed tree, what the kernel decides, what is left to user space; several lines. Values may
 * hold any bytes: escape the text.
 *
 * @config  As filter_push_down() has left it.
 */
void filter_explain(struct strbuf *b, const struct filter *filter,
		    const struct tracer_config *config);

/* Whether the kernel decides all of it: nothing is left to user space but late evidence. */
bool filter_is_pushed_whole(const struct filter *filter, const struct tracer_config *config);

/* Whether it asks by name for endings that are shown with --all only. */
bool filter_wants_normal(const struct filter *filter);

#endif
