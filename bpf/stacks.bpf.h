/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stacks of whoever ends a socket, for --stacks. Without TRACER_STACKS the verifier
 * removes all of it.
 */
#ifndef BPF_STACKS_BPF_H
#define BPF_STACKS_BPF_H

#include "bpf/socket.bpf.h"

/* A later, more telling moment replaces an earlier one. */
enum stack_rank {
	STACK_NONE = 0,
	STACK_OF_CLOSE = 1,
	STACK_OF_RESET = 2,
};

struct mm_struct___stacks {
	unsigned long start_code;
} __attribute__((preserve_access_index));

struct task_struct___stacks {
	struct task_struct *group_leader;
	struct mm_struct___stacks *mm;
} __attribute__((preserve_access_index));

struct pt_regs___stacks {
	unsigned long sp;
	unsigned long long regs[31]; /* arm64 alone */
} __attribute__((preserve_access_index));

#define REGISTER_LINK 30

/* Fewer near the end of the stack; also in a process of 32 bits, whose words are not used. */
static __always_inline __u8 stack_words_read(__u64 *words, const struct pt_regs___stacks *regs)
{
	const void *sp = (const void *)BPF_CORE_READ(regs, sp);

	if (!bpf_probe_read_user(words, STACK_WORDS * sizeof(*words), sp))
		return STACK_WORDS;
	return bpf_probe_read_user(words, 8 * sizeof(*words), sp) ? 0 : 8;
}

static __always_inline __u8 stack_read(void *ctx, __u64 *frames, __u64 flags)
{
	long bytes = bpf_get_stack(ctx, frames, STACK_FRAMES * sizeof(*frames), flags);

	if (bytes < 0) {
		counter_add(COUNTER_STACK_FAILED);
		return 0;
	}
	return bytes / sizeof(*frames);
}

static __always_inline void stack_task_fill(void *ctx, struct close_stacks *stacks)
{
	struct pt_regs___stacks *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct task_struct___stacks *task = (void *)bpf_get_current_task();

	stacks->pid = bpf_get_current_pid_tgid() >> 32;
	stacks->task_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	stacks->task_code = BPF_CORE_READ(task, mm, start_code);
	/* A process that exits closes its sockets after its memory is gone. */
	if (!stacks->task_code)
		return;
	stacks->user_count = stack_read(ctx, stacks->user, BPF_F_USER_STACK);
	stacks->word_count = stack_words_read(stacks->words, regs);
	if (bpf_core_field_exists(regs->regs))
		stacks->link = BPF_CORE_READ(regs, regs[REGISTER_LINK]);
}

static __always_inline struct stack_slot *stack_slot_take(void)
{
	struct stack_slot *slot;

	for (__u32 i = 0; i < STACK_SLOTS; i++) {
		__u32 index = i;

		slot = bpf_map_lookup_elem(&ct_stack_slots, &index);
		if (slot && !__sync_lock_test_and_set(&slot->is_taken, 1))
			return slot;
	}
	return NULL;
}

static __always_inline int stacks_fill(void *ctx, struct close_stacks *stacks, __u64 birth_ns,
				       bool of_task)
{
	__builtin_memset(stacks, 0, __builtin_offsetof(struct close_stacks, kernel));
	stacks->birth_ns = birth_ns;
	if (of_task)
		stack_task_fill(ctx, stacks);
	stacks->kernel_count = stack_read(ctx, stacks->kernel, 0);
	return stacks->kernel_count || stacks->user_count ? 0 : -1;
}

static __noinline int stacks_store(void *ctx, __u64 cookie, __u64 birth_ns, bool of_task)
{
	struct stack_slot *slot = stack_slot_take();
	int err;

	if (!slot) {
		counter_add(COUNTER_STACK_FAILED);
		return -1;
	}
	err = stacks_fill(ctx, &slot->stacks, birth_ns, of_task);
	if (!err && bpf_map_update_elem(&ct_stacks, &cookie, &slot->stacks, BPF_ANY)) {
		counter_add(COUNTER_STACK_FAILED);
		err = -1;
	}
	slot->is_taken = 0;
	return err;
}

static __always_inline void stacks_take(void *ctx, struct socket_state *state, struct sock *sk,
					enum stack_rank rank, bool of_task)
{
	struct close_record *record = &state->watched.record;

	if (!(tracer_config.flags & TRACER_STACKS) || rank <= state->stack_rank)
		return;
	if (stacks_store(ctx, bpf_get_socket_cookie(sk), record->birth_ns, of_task))
		return;
	state->stack_rank = rank;
	record->head.flags |= RECORD_HAS_STACKS;
}

/* As in closer_of_unaccepted_fill(): the children of a listener are ended without their lock. */
static __always_inline bool socket_ends_with_listener(const struct close_record *record,
						      struct sock *sk)
{
	return !sk->sk_err && !sk->sk_shutdown && !socket_has_file(sk) &&
	       ((record->owner.pid &&
		 record->owner.pid == (__u32)(bpf_get_current_pid_tgid() >> 32)) ||
		task_stops_listener(record));
}

/* A task ended it by FIN. */
static __always_inline void stacks_of_fin(void *ctx, struct socket_state *state, struct sock *sk)
{
	if (socket_held_by_task(sk))
		stacks_take(ctx, state, sk, STACK_OF_CLOSE, true);
}

/*
 * After the snapshot. In the states behind a FIN the task has been seen at the FIN, and an
 * error is not the task's doing, unless it is that of tcp_abort().
 */
static __always_inline void stacks_of_close(void *ctx, struct socket_state *state, struct sock *sk)
{
	const struct close_record *record = &state->watched.record;
	__u8 old = record->evidence.state;

	if (old == TCP_FIN_WAIT1 || old == TCP_FIN_WAIT2 || old == TCP_CLOSING ||
	    old == TCP_LAST_ACK)
		return;
	if (record->evidence.error && record->evidence.error != EVIDENCE_ECONNABORTED)
		return;
	if (socket_held_by_task(sk) || socket_ends_with_listener(record, sk))
		stacks_take(ctx, state, sk, STACK_OF_CLOSE, true);
}

/* A timer's reset has a kernel stack alone. */
static __always_inline void stacks_of_reset(void *ctx, struct socket_state *state, struct sock *sk)
{
	stacks_take(ctx, state, sk, STACK_OF_RESET,
		    socket_held_by_task(sk) ||
			    socket_ends_with_listener(&state->watched.record, sk));
}

#endif
