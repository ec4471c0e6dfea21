/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/expect.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"

#define WORD_MAX 96

struct word {
	char field[WORD_MAX];
	char wanted[WORD_MAX];
};

/* Take the next "field=wanted" from the text. A word that is none breaks off the test program. */
static bool word_next(const char **text, struct word *ret_word)
{
	const char *begin = *text + strspn(*text, " ");
	size_t length = strcspn(begin, " ");
	const char *equals = memchr(begin, '=', length);

	if (!length)
		return false;
	if (!equals || length >= WORD_MAX) {
		fprintf(stderr, "battery: bad word in the table: %.*s\n", (int)length, begin);
		abort();
	}
	snprintf(ret_word->field, WORD_MAX, "%.*s", (int)(equals - begin), begin);
	snprintf(ret_word->wanted, WORD_MAX, "%.*s", (int)(begin + length - equals - 1),
		 equals + 1);
	*text = begin + length;
	return true;
}

unsigned int expect_count(const char *words)
{
	unsigned int count = words && *words;

	for (; words && *words; words++)
		count += *words == ';';
	return count;
}

char *expect_words(const char *words, unsigned int number)
{
	char *copy;

	while (number--)
		words = strchr(words, ';') + 1;
	copy = strndup(words, strcspn(words, ";"));
	if (!copy)
		abort();
	return copy;
}

static bool words_name(const char *words, const char *field)
{
	struct word word;

	while (word_next(&words, &word)) {
		if (!strcmp(word.field, field))
			return true;
	}
	return false;
}

/* Whether a word is in a list of words with spaces between. */
static bool list_has(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (; *list; list += *list == ' ') {
		size_t next = strcspn(list, " ");

		if (next == length && !strncmp(list, word, length))
			return true;
		list += next;
	}
	return false;
}

/* `_` stands for a space: the words of a row are told apart by those. */
static bool text_says(const char *text, const char *wanted)
{
	char spaced[WORD_MAX];

	snprintf(spaced, sizeof(spaced), "%s", wanted);
	for (char *at = spaced; *at; at++)
		if (*at == '_')
			*at = ' ';
	return strstr(text, spaced) != NULL;
}

static bool alternative_holds(const char *wanted, const char *got)
{
	char *end;
	long long number;

	if (!strcmp(wanted, "*"))
		return true;
	if (!strcmp(wanted, "!null"))
		return strcmp(got, "null") != 0;
	if (!strncmp(wanted, "has:", 4))
		return list_has(got, wanted + 4);
	if (!strncmp(wanted, "says:", 5))
		return text_says(got, wanted + 5);
	if (strncmp(wanted, ">=", 2))
		return !strcmp(wanted, got);
	number = strtoll(got, &end, 10);
	return *got && !*end && number >= strtoll(wanted + 2, NULL, 10);
}

static bool wanted_holds(const char *wanted, const char *got)
{
	char alternative[WORD_MAX];

	for (;;) {
		size_t length = strcspn(wanted, "|");

		snprintf(alternative, sizeof(alternative), "%.*s", (int)length, wanted);
		if (alternative_holds(alternative, got))
			return true;
		if (!wanted[length])
			return false;
		wanted += length + 1;
	}
}

static pid_t pid_of_name(const char *name, size_t length, const struct expect_facts *facts)
{
	if (length == 7 && !strncmp(name, "@client", length))
		return facts->client_pid;
	if (length == 7 && !strncmp(name, "@server", length))
		return facts->server_pid;
	if (length == 7 && !strncmp(name, "@helper", length))
		return facts->helper_pid;
	abort();
}

/* Put pids in the place of the names. */
static void word_resolve(struct word *word, const struct expect_facts *facts)
{
	char text[WORD_MAX];
	size_t used = 0;

	for (const char *rest = word->wanted; *rest && used < sizeof(text); rest++) {
		size_t length = strcspn(rest, "|");

		if (*rest == '@')
			used += snprintf(text + used, sizeof(text) - used, "%d",
					 (int)pid_of_name(rest, length, facts));
		else
			used += snprintf(text + used, sizeof(text) - used, "%.*s", (int)length,
					 rest);
		rest += length;
		if (!*rest)
			break;
		if (used < sizeof(text))
			text[used++] = '|';
	}
	snprintf(word->wanted, sizeof(word->wanted), "%.*s", (int)used, text);
}

static void list_text(const json_t *value, char *text, size_t size)
{
	size_t used = 0;

	*text = 0;
	for (size_t i = 0; i < json_array_size(value) && used < size; i++) {
		const char *word = json_string_value(json_array_get(value, i));

		used += snprintf(text + used, size - used, "%s%s", i ? " " : "", word ? word : "?");
	}
}

static void value_text(const json_t *value, char *text, size_t size)
{
	if (!value)
		snprintf(text, size, "no such field");
	else if (json_is_integer(value))
		snprintf(text, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_string(value))
		snprintf(text, size, "%s", json_string_value(value));
	else if (json_is_null(value))
		snprintf(text, size, "null");
	else if (json_is_boolean(value))
		snprintf(text, size, "%s", json_is_true(value) ? "true" : "false");
	else if (json_is_real(value))
		snprintf(text, size, "%g", json_real_value(value));
	else
		list_text(value, text, size);
}

static bool check_word(struct word *word, const struct expect_facts *facts, const json_t *record,
		       FILE *diagnosis)
{
	const json_t *value = json_object_get(record, word->field);
	char got[512];

	word_resolve(word, facts);
	value_text(value, got, sizeof(got));
	/* The string "null" is not null, and the number 1 is not the string "1"; an id may be digits alone. */
	if (wanted_holds(word->wanted, got) &&
	    !(json_is_string(value) && strcmp(word->wanted, "!null") &&
	      (!strcmp(got, "null") || got[strspn(got, "0123456789")] == 0)))
		return true;
	fprintf(diagnosis,
		json_is_string(value) ? "%s: got \"%s\", wanted %s\n" : "%s: got %s, wanted %s\n",
		word->field, got, word->wanted);
	return false;
}

static bool words_say(const char *words, const char *field, const char *wanted)
{
	struct word word;

	while (word_next(&words, &word)) {
		if (!strcmp(word.field, field))
			return !strcmp(word.wanted, wanted);
	}
	return false;
}

/* Words that hold for every record of this place. At M, "local" is the client. */
static void common_words(const struct expect_facts *facts, const char *words, char *common,
			 size_t size)
{
	bool is_client =
		facts->is_loopback ? words_say(words, "role", "client") : facts->side != SIDE_B;
	const struct netlab_side *place = &facts->lab->side[facts->side];
	const char *role = facts->side == SIDE_M ? "null" : is_client ? "client" : "server";
	const char *client = netlab_address_text(facts->lab, facts->is_loopback ? SIDE_B : SIDE_A,
						 facts->family);
	const char *server = netlab_address_text(facts->lab, SIDE_B, facts->family);

	snprintf(common, size,
		 "ip_version=%d role=%s local_addr=%s local_port=%d peer_addr=%s peer_port=%d "
		 "netns=%lu",
		 facts->family == AF_INET6 ? 6 : 4, role, is_client ? client : server,
		 is_client ? facts->client_port : facts->server_port, is_client ? server : client,
		 is_client ? facts->server_port : facts->client_port,
		 (unsigned long)place->netns_inode);
}

bool expect_record(const char *words, const struct expect_facts *facts, const json_t *record,
		   FILE *diagnosis)
{
	char common[512];
	const char *rest = common;
	bool is_good = true;
	struct word word;

	common_words(facts, words, common, sizeof(common));
	while (word_next(&rest, &word)) {
		if (!words_name(words, word.field))
			is_good &= check_word(&word, facts, record, diagnosis);
	}
	rest = words;
	while (word_next(&rest, &word))
		is_good &= check_word(&word, facts, record, diagnosis);
	return is_good;
}

/* The count that a word such as rst_count_clt speaks of. false when it counts no packets. */
static bool packets_of_word(const struct tap *tap, const char *field, unsigned int *ret_count)
{
	const struct tap_direction *a = &tap->from[SIDE_A], *b = &tap->from[SIDE_B];
	const struct {
		const char *name;
		unsigned int count;
	} counts[] = {
		{ "syn_count", a->syn_count + b->syn_count },
		{ "syn_count_clt", a->syn_count },
		{ "syn_count_srv", b->syn_count },
		{ "fin_count", a->fin_count + b->fin_count },
		{ "fin_count_clt", a->fin_count },
		{ "fin_count_srv", b->fin_count },
		{ "rst_count", a->rst_count + b->rst_count },
		{ "rst_count_clt", a->rst_count },
		{ "rst_count_srv", b->rst_count },
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (!strcmp(field, counts[i].name)) {
			*ret_count = counts[i].count;
			return true;
		}
	}
	return false;
}

bool expect_packets(const char *words, const struct tap *tap, FILE *diagnosis)
{
	_cleanup_free_ char *last = NULL;
	bool is_good = true;
	struct word word;

	if (!*words)
		return true;
	last = expect_words(words, expect_count(words) - 1);
	words = last;
	while (word_next(&words, &word)) {
		unsigned int count;
		char got[16];

		if (!packets_of_word(tap, word.field, &count))
			continue;
		snprintf(got, sizeof(got), "%u", count);
		if (wanted_holds(word.wanted, got))
			continue;
		fprintf(diagnosis, "link at %s: %s: saw %s, wanted %s; ",
			tap->side == SIDE_A ? "A" : "B", word.field, got, word.wanted);
		is_good = false;
	}
	return is_good;
}

bool expect_is_from(const struct netlab *lab, enum lab_side place, const json_t *record)
{
	const json_t *netns = json_object_get(record, "netns");

	return netlab_has(lab, place) && json_is_integer(netns) &&
	       (ino_t)json_integer_value(netns) == lab->side[place].netns_inode;
}
