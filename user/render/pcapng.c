// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/render/pcapng.h"

#include <string.h>

#define BLOCK_SECTION 0x0a0d0d0a
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET 6
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define LINKTYPE_RAW 101
#define OPTION_END 0
#define OPTION_COMMENT 1
#define OPTION_PACKET_FLAGS 2
#define OPTION_SECTION_APPLICATION 4
#define OPTION_INTERFACE_RESOLUTION 9
#define OPTION_LEN_MOST 65532 /* padded it must stay below 65536 */
#define DIRECTION_IN 1
#define DIRECTION_OUT 2

static void append16(struct strbuf *b, uint16_t value)
{
	strbuf_append(b, &value, sizeof(value));
}

static void append32(struct strbuf *b, uint32_t value)
{
	strbuf_append(b, &value, sizeof(value));
}

static void append_padded(struct strbuf *b, const void *data, size_t len)
{
	strbuf_append(b, data, len);
	strbuf_append(b, "\0\0\0", -len & 3);
}

static void append_option(struct strbuf *b, uint16_t code, const void *data, size_t len)
{
	append16(b, code);
	append16(b, (uint16_t)len);
	append_padded(b, data, len);
}

/* A block begins with its length, which is known at its end. Returns where it begins. */
static size_t block_begin(struct strbuf *b, uint32_t type)
{
	size_t at = b->len;

	append32(b, type);
	append32(b, 0);
	return at;
}

static void block_end(struct strbuf *b, size_t at)
{
	uint32_t len;

	append16(b, OPTION_END);
	append16(b, 0);
	append32(b, 0);
	if (b->failed)
		return;
	len = (uint32_t)(b->len - at);
	memcpy(b->data + at + 4, &len, sizeof(len));
	memcpy(b->data + b->len - 4, &len, sizeof(len));
}

void pcapng_append_section(struct strbuf *b)
{
	static const char application[] = "closetrace " CLOSETRACE_VERSION;
	size_t at = block_begin(b, BLOCK_SECTION);

	append32(b, BYTE_ORDER_MAGIC);
	append16(b, 1);
	append16(b, 0);
	append32(b, UINT32_MAX); /* the section's length is not known */
	append32(b, UINT32_MAX);
	append_option(b, OPTION_SECTION_APPLICATION, application, sizeof(application) - 1);
	block_end(b, at);
}

void pcapng_append_interface(struct strbuf *b, int link_type, uint32_t snap_len)
{
	const uint8_t nanoseconds = 9;
	size_t at = block_begin(b, BLOCK_INTERFACE);

	append16(b, (uint16_t)link_type);
	append16(b, 0);
	append32(b, snap_len);
	append_option(b, OPTION_INTERFACE_RESOLUTION, &nanoseconds, 1);
	block_end(b, at);
}

void pcapng_append_head(struct strbuf *b, uint32_t snap_len)
{
	pcapng_append_section(b);
	pcapng_append_interface(b, LINKTYPE_RAW, snap_len);
}

/* Not in the middle of a character. */
static size_t cut_utf8(const char *text, size_t len)
{
	if (len <= OPTION_LEN_MOST)
		return len;
	len = OPTION_LEN_MOST;
	while (len && (text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

void pcapng_append_packet(struct strbuf *b, const struct pcapng_packet *packet, const char *comment,
			  size_t comment_len)
{
	uint32_t direction = packet->is_out ? DIRECTION_OUT : DIRECTION_IN;
	size_t at = block_begin(b, BLOCK_PACKET);

	append32(b, packet->interface);
	append32(b, (uint32_t)(packet->wall_ns >> 32));
	append32(b, (uint32_t)packet->wall_ns);
	append32(b, packet->captured);
	append32(b, packet->len);
	append_padded(b, packet->data, packet->captured);
	if (comment_len)
		append_option(b, OPTION_COMMENT, comment, cut_utf8(comment, comment_len));
	if (!packet->has_no_direction)
		append_option(b, OPTION_PACKET_FLAGS, &direction, sizeof(direction));
	block_end(b, at);
}
