/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who owns a socket. The current task says something only while it holds the socket
 * lock: everything else may run in softirq on top of a stranger.
 */
#ifndef BPF_OWNER_BPF_H
#define BPF_OWNER_BPF_H

#include "bpf/maps.bpf.h"

/* lock_sock() is held: softirq work on this socket waits, so the current task is the holder. */
static __always_inline bool socket_held_by_task(const struct sock *sk)
{
	return sk->sk_lock.owned != 0;
}

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/*
 * The process, not the thread that happens to run: a name that goes with the pid. A
 * kernel thread (MPTCP's worker, a file system's) is nobody's owner: it stays empty.
 * Global: verified once per program, not once per path.
 */
__weak __noinline int task_identity_fill(struct task_identity *identity)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!identity || task->flags & PF_KTHREAD)
		return 0;
	identity->pid = bpf_get_current_pid_tgid() >> 32;
	identity->uid = (__u32)bpf_get_current_uid_gid();
	bpf_probe_read_kernel(identity->comm, sizeof(identity->comm), task->group_leader->comm);
	return 0;
}

/*
 * A closetrace that starts asks every file who holds it, and holds it for that moment. If the last
 * owner closes it then, the kernel ends the socket in that closetrace's name: of this one or another.
 */
static __always_inline bool task_is_tracer(const struct task_identity *identity)
{
	static const char name[] = "closetrace";

	for (int i = 0; i < (int)sizeof(name) - 1; i++)
		if (identity->comm[i] != name[i])
			return false;
	return true;
}

/* A later, better source replaces an earlier one; never the other way round. */
static __always_inline void owner_refine(struct close_record *record, const struct sock *sk,
					 enum owner_source source)
{
	if (record->owner_source >= source || !socket_held_by_task(sk))
		return;
	record->owner.pid = 0;
	task_identity_fill(&record->owner);
	/* pid 0 is the idle task: it holds no socket. */
	record->owner_source = record->owner.pid ? source : OWNER_FROM_NONE;
}

#endif
