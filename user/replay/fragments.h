/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IP packets that came in fragments, put together. Bounded: a capture may hold nothing but first
 * fragments. Sources: RFC 791 section 3.2, RFC 8200 section 4.5, RFC 5722 (overlaps).
 */
#ifndef USER_REPLAY_FRAGMENTS_H
#define USER_REPLAY_FRAGMENTS_H

#include <stdbool.h>
#include <stdint.h>

struct fragments;

/* 0 or -ENOMEM. */
int fragments_new(struct fragments **ret);
void fragments_free(struct fragments **fragments);

/* Whether the IP header, `len` bytes captured, is that of a fragment: cheap. */
bool fragments_is_one(const uint8_t *ip, uint32_t len);

/**
 * Take one fragment.
 *
 * @return  true when the packet is complete: *whole has *whole_len bytes, headers included, until
 *          the next call. They are fewer than its length field says where a fragment was cut by the
 *          snap length.
 */
bool fragments_take(struct fragments *fragments, const uint8_t *ip, uint32_t len, uint64_t now_ns,
		    const uint8_t **whole, uint32_t *whole_len);

#endif
