/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is thrown away, by age and by size, in steps so small that nothing waits for one. */
#ifndef USER_STORE_STORE_KEEP_H
#define USER_STORE_STORE_KEEP_H

#include "user/store/store.h"

#define STORE_KEEP_NS_DEFAULT (30 * UINT64_C(86400000000000))
#define STORE_KEEP_BYTES_DEFAULT (UINT64_C(1) << 30)
/* Minutes become hours after this. */
#define STORE_KEEP_MINUTES_NS (7 * UINT64_C(86400000000000))

/* 0 = no limit. */
struct store_limits {
	uint64_t age_ns;
	uint64_t size_bytes;
};

/**
 * One step: throw away at most some thousand rows, roll one hour up, or give some pages back to
 * the file system. Some 40 ms at most on a disk that is not slow.
 *
 * @now_ns       Wall time. A clock that was set back throws nothing away.
 * @ret_is_done  Nothing is left to do for now.
 * @return       0 or store_errno().
 */
int store_keep_step(struct store *store, const struct store_limits *limits, uint64_t now_ns,
		    bool *ret_is_done);

#endif
