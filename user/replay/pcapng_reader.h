/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads pcapng, block by block. libpcap refuses files whose interfaces differ in link type or snap
 * length (mergecap and Wireshark make such files); here each packet has those of its interface.
 * Source: draft-ietf-opsawg-pcapng, sections 3 and 4.
 */
#ifndef USER_REPLAY_PCAPNG_READER_H
#define USER_REPLAY_PCAPNG_READER_H

#include <stdint.h>
#include <stdio.h>

struct pcapng_reader;

/* The type of the block that every such file begins with; the same in both byte orders. */
#define PCAPNG_MAGIC 0x0a0d0d0au

/**
 * One packet.
 *
 * @time_ns    Since 1970; that of the packet before where the block has none (Simple Packet Block).
 * @data       `len` bytes were captured of `wire_len`; valid until the next call.
 * @link_type  LINKTYPE_ number of its interface.
 */
struct pcapng_record {
	uint64_t time_ns;
	const uint8_t *data;
	uint32_t len;
	uint32_t wire_len;
	int link_type;
};

/* `stream` stands at the file's first byte and stays the caller's. 0 or -ENOMEM. */
int pcapng_reader_new(FILE *stream, struct pcapng_reader **ret);
void pcapng_reader_free(struct pcapng_reader **reader);

/**
 * @return  1 with the next packet; 0 at the end of the file; -EINTR; -EBADMSG when the file ends
 *          inside a block, -EPROTO when a block contradicts itself, -ENOMEM, or -errno of reading:
 *          pcapng_reader_error() has the words.
 */
int pcapng_reader_next(struct pcapng_reader *reader, struct pcapng_record *ret);
const char *pcapng_reader_error(const struct pcapng_reader *reader);

#endif
