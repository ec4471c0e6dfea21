/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A descriptor as a stream; what gzip or zstd has packed is unpacked on the way. */
#ifndef USER_REPLAY_PACKED_STREAM_H
#define USER_REPLAY_PACKED_STREAM_H

#include <stdio.h>

/**
 * @fd      Owned by the stream after success.
 * @return  0 with *ret for fclose(); -ENOMEM or the error of the first read, as negative errno.
 *          Errors of the packing come later, as read errors of the stream with EBADMSG. EINTR is an error,
 *          too: a signal ends the waiting for a pipe.
 */
int packed_stream_open(int fd, FILE **ret);

#endif
