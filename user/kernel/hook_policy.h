/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which hook an interface gets: --hook, and what it is. Decides only; attachment.h does it. */
#ifndef USER_KERNEL_HOOK_POLICY_H
#define USER_KERNEL_HOOK_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/kernel/netlink.h"

/* X(ID, "name", meaning) */
#define HOOK_CHOICES(X)                                                                            \
	X(AUTO, "auto", "XDP on physical interfaces whose driver runs it, TC elsewhere")           \
	X(XDP, "xdp", "XDP, in the driver or, where it cannot, in the generic path")               \
	X(XDP_NATIVE, "xdp-native", "XDP in the driver only")                                      \
	X(XDP_GENERIC, "xdp-generic", "XDP in the generic path only")                              \
	X(TC, "tc", "traffic control only")                                                        \
	X(NONE, "none", "no packet hooks: the stack's tracepoints alone")

#define HOOK_CHOICE_ENUM(id, ...) HOOK_##id,
enum hook_choice { HOOK_CHOICES(HOOK_CHOICE_ENUM) HOOK_CHOICE_COUNT };

/* NULL for a number that is none. */
const char *hook_choice_name(enum hook_choice choice);

enum link_layer { LINK_UNKNOWN, LINK_ETHERNET, LINK_IP };

/* Whether a frame on this link starts with an Ethernet header or with the IP header. */
enum link_layer link_layer_of(unsigned short hardware_type);

/* A device with a driver of its own that is not paravirtual. Asks our own namespace's /sys. */
bool link_is_physical(const char *name);

/* XDP flags to try for this interface in turn; 0 entries = TC at once. */
size_t hook_policy_xdp_modes(enum hook_choice hook, const struct netlink_link *link,
			     bool own_namespace, uint32_t modes[2]);

/* Whether, and how, an interface is hooked: what the policy of `hook` would choose. */
const char *hook_policy_explain(enum hook_choice hook, const struct netlink_link *link);

#endif
