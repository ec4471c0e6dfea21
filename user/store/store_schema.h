/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tables of the database, and the way from every older version to this one. */
#ifndef USER_STORE_STORE_SCHEMA_H
#define USER_STORE_STORE_SCHEMA_H

#include "user/store/store.h"

/**
 * Bring the schema from `version` (0 = an empty file) to STORE_VERSION, in one transaction.
 *
 * @return  0 or store_errno(); the file is as it was on failure.
 */
int store_schema_update(struct store *store, int64_t version);

#endif
