// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/attachment.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

#include "user/kernel/attach_clsact.h"

/* No errno of an attachment, so that the message is about the program. */
#define ERROR_NO_PROGRAM ENOEXEC

static int method_program(const struct attach_method *method, enum wire_program which)
{
	int fd = method->program(method->data, which);

	return fd < 0 ? -ERROR_NO_PROGRAM : fd;
}

static int attach_tc(const struct attach_method *method, struct attachment *at,
		     enum tcx_direction direction)
{
	bool in = direction == TCX_INGRESS, ip = link_layer_of(at->hardware_type) == LINK_IP;
	enum wire_program which = in ? (ip ? WIRE_PROGRAM_TC_IN_L3 : WIRE_PROGRAM_TC_IN) :
				       (ip ? WIRE_PROGRAM_TC_OUT_L3 : WIRE_PROGRAM_TC_OUT);
	int fd, program = method_program(method, which);

	if (program < 0)
		return program;
	if (!method->with_tcx) {
		fd = clsact_attach(program, at->ifindex, direction, &at->made_clsact);
		if (!fd)
			*(in ? &at->clsact_in : &at->clsact_out) = true;
		return fd;
	}
	fd = tcx_link_create(program, at->ifindex, direction);
	if (fd < 0)
		return fd;
	*(in ? &at->in_fd : &at->out_fd) = fd;
	return 0;
}

static int attach_xdp(const struct attach_method *method, struct attachment *at,
		      const uint32_t *modes, size_t count)
{
	int fd = -EOPNOTSUPP, program = method_program(method, WIRE_PROGRAM_XDP_IN);

	if (program < 0)
		return program;
	for (size_t i = 0; i < count; i++) {
		LIBBPF_OPTS(bpf_link_create_opts, options, .flags = modes[i]);

		fd = bpf_link_create(program, at->ifindex, BPF_XDP, &options);
		if (fd >= 0) {
			at->in_fd = fd;
			return 0;
		}
		fd = -errno;
	}
	return fd;
}

static int attach_in(const struct attach_method *method, struct attachment *at,
		     const struct netlink_link *link, bool own_namespace)
{
	uint32_t modes[2];
	size_t count = hook_policy_xdp_modes(method->hook, link, own_namespace, modes);
	int err;

	if (count) {
		err = attach_xdp(method, at, modes, count);
		if (!err || method->hook != HOOK_AUTO)
			return err;
	}
	/* What goes out of loopback comes in of it: one look is enough. */
	if (link->hardware_type == ARPHRD_LOOPBACK)
		return 0;
	return attach_tc(method, at, TCX_INGRESS);
}

static void attachment_close(struct attachment *at)
{
	if (at->in_fd >= 0)
		close(at->in_fd);
	if (at->out_fd >= 0)
		close(at->out_fd);
	at->in_fd = at->out_fd = -1;
}

void attachment_drop(struct attachment *at)
{
	attachment_close(at);
	if (at->clsact_in)
		clsact_detach(at->ifindex, TCX_INGRESS);
	if (at->clsact_out)
		clsact_detach(at->ifindex, TCX_EGRESS);
	if (at->made_clsact)
		clsact_remove_if_empty(at->ifindex);
	at->clsact_in = at->clsact_out = at->made_clsact = false;
}

void attachment_forget(struct attachment *at)
{
	attachment_close(at);
	at->clsact_in = at->clsact_out = at->made_clsact = false;
}

int attachment_make(const struct attach_method *method, const struct netlink_link *link,
		    bool own_namespace, struct attachment *ret)
{
	struct attachment at = ATTACHMENT_NONE;
	int err;

	at.ifindex = link->ifindex;
	at.hardware_type = link->hardware_type;
	memcpy(at.name, link->name, sizeof(at.name));
	if (!method->with_tcx)
		clsact_clean(link->ifindex);
	err = attach_in(method, &at, link, own_namespace);
	if (!err)
		err = attach_tc(method, &at, TCX_EGRESS);
	if (err) {
		attachment_drop(&at);
		return err;
	}
	*ret = at;
	return 0;
}

bool attachment_has_filters(const struct attachment *at)
{
	return at->clsact_in || at->clsact_out;
}

bool attachment_in_is_lost(const struct attachment *at)
{
	return at->clsact_in ? !clsact_is_attached(at->ifindex, TCX_INGRESS) :
			       at->in_fd >= 0 && tcx_link_is_detached(at->in_fd);
}

bool attachment_out_is_lost(const struct attachment *at)
{
	return at->clsact_out ? !clsact_is_attached(at->ifindex, TCX_EGRESS) :
				at->out_fd >= 0 && tcx_link_is_detached(at->out_fd);
}

static void hook_forget(int *fd, bool *clsact)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	*clsact = false;
}

int attachment_repair(const struct attach_method *method, struct attachment *at, bool own_namespace,
		      unsigned int *ret_repaired)
{
	struct netlink_link link = { .ifindex = at->ifindex, .hardware_type = at->hardware_type };
	bool in = attachment_in_is_lost(at), out = attachment_out_is_lost(at);
	int err = 0;

	memcpy(link.name, at->name, sizeof(link.name));
	*ret_repaired = in + out;
	if (in) {
		hook_forget(&at->in_fd, &at->clsact_in);
		err = attach_in(method, at, &link, own_namespace);
	}
	if (out && !err) {
		hook_forget(&at->out_fd, &at->clsact_out);
		err = attach_tc(method, at, TCX_EGRESS);
	}
	return err;
}

const char *attachment_advice(int err)
{
	switch (-err) {
	case EBUSY:
	case EEXIST:
		return "another XDP program is on it; use --hook tc or --hook auto";
	case EOPNOTSUPP:
	case EINVAL:
		return "its driver does not support this hook; use --hook auto";
	case EPERM:
		return "not permitted; run it as root";
	case EMFILE:
	case ENFILE:
		return "no file descriptor is left, each interface takes two; raise the limit of open "
		       "files (ulimit -n, LimitNOFILE=), or name the interfaces with -i";
	case ERROR_NO_PROGRAM:
		return "the kernel refused the program for it; run with --debug for its reasons";
	default:
		return strerror(-err);
	}
}
