/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The descriptor behind a writer: opened without waiting, written in pieces, begun anew when long. */
#ifndef USER_OUTLET_WRITER_FILE_H
#define USER_OUTLET_WRITER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "user/base/strbuf.h"

/**
 * @path           NULL = `fd` belongs to somebody else.
 * @older_path     PATH.1
 * @piece_bytes    How much one write(2) is given: to a pipe what it takes whole or not at all, so
 *                 that after any interruption it is known what is out.
 * @awaits_reader  A FIFO that nobody has opened for reading yet.
 * @bytes          Of this file.
 */
struct writer_file {
	const char *path;
	char *older_path;
	int fd;
	size_t piece_bytes;
	bool awaits_reader;
	uint64_t bytes;
	uint64_t max_bytes;
	unsigned int rotations;
	const struct strbuf *head; /* may be NULL */
	size_t head_written;
};

/**
 * @path       NULL: use `fd`.
 * @max_bytes  0 = never begin another file.
 * @head       Borrowed; NULL = none.
 * @return     0 or a negative errno; *ret is to be released in either case.
 */
int writer_file_open(struct writer_file *ret, const char *path, int fd, uint64_t max_bytes,
		     const struct strbuf *head);
void writer_file_release(struct writer_file *file);

/**
 * Write the head, if this file was begun by writer_file_rotate(), then some of `data`. May block.
 *
 * @return  Bytes of `data` that are out, from 0 up; -EAGAIN when a FIFO still has no reader or the
 *          descriptor would block; -EINTR; another negative errno of write(2) or open(2).
 */
ssize_t writer_file_write(struct writer_file *file, const char *data, size_t len);

/* Between two records: begin another file if this one is long enough. 0 or negative errno. */
int writer_file_rotate(struct writer_file *file);

/* How much of it may still be written before writer_file_rotate() is due; SIZE_MAX = any. */
size_t writer_file_room(const struct writer_file *file);

/* Wait for up to `timeout_ms` until it is worth trying again after -EAGAIN. */
void writer_file_wait(const struct writer_file *file, int timeout_ms);

#endif
