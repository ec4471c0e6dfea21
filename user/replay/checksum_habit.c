// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/checksum_habit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "include/compiler.h"
#include "include/flow_key.h"

/* As many as there are packets before it is asked: it never fills up. */
#define SENDERS 4096u
#define WRONG_LEAST 3
#define NAMED_MOST 3

struct sender {
	uint8_t addr[16];
	uint32_t right, wrong; /* both 0: a free place */
};

struct checksum_habit {
	struct sender all;
	uint32_t count;
	struct sender senders[SENDERS]; /* open addressing */
};

int checksum_habit_new(struct checksum_habit **ret)
{
	struct checksum_habit *habit = calloc(1, sizeof(*habit));

	if (!habit)
		return -ENOMEM;
	*ret = habit;
	return 0;
}

void checksum_habit_free(struct checksum_habit **habit)
{
	free(*habit);
	*habit = NULL;
}

/* FNV-1a. A capture that collides on purpose makes 4,096 look-ups slow, once. */
static uint32_t hash_addr(const uint8_t addr[16])
{
	uint32_t hash = 2166136261u;

	for (int i = 0; i < 16; i++)
		hash = (hash ^ addr[i]) * 16777619u;
	return hash;
}

/* The sender's place, or the free one where it would be. */
static const struct sender *sender_find(const struct checksum_habit *habit, const uint8_t addr[16])
{
	uint32_t at = hash_addr(addr);

	for (uint32_t i = 0; i < SENDERS; i++) {
		const struct sender *sender = &habit->senders[(at + i) % SENDERS];

		if ((!sender->right && !sender->wrong) || !memcmp(sender->addr, addr, 16))
			return sender;
	}
	return NULL;
}

void checksum_habit_note(struct checksum_habit *habit, const uint8_t source[16], bool is_right)
{
	struct sender *sender = (struct sender *)sender_find(habit, source);

	*(is_right ? &habit->all.right : &habit->all.wrong) += 1;
	if (!sender)
		return;
	memcpy(sender->addr, source, 16);
	*(is_right ? &sender->right : &sender->wrong) += 1;
}

static bool is_habit(const struct sender *sender)
{
	return sender->wrong >= WRONG_LEAST && sender->wrong > sender->right;
}

bool checksum_habit_is_wrong(const struct checksum_habit *habit, const uint8_t source[16])
{
	const struct sender *sender = sender_find(habit, source);

	return is_habit(&habit->all) || (sender && is_habit(sender));
}

static void append_senders(struct strbuf *b, const struct checksum_habit *habit)
{
	uint32_t named = 0, more = 0;

	for (uint32_t i = 0; i < SENDERS; i++) {
		const struct sender *sender = &habit->senders[i];

		if (!is_habit(sender))
			continue;
		if (named == NAMED_MOST) {
			more++;
			continue;
		}
		strbuf_append_str(b, named++ ? ", " : "most checksums of ");
		strbuf_append_ip(b, sender->addr);
	}
	if (more)
		strbuf_appendf(b, " and %u more", more);
	if (named)
		strbuf_append_str(b, " are wrong");
}

void checksum_habit_append(struct strbuf *b, const struct checksum_habit *habit)
{
	if (is_habit(&habit->all))
		strbuf_append_str(b, "most checksums are wrong");
	else
		append_senders(b, habit);
}
