// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/silence.h"

#include <stddef.h>

#include "include/capture_decide.h"

#define SECONDS(n) ((n)*CLOCK_NS_PER_SECOND)

enum silence_kind {
	SILENCE_SYN,
	SILENCE_SYN_ACK,
	SILENCE_DATA,
	SILENCE_FIN,
	SILENCE_PROBES,
	SILENCE_HALF_CLOSED,
};

/*
 * What is sent again comes within twice the last gap: all stacks double at most. `least` where there
 * is no gap yet, `most` where the stack's longest gap is reached; `patience` is the longest time that
 * one of them is known to wait behind the last packet.
 */
static const struct silence_row {
	uint64_t least;
	uint64_t most;
	uint64_t patience;
} rows[] = {
	/*
	 * SYN. Gaps: Linux 1, 2, 4 ... 64 s (tcp_syn_retries 6: 127 s in all, tcp(7)), Windows 3, 6,
	 * 12 s (21 s), FreeBSD and macOS up to 75 s in all (net.inet.tcp.keepinit).
	 */
	[SILENCE_SYN] = { SECONDS(5), SECONDS(121), SECONDS(128) },
	/* SYN-ACK. Linux 1 ... 32 s (tcp_synack_retries 5: 63 s), FreeBSD 4 times within 45 s. */
	[SILENCE_SYN_ACK] = { SECONDS(5), SECONDS(121), SECONDS(128) },
	/*
	 * Data. Linux: gaps up to 120 s (TCP_RTO_MAX), 15 times, 924 s at the least (tcp_retries2);
	 * FreeBSD up to 64 s, 12 times; Windows 5 times.
	 */
	[SILENCE_DATA] = { SECONDS(5), SECONDS(121), SECONDS(241) },
	/* FIN: as data; without a socket's owner Linux gives up sooner (tcp_orphan_retries 8). */
	[SILENCE_FIN] = { SECONDS(5), SECONDS(121), SECONDS(241) },
	/* Probes. Linux and the BSDs 75 s apart, 9 and 8 times; Windows 1 s, 10 times. */
	[SILENCE_PROBES] = { SECONDS(76), SECONDS(121), SECONDS(241) },
	/*
	 * A FIN that was acknowledged. Whoever closed waits 60 s (Linux: tcp_fin_timeout; FreeBSD:
	 * finwait2_timeout); whoever only shut down one direction has no such limit, and is ended by
	 * nothing but keepalive: two hours and nine probes.
	 */
	[SILENCE_HALF_CLOSED] = { SECONDS(60), SECONDS(60), SECONDS(7200 + 9 * 75) },
};

/* Of the packets of `side`. */
static uint64_t wait_after(const struct silence_row *row, const struct capture_side *side)
{
	uint64_t wait = side->gap_ns < row->most / 2 ? 2 * side->gap_ns + SECONDS(1) : row->most;

	return wait > row->least ? wait : row->least;
}

static bool silence_set(const struct capture_flow *flow, enum silence_kind kind, int side,
			uint64_t seen, struct silence *ret)
{
	const struct silence_row *row = &rows[kind];

	ret->due_ns = flow->last_packet_ns + wait_after(row, &flow->side[side]);
	ret->patience_ns = flow->last_packet_ns + row->patience;
	/* SILENCE_PATIENCE_LEAST_NS holds: the table has no less. */
	if (ret->patience_ns < ret->due_ns)
		ret->patience_ns = ret->due_ns;
	ret->seen = seen;
	return true;
}

/* The handshake never came to an end. */
static bool silence_of_handshake(const struct capture_flow *flow, struct silence *ret)
{
	const struct flow_side *a = &flow->flow.side[0], *b = &flow->flow.side[1];
	int server = b->marks & FLOW_SIDE_SYN_ACK ? 1 : 0, client = a->syn_count ? 0 : 1;

	if (!((a->marks | b->marks) & FLOW_SIDE_SYN_ACK))
		return silence_set(flow, SILENCE_SYN, client, 0, ret);
	/* One SYN-ACK without its SYN is half of a handshake of which the capture has half. */
	if (!flow->flow.side[!server].syn_count && flow->flow.side[server].syn_count < 2)
		return false;
	return silence_set(flow, SILENCE_SYN_ACK, server, EVIDENCE(SYN_ACK_RETRIED), ret);
}

/* What one end sent in vain. */
static bool silence_of_vain(const struct capture_flow *flow, struct silence *ret)
{
	enum capture_vain vain[2] = { capture_in_vain(flow, 0), capture_in_vain(flow, 1) };
	int side = vain[0] && vain[1] ? flow->side[1].vain > flow->side[0].vain : !vain[0];

	if (!vain[side])
		return false;
	if (vain[side] == CAPTURE_VAIN_PROBES)
		return flow->side[side].probes > CAPTURE_PROBES_LEAST &&
		       silence_set(flow, SILENCE_PROBES, side, 0, ret);
	return silence_set(flow, vain[side] == CAPTURE_VAIN_DATA ? SILENCE_DATA : SILENCE_FIN, side,
			   0, ret);
}

bool silence_of(const struct capture_flow *flow, struct silence *ret)
{
	const struct flow_side *a = &flow->flow.side[0], *b = &flow->flow.side[1];
	bool is_answered = (flow->side[0].marks | flow->side[1].marks) & CAPTURE_ANSWERED;
	int closed;

	if (flow->ended_ns || !flow->last_packet_ns || capture_is_one_way(flow))
		return false;
	if (!is_answered)
		return (a->syn_count || b->syn_count) && silence_of_handshake(flow, ret);
	if (silence_of_vain(flow, ret))
		return true;
	for (int server = 0; server < 2; server++)
		if (capture_is_not_accepted(flow, !server) && flow->flow.side[server].syn_count)
			return silence_set(flow, SILENCE_SYN_ACK, server, 0, ret);
	if (!a->fin_count == !b->fin_count)
		return false;
	closed = a->fin_count ? 0 : 1;
	/* Not acknowledged, and not sent again either: the capture does not have all of it. */
	return !capture_unacked(flow, closed) && flow->side[!closed].marks & CAPTURE_ACKED_KNOWN &&
	       silence_set(flow, SILENCE_HALF_CLOSED, closed, 0, ret);
}

bool silence_is_stall(const struct capture_flow *flow)
{
	return !capture_is_one_way(flow) && (capture_in_vain(flow, 0) || capture_in_vain(flow, 1));
}
