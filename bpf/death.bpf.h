/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the task that closes came to do so: by its own fields, and by the signals of bpf/death.bpf.c. */
#ifndef BPF_DEATH_BPF_H
#define BPF_DEATH_BPF_H

#include "bpf/maps.bpf.h"

#define PF_EXITING 0x00000004 /* include/linux/sched.h */
#define SIGNAL_GROUP_EXIT 0x00000004 /* include/linux/sched/signal.h */
/* The code of an exit as wait(2) gives it. */
#define EXIT_SIGNAL(code) ((code)&0x7f)
#define EXIT_CORE 0x80
#define EXIT_STATUS(code) ((code) >> 8 & 0xff)

/* The system call that a task is in: x86, or arm64. */
struct pt_regs___call {
	unsigned long orig_ax;
	int syscallno;
} __attribute__((preserve_access_index));

/* include/uapi/asm/unistd_64.h and include/uapi/asm-generic/unistd.h: execve, execveat */
#define X86_EXECVE 59
#define X86_EXECVEAT 322
#define ARM64_EXECVE 221
#define ARM64_EXECVEAT 281

/*
 * A descriptor with FD_CLOEXEC is closed on the way back from execve(), under the name of the new
 * program: only the call is still the same.
 */
static __always_inline bool task_is_in_exec(struct task_struct *task)
{
	const struct pt_regs___call *regs = (const void *)bpf_task_pt_regs(task);
	unsigned long call;

	if (bpf_core_field_exists(regs->orig_ax)) {
		call = BPF_CORE_READ(regs, orig_ax);
		return call == X86_EXECVE || call == X86_EXECVEAT;
	}
	if (!bpf_core_field_exists(regs->syscallno))
		return false;
	call = BPF_CORE_READ(regs, syscallno);
	return call == ARM64_EXECVE || call == ARM64_EXECVEAT;
}

/* The signal was sent in this life of the pid, not in an earlier one. */
static __always_inline void death_by_signal(struct close_detail *detail, struct task_struct *task)
{
	struct killer_key key = { .pid = task->tgid, .signal = detail->death_signal };
	struct killer *killer = bpf_map_lookup_elem(&ct_killers, &key);

	detail->death = CLOSE_DEATH_SIGNAL;
	if (!killer || killer->time_ns < task->group_leader->start_time)
		return;
	if (killer->is_oom) {
		detail->death = CLOSE_DEATH_OOM;
		return;
	}
	detail->killer = killer->task;
	detail->death_flags |= killer->flags;
}

/* do_exit() sets the code before it closes files, and coredump_finish() adds its bit before that. */
static __always_inline void death_of_task(struct close_detail *detail, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	int code = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->exit_code;

	/* A thread with files of its own: the process goes on. */
	if (signal->live.counter > 0)
		return;
	if (!EXIT_SIGNAL(code)) {
		detail->death = CLOSE_DEATH_EXIT;
		detail->exit_code = EXIT_STATUS(code);
		return;
	}
	detail->death_signal = EXIT_SIGNAL(code);
	detail->death_flags = code & EXIT_CORE ? DEATH_CORE_DUMPED : 0;
	death_by_signal(detail, task);
}

/* Its owner under the same name: no exec has come between, or one of the same program. */
static __always_inline bool closer_is_owner(const struct close_record *record)
{
	return record->owner.pid == record->closer.pid &&
	       flow_addr_equal((const __u8 *)record->owner.comm, (const __u8 *)record->closer.comm);
}

/* For the task that closes, in its own context. Global: verified once per program. */
__weak __noinline int ct_death_fill(struct close_record *record)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct close_detail *detail;

	if (!record)
		return 0;
	detail = &record->detail;
	/* Said before, of a task that shut one direction down. */
	if (detail->death) {
		detail->death = CLOSE_DEATH_NONE;
		detail->death_signal = detail->death_flags = detail->exit_code = 0;
		__builtin_memset(&detail->killer, 0, sizeof(detail->killer));
	}
	if (task->flags & PF_EXITING)
		death_of_task(detail, task);
	else if (!closer_is_owner(record) && task_is_in_exec(task))
		detail->death = CLOSE_DEATH_EXEC;
	if (death_is_abnormal(detail))
		record->evidence.seen |= EVIDENCE(CLOSER_DIED);
	else
		record->evidence.seen &= ~EVIDENCE(CLOSER_DIED);
	return 0;
}

#endif
