// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections in one of the forms of user/render, into a descriptor. */
#include <errno.h>
#include <stdlib.h>

#include "user/base/log.h"
#include "user/render/forms.h"
#include "user/sink/output.h"
#include "user/sink/sinks.h"

struct text_sink {
	struct sink sink;
	struct output output;
	struct form *form;
	bool has_head;
};

static int text_open(const struct sink_options *options, const struct sink_ops *ops,
		     struct sink **ret)
{
	const struct form_options form_options = {
		.columns = options->columns,
		.is_terminal = options->is_terminal,
		.colour = options->colour,
		.width = options->width,
	};
	struct text_sink *self = calloc(1, sizeof(*self));
	int err;

	if (!self)
		return -ENOMEM;
	err = form_open(ops->form, &form_options, &self->form);
	if (err) {
		free(self);
		return err;
	}
	self->sink.ops = ops;
	output_init(&self->output, options);
	*ret = &self->sink;
	return 0;
}

/* The head comes with the first line or the first flush: not when the start fails. */
static int text_begin(struct text_sink *self)
{
	int err;

	if (self->has_head || !self->form->ops->head)
		return 0;
	output_begin(&self->output);
	self->form->ops->head(self->form, &self->output.text);
	err = output_end(&self->output);
	self->has_head = !err;
	return err;
}

static int text_write(struct sink *sink, const struct closed_connection *c)
{
	struct text_sink *self = (struct text_sink *)sink;
	int err = text_begin(self);

	if (err)
		return err;
	output_begin(&self->output);
	form_append(self->form, &self->output.text, c);
	return output_end(&self->output);
}

static int text_flush(struct sink *sink)
{
	struct text_sink *self = (struct text_sink *)sink;
	int err = text_begin(self);

	return err ? err : output_flush(&self->output);
}

static void text_close(struct sink **sink)
{
	struct text_sink *self = (struct text_sink *)*sink;

	if (!self)
		return;
	/* Only behind whole records: a reader that has gone has had enough. */
	if (self->form->ops->tail && self->has_head && !self->output.text.len) {
		self->form->ops->tail(self->form, &self->output.text);
		if (output_flush(&self->output))
			log_debug("the output has no end line");
		strbuf_reset(&self->output.text);
	}
	output_release(&self->output);
	form_close(&self->form);
	free(self);
	*sink = NULL;
}

#define TEXT_SINK(word)                                                                            \
	static int word##_open(const struct sink_options *options, struct sink **ret)              \
	{                                                                                          \
		return text_open(options, &word##_sink_ops, ret);                                  \
	}                                                                                          \
	const struct sink_ops word##_sink_ops = {                                                  \
		.name = #word,                                                                     \
		.form = &word##_form_ops,                                                          \
		.open = word##_open,                                                               \
		.write = text_write,                                                               \
		.flush = text_flush,                                                               \
		.close = text_close,                                                               \
	};

TEXT_SINK(table)
TEXT_SINK(wide)
TEXT_SINK(ndjson)
TEXT_SINK(csv)
TEXT_SINK(zeek)
