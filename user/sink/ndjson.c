// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One JSON object per line: every field of the registry, always, in its order. */
#include <errno.h>
#include <stdlib.h>

#include "user/base/clock.h"
#include "user/model/field_text.h"
#include "user/model/fields.h"
#include "user/sink/output.h"
#include "user/sink/sinks.h"

struct ndjson_sink {
	struct sink sink;
	struct output output;
	struct strbuf scratch;
	struct clock_format_cache cache;
};

/* `,"name":` as one literal: keys cost a copy. The first comma is skipped. */
struct ndjson_key {
	const char *text;
	size_t len;
};

#define NDJSON_KEY(name, ...) { ",\"" #name "\":", sizeof(",\"" #name "\":") - 1 },
static const struct ndjson_key ndjson_keys[FIELD_COUNT] = { CONNECTION_FIELDS(NDJSON_KEY) };

static int ndjson_open(const struct sink_options *options, struct sink **ret)
{
	struct ndjson_sink *self = calloc(1, sizeof(*self));

	if (!self)
		return -ENOMEM;
	self->sink.ops = &ndjson_sink_ops;
	output_init(&self->output, options);
	*ret = &self->sink;
	return 0;
}

static int ndjson_write(struct sink *sink, const struct closed_connection *c)
{
	struct ndjson_sink *self = (struct ndjson_sink *)sink;
	struct strbuf *b = &self->output.text;
	struct field_value value;
	size_t i, skip = 1;

	output_begin(&self->output);
	strbuf_append_char(b, '{');
	for (i = 0; i < FIELD_COUNT; i++, skip = 0) {
		const struct field *field = &connection_fields[i];
		bool is_known = row_get(&connection_row_type, c, i, &self->scratch, &value);

		strbuf_append(b, ndjson_keys[i].text + skip, ndjson_keys[i].len - skip);
		field_append_json(b, field, is_known ? &value : NULL, &self->cache);
	}
	strbuf_append(b, "}\n", 2);
	return output_end(&self->output);
}

static int ndjson_flush(struct sink *sink)
{
	return output_flush(&((struct ndjson_sink *)sink)->output);
}

static void ndjson_close(struct sink **sink)
{
	struct ndjson_sink *self = (struct ndjson_sink *)*sink;

	if (!self)
		return;
	output_release(&self->output);
	strbuf_release(&self->scratch);
	free(self);
	*sink = NULL;
}

const struct sink_ops ndjson_sink_ops = {
	.name = "ndjson",
	.meaning = "one JSON object per line, with every field",
	.open = ndjson_open,
	.write = ndjson_write,
	.flush = ndjson_flush,
	.close = ndjson_close,
};
