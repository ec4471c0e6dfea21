/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of addresses in the memory of other processes: from ELF files and JIT compilers. */
#ifndef USER_ENRICH_USER_SYMBOLS_H
#define USER_ENRICH_USER_SYMBOLS_H

#include "include/close_stacks.h"
#include "user/base/strbuf.h"

struct user_symbols;

/* *ret on success only. 0 or -ENOMEM. */
int user_symbols_new(struct user_symbols **ret);
void user_symbols_free(struct user_symbols **symbols);

/**
 * The user stack, innermost frame first, each with a NUL behind it:
 *	abort_the_connection+0x1c [server]	a function of a file
 *	onRequest+0x8 [jit]			of a JIT compiler that writes /tmp/perf-PID.map
 *	server+0x11a2				a file without a symbol there: its address in the file
 *	[vdso]+0x42				what is no file
 *	[unknown]				no memory is there: often what lies behind a function
 *						that was built without frame pointers
 *
 * What was read of a file is kept, by device and inode, until others need the room.
 *
 * @stacks  As the kernel side took them, a moment ago.
 * @return  0; -ESRCH, and nothing is appended, when the process is gone, or is another one or
 *          another program by now; -ENOMEM.
 */
int user_symbols_append_stack(struct strbuf *b, struct user_symbols *symbols,
			      const struct close_stacks *stacks);

#endif
