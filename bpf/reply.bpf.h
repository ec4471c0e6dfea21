/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * RSTs that the stack sends in reply to a packet: for no socket, for a listener, a request, a
 * TIME_WAIT, or for a socket whose ending is known already.
 */
#ifndef BPF_REPLY_BPF_H
#define BPF_REPLY_BPF_H

#include "bpf/socket.bpf.h"

/* The packet that a reply RST answers, read out of the skb: tuple, flags, payload. */
static __always_inline int reply_packet_read(const struct sk_buff *skb, struct packet_view *view)
{
	const unsigned char *head = BPF_CORE_READ(skb, head);
	const unsigned char *ip = head + BPF_CORE_READ(skb, network_header);
	const unsigned char *tcp = head + BPF_CORE_READ(skb, transport_header);
	__u8 ip_bytes[40] __attribute__((aligned(8))) = {};
	__u8 tcp_bytes[20] __attribute__((aligned(8))) = {};

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
	view->source_port = unaligned_u16(tcp_bytes);
	view->dest_port = unaligned_u16(tcp_bytes + 2);
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

/* The local end is where the packet went: its index in the key. */
static __always_inline int reply_flow_key(const struct packet_view *view, __u32 netns,
					  struct flow_key *key)
{
	int local = flow_key_make(key, view->dest_addr, view->dest_port, view->source_addr,
				  view->source_port, netns);

	return value_forget(local, netns) & 1;
}

static __always_inline void reply_record_fill(struct close_record *record,
					      const struct reply_reset *reply,
					      const struct flow_key *key, struct flow_state *flow,
					      int local, struct sock *sk)
{
	const struct packet_view *view = &reply->view;
	struct flow_side *own = flow_side_of(flow, local);

	__builtin_memset(record, 0, sizeof(*record));
	record_head_fill(&record->head, RECORD_CLOSE, sizeof(*record));
	record->key = *key;
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
}

/*
 * A socket is out of the kernel's tables before its ->CLOSE is traced, and its ending is told later
 * still: a packet that comes in between, on another processor or while the task is preempted, is
 * answered as if there were no socket. The ending that is about to come has the better story.
 */
#define REPLY_AWAITS_SOCKET_NS (100 * 1000000ULL)

static __always_inline bool reply_precedes_socket(const struct reply_reset *reply,
						  const struct flow_side *own)
{
	return reply->socket_state == 0 && !(reply->view.flags & TCP_FLAG_SYN) &&
	       own->home_hook == WIRE_HOOK_TC_OUT && own->syn_count &&
	       !(own->marks & FLOW_SIDE_SOCKET);
}

/* Wait for the socket's record. False when it cannot. */
static __always_inline bool reply_await_socket(struct flow_side *own, struct watched_close *watched)
{
	watched->deadline_ns = watched->record.head.time_ns + REPLY_AWAITS_SOCKET_NS;
	own->awaits_socket = 1;
	if (bpf_map_update_elem(&ct_watch, &watched->record.key, watched, BPF_NOEXIST)) {
		own->awaits_socket = 0;
		return false;
	}
	return true;
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
	struct scratch *scratch;
	int local;

	local = reply_flow_key(view, netns, &key);
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
			      reply->reset_reason);
		return;
	}
	if (own->awaits_socket) {
		counter_add(COUNTER_RST_AFTER_CLOSE);
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
	scratch = scratch_take();
	if (!scratch)
		return;
	record = &scratch->close.record;
	reply_record_fill(record, reply, &key, flow, local, sk);
	if (reply_precedes_socket(reply, own) && reply_await_socket(own, &scratch->close)) {
		scratch_give_back(scratch);
		return;
	}
	/* In SYN_SENT and SYN_RECV the socket survives a bad segment: its own ending is to come. */
	if (reply->socket_state == TCP_SYN_SENT || reply->socket_state == TCP_SYN_RECV)
		record->evidence.state = reply->socket_state;
	else
		own->marks |= FLOW_SIDE_REPORTED;
	record_decide(record);
	if (record_emit(record))
		own->is_grouped = 1;
	scratch_give_back(scratch);
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
			watch_resolve(&record->key, flow, seen, reason);
			return;
		}
	}
	if (state->phase == SOCKET_REPORTED)
		amend_emit(&record->key, record->local_side, seen, reason, rst_count);
}

#endif
