/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The processes that the kernel killed for memory lately: their sockets close right after that. */
#ifndef USER_PIPELINE_OOM_KILLS_H
#define USER_PIPELINE_OOM_KILLS_H

#include "user/base/clock.h"
#include "user/model/oom_kill.h"

#define OOM_KILLS_MAX 64
/* A process with much memory takes its time to go. */
#define OOM_KILLS_NS (60 * CLOCK_NS_PER_SECOND)

struct oom_kills;

/* *ret is set on success only. 0 or -ENOMEM. */
int oom_kills_new(struct oom_kills **ret);
void oom_kills_free(struct oom_kills **kills);

/* Remember one; the oldest makes room. `record` has passed record_check(). */
void oom_kills_note(struct oom_kills *kills, const struct oom_record *record);

/* That of process `pid`, which closed at `time_ns`; NULL when none is known. */
const struct oom_kill *oom_kills_find(const struct oom_kills *kills, uint32_t pid,
				      uint64_t time_ns);

#endif
