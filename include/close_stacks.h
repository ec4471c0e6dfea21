/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stacks of a close or an abort, as addresses: value of the stacks map, key is the cookie. */
#ifndef CLOSETRACE_CLOSE_STACKS_H
#define CLOSETRACE_CLOSE_STACKS_H

#include "include/compiler.h"

#define STACK_FRAMES 32
#define STACK_WORDS 64

/**
 * Innermost frame first. The addresses behind the first are return addresses.
 *
 * @birth_ns         Of the record it belongs to: a socket, and its cookie, may connect again.
 * @task_start_ns    start_boottime of the process; with @task_code it says whether the process
 *                   that has the pid later is the same and runs the same program.
 * @task_code        mm->start_code, 0 = it had no memory of its own any more, or never.
 * @pid              As in struct task_identity. 0: no task did it, but a softirq on top of a
 *                   stranger, whose frames end the kernel stack.
 * @link  arm64: the link register of user space, which is where a function that calls no other is
 *        to return to; 0 elsewhere.
 * @kernel_count @user_count  Frames; 0 = not to be had.
 * @words  The user stack from its pointer on, `word_count` of it: a system call is mostly made by
 *         a function without a frame, and following frame pointers misses who called that one.
 */
struct close_stacks {
	__u64 birth_ns;
	__u64 task_start_ns;
	__u64 task_code;
	__u64 link;
	__u32 pid;
	__u8 kernel_count;
	__u8 user_count;
	__u8 word_count;
	__u8 reserved;
	__u64 kernel[STACK_FRAMES];
	__u64 user[STACK_FRAMES];
	__u64 words[STACK_WORDS];
};
ABI_SIZE(struct close_stacks, 1064);

#endif
