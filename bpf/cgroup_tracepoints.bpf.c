// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Observation point "cgroups": which path an id stands for, told while it is still there.
 * A container may live for a second only, and its connections end when it does.
 */
#include "bpf/record_emit.bpf.h"

/*
 * The version 2 hierarchy is the first that the kernel registers, at boot: its id is 0, and
 * those of version 1 begin at 1. On a hybrid host both kinds come through here.
 */
#define CGROUP2_HIERARCHY 0

static __always_inline int cgroup_tell(struct cgroup *cgroup, const char *path, __u8 flags)
{
	struct cgroup_record *record;

	if (BPF_CORE_READ(cgroup, root, hierarchy_id) != CGROUP2_HIERARCHY)
		return 0;
	record = bpf_ringbuf_reserve(&ct_events, sizeof(*record), 0);
	if (!record) {
		counter_add(COUNTER_CGROUP_LOST);
		return 0;
	}
	record_head_fill(&record->head, RECORD_CGROUP, sizeof(*record));
	record->head.flags = flags;
	record->cgroup_id = BPF_CORE_READ(cgroup, kn, id);
	if (bpf_probe_read_kernel_str(record->path, sizeof(record->path), path) ==
	    sizeof(record->path))
		record->head.flags |= CGROUP_PATH_CUT;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(ct_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	return cgroup_tell(cgroup, path, 0);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(ct_cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	return cgroup_tell(cgroup, path, CGROUP_REMOVED);
}
