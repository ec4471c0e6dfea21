/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files that are written: made so that nobody else can read them, or have another file written. */
#ifndef USER_BASE_OUTPUT_FILE_H
#define USER_BASE_OUTPUT_FILE_H

enum output_file_mode { OUTPUT_FILE_EMPTY, OUTPUT_FILE_APPEND };

/**
 * Open a file for writing; a new one has mode 0640. A symbolic link, a file with a second name, one
 * of another user and what is no plain file are refused, untouched.
 *
 * @return  A descriptor; -ELOOP for a link; -EPERM for a file that is not ours alone; -EINVAL for what
 *          is no plain file; another negative errno of open(2).
 */
int output_file_open(const char *path, enum output_file_mode mode);

/* The sentence about such an error, after the name of the file. */
const char *output_file_reason(int err);

#endif
