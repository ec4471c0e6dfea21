// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/render/brief_summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/model/names.h"

#define SLOTS (BRIEF_SUMMARY_KINDS * 2)
#define SENTENCES 4

/* A sentence and how often it was said; the rarest gives way. */
struct said {
	char *text;
	uint64_t count;
};

struct kind {
	struct brief brief; /* its sentence is unused */
	struct said said[SENTENCES];
	bool is_used;
};

struct brief_summary {
	struct kind *slots;
	size_t count;
	uint64_t beyond; /* endings of kinds that had no room */
};

int brief_summary_new(struct brief_summary **ret)
{
	_cleanup_(brief_summary_free) struct brief_summary *summary = calloc(1, sizeof(*summary));

	if (!summary)
		return -ENOMEM;
	summary->slots = calloc(SLOTS, sizeof(*summary->slots));
	if (!summary->slots)
		return -ENOMEM;
	*ret = TAKE_PTR(summary);
	return 0;
}

void brief_summary_free(struct brief_summary **summary)
{
	if (!*summary)
		return;
	for (size_t i = 0; (*summary)->slots && i < SLOTS; i++)
		for (size_t j = 0; j < SENTENCES; j++)
			free((*summary)->slots[i].said[j].text);
	free((*summary)->slots);
	free(*summary);
	*summary = NULL;
}

static void kind_note_sentence(struct kind *kind, const struct brief *brief)
{
	struct said *rarest = &kind->said[0];

	for (size_t i = 0; i < SENTENCES; i++) {
		struct said *said = &kind->said[i];

		if (said->text && brief->sentence && !strcmp(said->text, brief->sentence)) {
			said->count += brief->repeated;
			return;
		}
		if (said->count < rarest->count)
			rarest = said;
	}
	if (!brief->sentence)
		return;
	/* What gives way hands its count on, so that a common one is never starved by rare ones. */
	free(rarest->text);
	rarest->text = strdup(brief->sentence);
	rarest->count += brief->repeated;
}

static struct kind *kind_find(struct brief_summary *summary, uint64_t alike)
{
	size_t at = alike % SLOTS;

	while (summary->slots[at].is_used && summary->slots[at].brief.alike != alike)
		at = (at + 1) % SLOTS;
	return &summary->slots[at];
}

void brief_summary_add(struct brief_summary *summary, const struct brief *brief)
{
	struct kind *kind = kind_find(summary, brief->alike);
	struct brief copy = *brief;

	copy.sentence = NULL;
	if (kind->is_used) {
		brief_fold(&kind->brief, &copy);
	} else if (summary->count == BRIEF_SUMMARY_KINDS) {
		summary->beyond += brief->repeated;
		return;
	} else {
		kind->is_used = true;
		kind->brief = copy;
		summary->count++;
	}
	kind_note_sentence(kind, brief);
}

static const char *kind_sentence(const struct kind *kind)
{
	const struct said *most = &kind->said[0];

	for (size_t i = 1; i < SENTENCES; i++)
		if (kind->said[i].count > most->count)
			most = &kind->said[i];
	return most->text ? most->text : "";
}

/* Those who were refused or gave up know; a connection that was cut off hurts somebody. */
static int class_hurts(uint8_t class_number)
{
	switch (class_number) {
	case CLOSE_CLASS_RESET_LOCAL:
	case CLOSE_CLASS_RESET_PEER:
	case CLOSE_CLASS_PATH:
	case CLOSE_CLASS_TIMEOUT:
		return 2;
	case CLOSE_CLASS_REFUSED:
	case CLOSE_CLASS_HALF_CLOSED:
		return 1;
	default:
		return 0;
	}
}

static int kind_compare(const void *a, const void *b)
{
	const struct brief *x = &(*(struct kind *const *)a)->brief;
	const struct brief *y = &(*(struct kind *const *)b)->brief;
	int hurts = class_hurts(y->class_number) - class_hurts(x->class_number);

	if (x->is_benign != y->is_benign)
		return x->is_benign ? 1 : -1;
	if (x->repeated != y->repeated)
		return x->repeated < y->repeated ? 1 : -1;
	if (hurts)
		return hurts;
	return x->first_wall_ns < y->first_wall_ns ? -1 : x->first_wall_ns > y->first_wall_ns;
}

void brief_summary_append(struct strbuf *b, struct brief_summary *summary,
			  const struct brief_style *style)
{
	_cleanup_free_ struct kind **kinds = calloc(summary->count + 1, sizeof(struct kind *));
	uint64_t rest = summary->beyond;
	size_t count = 0, lines = 0, i;

	for (i = 0; kinds && i < SLOTS; i++)
		if (summary->slots[i].is_used)
			kinds[count++] = &summary->slots[i];
	if (!count)
		return;
	qsort(kinds, count, sizeof(struct kind *), kind_compare);
	for (i = 0; i < count && lines < BRIEF_SUMMARY_LINES; i++)
		lines += brief_append_total(b, &kinds[i]->brief, kind_sentence(kinds[i]), style);
	for (; i < count; i++)
		rest += kinds[i]->brief.repeated;
	if (rest) {
		strbuf_append_str(b, "and ");
		strbuf_append_u64_grouped(b, rest);
		strbuf_append_str(b, " of other kinds\n");
	}
}
