// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/tracepoints.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "include/tracer_config.h"
#include "bpf/closetrace.skel.h"
#include "user/base/log.h"
#include "user/kernel/standby.h"

int tracepoints_attach(struct closetrace_bpf *skeleton)
{
	/* What only fills records comes before what sends them. */
	struct bpf_program *programs[] = {
		skeleton->progs.ct_first_recv, skeleton->progs.ct_recv_reset,
		skeleton->progs.ct_send_reset, skeleton->progs.ct_error_report,
		skeleton->progs.ct_set_state,  skeleton->progs.ct_destroy,
		skeleton->progs.ct_synack_rtx, skeleton->progs.ct_kfree_skb,
	};
	struct bpf_link **links[] = {
		&skeleton->links.ct_first_recv, &skeleton->links.ct_recv_reset,
		&skeleton->links.ct_send_reset, &skeleton->links.ct_error_report,
		&skeleton->links.ct_set_state,	&skeleton->links.ct_destroy,
		&skeleton->links.ct_synack_rtx, &skeleton->links.ct_kfree_skb,
	};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		*links[i] = bpf_program__attach(programs[i]);
		if (!*links[i])
			return log_error(-errno, "cannot attach %s to its tracepoint: %s",
					 bpf_program__name(programs[i]), strerror(errno));
	}
	return standby_attach(skeleton);
}

void tracepoints_attach_cgroups(struct closetrace_bpf *skeleton)
{
	skeleton->links.ct_cgroup_mkdir = bpf_program__attach(skeleton->progs.ct_cgroup_mkdir);
	skeleton->links.ct_cgroup_rmdir = bpf_program__attach(skeleton->progs.ct_cgroup_rmdir);
	if (!skeleton->links.ct_cgroup_mkdir || !skeleton->links.ct_cgroup_rmdir)
		log_warn("containers that live for a moment only may stay unknown: %s",
			 strerror(errno));
}

void tracepoints_attach_deaths(struct closetrace_bpf *skeleton, bool signals, bool ooms)
{
	if (signals)
		skeleton->links.ct_signal = bpf_program__attach(skeleton->progs.ct_signal);
	if (ooms)
		skeleton->links.ct_oom = bpf_program__attach(skeleton->progs.ct_oom);
	if ((signals && !skeleton->links.ct_signal) || (ooms && !skeleton->links.ct_oom))
		log_warn("who killed a process may stay unknown: %s", strerror(errno));
}
