/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* When somebody was looking, with which settings, what was lost meanwhile, and the ledger of each. */
#ifndef USER_STORE_STORE_RUNS_H
#define USER_STORE_STORE_RUNS_H

#include "user/base/strbuf.h"
#include "user/pipeline/ledger_rows.h"
#include "user/store/store.h"

/**
 * @started_ns @seen_ns  Wall time; `seen` is the last sign of life.
 * @ended_ns    0 = it still runs, or was killed.
 * @host @version @kernel @settings  Text from outside, or NULL.
 * @jiffies_hz  0 = unknown.
 */
struct stored_run {
	int64_t id;
	uint64_t started_ns;
	uint64_t seen_ns;
	uint64_t ended_ns;
	uint32_t jiffies_hz;
	char *host;
	char *version;
	char *kernel;
	char *settings;
};

/* Begin one; *ret_id names it. 0 or store_errno(). */
int store_run_begin(struct store *store, const struct stored_run *run, int64_t *ret_id);

/* It lives at `now_ns`. 0 or store_errno(). */
int store_run_seen(struct store *store, int64_t id, uint64_t now_ns);

/* Ticks per second of its kernel, which is known once it has started. As above. */
int store_run_set_hz(struct store *store, int64_t id, uint32_t jiffies_hz);

/* It has ended in good order. As above. */
int store_run_end(struct store *store, int64_t id, uint64_t now_ns);

/* Lines of its ledger, in the place of those before. As above. */
int store_ledger_put(struct store *store, int64_t run, const struct ledger_row *rows, size_t count);

/* From `first_ns` to `last_ns` so many endings are missing, and why. As above. */
int store_gap_put(struct store *store, int64_t run, uint64_t first_ns, uint64_t last_ns,
		  uint64_t missing, const char *reason);

/* All runs, in their order. */
struct store_runs {
	struct stored_run *items;
	size_t count;
};

/* 0, -ENOMEM or store_errno(). */
int store_runs_read(struct store *store, struct store_runs **ret);
void store_runs_free(struct store_runs **runs);

/* NULL when there is none. */
const struct stored_run *store_runs_find(const struct store_runs *runs, int64_t id);

/**
 * Append lines for people: when, between `since_ns` and `until_ns`, nobody was looking, and what is
 * missing. Nothing when all was seen. 0 or store_errno().
 */
int store_append_unseen(struct strbuf *b, struct store *store, uint64_t since_ns,
			uint64_t until_ns);

#endif
