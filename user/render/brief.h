/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The short form of an ending: what a person reads of it, as values and text of its own, so that it
 * can wait for its other end, stand for many and be printed again.
 */
#ifndef USER_RENDER_BRIEF_H
#define USER_RENDER_BRIEF_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/strbuf.h"
#include "user/model/connection.h"

#define BRIEF_NAME_BYTES 192

/**
 * One ending, or several that are alike.
 *
 * @wall_ns        When the youngest of them ended.
 * @first_wall_ns  When the oldest of them did; the same for one.
 * @repeated       How many; above 0.
 * @mirrored       How many endings of the other end it has taken up.
 * @incident       The same at both ends of a connection, also through NAT; 0 = unknown.
 * @alike          The same for endings that fold into one line: one verdict, cause, program,
 *                 container and service.
 * @age_us         From the first SYN to the end; of the youngest.
 * @process @peer_process  Who owned the local socket, and the one at the other end where that is of
 *                 this host; escaped, "" = unknown.
 * @local_addr @peer_addr  Network byte order, IPv4 mapped.
 * @local_port @peer_port  Host byte order; 0 = not told.
 * @peers_differ   The endings it stands for have several peers.
 * @sentence       Of the youngest, escaped; owned, NULL only when memory ran out.
 */
struct brief {
	uint64_t wall_ns;
	uint64_t first_wall_ns;
	uint64_t repeated;
	uint64_t mirrored;
	uint64_t incident;
	uint64_t alike;
	uint64_t age_us;
	uint64_t frame; /* of a capture; 0 = none */
	uint32_t owner_pid;
	uint16_t local_port;
	uint16_t peer_port;
	uint8_t verdict;
	uint8_t class_number;
	uint8_t initiator;
	uint8_t confidence;
	bool is_benign;
	bool is_forwarded;
	bool local_is_client;
	bool has_age;
	bool peers_differ;
	bool processes_differ;
	uint8_t local_addr[16];
	uint8_t peer_addr[16];
	char process[BRIEF_NAME_BYTES];
	char program[BRIEF_NAME_BYTES]; /* `process` without its pid */
	char peer_process[BRIEF_NAME_BYTES];
	char *sentence;
};

/**
 * @ret  Overwritten whole; brief_release() frees it. Holds nothing of `c`.
 * @return  0 or -ENOMEM.
 */
int brief_from_connection(const struct closed_connection *c, struct brief *ret);

void brief_release(struct brief *brief);

/* Whether two tell of the two ends of one connection. */
bool brief_is_other_end(const struct brief *a, const struct brief *b);

/* Whether they may be both ends of the same connections, where no numbers tell: of a storm. */
bool brief_is_mirror(const struct brief *a, const struct brief *b);

/**
 * Make one of both ends: the one that knows more speaks, and names the process of the other.
 *
 * @into   Becomes the one.
 * @other  Is released.
 */
void brief_join(struct brief *into, struct brief *other);

/* Add endings that are alike: their number, the time, and the words of the youngest. As above. */
void brief_fold(struct brief *into, struct brief *younger);

#endif
