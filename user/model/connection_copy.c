// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/model/connection_copy.h"

#include <stdlib.h>
#include <string.h>

#include "user/model/capture_story.h"
#include "user/model/idle_hint.h"
#include "user/model/oom_kill.h"
#include "user/model/zeek_summary.h"

#define ALIGNMENT sizeof(uint64_t)

/* Who adds a pointer to the struct is asked to copy what it points to, below. */
#define MEMBERS_BYTES 208
_Static_assert(sizeof(struct closed_connection) - sizeof(struct close_record) == MEMBERS_BYTES,
	       "connection_copy() does not know all members");

/* Memory that is filled from its start. `base` NULL: only measured. */
struct piece {
	char *base;
	size_t used;
};

static const void *piece_put(struct piece *piece, const void *data, size_t len)
{
	size_t at = piece->used;

	if (!data)
		return NULL;
	piece->used += (len + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	return piece->base ? memcpy(piece->base + at, data, len) : NULL;
}

static const char *put_text(struct piece *piece, const char *text)
{
	return piece_put(piece, text, text ? strlen(text) + 1 : 0);
}

static void put_list(struct piece *piece, struct string_list *list)
{
	list->text = piece_put(piece, list->len ? list->text : NULL, list->len);
}

static const struct container *put_container(struct piece *piece, const struct container *from)
{
	struct container container;

	if (!from)
		return NULL;
	container = *from;
	container.id = put_text(piece, from->id);
	container.name = put_text(piece, from->name);
	container.pod = put_text(piece, from->pod);
	container.pod_namespace = put_text(piece, from->pod_namespace);
	return piece_put(piece, &container, sizeof(container));
}

static const struct zeek_summary *put_zeek(struct piece *piece, const struct zeek_summary *from)
{
	struct zeek_summary zeek;

	if (!from)
		return NULL;
	zeek = *from;
	zeek.state = put_text(piece, from->state);
	return piece_put(piece, &zeek, sizeof(zeek));
}

static const struct capture_story *put_story(struct piece *piece, const struct capture_story *from)
{
	struct capture_story story;

	if (!from)
		return NULL;
	story = *from;
	story.file = put_text(piece, from->file);
	story.first_file = put_text(piece, from->first_file);
	return piece_put(piece, &story, sizeof(story));
}

/* The connection is first, so that it is found where the piece begins. */
static void put_connection(struct piece *piece, const struct closed_connection *c)
{
	struct closed_connection copy = *c;

	piece_put(piece, c, sizeof(*c));
	copy.host = put_text(piece, c->host);
	copy.timeouts = piece_put(piece, c->timeouts, sizeof(*c->timeouts));
	copy.interface = put_text(piece, c->interface);
	copy.cgroup = put_text(piece, c->cgroup);
	copy.container = put_container(piece, c->container);
	copy.other_end = piece_put(piece, c->other_end, sizeof(*c->other_end));
	copy.follows = piece_put(piece, c->follows, sizeof(*c->follows));
	copy.oom_kill = piece_put(piece, c->oom_kill, sizeof(*c->oom_kill));
	copy.zone_local = put_text(piece, c->zone_local);
	copy.zone_peer = put_text(piece, c->zone_peer);
	copy.zeek = put_zeek(piece, c->zeek);
	copy.capture = put_story(piece, c->capture);
	copy.sums = piece_put(piece, c->sums, sizeof(*c->sums));
	put_list(piece, &copy.kernel_stack);
	put_list(piece, &copy.user_stack);
	if (piece->base)
		memcpy(piece->base, &copy, sizeof(copy));
}

struct closed_connection *connection_copy(const struct closed_connection *c, size_t *ret_size)
{
	struct piece piece = { .base = NULL };
	void *base;

	put_connection(&piece, c);
	base = malloc(piece.used);
	if (!base)
		return NULL;
	if (ret_size)
		*ret_size = piece.used;
	piece = (struct piece){ .base = base };
	put_connection(&piece, c);
	return base;
}
