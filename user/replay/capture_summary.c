// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/capture_summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/model/capture_filter.h"
#include "user/model/names.h"

/* Servers that are counted by themselves; all others are one. */
#define SERVERS 4096u
#define SERVERS_SHOWN 5

struct server {
	uint8_t addr[16];
	uint16_t port; /* host order; 0 with no endings: a free place */
	uint64_t endings;
	uint64_t verdicts[CLOSE_VERDICT_COUNT];
};

struct capture_summary {
	uint64_t verdicts[CLOSE_VERDICT_COUNT];
	uint64_t signs[EVIDENCE_BIT_COUNT];
	uint64_t ignored[2]; /* resets that ended nothing: of clients, of servers */
	uint64_t other_servers; /* endings at servers that found no place */
	uint32_t server_count;
	bool has_first;
	uint64_t first_frame;
	char *first_file;
	struct strbuf first_filter;
	struct server servers[SERVERS]; /* open addressing */
};

/* What is worth a line of its own. */
static const uint8_t shown_signs[] = {
	EVIDENCE_BIT_RST_TTL_OFF, EVIDENCE_BIT_RSTS_DISAGREE, EVIDENCE_BIT_PEER_AFTER_RST,
	EVIDENCE_BIT_RST_BEHIND,  EVIDENCE_BIT_SYN_ACK_AGAIN, EVIDENCE_BIT_ZERO_WINDOW,
};

int capture_summary_new(struct capture_summary **ret)
{
	struct capture_summary *summary = calloc(1, sizeof(*summary));

	if (!summary)
		return -ENOMEM;
	*ret = summary;
	return 0;
}

void capture_summary_free(struct capture_summary **summary)
{
	if (!*summary)
		return;
	free((*summary)->first_file);
	strbuf_release(&(*summary)->first_filter);
	free(*summary);
	*summary = NULL;
}

static struct server *server_of(struct capture_summary *summary, const uint8_t addr[16],
				uint16_t port)
{
	uint32_t hash = 2166136261u ^ port;

	for (int i = 0; i < 16; i++)
		hash = (hash ^ addr[i]) * 16777619u;
	for (uint32_t i = 0; i < 32; i++) {
		struct server *server = &summary->servers[(hash + i) % SERVERS];

		if (!server->endings) {
			memcpy(server->addr, addr, 16);
			server->port = port;
			summary->server_count++;
			return server;
		}
		if (server->port == port && !memcmp(server->addr, addr, 16))
			return server;
	}
	return NULL;
}

void capture_summary_add(struct capture_summary *summary, const struct close_record *record,
			 const struct capture_story *story)
{
	uint8_t verdict = record->decision.verdict, server_side = !record->local_side;
	struct server *server;

	summary->ignored[0] += story->rst_ignored[0];
	summary->ignored[1] += story->rst_ignored[1];
	if (verdict == CLOSE_ORPHAN_MID) /* it goes on: the account has it */
		return;
	summary->verdicts[verdict]++;
	for (size_t i = 0; i < sizeof(shown_signs); i++)
		summary->signs[shown_signs[i]] += record->evidence.seen >> shown_signs[i] & 1;
	if (!close_is_abnormal(&record->decision))
		return;
	server = server_of(summary, record->key.addr[server_side],
			   NET_TO_HOST_16(record->key.port[server_side]));
	if (!server) {
		summary->other_servers++;
		return;
	}
	server->endings++;
	server->verdicts[verdict]++;
}

void capture_summary_shown(struct capture_summary *summary, const struct closed_connection *c)
{
	if (summary->has_first || !c->capture)
		return;
	summary->has_first = true;
	summary->first_frame = c->capture->frame;
	if (c->capture->file)
		summary->first_file = strdup(c->capture->file);
	capture_filter_append(&summary->first_filter, c);
}

/* The ones with the most first. */
static void append_verdicts(struct strbuf *b, const uint64_t counts[CLOSE_VERDICT_COUNT])
{
	bool is_done[CLOSE_VERDICT_COUNT] = { false };
	const char *before = "";

	for (;;) {
		int most = -1;

		for (int i = 0; i < CLOSE_VERDICT_COUNT; i++)
			if (counts[i] && !is_done[i] && (most < 0 || counts[i] > counts[most]))
				most = i;
		if (most < 0)
			return;
		is_done[most] = true;
		strbuf_appendf(b, "%s%llu %s", before, (unsigned long long)counts[most],
			       verdict_name((uint8_t)most));
		before = ", ";
	}
}

static const struct server *server_below(const struct capture_summary *summary, uint64_t below,
					 const struct server *behind)
{
	const struct server *most = NULL;

	/* Those with the same count come in the order of their places. */
	for (uint32_t i = 0; i < SERVERS; i++) {
		const struct server *server = &summary->servers[i];

		if (!server->endings || server->endings > below ||
		    (server->endings == below && behind && server <= behind))
			continue;
		if (!most || server->endings > most->endings)
			most = server;
	}
	return most;
}

static void append_servers(struct strbuf *b, const struct capture_summary *summary)
{
	const struct server *server = server_below(summary, UINT64_MAX, NULL);
	uint64_t rest = summary->server_count;

	for (int i = 0; server && i < SERVERS_SHOWN; i++, rest--) {
		strbuf_append_str(b, i ? "; " : "closetrace: at servers: ");
		endpoint_append(b, server->addr, server->port);
		strbuf_append_char(b, ' ');
		append_verdicts(b, server->verdicts);
		server = server_below(summary, server->endings, server);
	}
	if (rest && summary->server_count)
		strbuf_appendf(b, "; and %llu more", (unsigned long long)rest);
	if (summary->other_servers)
		strbuf_appendf(b, "; %llu endings at others",
			       (unsigned long long)summary->other_servers);
	if (summary->server_count)
		strbuf_append_char(b, '\n');
}

static void append_signs(struct strbuf *b, const struct capture_summary *summary)
{
	const char *before = "closetrace: signs: ";

	for (size_t i = 0; i < sizeof(shown_signs); i++) {
		uint64_t count = summary->signs[shown_signs[i]];

		if (!count)
			continue;
		strbuf_appendf(b, "%s%llu %s", before, (unsigned long long)count,
			       evidence_name(shown_signs[i]));
		before = ", ";
	}
	for (int i = 0; i < 2; i++) {
		if (!summary->ignored[i])
			continue;
		strbuf_appendf(b, "%s%llu ignored resets in the name of %s", before,
			       (unsigned long long)summary->ignored[i], i ? "servers" : "clients");
		before = ", ";
	}
	if (before[0] == ',')
		strbuf_append_char(b, '\n');
}

static void append_shell_word(struct strbuf *b, const char *text)
{
	strbuf_append_char(b, '\'');
	for (; *text; text++)
		if (*text == '\'')
			strbuf_append_str(b, "'\\''");
		else
			strbuf_append_char(b, *text);
	strbuf_append_char(b, '\'');
}

static void append_first(struct strbuf *b, const struct capture_summary *summary)
{
	if (!summary->first_file || !strcmp(summary->first_file, "-") ||
	    summary->first_filter.failed || !summary->first_frame)
		return;
	strbuf_append_str(b, "closetrace: the first of them: wireshark -r ");
	append_shell_word(b, summary->first_file);
	strbuf_appendf(b, " -g %llu -Y ", (unsigned long long)summary->first_frame);
	append_shell_word(b, summary->first_filter.data);
	strbuf_append_char(b, '\n');
}

void capture_summary_append(struct strbuf *b, const struct capture_summary *summary)
{
	uint64_t endings = 0;

	for (int i = 0; i < CLOSE_VERDICT_COUNT; i++)
		endings += summary->verdicts[i];
	if (endings) {
		strbuf_append_str(b, "closetrace: endings: ");
		append_verdicts(b, summary->verdicts);
		strbuf_append_char(b, '\n');
	}
	append_servers(b, summary);
	append_signs(b, summary);
	append_first(b, summary);
}
