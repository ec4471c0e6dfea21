/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hooks of one interface: put on, looked after, taken off. Everything here acts in the thread's
 * present namespace, which is the interface's, and may wait for the lock of all interfaces.
 */
#ifndef USER_KERNEL_ATTACHMENT_H
#define USER_KERNEL_ATTACHMENT_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "user/kernel/hook_policy.h"
#include "user/kernel/netlink.h"

enum wire_program {
	WIRE_PROGRAM_XDP_IN,
	WIRE_PROGRAM_TC_IN,
	WIRE_PROGRAM_TC_IN_L3,
	WIRE_PROGRAM_TC_OUT,
	WIRE_PROGRAM_TC_OUT_L3,
};

/**
 * How interfaces are hooked.
 *
 * @with_tcx  Links instead of clsact filters.
 * @program   The descriptor of a program, asked for when an interface needs it; negative errno
 *            when the kernel refused it.
 */
struct attach_method {
	enum hook_choice hook;
	bool with_tcx;
	int (*program)(void *data, enum wire_program which);
	void *data;
};

/* Descriptors are links; -1 = none, or a clsact filter. */
struct attachment {
	int ifindex;
	unsigned short hardware_type;
	int in_fd;
	int out_fd;
	bool clsact_in;
	bool clsact_out;
	bool made_clsact;
	char name[IF_NAMESIZE];
};

#define ATTACHMENT_NONE ((struct attachment){ .in_fd = -1, .out_fd = -1 })

/**
 * Hook an interface both ways.
 *
 * @ret    Set on success only.
 * @return 0; -ENODEV when the interface is gone; another negative errno, for attachment_advice().
 */
int attachment_make(const struct attach_method *method, const struct netlink_link *link,
		    bool own_namespace, struct attachment *ret);

/* Take off what is on. */
void attachment_drop(struct attachment *at);

/* Forget the interface, which is gone, and close the descriptors. Acts in no namespace. */
void attachment_forget(struct attachment *at);

/* By clsact filters: their state can be asked for within the namespace only. */
bool attachment_has_filters(const struct attachment *at);
bool attachment_in_is_lost(const struct attachment *at);
bool attachment_out_is_lost(const struct attachment *at);

/**
 * Put on again what somebody else has taken off. What is still there is left alone.
 *
 * @ret_repaired  How many hooks were missing.
 * @return        0; -ENODEV when the interface is gone; another negative errno.
 */
int attachment_repair(const struct attach_method *method, struct attachment *at, bool own_namespace,
		      unsigned int *ret_repaired);

/* What to do about a failure of the above. */
const char *attachment_advice(int err);

#endif
