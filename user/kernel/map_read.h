/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All entries of a hash map, in pieces: by batch where the kernel can, else one by one. */
#ifndef USER_KERNEL_MAP_READ_H
#define USER_KERNEL_MAP_READ_H

#include <stddef.h>
#include <stdint.h>

#include "include/counters.h"

typedef void (*map_entry_callback)(void *data, const void *key, const void *value);

/**
 * Entries that are there all the time are given exactly once by a batch, and at least once where
 * the kernel has none (hash maps before 5.6).
 *
 * @between       Called after each piece but the last; a result other than 0 ends the reading.
 *                May be NULL.
 * @return        0; the result of `between`; -ENOMEM; negative errno of bpf(2).
 */
int map_read(int fd, size_t key_size, size_t value_size, map_entry_callback callback, void *data,
	     int (*between)(void *data), void *between_data);

/* The same, never by batch: for tests, and where the kernel has none. */
int map_read_singly(int fd, size_t key_size, size_t value_size, map_entry_callback callback,
		    void *data, int (*between)(void *data), void *between_data);

/* How many entries of a hash map whose keys have at most 64 bytes. */
uint64_t map_count(int fd);

/* The counters of all CPUs, summed. 0 or negative errno; *ret untouched on failure. */
int map_counters(int map, struct tracer_counters *ret);

#endif
