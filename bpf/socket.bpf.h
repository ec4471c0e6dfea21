/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of one socket in its sk_storage: birth, evidence, and the moment when its
 * ending is complete enough to be told.
 */
#ifndef BPF_SOCKET_BPF_H
#define BPF_SOCKET_BPF_H

#include "bpf/death.bpf.h"
#include "bpf/flow_store.bpf.h"
#include "bpf/icmp_error.bpf.h"
#include "bpf/owner.bpf.h"
#include "bpf/path_shape.bpf.h"
#include "bpf/record_emit.bpf.h"
#include "bpf/timing.bpf.h"

/* include/net/sock.h, enum sock_flags: the first five have kept their numbers since 2.6. */
#define SOCKET_FLAG(sk, flag) ((sk)->__sk_common.skc_flags & (1UL << (flag)))
#define SHUTDOWN_RCV 1 /* include/net/sock.h */
#define SHUTDOWN_SEND 2
#define EEXIST 17 /* include/uapi/asm-generic/errno-base.h */

static __always_inline struct socket_state *socket_find(struct sock *sk)
{
	struct socket_state *state = bpf_sk_storage_get(&ct_sockets, sk, NULL, 0);
	__u64 cookie;

	if (state || !spares_are_used)
		return state;
	cookie = bpf_get_socket_cookie(sk);
	return bpf_map_lookup_elem(&ct_spares, &cookie);
}

/* What is known of it, zero when that is nothing yet. NULL only where no room is left, which is counted. */
static __always_inline struct socket_state *socket_find_or_make(struct sock *sk)
{
	struct socket_state *state =
		bpf_sk_storage_get(&ct_sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	__u64 cookie;

	if (state)
		return state;
	cookie = bpf_get_socket_cookie(sk);
	state = bpf_map_lookup_elem(&ct_spares, &cookie);
	if (state)
		return state;
	if (!bpf_map_update_elem(&ct_spares, &cookie, &socket_state_zero, BPF_NOEXIST)) {
		counter_add(COUNTER_SOCKET_SPARED);
		spares_are_used = 1;
		state = bpf_map_lookup_elem(&ct_spares, &cookie);
	}
	if (!state)
		counter_add(COUNTER_SOCKET_STORAGE_FAILED);
	return state;
}

/* A storage goes with its socket; this is what does it for a spare. */
static __always_inline void socket_forget(struct sock *sk)
{
	__u64 cookie;

	if (!spares_are_used)
		return;
	cookie = bpf_get_socket_cookie(sk);
	bpf_map_delete_elem(&ct_spares, &cookie);
}

/* A socket that was there before the tracer, or whose birth was missed: no birth time. */
static __always_inline struct socket_state *socket_find_or_adopt(struct sock *sk)
{
	struct socket_state *state = socket_find(sk);

	if (state)
		return state;
	state = socket_find_or_make(sk);
	if (!state)
		return NULL;
	state->watched.record.head.flags = RECORD_FROM_SNAPSHOT;
	return state;
}

/* Start a new connection in a storage that may hold an earlier one or the listener's. */
static __always_inline void socket_restart(struct socket_state *state, __u64 role)
{
	struct close_record *record = &state->watched.record;

	record->key.netns = 0;
	record->head.flags = 0;
	record->birth_ns = bpf_ktime_get_ns();
	record->closer.pid = 0;
	__builtin_memset(record->closer.comm, 0, sizeof(record->closer.comm));
	/* New storage is empty, and so is what a child has from its listener. */
	if (state->phase != SOCKET_OPEN)
		__builtin_memset(&record->detail, 0, sizeof(record->detail));
	__builtin_memset(&record->evidence, 0, sizeof(record->evidence));
	record->evidence.seen = role;
	state->phase = SOCKET_OPEN;
	state->stack_rank = 0;
	state->is_translated = 0;
}

static __always_inline __u64 socket_cgroup_id(struct sock *sk)
{
	const struct sock *same = socket_untrusted(sk);

	return same ? same->sk_cgrp_data.cgroup->kn->id : 0;
}

/* accept() or socket() has made a descriptor for it, and close() was not called yet. */
static __always_inline bool socket_has_file(struct sock *sk)
{
	const struct sock *same = socket_untrusted(sk);

	return same && same->sk_socket;
}

static __always_inline void socket_tuple_fill(struct close_record *record,
					      const struct tcp_sock *tp)
{
	const struct sock *sk = &tp->inet_conn.icsk_inet.sk;
	struct flow_key key;
	__u8 local;

	local = socket_flow_key(&sk->__sk_common, tp->inet_conn.icsk_inet.inet_sport,
				sk->__sk_common.skc_net.net->ns.inum, &key);
	record->key = key;
	record->local_side = local;
	record->evidence.ip_version =
		flow_addr_is_ipv4(key.addr[0]) && flow_addr_is_ipv4(key.addr[1]) ? 4 : 6;
}

/* An exec has renamed the owner: the name that it had is the one to keep. */
static __always_inline bool closer_has_new_name(const struct close_record *record)
{
	return record->detail.death == CLOSE_DEATH_EXEC && record->owner.pid == record->closer.pid;
}

static __always_inline void closer_fill(struct close_record *record, struct sock *sk)
{
	if (!socket_held_by_task(sk))
		return;
	record->closer.pid = 0;
	task_identity_fill(&record->closer);
	if (task_is_tracer(&record->closer)) {
		__builtin_memset(&record->closer, 0, sizeof(record->closer));
		return;
	}
	ct_death_fill(record);
	/* Whoever closes an accepted socket of his own holds it; ss -K is told apart at ->CLOSE. */
	if (sk->sk_err != EVIDENCE_ECONNABORTED && record->closer.pid &&
	    record->owner_source < OWNER_FROM_OWNED_CALL && socket_has_file(sk) &&
	    !closer_has_new_name(record)) {
		record->owner = record->closer;
		record->owner_source = OWNER_FROM_OWNED_CALL;
	}
}

/* From the listener's own end to that of the last of many children. */
#define LISTENER_STOPS_NS (10 * NS_PER_SECOND)

/* A task closes a listener: what still waits in its queue ends next, bpf_get_current_pid_tgid() being the same. */
static __always_inline void listener_stops(struct sock *sk)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct stopping_listener stopping = {
		.time_ns = bpf_ktime_get_ns(),
		.netns = socket_netns(sk),
	};
	const struct sock *same = socket_untrusted(sk);

	if (!same || !socket_held_by_task(sk))
		return;
	stopping.port = ((const struct inet_sock *)same)->inet_sport;
	if (bpf_map_update_elem(&ct_stopping, &task, &stopping, BPF_ANY))
		counter_add(COUNTER_KILLER_FAILED);
}

static __always_inline bool task_stops_listener(const struct close_record *record)
{
	__u64 task = bpf_get_current_pid_tgid();
	const struct stopping_listener *stopping = bpf_map_lookup_elem(&ct_stopping, &task);

	return stopping && stopping->netns == record->key.netns &&
	       stopping->port == record->key.port[record->local_side & 1] &&
	       bpf_ktime_get_ns() - stopping->time_ns < LISTENER_STOPS_NS;
}

/*
 * inet_csk_listen_stop() ends the children without taking their locks, in the task that closes the
 * listener. What ends them in a softirq, on top of a stranger, is told apart by that task's having
 * just closed a listener on their port.
 */
static __always_inline void closer_of_unaccepted_fill(struct close_record *record)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (!(record->owner.pid && record->owner.pid == pid) && !task_stops_listener(record))
		return;
	task_identity_fill(&record->closer);
	ct_death_fill(record);
}

static __always_inline __u64 socket_flag_bits(struct sock *sk)
{
	__u64 seen = 0;

	if (SOCKET_FLAG(sk, SOCK_DEAD))
		seen |= EVIDENCE(ORPHAN);
	if (SOCKET_FLAG(sk, SOCK_DONE)) /* set by tcp_fin() alone */
		seen |= EVIDENCE(PEER_FIN);
	if (SOCKET_FLAG(sk, SOCK_KEEPOPEN))
		seen |= EVIDENCE(KEEPALIVE_ON);
	if (SOCKET_FLAG(sk, SOCK_LINGER) && !sk->sk_lingertime)
		seen |= EVIDENCE(LINGER_ZERO);
	if (!socket_has_file(sk))
		seen |= EVIDENCE(NO_STRUCT_SOCKET);
	if (sk->sk_shutdown & SHUTDOWN_RCV)
		seen |= EVIDENCE(RCV_SHUTDOWN);
	if (sk->sk_shutdown & SHUTDOWN_SEND)
		seen |= EVIDENCE(SEND_SHUTDOWN);
	if (socket_held_by_task(sk))
		seen |= EVIDENCE(PROCESS_CONTEXT);
	return seen;
}

/* The younger of the last data sent and the last received, in ticks ago. */
static __always_inline __u32 socket_idle_jiffies(const struct tcp_sock *tp)
{
	__u32 now = (__u32)bpf_jiffies64();
	__u32 sent = now - tp->lsndtime;
	__u32 received = now - tp->inet_conn.icsk_ack.lrcvtime;

	return sent < received ? sent : received;
}

/*
 * The last data was sent less than the shortest round trip ago, even if both ticks of the clock
 * were as unlucky as can be: no answer of the peer to it can be here.
 */
static __always_inline bool socket_sent_just_now(const struct tcp_sock *tp)
{
	__u32 ticks = (__u32)bpf_jiffies64() - tp->lsndtime;
	__u32 rtt_min_us = tp->rtt_min.s[0].v;

	return tp->snd_nxt != tp->snd_una && !tp->total_retrans && rtt_min_us != ~0U &&
	       ((__u64)ticks + 1) * US_PER_SECOND <= (__u64)rtt_min_us * tracer_hz;
}

/*
 * What left of the application's data, once each: what was acknowledged and what is in flight.
 * tcp_sock.bytes_sent counts every attempt, also what this host dropped itself.
 */
static __always_inline __u64 socket_bytes_left(const struct tcp_sock *tp,
					       const struct close_evidence *e, __u8 old_state)
{
	bool fin_is_acked = old_state != TCP_ESTABLISHED && old_state != TCP_CLOSE_WAIT &&
			    tp->snd_una == tp->write_seq;
	/* tcp_snd_una_update() counts the client's SYN, and the FIN. */
	__u64 others = ((e->seen & EVIDENCE(CLIENT)) != 0) + fin_is_acked;
	__u64 acked = tp->bytes_acked > others ? tp->bytes_acked - others : 0;
	__u64 tried = tp->bytes_sent - tp->bytes_retrans;

	return acked + e->unacked_bytes < tried ? acked + e->unacked_bytes : tried;
}

/* tcp_disconnect() clears these right after ->CLOSE: take them now. */
static __always_inline void socket_snapshot_tcp(struct socket_state *state, struct tcp_sock *tp,
						bool peer_fin, __u8 old_state)
{
	struct close_record *record = &state->watched.record;
	struct close_evidence *e = &record->evidence;
	__s32 unread = tp->rcv_nxt - tp->copied_seq - peer_fin;
	bool fin_made =
		old_state == TCP_FIN_WAIT1 || old_state == TCP_LAST_ACK || old_state == TCP_CLOSING;

	state->rcv_nxt = tp->rcv_nxt;
	state->snd_nxt = tp->snd_nxt;
	state->snd_una = tp->snd_una;
	state->sent_just_now = old_state != TCP_SYN_SENT && socket_sent_just_now(tp);
	if (old_state != TCP_SYN_SENT && unread > 0) {
		e->unread_bytes = unread;
		e->seen |= EVIDENCE(UNREAD);
	}
	e->unsent_bytes = tp->write_seq - tp->snd_nxt;
	e->unacked_bytes = tp->snd_nxt - tp->snd_una;
	/* A SYN or FIN is a sequence number, not a byte. The FIN is the last thing to be sent. */
	if (fin_made && e->unsent_bytes) {
		e->unsent_bytes--;
		e->seen |= EVIDENCE(FIN_UNSENT);
	} else if (e->unacked_bytes && (fin_made || old_state == TCP_SYN_SENT)) {
		e->unacked_bytes--;
	}
	e->retransmits = tp->total_retrans;
	e->timer_retransmits = tp->inet_conn.icsk_retransmits;
	e->probes = tp->inet_conn.icsk_probes_out;
	e->user_timeout_ms = tp->inet_conn.icsk_user_timeout;
	if (!tp->snd_wnd)
		e->seen |= EVIDENCE(ZERO_WINDOW);
	if (tp->linger2 < 0)
		e->seen |= EVIDENCE(LINGER2_NEGATIVE);
	if (BPF_CORE_READ_BITFIELD(tp, repair))
		e->seen |= EVIDENCE(REPAIR);
	record->bytes_sent = socket_bytes_left(tp, e, old_state);
	record->bytes_received = tp->bytes_received - (peer_fin && tp->bytes_received);
	record->rtt_us = tp->srtt_us >> 3;
	timing_of_close(state, tp, old_state);
	shape_of_close(state, tp, old_state);
	record->idle_jiffies =
		e->seen & EVIDENCE(ESTABLISHED) ? socket_idle_jiffies(tp) : IDLE_UNKNOWN;
}

/* Whether what `sk` sends passes a hook of ours, and has since its birth. */
static __always_inline bool socket_wire_is_whole(const struct close_record *record, struct sock *sk)
{
	const struct sock *same = socket_untrusted(sk);
	struct hooked_key key = { .netns = record->key.netns };
	__u64 *since_ns;

	if (!same || !record->birth_ns || tracer_config.flags & TRACER_WIRE_PARTIAL ||
	    !(tracer_config.flags & TRACER_WIRE_HOOKED) || bpf_map_lookup_elem(&ct_hooked, &key))
		return false;
	if (!same->sk_dst_cache)
		return false;
	key.ifindex = same->sk_dst_cache->dev->ifindex;
	since_ns = bpf_map_lookup_elem(&ct_hooked, &key);
	return since_ns && *since_ns <= record->birth_ns;
}

/* Everything that the socket itself can say at ->CLOSE. */
static __always_inline void socket_snapshot(struct socket_state *state, struct sock *sk,
					    __u8 old_state)
{
	struct close_record *record = &state->watched.record;
	struct close_evidence *e = &record->evidence;
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	e->subject = SUBJECT_SOCKET;
	e->state = old_state;
	e->error = sk->sk_err;
	e->error_soft = sk->sk_err_soft;
	e->seen |= socket_flag_bits(sk);
	if (old_state != TCP_SYN_SENT)
		e->seen |= EVIDENCE(ESTABLISHED);
	if (!record->key.netns && tp)
		socket_tuple_fill(record, tp);
	if (!record->cgroup_id)
		record->cgroup_id = socket_cgroup_id(sk);
	if (!state->is_translated && socket_wire_is_whole(record, sk))
		e->seen |= EVIDENCE(WIRE_WHOLE);
	record->socket_cookie = bpf_get_socket_cookie(sk);
	if (tp)
		socket_snapshot_tcp(state, tp, (e->seen & EVIDENCE(PEER_FIN)) != 0, old_state);
	if (tp && old_state == TCP_SYN_SENT && !e->error && (e->seen & EVIDENCE(PROCESS_CONTEXT)) &&
	    !tp->inet_conn.icsk_inet.inet_sport)
		shape_of_connect(record, tp);
	if (!e->error || e->error == EVIDENCE_ECONNABORTED)
		closer_fill(record, sk);
	if (!e->error && !sk->sk_shutdown && (e->seen & EVIDENCE(NO_STRUCT_SOCKET)))
		closer_of_unaccepted_fill(record);
	state->phase = SOCKET_CLOSED;
}

/* An ending that packets which never left may explain. */
static __always_inline bool socket_wants_drops(const struct close_evidence *e)
{
	return e->state == TCP_SYN_SENT || error_is_of_timeout(e->error) ||
	       (e->seen & EVIDENCE(SEND_RESET) && !e->local_rst_count);
}

/* What this host dropped of the connection, if the peer has acknowledged nothing since. */
static __always_inline void socket_drops_fill(struct socket_state *state, struct sock *sk)
{
	struct close_record *record = &state->watched.record;
	struct close_evidence *e = &record->evidence;
	struct own_drop *drop;
	__u64 key = (__u64)sk;
	bool is_stalled;

	if (!socket_wants_drops(e))
		return;
	drop = bpf_map_lookup_elem(&ct_own_drops, &key);
	if (!drop)
		return;
	is_stalled = drop->count && drop->snd_una == state->snd_una;
	if (drop->last_ns >= record->birth_ns && (is_stalled || drop->rst_count)) {
		e->drop_reason = drop->reason;
		if (is_stalled)
			e->seen |= EVIDENCE(OWN_DROP);
		if (is_stalled && drops_are_all(e, drop->count))
			e->seen |= EVIDENCE(NEVER_LEFT);
		record->detail.rst_dropped = drop->rst_count != 0;
	}
	bpf_map_delete_elem(&ct_own_drops, &key);
}

/* How long TIME_WAIT will wait for the peer's FIN: tcp_fin_time(), include/net/tcp.h. */
static __always_inline __u64 socket_fin_timeout_ns(struct sock *sk)
{
	int ticks = BPF_CORE_READ(sk, __sk_common.skc_net.net, ipv4.sysctl_tcp_fin_timeout);
	__u64 hz = tracer_hz ? tracer_hz : 1000;

	return ticks > 0 ? (__u64)ticks * NS_PER_SECOND / hz : 60 * NS_PER_SECOND;
}

/* The socket is gone but its peer has not closed: the wire will tell. */
static __always_inline bool socket_watch(struct socket_state *state, struct flow_state *flow,
					 struct flow_side *own, struct flow_side *peer,
					 struct sock *sk)
{
	struct close_record *record = &state->watched.record;
	const struct close_evidence *e = &record->evidence;
	long err;

	if (e->state != TCP_FIN_WAIT2 || record->decision.verdict != CLOSE_FIN_NORMAL ||
	    record->decision.confidence == CLOSE_IS_PROVED || !(e->seen & EVIDENCE(WIRE_OUT)))
		return false;
	/* A second's grace, to be later than the kernel's own timer. */
	state->watched.deadline_ns = bpf_ktime_get_ns() + socket_fin_timeout_ns(sk) + NS_PER_SECOND;
	err = bpf_map_update_elem(&ct_watch, &record->key, &state->watched, BPF_NOEXIST);
	if (err == -EEXIST) {
		watch_tell_older(record);
		err = bpf_map_update_elem(&ct_watch, &record->key, &state->watched, BPF_ANY);
	}
	if (err) {
		counter_add(COUNTER_TOMBSTONE_FAILED);
		return false;
	}
	own->marks |= FLOW_SIDE_WATCHED;
	counter_add(COUNTER_CLOSE_AWAITING_FIN);
	/* The FIN may have passed on another processor while nobody waited for it yet. */
	if (*(volatile __u32 *)&peer->fin_count != e->peer_fin_count)
		watch_resolve(&record->key, flow, 0, 0);
	return true;
}

/*
 * The socket is in CLOSE, but the transition was not shown: judge by what it left. After
 * tcp_disconnect() the tuple is the one saved at ESTABLISHED; byte counts are gone then.
 */
static __always_inline void socket_catch_up(struct socket_state *state, struct sock *sk)
{
	if (state->phase != SOCKET_OPEN || sk->__sk_common.skc_state != TCP_CLOSE ||
	    !state->state || state->state == TCP_CLOSE || state->state == TCP_LISTEN)
		return;
	counter_add(COUNTER_TRANSITION_MISSED);
	socket_snapshot(state, sk, state->state);
	state->watched.record.evidence.seen |= EVIDENCE(CLOSE_NOT_SHOWN);
	state->state = TCP_CLOSE;
}

/* Evidence is expected that has not come yet: a RST that is about to leave, for one. */
static __always_inline bool socket_may_be_amended(const struct close_evidence *e)
{
	if (e->seen & EVIDENCE(REPLY_RESET))
		return false;
	if (e->seen & EVIDENCE(RECEIVE_RESET)) {
		/* From outside: the peer's next data would say that it was not the peer's. */
		if (e->rst_origin == RST_ORIGIN_RECEIVED && !state_in_handshake(e->state))
			return true;
		return (e->seen & EVIDENCE(RCV_SHUTDOWN)) && e->state >= TCP_FIN_WAIT1 &&
		       e->state != TCP_CLOSE_WAIT && !(e->seen & EVIDENCE(RST_IN_EXACT));
	}
	return (e->seen & EVIDENCE(LINGER2_NEGATIVE)) && (e->seen & EVIDENCE(ORPHAN)) &&
	       !(e->seen & EVIDENCE(SEND_RESET)) && !e->error &&
	       (e->state == TCP_FIN_WAIT1 || e->state == TCP_FIN_WAIT2);
}

/* The transition that began it was not shown, but its SYN was seen. */
static __always_inline void socket_birth_from_wire(struct close_record *record,
						   const struct flow_state *flow)
{
	record->birth_ns = flow->first_ns;
	record->head.flags &= ~RECORD_FROM_SNAPSHOT;
}

/* A RST that the stack sent while this ending was on its way: bpf/reply.bpf.h. */
static __always_inline void socket_replaces_reply(const struct close_record *record,
						  struct flow_side *own)
{
	own->awaits_socket = 0;
	if (!bpf_map_delete_elem(&ct_watch, &record->key))
		counter_add(COUNTER_RST_AFTER_CLOSE);
}

/**
 * Tell the ending of a socket in phase SOCKET_CLOSED. Called at the last event of each
 * way to end; the phase makes it happen once.
 */
static __always_inline void socket_report(struct socket_state *state, struct sock *sk)
{
	struct close_record *record = &state->watched.record;
	struct close_evidence *e = &record->evidence;
	struct flow_side *own = NULL, *peer = NULL;
	struct flow_state *flow;

	if (state->phase != SOCKET_CLOSED)
		return;
	state->phase = SOCKET_REPORTED;
	record_head_fill(&record->head, RECORD_CLOSE, sizeof(*record));
	if (tracer_config.flags & TRACER_WIRE_HOOKED)
		e->seen |= EVIDENCE(WIRE_HOOKED);
	flow = bpf_map_lookup_elem(&ct_flows, &record->key);
	if (flow) {
		own = flow_side_of(flow, record->local_side);
		peer = flow_side_of(flow, record->local_side ^ 1);
		if (peer->rst_count && state->rcv_nxt && e->state != TCP_SYN_SENT)
			e->rst_seq_offset = peer->rst_seq - state->rcv_nxt;
		ct_evidence(e, flow, record->local_side, record->head.time_ns);
		if (e->seen & EVIDENCE(ICMP_IN))
			icmp_error_fill_checked(record, state->snd_una, state->snd_nxt);
		if (state->sent_just_now && (e->seen & EVIDENCE(RST_IN)) &&
		    (peer->rst_flags & TCP_FLAG_ACK) && peer->rst_ack == state->snd_nxt)
			e->seen |= EVIDENCE(RST_TOO_EARLY);
		flow_isn_fill(record, own, peer);
		record->ifindex = own->home_ifindex;
		if (!record->birth_ns && (own->syn_ns || peer->syn_ns))
			socket_birth_from_wire(record, flow);
		own->marks |= FLOW_SIDE_SOCKET;
		if (own->awaits_socket)
			socket_replaces_reply(record, own);
		if ((e->seen & EVIDENCE(RECEIVE_RESET)) && (e->seen & EVIDENCE(RST_IN)))
			peer->marks |= FLOW_SIDE_RST_ACCEPTED;
	}
	socket_drops_fill(state, sk);
	if (socket_may_be_amended(e))
		record->head.flags |= RECORD_MAY_BE_AMENDED;
	record_decide(record);
	if (own && socket_watch(state, flow, own, peer, sk))
		return;
	/* A repaired socket went silently: its peer's packets will still be answered by RST. */
	if (own && record->decision.cause != CLOSE_CAUSE_REPAIR)
		own->marks |= FLOW_SIDE_REPORTED;
	if (own && (e->seen & EVIDENCE(RECEIVE_RESET)) && (e->seen & EVIDENCE(RST_IN)) &&
	    netns_is_wanted(record->key.netns))
		counter_add(COUNTER_RST_ACCEPTED);
	record_emit(record);
	if (own && !(record->head.flags & RECORD_MAY_BE_AMENDED) &&
	    record->decision.cause != CLOSE_CAUSE_REPAIR)
		flow_end(&record->key, own, peer, record->head.time_ns);
}

#endif
