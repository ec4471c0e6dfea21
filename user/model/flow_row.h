/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The row of `flows` and `top`: what was counted for a group of connections, and its table of
 * fields, from which columns, JSON, filters and sorting are made.
 */
#ifndef USER_MODEL_FLOW_ROW_H
#define USER_MODEL_FLOW_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "include/flow_tally.h"
#include "user/model/fields.h"

/* The kernel's counts, and behind them what only user space can count. */
enum flow_count {
	FLOW_COUNT_RST_HABIT = TALLY_COUNT,
	FLOW_COUNT_COUNT,
};

/*
 * What groups are told apart by, each once: all that is made per key is made from this table and
 * the member of struct flow_identity. Databases keep their places: append.
 *
 * X(ID, member and word of --by, kind, field, where it comes from, title of the column, meaning)
 *
 * Kinds: ADDR, PORT, NUMBER, VERDICT, and TEXT of a pool. From: PACKETS; ENDING, which only the
 * record of an ending tells; CONNECTION, which is of single connections and makes no group.
 */
#define FLOW_KEYS(X)                                                                               \
	X(CLIENT, client, ADDR, client_addr, PACKETS, "CLIENT", "address of the client")           \
	X(CLIENT_PORT, client_port, PORT, client_port, CONNECTION, "CPORT",                        \
	  "port of the client, with --by connection")                                              \
	X(SERVER, server, ADDR, server_addr, PACKETS, "SERVER", "address of the server")           \
	X(SERVER_PORT, server_port, PORT, server_port, PACKETS, "PORT", "port of the server")      \
	X(COMM, comm, TEXT, comm, ENDING, "COMM", "name of the process that owned the socket")     \
	X(CONTAINER, container, TEXT, container, ENDING, "CONTAINER", "container of the socket")   \
	X(POD, pod, TEXT, pod, ENDING, "POD", "Kubernetes pod of the socket")                      \
	X(VERDICT, verdict, VERDICT, verdict, ENDING, "VERDICT", "how the connections ended")      \
	X(ZONE_CLIENT, zone_client, TEXT, zone_client, PACKETS, "ZONE.CLT", "zone of the client")  \
	X(ZONE_SERVER, zone_server, TEXT, zone_server, PACKETS, "ZONE.SRV", "zone of the server")  \
	X(INTERFACE, interface, TEXT, interface, PACKETS, "INTERFACE",                             \
	  "interface of the client's packets")                                                     \
	X(NETNS, netns, NUMBER, netns, PACKETS, "NETNS", "network namespace, by inode number")

#define FLOW_KEY_ENUM(id, ...) FLOW_KEY_##id,
enum flow_key_id { FLOW_KEYS(FLOW_KEY_ENUM) FLOW_KEY_COUNT };
#define FLOW_KEY(id) (1u << FLOW_KEY_##id)

#define FLOW_BY_CONVERSATION (FLOW_KEY(CLIENT) | FLOW_KEY(SERVER) | FLOW_KEY(SERVER_PORT))
#define FLOW_BY_CONNECTION (FLOW_BY_CONVERSATION | FLOW_KEY(CLIENT_PORT) | FLOW_KEY(NETNS))

/**
 * What makes a group. Compared and hashed as bytes: clear it whole, also its padding.
 *
 * @known      FLOW_KEY() bits of what is set; the rest is null.
 * @interface and the other strings: of one pool, so that equal ones are the same pointer.
 */
struct flow_identity {
	uint32_t known;
	uint32_t netns;
	uint8_t client[16];
	uint8_t server[16];
	const char *interface;
	const char *zone_client;
	const char *zone_server;
	const char *comm;
	const char *container;
	const char *pod;
	uint16_t client_port; /* host order */
	uint16_t server_port;
	uint8_t verdict;
	uint8_t reserved[3];
};

/**
 * @by          FLOW_KEY() bits that were asked for.
 * @elapsed_ns  In which `counts` came about.
 * @is_rest     What found no room in a table, all together; its identity is empty.
 */
struct flow_row {
	struct flow_identity identity;
	uint64_t counts[FLOW_COUNT_COUNT];
	uint64_t time_ns; /* of the end of that time, since 1970 */
	uint64_t elapsed_ns;
	uint32_t by;
	bool is_rest;
};

/*
 * X(name, type, unit, list of words or NULL, meaning). Rates and ratios are FIELD_RATIO.
 */
#define FLOW_TIME_FIELDS(X)                                                                        \
	X(time, TIME, "", NULL, "end of the time that was counted")                                \
	X(elapsed_us, DURATION_US, "us", NULL, "how long was counted")                             \
	X(rest, BOOL, "", NULL, "what found no room in a row of its own, all together")

#define FLOW_COUNT_FIELDS(X)                                                                       \
	X(syn_count, U64, "packets", NULL, "SYN seen, SYN-ACK included")                           \
	X(syn_count_clt, U64, "packets", NULL, "SYN sent by the client")                           \
	X(syn_count_srv, U64, "packets", NULL, "SYN-ACK sent by the server")                       \
	X(ct_count, U64, "handshakes", NULL, "handshakes completed")                               \
	X(fin_count, U64, "packets", NULL, "FIN seen")                                             \
	X(fin_count_clt, U64, "packets", NULL, "FIN sent by the client")                           \
	X(fin_count_srv, U64, "packets", NULL, "FIN sent by the server")                           \
	X(rst_count, U64, "packets", NULL, "RST seen")                                             \
	X(rst_count_clt, U64, "packets", NULL, "RST sent by the client")                           \
	X(rst_count_srv, U64, "packets", NULL, "RST sent by the server")                           \
	X(connections, U64, "connections", NULL, "connections begun")                              \
	X(found, U64, "flows", NULL, "flows met without their SYN: older, or strays")              \
	X(closed_fin, U64, "connections", NULL, "closed by FIN of both sides")                     \
	X(closed_fin_rst, U64, "connections", NULL, "closed by FIN of one side, then RST")         \
	X(closed_rst, U64, "connections", NULL, "closed by RST alone")                             \
	X(rst_no_ct, U64, "connections", NULL, "RST where there was no connection")                \
	X(half_closed, U64, "connections", NULL, "closed by one side only")                        \
	X(timed_out, U64, "connections", NULL, "ended by a timer")                                 \
	X(rst_own_fin, U64, "connections", NULL,                                                   \
	  "client RST after its own FIN while the server still sent")                              \
	X(rst_habit, U64, "connections", NULL,                                                     \
	  "RST of an application that closes every connection so")                                 \
	X(guessed, U64, "packets", NULL, "packets whose client is a guess by the lower port")

#define FLOW_RATE_FIELDS(X)                                                                        \
	X(syn_rate, RATIO, "1/s", NULL, "SYN per second")                                          \
	X(ct_rate, RATIO, "1/s", NULL, "handshakes completed per second")                          \
	X(fin_rate, RATIO, "1/s", NULL, "FIN per second")                                          \
	X(rst_rate, RATIO, "1/s", NULL, "RST per second")                                          \
	X(connection_rate, RATIO, "1/s", NULL, "connections begun per second")                     \
	X(syn_per_connection, RATIO, "", NULL, "SYN of the client per connection begun")           \
	X(rst_per_connection, RATIO, "", NULL, "RST per connection begun")                         \
	X(client_known_by, WORD, "", &client_known_by_words, "seen, or a guess by the lower port")

#define FLOW_FIELD_ENUM(name, ...) FLOW_FIELD_##name,
#define FLOW_KEY_FIELD_ENUM(id, member, kind, field, ...) FLOW_FIELD_##field,
enum flow_field {
	FLOW_TIME_FIELDS(FLOW_FIELD_ENUM) FLOW_KEYS(FLOW_KEY_FIELD_ENUM) FLOW_COUNT_FIELDS(
		FLOW_FIELD_ENUM) FLOW_RATE_FIELDS(FLOW_FIELD_ENUM) FLOW_FIELD_COUNT,
};

/* Rows are struct flow_row; a field's id is its enum flow_field. */
extern const struct row_type flow_row_type;

extern const struct field flow_fields[FLOW_FIELD_COUNT];
extern const struct word_list client_known_by_words;

/* "client", "comm", ...; NULL for a number that is none. */
const char *flow_key_word(unsigned int key);
/* The field that shows it. */
enum flow_field flow_key_field(unsigned int key);
/* Whether a field shows a key. */
bool flow_field_is_key(unsigned int field);
/* Whether only the record of an ending tells it. */
bool flow_key_needs_record(unsigned int key);
/* Whether it makes groups by itself, and not only with `--by connection`. */
bool flow_key_makes_groups(unsigned int key);

/* The keys of `by` that are known; the rest is cleared, so that it makes no groups. */
void flow_identity_reduce(const struct flow_identity *full, uint32_t by, struct flow_identity *ret);

/* Whether `keys` have equal values; what is known is not looked at. Strings are of one pool. */
bool flow_identities_agree(const struct flow_identity *a, const struct flow_identity *b,
			   uint32_t keys);

/* Where the string of a key is kept, so that it can be put into another pool; NULL if it is none. */
const char **flow_identity_text(struct flow_identity *identity, unsigned int key);

/**
 * A key as its field has it.
 *
 * @return  false when it is not known; *ret is then untouched.
 */
bool flow_identity_get(const struct flow_identity *identity, unsigned int key,
		       struct field_value *ret);

/**
 * Back from what flow_identity_get() gave; the key is known then.
 *
 * @value  A string is borrowed, and ends with NUL. A word that is no verdict is 0.
 */
void flow_identity_set(struct flow_identity *identity, unsigned int key,
		       const struct field_value *value);

/**
 * The getter of flow_row_type.
 *
 * @row      struct flow_row.
 * @scratch  Not used.
 * @return   false for null: a key that was not asked for or is not known, a rate of no time.
 */
bool flow_row_get(const void *row, unsigned int field, struct strbuf *scratch,
		  struct field_value *ret);

/* Add what is counted. */
void flow_counts_add(uint64_t *counts, const uint64_t *more);

#endif
