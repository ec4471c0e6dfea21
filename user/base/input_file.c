// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* @result  A descriptor or negative errno. */
struct early_file {
	const char *path; /* NULL: was taken */
	int result;
};

static struct early_file *early_files;
static size_t early_count;

int input_files_open(const char *const *paths, size_t count)
{
	struct early_file *files = realloc(early_files, (early_count + count) * sizeof(*files));
	int fd;

	if (!files && count)
		return -ENOMEM;
	early_files = files;
	for (size_t i = 0; i < count; i++) {
		if (!paths[i] || !strcmp(paths[i], "-"))
			continue;
		fd = open(paths[i], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		early_files[early_count++] = (struct early_file){ paths[i], fd < 0 ? -errno : fd };
	}
	return 0;
}

/* Opened without waiting; from now on reading waits. */
static int early_file_take(struct early_file *file)
{
	struct pollfd first = { .fd = file->result, .events = POLLIN };
	struct stat status;
	int fd = file->result, err = 0;

	file->path = NULL;
	if (fd < 0)
		return fd;
	if (fcntl(fd, F_SETFL, 0) || fstat(fd, &status))
		err = -errno;
	else if (S_ISFIFO(status.st_mode) && poll(&first, 1, -1) < 0)
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int input_file_open(const char *path)
{
	int fd;

	for (size_t i = 0; i < early_count; i++)
		if (early_files[i].path && !strcmp(early_files[i].path, path))
			return early_file_take(&early_files[i]);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}
