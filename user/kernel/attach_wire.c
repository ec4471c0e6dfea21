// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/attach_wire.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/kernel/attach_clsact.h"

/* A look at a link takes the lock of all interfaces, which somebody else may hold for long. */
#define WIRE_CHECK_NS (5 * CLOCK_NS_PER_MS)
/* Filters are listed in their namespaces, which costs more; events tell of them at once. */
#define WIRE_CHECK_FILTERS 8

/* One hooked interface. Descriptors are links; -1 = none, or a clsact filter. */
struct attachment {
	uint32_t netns;
	int ifindex;
	unsigned short hardware_type;
	int in_fd;
	int out_fd;
	bool clsact_in;
	bool clsact_out;
	bool made_clsact;
	bool failed;
	char name[IF_NAMESIZE];
};

struct wire {
	struct wire_options options;
	struct namespaces *namespaces;
	struct attachment *items;
	size_t count;
	size_t capacity;
	int error; /* first failure on an interface that was asked for by name */
	size_t check_next; /* where wire_check() goes on */
	uint64_t repaired;
};

static const char *const hook_names[] = {
#define HOOK_CHOICE_NAME(id, name, ...) [HOOK_##id] = name,
	HOOK_CHOICES(HOOK_CHOICE_NAME)
};

static const char *const hook_meanings[] = {
#define HOOK_CHOICE_MEANING(id, name, meaning) [HOOK_##id] = meaning,
	HOOK_CHOICES(HOOK_CHOICE_MEANING)
};

const char *hook_choice_name(enum hook_choice choice)
{
	return choice < HOOK_CHOICE_COUNT ? hook_names[choice] : NULL;
}

const char *hook_choice_meaning(enum hook_choice choice)
{
	return choice < HOOK_CHOICE_COUNT ? hook_meanings[choice] : NULL;
}

int hook_choice_from_name(const char *name, enum hook_choice *ret)
{
	for (int i = 0; i < HOOK_CHOICE_COUNT; i++) {
		if (!strcmp(name, hook_names[i])) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

enum link_layer { LINK_UNKNOWN, LINK_ETHERNET, LINK_IP };

/* Whether a frame on this link starts with an Ethernet header or with the IP header. */
static enum link_layer link_layer_of(unsigned short hardware_type)
{
	switch (hardware_type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return LINK_ETHERNET;
	case ARPHRD_NONE: /* tun, WireGuard */
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
	case ARPHRD_RAWIP:
		return LINK_IP;
	default:
		return LINK_UNKNOWN;
	}
}

/* Drivers of virtual machines: XDP there costs offloads or is refused. */
static const char *const paravirtual_drivers[] = { "virtio_net", "vmxnet3", "hv_netvsc",
						   "xen-netfront", "vif" };

/* A device with a driver of its own; needs our own namespace's /sys. */
static bool link_is_physical(const char *name)
{
	char path[128], target[PATH_MAX];
	const char *driver;
	ssize_t bytes;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device/driver", name);
	bytes = readlink(path, target, sizeof(target) - 1);
	if (bytes <= 0)
		return false;
	target[bytes] = '\0';
	driver = strrchr(target, '/');
	driver = driver ? driver + 1 : target;
	for (size_t i = 0; i < sizeof(paravirtual_drivers) / sizeof(paravirtual_drivers[0]); i++)
		if (!strcmp(driver, paravirtual_drivers[i]))
			return false;
	return true;
}

/* XDP flags to try for this interface in turn; 0 entries = TC at once. */
static size_t xdp_modes(enum hook_choice hook, const struct netlink_link *link, bool own_namespace,
			uint32_t modes[2])
{
	if (link_layer_of(link->hardware_type) != LINK_ETHERNET)
		return 0;
	switch (hook) {
	case HOOK_XDP:
		modes[0] = XDP_FLAGS_DRV_MODE;
		modes[1] = XDP_FLAGS_SKB_MODE;
		return 2;
	case HOOK_XDP_NATIVE:
		modes[0] = XDP_FLAGS_DRV_MODE;
		return 1;
	case HOOK_XDP_GENERIC:
		modes[0] = XDP_FLAGS_SKB_MODE;
		return 1;
	case HOOK_AUTO:
		if (!own_namespace || link->xdp_attached || !link_is_physical(link->name))
			return 0;
		modes[0] = XDP_FLAGS_DRV_MODE;
		return 1;
	default:
		return 0;
	}
}

const char *wire_policy_explain(enum hook_choice hook, const struct netlink_link *link)
{
	uint32_t modes[2];

	if (hook == HOOK_NONE)
		return "none: not asked for";
	if (link_layer_of(link->hardware_type) == LINK_UNKNOWN)
		return "none: a kind of link that carries neither Ethernet nor IP";
	if (xdp_modes(hook, link, true, modes))
		return hook == HOOK_AUTO ? "XDP in the driver, TC if it refuses; TC out" :
					   "XDP as asked for; TC out";
	if (link->hardware_type == ARPHRD_LOOPBACK)
		return "TC out: what goes out of loopback comes in of it";
	if (hook != HOOK_AUTO)
		return "TC in and out";
	return link->xdp_attached ? "TC in and out: another XDP program is on it" :
				    "TC in and out: XDP would slow it down";
}

/* No errno of an attachment, so that the message is about the program. */
#define ERROR_NO_PROGRAM ENOEXEC

static int wire_program_fd(const struct wire *wire, enum wire_program which)
{
	int fd = wire->options.program(wire->options.data, which);

	return fd < 0 ? -ERROR_NO_PROGRAM : fd;
}

static int attach_tc(const struct wire *wire, struct attachment *at, enum tcx_direction direction,
		     enum link_layer layer)
{
	bool in = direction == TCX_INGRESS, ip = layer == LINK_IP;
	enum wire_program which = in ? (ip ? WIRE_PROGRAM_TC_IN_L3 : WIRE_PROGRAM_TC_IN) :
				       (ip ? WIRE_PROGRAM_TC_OUT_L3 : WIRE_PROGRAM_TC_OUT);
	int fd, program = wire_program_fd(wire, which);

	if (program < 0)
		return program;
	if (!wire->options.with_tcx) {
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

static int attach_xdp(const struct wire *wire, struct attachment *at, const uint32_t *modes,
		      size_t count)
{
	int fd = -EOPNOTSUPP, program = wire_program_fd(wire, WIRE_PROGRAM_XDP_IN);

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

static int attach_in(const struct wire *wire, struct attachment *at,
		     const struct netlink_link *link, enum link_layer layer)
{
	bool own = at->netns == wire->namespaces->own_inode;
	enum hook_choice hook = wire->options.hook;
	uint32_t modes[2];
	size_t count = xdp_modes(hook, link, own, modes);
	int err;

	if (count) {
		err = attach_xdp(wire, at, modes, count);
		if (!err || hook != HOOK_AUTO)
			return err;
	}
	/* What goes out of loopback comes in of it: one look is enough. */
	if (link->hardware_type == ARPHRD_LOOPBACK)
		return 0;
	return attach_tc(wire, at, TCX_INGRESS, layer);
}

/* In the interface's namespace. */
static void attachment_drop_hooks(struct attachment *at)
{
	if (at->in_fd >= 0)
		close(at->in_fd);
	if (at->out_fd >= 0)
		close(at->out_fd);
	if (at->clsact_in)
		clsact_detach(at->ifindex, TCX_INGRESS);
	if (at->clsact_out)
		clsact_detach(at->ifindex, TCX_EGRESS);
	if (at->made_clsact)
		clsact_remove_if_empty(at->ifindex);
	at->in_fd = at->out_fd = -1;
	at->clsact_in = at->clsact_out = at->made_clsact = false;
}

static struct attachment *wire_find(const struct wire *wire, uint32_t netns, int ifindex)
{
	for (size_t i = 0; i < wire->count; i++)
		if (wire->items[i].netns == netns && wire->items[i].ifindex == ifindex)
			return &wire->items[i];
	return NULL;
}

static struct attachment *wire_add(struct wire *wire)
{
	if (wire->count == wire->capacity) {
		size_t capacity = wire->capacity ? wire->capacity * 2 : 32;
		void *items = realloc(wire->items, capacity * sizeof(*wire->items));

		if (!items)
			return NULL;
		wire->items = items;
		wire->capacity = capacity;
	}
	return &wire->items[wire->count++];
}

static bool wire_is_named(const struct wire *wire, const char *name)
{
	for (size_t i = 0; i < wire->options.interface_count; i++)
		if (!strcmp(wire->options.interfaces[i], name))
			return true;
	return false;
}

static const char *attach_advice(int err)
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
	case ERROR_NO_PROGRAM:
		return "the kernel refused the program for it; run with --debug for its reasons";
	default:
		return strerror(-err);
	}
}

/* Hook one interface, in whose namespace the thread is. */
static void wire_hook(struct wire *wire, uint32_t netns, const struct netlink_link *link)
{
	enum link_layer layer = link_layer_of(link->hardware_type);
	bool named = wire_is_named(wire, link->name);
	struct attachment *at;
	int err;

	if (layer == LINK_UNKNOWN || (wire->options.interface_count && !named) ||
	    wire_find(wire, netns, link->ifindex))
		return;
	at = wire_add(wire);
	if (!at) {
		wire->error = wire->error ?: -ENOMEM;
		return;
	}
	*at = (struct attachment){ .netns = netns,
				   .ifindex = link->ifindex,
				   .hardware_type = link->hardware_type,
				   .in_fd = -1,
				   .out_fd = -1 };
	memcpy(at->name, link->name, sizeof(at->name));
	if (!wire->options.with_tcx)
		clsact_clean(link->ifindex);
	err = attach_in(wire, at, link, layer);
	if (!err)
		err = attach_tc(wire, at, TCX_EGRESS, layer);
	/* It went away between the listing and now. */
	if (err == -ENODEV) {
		attachment_drop_hooks(at);
		wire->count--;
		return;
	}
	if (!err)
		return;
	attachment_drop_hooks(at);
	at->failed = true;
	if (named || wire->options.hook != HOOK_AUTO)
		wire->error = wire->error ?: err;
	log_warn("cannot watch packets on interface %s: %s", link->name, attach_advice(err));
}

static void wire_forget(struct wire *wire, struct attachment *at)
{
	if (at->in_fd >= 0)
		close(at->in_fd);
	if (at->out_fd >= 0)
		close(at->out_fd);
	*at = wire->items[--wire->count];
}

struct sync_context {
	struct wire *wire;
	uint32_t netns;
};

static int sync_link(const struct netlink_link *link, void *data)
{
	const struct sync_context *context = data;

	wire_hook(context->wire, context->netns, link);
	return 0;
}

static int sync_namespace(struct wire *wire, struct network_namespace *ns)
{
	struct sync_context context = { .wire = wire, .netns = ns->inode };
	int err;

	namespace_learn_id(ns);
	err = namespaces_enter(wire->namespaces, ns);
	if (err)
		return err;
	err = netlink_list_links(sync_link, &context);
	namespaces_leave(wire->namespaces, ns);
	return err;
}

static int check_named(const struct wire *wire)
{
	for (size_t i = 0; i < wire->options.interface_count; i++) {
		bool found = false;

		for (size_t j = 0; j < wire->count && !found; j++)
			found = !strcmp(wire->items[j].name, wire->options.interfaces[i]);
		if (!found)
			return log_error(-ENODEV,
					 "there is no interface %s in the watched namespaces; "
					 "`ip link` lists those of this one",
					 wire->options.interfaces[i]);
	}
	return 0;
}

int wire_sync(struct wire *wire)
{
	struct namespaces *namespaces = wire->namespaces;
	int err;

	if (wire->options.hook == HOOK_NONE)
		return 0;
	for (size_t i = 0; i < wire->count;) {
		if (!namespaces_find(namespaces, wire->items[i].netns))
			wire_forget(wire, &wire->items[i]);
		else
			i++;
	}
	for (size_t i = 0; i < namespaces->count; i++) {
		struct network_namespace *ns = &namespaces->items[i];

		if (!wire->options.wants(wire->options.data, ns->inode))
			continue;
		err = sync_namespace(wire, ns);
		if (err && err != -ENOENT && err != -ESTALE)
			log_debug("network namespace %u (%s): %s", ns->inode, ns->path,
				  strerror(-err));
	}
	err = check_named(wire);
	return err ? err : wire->error;
}

static bool in_is_lost(const struct attachment *at)
{
	return at->clsact_in ? !clsact_is_attached(at->ifindex, TCX_INGRESS) :
			       at->in_fd >= 0 && tcx_link_is_detached(at->in_fd);
}

static bool out_is_lost(const struct attachment *at)
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

/* In the interface's namespace. What is still there is left alone. */
static int attachment_repair(const struct wire *wire, struct attachment *at, bool in, bool out)
{
	struct netlink_link link = { .ifindex = at->ifindex, .hardware_type = at->hardware_type };
	enum link_layer layer = link_layer_of(at->hardware_type);
	int err = 0;

	memcpy(link.name, at->name, sizeof(link.name));
	if (in) {
		hook_forget(&at->in_fd, &at->clsact_in);
		err = attach_in(wire, at, &link, layer);
	}
	if (out && !err) {
		hook_forget(&at->out_fd, &at->clsact_out);
		err = attach_tc(wire, at, TCX_EGRESS, layer);
	}
	return err;
}

/* Look, and repair. False when the interface turned out to be gone and was forgotten. */
static bool wire_check_one(struct wire *wire, struct attachment *at)
{
	const struct network_namespace *ns;
	bool by_filter = at->clsact_in || at->clsact_out;
	bool in = false, out = false;
	int err;

	if (at->failed || (!by_filter && !in_is_lost(at) && !out_is_lost(at)))
		return true;
	ns = namespaces_find(wire->namespaces, at->netns);
	if (!ns || namespaces_enter(wire->namespaces, ns))
		return true;
	in = in_is_lost(at);
	out = out_is_lost(at);
	err = attachment_repair(wire, at, in, out);
	namespaces_leave(wire->namespaces, ns);
	if (err == -ENODEV) {
		wire_forget(wire, at);
		return false;
	}
	wire->repaired += in + out;
	at->failed = err != 0;
	if (err)
		log_warn(
			"the packet hook on interface %s was taken off by somebody else, and cannot "
			"be put on again: %s",
			at->name, attach_advice(err));
	else if (in || out)
		log_warn("the packet hook on interface %s was taken off by somebody else; it is on "
			 "again",
			 at->name);
	return true;
}

void wire_check(struct wire *wire)
{
	uint64_t end_ns = clock_monotonic_ns() + WIRE_CHECK_NS;
	size_t limit = wire->options.with_tcx ? wire->count : WIRE_CHECK_FILTERS;

	for (size_t checked = 0; checked < wire->count && checked < limit; checked++) {
		if (wire->check_next >= wire->count)
			wire->check_next = 0;
		if (wire_check_one(wire, &wire->items[wire->check_next]))
			wire->check_next++;
		if (clock_monotonic_ns() > end_ns)
			return;
	}
}

uint64_t wire_repaired(const struct wire *wire)
{
	return wire->repaired;
}

void wire_take_event(struct wire *wire, const struct netlink_link *link)
{
	struct network_namespace *ns = namespaces_find_nsid(wire->namespaces, link->nsid);
	struct attachment *at;

	if (!ns || wire->options.hook == HOOK_NONE ||
	    !wire->options.wants(wire->options.data, ns->inode))
		return;
	at = wire_find(wire, ns->inode, link->ifindex);
	if (link->lost_filter) {
		if (at)
			wire_check_one(wire, at);
		return;
	}
	if (link->is_gone) {
		if (at)
			wire_forget(wire, at);
		return;
	}
	if (at || namespaces_enter(wire->namespaces, ns))
		return;
	wire_hook(wire, ns->inode, link);
	namespaces_leave(wire->namespaces, ns);
}

int wire_new(const struct wire_options *options, struct namespaces *namespaces, struct wire **ret)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	if (!wire)
		return -ENOMEM;
	wire->options = *options;
	wire->namespaces = namespaces;
	*ret = wire;
	return 0;
}

void wire_free(struct wire **wire)
{
	struct network_namespace *ns;

	if (!*wire)
		return;
	for (size_t i = 0; i < (*wire)->count; i++) {
		struct attachment *at = &(*wire)->items[i];

		ns = at->clsact_in || at->clsact_out ?
			     namespaces_find((*wire)->namespaces, at->netns) :
			     NULL;
		if (ns && !namespaces_enter((*wire)->namespaces, ns)) {
			attachment_drop_hooks(at);
			namespaces_leave((*wire)->namespaces, ns);
			continue;
		}
		at->clsact_in = at->clsact_out = at->made_clsact = false;
		attachment_drop_hooks(at);
	}
	free((*wire)->items);
	free(*wire);
	*wire = NULL;
}

void wire_count(const struct wire *wire, size_t *ret_hooked, size_t *ret_failed)
{
	size_t failed = 0;

	for (size_t i = 0; i < wire->count; i++)
		failed += wire->items[i].failed;
	*ret_hooked = wire->count - failed;
	*ret_failed = failed;
}

const char *wire_interface_name(const struct wire *wire, uint32_t netns, uint32_t ifindex)
{
	const struct attachment *at = wire_find(wire, netns, (int)ifindex);

	return at ? at->name : NULL;
}
