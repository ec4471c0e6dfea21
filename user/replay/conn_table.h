/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The connections of a capture: found by key, in the order in which they began, and by when they
 * are due. A table of its own, not uthash: one look-up per packet decides how fast a replay is.
 */
#ifndef USER_REPLAY_CONN_TABLE_H
#define USER_REPLAY_CONN_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/capture_flow.h"
#include "user/model/zeek_summary.h"
#include "user/replay/zeek_conn.h"

/* A packet's place: its number in its file, and in all of them; the index of the file. */
struct frame_place {
	uint64_t frame;
	uint64_t number;
	uint32_t file;
};

/**
 * One tuple. It outlives its connection for a while, so that late packets are known as such.
 *
 * @flow      What our own rules say; Zeek's connections may begin and end independently.
 * @zeek      Valid with `has_zeek`.
 * @summary   Of the first of Zeek's connections in the life of `flow`, with `has_summary`.
 * @told      The ending of `flow` was reported. @judged its evidence and decision are complete.
 * @first @last @end  Its first and last packet, and the one that ended it.
 * @due_ns    When it is to be looked at again, at the latest. @place in the heap of these.
 */
struct replay_conn {
	struct replay_conn *chain;
	uint64_t hash;
	struct flow_key key;
	struct replay_conn *older, *younger;
	uint64_t due_ns;
	uint32_t place;
	bool has_zeek;
	bool has_summary;
	bool told;
	bool judged;
	struct frame_place first, last, end;
	struct capture_flow flow;
	struct zeek_conn zeek;
	struct zeek_summary summary;
};

struct conn_table;

/* `max` connections at the same time. 0 or -ENOMEM. */
int conn_table_new(size_t max, struct conn_table **ret);
void conn_table_free(struct conn_table **table);

struct replay_conn *conn_table_find(const struct conn_table *table, const struct flow_key *key);

/**
 * Add a connection that is not there; zeroed but for its key, due never.
 *
 * @return  NULL when the table is full (conn_table_first_due() says who might go) or memory is.
 */
struct replay_conn *conn_table_add(struct conn_table *table, const struct flow_key *key);
void conn_table_remove(struct conn_table *table, struct replay_conn *conn);

bool conn_table_is_full(const struct conn_table *table);
size_t conn_table_count(const struct conn_table *table);

/* The oldest one; NULL when there is none. Walk on by `younger`. */
struct replay_conn *conn_table_oldest(const struct conn_table *table);

/* Who is due first; NULL when there is none. */
struct replay_conn *conn_table_first_due(const struct conn_table *table);
void conn_table_set_due(struct conn_table *table, struct replay_conn *conn, uint64_t due_ns);

#endif
