// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/attach_tcx.h"

#include <bpf/bpf.h>
#include <errno.h>

int tcx_link_create(int program_fd, int ifindex, enum tcx_direction direction)
{
	int fd = bpf_link_create(program_fd, ifindex, (enum bpf_attach_type)direction, NULL);

	return fd < 0 ? -errno : fd;
}

bool tcx_link_is_detached(int link_fd)
{
	struct bpf_link_info info = {};
	uint32_t size = sizeof(info);

	/* The interface comes first for both kinds; older headers know only that of XDP. */
	return !bpf_obj_get_info_by_fd(link_fd, &info, &size) && !info.xdp.ifindex;
}
