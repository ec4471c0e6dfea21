// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Observation point "stack": what the kernel does with every TCP socket of every
 * network namespace. The order of events at an ending is not fixed: docs/architecture.md.
 */
#include "bpf/kernel_compat.bpf.h"
#include "bpf/own_drop.bpf.h"
#include "bpf/reply.bpf.h"
#include "bpf/socket.bpf.h"
#include "bpf/stacks.bpf.h"
#include "bpf/standby.bpf.h"

static __always_inline void socket_connecting(struct sock *sk)
{
	struct socket_state *state;
	struct close_record *record;

	state = socket_find_or_make(sk);
	if (!state)
		return;
	/* A socket may connect again after a failure that nothing else has told of. */
	socket_report(state, sk);
	socket_restart(state, EVIDENCE(CLIENT));
	state->state = TCP_SYN_SENT;
	record = &state->watched.record;
	record->owner_source = OWNER_FROM_NONE;
	owner_refine(record, sk, OWNER_FROM_CONNECT);
	record->cgroup_id = socket_cgroup_id(sk);
	netns_announce(socket_netns(sk));
}

static __always_inline void socket_listening(struct sock *sk)
{
	struct socket_state *state;

	state = socket_find_or_make(sk);
	if (!state)
		return;
	socket_restart(state, EVIDENCE(SERVER));
	state->state = TCP_LISTEN;
	state->watched.record.owner_source = OWNER_FROM_NONE;
	owner_refine(&state->watched.record, sk, OWNER_FROM_LISTENER);
	netns_announce(socket_netns(sk));
}

/* A child of a listener: its storage is the listener's, cloned, owner and all. */
static __always_inline void socket_accepting(struct sock *sk)
{
	struct socket_state *state = socket_find_or_adopt(sk);

	if (!state)
		return;
	socket_restart(state, EVIDENCE(SERVER));
	state->state = TCP_SYN_RECV;
	state->watched.record.cgroup_id = socket_cgroup_id(sk);
}

/*
 * The wait for the handshake's end is over, also when it was told as over before; a mark left behind
 * would swallow later resets.
 */
static __always_inline void socket_unwatch(const struct close_record *record)
{
	struct flow_state *flow = bpf_map_lookup_elem(&ct_flows, &record->key);

	bpf_map_delete_elem(&ct_watch, &record->key);
	if (flow)
		flow_side_of(flow, record->local_side)->marks &=
			~(FLOW_SIDE_WATCHED | FLOW_SIDE_REPORTED);
}

static __always_inline void socket_established(struct sock *sk, int oldstate)
{
	struct socket_state *state = socket_find_or_adopt(sk);
	struct close_record *record;
	struct tcp_sock *tp;

	if (!state)
		return;
	if (state->state == TCP_LISTEN) {
		counter_add(COUNTER_TRANSITION_MISSED);
		socket_restart(state, EVIDENCE(SERVER));
	}
	state->state = TCP_ESTABLISHED;
	record = &state->watched.record;
	/* Said before, unless that transition was not shown. Both SYNs crossed: SYN_RECV, and a role. */
	if (!(record->evidence.seen & (EVIDENCE(CLIENT) | EVIDENCE(SERVER))))
		record->evidence.seen |=
			oldstate == TCP_SYN_SENT ? EVIDENCE(CLIENT) : EVIDENCE(SERVER);
	record->evidence.seen |= EVIDENCE(ESTABLISHED);
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return;
	socket_tuple_fill(record, tp);
	if (tally_is_on())
		ct_tally_ready(&record->key);
	/* Its SYN-ACK was retransmitted (tcp_create_openreq_child copies the count): all is well now. */
	if (tp->total_retrans && (record->evidence.seen & EVIDENCE(SERVER)))
		socket_unwatch(record);
}

/* close() or shutdown() when a task holds the socket, else the peer's FIN or an ACK. */
static __always_inline void socket_closing(void *ctx, struct sock *sk, int newstate)
{
	struct socket_state *state = socket_find_or_adopt(sk);
	struct close_record *record;

	if (!state)
		return;
	state->state = newstate;
	record = &state->watched.record;
	if (newstate == TCP_CLOSE_WAIT && !record->evidence.fin_first)
		record->evidence.fin_first = 2;
	if (newstate == TCP_CLOSE_WAIT || newstate == TCP_CLOSING)
		timing_of_peer_fin(state, bpf_skc_to_tcp_sock(sk));
	if (newstate == TCP_FIN_WAIT1 && !record->evidence.fin_first)
		record->evidence.fin_first = 1;
	if (newstate == TCP_FIN_WAIT1 || newstate == TCP_LAST_ACK) {
		closer_fill(record, sk);
		stacks_of_fin(ctx, state, sk);
	}
}

/* FIN_WAIT2 becomes TIME_WAIT in softirq, or in the holder's backlog with the FIN at hand. */
static __always_inline bool socket_close_is_last_event(const struct sock *sk,
						       const struct close_evidence *e)
{
	if (e->seen & EVIDENCE(ORPHAN))
		return false; /* tcp_destroy_sock follows */
	/* connect() has failed; the socket may be kept for long, and used for another try. */
	if (e->seen & EVIDENCE(NO_LOCAL_PORT))
		return true;
	if (e->error)
		return e->seen & EVIDENCE(ERROR_REPORT); /* else the report follows */
	if (e->state == TCP_LAST_ACK || e->state == TCP_CLOSING)
		return true;
	return e->state == TCP_FIN_WAIT2 &&
	       (!(e->seen & EVIDENCE(PROCESS_CONTEXT)) || (e->seen & EVIDENCE(PEER_FIN)));
}

/*
 * A child that was made and thrown away within the final ACK (inet_csk_prepare_forced_close):
 * nobody ever had it. The RST that follows, if one does, is told for the listener.
 */
static __always_inline bool socket_was_stillborn(const struct close_evidence *e)
{
	return e->state == TCP_SYN_RECV && (e->seen & EVIDENCE(ORPHAN)) && !e->error &&
	       !(e->seen & EVIDENCE(SEND_RESET));
}

static __always_inline void socket_closed(void *ctx, struct sock *sk, int oldstate)
{
	struct socket_state *state = socket_find_or_adopt(sk);

	if (!state) {
		counter_add(COUNTER_SOCKET_UNKNOWN);
		return;
	}
	if (state->phase == SOCKET_REPORTED) {
		state->state = TCP_CLOSE;
		counter_add(COUNTER_CLOSE_JOINED);
		if (netns_is_wanted(state->watched.record.key.netns))
			counter_add_snmp(snmp_of_transition(oldstate, sk->sk_err));
		return;
	}
	state->state = TCP_CLOSE;
	socket_snapshot(state, sk, oldstate);
	if (socket_was_stillborn(&state->watched.record.evidence)) {
		state->phase = SOCKET_REPORTED;
		return;
	}
	stacks_of_close(ctx, state, sk);
	if (socket_close_is_last_event(sk, &state->watched.record.evidence))
		socket_report(state, sk);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(ct_set_state, struct sock *sk, int oldstate, int newstate)
{
	program_is_reentered(ctx, &ct_to_set_state);
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	switch (newstate) {
	case TCP_SYN_SENT:
		socket_connecting(sk);
		break;
	case TCP_LISTEN:
		socket_listening(sk);
		break;
	case TCP_SYN_RECV:
		socket_accepting(sk);
		break;
	case TCP_ESTABLISHED:
		socket_established(sk, oldstate);
		break;
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
	case TCP_CLOSE_WAIT:
		socket_closing(ctx, sk, newstate);
		break;
	case TCP_CLOSE:
		if (oldstate == TCP_LISTEN)
			listener_stops(sk);
		else if (oldstate != TCP_CLOSE)
			socket_closed(ctx, sk, oldstate);
		break;
	}
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(ct_recv_reset, struct sock *sk)
{
	struct socket_state *state = socket_find_or_adopt(sk);

	program_is_reentered(ctx, &ct_to_recv_rst);
	if (state)
		state->watched.record.evidence.seen |= EVIDENCE(RECEIVE_RESET);
	return 0;
}

SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(ct_error_report, struct sock *sk)
{
	struct socket_state *state;

	program_is_reentered(ctx, &ct_to_error);
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	state = socket_find(sk);
	if (!state)
		return 0;
	state->watched.record.evidence.seen |= EVIDENCE(ERROR_REPORT);
	socket_catch_up(state, sk);
	socket_report(state, sk);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(ct_destroy, struct sock *sk)
{
	struct socket_state *state = socket_find(sk);

	program_is_reentered(ctx, &ct_to_destroy);
	if (state && state->phase != SOCKET_REPORTED) {
		socket_catch_up(state, sk);
		socket_report(state, sk);
	}
	socket_forget(sk);
	return 0;
}

/* tcp_recvmsg() with data in hand: a call of whoever really uses an accepted socket. */
SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(ct_first_recv, struct sock *sk)
{
	struct socket_state *state = socket_find(sk);

	program_is_reentered(ctx, &ct_to_recv);
	if (state && state->watched.record.owner_source < OWNER_FROM_OWNED_CALL)
		owner_refine(&state->watched.record, sk, OWNER_FROM_OWNED_CALL);
	return 0;
}

static __always_inline void reset_active(void *ctx, struct sock *sk, int reason)
{
	struct socket_state *state = socket_find_or_adopt(sk);
	struct close_evidence *e;

	if (!state)
		return;
	e = &state->watched.record.evidence;
	e->seen |= EVIDENCE(SEND_RESET);
	if (sk->__sk_common.skc_state != TCP_CLOSE)
		e->seen |= EVIDENCE(RESET_BEFORE_CLOSE);
	e->reset_reason = reset_reason_canonical(reason);
	if (e->reset_reason > RESET_REASON_NOT_SPECIFIED)
		e->seen |= EVIDENCE(KERNEL_REASON);
	stacks_of_reset(ctx, state, sk);
	if (state->phase == SOCKET_REPORTED)
		amend_emit(&state->watched.record.key, state->watched.record.local_side, e->seen,
			   e->reset_reason, 0);
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(ct_send_reset, struct sock *sk, struct sk_buff *skb)
{
	struct reply_reset reply = {};
	struct socket_state *state;
	int reason = 0;
	__u32 netns;

	program_is_reentered(ctx, &ct_to_send_rst);
	if (reply_resets_are_traced())
		reason = (int)ctx[2];
	if (!skb) {
		if (sk)
			reset_active(ctx, sk, reason);
		return 0;
	}
	if (reply_packet_read(skb, &reply.view))
		return 0;
	if (tracer_config.flags & TRACER_STANDBYS)
		answered_note(skb);
	reply.seen = EVIDENCE(REPLY_RESET);
	if (reply_resets_are_traced()) {
		reply.reset_reason = reset_reason_canonical(reason);
		if (reply.reset_reason > RESET_REASON_NOT_SPECIFIED)
			reply.seen |= EVIDENCE(KERNEL_REASON);
	}
	netns = sk ? BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) :
		     BPF_CORE_READ(skb, dev, nd_net.net, ns.inum);
	if (netns_is_wanted(netns))
		counter_add(COUNTER_RST_REPLY_TRACED);
	if (sk) {
		reply.socket_state = BPF_CORE_READ(sk, __sk_common.skc_state);
		if (reply.socket_state != TCP_LISTEN && reply.socket_state != TCP_TIME_WAIT &&
		    reply.socket_state != TCP_NEW_SYN_RECV) {
			state = socket_find(sk);
			if (state && state->phase != SOCKET_OPEN) {
				reply_of_socket(state, reply.reset_reason, &reply.view);
				return 0;
			}
		}
	}
	reply_report(&reply, netns, sk, true);
	return 0;
}

/* Before 6.10: the reply RST has left untraced, and the packet that caused it is dropped. */
static __always_inline void drop_no_socket(const struct sk_buff *skb)
{
	struct reply_reset reply = {};

	if (reply_resets_are_traced() || reply_packet_read(skb, &reply.view))
		return;
	/* A RST is never answered by one. */
	if (reply.view.flags & TCP_FLAG_RST)
		return;
	reply.seen = EVIDENCE(DROP_NO_SOCKET);
	reply_report(&reply, BPF_CORE_READ(skb, dev, nd_net.net, ns.inum), NULL, false);
}

/* The rule that dropped this packet has just answered it by RST: that proves who did. */
static __always_inline void drop_netfilter(const struct sk_buff *skb)
{
	struct packet_view view = {};
	struct flow_state *flow;
	struct flow_side *own;
	struct flow_key key;
	int local;

	if (BPF_CORE_READ(skb, transport_header) == (__u16)~0U || reply_packet_read(skb, &view))
		return;
	local = flow_key_make(&key, view.dest_addr, view.dest_port, view.source_addr,
			      view.source_port, BPF_CORE_READ(skb, dev, nd_net.net, ns.inum));
	flow = bpf_map_lookup_elem(&ct_flows, &key);
	if (!flow)
		return;
	own = flow_side_of(flow, local);
	if ((own->marks & FLOW_SIDE_REPORTED) && own->rst_origin == RST_ORIGIN_FIREWALL)
		amend_emit(&key, local, EVIDENCE(DROP_NETFILTER), 0, own->rst_count);
}

/* The client finished the handshake, but the listener had no room for it. */
static __always_inline void drop_by_listener(const struct sk_buff *skb)
{
	struct packet_view view = {};
	struct flow_state *flow;
	struct flow_key key;
	int local;

	if (reply_packet_read(skb, &view) || view.flags & TCP_FLAG_SYN)
		return;
	local = flow_key_make(&key, view.dest_addr, view.dest_port, view.source_addr,
			      view.source_port, BPF_CORE_READ(skb, dev, nd_net.net, ns.inum));
	flow = bpf_map_lookup_elem(&ct_flows, &key);
	if (flow)
		flow_side_of(flow, local)->marks |= FLOW_SIDE_OVERFLOWED;
}

static __always_inline void drop_of_rst(const struct sk_buff *skb)
{
	struct packet_view view = {};

	if (!reply_packet_read(skb, &view) && (view.flags & TCP_FLAG_RST))
		counter_add(COUNTER_RST_REFUSED);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(ct_kfree_skb, struct sk_buff *skb)
{
	int reason;

	if (!drop_reasons_exist())
		return 0;
	reason = (int)ctx[2];
	if (skb->sk)
		own_drop(skb, reason);
	if (DROP_REASON_IS(reason, SKB_DROP_REASON_NO_SOCKET))
		drop_no_socket(skb);
	else if (DROP_REASON_IS(reason, SKB_DROP_REASON_NETFILTER_DROP))
		drop_netfilter(skb);
	else if (DROP_REASON_IS(reason, SKB_DROP_REASON_TCP_LISTEN_OVERFLOW))
		drop_by_listener(skb);
	else if (DROP_REASON_IS(reason, SKB_DROP_REASON_TCP_RESET) ||
		 DROP_REASON_IS(reason, SKB_DROP_REASON_TCP_INVALID_SEQUENCE))
		drop_of_rst(skb);
	return 0;
}

/* A request socket has no state changes: its retransmissions are its only sign of life. */
SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(ct_synack_rtx, struct sock *sk, struct request_sock *req)
{
	const struct sock_common *common = &req->__req_common;
	struct watched_close *watched, *known;
	struct scratch *scratch;
	struct flow_state *flow;
	struct flow_side *own;
	struct flow_key key;
	__u32 tries = 1;
	int local;

	local = socket_flow_key(common, HOST_TO_NET_16(common->skc_num), socket_netns(sk), &key);
	flow = bpf_map_lookup_elem(&ct_flows, &key);
	scratch = flow ? scratch_take() : NULL;
	if (!scratch)
		return 0;
	watched = &scratch->close;
	known = bpf_map_lookup_elem(&ct_watch, &key);
	if (known)
		tries = known->record.evidence.retransmits + 1;
	own = flow_side_of(flow, local);
	__builtin_memset(watched, 0, sizeof(*watched));
	record_head_fill(&watched->record.head, RECORD_CLOSE, sizeof(watched->record));
	watched->record.key = key;
	watched->record.local_side = local;
	watched->record.birth_ns = flow->first_ns;
	flow_isn_fill(&watched->record, own, flow_side_of(flow, local ^ 1));
	watched->record.idle_jiffies = IDLE_UNKNOWN;
	watched->record.ifindex = own->home_ifindex;
	watched->record.evidence.subject = SUBJECT_REQUEST;
	watched->record.evidence.ip_version =
		flow_addr_is_ipv4(key.addr[0]) && flow_addr_is_ipv4(key.addr[1]) ? 4 : 6;
	watched->record.evidence.seen = EVIDENCE(SERVER) | EVIDENCE(SYN_ACK_RETRIED);
	watched->record.evidence.retransmits = tries;
	reply_owner_fill(&watched->record, sk);
	/* The next try comes after 2^tries seconds; one second more and it never will. */
	watched->deadline_ns = bpf_ktime_get_ns() +
			       (1ULL << (tries < 7 ? tries : 7)) * NS_PER_SECOND + NS_PER_SECOND;
	if (bpf_map_update_elem(&ct_watch, &key, watched, BPF_ANY))
		counter_add(COUNTER_TOMBSTONE_FAILED);
	else /* one that was given up before begins anew */
		own->marks = (own->marks & ~FLOW_SIDE_REPORTED) | FLOW_SIDE_WATCHED;
	scratch_give_back(scratch);
	return 0;
}

STANDBY(1, false)
STANDBY(2, false)
STANDBY(3, true)
