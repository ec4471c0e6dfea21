// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/command/options_flows.h"

#include <errno.h>
#include <string.h>

#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/base/parse_number.h"
#include "user/model/flow_row.h"
#include "user/model/nearest_name.h"

#define INTERVAL_LEAST_NS (100 * CLOCK_NS_PER_MS)
#define INTERVAL_MOST_NS (24 * 3600 * CLOCK_NS_PER_SECOND)
#define CONVERSATIONS_LEAST 1
#define CONVERSATIONS_MOST (16 * 1024 * 1024)
#define CONVERSATIONS_DEFAULT 131072
#define BY_WORD_MAX 32

void flow_options_init(struct flow_options *options)
{
	options->by = FLOW_BY_CONVERSATION;
	options->sort = FLOW_FIELD_rst_count;
	options->interval_ns = CLOCK_NS_PER_SECOND;
	options->max_conversations = CONVERSATIONS_DEFAULT;
}

int parse_zones(const char *name, char *value, struct options *options)
{
	if (!*value)
		return log_error(-EINVAL, "--%s takes the name of a file", name);
	options->zones_path = value;
	return 0;
}

/* The port of the client makes no group by itself: that is what `connection` is for. */
static bool by_word_bits(const char *word, uint32_t *bits)
{
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
		if (key != FLOW_KEY_CLIENT_PORT && !strcmp(word, flow_key_word(key))) {
			*bits |= 1u << key;
			return true;
		}
	if (!strcmp(word, "conversation")) {
		*bits |= FLOW_BY_CONVERSATION;
		return true;
	}
	return false;
}

static int by_word_unknown(const char *what, const char *word)
{
	struct nearest_name nearest = { .wanted = word };

	nearest_name_offer(&nearest, "conversation");
	nearest_name_offer(&nearest, "connection");
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
		if (key != FLOW_KEY_CLIENT_PORT)
			nearest_name_offer(&nearest, flow_key_word(key));
	return log_error(
		-EINVAL,
		"%s takes client, server, server_port, comm, container, pod, verdict, "
		"zone_client, zone_server, interface, netns, conversation or connection, not "
		"\"%s\"%s%s%s",
		what, word, nearest.name ? "; did you mean " : "", nearest.name ? nearest.name : "",
		nearest.name ? "?" : "");
}

int flow_by_parse(const char *what, const char *list, uint32_t *ret)
{
	char word[BY_WORD_MAX];
	uint32_t bits = 0;
	size_t len;

	if (!strcmp(list, "connection")) {
		*ret = FLOW_BY_CONNECTION;
		return 0;
	}
	for (;; list += len + 1) {
		len = strcspn(list, ",");
		memcpy(word, list, len < sizeof(word) ? len : sizeof(word) - 1);
		word[len < sizeof(word) ? len : sizeof(word) - 1] = '\0';
		if (!strcmp(word, "connection"))
			return log_error(
				-EINVAL,
				"%s: connection is the finest level and goes with no other", what);
		if (len >= sizeof(word) || !by_word_bits(word, &bits))
			return by_word_unknown(what, word);
		if (!list[len])
			break;
	}
	*ret = bits;
	return 0;
}

int parse_by(const char *name, char *value, struct options *options)
{
	(void)name;
	options->flows.by_was_said = true;
	return flow_by_parse("--by", value, &options->flows.by);
}

int parse_sort(const char *name, char *value, struct options *options)
{
	const struct field *field = row_type_field(&flow_row_type, value);
	struct nearest_name nearest = { .wanted = value };

	if (field) {
		options->flows.sort = field->id;
		return 0;
	}
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
		if (!strcmp(value, flow_key_word(key))) {
			options->flows.sort = flow_key_field(key);
			return 0;
		}
	for (int i = 0; i < FLOW_FIELD_COUNT; i++)
		nearest_name_offer(&nearest, flow_fields[i].name);
	return log_error(-EINVAL, "--%s takes a field such as rst_count, not \"%s\"%s%s%s", name,
			 value, nearest.name ? "; did you mean " : "",
			 nearest.name ? nearest.name : "; docs/flows.md lists them",
			 nearest.name ? "?" : "");
}

int parse_top(const char *name, char *value, struct options *options)
{
	if (!parse_u64(value, UINT64_MAX, &options->flows.top) && options->flows.top)
		return 0;
	return log_error(-EINVAL, "--%s takes a number of rows from 1 up, not \"%s\"", name, value);
}

int parse_interval(const char *name, char *value, struct options *options)
{
	uint64_t interval_ns;

	if (parse_duration_ns(value, &interval_ns) || interval_ns < INTERVAL_LEAST_NS ||
	    interval_ns > INTERVAL_MOST_NS)
		return log_error(-EINVAL, "--%s takes a time from 100ms to 24h, not \"%s\"", name,
				 value);
	options->flows.interval_ns = interval_ns;
	return 0;
}

int parse_once(const char *name, char *value, struct options *options)
{
	(void)name;
	(void)value;
	options->flows.once = true;
	return 0;
}

int parse_max_conversations(const char *name, char *value, struct options *options)
{
	uint64_t count;

	if (parse_u64(value, CONVERSATIONS_MOST, &count) || count < CONVERSATIONS_LEAST)
		return log_error(-EINVAL, "--%s takes a number from %d to %d, not \"%s\"", name,
				 CONVERSATIONS_LEAST, CONVERSATIONS_MOST, value);
	options->flows.max_conversations = count;
	return 0;
}
