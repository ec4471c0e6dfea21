/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The endings that connload can make, and what a correct observer of both sockets must say of each.
 * One row per ending; the tests compare a tracer's records with these rows.
 */
#ifndef TESTS_BENCH_CONNLOAD_H
#define TESTS_BENCH_CONNLOAD_H

/*
 * X(id, name, verdict of the client socket, verdict of the server side)
 *
 * aborted          the client closes with linger 0: RST from the client
 * refused          the client connects to a port on which nothing listens
 * unread           the server closes with data unread: RST from the server
 * graceful_client  the client closes first, the server after it has seen the FIN
 * graceful_server  the other way round
 */
#define CONNLOAD_ENDINGS(X)                                                                        \
	X(ABORTED, "aborted", "local_app_abort", "peer_reset")                                     \
	X(REFUSED, "refused", "peer_refused", "local_refused")                                     \
	X(UNREAD, "unread", "peer_reset", "local_app_abort")                                       \
	X(GRACEFUL_CLIENT, "graceful_client", "fin_normal", "fin_normal")                          \
	X(GRACEFUL_SERVER, "graceful_server", "fin_normal", "fin_normal")

enum connload_ending {
#define X(id, name, client, server) ENDING_##id,
	CONNLOAD_ENDINGS(X)
#undef X
		_ENDING_MAX,
};

#endif
