/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One capture file, read packet by packet: pcap and pcapng, plain or packed with gzip or zstd. */
#ifndef USER_REPLAY_CAPTURE_FILE_H
#define USER_REPLAY_CAPTURE_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct capture_file;

/**
 * @time_ns  Since 1970.
 * @data     `len` bytes were captured of `wire_len`; valid until the file's next packet.
 */
struct captured_packet {
	uint64_t time_ns;
	const uint8_t *data;
	uint32_t len;
	uint32_t wire_len;
};

/**
 * @path    "-" is stdin.
 * @return  0; a negative errno after one sentence that names the file. -EINTR without one: a
 *          signal came, here and below.
 */
int capture_file_open(const char *path, struct capture_file **ret);
void capture_file_free(struct capture_file **file);

/* 1 with the next packet, 0 at the end; a negative errno after a sentence: what came before counts. */
int capture_file_next(struct capture_file *file, struct captured_packet *ret);

/* The DLT_ number of its frames. */
int capture_file_link_type(const struct capture_file *file);
const char *capture_file_path(const struct capture_file *file);

/* How far it has been read: bytes of the file as it lies there; *size is 0 when it is not known. */
void capture_file_progress(const struct capture_file *file, uint64_t *done, uint64_t *size);

#endif
