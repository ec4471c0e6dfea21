/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which data of a connection Zeek would have reassembled: for its letter g and its idea of done. */
#ifndef USER_REPLAY_ZEEK_DATA_H
#define USER_REPLAY_ZEEK_DATA_H

#include "user/replay/zeek_conn.h"

/* Where `seq` lies in the 64-bit numbering of an end. */
uint64_t zeek_rel_seq(const struct zeek_endpoint *end, uint32_t seq, uint32_t wraps);

/* Payload from rel_ `seq` on was captured. `conn` is unchanged but for the end's data. */
void zeek_data_sent(struct zeek_conn *conn, struct zeek_endpoint *end, uint64_t seq, uint32_t len);

/* The peer has acknowledged up to rel_ `seq`: what is missing there will not come. */
void zeek_data_acked(struct zeek_conn *conn, struct zeek_endpoint *end, uint64_t seq);

/* Data of `end`, or of its peer, are still awaited. */
bool zeek_data_is_pending(const struct zeek_conn *conn, const struct zeek_endpoint *end);

void zeek_data_release(struct zeek_endpoint *end);

/* Append a history letter of `end`: upper case for the originator's. */
void zeek_history_add(struct zeek_conn *conn, const struct zeek_endpoint *end, char letter);
void zeek_history_add_scaled(struct zeek_conn *conn, const struct zeek_endpoint *end,
			     struct zeek_scaled *scaled, char letter);

static inline struct zeek_endpoint *zeek_peer_of(struct zeek_conn *conn,
						 const struct zeek_endpoint *end)
{
	return &conn->end[end == &conn->end[0]];
}

#endif
