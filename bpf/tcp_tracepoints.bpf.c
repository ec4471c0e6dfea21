// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Observation point "stack": what the kernel does with every TCP socket of every
 * network namespace. The order of events at an ending is not fixed: docs/architecture.md.
 */
#include "bpf/kernel_compat.bpf.h"
#include "bpf/socket.bpf.h"
#include "bpf/stacks.bpf.h"

static __always_inline void socket_connecting(struct sock *sk)
{
	struct socket_state *state;
	struct close_record *record;

	state = bpf_sk_storage_get(&ct_sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!state) {
		counter_add(COUNTER_SOCKET_STORAGE_FAILED);
		return;
	}
	/* A socket may connect again after a failure that nothing else has told of. */
	socket_report(state, sk, SCRATCH_SET_STATE);
	socket_restart(state, EVIDENCE(CLIENT));
	state->state = TCP_SYN_SENT;
	record = &state->watched.record;
	record->owner_source = OWNER_FROM_NONE;
	owner_refine(record, sk, OWNER_FROM_CONNECT);
	record->cgroup_id = socket_cgroup_id(sk);
	netns_announce(socket_netns(&sk->__sk_common));
}

static __always_inline void socket_listening(struct sock *sk)
{
	struct socket_state *state;

	state = bpf_sk_storage_get(&ct_sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!state) {
		counter_add(COUNTER_SOCKET_STORAGE_FAILED);
		return;
	}
	socket_restart(state, EVIDENCE(SERVER));
	state->state = TCP_LISTEN;
	state->watched.record.owner_source = OWNER_FROM_NONE;
	owner_refine(&state->watched.record, sk, OWNER_FROM_LISTENER);
	netns_announce(socket_netns(&sk->__sk_common));
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

/* The wait for the handshake's end is over; a mark left behind would swallow later resets. */
static __always_inline void socket_unwatch(const struct close_record *record)
{
	struct flow_state *flow = bpf_map_lookup_elem(&ct_flows, &record->key);

	bpf_map_delete_elem(&ct_watch, &record->key);
	if (flow)
		flow_side_of(flow, record->local_side)->marks &= ~FLOW_SIDE_WATCHED;
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
		socket_report(state, sk, SCRATCH_SET_STATE);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(ct_set_state, struct sock *sk, int oldstate, int newstate)
{
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
		if (oldstate != TCP_LISTEN && oldstate != TCP_CLOSE)
			socket_closed(ctx, sk, oldstate);
		break;
	}
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(ct_recv_reset, struct sock *sk)
{
	struct socket_state *state = socket_find_or_adopt(sk);

	if (state)
		state->watched.record.evidence.seen |= EVIDENCE(RECEIVE_RESET);
	return 0;
}

SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(ct_error_report, struct sock *sk)
{
	struct socket_state *state;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	state = socket_find(sk);
	if (!state)
		return 0;
	state->watched.record.evidence.seen |= EVIDENCE(ERROR_REPORT);
	socket_catch_up(state, sk);
	socket_report(state, sk, SCRATCH_ERROR_REPORT);
	return 0;
}

static __always_inline void socket_destroyed(struct sock *sk, enum scratch_place place)
{
	struct socket_state *state = socket_find(sk);

	if (!state || state->phase == SOCKET_REPORTED)
		return;
	socket_catch_up(state, sk);
	if (place == SCRATCH_DESTROY_TOO && state->phase == SOCKET_CLOSED)
		counter_add(COUNTER_DESTROY_CAUGHT);
	socket_report(state, sk, place);
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(ct_destroy, struct sock *sk)
{
	socket_destroyed(sk, SCRATCH_DESTROY);
	return 0;
}

/*
 * Once more, by a program of its own: the kernel does not run one on top of itself, so a socket
 * that a softirq destroys while a task is in ct_destroy would go untold, for good.
 */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(ct_destroy_too, struct sock *sk)
{
	socket_destroyed(sk, SCRATCH_DESTROY_TOO);
	return 0;
}

/* tcp_recvmsg() with data in hand: a call of whoever really uses an accepted socket. */
SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(ct_first_recv, struct sock *sk)
{
	struct socket_state *state = socket_find(sk);

	if (state && state->watched.record.owner_source < OWNER_FROM_OWNED_CALL)
		owner_refine(&state->watched.record, sk, OWNER_FROM_OWNED_CALL);
	return 0;
}

/* The packet that a reply RST answers, read out of the skb: tuple, flags, payload. */
static __always_inline int reply_packet_read(const struct sk_buff *skb, struct packet_view *view)
{
	const unsigned char *head = BPF_CORE_READ(skb, head);
	const unsigned char *ip = head + BPF_CORE_READ(skb, network_header);
	const unsigned char *tcp = head + BPF_CORE_READ(skb, transport_header);
	__u8 ip_bytes[40] = {}, tcp_bytes[20] = {};

	if (bpf_probe_read_kernel(ip_bytes, 20, ip) ||
	    bpf_probe_read_kernel(tcp_bytes, sizeof(tcp_bytes), tcp))
		return -1;
	if (ip_bytes[0] >> 4 == 4) {
		packet_view_fill_ip(ip_bytes, 4, view);
	} else {
		if (bpf_probe_read_kernel(ip_bytes, sizeof(ip_bytes), ip))
			return -1;
		packet_view_fill_ip(ip_bytes, 6, view);
	}
	__builtin_memcpy(&view->source_port, tcp_bytes, 2);
	__builtin_memcpy(&view->dest_port, tcp_bytes + 2, 2);
	view->seq = packet_u32(tcp_bytes + 4);
	view->flags = tcp_bytes[13];
	/* The stack has pulled the headers by now; what is left in `len` started at the TCP header. */
	view->payload_bytes = BPF_CORE_READ(skb, len) > (__u32)(tcp_bytes[12] >> 4) * 4;
	return 0;
}

/* What is known of the listener, or of the socket that survives, goes with the record. */
static __always_inline void reply_owner_fill(struct close_record *record, struct sock *sk)
{
	struct socket_state *known = socket_find(sk);

	if (!known)
		return;
	record->owner = known->watched.record.owner;
	record->owner_source = known->watched.record.owner_source;
	record->cgroup_id = socket_cgroup_id(sk);
	record->evidence.seen |=
		known->watched.record.evidence.seen & (EVIDENCE(CLIENT) | EVIDENCE(SERVER));
}

/* From a reply on its way out to the drop of the packet that it answers: the same call. */
#define REPLY_JUST_NOW_NS 1000000ULL

/* What the two tracepoints know of a RST without a full socket. */
struct reply_reset {
	struct packet_view view; /* the packet that it answers */
	__u64 seen;
	__u8 reset_reason;
	__u8 socket_state;
};

/*
 * "Its" RST was believed, and now the peer sends data that begins at or behind it. What an
 * honest peer had sent before its RST lies before the RST's sequence number.
 */
static __always_inline bool peer_contradicts(const struct flow_side *peer,
					     const struct packet_view *view)
{
	return (peer->marks & FLOW_SIDE_RST_ACCEPTED) && view->payload_bytes &&
	       !(view->flags & (TCP_FLAG_RST | TCP_FLAG_SYN)) &&
	       (__s32)(view->seq - peer->rst_seq) >= 0;
}

/**
 * A RST that the stack sends, or has just sent, for a packet that has no full socket.
 *
 * @announce  The RST has not passed the egress hook yet: count it here.
 */
static __always_inline void reply_report(const struct reply_reset *reply, __u32 netns,
					 struct sock *sk, bool announce)
{
	const struct packet_view *view = &reply->view;
	struct close_record *record;
	struct flow_state *flow;
	struct flow_side *own;
	struct flow_key key;
	enum scratch_place place = announce ? SCRATCH_SEND_RESET : SCRATCH_KFREE_SKB;
	struct watched_close *scratch;
	int local;

	local = flow_key_make(&key, view->dest_addr, view->dest_port, view->source_addr,
			      view->source_port, netns);
	flow = flow_find_or_create(&key, false);
	if (!flow)
		return;
	own = flow_side_of(flow, local);
	/* Before 6.10 an IPv6 reply looks like a firewall's when it leaves, which was just now. */
	if (!announce && view->ip_version == 6 && own->rst_origin == RST_ORIGIN_FIREWALL &&
	    bpf_ktime_get_ns() - own->rst_ns < REPLY_JUST_NOW_NS) {
		own->rst_origin = RST_ORIGIN_STACK;
		counter_take_back(COUNTER_RST_OUT_FIREWALL);
		counter_add(COUNTER_RST_OUT_STACK);
	}
	if (announce) {
		__sync_fetch_and_add(&own->rst_count, 1);
		/* Only an egress hook takes it back; without one it would stay for ever. */
		if (tracer_config.flags & TRACER_WIRE_HOOKED)
			own->rst_announced++;
	}
	if (own->marks & FLOW_SIDE_WATCHED) {
		watch_resolve(&key, flow, reply->seen | EVIDENCE(TIME_WAIT_RESET),
			      reply->reset_reason, place);
		return;
	}
	if (own->marks & FLOW_SIDE_REPORTED ||
	    (!(view->flags & TCP_FLAG_SYN) && !flow->side[0].syn_count &&
	     !flow->side[1].syn_count && flow_has_ended(&key, bpf_ktime_get_ns()))) {
		counter_add(COUNTER_RST_AFTER_CLOSE);
		if (peer_contradicts(flow_side_of(flow, local ^ 1), view))
			amend_emit(&key, local, EVIDENCE(PEER_AFTER_RST), 0, own->rst_count);
		else if (reply->seen & (EVIDENCE(DROP_NO_SOCKET) | EVIDENCE(DROP_NETFILTER)))
			amend_emit(&key, local, reply->seen, 0, own->rst_count);
		return;
	}
	scratch = scratch_of(place);
	if (!scratch)
		return;
	record = &scratch->record;
	__builtin_memset(record, 0, sizeof(*record));
	record_head_fill(&record->head, RECORD_CLOSE, sizeof(*record));
	record->key = key;
	record->local_side = local;
	record->ifindex = flow_side_of(flow, local ^ 1)->home_ifindex;
	record->birth_ns = flow->first_ns;
	flow_isn_fill(record, own, flow_side_of(flow, local ^ 1));
	record->idle_jiffies = IDLE_UNKNOWN;
	record->evidence.subject = SUBJECT_REPLY;
	record->evidence.ip_version = view->ip_version;
	record->evidence.seen =
		EVIDENCE(SERVER) &
		-(__u64) !!(flow_side_of(flow, local ^ 1)->marks & FLOW_SIDE_CLIENT);
	record->evidence.seen |= reply->seen;
	record->evidence.reset_reason = reply->reset_reason;
	record->evidence.reply_state = reply->socket_state;
	record->evidence.trigger_flags = view->flags;
	record->evidence.trigger_data = view->payload_bytes != 0;
	ct_evidence(&record->evidence, flow, local, record->head.time_ns);
	if (sk && reply->socket_state != TCP_TIME_WAIT && reply->socket_state != TCP_NEW_SYN_RECV)
		reply_owner_fill(record, sk);
	/* In SYN_SENT and SYN_RECV the socket survives a bad segment: its own ending is to come. */
	if (reply->socket_state == TCP_SYN_SENT || reply->socket_state == TCP_SYN_RECV)
		record->evidence.state = reply->socket_state;
	else
		own->marks |= FLOW_SIDE_REPORTED;
	record_decide(record);
	if (record_emit(record))
		own->is_grouped = 1;
}

/* RST in reply to a segment of a socket that is, or was just now, a full one. */
static __always_inline void reply_of_socket(struct socket_state *state, __u8 reason,
					    const struct packet_view *view)
{
	struct close_record *record = &state->watched.record;
	__u64 seen = EVIDENCE(REPLY_RESET) |
		     (reason > RESET_REASON_NOT_SPECIFIED ? EVIDENCE(KERNEL_REASON) : 0);
	struct flow_state *flow;
	struct flow_side *own;
	__u32 rst_count = 0;

	record->evidence.seen |= seen;
	record->evidence.reset_reason = reason;
	flow = bpf_map_lookup_elem(&ct_flows, &record->key);
	if (flow) {
		own = flow_side_of(flow, record->local_side);
		rst_count = __sync_add_and_fetch(&own->rst_count, 1);
		if (tracer_config.flags & TRACER_WIRE_HOOKED)
			own->rst_announced++;
		/* Data came with the ACK of our FIN: what awaits the peer's FIN ends here. */
		if (own->marks & FLOW_SIDE_WATCHED) {
			watch_resolve(&record->key, flow, seen, reason, SCRATCH_SEND_RESET);
			return;
		}
	}
	if (state->phase == SOCKET_REPORTED)
		amend_emit(&record->key, record->local_side, seen, reason, rst_count);
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

	if (reply_resets_are_traced())
		reason = (int)ctx[2];
	if (!skb) {
		if (sk)
			reset_active(ctx, sk, reason);
		return 0;
	}
	if (reply_packet_read(skb, &reply.view))
		return 0;
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
	struct flow_state *flow;
	struct flow_side *own;
	struct flow_key key;
	__u32 tries = 1;
	int local;

	local = socket_flow_key(common, HOST_TO_NET_16(common->skc_num), &key);
	watched = scratch_of(SCRATCH_SYNACK_RTX);
	flow = bpf_map_lookup_elem(&ct_flows, &key);
	if (!watched || !flow)
		return 0;
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
	if (bpf_map_update_elem(&ct_watch, &key, watched, BPF_ANY)) {
		counter_add(COUNTER_TOMBSTONE_FAILED);
		return 0;
	}
	own->marks |= FLOW_SIDE_WATCHED;
	return 0;
}

/* Run once by user space to measure the length of a tick. */
SEC("raw_tp/sched_process_exit")
int ct_read_jiffies(void *ctx)
{
	return (int)bpf_jiffies64();
}
