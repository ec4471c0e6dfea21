// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/lookahead.h"

#include <string.h>

bool lookahead_add(struct lookahead *lookahead, const struct captured_packet *packet, int link_type)
{
	struct captured_packet *copy = &lookahead->packets[lookahead->count];
	uint8_t *data = lookahead->bytes + lookahead->used;

	if (lookahead->count == LOOKAHEAD_PACKETS ||
	    packet->len > LOOKAHEAD_BYTES - lookahead->used)
		return false;
	if (packet->len)
		memcpy(data, packet->data, packet->len);
	*copy = *packet;
	copy->data = data;
	copy->link_type = link_type;
	lookahead->used += packet->len;
	lookahead->count++;
	return true;
}
