/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* /tmp/perf-PID.map: what a JIT compiler says of the code that it made. The file may be hostile. */
#ifndef USER_ENRICH_PERF_MAP_H
#define USER_ENRICH_PERF_MAP_H

#include <stdint.h>

#include "user/enrich/symbol_table.h"

struct perf_map {
	struct symbol_table table;
	uint64_t bytes_read;
};

/**
 * Read what was appended since the last call; from the start when the file has become shorter.
 * Lines that are no "START SIZE NAME" are passed over.
 *
 * @map     All zero at first. Bounded: of a very big file only the start is read.
 * @return  0; -ENOMEM; an errno of pread(2).
 * Source:  tools/perf/Documentation/jit-interface.txt of Linux.
 */
int perf_map_read(int fd, struct perf_map *map);
void perf_map_release(struct perf_map *map);

#endif
