// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Observation point "accept queues": listeners whose queue was full. A SYN that is dropped for that
 * leaves no trace but counters: user space watches the namespace's, and reads this when it has risen
 * (user/kernel/accept_queues.h); the listener has one of its own.
 */
#include "bpf/socket.bpf.h"

/* Set by user space before it reads: the namespace, and how much its ListenOverflows has risen. */
volatile __u32 accept_queue_netns = 0;
volatile __u32 accept_queue_dropped = 0;

/* The drops so far are nobody's news: of a listener that is older than the tracer. */
static __always_inline __u32 listener_new_drops(struct socket_state *state, const struct sock *sk)
{
	__u32 drops = sk->sk_drops.counter, fresh = drops - state->drops_told;

	state->drops_told = drops;
	return fresh;
}

static __always_inline void listener_record_fill(struct close_record *record, __u32 dropped)
{
	__builtin_memset(record, 0, sizeof(*record));
	record_head_fill(&record->head, RECORD_CLOSE, sizeof(*record));
	record->idle_jiffies = IDLE_UNKNOWN;
	record->evidence.subject = SUBJECT_LISTENER;
	record->evidence.seen = EVIDENCE(SERVER);
	record->detail.dropped = dropped;
}

static __always_inline void listener_tell(struct close_record *record,
					  const struct socket_state *state, const struct sock *sk)
{
	const struct sock_common *common = &sk->__sk_common;
	struct flow_key key;

	record->local_side = socket_flow_key(common, HOST_TO_NET_16(common->skc_num),
					     common->skc_net.net->ns.inum, &key);
	record->key = key;
	record->evidence.ip_version = common->skc_family == AF_INET ? 4 : 6;
	record->owner = state->watched.record.owner;
	record->owner_source = state->watched.record.owner_source;
	record->cgroup_id = sk->sk_cgrp_data.cgroup->kn->id;
	record->detail.backlog = sk->sk_ack_backlog;
	record->detail.backlog_max = sk->sk_max_ack_backlog;
	record->detail.somaxconn = common->skc_net.net->core.sysctl_somaxconn;
	/* sk_acceptq_is_full() */
	if (record->detail.backlog > record->detail.backlog_max)
		record->evidence.seen |= EVIDENCE(LISTEN_OVERFLOW);
	record_decide(record);
	record_emit(record);
}

/* Of a listener that is gone, or that was not known. */
static __always_inline void listener_tell_rest(void)
{
	__u32 dropped = accept_queue_dropped;
	struct scratch *scratch;

	accept_queue_dropped = 0;
	scratch = dropped ? scratch_take() : NULL;
	if (!scratch)
		return;
	listener_record_fill(&scratch->close.record, dropped);
	scratch->close.record.key.netns = accept_queue_netns;
	record_decide(&scratch->close.record);
	record_emit(&scratch->close.record);
	scratch_give_back(scratch);
}

SEC("iter/tcp")
int ct_iter_listen(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct socket_state *state;
	struct scratch *scratch;
	struct sock *sk;
	__u32 dropped;

	if (!common) {
		listener_tell_rest();
		return 0;
	}
	if (common->skc_state != TCP_LISTEN)
		return 0;
	sk = (struct sock *)bpf_skc_to_tcp_sock(common);
	state = sk ? socket_find(sk) : NULL;
	if (!state)
		return 0;
	/* Packets are dropped for other reasons, too. */
	dropped = listener_new_drops(state, sk);
	if (dropped > accept_queue_dropped)
		dropped = accept_queue_dropped;
	scratch = dropped ? scratch_take() : NULL;
	if (!scratch)
		return 0;
	accept_queue_dropped -= dropped;
	listener_record_fill(&scratch->close.record, dropped);
	listener_tell(&scratch->close.record, state, sk);
	scratch_give_back(scratch);
	return 0;
}
