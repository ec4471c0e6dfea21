/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TC programs as links (TCX, Linux 6.6), which libbpf 1.1 does not know by name. */
#ifndef USER_KERNEL_ATTACH_TCX_H
#define USER_KERNEL_ATTACH_TCX_H

#include <stdbool.h>

/* enum bpf_attach_type in include/uapi/linux/bpf.h since e420bed02507. */
enum tcx_direction {
	TCX_INGRESS = 46,
	TCX_EGRESS = 47,
};

/* A link descriptor that the caller owns, or negative errno. -EINVAL: the kernel has no TCX. */
int tcx_link_create(int program_fd, int ifindex, enum tcx_direction direction);

/* Of a TCX or an XDP link: somebody has taken the program off, or the interface is gone. */
bool tcx_link_is_detached(int link_fd);

#endif
