// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/outlet/text_outlet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "user/base/cleanup.h"

/**
 * @has_head  It was written, or there is none: it comes with the first record or flush, so that a
 *            start that fails leaves nothing behind.
 */
struct text_outlet {
	struct outlet outlet;
	char *name;
	struct form *form;
	struct writer *writer;
	uint64_t offered;
	bool has_head;
};

static void append_head(struct text_outlet *self)
{
	struct strbuf *b;

	if (self->has_head)
		return;
	self->has_head = true;
	b = self->form->ops->head ? writer_begin(self->writer, 0) : NULL;
	if (!b)
		return;
	self->form->ops->head(self->form, b);
	writer_end(self->writer, 0, false);
}

static void text_offer(struct outlet *outlet, const struct closed_connection *c)
{
	struct text_outlet *self = (struct text_outlet *)outlet;
	struct strbuf *b;

	append_head(self);
	self->offered += c->repeated;
	b = writer_begin(self->writer, c->repeated);
	if (!b)
		return;
	form_append(self->form, b, c);
	writer_end(self->writer, c->repeated, c->first_wall_ns != 0);
}

static void text_flush(struct outlet *outlet)
{
	struct text_outlet *self = (struct text_outlet *)outlet;

	append_head(self);
	writer_flush(self->writer);
}

static void text_finish(struct outlet *outlet)
{
	struct text_outlet *self = (struct text_outlet *)outlet;
	struct strbuf *b;

	append_head(self);
	b = self->form->ops->tail ? writer_begin(self->writer, 0) : NULL;
	if (b) {
		self->form->ops->tail(self->form, b);
		writer_end(self->writer, 0, false);
	}
	writer_flush(self->writer);
}

static void text_drain(struct outlet *outlet, uint64_t deadline_ns)
{
	writer_drain(((struct text_outlet *)outlet)->writer, deadline_ns);
}

static void text_account(const struct outlet *outlet, struct outlet_account *ret)
{
	const struct text_outlet *self = (const struct text_outlet *)outlet;

	*ret = (struct outlet_account){ .offered = self->offered };
	writer_account(self->writer, ret);
}

static void text_close(struct outlet **outlet)
{
	struct text_outlet *self = (struct text_outlet *)*outlet;

	if (!self)
		return;
	writer_close(&self->writer);
	form_close(&self->form);
	free(self->name);
	free(self);
	*outlet = NULL;
}

static const struct outlet_ops text_outlet_ops = {
	.kind = "text",
	.offer = text_offer,
	.flush = text_flush,
	.finish = text_finish,
	.drain = text_drain,
	.account = text_account,
	.close = text_close,
};

int text_outlet_open(const struct form_ops *form, const struct form_options *form_options,
		     const struct writer_options *writer, struct outlet **ret)
{
	_cleanup_(outlet_close) struct outlet *outlet = NULL;
	struct text_outlet *self = calloc(1, sizeof(*self));
	int err;

	if (!self)
		return -ENOMEM;
	outlet = &self->outlet;
	outlet->ops = &text_outlet_ops;
	if (asprintf(&self->name, "%s:%s", form->name, writer->path ?: "") < 0) {
		self->name = NULL;
		return -ENOMEM;
	}
	outlet->name = writer->path ? self->name : "stdout";
	err = form_open(form, form_options, &self->form);
	if (!err)
		err = writer_open(writer, &self->writer);
	if (err)
		return err;
	*ret = TAKE_PTR(outlet);
	return 0;
}
