/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Abnormal endings into the database, by a thread of its own. */
#ifndef USER_OUTLET_DATABASE_OUTLET_H
#define USER_OUTLET_DATABASE_OUTLET_H

#include "user/pipeline/ledger.h"
#include "user/pipeline/outlet.h"
#include "user/store/store_writer.h"

/**
 * Open the database, or make it.
 *
 * @ret     Set on success only.
 * @return  0; a negative errno after one sentence.
 */
int database_outlet_open(const struct store_writer_options *options, struct outlet **ret);

/* For counts, which go the same way. NULL once it has been drained. */
struct store_writer *database_outlet_writer(struct outlet *outlet);

/*
 * All rows of the ledger, in the place of those before. What waits is written in the same
 * transaction, and so counts as written. Nothing once it has been drained.
 */
void database_outlet_offer_ledger(struct outlet *outlet, const struct ledger *ledger);

#endif
