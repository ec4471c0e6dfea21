// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/count/flow_connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct connection_key {
	uint8_t client[16];
	uint8_t server[16];
	uint16_t client_port;
	uint16_t server_port;
	uint32_t netns; /* of loopback only: there two connections may have one tuple */
};

/**
 * @live   As the flow map has it; @ended as its endings have told.
 */
struct counted_connection {
	struct connection_key key;
	struct flow_identity identity;
	uint64_t live[FLOW_COUNT_COUNT];
	uint64_t ended[FLOW_COUNT_COUNT];
	uint64_t told[FLOW_COUNT_COUNT];
	bool is_live;
	bool has_ended;
	UT_hash_handle hh;
};

struct flow_connections {
	struct counted_connection *connections;
	struct counted_connection *expected; /* the one that followed the last one, the last time */
	uint64_t rest[FLOW_COUNT_COUNT]; /* of ended ones, since they were told last */
	uint64_t beyond;
};

int flow_connections_new(struct flow_connections **ret)
{
	struct flow_connections *connections = calloc(1, sizeof(*connections));

	if (!connections)
		return -ENOMEM;
	*ret = connections;
	return 0;
}

void flow_connections_free(struct flow_connections **connections)
{
	struct counted_connection *connection, *next;

	if (!*connections)
		return;
	HASH_ITER(hh, (*connections)->connections, connection, next)
	{
		HASH_DEL((*connections)->connections, connection);
		free(connection);
	}
	free(*connections);
	*connections = NULL;
}

static struct counted_connection *connection_find_or_add(struct flow_connections *connections,
							 const struct flow_identity *identity)
{
	struct counted_connection *connection;
	struct connection_key key = {
		.client_port = identity->client_port,
		.server_port = identity->server_port,
	};

	memcpy(key.client, identity->client, 16);
	memcpy(key.server, identity->server, 16);
	if (tally_addr_is_loopback(key.client) || tally_addr_is_loopback(key.server))
		key.netns = identity->netns;
	connection = connections->expected;
	if (!connection || memcmp(&connection->key, &key, sizeof(key)) != 0)
		HASH_FIND(hh, connections->connections, &key, sizeof(key), connection);
	if (connection) {
		connections->expected = connection->hh.next;
		return connection;
	}
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		return NULL;
	connection->key = key;
	connection->identity = *identity;
	HASH_ADD(hh, connections->connections, key, sizeof(connection->key), connection);
	return connection;
}

void flow_connections_begin(struct flow_connections *connections)
{
	struct counted_connection *connection, *next;

	HASH_ITER(hh, connections->connections, connection, next)
	{
		if (connection->has_ended || connection->is_live) {
			connection->is_live = false;
			continue;
		}
		HASH_DEL(connections->connections, connection);
		free(connection);
	}
	connections->expected = connections->connections;
}

static void counts_of_flow(uint64_t *counts, const struct flow_state *flow)
{
	const struct flow_side *client = &flow->side[flow->tally & FLOW_TALLY_CLIENT];
	const struct flow_side *server = &flow->side[!(flow->tally & FLOW_TALLY_CLIENT)];

	memset(counts, 0, FLOW_COUNT_COUNT * sizeof(*counts));
	counts[TALLY_SYN_CLT] = client->syn_count;
	counts[TALLY_SYN_SRV] = server->syn_count;
	counts[TALLY_FIN_CLT] = client->fin_count;
	counts[TALLY_FIN_SRV] = server->fin_count;
	counts[TALLY_RST_CLT] = client->rst_count;
	counts[TALLY_RST_SRV] = server->rst_count;
	counts[TALLY_CT] = (flow->tally & FLOW_TALLY_HANDSHAKE) && client->syn_count;
	counts[TALLY_OPENED] = client->syn_count != 0;
	counts[TALLY_FOUND] = !client->syn_count;
	counts[TALLY_GUESSED] = !(flow->tally & FLOW_TALLY_HOW);
}

void flow_connections_take_flow(struct flow_connections *connections, const struct flow_key *key,
				const struct flow_state *flow)
{
	struct flow_identity identity = {
		.known = FLOW_BY_CONNECTION,
		.netns = key->netns,
	};
	struct counted_connection *connection;
	int client = flow->tally & FLOW_TALLY_CLIENT;

	if (!(flow->tally & FLOW_TALLY_HERE))
		return;
	memcpy(identity.client, key->addr[client], 16);
	memcpy(identity.server, key->addr[!client], 16);
	identity.client_port = NET_TO_HOST_16(key->port[client]);
	identity.server_port = NET_TO_HOST_16(key->port[!client]);
	connection = connection_find_or_add(connections, &identity);
	if (!connection)
		return;
	connection->is_live = true;
	counts_of_flow(connection->live, flow);
}

/* Of two ends, each says what it has seen: the larger number has seen more. */
static void counts_raise(uint64_t *counts, const uint64_t *other)
{
	for (int i = 0; i < FLOW_COUNT_COUNT; i++)
		if (counts[i] < other[i])
			counts[i] = other[i];
}

void flow_connections_take_ending(struct flow_connections *connections,
				  const struct flow_identity *identity, const uint64_t *counts)
{
	struct counted_connection *connection;

	if (!(identity->known & FLOW_KEY(CLIENT_PORT))) {
		flow_counts_add(connections->rest, counts);
		return;
	}
	connection = NULL;
	if (HASH_COUNT(connections->connections) < FLOW_CONNECTIONS_MAX)
		connection = connection_find_or_add(connections, identity);
	if (!connection) {
		flow_counts_add(connections->rest, counts);
		connections->beyond += counts[TALLY_OPENED];
		return;
	}
	connection->identity = *identity;
	connection->identity.known |= FLOW_BY_CONNECTION;
	connection->has_ended = true;
	counts_raise(connection->ended, counts);
}

/* What has no row of its own, if anything. */
static size_t rest_fill(struct flow_connections *connections, bool forget, struct flow_row *row)
{
	uint64_t any = 0;

	memset(row, 0, sizeof(*row));
	row->by = FLOW_BY_CONNECTION;
	row->is_rest = true;
	memcpy(row->counts, connections->rest, sizeof(row->counts));
	for (int i = 0; i < FLOW_COUNT_COUNT; i++)
		any |= row->counts[i];
	if (forget)
		memset(connections->rest, 0, sizeof(connections->rest));
	return any != 0;
}

int flow_connections_rows(struct flow_connections *connections, bool forget, struct flow_row **ret,
			  size_t *ret_count)
{
	size_t count = 0, most = HASH_COUNT(connections->connections) + 1;
	struct flow_row *rows = realloc(*ret, most * sizeof(*rows));
	struct counted_connection *connection, *next;

	if (!rows)
		return -ENOMEM;
	*ret = rows;
	connections->expected = NULL;
	HASH_ITER(hh, connections->connections, connection, next)
	{
		struct flow_row *row = &rows[count];

		memset(row, 0, sizeof(*row));
		row->identity = connection->identity;
		row->by = connection->identity.known | FLOW_BY_CONNECTION;
		memcpy(row->counts, connection->ended, sizeof(row->counts));
		counts_raise(row->counts, connection->live);
		if (memcmp(row->counts, connection->told, sizeof(row->counts)) != 0)
			count++;
		if (!forget)
			continue;
		memcpy(connection->told, row->counts, sizeof(row->counts));
		if (connection->has_ended && !connection->is_live) {
			HASH_DEL(connections->connections, connection);
			free(connection);
		}
	}
	*ret_count = count + rest_fill(connections, forget, &rows[count]);
	return 0;
}

uint64_t flow_connections_beyond(const struct flow_connections *connections)
{
	return connections->beyond;
}
