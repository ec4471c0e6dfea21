// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/program_cost.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/parse_number.h"

int program_cost_begin(void)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	return fd < 0 ? -errno : fd;
}

size_t program_cost_read(const int *fds, size_t fd_count, struct program_cost *ret)
{
	struct bpf_prog_info info;
	size_t count = 0;
	uint32_t size;

	for (size_t i = 0; i < fd_count && count < PROGRAM_COST_MAX; i++) {
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		if (bpf_obj_get_info_by_fd(fds[i], &info, &size))
			continue;
		ret[count] =
			(struct program_cost){ .runs = info.run_cnt, .time_ns = info.run_time_ns };
		memcpy(ret[count++].name, info.name, sizeof(ret->name));
	}
	return count;
}

/* "memlock: N" of the descriptor: what the kernel has charged for the map. */
static uint64_t map_bytes(int fd)
{
	char path[64], text[1024] = "", *line;
	_cleanup_close_ int file = -1;
	uint64_t bytes = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || read(file, text, sizeof(text) - 1) <= 0)
		return 0;
	line = strstr(text, "memlock:");
	if (!line)
		return 0;
	line += strlen("memlock:") + strspn(line + strlen("memlock:"), " \t");
	line[strcspn(line, "\n")] = '\0';
	return parse_u64(line, UINT64_MAX, &bytes) ? 0 : bytes;
}

static int map_cost_compare(const void *a, const void *b)
{
	const struct map_cost *x = a, *y = b;

	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

size_t map_cost_read(struct bpf_object *object, struct map_cost *ret)
{
	struct bpf_map *map;
	size_t count = 0;

	bpf_object__for_each_map(map, object) {
		if (count == PROGRAM_COST_MAX || bpf_map__fd(map) < 0)
			continue;
		ret[count++] = (struct map_cost){ .name = bpf_map__name(map),
						  .entries = bpf_map__max_entries(map),
						  .bytes = map_bytes(bpf_map__fd(map)) };
	}
	qsort(ret, count, sizeof(*ret), map_cost_compare);
	return count;
}
