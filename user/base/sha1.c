// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/base/sha1.h"

#include <string.h>

#define ROUNDS 80

static uint32_t rotate(uint32_t x, int bits)
{
	return x << bits | x >> (32 - bits);
}

static void schedule(const uint8_t block[64], uint32_t words[ROUNDS])
{
	for (int i = 0; i < 16; i++)
		words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
			   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < ROUNDS; i++)
		words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
}

static uint32_t mix(int round, uint32_t b, uint32_t c, uint32_t d)
{
	static const uint32_t constants[] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
	int part = round / 20;

	if (part == 0)
		return ((b & c) | (~b & d)) + constants[0];
	if (part == 2)
		return ((b & c) | (b & d) | (c & d)) + constants[2];
	return (b ^ c ^ d) + constants[part];
}

void sha1_short(const void *data, size_t len, uint8_t ret[SHA1_BYTES])
{
	uint32_t hash[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	uint32_t a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4], t;
	uint32_t words[ROUNDS];
	uint8_t block[64] = { 0 };

	memcpy(block, data, len);
	block[len] = 0x80;
	block[62] = (uint8_t)(len * 8 >> 8);
	block[63] = (uint8_t)(len * 8);
	schedule(block, words);
	for (int i = 0; i < ROUNDS; i++) {
		t = rotate(a, 5) + mix(i, b, c, d) + e + words[i];
		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = t;
	}
	hash[0] += a;
	hash[1] += b;
	hash[2] += c;
	hash[3] += d;
	hash[4] += e;
	for (int i = 0; i < SHA1_BYTES; i++)
		ret[i] = (uint8_t)(hash[i / 4] >> (24 - 8 * (i % 4)));
}
