// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/capture_set.h"

#include <errno.h>
#include <stdlib.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"

/* A file, and the packet of it that is next. */
struct capture_source {
	struct capture_file *file; /* NULL once it is read */
	struct captured_packet packet;
	uint64_t size; /* when it was opened */
};

struct capture_set {
	size_t count;
	size_t given; /* index of the source whose packet was handed out last */
	int error;
	bool has_given;
	struct capture_source sources[];
};

static void note_error(struct capture_set *set, int err)
{
	if (!set->error)
		set->error = err;
}

/* Fetch the next packet of a source. */
static void source_step(struct capture_set *set, struct capture_source *source)
{
	int more = capture_file_next(source->file, &source->packet);

	if (more > 0)
		return;
	if (more < 0)
		note_error(set, more);
	capture_file_free(&source->file);
}

int capture_set_open(char *const *paths, size_t count, struct capture_set **ret)
{
	struct capture_set *set = calloc(1, sizeof(*set) + count * sizeof(*set->sources));
	uint64_t done;

	if (!set)
		return log_error(-ENOMEM, "not enough memory for %zu files", count);
	set->count = count;
	for (size_t i = 0; i < count; i++) {
		struct capture_source *source = &set->sources[i];
		int err = capture_file_open(paths[i], &source->file);

		if (err) {
			note_error(set, err);
			continue;
		}
		capture_file_progress(source->file, &done, &source->size);
		source_step(set, source);
	}
	*ret = set;
	return 0;
}

void capture_set_free(struct capture_set **set)
{
	if (!*set)
		return;
	for (size_t i = 0; i < (*set)->count; i++)
		capture_file_free(&(*set)->sources[i].file);
	free(*set);
	*set = NULL;
}

bool capture_set_next(struct capture_set *set, struct captured_packet *ret, int *link_type)
{
	struct capture_source *first = NULL;

	/* Only now: the packet that was handed out lies in the file's buffer. */
	if (set->has_given && set->sources[set->given].file)
		source_step(set, &set->sources[set->given]);
	for (size_t i = 0; i < set->count; i++) {
		struct capture_source *source = &set->sources[i];

		if (source->file && (!first || source->packet.time_ns < first->packet.time_ns))
			first = source;
	}
	set->has_given = first != NULL;
	if (!first)
		return false;
	set->given = (size_t)(first - set->sources);
	*ret = first->packet;
	ret->file = (uint32_t)set->given;
	*link_type = ret->link_type;
	return true;
}

int capture_set_error(const struct capture_set *set)
{
	return set->error;
}

void capture_set_progress(const struct capture_set *set, uint64_t *done, uint64_t *size)
{
	*done = *size = 0;
	for (size_t i = 0; i < set->count; i++) {
		const struct capture_source *source = &set->sources[i];
		uint64_t at = source->size, all;

		if (source->file)
			capture_file_progress(source->file, &at, &all);
		*done += at;
		*size += source->size;
	}
}
