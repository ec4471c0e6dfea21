// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/attach_clsact.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pkt_sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "include/record.h"
#include "user/base/cleanup.h"
#include "user/kernel/netlink.h"

static enum bpf_tc_attach_point clsact_point(enum tcx_direction direction)
{
	return direction == TCX_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

int clsact_attach(int program_fd, int ifindex, enum tcx_direction direction, bool *ret_made_qdisc)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = clsact_point(direction));
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program_fd, .handle = (uint32_t)getpid(),
		    .priority = CLSACT_PRIORITY);
	int err = bpf_tc_hook_create(&hook);

	if (err && err != -EEXIST)
		return err;
	if (!err)
		*ret_made_qdisc = true;
	return bpf_tc_attach(&hook, &options);
}

static int clsact_remove(int ifindex, enum tcx_direction direction, uint32_t handle)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = clsact_point(direction));
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = handle, .priority = CLSACT_PRIORITY);

	return bpf_tc_detach(&hook, &options);
}

int clsact_detach(int ifindex, enum tcx_direction direction)
{
	return clsact_remove(ifindex, direction, (uint32_t)getpid());
}

static uint32_t clsact_parent(enum tcx_direction direction)
{
	return TC_H_MAKE(TC_H_CLSACT,
			 direction == TCX_INGRESS ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

static int clsact_stop_at_ours(const struct netlink_filter *filter, void *data)
{
	(void)data;
	return filter->priority == CLSACT_PRIORITY && filter->handle == (uint32_t)getpid() ?
		       -EEXIST :
		       0;
}

bool clsact_is_attached(int ifindex, enum tcx_direction direction)
{
	int err =
		netlink_list_filters(ifindex, clsact_parent(direction), clsact_stop_at_ours, NULL);

	/* -EINVAL, -ENOENT: there is no such qdisc any more. */
	return err && err != -EINVAL && err != -ENOENT;
}

static int clsact_stop_at_first(const struct netlink_filter *filter, void *data)
{
	(void)filter;
	(void)data;
	return -EEXIST;
}

void clsact_remove_if_empty(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	if (!netlink_list_filters(ifindex, clsact_parent(TCX_INGRESS), clsact_stop_at_first,
				  NULL) &&
	    !netlink_list_filters(ifindex, clsact_parent(TCX_EGRESS), clsact_stop_at_first, NULL))
		bpf_tc_hook_destroy(&hook);
}

/* A process of that id lives, and it is one of ours. */
static bool clsact_owner_lives(uint32_t pid)
{
	char path[64], comm[TASK_COMM_BYTES] = {};
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, comm, sizeof(comm) - 1) > 0 &&
	       !strncmp(comm, "closetrace", strlen("closetrace"));
}

struct clsact_cleaner {
	uint32_t stale[64];
	int count;
};

static int clsact_note_stale(const struct netlink_filter *filter, void *data)
{
	struct clsact_cleaner *cleaner = data;

	if (filter->priority != CLSACT_PRIORITY || strncmp(filter->name, "ct_tc_", 6))
		return 0;
	if (clsact_owner_lives(filter->handle))
		return 0;
	if (cleaner->count < 64)
		cleaner->stale[cleaner->count++] = filter->handle;
	return 0;
}

static int clsact_clean_direction(int ifindex, enum tcx_direction direction)
{
	struct clsact_cleaner cleaner = {};
	int err, removed = 0;

	err = netlink_list_filters(ifindex, clsact_parent(direction), clsact_note_stale, &cleaner);
	/* Without the qdisc there is nothing to clean. */
	if (err)
		return err == -EINVAL || err == -ENOENT ? 0 : err;
	for (int i = 0; i < cleaner.count; i++)
		if (!clsact_remove(ifindex, direction, cleaner.stale[i]))
			removed++;
	return removed;
}

int clsact_clean(int ifindex)
{
	int in = clsact_clean_direction(ifindex, TCX_INGRESS);
	int out = in < 0 ? in : clsact_clean_direction(ifindex, TCX_EGRESS);

	if (out < 0)
		return out;
	if (in + out)
		clsact_remove_if_empty(ifindex);
	return in + out;
}
