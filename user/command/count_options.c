// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/count_options.h"

#include <errno.h>
#include <string.h>

#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/model/flow_row.h"
#include "user/option/option_value.h"

#define INTERVAL_LEAST_NS (100 * CLOCK_NS_PER_MS)
#define INTERVAL_MOST_NS (24 * 3600 * CLOCK_NS_PER_SECOND)
#define CONVERSATIONS_MOST (16 * 1024 * 1024)
#define CONVERSATIONS_DEFAULT 131072
#define BY_WORD_MAX 32

#define WORD_PACKETS(word) word ", "
#define WORD_ENDING(word) word ", "
#define WORD_CONNECTION(word)
#define BY_WORD(id, member, kind, field, from, ...) WORD_##from(#member)

/* -- --by ------------------------------------------------------------------------------------ */
/* The port of the client makes no group by itself: that is what `connection` is for. */
static bool by_word_bits(const char *word, uint32_t *bits)
{
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
		if (flow_key_makes_groups(key) && !strcmp(word, flow_key_word(key))) {
			*bits |= 1u << key;
			return true;
		}
	if (!strcmp(word, "conversation")) {
		*bits |= FLOW_BY_CONVERSATION;
		return true;
	}
	return false;
}

static const char *by_word(size_t index)
{
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
		if (flow_key_makes_groups(key) && !index--)
			return flow_key_word(key);
	return index == 0 ? "conversation" : index == 1 ? "connection" : NULL;
}

/* `client,server` to FLOW_KEY() bits. */
static int parse_by(const struct option_row *row, const char *value, void *target)
{
	struct count_options *counts = target;
	const char *begin = value;
	char word[BY_WORD_MAX];
	uint32_t bits = 0;
	size_t len;

	counts->by_was_said = true;
	counts->by = FLOW_BY_CONNECTION;
	if (!strcmp(value, "connection"))
		return 0;
	for (;; value += len + 1) {
		len = strcspn(value, ",");
		memcpy(word, value, len < sizeof(word) ? len : sizeof(word) - 1);
		word[len < sizeof(word) ? len : sizeof(word) - 1] = '\0';
		if (!strcmp(word, "connection"))
			return log_error(
				-EINVAL,
				"--%s: connection is the finest level and goes with no other",
				row->name);
		if (len >= sizeof(word) || !by_word_bits(word, &bits))
			return option_item_wrong(row, word, (size_t)(value - begin) + 1);
		if (!value[len])
			break;
	}
	counts->by = bits;
	return 0;
}

/* -- --sort ---------------------------------------------------------------------------------- */
static const char *sort_word(size_t index)
{
	return index < FLOW_FIELD_COUNT ? flow_fields[index].name : NULL;
}

static int parse_sort(const struct option_row *row, const char *value, void *target)
{
	const struct field *field = row_type_field(&flow_row_type, value);

	if (field) {
		*(uint32_t *)target = field->id;
		return 0;
	}
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
		if (!strcmp(value, flow_key_word(key))) {
			*(uint32_t *)target = flow_key_field(key);
			return 0;
		}
	return option_value_wrong(row, value);
}

/* -- the rows -------------------------------------------------------------------------------- */
static const struct option_row count_rows[] = {
	{ .name = "by",
	  .letter = 'b',
	  .metavar = "LIST",
	  .section = SECTION_COUNTS,
	  .type = OPTION_LIST,
	  .words = by_word,
	  .parse = parse_by,
	  .takes = FLOW_KEYS(BY_WORD) "conversation or connection",
	  .help = "count per client, server, server_port, comm, ... or connection" },
	{ .name = "sort",
	  .letter = 's',
	  .metavar = "FIELD",
	  .section = SECTION_COUNTS,
	  .type = OPTION_TEXT,
	  .words = sort_word,
	  .parse = parse_sort,
	  OPTION_TARGET(struct count_options, sort),
	  .takes = "a field such as rst_count",
	  .help = "put the rows in the order of a field (default rst_count)",
	  .more = "docs/flows.md lists the fields." },
	{ .name = "top",
	  .letter = 't',
	  .metavar = "N",
	  .section = SECTION_COUNTS,
	  .type = OPTION_NUMBER,
	  .least = 1,
	  OPTION_TARGET(struct count_options, top),
	  .takes = "a number of rows from 1 up",
	  .help = "show the first N rows only" },
	{ .name = "interval",
	  .metavar = "TIME",
	  .section = SECTION_COUNTS,
	  .type = OPTION_TIME,
	  .least = INTERVAL_LEAST_NS,
	  .most = INTERVAL_MOST_NS,
	  OPTION_TARGET(struct count_options, interval_ns),
	  .takes = "a time from 100ms to 24h",
	  .help = "show a table every TIME (default 1s)" },
	{ .name = "max-conversations",
	  .metavar = "N",
	  .section = SECTION_LIMITS,
	  .type = OPTION_NUMBER,
	  .least = 1,
	  .most = CONVERSATIONS_MOST,
	  OPTION_TARGET(struct count_options, max_conversations),
	  .help = "count N conversations apart (default 131072)",
	  .more = "What is beyond is counted in one row." },
};

static void count_init(void *options)
{
	struct count_options *counts = options;

	counts->by = FLOW_BY_CONVERSATION;
	counts->sort = FLOW_FIELD_rst_count;
	counts->interval_ns = CLOCK_NS_PER_SECOND;
	counts->max_conversations = CONVERSATIONS_DEFAULT;
}

const struct option_group count_option_group = {
	OPTION_ROWS(count_rows),
	.init = count_init,
};
