// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Observation point "snapshot": sockets that were there before the tracer. Both
 * iterators print nothing; reading them to the end is what makes them run.
 */
#include "bpf/socket.bpf.h"

/* Adopt every connection and every listener: children of a listener clone its storage. */
SEC("iter/tcp")
int ct_iter_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct socket_state *state;
	struct sock *sk;

	if (!common || common->skc_state == TCP_TIME_WAIT || common->skc_state == TCP_NEW_SYN_RECV)
		return 0;
	sk = (struct sock *)bpf_skc_to_tcp_sock(common);
	if (!sk)
		return 0;
	state = socket_find_or_adopt(sk);
	if (!state || state->watched.record.head.flags != RECORD_FROM_SNAPSHOT)
		return 0;
	if (common->skc_state == TCP_LISTEN) {
		state->watched.record.evidence.seen |= EVIDENCE(SERVER);
		state->drops_told = sk->sk_drops.counter;
	} else if (common->skc_state != TCP_SYN_SENT)
		state->watched.record.evidence.seen |= EVIDENCE(ESTABLISHED);
	else
		state->watched.record.evidence.seen |= EVIDENCE(CLIENT);
	return 0;
}

/* The process that has the descriptor owns the socket; the first one found, of several. */
SEC("iter/task_file")
int ct_iter_file(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct close_record *record;
	struct socket_state *state;
	struct socket *sock;

	if (!task || !file)
		return 0;
	sock = bpf_sock_from_file(file);
	if (!sock || !sock->sk)
		return 0;
	state = bpf_sk_storage_get(&ct_sockets, sock->sk, NULL, 0);
	if (!state || state->watched.record.owner_source != OWNER_FROM_NONE)
		return 0;
	record = &state->watched.record;
	record->owner.pid = task->tgid;
	record->owner.uid = task->cred->uid.val;
	bpf_probe_read_kernel(record->owner.comm, sizeof(record->owner.comm),
			      task->group_leader->comm);
	record->owner_source = OWNER_FROM_SNAPSHOT;
	return 0;
}
