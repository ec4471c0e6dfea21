/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Abnormal endings into the database, by a thread of its own. */
#ifndef USER_OUTLET_DATABASE_OUTLET_H
#define USER_OUTLET_DATABASE_OUTLET_H

#include "user/pipeline/outlet.h"
#include "user/store/store_writer.h"

/**
 * Open the database, or make it.
 *
 * @ret     Set on success only.
 * @return  0; a negative errno after one sentence.
 */
int database_outlet_open(const struct store_writer_options *options, struct outlet **ret);

/* For counts and the ledger, which go the same way. NULL once it has been drained. */
struct store_writer *database_outlet_writer(struct outlet *outlet);

#endif
