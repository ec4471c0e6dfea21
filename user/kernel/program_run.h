/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs that user space runs from time to time, to have the kernel side tell what no event
 * would: ct_storm_flush (bpf/storm.bpf.c), ct_watch_expire (bpf/watch.bpf.c).
 */
#ifndef USER_KERNEL_PROGRAM_RUN_H
#define USER_KERNEL_PROGRAM_RUN_H

#include <stdbool.h>

/**
 * Run one of them once.
 *
 * @return  True when it has left something for the next run: read the ring, then call again.
 */
bool program_run(int program_fd);

#endif
