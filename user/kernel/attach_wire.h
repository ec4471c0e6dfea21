/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The packet hooks: which hook on which interface, on every interface of every watched
 * namespace, as interfaces come and go.
 */
#ifndef USER_KERNEL_ATTACH_WIRE_H
#define USER_KERNEL_ATTACH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/kernel/namespaces.h"
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
const char *hook_choice_meaning(enum hook_choice choice);
/* 0 or -EINVAL. */
int hook_choice_from_name(const char *name, enum hook_choice *ret);

enum wire_program {
	WIRE_PROGRAM_XDP_IN,
	WIRE_PROGRAM_TC_IN,
	WIRE_PROGRAM_TC_IN_L3,
	WIRE_PROGRAM_TC_OUT,
	WIRE_PROGRAM_TC_OUT_L3,
};

/**
 * @interfaces  Names to hook; count 0 = all. Borrowed.
 * @with_tcx    Links instead of clsact filters.
 * @wants       Says whether a namespace is watched.
 * @program     The descriptor of a program, asked for when an interface needs it; negative errno
 *              when the kernel refused it.
 */
struct wire_options {
	enum hook_choice hook;
	const char *const *interfaces;
	size_t interface_count;
	bool with_tcx;
	bool (*wants)(void *data, uint32_t netns);
	int (*program)(void *data, enum wire_program which);
	void *data;
};

struct wire;

/* `namespaces` is borrowed for the life of *ret; `options` is copied. 0 or negative errno. */
int wire_new(const struct wire_options *options, struct namespaces *namespaces, struct wire **ret);

/* Takes every hook off again. */
void wire_free(struct wire **wire);

/**
 * Hook all interfaces of all wanted namespaces that are not hooked yet, and forget what
 * is gone. Also what to do when events were lost, or a namespace appeared.
 *
 * @return  0; -ENODEV when a named interface does not exist; -EBUSY when the forced kind
 *          of hook is taken on a named interface; another negative errno. Logged.
 *          Interfaces that were not asked for by name never fail the call.
 */
int wire_sync(struct wire *wire);

/**
 * Look whether the hooks are still there, and put back, with a message, what somebody else has
 * taken off. Looks at no more than it can in a few milliseconds; the next call goes on. To be
 * called twice a second. Filters are told of by events, too.
 */
void wire_check(struct wire *wire);

/* How often wire_check() has put a hook back. */
uint64_t wire_repaired(const struct wire *wire);

/* Take one link event: hook the new one, forget the gone one, see to one that lost a filter. */
void wire_take_event(struct wire *wire, const struct netlink_link *link);

/* Interfaces hooked now, and those that could not be. */
void wire_count(const struct wire *wire, size_t *ret_hooked, size_t *ret_failed);

/* Whether, and how, an interface is hooked: what the policy of `hook` would choose. */
const char *wire_policy_explain(enum hook_choice hook, const struct netlink_link *link);

/* The hook of one interface as chosen; name is empty when not hooked. For doctor and messages. */
const char *wire_interface_name(const struct wire *wire, uint32_t netns, uint32_t ifindex);

#endif
