/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Closes that wait for the wire, and whose time has run out. */
#ifndef USER_KERNEL_WATCH_EXPIRY_H
#define USER_KERNEL_WATCH_EXPIRY_H

#include <stdint.h>

#include "user/pipeline/pipeline.h"

/**
 * Look through the watch map and feed what is past its deadline. Whoever deletes an entry,
 * this or the BPF side, reports it: once.
 *
 * @watch_fd @flows_fd  The maps ct_watch and ct_flows.
 * @return              As pipeline_feed().
 */
int watch_expire(int watch_fd, int flows_fd, uint64_t now_ns, struct pipeline *pipeline);

#endif
