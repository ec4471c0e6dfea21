// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Observation point "deaths": who sent a signal of which a process may die, and whom the kernel kills
 * for memory. Asked when the sockets of such a process close: bpf/death.bpf.h.
 */
#include "bpf/death.bpf.h"
#include "bpf/owner.bpf.h"
#include "bpf/record_emit.bpf.h"

/* include/linux/sched/signal.h: what stands in place of a siginfo */
#define SEND_SIG_NOINFO 0 /* as kill() would have sent it */
#define SEND_SIG_PRIV 1 /* the kernel itself */
/* include/uapi/asm-generic/siginfo.h: sent by the current task */
#define SI_USER 0
#define SI_QUEUE -1
#define SI_TKILL -6

#define SIGKILL 9
#define SIGNAL_DELIVERED 0 /* include/trace/events/signal.h, TRACE_SIGNAL_DELIVERED */

/* SIGCHLD, SIGCONT to SIGTTOU, SIGURG, SIGWINCH: nobody dies of these. Real-time signals: of hardly any. */
#define SIGNALS_HARMLESS                                                                           \
	(1U << 17 | 1U << 18 | 1U << 19 | 1U << 20 | 1U << 21 | 1U << 22 | 1U << 23 | 1U << 28)

static __always_inline bool sender_is_current(__u64 info)
{
	int code;

	if (info == SEND_SIG_NOINFO)
		return true;
	if (info == SEND_SIG_PRIV)
		return false;
	code = BPF_CORE_READ((const struct kernel_siginfo *)info, si_code);
	return code == SI_USER || code == SI_QUEUE || code == SI_TKILL;
}

/* The first process of a pid namespace ends: zap_pid_ns_processes() kills the others with it. */
static __always_inline bool sender_is_init_that_ends(__u64 info, int signal)
{
	return info == SEND_SIG_PRIV && signal == SIGKILL &&
	       (bpf_get_current_task_btf()->flags & PF_EXITING);
}

static __always_inline void killer_store(__u32 pid, int signal, const struct killer *killer)
{
	struct killer_key key = { .pid = pid, .signal = signal };

	if (bpf_map_update_elem(&ct_killers, &key, killer, BPF_ANY))
		counter_add(COUNTER_KILLER_FAILED);
}

/* Arguments as numbers: `info` may be no pointer, and its target is nobody's to trust. */
SEC("raw_tp/signal_generate")
int ct_signal(struct bpf_raw_tracepoint_args *ctx)
{
	int signal = (int)ctx->args[0], result = (int)ctx->args[4];
	const struct task_struct *target = (const struct task_struct *)ctx->args[2];
	/* Read once: to be read later, its place would be a sum that the verifier does not allow. */
	__u64 info = *(volatile __u64 *)&ctx->args[1];
	struct killer killer = {};
	__u32 pid;

	if (signal <= 0 || signal > 31 || SIGNALS_HARMLESS >> signal & 1 ||
	    result != SIGNAL_DELIVERED)
		return 0;
	if (sender_is_init_that_ends(info, signal))
		killer.flags = DEATH_WITH_INIT;
	else if (!sender_is_current(info))
		return 0;
	pid = BPF_CORE_READ(target, tgid);
	/* abort() and raise(): the name of the signal says it all. */
	if (pid == (__u32)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	task_identity_fill(&killer.task);
	killer.time_ns = bpf_ktime_get_ns();
	killer_store(pid, signal, &killer);
	return 0;
}

/* A charge that fails finds the counter near its limit; the kernel takes pages in advance, per CPU. */
#define OOM_SLACK_PAGES 512
#define OOM_PAGE_BYTES 4096ULL
#define OOM_LEVELS_MOST 16

/* 6.15, 633488947ef6: kernfs_node.parent became __parent. */
struct kernfs_node___parent {
	struct kernfs_node *parent;
} __attribute__((preserve_access_index));

struct kernfs_node___rcu {
	struct kernfs_node *__parent;
} __attribute__((preserve_access_index));

static __always_inline const struct kernfs_node *kernfs_parent(const struct kernfs_node *node)
{
	const struct kernfs_node___rcu *with_rcu = (const void *)node;
	const struct kernfs_node___parent *without = (const void *)node;

	if (bpf_core_field_exists(with_rcu->__parent))
		return BPF_CORE_READ(with_rcu, __parent);
	return BPF_CORE_READ(without, parent);
}

static __always_inline const struct page_counter *task_memory(const struct task_struct *task)
{
	const struct css_set *set = BPF_CORE_READ(task, cgroups);
	const void *place, *css = NULL;

	if (!set || !bpf_core_type_exists(struct mem_cgroup) ||
	    !bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return NULL;
	place = (const void *)set + bpf_core_field_offset(struct css_set, subsys) +
		sizeof(css) * bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	bpf_probe_read_kernel(&css, sizeof(css), place);
	/* struct mem_cgroup begins with its css. */
	return css ? css + bpf_core_field_offset(struct mem_cgroup, memory) : NULL;
}

/* Inferred: whose limit was reached is not in the event, but that counter is still at it. */
static __always_inline const struct page_counter *memory_at_limit(const struct page_counter *memory)
{
	for (int i = 0; i < OOM_LEVELS_MOST && memory; i++) {
		__u64 most = BPF_CORE_READ(memory, max);
		__u64 slack = most / 8 < OOM_SLACK_PAGES ? most / 8 : OOM_SLACK_PAGES;

		if ((__u64)BPF_CORE_READ(memory, usage.counter) + slack >= most)
			return memory;
		memory = BPF_CORE_READ(memory, parent);
	}
	return NULL;
}

static __always_inline void oom_cgroup_fill(struct oom_record *record,
					    const struct page_counter *memory)
{
	const struct cgroup_subsys_state *css =
		(const void *)memory - bpf_core_field_offset(struct mem_cgroup, memory);
	const struct kernfs_node *node = BPF_CORE_READ(css, cgroup, kn), *above;

	record->limit_bytes = BPF_CORE_READ(memory, max) * OOM_PAGE_BYTES;
	for (int i = 0; i < OOM_CGROUP_DEPTH && node; i++) {
		above = kernfs_parent(node);
		/* The root has no name. */
		if (!above)
			return;
		bpf_probe_read_kernel_str(record->names[i], OOM_CGROUP_NAME_BYTES,
					  BPF_CORE_READ(node, name));
		node = above;
	}
}

static __always_inline void oom_tell(const struct task_struct *task, __u32 pid)
{
	const struct page_counter *memory = NULL;
	struct oom_record *record = bpf_ringbuf_reserve(&ct_events, sizeof(*record), 0);

	if (!record) {
		counter_add(COUNTER_KILLER_FAILED);
		return;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record_head_fill(&record->head, RECORD_OOM, sizeof(*record));
	record->pid = pid;
	if (task && bpf_core_type_exists(struct mem_cgroup))
		memory = memory_at_limit(task_memory(task));
	if (memory)
		oom_cgroup_fill(record, memory);
	bpf_ringbuf_submit(record, 0);
}

#define PID_MOST (1U << 22) /* include/linux/threads.h, PID_MAX_LIMIT */

/*
 * Until 6.8 the victim's pid, since (72ba14deb40a) its task. It is killed by the current task, which
 * asked for memory, and that often is the victim itself: its cgroup is a good second choice.
 */
SEC("raw_tp/mark_victim")
int ct_oom(struct bpf_raw_tracepoint_args *ctx)
{
	const struct task_struct *task = (const struct task_struct *)ctx->args[0];
	struct killer killer = { .is_oom = 1 };
	__u32 pid = ctx->args[0];

	if (ctx->args[0] > PID_MOST)
		pid = BPF_CORE_READ(task, tgid);
	else
		task = bpf_get_current_task_btf();
	killer.time_ns = bpf_ktime_get_ns();
	killer_store(pid, SIGKILL, &killer);
	oom_tell(task, pid);
	return 0;
}
