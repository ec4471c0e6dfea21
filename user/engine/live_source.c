// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/engine/live_source.h"

#include <errno.h>
#include <stdlib.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/engine/live_containers.h"
#include "user/enrich/stack_names.h"

struct live_source {
	struct source source;
	struct tracer_options options;
	struct tracer *tracer;
	struct live_containers *containers; /* NULL when nothing is named */
	struct stack_names *stack_names; /* NULL without stacks */
};

static const struct live_source *live_of(const struct source *source)
{
	return (const struct live_source *)source;
}

struct tracer *live_source_tracer(const struct source *source)
{
	return live_of(source)->tracer;
}

static const struct tracer_config *live_config(const struct source *source)
{
	return tracer_config_in_use(live_of(source)->tracer);
}

static const char *live_interface_name(void *data, uint32_t netns, uint32_t ifindex)
{
	const struct live_source *self = data;
	struct wire *wire = tracer_wire(self->tracer);

	return wire && ifindex ? wire_interface_name(wire, netns, ifindex) : NULL;
}

static void on_cgroup(void *data, const struct cgroup_record *record)
{
	const struct live_source *self = data;

	live_containers_take_event(self->containers, record);
}

static int live_start(struct source *source, struct event_loop *loop, struct pipeline *pipeline,
		      struct record_context *context)
{
	struct live_source *self = (struct live_source *)source;
	int err;

	context->interface_name = live_interface_name;
	context->interface_data = self;
	if (self->containers)
		tracer_on_cgroup(self->tracer, on_cgroup, self);
	err = tracer_start(self->tracer, loop, pipeline);
	if (err)
		return err;
	if (self->containers)
		live_containers_start(self->containers, loop, self->tracer);
	context->jiffies_hz = tracer_jiffies_hz(self->tracer);
	return 0;
}

static void live_enrich(struct source *source, struct closed_connection *c)
{
	const struct live_source *self = live_of(source);
	struct close_stacks stacks;

	if (self->containers)
		live_containers_enrich(self->containers, c);
	if (self->stack_names && tracer_take_stacks(self->tracer, &c->record, &stacks))
		stack_names_add(self->stack_names, &stacks, c);
}

static bool live_wants(struct source *source, const struct closed_connection *c)
{
	const struct live_source *self = live_of(source);

	return !self->containers || live_containers_wants(self->containers, c);
}

static void live_stop(struct source *source)
{
	tracer_stop(live_of(source)->tracer);
}

static int live_fill_ledger(const struct source *source, struct ledger *ret)
{
	const struct live_source *self = live_of(source);
	int err = tracer_fill_ledger(self->tracer, ret);

	if (!err && self->stack_names)
		ret->counters.counts[COUNTER_STACK_UNNAMED] =
			stack_names_unnamed(self->stack_names);
	return err;
}

static void live_close(struct source **source)
{
	struct live_source *self = (struct live_source *)*source;

	if (!self)
		return;
	tracer_free(&self->tracer);
	live_containers_free(&self->containers);
	stack_names_free(&self->stack_names);
	free(self);
	*source = NULL;
}

static const struct source_ops live_source_ops = {
	.name = "live",
	.config = live_config,
	.start = live_start,
	.enrich = live_enrich,
	.wants = live_wants,
	.stop = live_stop,
	.fill_ledger = live_fill_ledger,
	.close = live_close,
};

int live_source_open(const struct live_source_options *options, struct source **ret)
{
	struct live_source *self = calloc(1, sizeof(*self));
	_cleanup_(source_close) struct source *source = self ? &self->source : NULL;
	int err;

	if (!self)
		return log_error(-ENOMEM, "not enough memory");
	source->ops = &live_source_ops;
	self->options = options->tracer;
	if (((options->tracer.config.flags & TRACER_STACKS) &&
	     stack_names_new(&self->stack_names)) ||
	    (!options->names_nothing && live_containers_new(options->container, &self->containers)))
		return log_error(-ENOMEM, "not enough memory");
	err = tracer_new(&self->options, &self->tracer);
	if (err)
		return err;
	*ret = TAKE_PTR(source);
	return 0;
}
