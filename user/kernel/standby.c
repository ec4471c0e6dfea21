// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/standby.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "include/tracer_config.h"

#include "bpf/closetrace.skel.h"
#include "user/base/log.h"

#define STANDBY_COUNT 3

/* One program, the way to it, and those that stand by for it. */
struct standby {
	const struct bpf_map *path;
	struct bpf_program *program;
	struct bpf_program *programs[STANDBY_COUNT];
	struct bpf_link **links[STANDBY_COUNT];
};

/* X(program, its standbys without their number and the map without "ct_to") */
#define STANDBYS(X)                                                                                \
	X(ct_set_state, set_state)                                                                 \
	X(ct_recv_reset, recv_rst)                                                                 \
	X(ct_send_reset, send_rst)                                                                 \
	X(ct_error_report, error)                                                                  \
	X(ct_destroy, destroy)                                                                     \
	X(ct_first_recv, recv)

#define STANDBY_ENUM(main, name) STANDBY_OF_##name,
enum standby_id { STANDBYS(STANDBY_ENUM) STANDBYS_COUNT };

static void standbys_list(const struct closetrace_bpf *skeleton, struct standby *ret)
{
	struct closetrace_bpf *s = (struct closetrace_bpf *)skeleton;

#define STANDBY_ROW(main, name)                                                                    \
	ret[STANDBY_OF_##name] = (struct standby){                                                 \
		s->maps.ct_to_##name,                                                              \
		s->progs.main,                                                                     \
		{ s->progs.ct_##name##_1, s->progs.ct_##name##_2, s->progs.ct_##name##_3 },        \
		{ &s->links.ct_##name##_1, &s->links.ct_##name##_2, &s->links.ct_##name##_3 },     \
	};
	STANDBYS(STANDBY_ROW)
}

/*
 * For softirqs on top of a task, which every kernel has: of the longest program that tasks run with
 * softirqs on, and of the one behind which nothing comes that could make up for it.
 */
static bool standby_is_always_on(enum standby_id id)
{
	return id == STANDBY_OF_set_state || id == STANDBY_OF_destroy;
}

void standby_choose(struct closetrace_bpf *skeleton, bool preemptible)
{
	struct standby standbys[STANDBYS_COUNT];

	standbys_list(skeleton, standbys);
	for (int i = 0; i < STANDBYS_COUNT; i++)
		for (int n = 0; n < STANDBY_COUNT; n++)
			bpf_program__set_autoload(standbys[i].programs[n],
						  preemptible || (!n && standby_is_always_on(i)));
}

static int standby_attach_one(const struct standby *standby, int n)
{
	struct bpf_program *program = standby->programs[n];

	*standby->links[n] = bpf_program__attach(program);
	if (!*standby->links[n])
		return log_error(-errno, "cannot attach %s to its tracepoint: %s",
				 bpf_program__name(program), strerror(errno));
	return 0;
}

int standby_attach(struct closetrace_bpf *skeleton)
{
	struct standby standbys[STANDBYS_COUNT];
	const uint32_t zero = 0;
	int err = 0;

	standbys_list(skeleton, standbys);
	for (int i = 0; i < STANDBYS_COUNT && !err; i++) {
		int fd = bpf_program__fd(standbys[i].program);

		if (!bpf_program__autoload(standbys[i].programs[0]))
			continue;
		if (bpf_map_update_elem(bpf_map__fd(standbys[i].path), &zero, &fd, BPF_ANY))
			return log_error(-errno, "cannot put %s where its standbys find it: %s",
					 bpf_program__name(standbys[i].program), strerror(errno));
		for (int n = 0; n < STANDBY_COUNT && !err; n++)
			if (bpf_program__autoload(standbys[i].programs[n]))
				err = standby_attach_one(&standbys[i], n);
	}
	return err;
}

static uint64_t program_skipped_runs(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	int fd = bpf_program__fd(program);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) ? info.recursion_misses : 0;
}

/* Somebody stands by behind this one. */
static bool program_has_standby(const struct standby *standbys, const struct bpf_program *program)
{
	for (int i = 0; i < STANDBYS_COUNT; i++) {
		if (standbys[i].program == program)
			return bpf_program__autoload(standbys[i].programs[0]);
		for (int n = 0; n + 1 < STANDBY_COUNT; n++)
			if (standbys[i].programs[n] == program)
				return bpf_program__autoload(standbys[i].programs[n + 1]);
	}
	return false;
}

uint64_t standby_skipped_runs(const struct closetrace_bpf *skeleton)
{
	struct standby standbys[STANDBYS_COUNT];
	struct bpf_program *program;
	uint64_t sum = 0;

	standbys_list(skeleton, standbys);
	bpf_object__for_each_program(program, skeleton->obj)
		if (!program_has_standby(standbys, program))
			sum += program_skipped_runs(program);
	return sum;
}
