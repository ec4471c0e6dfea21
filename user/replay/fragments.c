// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/fragments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "include/packet_view.h"

#define SLOTS 64
#define TIMEOUT_NS UINT64_C(30000000000) /* net.ipv4.ipfrag_time */
#define HEADER_MOST 60
#define PAYLOAD_MOST 65535
#define UNITS ((PAYLOAD_MOST + 8) / 8) /* offsets count 8 bytes */
#define IPV4_MORE 0x2000
#define IPV4_OFFSET 0x1fff

/* What one fragment says. `id` and the addresses name its packet. */
struct fragment {
	uint8_t name[40];
	uint32_t header_bytes;
	uint32_t offset; /* of its payload in that of the packet */
	uint32_t bytes; /* by the IP length */
	uint32_t captured;
	uint32_t data_at; /* from the IP header */
	uint8_t protocol;
	bool more;
};

struct datagram {
	bool is_used;
	uint8_t name[40];
	uint64_t first_ns;
	uint32_t header_bytes; /* 0 = the first fragment has not come */
	uint32_t total; /* payload; 0 = the last fragment has not come */
	uint32_t have;
	uint32_t cut_at; /* behind it nothing was captured */
	uint8_t units[UNITS / 8 + 1]; /* which parts are there */
	uint8_t data[HEADER_MOST + PAYLOAD_MOST];
};

struct fragments {
	struct datagram *slots[SLOTS];
};

int fragments_new(struct fragments **ret)
{
	struct fragments *fragments = calloc(1, sizeof(*fragments));

	if (!fragments)
		return -ENOMEM;
	*ret = fragments;
	return 0;
}

void fragments_free(struct fragments **fragments)
{
	if (!*fragments)
		return;
	for (int i = 0; i < SLOTS; i++)
		free((*fragments)->slots[i]);
	free(*fragments);
	*fragments = NULL;
}

bool fragments_is_one(const uint8_t *ip, uint32_t len)
{
	if (len < 20)
		return false;
	if (ip[0] >> 4 == 4)
		return packet_u16(ip + 6) & (IPV4_MORE | IPV4_OFFSET);
	return ip[0] >> 4 == 6 && ip[6] == PACKET_PROTO_FRAGMENT && len >= 48;
}

static bool fragment_read_ipv4(const uint8_t *ip, uint32_t len, struct fragment *ret)
{
	uint32_t total = packet_u16(ip + 2);

	ret->header_bytes = ret->data_at = (ip[0] & 0xf) * 4u;
	if (ret->header_bytes < 20 || total <= ret->header_bytes || len < ret->header_bytes)
		return false;
	ret->offset = (packet_u16(ip + 6) & IPV4_OFFSET) * 8u;
	ret->more = packet_u16(ip + 6) & IPV4_MORE;
	ret->bytes = total - ret->header_bytes;
	ret->protocol = ip[9];
	memcpy(ret->name, ip + 12, 8);
	memcpy(ret->name + 8, ip + 4, 2);
	ret->name[10] = ip[9];
	ret->name[11] = 4;
	return true;
}

/* With the fragment header straight behind the fixed one: as senders make it. */
static bool fragment_read_ipv6(const uint8_t *ip, struct fragment *ret)
{
	uint32_t payload = packet_u16(ip + 4);

	ret->header_bytes = 40;
	ret->data_at = 48;
	if (payload <= 8)
		return false;
	ret->offset = packet_u16(ip + 42) & 0xfff8;
	ret->more = ip[43] & 1;
	ret->bytes = payload - 8;
	ret->protocol = ip[40];
	memcpy(ret->name, ip + 8, 32);
	memcpy(ret->name + 32, ip + 44, 4);
	ret->name[36] = 6;
	return true;
}

static bool fragment_read(const uint8_t *ip, uint32_t len, struct fragment *ret)
{
	bool is_sound;

	memset(ret, 0, sizeof(*ret));
	is_sound = ip[0] >> 4 == 4 ? fragment_read_ipv4(ip, len, ret) : fragment_read_ipv6(ip, ret);
	if (!is_sound || ret->offset + ret->bytes > PAYLOAD_MOST)
		return false;
	/* All but the last are whole units. */
	if (ret->more && ret->bytes % 8)
		return false;
	ret->captured = len > ret->data_at ? len - ret->data_at : 0;
	if (ret->captured > ret->bytes)
		ret->captured = ret->bytes;
	return true;
}

static struct datagram *datagram_start(struct datagram **slot, const struct fragment *fragment,
				       uint64_t now_ns)
{
	if (!*slot)
		*slot = malloc(sizeof(**slot));
	if (!*slot)
		return NULL;
	(*slot)->is_used = true;
	(*slot)->first_ns = now_ns;
	(*slot)->header_bytes = (*slot)->total = (*slot)->have = 0;
	(*slot)->cut_at = PAYLOAD_MOST;
	memcpy((*slot)->name, fragment->name, sizeof((*slot)->name));
	memset((*slot)->units, 0, sizeof((*slot)->units));
	return *slot;
}

/* Its packet; else a free slot, else that of the oldest one. */
static struct datagram *datagram_of(struct fragments *fragments, const struct fragment *fragment,
				    uint64_t now_ns)
{
	struct datagram **best = &fragments->slots[0];

	for (int i = 0; i < SLOTS; i++) {
		struct datagram **slot = &fragments->slots[i];

		if (*slot && (*slot)->is_used && (*slot)->first_ns + TIMEOUT_NS < now_ns)
			(*slot)->is_used = false;
		if (*slot && (*slot)->is_used &&
		    !memcmp((*slot)->name, fragment->name, sizeof((*slot)->name)))
			return *slot;
		if (!*best || !(*best)->is_used)
			continue;
		if (!*slot || !(*slot)->is_used || (*slot)->first_ns < (*best)->first_ns)
			best = slot;
	}
	return datagram_start(best, fragment, now_ns);
}

/* Mark the fragment's units. 1 = new, 0 = a repetition, -1 = it overlaps others. */
static int datagram_mark(struct datagram *datagram, const struct fragment *fragment)
{
	uint32_t first = fragment->offset / 8, end = (fragment->offset + fragment->bytes + 7) / 8;
	uint32_t there = 0;

	for (uint32_t unit = first; unit < end; unit++)
		there += datagram->units[unit / 8] >> unit % 8 & 1;
	if (there)
		return there == end - first ? 0 : -1;
	for (uint32_t unit = first; unit < end; unit++)
		datagram->units[unit / 8] |= (uint8_t)(1 << unit % 8);
	return 1;
}

/* The header of the first fragment, as it would be without fragments. */
static void datagram_finish(struct datagram *datagram)
{
	uint8_t *ip = datagram->data + HEADER_MOST - datagram->header_bytes;
	uint32_t bytes = datagram->total;

	if (ip[0] >> 4 == 4) {
		bytes += datagram->header_bytes;
		ip[6] = ip[7] = 0;
		ip[10] = ip[11] = 0; /* the sum of it is nobody's any more */
		ip[2] = (uint8_t)(bytes >> 8);
		ip[3] = (uint8_t)bytes;
	} else {
		ip[4] = (uint8_t)(bytes >> 8);
		ip[5] = (uint8_t)bytes;
	}
	datagram->is_used = false;
}

bool fragments_take(struct fragments *fragments, const uint8_t *ip, uint32_t len, uint64_t now_ns,
		    const uint8_t **whole, uint32_t *whole_len)
{
	struct datagram *datagram;
	struct fragment fragment;
	uint32_t captured;
	int is_new;

	if (!fragment_read(ip, len, &fragment))
		return false;
	datagram = datagram_of(fragments, &fragment, now_ns);
	if (!datagram)
		return false;
	is_new = datagram_mark(datagram, &fragment);
	if (is_new < 0 || (datagram->total && fragment.offset + fragment.bytes > datagram->total))
		datagram->is_used = false;
	if (is_new <= 0 || !datagram->is_used)
		return false;
	memcpy(datagram->data + HEADER_MOST + fragment.offset, ip + fragment.data_at,
	       fragment.captured);
	datagram->have += fragment.bytes;
	if (fragment.captured < fragment.bytes &&
	    fragment.offset + fragment.captured < datagram->cut_at)
		datagram->cut_at = fragment.offset + fragment.captured;
	if (!fragment.more)
		datagram->total = fragment.offset + fragment.bytes;
	if (!fragment.offset) {
		datagram->header_bytes = fragment.header_bytes;
		memcpy(datagram->data + HEADER_MOST - fragment.header_bytes, ip,
		       fragment.header_bytes);
		if (ip[0] >> 4 == 6)
			datagram->data[HEADER_MOST - 40 + 6] = fragment.protocol;
	}
	if (!datagram->total || !datagram->header_bytes || datagram->have < datagram->total)
		return false;
	captured = datagram->cut_at < datagram->total ? datagram->cut_at : datagram->total;
	*whole = datagram->data + HEADER_MOST - datagram->header_bytes;
	*whole_len = datagram->header_bytes + captured;
	datagram_finish(datagram);
	return true;
}
