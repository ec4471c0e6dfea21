// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/say_follows.h"

#include "user/model/duration_text.h"
#include "user/model/say.h"

static const char *what_befell(uint8_t verdict)
{
	switch (verdict) {
	case CLOSE_PEER_REFUSED:
		return " was refused ";
	case CLOSE_TIMEOUT_HANDSHAKE:
	case CLOSE_TIMEOUT_DATA:
	case CLOSE_TIMEOUT_KEEPALIVE:
	case CLOSE_FIN_UNACKED_TIMEOUT:
		return " timed out ";
	case CLOSE_PATH_ICMP:
		return " was ended by an ICMP error ";
	case CLOSE_PEER_RESET:
	case CLOSE_PATH_RESET:
	case CLOSE_PEER_RESET_HANDSHAKE:
		return " was reset ";
	default:
		return " failed ";
	}
}

void say_follows(struct strbuf *b, const struct closed_connection *c)
{
	const struct close_record *before = c->follows;
	bool is_client;
	int peer;

	if (!before)
		return;
	peer = !before->local_side;
	is_client = (before->evidence.seen & EVIDENCE(CLIENT)) != 0;
	say(b, is_client ? "; probably because its connection to " :
			   "; probably because the connection of ");
	endpoint_append(b, before->key.addr[peer], NET_TO_HOST_16(before->key.port[peer]));
	say(b, what_befell(before->decision.verdict));
	duration_append(b, c->follows_gap_us, " ");
	say(b, " before");
}
