/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What XDP and TC share: a control packet enters its flow, and a RST that no socket
 * tracepoint will tell of becomes a record. Never touches the packet.
 */
#ifndef BPF_WIRE_BPF_H
#define BPF_WIRE_BPF_H

#include "bpf/flow_store.bpf.h"
#include "bpf/icmp_error.bpf.h"
#include "bpf/kernel_compat.bpf.h"
#include "bpf/record_emit.bpf.h"

/*
 * What one packet is, gathered once and handed down. The key must lie on the stack: 6.1
 * takes no other memory for a map key.
 */
struct wire_packet {
	const struct packet_view *view;
	struct flow_key key;
	struct flow_sight sight;
	int sender; /* index of the packet's source in `key` */
};

/* Global, as what record_emit.bpf.h has. */
__weak __noinline int wire_record_begin(struct close_record *record, struct flow_key *key,
					struct flow_state *flow, __u32 local)
{
	struct flow_side *own;

	if (!record || !key || !flow)
		return 0;
	own = flow_side_of(flow, local);
	__builtin_memset(record, 0, sizeof(*record));
	record_head_fill(&record->head, RECORD_CLOSE, sizeof(*record));
	record->key = *key;
	record->local_side = local & 1;
	record->birth_ns = flow->first_ns;
	flow_isn_fill(record, own, flow_side_of(flow, local ^ 1));
	record->idle_jiffies = IDLE_UNKNOWN;
	if (own->marks & FLOW_SIDE_CLIENT)
		record->evidence.seen |= EVIDENCE(CLIENT);
	else if (own->marks & FLOW_SIDE_SYN_ACK)
		record->evidence.seen |= EVIDENCE(SERVER);
	return 0;
}

/* A record that starts from a flow alone. `local` is the end it speaks for. */
static __always_inline void wire_record_fill(struct close_record *record,
					     const struct wire_packet *packet,
					     struct flow_state *flow, int local,
					     enum evidence_subject subject)
{
	wire_record_begin(record, (struct flow_key *)&packet->key, flow, local);
	record->hook = packet->sight.hook;
	record->ifindex = packet->sight.ifindex;
	record->evidence.subject = subject;
	record->evidence.ip_version = packet->view->ip_version;
	ct_evidence(&record->evidence, flow, local, packet->sight.now_ns);
	icmp_error_fill(record);
}

/* Decide and send what wire_record_fill() began; the ending of `local` is then told. As record_emit(). */
static __always_inline int wire_record_send(struct close_record *record, struct flow_state *flow,
					    int local)
{
	flow_side_of(flow, local)->marks |= FLOW_SIDE_REPORTED;
	record_decide(record);
	return record_emit(record);
}

static __always_inline struct close_record *wire_scratch(void)
{
	struct watched_close *scratch = scratch_of_packets();

	return scratch ? &scratch->record : NULL;
}

/* The tuple for the socket helpers: as if a packet went from `from` to the other endpoint. */
static __always_inline __u32 wire_tuple_fill(struct bpf_sock_tuple *tuple,
					     const struct packet_view *view, bool reversed)
{
	const __u8 *source = reversed ? view->dest_addr : view->source_addr;
	const __u8 *dest = reversed ? view->source_addr : view->dest_addr;
	__be16 source_port = reversed ? view->dest_port : view->source_port;
	__be16 dest_port = reversed ? view->source_port : view->dest_port;

	if (view->ip_version == 4) {
		__builtin_memcpy(&tuple->ipv4.saddr, source + 12, 4);
		__builtin_memcpy(&tuple->ipv4.daddr, dest + 12, 4);
		tuple->ipv4.sport = source_port;
		tuple->ipv4.dport = dest_port;
		return sizeof(tuple->ipv4);
	}
	__builtin_memcpy(tuple->ipv6.saddr, source, 16);
	__builtin_memcpy(tuple->ipv6.daddr, dest, 16);
	tuple->ipv6.sport = source_port;
	tuple->ipv6.dport = dest_port;
	return sizeof(tuple->ipv6);
}

/*
 * The state of the socket that an incoming packet is for, with `reversed` that an outgoing one is of;
 * with `any_peer` of a listener alone. TCP_STATE_NONE without one.
 */
static __always_inline __u8 wire_socket_state_of(void *ctx, const struct packet_view *view,
						 bool reversed, bool any_peer)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = wire_tuple_fill(&tuple, view, reversed);
	struct bpf_sock *sk;
	__u8 state;

	/* Two calls: the verifier wants the size as a constant. */
	if (size == sizeof(tuple.ipv4)) {
		if (any_peer)
			tuple.ipv4.saddr = tuple.ipv4.sport = 0;
		sk = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	} else {
		if (any_peer)
			tuple.ipv6.sport = 0;
		sk = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	}
	if (!sk)
		return TCP_STATE_NONE;
	state = sk->state;
	bpf_sk_release(sk);
	return state;
}

/* The state of the socket that an incoming packet is for; TCP_STATE_NONE without one. */
static __always_inline __u8 wire_socket_state(void *ctx, const struct packet_view *view)
{
	return wire_socket_state_of(ctx, view, false, false);
}

/* Whether `addr` is delivered on this host, by the routing table. Costs a FIB lookup. */
static __always_inline bool wire_addr_is_local(void *ctx, const struct packet_view *view,
					       const __u8 *dest, const __u8 *source, __u32 ifindex)
{
	struct bpf_fib_lookup fib = {};
	long ret;

	fib.ifindex = ifindex;
	fib.l4_protocol = PACKET_PROTO_TCP;
	if (view->ip_version == 4) {
		fib.family = AF_INET;
		__builtin_memcpy(&fib.ipv4_dst, dest + 12, 4);
		__builtin_memcpy(&fib.ipv4_src, source + 12, 4);
	} else {
		fib.family = AF_INET6;
		__builtin_memcpy(fib.ipv6_dst, dest, 16);
		__builtin_memcpy(fib.ipv6_src, source, 16);
	}
	ret = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	return ret == BPF_FIB_LKUP_RET_NOT_FWDED || ret == BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/* A handshake of ours that the client took back before accept() could ever see it. */
static __always_inline void wire_report_request(const struct wire_packet *packet,
						struct flow_state *flow)
{
	int local = packet->sender ^ 1;
	struct flow_side *own = flow_side_of(flow, local);
	struct close_record *record = wire_scratch();

	if (!record || own->marks & FLOW_SIDE_REPORTED)
		return;
	if (own->marks & FLOW_SIDE_WATCHED) {
		bpf_map_delete_elem(&ct_watch, &packet->key);
		own->marks &= ~FLOW_SIDE_WATCHED;
	}
	wire_record_fill(record, packet, flow, local, SUBJECT_REQUEST);
	record->evidence.seen |= EVIDENCE(SERVER);
	if (wire_record_send(record, flow, local))
		flow_end(&packet->key, own, flow_side_of(flow, packet->sender),
			 packet->sight.now_ns);
}

/* From the hook where a forwarded packet comes in to the one where it leaves, on one CPU. */
#define FORWARDING_NS 1000000ULL

/*
 * Where this host translates addresses, a connection has two tuples, and a packet of the one leaves
 * as a packet of the other: it is told once. Initial sequence numbers are not translated. One of
 * them alone names no connection, but it names the packet that has just come in.
 */
static __always_inline bool wire_other_tuple_has_told(const struct wire_packet *packet,
						      const struct flow_state *flow,
						      const struct close_record *last)
{
	__u64 hash = flow_isn_hash(flow, packet->key.netns), now_ns = packet->sight.now_ns;

	if (!hash)
		return packet->sight.hook == WIRE_HOOK_TC_OUT &&
		       last->evidence.subject == SUBJECT_FORWARDED &&
		       last->key.netns == packet->key.netns &&
		       now_ns - last->head.time_ns < FORWARDING_NS &&
		       last->local_isn + last->peer_isn == flow->side[0].isn + flow->side[1].isn;
	if (ended_is_noted(hash, now_ns))
		return true;
	ended_note(hash, now_ns);
	return false;
}

static __always_inline void wire_report_forwarded(const struct wire_packet *packet,
						  struct flow_state *flow, __u64 seen)
{
	struct close_record *record = wire_scratch();
	int client;

	if (!record || (flow->side[0].marks | flow->side[1].marks) & FLOW_SIDE_REPORTED)
		return;
	if (wire_other_tuple_has_told(packet, flow, record)) {
		flow_side_of(flow, packet->sender)->marks |= FLOW_SIDE_REPORTED;
		return;
	}
	if ((flow->side[0].marks | flow->side[1].marks) & FLOW_SIDE_CLIENT)
		client = flow->side[0].marks & FLOW_SIDE_CLIENT ? 0 : 1;
	else /* the lower port serves */
		client = NET_TO_HOST_16(packet->key.port[0]) > NET_TO_HOST_16(packet->key.port[1]) ?
				 0 :
				 1;
	wire_record_fill(record, packet, flow, client, SUBJECT_FORWARDED);
	record->evidence.seen &= ~(EVIDENCE(CLIENT) | EVIDENCE(SERVER));
	record->evidence.seen |= seen;
	if (seen & EVIDENCE(FIREWALL_RST))
		record->head.flags |= RECORD_MAY_BE_AMENDED;
	if (flow_side_of(flow, client)->marks & FLOW_SIDE_WATCHED) {
		bpf_map_delete_elem(&ct_watch, &packet->key);
		flow_side_of(flow, client)->marks &= ~FLOW_SIDE_WATCHED;
	}
	flow_side_of(flow, client ^ 1)->marks |= FLOW_SIDE_REPORTED;
	wire_record_send(record, flow, client);
}

/* A RST came in: whose socket does it meet? Only what no tracepoint tells is reported here. */
static __always_inline void wire_rst_in(void *ctx, const struct wire_packet *packet,
					struct flow_state *flow)
{
	int local = packet->sender ^ 1;
	struct flow_side *own = flow_side_of(flow, local);
	struct flow_side *peer = flow_side_of(flow, packet->sender);
	__u8 state = wire_socket_state(ctx, packet->view);

	switch (state) {
	case TCP_STATE_NONE:
		break;
	case TCP_STATE_NEW_SYN_RECV:
		counter_add(COUNTER_RST_IN_REQUEST);
		if (packet->view->seq == peer->isn + 1)
			wire_report_request(packet, flow);
		return;
	case TCP_STATE_LISTEN:
		/* With SYN cookies there is no request socket to meet. */
		counter_add(COUNTER_RST_IN_NO_SOCKET);
		if ((own->marks & FLOW_SIDE_SYN_ACK) && !(own->marks & FLOW_SIDE_SOCKET) &&
		    packet->view->seq == peer->isn + 1)
			wire_report_request(packet, flow);
		return;
	case TCP_STATE_TIME_WAIT:
		counter_add(COUNTER_RST_IN_TIME_WAIT);
		if (own->marks & FLOW_SIDE_WATCHED)
			watch_resolve_in(&packet->key, flow, 0, 0, scratch_of_packets());
		return;
	default:
		counter_add(COUNTER_RST_IN_SOCKET);
		return;
	}
	if (wire_addr_is_local(ctx, packet->view, packet->view->dest_addr,
			       packet->view->source_addr, packet->sight.ifindex)) {
		counter_add(COUNTER_RST_IN_NO_SOCKET);
		if (own->marks & FLOW_SIDE_WATCHED)
			watch_resolve_in(&packet->key, flow, 0, 0, scratch_of_packets());
		return;
	}
	counter_add(COUNTER_RST_IN_FORWARDED);
	wire_report_forwarded(packet, flow, 0);
}

/*
 * A SYN with a new sequence number on a tuple that is not over: for a socket of ours it
 * is a challenge (RFC 5961 section 4), for a forwarded connection the end of the old one.
 */
static __always_inline void wire_check_reuse(void *ctx, const struct wire_packet *packet,
					     struct flow_state *flow)
{
	struct flow_side *side = flow_side_of(flow, packet->sender);

	if (!packet_is_bare_syn(packet->view) || !side->syn_count ||
	    side->isn == packet->view->seq || flow_is_over(flow) ||
	    (flow->side[0].marks | flow->side[1].marks) & FLOW_SIDE_SOCKET)
		return;
	if (wire_socket_state(ctx, packet->view) ||
	    wire_addr_is_local(ctx, packet->view, packet->view->dest_addr,
			       packet->view->source_addr, packet->sight.ifindex))
		return;
	wire_report_forwarded(packet, flow, EVIDENCE(NEW_SYN));
}

/* Both ends were first seen on their way in: neither is here. */
static __always_inline bool flow_is_forwarded(const struct flow_state *flow)
{
	return flow->side[0].home_hook && flow->side[0].home_hook != WIRE_HOOK_TC_OUT &&
	       flow->side[1].home_hook && flow->side[1].home_hook != WIRE_HOOK_TC_OUT;
}

static __always_inline void wire_fin(const struct wire_packet *packet, struct flow_state *flow)
{
	counter_add(COUNTER_FIN_COUNTED);
	if (flow->side[0].fin_count && flow->side[1].fin_count && flow_is_forwarded(flow))
		wire_report_forwarded(packet, flow, 0);
	if (flow_side_of(flow, packet->sender ^ 1)->marks & FLOW_SIDE_WATCHED)
		watch_resolve_in(&packet->key, flow, 0, 0, scratch_of_packets());
}

/*
 * A SYN that was sent again through this host, still without an answer: when no further
 * one comes, the client has given up: ct_watch_expire tells it.
 */
static __always_inline void wire_watch_syn(void *ctx, const struct wire_packet *packet,
					   struct flow_state *flow)
{
	struct flow_side *client = flow_side_of(flow, packet->sender);
	struct watched_close *watched;
	__u32 tries = client->syn_count;

	watched = scratch_of_packets();
	if (!watched || wire_addr_is_local(ctx, packet->view, packet->view->dest_addr,
					   packet->view->source_addr, packet->sight.ifindex))
		return;
	wire_record_fill(&watched->record, packet, flow, packet->sender, SUBJECT_FORWARDED);
	watched->record.evidence.seen &= ~(EVIDENCE(CLIENT) | EVIDENCE(SERVER));
	watched->deadline_ns =
		packet->sight.now_ns + ((1ULL << (tries < 7 ? tries : 7)) + 1) * NS_PER_SECOND;
	if (bpf_map_update_elem(&ct_watch, &packet->key, watched, BPF_ANY))
		counter_add(COUNTER_TOMBSTONE_FAILED);
	else
		client->marks |= FLOW_SIDE_WATCHED;
}

/* SYN and SYN-ACK of a connection that passes through: begin and end of that watch. */
static __always_inline void wire_syn(void *ctx, const struct wire_packet *packet,
				     struct flow_state *flow)
{
	struct flow_side *sender = flow_side_of(flow, packet->sender);
	struct flow_side *other = flow_side_of(flow, packet->sender ^ 1);

	if (packet_is_bare_syn(packet->view)) {
		if (sender->syn_count > 1 && !other->home_hook)
			wire_watch_syn(ctx, packet, flow);
		return;
	}
	if (!(packet->view->flags & TCP_FLAG_SYN))
		return;
	if (tally_is_on() && flow_is_forwarded(flow))
		ct_tally_ready((struct flow_key *)&packet->key);
	if (!(other->marks & FLOW_SIDE_WATCHED))
		return;
	bpf_map_delete_elem(&ct_watch, &packet->key);
	other->marks &= ~FLOW_SIDE_WATCHED;
}

static __always_inline int wire_key_fill(struct wire_packet *packet, __u32 netns)
{
	const struct packet_view *view = packet->view;

	int sender = flow_key_make(&packet->key, view->source_addr, view->source_port,
				   view->dest_addr, view->dest_port, netns);

	packet->sender = value_forget(sender, netns) & 1;
	return packet->sender;
}

static __always_inline void wire_icmp(const struct wire_packet *packet)
{
	struct flow_state *flow = bpf_map_lookup_elem(&ct_flows, &packet->key);

	if (!flow)
		return;
	flow_fold_icmp(flow, packet->sender, packet->view, packet->sight.now_ns);
	icmp_error_note(&packet->key, packet->view, packet->sight.ifindex);
}

/* The first packet of a flow is no SYN: what is here that it could belong to? */
static __always_inline void tally_meet(void *ctx, const struct wire_packet *packet,
				       struct tally_packet *tally)
{
	const struct packet_view *view = packet->view;
	bool is_out = packet->sight.hook == WIRE_HOOK_TC_OUT;
	__u8 state;

	tally->local = is_out ? packet->sender : packet->sender ^ 1;
	if (flow_has_ended(&packet->key, packet->sight.now_ns))
		tally->met |= TALLY_MET_ENDED;
	if (packet->sight.rst_origin == RST_ORIGIN_SOCKET)
		tally->met |= TALLY_MET_CONNECTION;
	if (!is_out && !wire_addr_is_local(ctx, view, view->dest_addr, view->source_addr,
					   packet->sight.ifindex))
		return;
	state = wire_socket_state_of(ctx, view, is_out, false);
	if (state != TCP_STATE_NONE && state != TCP_STATE_LISTEN)
		tally->met |= TALLY_MET_CONNECTION;
	if (state == TCP_STATE_LISTEN ||
	    wire_socket_state_of(ctx, view, is_out, true) == TCP_STATE_LISTEN)
		tally->met |= TALLY_MET_LISTENER;
}

/* Count a packet that flow_fold() has counted into its conversation. */
static __always_inline void wire_tally(void *ctx, const struct wire_packet *packet,
				       struct flow_state *flow)
{
	struct tally_packet tally = {
		.seq = packet->view->seq,
		.flags = packet->view->flags,
		.sender = packet->sender & 1,
	};

	if (!tally_is_on())
		return;
	if (!(flow->tally & (FLOW_TALLY_HERE | FLOW_TALLY_ELSEWHERE)) &&
	    !(tally.flags & TCP_FLAG_SYN))
		tally_meet(ctx, packet, &tally);
	ct_tally_packet((struct flow_key *)&packet->key, flow, &tally);
}

/*
 * One control packet on its way in. Within one namespace its home is the egress hook that
 * has seen it before; on loopback that hook has done everything.
 */
static __always_inline void wire_in(void *ctx, struct wire_packet *packet, __u32 netns)
{
	struct flow_state *flow;
	int found;

	wire_key_fill(packet, netns);
	packet->sight.now_ns = bpf_ktime_get_ns();
	if (packet->view->kind == PACKET_ICMP_ERROR) {
		wire_icmp(packet);
		return;
	}
	packet->sight.rst_origin = RST_ORIGIN_RECEIVED;
	flow = flow_find_or_create(&packet->key, packet_is_bare_syn(packet->view));
	if (!flow)
		return;
	wire_check_reuse(ctx, packet, flow);
	found = flow_fold(flow, packet->sender & 1, packet->view, &packet->sight);
	found = value_forget(found, packet->view->seq) & FLOW_FOLD_ALL;
	if (found)
		wire_tally(ctx, packet, flow);
	if (found & FLOW_FOLD_SYN)
		counter_add(COUNTER_SYN_COUNTED);
	if (found && packet->view->flags & TCP_FLAG_SYN)
		wire_syn(ctx, packet, flow);
	if (found & FLOW_FOLD_FIN)
		wire_fin(packet, flow);
	if ((packet->view->flags & TCP_FLAG_RST) && packet->sight.ifindex != LOOPBACK_IFINDEX &&
	    (found || flow_side_of(flow, packet->sender)->home_hook == WIRE_HOOK_TC_OUT))
		wire_rst_in(ctx, packet, flow);
}

#endif
