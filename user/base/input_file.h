/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Files that the user named, for reading. Who gives up its privilege opens them before, without
 * reading a byte, so that root can still have its own files read.
 */
#ifndef USER_BASE_INPUT_FILE_H
#define USER_BASE_INPUT_FILE_H

#include <stddef.h>

/**
 * Open files early. Failures are kept for input_file_open() of that path. Waits for nothing, not for
 * the writer of a FIFO either. "-" and NULL are passed over.
 *
 * @paths  Must outlive the last input_file_open().
 * @return 0 or -ENOMEM.
 */
int input_files_open(const char *const *paths, size_t count);

/**
 * Open a file, or take what was opened early: once, the next call opens it anew. A FIFO is waited
 * for until somebody writes.
 *
 * @return  A descriptor that the caller owns; -EINTR; another negative errno of open(2).
 */
int input_file_open(const char *path);

#endif
