// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/hook_policy.h"

#include <limits.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const hook_names[] = {
#define HOOK_CHOICE_NAME(id, name, ...) [HOOK_##id] = name,
	HOOK_CHOICES(HOOK_CHOICE_NAME)
};

const char *hook_choice_name(enum hook_choice choice)
{
	return choice < HOOK_CHOICE_COUNT ? hook_names[choice] : NULL;
}

enum link_layer link_layer_of(unsigned short hardware_type)
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

bool link_is_physical(const char *name)
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

size_t hook_policy_xdp_modes(enum hook_choice hook, const struct netlink_link *link,
			     bool own_namespace, uint32_t modes[2])
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

const char *hook_policy_explain(enum hook_choice hook, const struct netlink_link *link)
{
	uint32_t modes[2];

	if (hook == HOOK_NONE)
		return "none: not asked for";
	if (link_layer_of(link->hardware_type) == LINK_UNKNOWN)
		return "none: a kind of link that carries neither Ethernet nor IP";
	if (hook_policy_xdp_modes(hook, link, true, modes))
		return hook == HOOK_AUTO ? "XDP in the driver, TC if it refuses; TC out" :
					   "XDP as asked for; TC out";
	if (link->hardware_type == ARPHRD_LOOPBACK)
		return "TC out: what goes out of loopback comes in of it";
	if (hook != HOOK_AUTO)
		return "TC in and out";
	return link->xdp_attached ? "TC in and out: another XDP program is on it" :
				    "TC in and out: XDP would slow it down";
}
