// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as what a JIT compiler writes, at once and in two parts, and as lines of /proc/PID/maps. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "user/base/cleanup.h"
#include "user/enrich/perf_map.h"
#include "user/enrich/process_files.h"

static void map_use(struct perf_map *map)
{
	uint64_t offset;

	for (uint64_t at = 0; at < 64; at++)
		symbol_table_find(&map->table, at << at, 4096, &offset);
	for (size_t i = 0; i < map->table.count && i < 64; i++)
		FUZZ_REQUIRE(
			symbol_table_find(&map->table, map->table.symbols[i].start, 1, &offset) ||
			map->table.symbols[i].start == UINT64_MAX);
}

static void lines_use(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);
	char *rest = text, *line;

	FUZZ_REQUIRE(text);
	memcpy(text, data, size);
	text[size] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		struct memory_mapping mapping;

		if (!memory_mapping_parse(line, &mapping))
			FUZZ_REQUIRE(mapping.path && mapping.start <= mapping.end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("map", MFD_CLOEXEC);
	struct perf_map map = { 0 };
	size_t half = size / 2;

	lines_use(data, size);
	FUZZ_REQUIRE(fd >= 0 && write(fd, data, half) == (ssize_t)half);
	FUZZ_REQUIRE(perf_map_read(fd, &map) <= 0);
	FUZZ_REQUIRE(write(fd, data + half, size - half) == (ssize_t)(size - half));
	FUZZ_REQUIRE(perf_map_read(fd, &map) <= 0);
	map_use(&map);
	/* It has become shorter: from the start again. */
	FUZZ_REQUIRE(!ftruncate(fd, (off_t)(size / 4)));
	FUZZ_REQUIRE(perf_map_read(fd, &map) <= 0);
	map_use(&map);
	perf_map_release(&map);
	return 0;
}
