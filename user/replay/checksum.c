// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/checksum.h"

#include <string.h>

/* In the byte order of this host: the sum of swapped words is the swapped sum. */
static uint64_t sum_words(const uint8_t *p, uint32_t len)
{
	uint64_t sum = 0, carries = 0;

	for (; len >= 8; p += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, p, sizeof(word));
		sum += word & 0xffffffff;
		carries += word >> 32;
	}
	if (len >= 4) {
		uint32_t word;

		memcpy(&word, p, sizeof(word));
		sum += word;
		p += 4;
		len -= 4;
	}
	if (len) {
		uint32_t word = 0;

		memcpy(&word, p, len);
		sum += word;
	}
	return sum + carries;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

enum checksum_verdict checksum_of_ipv4(const uint8_t *ip)
{
	if (fold(sum_words(ip, (ip[0] & 0xf) * 4u)) == 0xffff)
		return CHECKSUM_RIGHT;
	return ip[10] || ip[11] ? CHECKSUM_WRONG : CHECKSUM_LEFT_OPEN;
}

enum checksum_verdict checksum_of_tcp(const uint8_t *ip, uint8_t ip_version, const uint8_t *tcp,
				      uint32_t len)
{
	uint64_t addresses = ip_version == 4 ? sum_words(ip + 12, 8) : sum_words(ip + 8, 32);
	uint64_t protocol = HOST_TO_NET_16(PACKET_PROTO_TCP);
	uint64_t length = (uint64_t)HOST_TO_NET_16(len >> 16) + HOST_TO_NET_16((uint16_t)len);
	uint16_t stored;

	if (fold(addresses + protocol + length + sum_words(tcp, len)) == 0xffff)
		return CHECKSUM_RIGHT;
	memcpy(&stored, tcp + 16, sizeof(stored));
	if (stored == fold(addresses + protocol + length) || stored == fold(addresses + protocol))
		return CHECKSUM_LEFT_OPEN;
	return CHECKSUM_WRONG;
}
