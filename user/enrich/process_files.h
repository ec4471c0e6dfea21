/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What /proc says of the memory of another process, and its files, opened so that neither the
 * process nor its container can lead the reader astray or make it wait.
 */
#ifndef USER_ENRICH_PROCESS_FILES_H
#define USER_ENRICH_PROCESS_FILES_H

#include <stdbool.h>
#include <stdint.h>

/**
 * @offset  In the file.
 * @inode   0 = no file.
 * @path    As /proc/PID/maps writes it, "" without a name; borrowed from the line.
 */
struct memory_mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	uint64_t inode;
	uint32_t device_major;
	uint32_t device_minor;
	bool is_code;
	char *path;
};

/* One line of /proc/PID/maps, without its newline; cut in place. 0 or -EINVAL. */
int memory_mapping_parse(char *line, struct memory_mapping *ret);

/* A directory, /proc/PID, that stays with this process: reads fail when it is gone. Or -errno. */
int process_open(uint32_t pid);

/**
 * Is it still the program that it was?
 *
 * @start_ns  start_boottime of its first thread.
 * @code      mm->start_code; another one after execve().
 */
bool process_is(int process_fd, uint64_t start_ns, uint64_t code);

/* The pid in its own namespace. 0 or negative errno. */
int process_own_pid(int process_fd, uint64_t *ret);

/**
 * Open the file of a mapping for reading, even when it was deleted or replaced.
 *
 * @return  A descriptor of a regular file; -EACCES for a file system that waits for somebody
 *          else (FUSE, network); another negative errno.
 */
int process_open_mapping(int process_fd, const struct memory_mapping *mapping);

/* The same for a path as the process sees it, without symbolic links in it. */
int process_open_path(int process_fd, const char *path);

#endif
