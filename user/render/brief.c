// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/render/brief.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/json_text.h"
#include "user/model/capture_story.h"
#include "user/model/explanation.h"
#include "user/model/names.h"

#define HASH_PRIME UINT64_C(0x100000001b3)
#define HASH_START UINT64_C(0xcbf29ce484222325)

/* FNV-1a: the text is short, and a collision folds two lines into one. */
static uint64_t hash_add(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * HASH_PRIME;
	return hash;
}

static void name_take(char ret[BRIEF_NAME_BYTES], struct strbuf *text)
{
	_cleanup_(strbuf_release) struct strbuf escaped = STRBUF_INIT;
	size_t len;

	text_append_escaped(&escaped, text->data, text->len);
	len = escaped.failed ? 0 : escaped.len;
	if (len >= BRIEF_NAME_BYTES) {
		len = BRIEF_NAME_BYTES - 1;
		/* Not within a character. */
		while (len && ((unsigned char)escaped.data[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(ret, len ? escaped.data : "", len);
	ret[len] = '\0';
	strbuf_reset(text);
}

static void brief_take_names(struct brief *brief, const struct closed_connection *c)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (c->record.owner.pid) {
		connection_append_owner(&text, c);
		name_take(brief->process, &text);
		strbuf_append(&text, c->record.owner.comm, task_comm_len(&c->record.owner));
		if (c->container) {
			strbuf_append_char(&text, '@');
			container_append(&text, c->container);
		}
		name_take(brief->program, &text);
	}
	if (c->other_end && c->other_end->owner.pid) {
		other_end_append(&text, c->other_end);
		name_take(brief->peer_process, &text);
	}
}

/* The service is what was called, whichever end is ours; a client's port is of no interest. */
static uint64_t brief_alike(const struct brief *brief, const struct closed_connection *c)
{
	bool is_served_here = !brief->local_is_client && !brief->is_forwarded;
	const uint8_t *service = is_served_here ? brief->local_addr : brief->peer_addr;
	uint16_t port = is_served_here ? brief->local_port : brief->peer_port;
	uint64_t hash = HASH_START;

	hash = hash_add(hash, &brief->verdict, 1);
	hash = hash_add(hash, &c->record.decision.cause, sizeof(c->record.decision.cause));
	hash = hash_add(hash, brief->program, strlen(brief->program) + 1);
	hash = hash_add(hash, service, 16);
	hash = hash_add(hash, &port, sizeof(port));
	return hash_add(hash, &c->record.key.netns, sizeof(c->record.key.netns));
}

static uint64_t brief_incident(const struct close_record *record)
{
	uint32_t a = record->local_isn, b = record->peer_isn;

	return a > b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
}

int brief_from_connection(const struct closed_connection *c, struct brief *ret)
{
	_cleanup_(strbuf_release) struct strbuf words = STRBUF_INIT, sentence = STRBUF_INIT;
	const struct close_decision *decision = &c->record.decision;
	struct closed_connection one = *c; /* a brief tells by itself how many they are */
	struct brief brief = {
		.wall_ns = c->wall_ns,
		.frame = c->capture ? c->capture->frame : 0,
		.first_wall_ns = c->first_wall_ns ?: c->wall_ns,
		.repeated = c->repeated,
		.incident = c->first_wall_ns ? 0 : brief_incident(&c->record),
		.age_us = c->duration_us,
		.has_age = connection_has(c, CONNECTION_HAS_DURATION),
		.owner_pid = c->record.owner.pid,
		.local_port = connection_local_port(c),
		.peer_port = connection_peer_port(c),
		.verdict = decision->verdict,
		.class_number = class_of_verdict(decision->verdict),
		.initiator = decision->initiator,
		.confidence = decision->confidence,
		.is_benign = decision->benign,
		.is_forwarded = c->record.evidence.subject == SUBJECT_FORWARDED,
		.local_is_client = c->client == CONNECTION_CLIENT_LOCAL,
	};

	memcpy(brief.local_addr, connection_local_addr(c), 16);
	memcpy(brief.peer_addr, connection_peer_addr(c), 16);
	brief_take_names(&brief, c);
	brief.alike = brief_alike(&brief, c);
	one.repeated = 1;
	one.first_wall_ns = 0;
	explanation_append(&words, &one);
	text_append_escaped(&sentence, words.data, words.len);
	if (words.failed || sentence.failed || !sentence.data)
		return -ENOMEM;
	brief.sentence = sentence.data;
	sentence = (struct strbuf)STRBUF_INIT;
	*ret = brief;
	return 0;
}

void brief_release(struct brief *brief)
{
	free(brief->sentence);
	brief->sentence = NULL;
}

bool brief_is_other_end(const struct brief *a, const struct brief *b)
{
	return a->incident && a->incident == b->incident && !a->is_forwarded && !b->is_forwarded &&
	       a->local_is_client != b->local_is_client;
}

bool brief_is_mirror(const struct brief *a, const struct brief *b)
{
	uint16_t a_service = a->local_is_client ? a->peer_port : a->local_port;
	uint16_t b_service = b->local_is_client ? b->peer_port : b->local_port;

	return !a->is_forwarded && !b->is_forwarded && a->local_is_client != b->local_is_client &&
	       (a->initiator == CLOSE_BY_PEER) != (b->initiator == CLOSE_BY_PEER) &&
	       a_service == b_service && !a->peers_differ && !b->peers_differ &&
	       !memcmp(a->local_addr, b->peer_addr, 16) && !memcmp(a->peer_addr, b->local_addr, 16);
}

/* An end knows what it did itself; of what came in it knows less, of silence least. */
static int brief_knowledge(const struct brief *brief)
{
	int knows;

	switch (brief->initiator) {
	case CLOSE_BY_LOCAL_APP:
		knows = 6;
		break;
	case CLOSE_BY_LOCAL_KERNEL:
	case CLOSE_BY_LOCAL_FIREWALL:
		knows = 5;
		break;
	case CLOSE_BY_PATH:
		knows = 4;
		break;
	case CLOSE_BY_TIMEOUT:
		knows = 3;
		break;
	case CLOSE_BY_UNKNOWN:
		knows = 0;
		break;
	default:
		knows = 2;
	}
	if (brief->verdict == CLOSE_FIN_NORMAL)
		knows = 1;
	if (brief->is_benign)
		knows -= 1;
	return knows * 2 + (brief->confidence == CLOSE_IS_PROVED);
}

void brief_join(struct brief *into, struct brief *other)
{
	if (brief_knowledge(other) > brief_knowledge(into)) {
		struct brief first = *into;

		*into = *other;
		*other = first;
	}
	if (other->process[0])
		memcpy(into->peer_process, other->process, sizeof(into->peer_process));
	into->mirrored += other->repeated;
	if (other->first_wall_ns < into->first_wall_ns && into->repeated == 1)
		into->first_wall_ns = into->wall_ns = other->wall_ns;
	brief_release(other);
}

void brief_fold(struct brief *into, struct brief *younger)
{
	uint64_t repeated = into->repeated + younger->repeated;
	uint64_t first_ns = into->first_wall_ns < younger->first_wall_ns ? into->first_wall_ns :
									   younger->first_wall_ns;
	bool peers_differ = into->peers_differ || younger->peers_differ ||
			    memcmp(into->peer_addr, younger->peer_addr, 16) != 0;
	uint64_t mirrored = into->mirrored + younger->mirrored;
	bool processes_differ = into->processes_differ || younger->processes_differ ||
				into->owner_pid != younger->owner_pid;

	if (!younger->peer_process[0])
		memcpy(younger->peer_process, into->peer_process, sizeof(into->peer_process));
	brief_release(into);
	*into = *younger;
	younger->sentence = NULL;
	into->repeated = repeated;
	into->mirrored = mirrored;
	into->first_wall_ns = first_ns;
	into->peers_differ = peers_differ;
	into->processes_differ = processes_differ;
}
