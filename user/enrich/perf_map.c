// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/perf_map.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/parse_number.h"

#define PERF_MAP_SYMBOLS_MOST 200000
#define PERF_MAP_BYTES_MOST (32 * 1024 * 1024)
#define PERF_MAP_PIECE_BYTES (64 * 1024)

void perf_map_release(struct perf_map *map)
{
	symbol_table_release(&map->table);
	map->bytes_read = 0;
}

static int perf_map_add(struct perf_map *map, char *line)
{
	char *rest = line, *start_text = strsep(&rest, " "), *size_text = strsep(&rest, " ");
	uint64_t start, size;

	if (!rest || !*rest || parse_hex_u64(start_text, &start) ||
	    parse_hex_u64(size_text, &size) || !size)
		return 0;
	return symbol_table_add(&map->table, start, size, rest, strlen(rest));
}

/* Take the whole lines of a piece of `len` bytes. Returns how many bytes they are. */
static ssize_t perf_map_take_lines(struct perf_map *map, char *piece, size_t len)
{
	char *line = piece, *end;

	while ((end = memchr(line, '\n', piece + len - line))) {
		*end = '\0';
		if (perf_map_add(map, line) == -ENOMEM)
			return -ENOMEM;
		line = end + 1;
	}
	/* A line that fills the whole piece is none. */
	if (line == piece && len == PERF_MAP_PIECE_BYTES)
		return len;
	return line - piece;
}

int perf_map_read(int fd, struct perf_map *map)
{
	_cleanup_free_ char *piece = NULL;
	ssize_t got, taken;
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	if ((uint64_t)status.st_size < map->bytes_read)
		perf_map_release(map);
	map->table.most = PERF_MAP_SYMBOLS_MOST;
	if ((uint64_t)status.st_size == map->bytes_read)
		return 0;
	piece = malloc(PERF_MAP_PIECE_BYTES);
	if (!piece)
		return -ENOMEM;
	while (map->bytes_read < PERF_MAP_BYTES_MOST && !map->table.is_cut) {
		got = pread(fd, piece, PERF_MAP_PIECE_BYTES, map->bytes_read);
		if (got < 0)
			return -errno;
		taken = perf_map_take_lines(map, piece, got);
		if (taken <= 0)
			return taken;
		map->bytes_read += taken;
	}
	return 0;
}
