/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The random mix: many endings of many kinds at once. Pairs of processes, over veth and loopback and
 * both families, make connections in batches; what each must be reported as is known beforehand, by
 * namespace and ports, so that nothing can be missing, reported twice, or taken for something else.
 */
#ifndef TESTS_E2E_MIX_H
#define TESTS_E2E_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/e2e/instance.h"
#include "tests/e2e/netlab.h"

#define MIX_LINES 7 /* of TAP */
#define MIX_PAIRS_MAX 64
#define MIX_BATCH 250 /* connections of a pair that are there at once */

/* Ports of the server, from a base that grows when the client's ports have all been used. */
enum mix_port {
	MIX_PORT_SERVED,
	MIX_PORT_CLOSED, /* nobody listens */
	MIX_PORT_UNACCEPTED, /* its listener is closed at the end of each batch */
	MIX_PORT_KILLED, /* `ss -K` ends what is connected to it */
	MIX_PORT_DROPPED, /* the packet filter drops what comes */
	MIX_PORT_COUNT,
};

#define MIX_SERVER_PORTS 8000
#define MIX_SERVER_STRIDE 16
#define MIX_CLIENT_PORTS 10000
#define MIX_CLIENT_COUNT 50000
#define MIX_ROUNDS_MAX 4

enum mix_act {
	ACT_NONE,
	ACT_CLOSE,
	ACT_LINGER0, /* and close */
	ACT_SHUT_WR,
	ACT_SHUT_RDWR,
	ACT_DISCONNECT,
	ACT_READ_CLOSE, /* read all, the FIN too, then close */
	ACT_SEND,
	ACT_READ_SEND_CLOSE,
};

/* One kind of ending. The order of events: see mix_pair.c. */
struct mix_kind {
	const char *name;
	enum mix_port port;
	bool has_request; /* the client sends one */
	bool is_request_read;
	bool has_reply; /* the server sends one */
	bool is_reply_read;
	enum mix_act client; /* then */
	enum mix_act server; /* then */
	enum mix_act client_again; /* then; what is still open is closed in the end */
	unsigned int weight;
	const char *at_client; /* "verdict/cause", or "verdict"; NULL: no record */
	const char *at_server;
};

extern const struct mix_kind mix_kinds[];
extern const size_t mix_kind_count;

/* Two processes and what they do, in the order of doing. Shared with both. */
struct mix_pair {
	struct netlab lab;
	bool is_loopback;
	pid_t client_pid;
	pid_t server_pid;
	size_t count;
	const uint8_t *kinds; /* [count] */
};

static inline uint16_t mix_client_port(size_t number)
{
	return MIX_CLIENT_PORTS + number % MIX_CLIENT_COUNT;
}

static inline uint16_t mix_server_port(size_t number, enum mix_port port)
{
	return MIX_SERVER_PORTS + number / MIX_CLIENT_COUNT * MIX_SERVER_STRIDE + port;
}

/* Batches take turns. */
static inline int mix_family(size_t number)
{
	return number / MIX_BATCH % 2 ? AF_INET6 : AF_INET;
}

/*
 * Start the two processes of a planned pair. They exit with 0 when every step of every connection
 * returned what it had to; else they have said on stderr which did not. 0 or a negative errno.
 */
int mix_pair_start(struct mix_pair *pair);

/**
 * Run a mix of its own, with namespaces and a closetrace of its own, and print MIX_LINES lines of TAP
 * and the matrix of what was expected against what was reported.
 *
 * @count       Connections, spread evenly.
 * @pair_count  1 to MIX_PAIRS_MAX; every third is on loopback.
 * @return      0, or the exit status of the battery when it could not run.
 */
int mix_run(const char *closetrace, size_t count, unsigned int pair_count, uint64_t seed,
	    struct score *score);

#endif
