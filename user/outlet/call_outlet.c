// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/outlet/call_outlet.h"

#include <errno.h>
#include <stdlib.h>

struct call_outlet {
	struct outlet outlet;
	int (*take)(void *data, const struct closed_connection *c);
	void *data;
	struct outlet_account account;
};

static void call_offer(struct outlet *outlet, const struct closed_connection *c)
{
	struct call_outlet *self = (struct call_outlet *)outlet;

	self->account.offered += c->repeated;
	if (self->take(self->data, c)) {
		self->account.lost[OUTLET_LOSS_MEMORY] += c->repeated;
		return;
	}
	self->account.written += c->repeated;
	if (c->first_wall_ns)
		self->account.grouped += c->repeated;
}

static void call_account(const struct outlet *outlet, struct outlet_account *ret)
{
	*ret = ((const struct call_outlet *)outlet)->account;
}

static void call_close(struct outlet **outlet)
{
	free(*outlet);
	*outlet = NULL;
}

static const struct outlet_ops call_outlet_ops = {
	.kind = "call",
	.offer = call_offer,
	.account = call_account,
	.close = call_close,
};

int call_outlet_new(const char *kind, int (*take)(void *data, const struct closed_connection *c),
		    void *data, struct outlet **ret)
{
	struct call_outlet *self = calloc(1, sizeof(*self));

	if (!self)
		return -ENOMEM;
	self->outlet.ops = &call_outlet_ops;
	self->outlet.name = kind;
	self->outlet.is_inner = true;
	self->take = take;
	self->data = data;
	*ret = &self->outlet;
	return 0;
}
