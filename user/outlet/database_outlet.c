// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/outlet/database_outlet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/kernel/privilege.h"
#include "user/pipeline/ledger_rows.h"

/* Beyond this an end that was not asked for may lose what waits. */
#define CLOSE_NS (CLOCK_NS_PER_SECOND / 10)

/**
 * @writer   NULL once it has ended; `last` is its account then.
 * @grouped  Endings of records that stand for many.
 */
struct database_outlet {
	struct outlet outlet;
	struct store_writer *writer;
	struct store_writer_account last;
	uint64_t skipped;
	uint64_t grouped;
	char *name;
};

static void database_offer(struct outlet *outlet, const struct closed_connection *c)
{
	struct database_outlet *self = (struct database_outlet *)outlet;

	/* Clean closes are in the counts. */
	if (!close_is_abnormal(&c->record.decision) || !self->writer) {
		self->skipped += c->repeated;
		return;
	}
	if (c->first_wall_ns)
		self->grouped += c->repeated;
	store_writer_offer(self->writer, stored_ending_of(c));
}

static void database_end(struct database_outlet *self, uint64_t deadline_ns)
{
	if (self->writer)
		store_writer_close(&self->writer, deadline_ns, &self->last);
}

static void database_drain(struct outlet *outlet, uint64_t deadline_ns)
{
	database_end((struct database_outlet *)outlet, deadline_ns);
}

static void database_account(const struct outlet *outlet, struct outlet_account *ret)
{
	const struct database_outlet *self = (const struct database_outlet *)outlet;
	struct store_writer_account account = self->last;

	if (self->writer)
		store_writer_account(self->writer, &account);
	memset(ret, 0, sizeof(*ret));
	ret->offered = account.offered + self->skipped;
	ret->skipped = self->skipped;
	ret->written = account.written;
	ret->grouped = self->grouped < account.written ? self->grouped : account.written;
	ret->lost[OUTLET_LOSS_FULL] = account.lost_full;
	ret->lost[OUTLET_LOSS_MEMORY] = account.lost_memory;
	ret->has_ended = !self->writer;
	if (self->writer)
		return;
	ret->lost[OUTLET_LOSS_LATE] = account.waiting;
	ret->error = account.error;
}

static void database_close(struct outlet **outlet)
{
	struct database_outlet *self = (struct database_outlet *)*outlet;

	if (!self)
		return;
	database_end(self, clock_monotonic_ns() + CLOSE_NS);
	free(self->name);
	free(self);
	*outlet = NULL;
}

static const struct outlet_ops database_outlet_ops = {
	.kind = "database",
	.offer = database_offer,
	.drain = database_drain,
	.account = database_account,
	.close = database_close,
};

struct store_writer *database_outlet_writer(struct outlet *outlet)
{
	return ((struct database_outlet *)outlet)->writer;
}

void database_outlet_offer_ledger(struct outlet *outlet, const struct ledger *ledger)
{
	struct database_outlet *self = (struct database_outlet *)outlet;
	struct ledger_row rows[LEDGER_ROWS_MOST];
	struct ledger settled = *ledger;

	if (!self->writer)
		return;
	for (size_t i = 0; i < settled.outlet_count; i++) {
		struct outlet_account *own = &settled.outlets[i];

		if (settled.outlet_names[i] != outlet->name)
			continue;
		own->written = own->offered - own->skipped - outlet_account_lost(own);
		own->grouped = self->grouped < own->written ? self->grouped : own->written;
	}
	store_writer_offer_ledger(self->writer, rows, ledger_rows(&settled, rows));
}

/* SQLite has opened all that it writes by then. */
static void drop_in_thread(void)
{
	int err = privilege_drop_in_writer(NULL);

	if (err)
		log_warn("the writer of the database keeps more privilege than needed: %s",
			 strerror(-err));
}

int database_outlet_open(const struct store_writer_options *options, struct outlet **ret)
{
	struct database_outlet *self = calloc(1, sizeof(*self));
	struct store_writer_options writer = *options;
	struct outlet *outlet = &self->outlet;
	int err;

	if (!self)
		return log_error(-ENOMEM, "not enough memory");
	writer.in_thread = drop_in_thread;
	self->outlet.ops = &database_outlet_ops;
	self->name = strdup(options->path);
	self->outlet.name = self->name;
	err = self->name ? store_writer_open(&writer, &self->writer) :
			   log_error(-ENOMEM, "not enough memory");
	if (err)
		database_close(&outlet);
	else
		*ret = outlet;
	return err;
}
