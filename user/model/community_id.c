// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/community_id.h"

#include <string.h>

#include "user/base/sha1.h"

#define PROTOCOL_TCP 6

static void append_base64(struct strbuf *b, const uint8_t *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t bits = (uint32_t)data[i] << 16 |
				(i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0) |
				(i + 2 < len ? data[i + 2] : 0);

		strbuf_append_char(b, digits[bits >> 18]);
		strbuf_append_char(b, digits[bits >> 12 & 63]);
		strbuf_append_char(b, i + 1 < len ? digits[bits >> 6 & 63] : '=');
		strbuf_append_char(b, i + 2 < len ? digits[bits & 63] : '=');
	}
}

/* The smaller endpoint first, by address and then by port, as bytes on the wire. */
static int smaller_endpoint(const struct flow_key *key)
{
	int order = memcmp(key->addr[0], key->addr[1], sizeof(key->addr[0]));

	if (order)
		return order > 0;
	return NET_TO_HOST_16(key->port[0]) > NET_TO_HOST_16(key->port[1]);
}

void community_id_append(struct strbuf *b, const struct flow_key *key)
{
	int first = smaller_endpoint(key);
	/* IPv4 addresses are hashed as four bytes. */
	size_t addr_bytes = flow_addr_is_ipv4(key->addr[0]) ? 4 : 16;
	uint8_t text[2 + 2 * 16 + 2 + 4] = { 0 }, digest[SHA1_BYTES];
	size_t len = 2; /* the seed */

	for (int i = 0; i < 2; i++, len += addr_bytes)
		memcpy(text + len, key->addr[first ^ i] + 16 - addr_bytes, addr_bytes);
	text[len] = PROTOCOL_TCP;
	len += 2;
	for (int i = 0; i < 2; i++, len += 2)
		memcpy(text + len, &key->port[first ^ i], 2);
	sha1_short(text, len, digest);
	strbuf_append(b, "1:", 2);
	append_base64(b, digest, sizeof(digest));
}
