// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/store/store_schema.h"

/* "ctCL": what file(1) and a stranger to the file see. */
#define STORE_APPLICATION_ID 0x6374434c
#define STORE_FOLDER_MODE 0750
#define STORE_FILE_MODE 0640
/* In the thread of the writer or in a report: nobody else waits. */
#define STORE_BUSY_MS 2000

int store_errno(const struct store *store, int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR: {
		int err = store && store->db ? sqlite3_system_errno(store->db) : 0;

		return err ? -err : -EIO;
	}
	default:
		return -EIO;
	}
}

int store_exec(struct store *store, const char *sql)
{
	return store_errno(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

sqlite3_stmt *store_prepare(struct store *store, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL))
		log_debug("%s: %s", sql, sqlite3_errmsg(store->db));
	return statement;
}

int store_query_number(struct store *store, const char *sql, int64_t *ret)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

	if (!result)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	else if (result == SQLITE_DONE)
		*ret = 0;
	sqlite3_finalize(statement);
	return store_errno(store, result);
}

void store_close(struct store **store)
{
	struct store *gone = *store;
	sqlite3_stmt *statement;

	if (!gone)
		return;
	while (gone->db && (statement = sqlite3_next_stmt(gone->db, NULL)))
		sqlite3_finalize(statement);
	sqlite3_close(gone->db);
	/* Last: closing any descriptor of the file would drop SQLite's own locks on it. */
	if (gone->writer_fd >= 0)
		close(gone->writer_fd);
	free(gone->path);
	free(gone);
	*store = NULL;
}

/* One sentence for each way not to get a database. */
static int store_refuse(const char *path, int err)
{
	switch (err) {
	case -EBUSY:
		return log_error(err,
				 "%s is in use by another closetrace or program; end that one, or "
				 "name another file with --to",
				 path);
	case -EEXIST:
		return log_error(err,
				 "%s is no database of closetrace and is left as it is; name "
				 "another file",
				 path);
	case -EPROTO:
		return log_error(err,
				 "%s was made by a newer closetrace; use that version, or name "
				 "another file",
				 path);
	case -EUCLEAN:
		return log_error(err,
				 "%s is damaged and is left as it is: save what can be read with "
				 "`sqlite3 %s .recover`, move it away and start again",
				 path, path);
	case -ENOENT:
		return log_error(err,
				 "there is no %s: `closetrace record` makes it; --from names "
				 "another file",
				 path);
	case -ELOOP:
		return log_error(err,
				 "%s is or goes through a symbolic link, which is not followed; "
				 "name the file itself",
				 path);
	case -EROFS:
		return log_error(err,
				 "%s cannot be written: its file system or the file is read-only",
				 path);
	default:
		return log_error(err, "cannot open %s: %s", path, strerror(-err));
	}
}

static int folder_make(const char *path)
{
	_cleanup_free_ char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (!folder)
		return -ENOMEM;
	if (!slash || slash == folder)
		return 0;
	*slash = '\0';
	return mkdir(folder, STORE_FOLDER_MODE) && errno != EEXIST ? -errno : 0;
}

/* Takes the place of the one writer, and makes the file if it is not there. */
static int writer_fd_open(const char *path)
{
	_cleanup_close_ int fd = -1;
	struct stat status;
	int err = folder_make(path);

	if (err && err != -EROFS)
		return err;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
		  STORE_FILE_MODE);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EEXIST;
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return -EACCES;
	/* Not one of the locks of fcntl(2), which are SQLite's. */
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return TAKE_FD(fd);
}

/* Whose database it is: 0 for ours, or for an empty one when `may_be_empty`. */
static int store_check(struct store *store, bool may_be_empty, int64_t *ret_version)
{
	int64_t id, pages = 0;
	int err = store_query_number(store, "PRAGMA application_id", &id);

	if (!err)
		err = store_query_number(store, "PRAGMA user_version", ret_version);
	if (!err)
		err = store_query_number(store, "PRAGMA page_count", &pages);
	if (err == -EUCLEAN)
		return -EEXIST;
	if (err)
		return err;
	if (id == STORE_APPLICATION_ID && *ret_version)
		return *ret_version > STORE_VERSION ? -EPROTO : 0;
	return may_be_empty && !id && !*ret_version && pages <= 1 ? 0 : -EEXIST;
}

static int store_set_up(struct store *store)
{
	char sql[64];
	int one = 1, err;
	int64_t version;

	sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
	err = store_check(store, true, &version);
	if (err)
		return err;
	if (!version) {
		/* Both must come before the first table. */
		err = store_exec(store, "PRAGMA auto_vacuum=INCREMENTAL");
		snprintf(sql, sizeof(sql), "PRAGMA application_id=%d", STORE_APPLICATION_ID);
		err = err ?: store_exec(store, sql);
	}
	/* The side files stay when nobody records, so that who may only read can read. */
	sqlite3_file_control(store->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &one);
	err = err ?: store_exec(store, "PRAGMA journal_mode=WAL");
	err = err ?: store_exec(store, "PRAGMA synchronous=FULL");
	/* The thread that writes may open no file. */
	err = err ?: store_exec(store, "PRAGMA temp_store=MEMORY");
	err = err ?: store_exec(store, "PRAGMA journal_size_limit=16777216");
	return err ?: store_schema_update(store, version);
}

static int store_new(const char *path, struct store **ret)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		return -ENOMEM;
	store->writer_fd = -1;
	store->path = strdup(path);
	*ret = store;
	return store->path ? 0 : -ENOMEM;
}

int store_open_writer(const char *path, struct store **ret)
{
	_cleanup_(store_close) struct store *store = NULL;
	mode_t mask;
	int err = store_new(path, &store);

	if (err)
		return log_error(err, "not enough memory");
	store->writer_fd = writer_fd_open(path);
	if (store->writer_fd < 0)
		return store_refuse(path, store->writer_fd);
	mask = umask(~STORE_FILE_MODE & 0777);
	err = store_errno(store, sqlite3_open_v2(path, &store->db,
						 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
							 SQLITE_OPEN_NOFOLLOW,
						 NULL));
	if (!err)
		err = store_set_up(store);
	umask(mask);
	if (err)
		return store_refuse(path, err);
	*ret = TAKE_PTR(store);
	return 0;
}

/* A database whose side files cannot be made is read as it lies, which is safe without a writer. */
static int store_open_still(struct store *store)
{
	char *uri = sqlite3_mprintf("file:%s?immutable=1", store->path);
	_cleanup_close_ int fd = open(store->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int err;

	if (fd < 0 || strpbrk(store->path, "?#%")) {
		sqlite3_free(uri);
		return fd < 0 ? -errno : -EACCES;
	}
	if (flock(fd, LOCK_SH | LOCK_NB)) {
		sqlite3_free(uri);
		return -EACCES;
	}
	sqlite3_close(store->db);
	store->db = NULL;
	err = store_errno(store, sqlite3_open_v2(uri, &store->db,
						 SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
							 SQLITE_OPEN_NOMUTEX,
						 NULL));
	sqlite3_free(uri);
	store->writer_fd = TAKE_FD(fd);
	return err;
}

int store_open_reader(const char *path, struct store **ret)
{
	_cleanup_(store_close) struct store *store = NULL;
	int64_t version;
	int err;

	if (access(path, R_OK))
		return store_refuse(path, -errno);
	err = store_new(path, &store);
	if (err)
		return log_error(err, "not enough memory");
	err = store_errno(store, sqlite3_open_v2(path, &store->db,
						 SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
							 SQLITE_OPEN_NOFOLLOW,
						 NULL));
	if (!err) {
		sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
		err = store_check(store, false, &version);
	}
	if (err == -EACCES || err == -EROFS || err == -ENOENT || err == -EIO) {
		err = store_open_still(store);
		err = err ?: store_check(store, false, &version);
	}
	if (err)
		return store_refuse(path, err);
	*ret = TAKE_PTR(store);
	return 0;
}
