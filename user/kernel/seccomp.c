// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/kernel/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define SECCOMP_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SECCOMP_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define SECCOMP_ARCH AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define SECCOMP_ARCH AUDIT_ARCH_S390X
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SECCOMP_ARCH AUDIT_ARCH_PPC64LE
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SECCOMP_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SECCOMP_SANITIZED 1
#endif
#endif

/* Numbers of x32 are those of x86-64 with this bit: another architecture in all but name. */
#define X32_BIT 0x40000000

#if defined(SECCOMP_ARCH) && !defined(SECCOMP_SANITIZED)
/* With any arguments. */
static const uint32_t allowed_calls[] = {
	/* files and descriptors */
	SYS_read,
	SYS_write,
	SYS_readv,
	SYS_writev,
	SYS_pread64,
	SYS_pwrite64,
	SYS_openat,
	SYS_openat2,
	SYS_close,
	SYS_close_range,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_statfs,
	SYS_fstatfs,
	SYS_lseek,
	SYS_ioctl,
	SYS_fcntl,
	SYS_dup,
	SYS_dup3,
	SYS_pipe2,
	SYS_faccessat,
	SYS_faccessat2,
	SYS_readlinkat,
	SYS_getdents64,
	SYS_ftruncate,
	SYS_fallocate,
	SYS_fsync,
	SYS_fdatasync,
	SYS_renameat2,
	SYS_unlinkat,
	SYS_linkat,
	SYS_fchmod,
	SYS_umask,
	SYS_flock,
	SYS_mkdirat,
	SYS_open_by_handle_at,
	SYS_name_to_handle_at,
	SYS_inotify_add_watch,
	SYS_inotify_init1,
	SYS_inotify_rm_watch,
	SYS_sendfile,
	SYS_copy_file_range,
	SYS_chdir,
	SYS_getcwd,
	/* memory */
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_brk,
	SYS_membarrier,
	SYS_mincore,
	/* waiting */
	SYS_ppoll,
	SYS_pselect6,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_epoll_pwait2,
	SYS_eventfd2,
	SYS_timerfd_create,
	SYS_timerfd_settime,
	SYS_timerfd_gettime,
	SYS_signalfd4,
	SYS_nanosleep,
	SYS_clock_nanosleep,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_gettimeofday,
	SYS_futex,
	SYS_restart_syscall,
	SYS_sched_yield,
	/* signals, threads, and the child that lets the links go */
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_rt_sigtimedwait,
	SYS_rt_sigpending,
	SYS_sigaltstack,
	SYS_tgkill,
	SYS_clone,
	SYS_set_robust_list,
	SYS_get_robust_list,
	SYS_rseq,
	SYS_set_tid_address,
	SYS_exit,
	SYS_exit_group,
	SYS_wait4,
	SYS_waitid,
	SYS_setsid,
	SYS_prctl,
	SYS_capget,
	SYS_capset,
	SYS_setpriority,
	SYS_sched_setscheduler,
	SYS_ioprio_set,
	/* who and where */
	SYS_getpid,
	SYS_gettid,
	SYS_getppid,
	SYS_getpgid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_uname,
	SYS_sysinfo,
	SYS_getrandom,
	SYS_sched_getaffinity,
	SYS_getcpu,
	SYS_getrusage,
	SYS_prlimit64,
	SYS_times,
	/* the kernel's side */
	SYS_bpf,
	SYS_setns,
	SYS_bind,
	SYS_listen,
	SYS_accept4,
	SYS_getsockname,
	SYS_getpeername,
	SYS_sendto,
	SYS_sendmsg,
	SYS_sendmmsg,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_recvmmsg,
	SYS_shutdown,
	SYS_setsockopt,
	SYS_getsockopt,
/* What only some architectures have, mostly older names of the above. */
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef SYS_fadvise64
	SYS_fadvise64,
#endif
#ifdef SYS_sync_file_range
	SYS_sync_file_range,
#endif
#ifdef SYS_open
	SYS_open,
#endif
#ifdef SYS_stat
	SYS_stat,
#endif
#ifdef SYS_lstat
	SYS_lstat,
#endif
#ifdef SYS_access
	SYS_access,
#endif
#ifdef SYS_readlink
	SYS_readlink,
#endif
#ifdef SYS_poll
	SYS_poll,
#endif
#ifdef SYS_select
	SYS_select,
#endif
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
#ifdef SYS_epoll_create
	SYS_epoll_create,
#endif
#ifdef SYS_pipe
	SYS_pipe,
#endif
#ifdef SYS_dup2
	SYS_dup2,
#endif
#ifdef SYS_getpgrp
	SYS_getpgrp,
#endif
#ifdef SYS_time
	SYS_time,
#endif
#ifdef SYS_getrlimit
	SYS_getrlimit,
#endif
#ifdef SYS_setrlimit
	SYS_setrlimit,
#endif
#ifdef SYS_unlink
	SYS_unlink,
#endif
#ifdef SYS_rename
	SYS_rename,
#endif
#ifdef SYS_fork
	SYS_fork,
#endif
#ifdef SYS_arch_prctl
	SYS_arch_prctl,
#endif
#ifdef SYS_mkdir
	SYS_mkdir,
#endif
#ifdef SYS_getdents
	SYS_getdents,
#endif
#ifdef SYS_fadvise64_64
	SYS_fadvise64_64,
#endif
#ifdef SYS__llseek
	SYS__llseek,
#endif
#ifdef SYS_sync_file_range2
	SYS_sync_file_range2,
#endif
#ifdef SYS_riscv_flush_icache
	SYS_riscv_flush_icache,
#endif
#ifdef SYS_riscv_hwprobe
	SYS_riscv_hwprobe,
#endif
#ifdef SYS_accept
	SYS_accept,
#endif
#ifdef SYS_link
	SYS_link,
#endif
#ifdef SYS_chmod
	SYS_chmod,
#endif
};

/*
 * Calls of which some are allowed: argument `index`, masked, must be `value` (the lower 32 bits, of
 * which all these have no more).
 */
static const struct call_rule {
	uint32_t number;
	uint32_t index;
	uint32_t mask;
	uint32_t value;
} call_rules[] = {
	/* No memory becomes a program. */
	{ SYS_mmap, 2, PROT_EXEC, 0 },
	{ SYS_mprotect, 2, PROT_EXEC, 0 },
	{ SYS_socket, 0, UINT32_MAX, AF_NETLINK },
	{ SYS_socket, 0, UINT32_MAX, AF_UNIX },
};

#define ARGUMENT_LOW(index)                                                                        \
	((uint32_t)(offsetof(struct seccomp_data, args) + (index) * sizeof(uint64_t) +             \
		    (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0)))

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define SKIP_UNLESS(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD_LENGTH 6
#define RULE_LENGTH 6
#define FILTER_LENGTH                                                                              \
	(HEAD_LENGTH + 2 * COUNT_OF(allowed_calls) + RULE_LENGTH * COUNT_OF(call_rules) + 1)

static size_t filter_build(struct sock_filter filter[FILTER_LENGTH])
{
	const struct sock_filter head[HEAD_LENGTH] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_ARCH, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	size_t n = 0;

	for (size_t i = 0; i < HEAD_LENGTH; i++)
		filter[n++] = head[i];
	for (size_t i = 0; i < COUNT_OF(allowed_calls); i++) {
		filter[n++] = (struct sock_filter)SKIP_UNLESS(allowed_calls[i], 1);
		filter[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	for (size_t i = 0; i < COUNT_OF(call_rules); i++) {
		const struct call_rule *rule = &call_rules[i];
		const struct sock_filter block[RULE_LENGTH] = {
			SKIP_UNLESS(rule->number, RULE_LENGTH - 1),
			LOAD(ARGUMENT_LOW(rule->index)),
			BPF_STMT(BPF_ALU | BPF_AND | BPF_K, rule->mask),
			SKIP_UNLESS(rule->value, 1),
			RETURN(SECCOMP_RET_ALLOW),
			LOAD(offsetof(struct seccomp_data, nr)),
		};

		for (size_t j = 0; j < RULE_LENGTH; j++)
			filter[n++] = block[j];
	}
	filter[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | ENOSYS);
	return n;
}

int seccomp_install(void)
{
	struct sock_filter filter[FILTER_LENGTH];
	struct sock_fprog program = { .filter = filter };
	unsigned int flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG;
	long result;

	program.len = (unsigned short)filter_build(filter);
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (result < 0)
		return errno == ENOSYS || errno == EINVAL ? -EOPNOTSUPP : -errno;
	/* A thread that has another filter: then there is none for all. */
	return result ? -EBUSY : 0;
}
#else
int seccomp_install(void)
{
	return -EOPNOTSUPP;
}
#endif
