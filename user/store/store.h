/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The database of what ended: one SQLite file, written by one process, read by many. Design and
 * schema: docs/database.md. One thread at a time may use a handle.
 */
#ifndef USER_STORE_STORE_H
#define USER_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#define STORE_PATH_DEFAULT "/var/lib/closetrace/closes.db"
#define STORE_VERSION 1

struct store {
	sqlite3 *db;
	char *path;
	int writer_fd; /* holds the place of the one writer; -1 when reading */
};

/**
 * Open it to write, and make it, with its folder, when it is not there: mode 0640, never through a
 * link, never a file of somebody else's. An older schema is brought forward first.
 *
 * @ret     Set on success only.
 * @return  0; negative errno after one sentence that says what to do: -EBUSY when another process
 *          writes it, -EEXIST when the file is no database of this program, -EPROTO when a newer
 *          version made it, -EUCLEAN when it is damaged, and those of open(2).
 */
int store_open_writer(const char *path, struct store **ret);

/**
 * Open it to read, also while another process writes, and also when nobody may write in its folder.
 * As above; -ENOENT when there is none.
 */
int store_open_reader(const char *path, struct store **ret);

/* Fit for _cleanup_(store_close). */
void store_close(struct store **store);

/**
 * Errno for a result of SQLite: -ENOSPC for a full disk, -EUCLEAN for damage, -EBUSY, -EROFS,
 * -EACCES, -ENOMEM, -EIO.
 */
int store_errno(const struct store *store, int result);

/* One statement without parameters. 0 or store_errno(). */
int store_exec(struct store *store, const char *sql);

/* A statement that lives as long as the store; NULL when it is none, or memory ran out. */
sqlite3_stmt *store_prepare(struct store *store, const char *sql);

/* The first column of the first row of a query, 0 when there is none. 0 or store_errno(). */
int store_query_number(struct store *store, const char *sql, int64_t *ret);

#endif
