/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/e2e/mix_matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int name_index(struct mix_matrix *matrix, const char *name)
{
	size_t length = strcspn(name, "/");
	unsigned int i;

	for (i = 0; i < matrix->name_count; i++) {
		if (strlen(matrix->names[i]) == length && !strncmp(matrix->names[i], name, length))
			return i;
	}
	if (i == MATRIX_NAMES_MAX || length >= sizeof(matrix->names[0]))
		abort();
	snprintf(matrix->names[i], sizeof(matrix->names[i]), "%.*s", (int)length, name);
	matrix->name_count++;
	return i;
}

static const char *expected_text(const struct mix_kind *kind, bool of_server)
{
	return of_server ? kind->at_server : kind->at_client;
}

void matrix_expect(struct mix_matrix *matrix, const struct mix_pair *pair)
{
	struct matrix_pair *entry = &matrix->pairs[matrix->pair_count++];

	entry->pair = pair;
	entry->client_pid = pair->client_pid;
	entry->server_pid = pair->server_pid;
	for (int s = 0; s < 2; s++) {
		entry->seen[s] = calloc(pair->count + 1, 1);
		if (!entry->seen[s])
			abort();
		for (size_t i = 0; i < pair->count; i++) {
			const char *text = expected_text(&mix_kinds[pair->kinds[i]], s);

			if (!text)
				continue;
			matrix->expected[name_index(matrix, text)]++;
			matrix->wanted++;
		}
	}
}

/* The value behind `,"name":`, as text up to a comma, or up to a quote when it is a string. */
static bool field_text(const char *line, const char *name, char *text, size_t size)
{
	char pattern[48];
	const char *value;
	size_t length;

	snprintf(pattern, sizeof(pattern), ",\"%s\":", name);
	value = strstr(line, pattern);
	if (!value)
		return false;
	value += strlen(pattern);
	length = *value == '"' ? strcspn(++value, "\"") : strcspn(value, ",}");
	snprintf(text, size, "%.*s", (int)length, value);
	return true;
}

static long long field_number(const char *line, const char *name)
{
	char text[32];

	return field_text(line, name, text, sizeof(text)) && strcmp(text, "null") ? atoll(text) :
										    -1;
}

struct found_record {
	struct matrix_pair *entry;
	size_t number;
	bool of_server;
};

/* Which end of which connection of which pair. */
static bool find_record(struct mix_matrix *matrix, const char *line, struct found_record *ret_found)
{
	long long netns = field_number(line, "netns");
	long long local = field_number(line, "local_port"), peer = field_number(line, "peer_port");
	bool of_server = local < MIX_CLIENT_PORTS;
	long long client = of_server ? peer : local, server = of_server ? local : peer;

	for (unsigned int i = 0; i < matrix->pair_count; i++) {
		struct matrix_pair *entry = &matrix->pairs[i];
		const struct mix_pair *pair = entry->pair;
		enum lab_side side = of_server || pair->is_loopback ? SIDE_B : SIDE_A;
		long long round = (server - MIX_SERVER_PORTS) / MIX_SERVER_STRIDE;
		long long number = round * MIX_CLIENT_COUNT + client - MIX_CLIENT_PORTS;

		if ((long long)pair->lab.side[side].netns_inode != netns)
			continue;
		if (client < MIX_CLIENT_PORTS || number < 0 || number >= (long long)pair->count ||
		    mix_server_port(number, mix_kinds[pair->kinds[number]].port) != server)
			return false;
		*ret_found = (struct found_record){ entry, number, of_server };
		return true;
	}
	return false;
}

static void keep_first(char *first, size_t size, const char *what, const char *line)
{
	if (!*first)
		snprintf(first, size, "%s: %s", what, line);
}

/* The owner and who closed it, if named, are the process of that end; `ss` closes in its place. */
static void check_names(struct mix_matrix *matrix, const struct found_record *found,
			const struct mix_kind *kind, const char *line)
{
	long long right = found->of_server ? found->entry->server_pid : found->entry->client_pid;
	long long pid = field_number(line, "pid"), closer = field_number(line, "closer_pid");
	bool is_killed = kind->port == MIX_PORT_KILLED && !found->of_server;

	matrix->ownerless += pid < 0;
	if ((pid >= 0 && pid != right) || (closer >= 0 && closer != right && !is_killed)) {
		matrix->misnamed++;
		keep_first(matrix->first_misnamed, sizeof(matrix->first_misnamed), kind->name,
			   line);
	}
}

void matrix_take(struct mix_matrix *matrix, const char *line)
{
	char verdict[32] = "?", cause[48] = "?", family[4] = "";
	const struct mix_kind *kind;
	struct found_record found;
	const char *text, *slash;
	unsigned int expected, reported;

	matrix->records++;
	if (!find_record(matrix, line, &found)) {
		matrix->extra++;
		keep_first(matrix->first_extra, sizeof(matrix->first_extra), "whose", line);
		return;
	}
	kind = &mix_kinds[found.entry->pair->kinds[found.number]];
	text = expected_text(kind, found.of_server);
	if (!text || found.entry->seen[found.of_server][found.number]++) {
		matrix->extra++;
		keep_first(matrix->first_extra, sizeof(matrix->first_extra), kind->name, line);
		return;
	}
	matrix->found++;
	field_text(line, "verdict", verdict, sizeof(verdict));
	field_text(line, "cause", cause, sizeof(cause));
	field_text(line, "ip_version", family, sizeof(family));
	expected = name_index(matrix, text);
	reported = name_index(matrix, verdict);
	matrix->cells[expected][reported]++;
	slash = strchr(text, '/');
	if (expected != reported || (slash && strcmp(slash + 1, cause)) ||
	    strcmp(family, mix_family(found.number) == AF_INET6 ? "6" : "4")) {
		matrix->wrong++;
		keep_first(matrix->first_wrong, sizeof(matrix->first_wrong), kind->name, line);
	}
	check_names(matrix, &found, kind, line);
}

char *matrix_missing_text(const struct mix_matrix *matrix)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		abort();
	for (size_t k = 0; k < mix_kind_count; k++) {
		uint64_t missing[2] = {};

		for (unsigned int i = 0; i < matrix->pair_count; i++) {
			const struct matrix_pair *entry = &matrix->pairs[i];

			for (size_t n = 0; n < entry->pair->count; n++) {
				for (int s = 0; s < 2 && entry->pair->kinds[n] == k; s++)
					missing[s] += expected_text(&mix_kinds[k], s) &&
						      !entry->seen[s][n];
			}
		}
		if (missing[0] || missing[1])
			fprintf(out, "%s: %llu at the client, %llu at the server\n",
				mix_kinds[k].name, (unsigned long long)missing[0],
				(unsigned long long)missing[1]);
	}
	fclose(out);
	return text;
}

void matrix_print(const struct mix_matrix *matrix)
{
	printf("# expected, then how many of it were reported as what\n");
	for (unsigned int e = 0; e < matrix->name_count; e++) {
		uint64_t come = 0;

		if (!matrix->expected[e])
			continue;
		printf("#   %-20s %8llu:", matrix->names[e],
		       (unsigned long long)matrix->expected[e]);
		for (unsigned int r = 0; r < matrix->name_count; r++) {
			come += matrix->cells[e][r];
			if (matrix->cells[e][r])
				printf(" %s %llu", matrix->names[r],
				       (unsigned long long)matrix->cells[e][r]);
		}
		if (come != matrix->expected[e])
			printf(" missing %llu", (unsigned long long)(matrix->expected[e] - come));
		putchar('\n');
	}
}

void matrix_clear(struct mix_matrix *matrix)
{
	for (unsigned int i = 0; i < matrix->pair_count; i++) {
		free(matrix->pairs[i].seen[0]);
		free(matrix->pairs[i].seen[1]);
	}
}
