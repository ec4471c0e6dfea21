// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/late_programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "include/tracer_config.h"
#include "bpf/closetrace.skel.h"
#include "user/base/cleanup.h"
#include "user/base/log.h"

enum late_set { LATE_SET_XDP, LATE_SET_L3 };

static const struct {
	enum late_set set;
	const char *name;
} late_infos[] = {
#define LATE_PROGRAM_INFO(id, set, name) [LATE_##id] = { LATE_SET_##set, name },
	LATE_PROGRAMS(LATE_PROGRAM_INFO)
};

void late_programs_leave_out(struct closetrace_bpf *first)
{
	for (int i = 0; i < LATE_PROGRAM_COUNT; i++)
		bpf_program__set_autoload(
			bpf_object__find_program_by_name(first->obj, late_infos[i].name), false);
}

/* The kernel's BTF was read for it: that memory is not needed again. */
static void object_close(struct bpf_object **object)
{
	bpf_object__close(*object);
	malloc_trim(0);
}

/* The configuration is a frozen map among them: the verifier finds its constants there. */
static int maps_share(struct bpf_object *object, const struct bpf_object *first)
{
	const struct bpf_map *known;
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		known = bpf_object__find_map_by_name(first, bpf_map__name(map));
		if (!known || bpf_map__reuse_fd(map, bpf_map__fd(known)))
			return known ? -errno : -ENOENT;
	}
	return 0;
}

static void autoload_set(struct bpf_object *object, enum late_set set)
{
	struct bpf_program *each;

	bpf_object__for_each_program(each, object)
		bpf_program__set_autoload(each, false);
	for (int i = 0; i < LATE_PROGRAM_COUNT; i++)
		if (late_infos[i].set == set)
			bpf_program__set_autoload(
				bpf_object__find_program_by_name(object, late_infos[i].name), true);
}

static int late_set_load(struct late_programs *late, enum late_set set)
{
	const struct bpf_object_skeleton *skeleton = late->first->skeleton;
	/* The name is part of the names of maps. */
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = skeleton->name);
	_cleanup_(object_close) struct bpf_object *object = NULL;
	int err, fd;

	object = bpf_object__open_mem(skeleton->data, skeleton->data_sz, &options);
	if (!object)
		return -errno;
	autoload_set(object, set);
	err = maps_share(object, late->first->obj);
	if (!err)
		err = bpf_object__load(object);
	for (int i = 0; i < LATE_PROGRAM_COUNT && !err; i++) {
		if (late_infos[i].set != set)
			continue;
		fd = bpf_program__fd(bpf_object__find_program_by_name(object, late_infos[i].name));
		late->fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (late->fds[i] < 0)
			err = -errno;
	}
	return err;
}

static void late_set_refuse(struct late_programs *late, enum late_set set, int err)
{
	for (int i = 0; i < LATE_PROGRAM_COUNT; i++) {
		if (late_infos[i].set != set)
			continue;
		if (late->fds[i] > 0)
			close(late->fds[i]);
		late->fds[i] = err;
	}
}

int late_program_fd(struct late_programs *late, enum late_program which)
{
	enum late_set set = late_infos[which].set;
	int err;

	if (late->fds[which])
		return late->fds[which];
	err = late_set_load(late, set);
	if (err) {
		late_set_refuse(late, set, err);
		log_debug("the kernel refused %s: %s", late_infos[which].name, strerror(-err));
	}
	return late->fds[which];
}

void late_programs_release(struct late_programs *late)
{
	for (int i = 0; i < LATE_PROGRAM_COUNT; i++) {
		if (late->fds[i] > 0)
			close(late->fds[i]);
		late->fds[i] = 0;
	}
}
