// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/outlet/rows_outlet.h"

#include <errno.h>
#include <stdlib.h>

#include "user/base/cleanup.h"

struct rows_outlet {
	struct outlet outlet;
	struct form *form;
	struct writer *writer;
	uint64_t offered;
	bool has_table;
};

static void rows_offer(struct outlet *outlet, const struct closed_connection *c)
{
	(void)outlet;
	(void)c;
}

static void rows_drain(struct outlet *outlet, uint64_t deadline_ns)
{
	writer_drain(((struct rows_outlet *)outlet)->writer, deadline_ns);
}

static void rows_account(const struct outlet *outlet, struct outlet_account *ret)
{
	const struct rows_outlet *self = (const struct rows_outlet *)outlet;

	*ret = (struct outlet_account){ .offered = self->offered };
	writer_account(self->writer, ret);
}

static void rows_close(struct outlet **outlet)
{
	struct rows_outlet *self = (struct rows_outlet *)*outlet;

	if (!self)
		return;
	writer_close(&self->writer);
	form_close(&self->form);
	free(self);
	*outlet = NULL;
}

static const struct outlet_ops rows_outlet_ops = {
	.kind = "rows",
	.offer = rows_offer,
	.drain = rows_drain,
	.account = rows_account,
	.close = rows_close,
};

int rows_outlet_open(const char *name, const struct form_ops *form,
		     const struct form_options *form_options, const struct writer_options *writer,
		     struct outlet **ret)
{
	_cleanup_(outlet_close) struct outlet *outlet = NULL;
	struct rows_outlet *self = calloc(1, sizeof(*self));
	int err;

	if (!self)
		return -ENOMEM;
	outlet = &self->outlet;
	outlet->ops = &rows_outlet_ops;
	outlet->name = name;
	err = form_open(form, form_options, &self->form);
	if (!err)
		err = writer_open(writer, &self->writer);
	if (err)
		return err;
	*ret = TAKE_PTR(outlet);
	return 0;
}

static void append_table(struct rows_outlet *self, struct strbuf *b, const char *title,
			 const void *const *rows, size_t count)
{
	const struct form_ops *ops = self->form->ops;

	if (ops->fit && title) {
		if (self->has_table)
			strbuf_append_char(b, '\n');
		strbuf_append_str(b, title);
	}
	if (ops->fit)
		ops->fit(self->form, rows, count);
	if (ops->head && (ops->fit || !self->has_table))
		ops->head(self->form, b);
	for (size_t i = 0; i < count; i++)
		form_append(self->form, b, rows[i]);
	self->has_table = true;
}

void rows_outlet_write(struct outlet *outlet, const char *title, const void *const *rows,
		       size_t count)
{
	struct rows_outlet *self = (struct rows_outlet *)outlet;
	struct strbuf *b;

	self->offered += count;
	b = count ? writer_begin(self->writer, count) : NULL;
	if (!b)
		return;
	append_table(self, b, title, rows, count);
	writer_end(self->writer, count, false);
	writer_flush(self->writer);
}
