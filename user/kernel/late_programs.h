/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packet programs that few hosts need. The verifier would take a quarter of the start for them, so
 * they are loaded when the first interface asks for them, on the maps of the programs that run.
 */
#ifndef USER_KERNEL_LATE_PROGRAMS_H
#define USER_KERNEL_LATE_PROGRAMS_H

#include <stddef.h>

/* X(ID, set, name in the built-in object): a set is loaded as one. */
#define LATE_PROGRAMS(X)                                                                           \
	X(XDP_IN, XDP, "ct_xdp_in")                                                                \
	X(TC_IN_L3, L3, "ct_tc_in_l3")                                                             \
	X(TC_OUT_L3, L3, "ct_tc_out_l3")

#define LATE_PROGRAM_ENUM(id, ...) LATE_##id,
enum late_program { LATE_PROGRAMS(LATE_PROGRAM_ENUM) LATE_PROGRAM_COUNT };

struct closetrace_bpf;

/**
 * @first  Loaded, with the maps and the configuration. Borrowed.
 * @fds    0: not asked for yet; negative errno: was refused, and is not tried again.
 */
struct late_programs {
	const struct closetrace_bpf *first;
	int fds[LATE_PROGRAM_COUNT];
};

/* Before `first` is loaded: that they are not loaded with it. */
void late_programs_leave_out(struct closetrace_bpf *first);

/**
 * The program's descriptor, which stays here. The first call for a set loads it, which takes some
 * 70 ms.
 *
 * @return  Negative errno when the kernel refuses it; the caller says what that costs.
 */
int late_program_fd(struct late_programs *late, enum late_program which);

void late_programs_release(struct late_programs *late);

#endif
