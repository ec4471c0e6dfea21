/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel says the loaded programs and maps cost. */
#ifndef USER_KERNEL_PROGRAM_COST_H
#define USER_KERNEL_PROGRAM_COST_H

#include <stddef.h>
#include <stdint.h>

struct bpf_object;

#define PROGRAM_COST_MAX 64

/* Since the program was loaded, while somebody had the kernel measure. */
struct program_cost {
	char name[16]; /* BPF_OBJ_NAME_LEN: what is longer is cut */
	uint64_t runs;
	uint64_t time_ns;
};

/**
 * Have the kernel measure every BPF program of the host (bpf_stats) while the descriptor is open.
 * Each run then costs two looks at the clock more.
 *
 * @return  The descriptor, or negative errno.
 */
int program_cost_begin(void);

/* What the programs have cost; returns how many could be asked, at most PROGRAM_COST_MAX. */
size_t program_cost_read(const int *fds, size_t fd_count, struct program_cost *ret);

struct map_cost {
	const char *name; /* belongs to the object */
	uint32_t entries;
	uint64_t bytes; /* of kernel memory; of maps that are filled on demand, what is there now */
};

/* As above, for the maps of `object`. The largest come first. */
size_t map_cost_read(struct bpf_object *object, struct map_cost *ret);

#endif
