// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as records of the ring: refused, or counted exactly once and written as one valid JSON
 * object and one line of text. The input is a row of records, each behind two bytes of length.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "include/storm.h"
#include "tests/fuzz/fuzz.h"
#include "user/base/cleanup.h"
#include "user/base/json_text.h"
#include "user/model/field_text.h"
#include "user/model/fields.h"
#include "user/model/record_check.h"
#include "user/outlet/call_outlet.h"
#include "user/pipeline/pipeline.h"

static void json_check(const struct closed_connection *c)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT, scratch = STRBUF_INIT;
	struct field_value value;
	json_t *object;

	strbuf_append_char(&b, '{');
	for (int i = 0; i < FIELD_COUNT; i++) {
		const struct field *field = &connection_fields[i];
		bool is_known = row_get(&connection_row_type, c, i, &scratch, &value);

		strbuf_appendf(&b, "%s\"%s\":", i ? "," : "", field->name);
		field_append_json(&b, field, is_known ? &value : NULL, NULL);
	}
	strbuf_append_char(&b, '}');
	FUZZ_REQUIRE(!b.failed);
	object = json_loadb(b.data, b.len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
	FUZZ_REQUIRE(object && json_object_size(object) == FIELD_COUNT);
	json_decref(object);
}

static void text_check(const struct closed_connection *c)
{
	_cleanup_(strbuf_release) struct strbuf b = STRBUF_INIT, raw = STRBUF_INIT,
						scratch = STRBUF_INIT;
	struct field_value value;

	for (int i = 0; i < FIELD_COUNT; i++) {
		const struct field *field = &connection_fields[i];

		strbuf_reset(&raw);
		field_append_text(&raw, field,
				  row_get(&connection_row_type, c, i, &scratch, &value) ? &value :
											  NULL,
				  NULL);
		text_append_escaped(&b, raw.data, raw.len);
	}
	FUZZ_REQUIRE(!b.failed && !memchr(b.data, '\n', b.len) && !memchr(b.data, 033, b.len));
}

static int check_take(void *data, const struct closed_connection *c)
{
	(void)data;
	FUZZ_REQUIRE(c->repeated);
	json_check(c);
	text_check(c);
	return 0;
}

/* What the record adds to the account, as far as it is good. */
static uint64_t endings_of(const void *data, size_t size)
{
	struct storm_record storm;
	enum record_type type;

	if (record_check(data, size, &type))
		return 0;
	if (type == RECORD_CLOSE)
		return 1;
	if (type != RECORD_STORM)
		return 0;
	memcpy(&storm, data, sizeof(storm));
	return storm.repeated;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_context context = { .jiffies_hz = 250, .host = "host" };
	struct tracer_config config = { 0 };
	_cleanup_(outlet_close) struct outlet *outlet = NULL;
	struct pipeline_options options = {
		.context = &context, .config = &config, .outlets = &outlet, .outlet_count = 1
	};
	_cleanup_(pipeline_free) struct pipeline *pipeline = NULL;
	const struct pipeline_account *account;
	uint64_t endings = 0;

	if (size < 2)
		return 0;
	options.show_all = data[0] & 1;
	options.count_limit = data[0] >> 5;
	FUZZ_REQUIRE(!call_outlet_new("check", check_take, NULL, &outlet));
	FUZZ_REQUIRE(!pipeline_new(&options, &pipeline));
	for (data++, size--; size >= 2;) {
		size_t len = data[0] | (size_t)data[1] << 8;
		_cleanup_free_ void *record = NULL;

		data += 2, size -= 2;
		if (len > size)
			len = size;
		/* The ring aligns to 8 bytes; a byte too many is found by the sanitizer. */
		record = malloc(len ? len : 1);
		FUZZ_REQUIRE(record);
		memcpy(record, data, len);
		endings += endings_of(record, len);
		FUZZ_REQUIRE(pipeline_feed(pipeline, record, len) >= 0);
		data += len, size -= len;
	}
	FUZZ_REQUIRE(pipeline_expire(pipeline, UINT64_MAX / 2) >= 0);
	pipeline_finish(pipeline);
	account = pipeline_account(pipeline);
	FUZZ_REQUIRE(account->shown + account->grouped + account->normal + account->filtered +
			     account->beyond ==
		     endings);
	return 0;
}
