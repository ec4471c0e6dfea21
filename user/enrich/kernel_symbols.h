/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of kernel addresses, modules included. */
#ifndef USER_ENRICH_KERNEL_SYMBOLS_H
#define USER_ENRICH_KERNEL_SYMBOLS_H

#include <stdint.h>

#include "user/base/strbuf.h"

struct kernel_symbols;

/**
 * Nothing is read yet: /proc/kallsyms is read at the first address. But it is opened: whether it
 * shows addresses depends on who opened it, and privilege is dropped later.
 *
 * @kallsyms @modules  Files in the form of /proc/kallsyms and /proc/modules, which need not
 *           exist. `modules` is borrowed.
 * @return   0 or -ENOMEM. *ret on success only.
 */
int kernel_symbols_new(const char *kallsyms, const char *modules, struct kernel_symbols **ret);
void kernel_symbols_free(struct kernel_symbols **symbols);

/* Before a stack: what modules were loaded since the last one is found out. */
void kernel_symbols_refresh(struct kernel_symbols *symbols);

/**
 * tcp_disconnect+0x1b0, or nf_send_reset+0x20 [nf_reject_ipv4]. The bare address where the kernel
 * hides its symbols (kptr_restrict) or none contains it.
 *
 * @address  A return address: the call before it is what is named.
 */
void kernel_symbols_append(struct strbuf *b, struct kernel_symbols *symbols, uint64_t address);

#endif
