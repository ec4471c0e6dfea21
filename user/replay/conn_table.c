// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/conn_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "user/base/cleanup.h"

#define BUCKETS_FIRST 4096
#define CONNS_PER_CHUNK 64

struct chunk {
	struct chunk *next;
	struct replay_conn conns[CONNS_PER_CHUNK];
};

struct conn_table {
	struct replay_conn **buckets;
	size_t bucket_mask;
	size_t count;
	size_t max;
	struct replay_conn **heap; /* the least due_ns first */
	size_t heap_capacity;
	struct replay_conn *oldest, *youngest;
	struct replay_conn *spare; /* chained by `chain` */
	struct chunk *chunks;
	uint64_t secret[2]; /* a capture cannot be made to collide */
};

static inline uint64_t fold_multiply(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_key(const struct conn_table *table, const struct flow_key *key)
{
	uint64_t words[5], hash;

	memcpy(words, key, sizeof(words));
	hash = fold_multiply(words[0] ^ table->secret[0], words[1] ^ table->secret[1]);
	hash = fold_multiply(words[2] ^ hash, words[3] ^ table->secret[0]);
	return fold_multiply(words[4] ^ hash, table->secret[1]);
}

int conn_table_new(size_t max, struct conn_table **ret)
{
	_cleanup_(conn_table_free) struct conn_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->buckets = calloc(BUCKETS_FIRST, sizeof(*table->buckets));
	if (!table->buckets)
		return -ENOMEM;
	table->bucket_mask = BUCKETS_FIRST - 1;
	table->max = max;
	if (getrandom(table->secret, sizeof(table->secret), 0) != sizeof(table->secret))
		return -EIO;
	table->secret[0] |= 1;
	table->secret[1] |= 1;
	*ret = TAKE_PTR(table);
	return 0;
}

void conn_table_free(struct conn_table **table)
{
	struct conn_table *self = *table;
	struct chunk *next;

	if (!self)
		return;
	for (struct replay_conn *conn = self->oldest; conn; conn = conn->younger)
		zeek_conn_release(&conn->zeek);
	for (struct chunk *chunk = self->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(self->heap);
	free(self->buckets);
	free(self);
	*table = NULL;
}

static bool key_equal(const struct flow_key *a, const struct flow_key *b)
{
	return !memcmp(a, b, sizeof(*a));
}

struct replay_conn *conn_table_find(const struct conn_table *table, const struct flow_key *key)
{
	uint64_t hash = hash_key(table, key);
	struct replay_conn *conn = table->buckets[hash & table->bucket_mask];

	while (conn && (conn->hash != hash || !key_equal(&conn->key, key)))
		conn = conn->chain;
	return conn;
}

static void heap_put(struct conn_table *table, struct replay_conn *conn, size_t place)
{
	table->heap[place] = conn;
	conn->place = (uint32_t)place;
}

static void heap_up(struct conn_table *table, struct replay_conn *conn)
{
	size_t place = conn->place;

	while (place) {
		struct replay_conn *above = table->heap[(place - 1) / 2];

		if (above->due_ns <= conn->due_ns)
			break;
		heap_put(table, above, place);
		place = (place - 1) / 2;
	}
	heap_put(table, conn, place);
}

static void heap_down(struct conn_table *table, struct replay_conn *conn)
{
	size_t place = conn->place;

	for (;;) {
		size_t below = 2 * place + 1;

		if (below >= table->count)
			break;
		if (below + 1 < table->count &&
		    table->heap[below + 1]->due_ns < table->heap[below]->due_ns)
			below++;
		if (table->heap[below]->due_ns >= conn->due_ns)
			break;
		heap_put(table, table->heap[below], place);
		place = below;
	}
	heap_put(table, conn, place);
}

static void grow_buckets(struct conn_table *table)
{
	size_t size = 2 * (table->bucket_mask + 1);
	struct replay_conn **buckets = calloc(size, sizeof(*buckets));

	if (!buckets) /* longer chains will do */
		return;
	for (struct replay_conn *conn = table->oldest; conn; conn = conn->younger) {
		conn->chain = buckets[conn->hash & (size - 1)];
		buckets[conn->hash & (size - 1)] = conn;
	}
	free(table->buckets);
	table->buckets = buckets;
	table->bucket_mask = size - 1;
}

static bool grow_heap(struct conn_table *table)
{
	size_t capacity = table->heap_capacity ? 2 * table->heap_capacity : BUCKETS_FIRST;
	struct replay_conn **heap;

	if (table->count < table->heap_capacity)
		return true;
	heap = realloc(table->heap, capacity * sizeof(*heap));
	if (!heap)
		return false;
	table->heap = heap;
	table->heap_capacity = capacity;
	return true;
}

static bool grow_spare(struct conn_table *table)
{
	struct chunk *chunk;

	if (table->spare)
		return true;
	chunk = malloc(sizeof(*chunk));
	if (!chunk)
		return false;
	chunk->next = table->chunks;
	table->chunks = chunk;
	for (size_t i = 0; i < CONNS_PER_CHUNK; i++) {
		chunk->conns[i].chain = table->spare;
		table->spare = &chunk->conns[i];
	}
	return true;
}

struct replay_conn *conn_table_add(struct conn_table *table, const struct flow_key *key)
{
	struct replay_conn *conn, **bucket;

	if (conn_table_is_full(table) || !grow_heap(table) || !grow_spare(table))
		return NULL;
	if (table->count > table->bucket_mask)
		grow_buckets(table);
	conn = table->spare;
	table->spare = conn->chain;
	memset(conn, 0, sizeof(*conn));
	conn->key = *key;
	conn->hash = hash_key(table, key);
	bucket = &table->buckets[conn->hash & table->bucket_mask];
	conn->chain = *bucket;
	*bucket = conn;
	conn->older = table->youngest;
	*(table->youngest ? &table->youngest->younger : &table->oldest) = conn;
	table->youngest = conn;
	conn->due_ns = UINT64_MAX;
	heap_put(table, conn, table->count++);
	return conn;
}

static void heap_remove(struct conn_table *table, struct replay_conn *conn)
{
	struct replay_conn *last = table->heap[--table->count];

	if (last == conn)
		return;
	heap_put(table, last, conn->place);
	heap_up(table, last);
	heap_down(table, last);
}

void conn_table_remove(struct conn_table *table, struct replay_conn *conn)
{
	struct replay_conn **link = &table->buckets[conn->hash & table->bucket_mask];

	while (*link != conn)
		link = &(*link)->chain;
	*link = conn->chain;
	*(conn->older ? &conn->older->younger : &table->oldest) = conn->younger;
	*(conn->younger ? &conn->younger->older : &table->youngest) = conn->older;
	heap_remove(table, conn);
	zeek_conn_release(&conn->zeek);
	conn->chain = table->spare;
	table->spare = conn;
}

bool conn_table_is_full(const struct conn_table *table)
{
	return table->count >= table->max;
}

size_t conn_table_count(const struct conn_table *table)
{
	return table->count;
}

struct replay_conn *conn_table_oldest(const struct conn_table *table)
{
	return table->oldest;
}

struct replay_conn *conn_table_first_due(const struct conn_table *table)
{
	return table->count ? table->heap[0] : NULL;
}

void conn_table_set_due(struct conn_table *table, struct replay_conn *conn, uint64_t due_ns)
{
	uint64_t before = conn->due_ns;

	conn->due_ns = due_ns;
	if (due_ns < before)
		heap_up(table, conn);
	else
		heap_down(table, conn);
}
