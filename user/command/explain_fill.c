// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/explain_fill.h"

#include <errno.h>
#include <string.h>

#define VALUE_MAX 255 /* bytes: a host name, RFC 1035 */
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SAFE CAPITALS "abcdefghijklmnopqrstuvwxyz0123456789.:_/@%-"

#define PLACE_NAME(name) #name,
static const char *const place_names[] = { EXPLAIN_PLACES(PLACE_NAME) };

/* EXPLAIN_PLACE_COUNT when these bytes are no place. */
static size_t place_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < EXPLAIN_PLACE_COUNT; i++)
		if (strlen(place_names[i]) == len && memcmp(place_names[i], name, len) == 0)
			break;
	return i;
}

int explain_fill_take(struct explain_fill *fill, const char *word, struct strbuf *error)
{
	const char *value = strchr(word, '=');
	size_t place;

	if (!value)
		return 0;
	place = place_find(word, (size_t)(value - word));
	value++;
	if (place == EXPLAIN_PLACE_COUNT) {
		strbuf_appendf(error, "%s fills in nothing; commands have", word);
		for (size_t i = 0; i < EXPLAIN_PLACE_COUNT; i++)
			strbuf_appendf(error, "%s %s", i ? "," : "", place_names[i]);
		return -EINVAL;
	}
	if (!*value || *value == '-' || value[strspn(value, SAFE)] || strlen(value) > VALUE_MAX) {
		strbuf_appendf(error,
			       "%s= takes letters, digits and . : _ / @ %% - (at most %d), not "
			       "\"%s\"",
			       place_names[place], VALUE_MAX, value);
		return -EINVAL;
	}
	fill->values[place] = value;
	return 1;
}

void explain_fill_append(const struct explain_fill *fill, struct strbuf *b, const char *text)
{
	while (*text) {
		size_t other = strcspn(text, CAPITALS), len, place;

		strbuf_append(b, text, other);
		text += other;
		len = strspn(text, CAPITALS "_");
		place = place_find(text, len);
		if (place < EXPLAIN_PLACE_COUNT && fill->values[place])
			strbuf_append_str(b, fill->values[place]);
		else
			strbuf_append(b, text, len);
		text += len;
	}
}
