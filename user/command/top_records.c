// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/top_records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/clock.h"
#include "user/base/json_text.h"
#include "user/base/strbuf.h"
#include "user/count/flow_ending.h"
#include "user/model/connection_copy.h"
#include "user/model/explanation.h"
#include "user/model/names.h"

/**
 * @text   What was made last, strings with a NUL behind each; @items point into it.
 */
struct top_records {
	struct closed_connection *kept[TOP_RECORDS_KEPT];
	size_t count; /* of all, also of those that made room */
	uint64_t lost; /* for want of memory */
	struct strbuf text;
	struct strbuf scratch;
	size_t line_at[TOP_RECORDS_SHOWN];
	size_t explanation_at[TOP_RECORDS_SHOWN];
	struct top_record items[TOP_RECORDS_SHOWN];
};

int top_records_new(struct top_records **ret)
{
	struct top_records *records = calloc(1, sizeof(*records));

	if (!records)
		return -ENOMEM;
	*ret = records;
	return 0;
}

void top_records_free(struct top_records **records)
{
	if (!*records)
		return;
	for (size_t i = 0; i < TOP_RECORDS_KEPT; i++)
		free((*records)->kept[i]);
	strbuf_release(&(*records)->text);
	strbuf_release(&(*records)->scratch);
	free(*records);
	*records = NULL;
}

void top_records_add(struct top_records *records, const struct closed_connection *c)
{
	struct closed_connection **place = &records->kept[records->count % TOP_RECORDS_KEPT];
	struct closed_connection *copy = connection_copy(c, NULL);

	if (!copy) {
		records->lost++;
		return;
	}
	free(*place);
	*place = copy;
	records->count++;
}

uint64_t top_records_lost(const struct top_records *records)
{
	return records->lost;
}

void top_records_each(const struct top_records *records,
		      void (*each)(void *data, const struct closed_connection *c), void *data)
{
	size_t first = records->count > TOP_RECORDS_KEPT ? records->count - TOP_RECORDS_KEPT : 0;

	for (size_t i = first; i < records->count; i++)
		each(data, records->kept[i % TOP_RECORDS_KEPT]);
}

static bool is_of(const struct closed_connection *c, const struct flow_identity *identity)
{
	struct flow_identity own;

	flow_identity_of_ending(&own, c);
	return own.client_port == identity->client_port &&
	       own.server_port == identity->server_port &&
	       !memcmp(own.client, identity->client, 16) &&
	       !memcmp(own.server, identity->server, 16);
}

static void append_line(struct top_records *records, const struct closed_connection *c)
{
	struct strbuf *b = &records->text;

	clock_append_local_hms(b, NULL, c->wall_ns, true);
	strbuf_append_str(b, "  ");
	strbuf_append_str(b, verdict_name(c->record.decision.verdict));
	strbuf_append_str(b, "  ");
	connection_append_local(b, c);
	if (!c->record.owner.pid)
		return;
	strbuf_append_str(b, "  ");
	strbuf_reset(&records->scratch);
	connection_append_owner(&records->scratch, c);
	if (!records->scratch.failed)
		text_append_escaped(b, records->scratch.data, records->scratch.len);
}

static void append_record(struct top_records *records, const struct closed_connection *c,
			  size_t index)
{
	struct strbuf *b = &records->text;

	records->line_at[index] = b->len;
	append_line(records, c);
	strbuf_append_char(b, '\0');
	records->explanation_at[index] = b->len;
	strbuf_reset(&records->scratch);
	explanation_append(&records->scratch, c);
	if (!records->scratch.failed)
		text_append_escaped(b, records->scratch.data, records->scratch.len);
	strbuf_append_char(b, '\0');
}

const struct top_record *top_records_of(struct top_records *records,
					const struct flow_identity *identity, size_t *ret_count)
{
	size_t kept = records->count < TOP_RECORDS_KEPT ? records->count : TOP_RECORDS_KEPT;
	size_t count = 0;

	strbuf_reset(&records->text);
	for (size_t ago = 1; ago <= kept && count < TOP_RECORDS_SHOWN; ago++) {
		const struct closed_connection *c =
			records->kept[(records->count - ago) % TOP_RECORDS_KEPT];

		if (is_of(c, identity))
			append_record(records, c, count++);
	}
	if (records->text.failed)
		count = 0;
	for (size_t i = 0; i < count; i++)
		records->items[i] = (struct top_record){
			.line = records->text.data + records->line_at[i],
			.explanation = records->text.data + records->explanation_at[i],
		};
	*ret_count = count;
	return records->items;
}
