/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a socket knows of the time before its end. No packet is looked at for it: the kernel keeps when
 * what is in flight was sent, and when what was acknowledged last had been.
 *
 * tcp_rate_skb_sent() sets first_tx_mstamp and delivered_mstamp to the same time when data leaves and
 * nothing is in flight; each acknowledgement moves delivered_mstamp on. tcp_rack_advance() keeps
 * when the segment that was acknowledged last had been sent. All in microseconds of CLOCK_MONOTONIC.
 */
#ifndef BPF_TIMING_BPF_H
#define BPF_TIMING_BPF_H

#include "bpf/idle_habit.bpf.h"

static __always_inline __u64 ticks_to_us(__u32 ticks)
{
	return (__u64)ticks * 1000000ULL / (tracer_hz ? tracer_hz : 1000);
}

/* When data last went either way and arrived, before what is in flight. */
static __always_inline __u64 timing_last_exchange_us(const struct tcp_sock *tp, __u64 now_us)
{
	__u64 received_us =
		now_us - ticks_to_us((__u32)bpf_jiffies64() - tp->inet_conn.icsk_ack.lrcvtime);

	return received_us > tp->rack.mstamp ? received_us : tp->rack.mstamp;
}

/* None of what is in flight was acknowledged: since when, else 0. */
static __always_inline __u64 timing_flight_began_us(const struct tcp_sock *tp)
{
	if (tp->snd_nxt == tp->snd_una || tp->first_tx_mstamp != tp->delivered_mstamp)
		return 0;
	return tp->first_tx_mstamp;
}

/* The peer's FIN was taken just now. */
static __always_inline void timing_of_peer_fin(struct socket_state *state,
					       const struct tcp_sock *tp)
{
	struct close_detail *detail = &state->watched.record.detail;
	__u64 now_ns = bpf_ktime_get_ns(), last_us;

	if (!tp)
		return;
	last_us = timing_last_exchange_us(tp, now_ns / 1000);
	detail->peer_fin_ns = now_ns;
	detail->fin_idle_us = now_ns / 1000 > last_us ? now_ns / 1000 - last_us : 0;
	/* Data of ours on its way: the peer did not close for want of it. */
	if (tp->snd_una == tp->snd_nxt)
		idle_habit_learn(&state->watched.record, detail->fin_idle_us);
	state->fin_snd_una = tp->snd_una;
	state->fin_snd_nxt = tp->snd_nxt;
}

/*
 * A request that leaves after a pause, and crosses the FIN that the peer sends for that pause. Data
 * that kept flowing until the peer closed had no such pause: the peer then closed for another reason.
 */
#define RACE_PAUSE_US 100000ULL

static __always_inline bool timing_is_race(const struct socket_state *state, __u64 began_us)
{
	const struct close_detail *detail = &state->watched.record.detail;
	__u64 fin_us = detail->peer_fin_ns / 1000;

	return began_us <= fin_us && detail->idle_before_us >= RACE_PAUSE_US &&
	       detail->idle_before_us >= fin_us - began_us;
}

/* At ->CLOSE, before tcp_disconnect() clears anything. */
static __always_inline void timing_of_close(struct socket_state *state, const struct tcp_sock *tp,
					    __u8 old_state)
{
	struct close_detail *detail = &state->watched.record.detail;
	struct close_evidence *e = &state->watched.record.evidence;
	__u64 began_us, last_us;

	if (old_state == TCP_SYN_SENT || old_state == TCP_SYN_RECV || !e->unacked_bytes)
		return;
	began_us = timing_flight_began_us(tp);
	if (!began_us)
		return;
	last_us = timing_last_exchange_us(tp, bpf_ktime_get_ns() / 1000);
	if (began_us > last_us)
		detail->idle_before_us = began_us - last_us;
	if ((e->seen & EVIDENCE(RECEIVE_RESET)) && !detail->peer_fin_ns)
		idle_habit_learn(&state->watched.record, detail->idle_before_us);
	if (detail->idle_before_us >= IDLE_HABIT_LEAST_US)
		idle_habit_fill(&state->watched.record);
	if (!detail->peer_fin_ns || tp->snd_una != state->fin_snd_una)
		return;
	if (state->fin_snd_nxt == state->fin_snd_una) {
		if (began_us > detail->peer_fin_ns / 1000 &&
		    detail->idle_before_us >= RACE_PAUSE_US)
			e->seen |= EVIDENCE(SENT_AFTER_FIN);
	} else if (timing_is_race(state, began_us)) {
		e->seen |= EVIDENCE(FIN_CROSSED);
	}
}

#endif
