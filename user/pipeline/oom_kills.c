// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/pipeline/oom_kills.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct oom_kills {
	struct oom_kill kills[OOM_KILLS_MAX];
	size_t next;
};

int oom_kills_new(struct oom_kills **ret)
{
	struct oom_kills *kills = calloc(1, sizeof(*kills));

	if (!kills)
		return -ENOMEM;
	*ret = kills;
	return 0;
}

void oom_kills_free(struct oom_kills **kills)
{
	free(*kills);
	*kills = NULL;
}

/* From the leaf up, as the kernel has them, to a path from the root down. */
static void cgroup_path_join(char ret[OOM_CGROUP_BYTES],
			     const char names[OOM_CGROUP_DEPTH][OOM_CGROUP_NAME_BYTES])
{
	size_t used = 0, len;
	int depth = 0;

	while (depth < OOM_CGROUP_DEPTH && names[depth][0])
		depth++;
	while (depth--) {
		len = strnlen(names[depth], OOM_CGROUP_NAME_BYTES);
		ret[used++] = '/';
		memcpy(ret + used, names[depth], len);
		used += len;
	}
	if (!used)
		ret[used++] = '/';
	ret[used] = '\0';
}

void oom_kills_note(struct oom_kills *kills, const struct oom_record *record)
{
	struct oom_kill *kill = &kills->kills[kills->next++ % OOM_KILLS_MAX];

	kill->time_ns = record->head.time_ns;
	kill->limit_bytes = record->limit_bytes;
	kill->pid = record->pid;
	cgroup_path_join(kill->cgroup, record->names);
}

const struct oom_kill *oom_kills_find(const struct oom_kills *kills, uint32_t pid, uint64_t time_ns)
{
	const struct oom_kill *kill;

	/* The youngest first: a pid may have been used before. */
	for (size_t i = 1; i <= OOM_KILLS_MAX; i++) {
		kill = &kills->kills[(kills->next - i) % OOM_KILLS_MAX];
		if (kill->pid == pid && pid && kill->time_ns <= time_ns &&
		    time_ns - kill->time_ns <= OOM_KILLS_NS)
			return kill;
	}
	return NULL;
}
