/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TC programs on a kernel without TCX (before 6.6): cls_bpf filters of the clsact qdisc.
 * They outlive a killed process, so each carries its process id as handle, and the next
 * start removes those whose process is gone.
 */
#ifndef USER_KERNEL_ATTACH_CLSACT_H
#define USER_KERNEL_ATTACH_CLSACT_H

#include <stdbool.h>

#include "user/kernel/attach_tcx.h"

/* Filters of ours, and nobody else's, have this priority. */
#define CLSACT_PRIORITY 49735

/* All act in the thread's present namespace. */

/* 0 or negative errno. *ret_made_qdisc is set to true when there was no clsact qdisc yet. */
int clsact_attach(int program_fd, int ifindex, enum tcx_direction direction, bool *ret_made_qdisc);
int clsact_detach(int ifindex, enum tcx_direction direction);

/* False when somebody has removed our filter, or the whole qdisc. True when it cannot be told. */
bool clsact_is_attached(int ifindex, enum tcx_direction direction);

/* Remove the qdisc unless a filter of somebody is in it. For who made it. */
void clsact_remove_if_empty(int ifindex);

/**
 * Remove filters that a dead closetrace left on one interface, and the qdisc when nothing
 * else is in it.
 *
 * @return  How many filters, or negative errno.
 */
int clsact_clean(int ifindex);

#endif
