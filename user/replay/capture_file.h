/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One capture file, read packet by packet: pcap by libpcap, pcapng by a reader of our own; plain or
 * packed with gzip or zstd.
 */
#ifndef USER_REPLAY_CAPTURE_FILE_H
#define USER_REPLAY_CAPTURE_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct capture_file;

/**
 * @time_ns    Since 1970.
 * @frame      Its number in its file, from 1: what Wireshark and tshark call frame.number.
 * @data       `len` bytes were captured of `wire_len`; valid until the file's next packet.
 * @link_type  DLT_ number of its frame.
 * @file       Index of its file in a set.
 */
struct captured_packet {
	uint64_t time_ns;
	uint64_t frame;
	const uint8_t *data;
	uint32_t len;
	uint32_t wire_len;
	int link_type;
	uint32_t file;
};

/**
 * @path    "-" is stdin.
 * @return  0; a negative errno after one sentence that names the file. -EINTR without one: a
 *          signal came, here and below.
 */
int capture_file_open(const char *path, struct capture_file **ret);
void capture_file_free(struct capture_file **file);

/**
 * Packets of interfaces whose link type is not understood are left out, and said at the end.
 *
 * @return  1 with the next packet, 0 at the end; a negative errno after a sentence: what came
 *          before counts.
 */
int capture_file_next(struct capture_file *file, struct captured_packet *ret);

/* How far it has been read: bytes of the file as it lies there; *size is 0 when it is not known. */
void capture_file_progress(const struct capture_file *file, uint64_t *done, uint64_t *size);

#endif
