/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rows: whatever has named fields. A closed connection, a count of a group, a line of the ledger
 * each have a row type; filters, sorting and output are written once, for rows.
 */
#ifndef USER_MODEL_ROW_H
#define USER_MODEL_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/strbuf.h"
#include "user/model/names.h"

enum field_type {
	FIELD_STRING, /* bytes from outside: escape them */
	FIELD_WORD, /* a word of the field's list: lower case, digits and _ or a kernel name */
	FIELD_U64,
	FIELD_I64,
	FIELD_BOOL,
	FIELD_IP,
	FIELD_PORT,
	FIELD_TIME, /* nanoseconds since 1970, UTC */
	FIELD_DURATION_US,
	FIELD_BYTES,
	FIELD_WORD_LIST, /* a set of words of the field's list */
	FIELD_STRING_LIST, /* strings from outside, in their order: escape them */
	FIELD_RATIO, /* thousandths */
	FIELD_TYPE_COUNT,
};

/**
 * One value. Which member holds it follows from the field's type:
 *
 * @text     STRING and WORD; `len` bytes, NUL bytes possible in STRING.
 *           STRING_LIST: each string with a NUL behind it, `len` bytes in all.
 * @number   U64, PORT (host order), TIME, DURATION_US, BYTES, RATIO.
 * @integer  I64.
 * @truth    BOOL.
 * @ip       IP: 16 bytes in network order, IPv4 mapped.
 * @bits     WORD_LIST: bit n stands for word n of the field's list.
 */
struct field_value {
	union {
		struct {
			const char *text;
			size_t len;
		};
		uint64_t number;
		int64_t integer;
		bool truth;
		const uint8_t *ip;
		uint64_t bits;
	};
};

/**
 * One field of a row type.
 *
 * @words  Of WORD and WORD_LIST, else NULL.
 * @type   enum field_type.
 * @id     Its place in its table.
 */
struct field {
	const char *name;
	const char *unit;
	const char *meaning;
	const struct word_list *words;
	uint8_t type;
	uint8_t id;
};

/**
 * Another name of a field, or one name for two fields.
 *
 * @field  Place in the type's table.
 * @other  The same as `field`; or a second field of the same type, and then a test of the name is
 *         true when it is true of either, and `!=` and `not` mean neither.
 */
struct field_alias {
	const char *name;
	uint8_t field;
	uint8_t other;
};

#define ROW_NO_FIELD 0xff

/**
 * A kind of row. A field whose name ends in _us is found without that ending, too.
 *
 * @name       Of the kind: "connection".
 * @what       What a row is, for messages: "a closed connection".
 * @hint       What helps who asks for a field that there is not; may be NULL.
 * @fields     Row i has id i.
 * @key_first  The first of `key_count` fields that tell rows apart: rows that are equal by what
 *             they are sorted by are sorted by these, so that the order is always the same.
 * @rest       A BOOL: the row for which it is true stands for what found no room in the others, and
 *             is always sorted last. ROW_NO_FIELD: there is none.
 * @get        The value of a field, or false for null, that is, unknown. `scratch` is there for
 *             values that are made on demand, its former content is dropped; it may be NULL where
 *             no such field is asked for. Valid until the row or `scratch` changes.
 */
struct row_type {
	const char *name;
	const char *what;
	const char *hint;
	const struct field *fields;
	const struct field_alias *aliases;
	uint8_t field_count;
	uint8_t alias_count;
	uint8_t key_first;
	uint8_t key_count;
	uint8_t rest;
	bool (*get)(const void *row, unsigned int field, struct strbuf *scratch,
		    struct field_value *ret);
};

static inline bool row_get(const struct row_type *type, const void *row, unsigned int field,
			   struct strbuf *scratch, struct field_value *ret)
{
	return type->get(row, field, scratch, ret);
}

/* Whether it stands for what found no room in the others: row_type.rest. */
bool row_is_rest(const struct row_type *type, const void *row);

/**
 * The field that a name means: its own, one without _us, or an alias. Dots count as underscores:
 * rst.count.srv is rst_count_srv.
 *
 * @ret_other  Set to the second field when the name means two, else to NULL. May be NULL: then
 *             such names are not found.
 * @return     NULL when there is none.
 */
const struct field *row_type_find(const struct row_type *type, const char *name,
				  const struct field **ret_other);

/* Only by its own, full name; dots count as underscores. NULL when there is none. */
const struct field *row_type_field(const struct row_type *type, const char *name);

/**
 * Order by one field: the largest number first, texts, addresses and ports from small to large,
 * nulls after all others; then by what tells rows apart. For qsort().
 */
int row_compare(const struct row_type *type, const void *a, const void *b, unsigned int field);

/**
 * Sort rows by one field, as row_compare() does. What is equal keeps its order.
 *
 * @rows    `count` of them, `size` bytes each.
 * @ret     Pointers to them, grown with realloc; the caller frees *ret.
 * @return  0 or -ENOMEM.
 */
int rows_order(const struct row_type *type, unsigned int field, const void *rows, size_t size,
	       size_t count, const void ***ret);

/* "string", "u64", ... for help and the reference. */
const char *field_type_name(uint8_t type);

#endif
