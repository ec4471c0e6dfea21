/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an ending is told with and what, but for the observations of include/evidence.h that rest on
 * it, decides nothing: how the process went that closed, and what only the socket knows of the time
 * before.
 */
#ifndef CLOSETRACE_CLOSE_DETAIL_H
#define CLOSETRACE_CLOSE_DETAIL_H

#include "include/task_identity.h"

/* How the task that closed came to do so. X(ID, number, "name"); SIGNAL is named by its signal. */
#define CLOSE_DEATHS(X)                                                                            \
	X(NONE, 0, "none") /* a call of its own, or not known */                                   \
	X(EXIT, 1, "exit")                                                                         \
	X(SIGNAL, 2, "signal")                                                                     \
	X(OOM, 3, "oom")                                                                           \
	X(EXEC, 4, "exec") /* it lives on as another program */

#define CLOSE_DEATH_ENUM(id, number, ...) CLOSE_DEATH_##id = number,
enum close_death { CLOSE_DEATHS(CLOSE_DEATH_ENUM) CLOSE_DEATH_COUNT };

/* close_detail.death_flags */
#define DEATH_CORE_DUMPED 0x1
#define DEATH_WITH_INIT 0x2 /* the killer was the first process of its pid namespace, and ended */

/**
 * Microseconds, 0 = unknown. What the kernel keeps in ticks is no finer here.
 *
 * @peer_fin_ns       CLOCK_MONOTONIC of when the socket took the peer's FIN; 0 = it did not.
 * @killer            Who sent the signal of which the closer died; pid 0 = the kernel, or unknown.
 * @idle_before_us    From the last data either way to the first of what was in flight at the end.
 * @fin_idle_us       From the last data that was received, or was sent and acknowledged, to that FIN.
 * @window_us         How long the peer's window held data back.
 * @timer_us @timer_hits @timer_closes  The idle time at which this server closes: `hits` times of
 *                    `closes`.
 * @backlog @backlog_max @somaxconn @dropped  Of a listener whose accept queue was full: connections
 *                    in it, its limit, the limit of limits, and packets dropped for it.
 * @mss @stuck_bytes @passed_bytes  Largest segment that would be sent, the one that was repeated in
 *                    vain, and the mean of those that were acknowledged.
 * @icmp_source       Who sent the ICMP error of EVIDENCE_BIT_ICMP_IN; IPv4 mapped, 0 = none seen.
 * @rst_dropped       This host dropped the RST that it had made.
 * @port_low @port_high  ip_local_port_range of a connect() that found no free port; host order.
 */
struct close_detail {
	__u64 peer_fin_ns;
	struct task_identity killer;
	__u64 idle_before_us;
	__u64 fin_idle_us;
	__u64 window_us;
	__u64 timer_us;
	__u32 backlog;
	__u32 backlog_max;
	__u32 somaxconn;
	__u32 dropped;
	__u16 timer_hits;
	__u16 timer_closes;
	__u16 mss;
	__u16 stuck_bytes;
	__u16 passed_bytes;
	__u16 port_low;
	__u16 port_high;
	__u8 death; /* enum close_death */
	__u8 death_signal; /* its number, for SIGNAL and OOM */
	__u8 death_flags; /* DEATH_* */
	__u8 exit_code; /* for EXIT */
	__u8 rst_dropped;
	__u8 reserved[13];
	__u8 icmp_source[16] __attribute__((aligned(8)));
};
ABI_SIZE(struct close_detail, 128);

/* An end that nobody asked for: the process crashed, was killed, or says that it failed. */
ALWAYS_INLINE int death_is_abnormal(const struct close_detail *detail)
{
	switch (detail->death) {
	case CLOSE_DEATH_EXIT:
		return detail->exit_code != 0;
	case CLOSE_DEATH_SIGNAL: /* but for SIGHUP, SIGINT and SIGTERM: it was asked to end */
		return detail->death_signal != 1 && detail->death_signal != 2 &&
		       detail->death_signal != 15;
	case CLOSE_DEATH_OOM:
		return 1;
	default:
		return 0;
	}
}

#endif
