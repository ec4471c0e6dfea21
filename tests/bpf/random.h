/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pseudo-random numbers that are the same on every host: the seed is the whole input. */
#ifndef TESTS_BPF_RANDOM_H
#define TESTS_BPF_RANDOM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct random_stream {
	uint64_t state;
};

/* splitmix64, https://prng.di.unimi.it/splitmix64.c */
static inline uint64_t random_u64(struct random_stream *random)
{
	uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 to limit - 1. */
static inline uint32_t random_below(struct random_stream *random, uint32_t limit)
{
	return (uint32_t)((random_u64(random) >> 32) * limit >> 32);
}

/* True once in `n` times. */
static inline int random_one_in(struct random_stream *random, uint32_t n)
{
	return random_below(random, n) == 0;
}

static inline void random_bytes(struct random_stream *random, void *bytes, size_t len)
{
	uint8_t *at = bytes;

	while (len) {
		uint64_t value = random_u64(random);
		size_t part = len < sizeof(value) ? len : sizeof(value);

		memcpy(at, &value, part);
		at += part;
		len -= part;
	}
}

#define RANDOM_PICK(random, array)                                                                 \
	((array)[random_below(random, (uint32_t)(sizeof(array) / sizeof((array)[0])))])

#endif
