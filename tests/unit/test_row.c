// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is the same for all rows: finding a field by its name, and order. */
#include "user/model/row.h"

#include "tests/harness/filter_rows.h"
#include "tests/harness/sample_connection.h"
#include "tests/harness/test.h"
#include "user/model/fields.h"
#include "user/model/flow_row.h"

TEST(a_name_finds_its_field_its_unitless_form_and_its_alias)
{
	const struct row_type *type = &filter_row_type;
	const struct field *other = row_fields;

	assert_ptr_equal(row_type_find(type, "count_a", &other), &row_fields[ROW_count_a]);
	assert_null(other);
	assert_ptr_equal(row_type_find(type, "count.a", NULL), &row_fields[ROW_count_a]);
	assert_ptr_equal(row_type_find(type, "age", NULL), &row_fields[ROW_age_us]);
	assert_ptr_equal(row_type_find(type, "count", NULL), &row_fields[ROW_count_a]);
	assert_ptr_equal(row_type_find(type, "port", &other), &row_fields[ROW_port_a]);
	assert_ptr_equal(other, &row_fields[ROW_port_b]);
	assert_null(row_type_find(type, "port", NULL));
	assert_null(row_type_find(type, "", NULL));
	assert_null(row_type_find(type, "count_", NULL));
	assert_null(row_type_find(type, "count_a_us", NULL));
	assert_null(row_type_field(type, "age"));
	assert_null(row_type_field(type, "count"));
	assert_ptr_equal(row_type_field(type, "age.us"), &row_fields[ROW_age_us]);
}

/* Every type: its fields have the ids of their places, and no name twice, aliases included. */
TEST(tables_of_fields_are_in_order)
{
	static const struct row_type *const types[] = { &connection_row_type, &flow_row_type };

	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		const struct row_type *type = types[t];

		assert_true(type->rest == ROW_NO_FIELD || type->rest < type->field_count);
		assert_true(type->key_first + type->key_count <= type->field_count);
		for (size_t i = 0; i < type->field_count; i++) {
			assert_int_equal(type->fields[i].id, i);
			assert_ptr_equal(row_type_find(type, type->fields[i].name, NULL),
					 &type->fields[i]);
		}
		for (size_t i = 0; i < type->alias_count; i++) {
			const struct field_alias *alias = &type->aliases[i];

			assert_null(row_type_field(type, alias->name));
			assert_int_equal(type->fields[alias->field].type,
					 type->fields[alias->other].type);
		}
	}
}

static void set(struct filter_row *row, unsigned int field, struct field_value value)
{
	row->is_known[field] = true;
	row->values[field] = value;
}

TEST(numbers_fall_texts_rise_and_nulls_are_last)
{
	static const uint8_t low[16] = { 1 }, high[16] = { 2 };
	static const struct {
		enum row_field field;
		struct field_value first, second;
	} cases[] = {
		{ ROW_count_a, { .number = 9 }, { .number = 2 } },
		{ ROW_at, { .number = UINT64_MAX }, { .number = 0 } },
		{ ROW_age_us, { .number = 1 }, { .number = 0 } },
		{ ROW_offset, { .integer = 3 }, { .integer = -4 } },
		{ ROW_flag, { .truth = true }, { .truth = false } },
		{ ROW_port_a, { .number = 80 }, { .number = 443 } },
		{ ROW_ip_a, { .ip = low }, { .ip = high } },
		{ ROW_text, { .text = "a", .len = 1 }, { .text = "ab", .len = 2 } },
		{ ROW_word, { .text = "ab", .len = 2 }, { .text = "b", .len = 1 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct filter_row rows[3];
		const void **ordered = NULL;

		memset(rows, 0, sizeof(rows));
		set(&rows[1], cases[i].field, cases[i].second);
		set(&rows[2], cases[i].field, cases[i].first);
		assert_int_equal(rows_order(&filter_row_type, cases[i].field, rows, sizeof(rows[0]),
					    3, &ordered),
				 0);
		assert_ptr_equal(ordered[0], &rows[2]);
		assert_ptr_equal(ordered[1], &rows[1]);
		assert_ptr_equal(ordered[2], &rows[0]);
		free(ordered);
	}
}

/* Values that are made on demand share one place: each must have its own while two are compared. */
TEST(values_made_on_demand_are_compared_too)
{
	struct closed_connection a = sample_connection(), b = sample_connection();
	int order;

	b.record.key.port[0] ^= 0x0101;
	order = row_compare(&connection_row_type, &a, &b, FIELD_ID_community_id);
	assert_int_not_equal(order, 0);
	assert_int_equal(row_compare(&connection_row_type, &a, &a, FIELD_ID_community_id), 0);
	assert_true((row_compare(&connection_row_type, &b, &a, FIELD_ID_community_id) < 0) ==
		    (order > 0));
}

TEST(what_is_equal_keeps_its_order_and_the_rest_is_last)
{
	static struct flow_row rows[64];
	const void **ordered = NULL;

	for (size_t i = 0; i < 64; i++)
		rows[i].is_rest = i == 10;
	rows[10].counts[TALLY_OPENED] = 1000;
	assert_int_equal(rows_order(&flow_row_type, FLOW_FIELD_connections, rows, sizeof(rows[0]),
				    64, &ordered),
			 0);
	for (size_t i = 0; i < 63; i++)
		assert_ptr_equal(ordered[i], &rows[i + (i >= 10)]);
	assert_ptr_equal(ordered[63], &rows[10]);
	free(ordered);
}

TEST_MAIN()
