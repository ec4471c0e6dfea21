// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* NDJSON, read back with jansson. */
#include <jansson.h>

#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/base/cleanup.h"
#include "user/model/field_text.h"
#include "user/model/fields.h"
#include "user/render/forms.h"

/* What the form makes of `c`, parsed. */
static json_t *object_of(const struct closed_connection *c)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	_cleanup_(form_close) struct form *form = NULL;
	struct form_options options = {};
	json_error_t error;
	json_t *object;

	assert_int_equal(form_open(&ndjson_form_ops, &options, &form), 0);
	form_append(form, &text, c);
	assert_false(text.failed);
	assert_in_range(text.len, 2, 65536);
	assert_int_equal(text.data[text.len - 1], '\n');
	assert_null(memchr(text.data, '\n', text.len - 1));
	object = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		fail_msg("%s in %s", error.text, text.data);
	return object;
}

/* One member against the getter of its field, by type. */
static void assert_member(const struct closed_connection *c, const struct field *field,
			  const json_t *member)
{
	_cleanup_(strbuf_release) struct strbuf scratch = STRBUF_INIT, text = STRBUF_INIT;
	struct field_value value;
	size_t i = 0, len;

	assert_non_null(member);
	if (!row_get(&connection_row_type, c, field->id, &scratch, &value)) {
		assert_true(json_is_null(member));
		return;
	}
	switch (field->type) {
	case FIELD_STRING:
	case FIELD_WORD:
		assert_int_equal(json_string_length(member), value.len);
		assert_memory_equal(json_string_value(member), value.text, value.len);
		break;
	case FIELD_U64:
	case FIELD_PORT:
	case FIELD_DURATION_US:
	case FIELD_BYTES:
		assert_true(json_is_integer(member));
		assert_int_equal(json_integer_value(member), value.number);
		break;
	case FIELD_I64:
		assert_int_equal(json_integer_value(member), value.integer);
		break;
	case FIELD_BOOL:
		assert_int_equal(json_is_true(member), value.truth);
		break;
	case FIELD_WORD_LIST:
		assert_int_equal(json_array_size(member), __builtin_popcountll(value.bits));
		for (; value.bits; value.bits &= value.bits - 1)
			assert_string_equal(
				json_string_value(json_array_get(member, i++)),
				field->words->name((uint8_t)__builtin_ctzll(value.bits)));
		break;
	case FIELD_STRING_LIST:
		for (; value.len; value.text += len, value.len -= len) {
			len = strlen(value.text) + 1;
			assert_string_equal(json_string_value(json_array_get(member, i++)),
					    value.text);
		}
		assert_int_equal(json_array_size(member), i);
		break;
	default:
		field_append_text(&text, field, &value, NULL);
		assert_string_equal(json_string_value(member), text.data);
	}
}

static void assert_round_trip(const struct closed_connection *c)
{
	json_t *object = object_of(c);
	size_t i;

	assert_int_equal(json_object_size(object), FIELD_COUNT);
	for (i = 0; i < FIELD_COUNT; i++)
		assert_member(c, &connection_fields[i],
			      json_object_get(object, connection_fields[i].name));
	json_decref(object);
}

TEST(a_full_record_comes_back_as_it_was)
{
	struct closed_connection c = sample_connection_with_stacks();

	assert_round_trip(&c);
}

TEST(an_empty_record_comes_back_with_its_nulls)
{
	struct closed_connection c = sample_connection_empty();
	json_t *object = object_of(&c);

	assert_true(json_is_null(json_object_get(object, "pid")));
	assert_true(json_is_null(json_object_get(object, "bytes_unread")));
	assert_true(json_is_null(json_object_get(object, "reason")));
	json_decref(object);
	assert_round_trip(&c);
}

TEST(ipv6_and_extreme_numbers_come_back)
{
	struct close_record r = sample_record();
	struct closed_connection c;

	sample_set_key(&r, "fe80::1", 65535, "2001:db8::", 1);
	r.bytes_sent = INT64_MAX;
	r.evidence.rst_seq_offset = INT32_MIN;
	r.evidence.unread_bytes = UINT32_MAX;
	c = sample_connection_of(&r);
	assert_round_trip(&c);
}

TEST(hostile_names_come_back_and_forge_nothing)
{
	static const char *const names[] = {
		"\",\"pid\":1,\"x\":\"", "}\n{\"pid\":1}",	"\\", "a\tb\nc\rd",
		"\x01\x1f\x7f",		 "\xc3\xa9\xe2\x82\xac"
	};
	struct closed_connection c;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct close_record r = sample_record();

		sample_set_task(&r.owner, 4, 0, names[i]);
		sample_set_task(&r.closer, 5, 0, names[i]);
		c = sample_connection_of(&r);
		c.cgroup = names[i];
		c.host = names[i];
		assert_round_trip(&c);
	}
}

TEST(bytes_that_are_no_text_become_replacement_characters)
{
	struct close_record r = sample_record();
	struct closed_connection c;
	json_t *object;

	sample_set_task(&r.owner, 4, 0, "a\xff\xc3");
	c = sample_connection_of(&r);
	object = object_of(&c);
	assert_string_equal(json_string_value(json_object_get(object, "comm")),
			    "a\xef\xbf\xbd\xef\xbf\xbd");
	json_decref(object);
}

TEST_MAIN()
