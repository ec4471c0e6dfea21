// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/store/store_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"

/* One place per hash and side: the younger text takes it. */
struct known_text {
	int64_t id; /* 0 = free */
	char *text;
	size_t len;
};

struct store_texts {
	struct store *store;
	sqlite3_stmt *insert;
	sqlite3_stmt *find;
	sqlite3_stmt *read;
	struct known_text by_text[STORE_TEXTS_MOST];
	struct known_text by_id[STORE_TEXTS_MOST];
};

int store_texts_new(struct store *store, struct store_texts **ret)
{
	struct store_texts *texts = calloc(1, sizeof(*texts));

	if (!texts)
		return -ENOMEM;
	texts->store = store;
	*ret = texts;
	return 0;
}

static void known_clear(struct known_text *known)
{
	free(known->text);
	memset(known, 0, sizeof(*known));
}

void store_texts_forget(struct store_texts *texts)
{
	for (size_t i = 0; i < STORE_TEXTS_MOST; i++)
		known_clear(&texts->by_text[i]);
}

void store_texts_free(struct store_texts **texts)
{
	if (!*texts)
		return;
	store_texts_forget(*texts);
	for (size_t i = 0; i < STORE_TEXTS_MOST; i++)
		known_clear(&(*texts)->by_id[i]);
	free(*texts);
	*texts = NULL;
}

static struct known_text *known_of_text(struct store_texts *texts, const char *text, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return &texts->by_text[(hash ^ hash >> 32) % STORE_TEXTS_MOST];
}

/* Of several statements of this file: made at the first use, then used again. */
static sqlite3_stmt *statement_of(struct store_texts *texts, sqlite3_stmt **statement,
				  const char *sql)
{
	if (!*statement)
		*statement = store_prepare(texts->store, sql);
	if (*statement)
		sqlite3_reset(*statement);
	return *statement;
}

static int text_insert(struct store_texts *texts, const char *text, size_t len, int64_t *ret)
{
	sqlite3_stmt *find = statement_of(texts, &texts->find, "SELECT id FROM text WHERE text=?");
	sqlite3_stmt *insert =
		statement_of(texts, &texts->insert, "INSERT INTO text(text) VALUES(?)");
	int result;

	if (!find || !insert)
		return -ENOMEM;
	sqlite3_bind_blob64(find, 1, text, len, SQLITE_STATIC);
	result = sqlite3_step(find);
	if (result == SQLITE_ROW)
		*ret = sqlite3_column_int64(find, 0);
	sqlite3_reset(find);
	if (result != SQLITE_DONE)
		return store_errno(texts->store, result);
	sqlite3_bind_blob64(insert, 1, text, len, SQLITE_STATIC);
	result = sqlite3_step(insert);
	if (result == SQLITE_DONE)
		*ret = sqlite3_last_insert_rowid(texts->store->db);
	sqlite3_reset(insert);
	return store_errno(texts->store, result);
}

static void known_take(struct known_text *known, int64_t id, const void *text, size_t len)
{
	known_clear(known);
	known->text = malloc(len + 1);
	if (!known->text)
		return;
	memcpy(known->text, text ? text : "", len);
	known->text[len] = '\0';
	known->len = len;
	known->id = id;
}

int store_texts_put(struct store_texts *texts, const char *text, size_t len, int64_t *ret)
{
	struct known_text *known;
	int err;

	if (!text) {
		*ret = 0;
		return 0;
	}
	known = known_of_text(texts, text, len);
	if (known->id && known->len == len && !memcmp(known->text, text, len)) {
		*ret = known->id;
		return 0;
	}
	err = text_insert(texts, text, len, ret);
	if (!err)
		known_take(known, *ret, text, len);
	return err;
}

const char *store_texts_get(struct store_texts *texts, int64_t id, size_t *ret_len)
{
	struct known_text *known = &texts->by_id[(uint64_t)id % STORE_TEXTS_MOST];
	sqlite3_stmt *read;

	if (!id)
		return NULL;
	if (known->id != id) {
		read = statement_of(texts, &texts->read, "SELECT text FROM text WHERE id=?");
		if (!read)
			return NULL;
		sqlite3_bind_int64(read, 1, id);
		if (sqlite3_step(read) == SQLITE_ROW)
			known_take(known, id, sqlite3_column_blob(read, 0),
				   (size_t)sqlite3_column_bytes(read, 0));
		sqlite3_reset(read);
	}
	if (known->id != id)
		return NULL;
	if (ret_len)
		*ret_len = known->len;
	return known->text;
}
