// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Observation points "wire in" and "wire out" on the traffic control hooks. Two entries
 * each: for links with an Ethernet header and for those that start with IP.
 * TCX_NEXT and TC_ACT_UNSPEC are both -1: the packet goes on to whoever comes next.
 */
#include "bpf/owner.bpf.h"
#include "bpf/trail.bpf.h"

#define TC_GO_ON -1
#define TC_HEADER_BYTES 128
#define SOCK_RAW 3 /* include/linux/net.h */

/*
 * 6.2, a35b9af4ec2c: the context as the kernel's own struct, read by plain loads. Before, the
 * pointer is the same, but reading through it takes a helper call per step. Not by
 * bpf_cast_to_kern_ctx(): what that returns is trusted, and slow to verify (socket_untrusted()).
 */
extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

static __always_inline __u32 tc_netns(struct __sk_buff *ctx)
{
	if (bpf_rdonly_cast) {
		struct sk_buff *skb = bpf_rdonly_cast(ctx, bpf_core_type_id_kernel(struct sk_buff));

		return skb->dev->nd_net.net->ns.inum;
	}
	return BPF_CORE_READ((struct sk_buff *)ctx, dev, nd_net.net, ns.inum);
}

#define TC_DATA(ctx) ((const __u8 *)(long)(ctx)->data)
#define TC_DATA_END(ctx) ((const __u8 *)(long)(ctx)->data_end)
#define TC_ETHERNET_BYTES 14
#define TC_IP_OFFSET_MOST 22 /* Ethernet and two tags */

/*
 * Global functions from here on: the verifier checks each once, not once per path of its
 * caller. That is the difference between a start of 100 ms and one of a second.
 */
__noinline int ct_tc_ip_offset(struct __sk_buff *ctx)
{
	return packet_network_offset(TC_DATA(ctx), TC_DATA_END(ctx));
}

__noinline int ct_tc_locate(struct __sk_buff *ctx, __u32 ip_offset)
{
	if (ip_offset > TC_IP_OFFSET_MOST)
		return 0;
	return packet_locate(TC_DATA(ctx), TC_DATA_END(ctx), ip_offset);
}

__noinline int ct_tc_fill(struct __sk_buff *ctx, __u32 ip_offset, __u32 located,
			  struct packet_view *view)
{
	if (!view || ip_offset > TC_IP_OFFSET_MOST)
		return PACKET_IGNORED;
	return packet_view_fill(TC_DATA(ctx), TC_DATA_END(ctx), ip_offset, located, view);
}

static __always_inline int tc_look(struct __sk_buff *ctx, struct packet_view *view, bool ethernet)
{
	__u32 ip_offset = ethernet ? ct_tc_ip_offset(ctx) : 0;
	__u32 located;

	if (ethernet && !ip_offset)
		return PACKET_IGNORED;
	located = ct_tc_locate(ctx, ip_offset);
	return located ? ct_tc_fill(ctx, ip_offset, located, view) : PACKET_IGNORED;
}

/* Headers that lie outside the linear part are pulled in; the bytes do not change. */
__noinline int ct_tc_pull(struct __sk_buff *ctx)
{
	__u64 linear = TC_DATA_END(ctx) - TC_DATA(ctx);

	if (linear >= TC_HEADER_BYTES || linear >= ctx->len)
		return 0;
	return !bpf_skb_pull_data(ctx, ctx->len < TC_HEADER_BYTES ? ctx->len : TC_HEADER_BYTES);
}

static __always_inline int tc_parse(struct __sk_buff *ctx, struct packet_view *view, bool ethernet)
{
	int kind = tc_look(ctx, view, ethernet);

	return kind == PACKET_IGNORED && ct_tc_pull(ctx) ? tc_look(ctx, view, ethernet) : kind;
}

/* What both directions begin with. `view` is not touched for the packets that are left at once. */
static __always_inline int tc_view_fill(struct __sk_buff *ctx, struct packet_view *view,
					bool ethernet)
{
	__u32 ip_offset = ethernet ? TC_ETHERNET_BYTES : 0;
	__u32 located = packet_glance(TC_DATA(ctx), TC_DATA_END(ctx), ip_offset);

	if (!located)
		return PACKET_IGNORED;
	__builtin_memset(view, 0, sizeof(*view));
	return located == PACKET_AT_UNKNOWN ? tc_parse(ctx, view, ethernet) :
					      ct_tc_fill(ctx, ip_offset, located, view);
}

__noinline int ct_tc_fold_in(struct __sk_buff *ctx, struct packet_view *view)
{
	struct wire_packet packet = { .view = view };

	if (!view)
		return 0;
	packet.sight.ifindex = ctx->ifindex;
	packet.sight.hook = WIRE_HOOK_TC_IN;
	wire_in(ctx, &packet, tc_netns(ctx));
	return 0;
}

__noinline int ct_tc_fill_tcp(struct __sk_buff *ctx, __u32 ip_offset, __u32 located,
			      struct packet_view *view)
{
	if (!view || ip_offset > TC_IP_OFFSET_MOST)
		return PACKET_IGNORED;
	return packet_view_fill_tcp(TC_DATA(ctx), TC_DATA_END(ctx), ip_offset, located, view);
}

/* Data packets, too: with --packets nothing is left at once. */
__noinline int ct_tc_trail(struct __sk_buff *ctx, __u32 ip_offset, __u32 hook)
{
	struct packet_view view = {};
	struct trail_packet *place;
	__u32 located;

	if (!tracer_config.trail_packets || ip_offset > TC_IP_OFFSET_MOST)
		return 0;
	ct_tc_pull(ctx);
	located = ct_tc_locate(ctx, ip_offset);
	if (PACKET_AT_PROTOCOL(located) != PACKET_PROTO_TCP ||
	    ct_tc_fill_tcp(ctx, ip_offset, located, &view) == PACKET_IGNORED)
		return 0;
	place = trail_next(&view, tc_netns(ctx), ctx->ifindex, hook);
	if (place)
		trail_copy(place, TC_DATA(ctx) + ip_offset, TC_DATA_END(ctx), ctx->len - ip_offset);
	return 0;
}

static __always_inline void tc_trail(struct __sk_buff *ctx, bool ethernet, __u32 hook)
{
	__u32 ip_offset;

	if (!tracer_config.trail_packets)
		return;
	ip_offset = ethernet ? ct_tc_ip_offset(ctx) : 0;
	if (ip_offset || !ethernet)
		ct_tc_trail(ctx, ip_offset, hook);
}

static __always_inline int tc_in(struct __sk_buff *ctx, bool ethernet)
{
	struct packet_view view;

	tc_trail(ctx, ethernet, WIRE_HOOK_TC_IN);
	if (tc_view_fill(ctx, &view, ethernet) >= PACKET_TCP_CONTROL)
		ct_tc_fold_in(ctx, &view);
	return TC_GO_ON;
}

/*
 * Who made an outgoing RST. The stack's replies are owned by its control socket (IPv4),
 * by nobody (IPv6), or from 6.13 on by the socket they are for (79636038d37e).
 */
static __always_inline __u8 tc_rst_origin(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	struct bpf_sock *full;

	if (!sk)
		return ctx->ingress_ifindex ? RST_ORIGIN_RECEIVED : RST_ORIGIN_FIREWALL;
	full = bpf_sk_fullsock(sk);
	if (!full || full->type == SOCK_RAW || full->state == TCP_STATE_LISTEN)
		return RST_ORIGIN_STACK;
	return RST_ORIGIN_SOCKET;
}

/* The storage of the full socket that owns the packet's source endpoint, under a reference. */
static __always_inline struct bpf_sock *tc_socket_of_source(struct __sk_buff *ctx,
							    const struct packet_view *view)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = wire_tuple_fill(&tuple, view, true);

	if (size == sizeof(tuple.ipv4))
		return bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	return bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
}

/* The socket lives on behind the firewall's back: its record gets the verdict now, once. */
static __always_inline bool tc_report_firewall_of_socket(struct __sk_buff *ctx,
							 const struct wire_packet *packet,
							 struct close_record *record)
{
	struct bpf_sock *sk = tc_socket_of_source(ctx, packet->view);
	struct socket_state *state = NULL;
	struct close_record *known;

	if (!sk)
		return false;
	if (sk->state != TCP_STATE_LISTEN)
		state = bpf_sk_storage_get(&ct_sockets, sk, NULL, 0);
	if (!state || state->phase != SOCKET_OPEN) {
		bpf_sk_release(sk);
		return false;
	}
	known = &state->watched.record;
	record->socket_cookie = known->socket_cookie;
	record->birth_ns = known->birth_ns;
	record->cgroup_id = known->cgroup_id;
	record->owner = known->owner;
	record->owner_source = known->owner_source;
	record->evidence.state = sk->state;
	record->evidence.seen |= EVIDENCE(SOCKET_ALIVE) |
				 (known->evidence.seen &
				  (EVIDENCE(CLIENT) | EVIDENCE(SERVER) | EVIDENCE(ESTABLISHED)));
	state->phase = SOCKET_REPORTED;
	bpf_sk_release(sk);
	return true;
}

/*
 * tcp_v4_send_reset() and nf_reject_ip_tcphdr_put() alike (RFC 9293 section 3.5.2): RST|ACK
 * answers a segment without ACK, a bare RST one with it.
 */
static __always_inline __u8 tc_rst_trigger(const struct packet_view *view)
{
	return view->flags & TCP_FLAG_ACK ? TCP_FLAG_SYN : TCP_FLAG_ACK;
}

/*
 * A RST that neither a socket nor the stack sent. The one that a rule on the output
 * hook makes comes back over loopback to the local socket, which then tells of it.
 */
static __always_inline void
tc_report_firewall(struct __sk_buff *ctx, const struct wire_packet *packet, struct flow_state *flow)
{
	const struct packet_view *view = packet->view;
	struct flow_side *own = flow_side_of(flow, packet->sender);
	struct close_record *record = wire_scratch();

	if (!record || own->marks & FLOW_SIDE_REPORTED || wire_socket_state(ctx, view))
		return;
	/* Before 6.10 the stack's IPv6 replies look the same: here to what came after an end. */
	if (!flow->side[0].syn_count && !flow->side[1].syn_count &&
	    flow_has_ended(&packet->key, packet->sight.now_ns)) {
		counter_add(COUNTER_RST_AFTER_CLOSE);
		return;
	}
	if (!wire_addr_is_local(ctx, view, view->source_addr, view->dest_addr,
				packet->sight.ifindex)) {
		wire_report_forwarded(packet, flow, EVIDENCE(FIREWALL_RST));
		return;
	}
	wire_record_fill(record, packet, flow, packet->sender, SUBJECT_REPLY);
	record->evidence.seen |= EVIDENCE(FIREWALL_RST);
	record->evidence.trigger_flags = tc_rst_trigger(packet->view);
	record->head.flags |= RECORD_MAY_BE_AMENDED;
	tc_report_firewall_of_socket(ctx, packet, record);
	wire_record_send(record, flow, packet->sender);
}

/* 5.15 and 5.16 trace neither the reply nor the drop: the RST itself is all there is. */
static __always_inline void tc_report_reply(const struct wire_packet *packet,
					    struct flow_state *flow)
{
	struct flow_side *own = flow_side_of(flow, packet->sender);
	struct close_record *record = wire_scratch();

	if (!record || own->marks & FLOW_SIDE_REPORTED)
		return;
	wire_record_fill(record, packet, flow, packet->sender, SUBJECT_REPLY);
	record->evidence.trigger_flags = tc_rst_trigger(packet->view);
	wire_record_send(record, flow, packet->sender);
}

static __always_inline void tc_rst_out(struct __sk_buff *ctx, struct wire_packet *packet,
				       struct flow_state *flow)
{
	struct flow_side *own = flow_side_of(flow, packet->sender);

	switch (packet->sight.rst_origin) {
	case RST_ORIGIN_SOCKET:
		counter_add(COUNTER_RST_OUT_SOCKET);
		return;
	case RST_ORIGIN_RECEIVED:
		counter_add(COUNTER_RST_OUT_FORWARDED);
		/* Behind address translation this tuple was not seen on its way in. */
		if (own->home_hook == WIRE_HOOK_TC_OUT)
			wire_report_forwarded(packet, flow, 0);
		return;
	case RST_ORIGIN_STACK:
		counter_add(COUNTER_RST_OUT_STACK);
		break;
	default:
		counter_add(own->marks & FLOW_SIDE_WATCHED ? COUNTER_RST_OUT_STACK :
							     COUNTER_RST_OUT_FIREWALL);
		break;
	}
	/* Before 6.10 TIME_WAIT answers untraced: the watch tells whose data came too late. */
	if (own->marks & FLOW_SIDE_WATCHED) {
		watch_resolve_in(&packet->key, flow, EVIDENCE(TIME_WAIT_RESET), 0,
				 scratch_of_packets());
		return;
	}
	if (packet->sight.rst_origin == RST_ORIGIN_FIREWALL)
		tc_report_firewall(ctx, packet, flow);
	else if (!reply_resets_are_traced() && !drop_reasons_exist())
		tc_report_reply(packet, flow);
}

#define WORD_DIFFERS(word, bytes, i) ((word) ^ unaligned_u32((bytes) + 4 * (i)))

/* All words are read, whatever the version: chosen by address, the verifier would know no field. */
static __always_inline bool tc_is_of_socket(const struct bpf_sock *sk,
					    const struct packet_view *view)
{
	const __u8 *dest = view->dest_addr, *source = view->source_addr;
	__u32 ipv4 = WORD_DIFFERS(sk->dst_ip4, dest, 3) | WORD_DIFFERS(sk->src_ip4, source, 3);
	__u32 ipv6 =
		WORD_DIFFERS(sk->dst_ip6[0], dest, 0) | WORD_DIFFERS(sk->dst_ip6[1], dest, 1) |
		WORD_DIFFERS(sk->dst_ip6[2], dest, 2) | WORD_DIFFERS(sk->dst_ip6[3], dest, 3) |
		WORD_DIFFERS(sk->src_ip6[0], source, 0) | WORD_DIFFERS(sk->src_ip6[1], source, 1) |
		WORD_DIFFERS(sk->src_ip6[2], source, 2) | WORD_DIFFERS(sk->src_ip6[3], source, 3);
	__u32 ports = (sk->dst_port ^ view->dest_port) |
		      (sk->src_port ^ NET_TO_HOST_16(view->source_port));

	return !(ports | (view->ip_version == 4 ? ipv4 : ipv6));
}

/* The SYN of a socket of ours under other addresses: what leaves is not seen under its own. */
__noinline int ct_tc_syn_out(struct __sk_buff *ctx, struct packet_view *view)
{
	struct socket_state *state;
	struct bpf_sock *sk = ctx->sk;

	if (!view || !sk || sk->state != TCP_STATE_SYN_SENT || tc_is_of_socket(sk, view))
		return 0;
	sk = bpf_sk_fullsock(sk);
	state = sk ? bpf_sk_storage_get(&ct_sockets, sk, NULL, 0) : NULL;
	if (state)
		state->is_translated = 1;
	return 0;
}

static __always_inline void tc_fold_out(struct __sk_buff *ctx, struct wire_packet *packet)
{
	struct flow_state *flow;
	int found, announced;

	wire_key_fill(packet, tc_netns(ctx));
	packet->sight.now_ns = bpf_ktime_get_ns();
	flow = flow_find_or_create(&packet->key, packet_is_bare_syn(packet->view));
	if (!flow)
		return;
	announced = flow_side_of(flow, packet->sender)->rst_announced;
	if (packet->view->kind == PACKET_ICMP_ERROR) {
		wire_icmp(packet);
		return;
	}
	if (packet->view->flags & TCP_FLAG_RST)
		packet->sight.rst_origin =
			value_forget(announced ? RST_ORIGIN_STACK : tc_rst_origin(ctx),
				     packet->view->seq) &
			7;
	found = flow_fold(flow, packet->sender & 1, packet->view, &packet->sight);
	found = value_forget(found, packet->view->seq) & FLOW_FOLD_ALL;
	if (found)
		wire_tally(ctx, packet, flow);
	if (found & FLOW_FOLD_SYN) {
		counter_add(COUNTER_SYN_COUNTED);
		ct_tc_syn_out(ctx, (struct packet_view *)packet->view);
	}
	if (found & FLOW_FOLD_FIN)
		wire_fin(packet, flow);
	if (!(found & FLOW_FOLD_RST))
		return;
	if (announced)
		counter_add(COUNTER_RST_OUT_STACK);
	else
		tc_rst_out(ctx, packet, flow);
	if (packet->sight.ifindex != LOOPBACK_IFINDEX) {
		/* A flood of refusals must not push out the flows of others. */
		if (announced && flow_side_of(flow, packet->sender)->is_grouped)
			flow_end(&packet->key, flow_side_of(flow, packet->sender),
				 flow_side_of(flow, packet->sender ^ 1), packet->sight.now_ns);
		return;
	}
	/* Again: telling the sender's ending may have let the flow go. */
	flow = flow_find_or_create(&packet->key, false);
	if (flow)
		wire_rst_in(ctx, packet, flow);
}

__noinline int ct_tc_fold_out(struct __sk_buff *ctx, struct packet_view *view)
{
	struct wire_packet packet = { .view = view };

	if (!view)
		return 0;
	packet.sight.ifindex = ctx->ifindex;
	packet.sight.hook = WIRE_HOOK_TC_OUT;
	tc_fold_out(ctx, &packet);
	return 0;
}

static __always_inline int tc_out(struct __sk_buff *ctx, bool ethernet)
{
	struct packet_view view;
	int kind;

	tc_trail(ctx, ethernet, WIRE_HOOK_TC_OUT);
	kind = tc_view_fill(ctx, &view, ethernet);
	if (kind == PACKET_TCP_CONTROL ||
	    (kind == PACKET_ICMP_ERROR && ctx->ifindex == LOOPBACK_IFINDEX))
		ct_tc_fold_out(ctx, &view);
	return TC_GO_ON;
}

SEC("tc")
int ct_tc_in(struct __sk_buff *ctx)
{
	return tc_in(ctx, true);
}

SEC("tc")
int ct_tc_in_l3(struct __sk_buff *ctx)
{
	return tc_in(ctx, false);
}

SEC("tc")
int ct_tc_out(struct __sk_buff *ctx)
{
	return tc_out(ctx, true);
}

SEC("tc")
int ct_tc_out_l3(struct __sk_buff *ctx)
{
	return tc_out(ctx, false);
}
