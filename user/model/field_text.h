/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The values of fields as text for people and as JSON. */
#ifndef USER_MODEL_FIELD_TEXT_H
#define USER_MODEL_FIELD_TEXT_H

#include "user/base/clock.h"
#include "user/base/strbuf.h"
#include "user/model/row.h"

/**
 * One value for people: 10.0.0.8, 1.2 s, 4,312. Not escaped: STRING and STRING_LIST may hold any
 * bytes.
 *
 * @value  Of the field's getter. NULL is printed as "-".
 * @cache  May be NULL.
 */
void field_append_text(struct strbuf *b, const struct field *field, const struct field_value *value,
		       struct clock_format_cache *cache);

/**
 * One value as JSON, null included.
 *
 * @value  NULL for null.
 * @cache  May be NULL.
 */
void field_append_json(struct strbuf *b, const struct field *field, const struct field_value *value,
		       struct clock_format_cache *cache);

#endif
