/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The BPF programs that a process holds, itself or through links. By process and not by name, so
 * that another instance on the same host is never measured instead.
 */
#ifndef TESTS_BENCH_PROGFIND_H
#define TESTS_BENCH_PROGFIND_H

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define PROGFIND_MAX 256
#define PROGFIND_NAME_SIZE 16

/* Adds id unless it is there; returns the new count. */
static inline int progfind_add(uint32_t *ids, int count, uint32_t id)
{
	for (int i = 0; i < count; i++) {
		if (ids[i] == id)
			return count;
	}
	if (count < PROGFIND_MAX)
		ids[count++] = id;
	return count;
}

/* Writes up to PROGFIND_MAX program ids; returns how many, or a negative errno. */
static inline int progfind_ids(pid_t pid, uint32_t *ret_ids)
{
	char path[512], line[256];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		FILE *file;
		uint32_t id;

		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid, entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		while (fgets(line, sizeof(line), file)) {
			if (sscanf(line, "prog_id: %u", &id) == 1)
				count = progfind_add(ret_ids, count, id);
		}
		fclose(file);
	}
	closedir(dir);
	return count;
}

#endif
