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

#define TYPE_ADDR IP, NULL
#define TYPE_PORT PORT, NULL
#define TYPE_NUMBER U64, NULL
#define TYPE_TEXT STRING, NULL
#define TYPE_VERDICT WORD, &verdict_words
#define FLOW_KEY_FIELD_ROW(id, member, kind, field, from, title, meaning)                          \
	FLOW_KEY_FIELD_OF(field, TYPE_##kind, meaning)
#define FLOW_KEY_FIELD_OF(field, ...) FLOW_KEY_FIELD_TYPED(field, __VA_ARGS__)
#define FLOW_KEY_FIELD_TYPED(field, type, words, meaning)                                          \
	FLOW_FIELD_ROW(field, type, "", words, meaning)

const struct field flow_fields[FLOW_FIELD_COUNT] = { FLOW_TIME_FIELDS(FLOW_FIELD_ROW) FLOW_KEYS(
	FLOW_KEY_FIELD_ROW) FLOW_COUNT_FIELDS(FLOW_FIELD_ROW) FLOW_RATE_FIELDS(FLOW_FIELD_ROW) };

/* -- keys ------------------------------------------------------------------------------------ */
enum key_kind { KIND_ADDR, KIND_PORT, KIND_NUMBER, KIND_TEXT, KIND_VERDICT };
enum key_from { FROM_PACKETS, FROM_ENDING, FROM_CONNECTION };

/* @offset, @size  Of its member in struct flow_identity. */
struct key_row {
	const char *word;
	uint16_t offset;
	uint8_t size;
	uint8_t kind;
	uint8_t from;
};

static const struct key_row flow_keys[FLOW_KEY_COUNT] = {
#define FLOW_KEY_ROW(id, name, kind_of, field, from_of, ...)                                       \
	[FLOW_KEY_##id] = { .word = #name,                                                         \
			    .offset = offsetof(struct flow_identity, name),                        \
			    .size = sizeof(((struct flow_identity *)0)->name),                     \
			    .kind = KIND_##kind_of,                                                \
			    .from = FROM_##from_of },
	FLOW_KEYS(FLOW_KEY_ROW)
};

#define MEMBER_ADDR uint8_t[16]
#define MEMBER_PORT uint16_t
#define MEMBER_NUMBER uint32_t
#define MEMBER_TEXT const char *
#define MEMBER_VERDICT uint8_t
#define FLOW_KEY_MEMBER(id, name, kind, ...)                                                       \
	_Static_assert(__builtin_types_compatible_p(typeof(((struct flow_identity *)0)->name),     \
						    MEMBER_##kind),                                \
		       #name " is of its kind");
FLOW_KEYS(FLOW_KEY_MEMBER)

#define FIRST_KEY FLOW_FIELD_client_addr

const char *flow_key_word(unsigned int key)
{
	return key < FLOW_KEY_COUNT ? flow_keys[key].word : NULL;
}

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
	return flow_keys[key].from != FROM_PACKETS;
}

bool flow_key_makes_groups(unsigned int key)
{
	return flow_keys[key].from != FROM_CONNECTION;
}

static const void *member_of(const struct flow_identity *identity, const struct key_row *key)
{
	return (const char *)identity + key->offset;
}

void flow_identity_reduce(const struct flow_identity *full, uint32_t by, struct flow_identity *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->known = by & full->known;
	for (unsigned int key = 0; key < FLOW_KEY_COUNT; key++)
		if (ret->known & 1u << key)
			memcpy((char *)ret + flow_keys[key].offset,
			       member_of(full, &flow_keys[key]), flow_keys[key].size);
}

bool flow_identities_agree(const struct flow_identity *a, const struct flow_identity *b,
			   uint32_t keys)
{
	for (unsigned int i = 0; i < FLOW_KEY_COUNT; i++) {
		const struct key_row *key = &flow_keys[i];

		if (keys & 1u << i && memcmp(member_of(a, key), member_of(b, key), key->size) != 0)
			return false;
	}
	return true;
}

const char **flow_identity_text(struct flow_identity *identity, unsigned int key)
{
	if (flow_keys[key].kind != KIND_TEXT)
		return NULL;
	return (const char **)((char *)identity + flow_keys[key].offset);
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

bool flow_identity_get(const struct flow_identity *identity, unsigned int key,
		       struct field_value *ret)
{
	const void *member = member_of(identity, &flow_keys[key]);

	if (!(identity->known & 1u << key))
		return false;
	switch ((enum key_kind)flow_keys[key].kind) {
	case KIND_ADDR:
		ret->ip = member;
		return true;
	case KIND_PORT:
		return give_number(ret, *(const uint16_t *)member);
	case KIND_NUMBER:
		return give_number(ret, *(const uint32_t *)member);
	case KIND_TEXT:
		return give_text(ret, *(const char *const *)member);
	case KIND_VERDICT:
		return give_text(ret, verdict_name(*(const uint8_t *)member));
	}
	return false;
}

void flow_identity_set(struct flow_identity *identity, unsigned int key,
		       const struct field_value *value)
{
	void *member = (char *)identity + flow_keys[key].offset;
	int verdict;

	identity->known |= 1u << key;
	switch ((enum key_kind)flow_keys[key].kind) {
	case KIND_ADDR:
		memcpy(member, value->ip, 16);
		break;
	case KIND_PORT:
		*(uint16_t *)member = (uint16_t)value->number;
		break;
	case KIND_NUMBER:
		*(uint32_t *)member = (uint32_t)value->number;
		break;
	case KIND_TEXT:
		*(const char **)member = value->text;
		break;
	case KIND_VERDICT:
		verdict = verdict_from_name(value->text);
		*(uint8_t *)member = verdict > 0 ? (uint8_t)verdict : 0;
		break;
	}
}

/* -- the row --------------------------------------------------------------------------------- */
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
		return flow_identity_get(&row->identity, field - FIRST_KEY, ret);
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
/* The words of --by that are not the field's name. */
#define ALIAS_ADDR(word, field) { word, FLOW_FIELD_##field, FLOW_FIELD_##field },
#define ALIAS_PORT(word, field)
#define ALIAS_NUMBER(word, field)
#define ALIAS_TEXT(word, field)
#define ALIAS_VERDICT(word, field)
#define FLOW_KEY_ALIAS(id, member, kind, field, ...) ALIAS_##kind(#member, field)
	FLOW_KEYS(FLOW_KEY_ALIAS){ "container_name", FLOW_FIELD_container, FLOW_FIELD_container },
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
