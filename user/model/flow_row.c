// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/flow_row.h"

#include <string.h>

#define THOUSANDTHS 1000

static const char *client_known_by_name(uint8_t is_guess)
{
	return is_guess ? "guess" : "seen";
}

const struct word_list client_known_by_words = { client_known_by_name, 2 };

#define FLOW_FIELD_ROW(field, kind, unit_of, words_of, meaning_of)                                 \
	[FLOW_FIELD_##field] = { .name = #field,                                                   \
				 .unit = unit_of,                                                  \
				 .meaning = meaning_of,                                            \
				 .words = words_of,                                                \
				 .type = FIELD_##kind,                                             \
				 .id = FLOW_FIELD_##field },

const struct field flow_fields[FLOW_FIELD_COUNT] = { FLOW_FIELDS(FLOW_FIELD_ROW) };

static const struct {
	const char *word;
	bool needs_record;
} flow_keys[FLOW_KEY_COUNT] = {
#define FLOW_KEY_ROW(id, word, needs_record, meaning) [FLOW_KEY_##id] = { word, needs_record },
	FLOW_KEYS(FLOW_KEY_ROW)
};

const char *flow_key_word(unsigned int key)
{
	return key < FLOW_KEY_COUNT ? flow_keys[key].word : NULL;
}

#define FIRST_KEY FLOW_FIELD_client_addr
#define IS_FIELD_OF(key, field) ((int)(field) - (int)FIRST_KEY == (int)(key))
_Static_assert(IS_FIELD_OF(FLOW_KEY_VERDICT, FLOW_FIELD_verdict) &&
		       IS_FIELD_OF(FLOW_KEY_NETNS, FLOW_FIELD_netns),
	       "keys and their fields have one order");

enum flow_field flow_key_field(unsigned int key)
{
	return (enum flow_field)(FIRST_KEY + key);
}

bool flow_field_is_key(unsigned int field)
{
	return field >= FIRST_KEY && field < FIRST_KEY + FLOW_KEY_COUNT;
}

bool flow_key_needs_record(unsigned int key)
{
	return flow_keys[key].needs_record;
}

static bool give_text(struct field_value *ret, const char *text)
{
	if (!text)
		return false;
	ret->text = text;
	ret->len = strlen(text);
	return true;
}

static bool give_number(struct field_value *ret, uint64_t number)
{
	ret->number = number;
	return true;
}

static bool flow_row_get_key(const struct flow_row *row, unsigned int field,
			     struct field_value *ret)
{
	const struct flow_identity *id = &row->identity;

	if (!(id->known & 1u << (field - FIRST_KEY)))
		return false;
	switch (field) {
	case FLOW_FIELD_client_addr:
		ret->ip = id->client;
		return true;
	case FLOW_FIELD_client_port:
		return give_number(ret, id->client_port);
	case FLOW_FIELD_server_addr:
		ret->ip = id->server;
		return true;
	case FLOW_FIELD_server_port:
		return give_number(ret, id->server_port);
	case FLOW_FIELD_comm:
		return give_text(ret, id->comm);
	case FLOW_FIELD_container:
		return give_text(ret, id->container);
	case FLOW_FIELD_pod:
		return give_text(ret, id->pod);
	case FLOW_FIELD_verdict:
		return give_text(ret, verdict_name(id->verdict));
	case FLOW_FIELD_zone_client:
		return give_text(ret, id->zone_client);
	case FLOW_FIELD_zone_server:
		return give_text(ret, id->zone_server);
	case FLOW_FIELD_interface:
		return give_text(ret, id->interface);
	default:
		return give_number(ret, id->netns);
	}
}

/* Thousandths of a / b, rounded; all of it in 128 bits, so that no count is too large. */
static bool give_ratio(struct field_value *ret, uint64_t a, uint64_t b, uint64_t scale)
{
	if (!b)
		return false;
	return give_number(ret, ((unsigned __int128)a * scale * THOUSANDTHS + b / 2) / b);
}

static bool give_rate(const struct flow_row *row, struct field_value *ret, uint64_t count)
{
	return give_ratio(ret, count, row->elapsed_ns, 1000000000);
}

bool flow_row_get(const void *data, unsigned int field, struct strbuf *scratch,
		  struct field_value *ret)
{
	const struct flow_row *row = data;
	const uint64_t *counts = row->counts;
	uint64_t syn = counts[TALLY_SYN_CLT] + counts[TALLY_SYN_SRV];
	uint64_t fin = counts[TALLY_FIN_CLT] + counts[TALLY_FIN_SRV];
	uint64_t rst = counts[TALLY_RST_CLT] + counts[TALLY_RST_SRV];

	(void)scratch;
	if (flow_field_is_key(field))
		return flow_row_get_key(row, field, ret);
	switch ((enum flow_field)field) {
	case FLOW_FIELD_time:
		return give_number(ret, row->time_ns);
	case FLOW_FIELD_elapsed_us:
		return give_number(ret, row->elapsed_ns / CLOCK_NS_PER_US);
	case FLOW_FIELD_rest:
		ret->truth = row->is_rest;
		return true;
	case FLOW_FIELD_syn_count:
		return give_number(ret, syn);
	case FLOW_FIELD_fin_count:
		return give_number(ret, fin);
	case FLOW_FIELD_rst_count:
		return give_number(ret, rst);
#define FLOW_COUNT_CASE(id, name, ...)                                                             \
	case FLOW_FIELD_##name:                                                                    \
		return give_number(ret, counts[TALLY_##id]);
		TALLY_COUNTS(FLOW_COUNT_CASE)
	case FLOW_FIELD_rst_habit:
		return give_number(ret, counts[FLOW_COUNT_RST_HABIT]);
	case FLOW_FIELD_syn_rate:
		return give_rate(row, ret, syn);
	case FLOW_FIELD_ct_rate:
		return give_rate(row, ret, counts[TALLY_CT]);
	case FLOW_FIELD_fin_rate:
		return give_rate(row, ret, fin);
	case FLOW_FIELD_rst_rate:
		return give_rate(row, ret, rst);
	case FLOW_FIELD_connection_rate:
		return give_rate(row, ret, counts[TALLY_OPENED]);
	case FLOW_FIELD_syn_per_connection:
		return give_ratio(ret, counts[TALLY_SYN_CLT], counts[TALLY_OPENED], 1);
	case FLOW_FIELD_rst_per_connection:
		return give_ratio(ret, rst, counts[TALLY_OPENED], 1);
	case FLOW_FIELD_client_known_by:
		return give_text(ret, client_known_by_name(counts[TALLY_GUESSED] != 0));
	default:
		return false;
	}
}

static const struct field_alias aliases[] = {
	{ "addr", FLOW_FIELD_client_addr, FLOW_FIELD_server_addr },
	{ "port", FLOW_FIELD_client_port, FLOW_FIELD_server_port },
	{ "zone", FLOW_FIELD_zone_client, FLOW_FIELD_zone_server },
	{ "client", FLOW_FIELD_client_addr, FLOW_FIELD_client_addr },
	{ "server", FLOW_FIELD_server_addr, FLOW_FIELD_server_addr },
	{ "container_name", FLOW_FIELD_container, FLOW_FIELD_container },
};

const struct row_type flow_row_type = {
	.name = "count",
	.what = "a row of counts",
	.fields = flow_fields,
	.field_count = FLOW_FIELD_COUNT,
	.aliases = aliases,
	.alias_count = sizeof(aliases) / sizeof(aliases[0]),
	.key_first = FIRST_KEY,
	.key_count = FLOW_KEY_COUNT,
	.rest = FLOW_FIELD_rest,
	.get = flow_row_get,
};

void flow_counts_add(uint64_t *counts, const uint64_t *more)
{
	for (int i = 0; i < FLOW_COUNT_COUNT; i++)
		counts[i] += more[i];
}
