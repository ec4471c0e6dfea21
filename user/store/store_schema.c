// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/store/store_schema.h"

#include <stdio.h>

#include "user/base/strbuf.h"
#include "user/base/cleanup.h"
#include "user/model/names.h"
#include "user/store/store_counts.h"

/*
 * What is text from outside stands once, in `text`. Addresses are blobs of 16 bytes in network
 * order, IPv4 mapped; times are nanoseconds since 1970; verdicts are their permanent numbers, with
 * their words in `verdict_word`. The views are what people are to ask.
 */
static const char schema_1[] =
	"CREATE TABLE text(id INTEGER PRIMARY KEY, text BLOB NOT NULL UNIQUE) STRICT;"
	"CREATE TABLE verdict_word(id INTEGER PRIMARY KEY, word TEXT NOT NULL, class TEXT NOT NULL)"
	" STRICT;"
	/* ended is NULL while it runs, and of a run that was killed. */
	"CREATE TABLE run(id INTEGER PRIMARY KEY, started INTEGER NOT NULL, seen INTEGER NOT NULL,"
	" ended INTEGER, host TEXT, version TEXT, kernel TEXT, settings TEXT, jiffies_hz INTEGER)"
	" STRICT;"
	"CREATE TABLE ledger(run INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,"
	" PRIMARY KEY(run, name)) STRICT, WITHOUT ROWID;"
	/* What is missing from the other tables, and why. */
	"CREATE TABLE gap(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, first_time INTEGER NOT NULL,"
	" time INTEGER NOT NULL, missing INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;"
	"CREATE TABLE container(id INTEGER PRIMARY KEY, container_id INTEGER, runtime INTEGER,"
	" name INTEGER, pod INTEGER, pod_namespace INTEGER,"
	" UNIQUE(container_id, name, pod, pod_namespace)) STRICT;"
	"CREATE TABLE ending(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, run INTEGER NOT NULL,"
	" verdict INTEGER NOT NULL, benign INTEGER, repeated INTEGER, first_time INTEGER,"
	" storm_level INTEGER, comm INTEGER, server_port INTEGER, container INTEGER, cgroup INTEGER,"
	" interface INTEGER, zone_local INTEGER, zone_peer INTEGER, habit_closes INTEGER,"
	" habit_resets INTEGER, other BLOB, oom BLOB, follows BLOB,"
	" follows_gap INTEGER, kernel_stack INTEGER, user_stack INTEGER,"
	" record BLOB NOT NULL) STRICT;"
	"CREATE INDEX ending_time ON ending(time);";

/* Without the words that only code can join: those come from the record. */
static const char views_1[] =
	"CREATE VIEW closes AS SELECT e.id, strftime('%Y-%m-%dT%H:%M:%fZ', e.time / 1e9, 'unixepoch')"
	" AS time, w.word AS verdict, w.class AS class, coalesce(e.repeated, 1) AS repeated,"
	" CAST(c.text AS TEXT) AS comm, e.server_port AS server_port, CAST(n.text AS TEXT)"
	" AS container, CAST(g.text AS TEXT) AS cgroup, coalesce(e.benign, 0) AS benign"
	" FROM ending e LEFT JOIN verdict_word w ON w.id = e.verdict"
	" LEFT JOIN text c ON c.id = e.comm LEFT JOIN text g ON g.id = e.cgroup"
	" LEFT JOIN container k ON k.id = e.container LEFT JOIN text n ON n.id = k.name;";

static int schema_append_words(struct strbuf *b)
{
	for (uint8_t verdict = 1; verdict < CLOSE_VERDICT_COUNT; verdict++)
		strbuf_appendf(b, "INSERT OR REPLACE INTO verdict_word VALUES(%u,'%s','%s');",
			       verdict, verdict_name(verdict),
			       class_name(class_of_verdict(verdict)));
	return b->failed ? -ENOMEM : 0;
}

static int schema_create(struct store *store)
{
	_cleanup_(strbuf_release) struct strbuf counts = STRBUF_INIT;
	int err = store_exec(store, schema_1);

	store_counts_append_schema(&counts);
	if (counts.failed)
		return -ENOMEM;
	err = err ?: store_exec(store, counts.data);
	return err ?: store_exec(store, views_1);
}

int store_schema_update(struct store *store, int64_t version)
{
	_cleanup_(strbuf_release) struct strbuf words = STRBUF_INIT;
	char pragma[40];
	int err;

	err = schema_append_words(&words) ?: store_exec(store, "BEGIN IMMEDIATE");
	if (err)
		return err;
	if (version < 1)
		err = schema_create(store);
	err = err ?: store_counts_add_columns(store);
	/* To add a version: what changes the tables of the one before, here; tests/store has one of each. */
	err = err ?: store_exec(store, words.data);
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%d", STORE_VERSION);
	err = err ?: store_exec(store, pragma);
	err = err ?: store_exec(store, "COMMIT");
	if (err)
		store_exec(store, "ROLLBACK");
	return err;
}
