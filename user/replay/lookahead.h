/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The first packets of a capture, kept until what has to be known of it beforehand is known. */
#ifndef USER_REPLAY_LOOKAHEAD_H
#define USER_REPLAY_LOOKAHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/replay/capture_file.h"

#define LOOKAHEAD_PACKETS 2048
#define LOOKAHEAD_BYTES (1024 * 1024)

struct lookahead {
	struct captured_packet packets[LOOKAHEAD_PACKETS]; /* of `bytes` */
	size_t count;
	size_t used;
	uint8_t bytes[LOOKAHEAD_BYTES];
};

/* Keep a copy. False: there is no more room, look now. */
bool lookahead_add(struct lookahead *lookahead, const struct captured_packet *packet,
		   int link_type);

#endif
