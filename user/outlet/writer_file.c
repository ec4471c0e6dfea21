// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/outlet/writer_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/output_file.h"

#define FILE_PIECE_BYTES (1u << 20)
#define OPEN_FLAGS (O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)

/*
 * A FIFO without reader cannot be opened for writing without waiting. With a reader of our own for
 * a moment it can; the rights are those of the start.
 */
static int fifo_open(const char *path)
{
	_cleanup_close_ int both = open(path, O_RDWR | OPEN_FLAGS);
	struct stat status;
	int fd;

	if (both < 0 || fstat(both, &status))
		return -errno;
	if (!S_ISFIFO(status.st_mode))
		return -EINVAL;
	fd = open(path, O_WRONLY | OPEN_FLAGS);
	return fd < 0 ? -errno : fd;
}

/* A FIFO of ours, or a device such as /dev/null. */
static int special_open(const char *path, bool *ret_awaits_reader)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | OPEN_FLAGS);
	struct stat status;

	*ret_awaits_reader = fd < 0 && errno == ENXIO;
	if (*ret_awaits_reader)
		fd = fifo_open(path);
	else if (fd < 0)
		return -errno;
	if (fd < 0)
		return TAKE_FD(fd);
	if (fstat(fd, &status))
		return -errno;
	if (S_ISFIFO(status.st_mode) && status.st_uid != geteuid())
		return -EPERM;
	if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode))
		return -EINVAL;
	/* The open file is ours alone: nobody else sees this change. */
	if (fcntl(fd, F_SETFL, 0))
		return -errno;
	return TAKE_FD(fd);
}

static int path_open(struct writer_file *file)
{
	int fd = output_file_open(file->path, OUTPUT_FILE_EMPTY);

	if (fd == -EINVAL)
		fd = special_open(file->path, &file->awaits_reader);
	if (fd < 0)
		return fd;
	file->fd = fd;
	file->bytes = file->head_written = 0;
	return 0;
}

int writer_file_open(struct writer_file *ret, const char *path, int fd, uint64_t max_bytes,
		     const struct strbuf *head)
{
	struct stat status;
	int err;

	*ret = (struct writer_file){ .path = path, .fd = path ? -1 : fd, .head = head };
	if (path && asprintf(&ret->older_path, "%s.1", path) < 0) {
		ret->older_path = NULL;
		return -ENOMEM;
	}
	if (path) {
		err = path_open(ret);
		if (err)
			return err;
	}
	/* The first one is the caller's: it comes with the first text. */
	ret->head_written = head ? head->len : 0;
	ret->piece_bytes = PIPE_BUF;
	if (fstat(ret->fd, &status))
		return -errno;
	if (S_ISREG(status.st_mode) || (S_ISCHR(status.st_mode) && !isatty(ret->fd)))
		ret->piece_bytes = FILE_PIECE_BYTES;
	if (S_ISREG(status.st_mode) && path)
		ret->max_bytes = max_bytes;
	return 0;
}

void writer_file_release(struct writer_file *file)
{
	if (file->path && file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	free(file->older_path);
	file->older_path = NULL;
}

static bool has_reader(const struct writer_file *file, int timeout_ms)
{
	struct pollfd ready = { .fd = file->fd, .events = POLLOUT };

	return poll(&ready, 1, timeout_ms) < 0 || !(ready.revents & POLLERR);
}

static ssize_t write_some(struct writer_file *file, const char *data, size_t len)
{
	ssize_t n = write(file->fd, data, len < file->piece_bytes ? len : file->piece_bytes);

	if (n < 0)
		return -errno;
	if (n == 0 && len)
		return -EIO;
	file->bytes += (size_t)n;
	return n;
}

ssize_t writer_file_write(struct writer_file *file, const char *data, size_t len)
{
	if (file->awaits_reader && !has_reader(file, 0))
		return -EAGAIN;
	file->awaits_reader = false;
	while (file->head && file->head_written < file->head->len) {
		ssize_t n = write_some(file, file->head->data + file->head_written,
				       file->head->len - file->head_written);

		if (n < 0)
			return n;
		file->head_written += (size_t)n;
	}
	return write_some(file, data, len);
}

int writer_file_rotate(struct writer_file *file)
{
	if (!file->max_bytes || file->bytes < file->max_bytes)
		return 0;
	close(file->fd);
	file->fd = -1;
	if (rename(file->path, file->older_path))
		return -errno;
	file->rotations++;
	return path_open(file);
}

size_t writer_file_room(const struct writer_file *file)
{
	if (!file->max_bytes)
		return SIZE_MAX;
	return file->bytes < file->max_bytes ? file->max_bytes - file->bytes : 0;
}

void writer_file_wait(const struct writer_file *file, int timeout_ms)
{
	struct pollfd ready = { .fd = file->fd, .events = POLLOUT };
	int n;

	/* Without a reader poll(2) returns at once, and says so. */
	n = poll(&ready, 1, timeout_ms);
	if (n > 0 && ready.revents & POLLERR)
		poll(NULL, 0, timeout_ms);
}
