/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the socket's counters, as it closes, say of the path and of the peer's reading. */
#ifndef BPF_PATH_SHAPE_BPF_H
#define BPF_PATH_SHAPE_BPF_H

#include "bpf/timing.bpf.h"

#define CHRONO_WINDOW 2 /* include/linux/tcp.h, TCP_CHRONO_RWND_LIMITED */

/* How long there was more to send than the peer's window took: tcp_chrono_set(). */
static __always_inline __u64 shape_window_us(struct tcp_sock *tp)
{
	__u32 ticks = tp->chrono_stat[CHRONO_WINDOW - 1];

	if (BPF_CORE_READ_BITFIELD(tp, chrono_type) == CHRONO_WINDOW)
		ticks += (__u32)bpf_jiffies64() - tp->chrono_start;
	return ticks_to_us(ticks);
}

/* The mean of the segments that were acknowledged; 0 when none was. */
static __always_inline __u32 shape_passed_bytes(const struct tcp_sock *tp)
{
	__u32 sent = tp->data_segs_out - tp->total_retrans, waiting = tp->packets_out;

	return sent > waiting && tp->bytes_acked ? tp->bytes_acked / (sent - waiting) : 0;
}

/*
 * A full segment that is repeated in vain on a path that small ones pass: they were acknowledged
 * before it, or the tail behind it is (SACK). IPv4 must carry 576 bytes everywhere.
 */
#define SHAPE_FULL_BYTES 576
#define SHAPE_TRIES 2

static __always_inline bool shape_is_black_hole(const struct close_detail *detail,
						const struct tcp_sock *tp,
						const struct close_evidence *e)
{
	bool tail_passed = tp->sacked_out == 1;
	bool small_passed = detail->passed_bytes && detail->passed_bytes < detail->stuck_bytes / 2;

	return e->timer_retransmits >= SHAPE_TRIES && e->unacked_bytes >= detail->mss &&
	       detail->stuck_bytes > SHAPE_FULL_BYTES && (tail_passed || small_passed);
}

static __always_inline void shape_of_close(struct socket_state *state, struct tcp_sock *tp,
					   __u8 old_state)
{
	struct close_detail *detail = &state->watched.record.detail;
	struct close_evidence *e = &state->watched.record.evidence;

	if (old_state == TCP_SYN_SENT || (!e->unacked_bytes && !e->unsent_bytes))
		return;
	detail->window_us = shape_window_us(tp);
	/* The peer sent again what had been acknowledged: RFC 2883. */
	if (tp->duplicate_sack[0].end_seq)
		e->seen |= EVIDENCE(PEER_REPEATS);
	if (!e->timer_retransmits)
		return;
	detail->mss = tp->mss_cache;
	detail->stuck_bytes = e->unacked_bytes < tp->mss_cache ? e->unacked_bytes : tp->mss_cache;
	detail->passed_bytes = shape_passed_bytes(tp);
	if (shape_is_black_hole(detail, tp, e))
		e->seen |= EVIDENCE(SMALL_PASS);
}

/* 6.8, 3e4b4d1cbc04 (Linux): two numbers became one. */
struct local_ports___pair {
	int range[2];
} __attribute__((preserve_access_index));

struct local_ports___one {
	__u32 range;
} __attribute__((preserve_access_index));

/* connect() found none: it has not been sent, and no timer or packet can have ended it. */
static __always_inline void shape_of_connect(struct close_record *record, const struct tcp_sock *tp)
{
	struct net *net = tp->inet_conn.icsk_inet.sk.__sk_common.skc_net.net;
	const struct local_ports___pair *pair = (const void *)&net->ipv4.ip_local_ports;
	const struct local_ports___one *one = (const void *)pair;
	int both[2] = {};

	record->evidence.seen |= EVIDENCE(NO_LOCAL_PORT);
	if (bpf_core_field_exists(pair->range) &&
	    bpf_core_field_size(pair->range) == sizeof(both)) {
		bpf_core_read(both, sizeof(both), &pair->range);
	} else if (bpf_core_field_exists(one->range)) {
		both[1] = BPF_CORE_READ(one, range);
		both[0] = both[1] & 0xffff;
		both[1] = (__u32)both[1] >> 16;
	}
	record->detail.port_low = both[0];
	record->detail.port_high = both[1];
}

#endif
