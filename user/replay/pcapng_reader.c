// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/pcapng_reader.h"

#include <byteswap.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET_OBSOLETE 2u
#define BLOCK_PACKET_SIMPLE 3u
#define BLOCK_PACKET 6u
#define OPTION_END 0
#define OPTION_TIME_RESOLUTION 9
#define OPTION_TIME_OFFSET 14
#define RESOLUTION_DEFAULT 6 /* microseconds */
#define RESOLUTION_IS_BINARY 0x80

#define BLOCK_HEAD_BYTES 8u
#define BLOCK_LEAST_BYTES 12u
/* As libpcap: more than the largest packet (256 KB, 128 MB for USB) with its options. */
#define BLOCK_MOST_BYTES (16u * 1024 * 1024)
#define INTERFACES_MOST 65536u
#define ERROR_BYTES 160

struct interface {
	uint16_t link_type;
	uint8_t resolution; /* as the option has it */
	uint32_t snap_len;
	uint64_t ns_per_tick; /* 0: it takes more than a multiplication */
	int64_t offset_seconds;
};

struct pcapng_reader {
	FILE *stream;
	uint8_t *block; /* the body of the block that was read last, and its trailer */
	size_t block_room;
	struct interface *interfaces; /* of this section */
	uint32_t interface_count;
	uint32_t interface_room;
	uint64_t time_ns; /* of the last packet */
	bool is_swapped;
	bool is_inside; /* a section has begun */
	char error[ERROR_BYTES];
};

/* A block's body as it is read: every get is within it, or the block is damaged. */
struct body {
	const uint8_t *at;
	uint32_t left;
};

__attribute__((format(printf, 3, 4))) static int fail(struct pcapng_reader *reader, int err,
						      const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(reader->error, sizeof(reader->error), fmt, args);
	va_end(args);
	return err;
}

static uint16_t get16(const struct pcapng_reader *reader, const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return reader->is_swapped ? bswap_16(value) : value;
}

static uint32_t get32(const struct pcapng_reader *reader, const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return reader->is_swapped ? bswap_32(value) : value;
}

/* Exactly `len` bytes: 1; 0 when the stream is at its end before the first one. */
static int read_bytes(struct pcapng_reader *reader, void *buffer, size_t len)
{
	size_t n;

	errno = 0;
	n = fread_unlocked(buffer, 1, len, reader->stream);
	if (n == len)
		return 1;
	if (ferror_unlocked(reader->stream)) {
		int err = errno ?: EIO;

		if (err == EINTR)
			return -EINTR;
		if (err == EBADMSG)
			return fail(reader, -EBADMSG, "the packing is damaged, or cut off");
		return fail(reader, -err, "%s", strerror(err));
	}
	if (!n)
		return 0;
	return fail(reader, -EBADMSG, "the file ends inside a block");
}

/* The same where the file may not end. */
static int read_rest(struct pcapng_reader *reader, void *buffer, size_t len)
{
	int got = len ? read_bytes(reader, buffer, len) : 1;

	return got ? got : fail(reader, -EBADMSG, "the file ends inside a block");
}

static int block_room(struct pcapng_reader *reader, size_t len)
{
	size_t room = reader->block_room ? reader->block_room : 4096;
	uint8_t *block;

	if (len <= reader->block_room)
		return 0;
	while (room < len)
		room *= 2;
	block = realloc(reader->block, room);
	if (!block)
		return fail(reader, -ENOMEM, "not enough memory");
	reader->block = block;
	reader->block_room = room;
	return 0;
}

/* What is not understood needs no room. */
static int skip_block(struct pcapng_reader *reader, uint32_t len)
{
	int err = block_room(reader, 4096);

	while (err >= 0 && len) {
		uint32_t piece = len < 4096 ? len : 4096;

		err = read_rest(reader, reader->block, piece);
		len -= piece;
	}
	return err < 0 ? err : 0;
}

static int check_length(struct pcapng_reader *reader, uint32_t type, uint32_t len)
{
	if (len >= BLOCK_LEAST_BYTES && len % 4 == 0)
		return 0;
	return fail(reader, -EPROTO, "a block of type 0x%x says that it has %u bytes", type, len);
}

/* The body of a block of `len` bytes in all, whose first `had` have been read. */
static int read_body(struct pcapng_reader *reader, uint32_t type, uint32_t len, uint32_t had,
		     struct body *ret)
{
	uint32_t rest = len - had;
	int err;

	if (len > BLOCK_MOST_BYTES)
		return fail(reader, -EPROTO, "a block of type 0x%x says that it has %u bytes", type,
			    len);
	err = block_room(reader, rest);
	if (!err)
		err = read_rest(reader, reader->block, rest);
	if (err < 0)
		return err;
	if (get32(reader, reader->block + rest - 4) != len)
		return fail(reader, -EPROTO,
			    "a block of type 0x%x has one length before it and another behind it",
			    type);
	*ret = (struct body){ reader->block, rest - 4 };
	return 0;
}

/* -- sections and interfaces ------------------------------------------------------------------- */
/* Its magic number tells in what byte order its own length is, and everything behind it. */
static int take_section(struct pcapng_reader *reader, uint32_t raw_len)
{
	struct body body;
	uint32_t magic, len;
	int err = read_rest(reader, &magic, sizeof(magic));

	if (err < 0)
		return err;
	if (magic != BYTE_ORDER_MAGIC && magic != bswap_32(BYTE_ORDER_MAGIC))
		return fail(reader, -EPROTO, "the byte-order magic is 0x%x", magic);
	reader->is_swapped = magic != BYTE_ORDER_MAGIC;
	len = reader->is_swapped ? bswap_32(raw_len) : raw_len;
	if (len < 28)
		return fail(reader, -EPROTO, "a section header says that it has %u bytes", len);
	err = check_length(reader, PCAPNG_MAGIC, len);
	if (!err)
		err = read_body(reader, PCAPNG_MAGIC, len, BLOCK_HEAD_BYTES + 4, &body);
	if (err)
		return err;
	if (get16(reader, body.at) != 1)
		return fail(reader, -EPROTO, "it is of version %u.%u, and 1 is what is known",
			    get16(reader, body.at), get16(reader, body.at + 2));
	reader->interface_count = 0;
	reader->is_inside = true;
	return 0;
}

static void take_interface_option(const struct pcapng_reader *reader, struct interface *interface,
				  uint16_t code, const uint8_t *value, uint32_t len)
{
	if (code == OPTION_TIME_RESOLUTION && len >= 1)
		interface->resolution = value[0];
	if (code == OPTION_TIME_OFFSET && len >= 8) {
		uint64_t offset;

		memcpy(&offset, value, sizeof(offset));
		interface->offset_seconds =
			(int64_t)(reader->is_swapped ? bswap_64(offset) : offset);
	}
}

static void take_interface_options(const struct pcapng_reader *reader, struct interface *interface,
				   struct body body)
{
	while (body.left >= 4) {
		uint16_t code = get16(reader, body.at), len = get16(reader, body.at + 2);
		uint32_t padded = (len + 3u) & ~3u;

		body.at += 4;
		body.left -= 4;
		if (code == OPTION_END || padded > body.left)
			return;
		take_interface_option(reader, interface, code, body.at, len);
		body.at += padded;
		body.left -= padded;
	}
}

static struct interface *interface_add(struct pcapng_reader *reader)
{
	uint32_t room = reader->interface_room ? 2 * reader->interface_room : 8;
	struct interface *interfaces;

	if (reader->interface_count == reader->interface_room) {
		interfaces = realloc(reader->interfaces, room * sizeof(*interfaces));
		if (!interfaces)
			return NULL;
		reader->interfaces = interfaces;
		reader->interface_room = room;
	}
	return &reader->interfaces[reader->interface_count++];
}

static int take_interface(struct pcapng_reader *reader, struct body body)
{
	struct interface *interface;

	if (body.left < 8)
		return fail(reader, -EPROTO, "the description of an interface is too short");
	if (reader->interface_count >= INTERFACES_MOST)
		return fail(reader, -EPROTO, "a section has more than %u interfaces",
			    INTERFACES_MOST);
	interface = interface_add(reader);
	if (!interface)
		return fail(reader, -ENOMEM, "not enough memory");
	*interface = (struct interface){ .link_type = get16(reader, body.at),
					 .snap_len = get32(reader, body.at + 4),
					 .resolution = RESOLUTION_DEFAULT };
	body.at += 8;
	body.left -= 8;
	take_interface_options(reader, interface, body);
	if (!(interface->resolution & RESOLUTION_IS_BINARY) && interface->resolution <= 9) {
		interface->ns_per_tick = 1;
		for (uint8_t i = interface->resolution; i < 9; i++)
			interface->ns_per_tick *= 10;
	}
	return 0;
}

/* -- packets ----------------------------------------------------------------------------------- */
static uint64_t saturated(unsigned __int128 ns)
{
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

/* Ticks of 10^-n or 2^-n seconds. */
static uint64_t ticks_to_ns(const struct interface *interface, uint64_t ticks)
{
	unsigned int power = interface->resolution & ~RESOLUTION_IS_BINARY;

	if (interface->ns_per_tick)
		return saturated((unsigned __int128)ticks * interface->ns_per_tick);
	if (interface->resolution & RESOLUTION_IS_BINARY)
		return saturated((unsigned __int128)ticks * CLOCK_NS_PER_SECOND >> power);
	for (; power > 9 && ticks; power--)
		ticks /= 10;
	return ticks;
}

static uint64_t time_of(const struct interface *interface, uint32_t high, uint32_t low)
{
	uint64_t ns = ticks_to_ns(interface, (uint64_t)high << 32 | low);
	__int128 at = (__int128)ns + (__int128)interface->offset_seconds * CLOCK_NS_PER_SECOND;

	return at < 0 ? 0 : saturated((unsigned __int128)at);
}

/* What the heads of all kinds of packets have in common. */
struct packet_head {
	uint32_t interface;
	uint32_t captured, wire_len;
	uint32_t bytes; /* of the head */
	bool has_time;
	uint32_t high, low;
};

static struct packet_head head_of(const struct pcapng_reader *reader, uint32_t type,
				  const uint8_t *at)
{
	struct packet_head head = { .has_time = true, .bytes = 20 };

	if (type == BLOCK_PACKET_SIMPLE)
		return (struct packet_head){ .wire_len = get32(reader, at),
					     .captured = UINT32_MAX,
					     .bytes = 4 };
	/* The obsolete one has two numbers where the enhanced one has one. */
	head.interface = type == BLOCK_PACKET ? get32(reader, at) : get16(reader, at);
	head.high = get32(reader, at + 4);
	head.low = get32(reader, at + 8);
	head.captured = get32(reader, at + 12);
	head.wire_len = get32(reader, at + 16);
	return head;
}

static int take_packet(struct pcapng_reader *reader, uint32_t type, struct body body,
		       struct pcapng_record *ret)
{
	const struct interface *interface;
	struct packet_head head;

	if (body.left < (type == BLOCK_PACKET_SIMPLE ? 4u : 20u))
		return fail(reader, -EPROTO, "a packet's block is too short for its head");
	head = head_of(reader, type, body.at);
	if (head.interface >= reader->interface_count)
		return fail(reader, -EPROTO, "a packet is of interface %u, and the section has %u",
			    head.interface, reader->interface_count);
	interface = &reader->interfaces[head.interface];
	body.at += head.bytes;
	body.left -= head.bytes;
	if (head.captured == UINT32_MAX && !head.has_time) {
		/* It says how much was sent; what is there follows from the snap length. */
		head.captured = head.wire_len;
		if (interface->snap_len && head.captured > interface->snap_len)
			head.captured = interface->snap_len;
		if (head.captured > body.left)
			head.captured = body.left;
	}
	if (head.captured > body.left)
		return fail(reader, -EPROTO, "a packet of %u bytes is in a block of %u",
			    head.captured, body.left);
	if (head.has_time)
		reader->time_ns = time_of(interface, head.high, head.low);
	*ret = (struct pcapng_record){ .time_ns = reader->time_ns,
				       .data = body.at,
				       .len = head.captured,
				       .wire_len = head.wire_len,
				       .link_type = interface->link_type };
	return 1;
}

/* 1 with a packet, 0 for any other block; negative. */
static int take_block(struct pcapng_reader *reader, uint32_t type, uint32_t raw_len,
		      struct pcapng_record *ret)
{
	uint32_t len = reader->is_swapped ? bswap_32(raw_len) : raw_len;
	bool is_packet, is_interface;
	struct body body;
	int err;

	type = reader->is_swapped ? bswap_32(type) : type;
	is_packet = type == BLOCK_PACKET || type == BLOCK_PACKET_SIMPLE ||
		    type == BLOCK_PACKET_OBSOLETE;
	is_interface = type == BLOCK_INTERFACE;
	err = check_length(reader, type, len);
	if (err)
		return err;
	if (!is_packet && !is_interface)
		return skip_block(reader, len - BLOCK_HEAD_BYTES);
	err = read_body(reader, type, len, BLOCK_HEAD_BYTES, &body);
	if (err)
		return err;
	return is_packet ? take_packet(reader, type, body, ret) : take_interface(reader, body);
}

int pcapng_reader_next(struct pcapng_reader *reader, struct pcapng_record *ret)
{
	uint32_t head[2]; /* type, length */
	int got;

	for (;;) {
		got = read_bytes(reader, head, sizeof(head));
		if (got <= 0)
			return got;
		if (head[0] == PCAPNG_MAGIC)
			got = take_section(reader, head[1]);
		else if (reader->is_inside)
			got = take_block(reader, head[0], head[1], ret);
		else
			got = fail(reader, -EPROTO, "it does not begin with a section");
		if (got)
			return got;
	}
}

const char *pcapng_reader_error(const struct pcapng_reader *reader)
{
	return reader->error;
}

int pcapng_reader_new(FILE *stream, struct pcapng_reader **ret)
{
	struct pcapng_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->stream = stream;
	*ret = reader;
	return 0;
}

void pcapng_reader_free(struct pcapng_reader **reader)
{
	if (!*reader)
		return;
	free((*reader)->interfaces);
	free((*reader)->block);
	free(*reader);
	*reader = NULL;
}
